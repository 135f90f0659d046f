import MonotonicTime

extension PolicyPreset {
    /// Real libraries, by kind. Their delays are what the library computes and hands to its timer, in the order in which
    /// it draws random numbers; what a timer then makes of it (browsers cut off fractions of a millisecond) is not theirs.
    static let libraries: [PolicyPreset] = realtimeLibraries + stores + remoteCallLibraries + retryLibraries
}

extension OutboxPolicy {
    /// Libraries that keep whatever is sent without a bound: so much that a client never gets there.
    static let unboundedQueue = OutboxPolicy(capacity: 100_000, window: 64)
    /// Libraries that fail a call while there is no connection.
    static let refusing = OutboxPolicy(whileDisconnected: .refuse, window: 64)
    /// Libraries that take a message without a connection and lose it without a word.
    static let discarding = OutboxPolicy(whileDisconnected: .discard, window: 64)
}

extension [Interval] {
    /// A ladder in milliseconds.
    static func milliseconds(_ counts: Int64...) -> [Interval] { counts.map { .milliseconds($0) } }
}
