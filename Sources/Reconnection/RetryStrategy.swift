public import MonotonicTime

/// A retry policy of one's own, in code: what to do after each failure.
///
/// For rules that no `Backoff` expresses. The supervisor keeps its part: limits, close rules, breaker, gates and
/// generations hold as for any policy; the strategy only takes the backoff's place.
///
/// A strategy is shared by all clients that use it and has no state of its own; what it must remember of a client goes
/// into the `memory` handed to it. It must not read a clock or a generator: the same arguments give the same answer.
public protocol RetryStrategy: Sendable {
    /// What to do after a failure.
    ///
    /// - Parameters:
    ///   - failure: which failure, of which outage.
    ///   - memory: a number of the strategy's own for this client, zero at first and after each reset.
    ///   - random: the client's numbers; draw as many as the strategy's description says.
    func decision(
        after failure: RetryFailure,
        memory: inout RetryStrategyMemory,
        random: inout some RandomSource
    ) -> RetryDecision
}

/// The failure a strategy decides about.
public struct RetryFailure: Sendable, Hashable {
    /// Retries since the last reset: 0 for the first.
    public let retry: Int
    /// How it came about.
    public let close: Close
    /// Whether a connection that had opened was lost, rather than an attempt failed.
    public let wasConnected: Bool
    /// The time since the outage began: with the loss, or with the first attempt where none had succeeded.
    public let elapsed: Interval
}

/// What a strategy decides.
public enum RetryDecision: Sendable, Hashable {
    /// Wait so long, then try again; less than zero counts as zero.
    case wait(Interval)
    /// Give up.
    case giveUp
}

/// What a strategy remembers of one client.
public struct RetryStrategyMemory: Sendable, Hashable {
    /// A number of the strategy's own.
    public var value: Double = 0

    /// Nothing remembered.
    public init() {}
}

/// A strategy with the name under which scenarios know it. Equal names are equal strategies.
public struct CustomRetryStrategy: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The strategy.
    public let strategy: any RetryStrategy

    /// A strategy under a name.
    public init(_ name: String, _ strategy: any RetryStrategy) {
        self.name = name
        self.strategy = strategy
    }

    /// Whether the names are equal.
    public static func == (left: CustomRetryStrategy, right: CustomRetryStrategy) -> Bool { left.name == right.name }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
