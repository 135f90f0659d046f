/// How much of a replication is recorded.
public enum Recording: Sendable, Hashable {
    /// Nothing but the counters that must balance: for measuring what recording costs.
    case countersOnly
    /// All that metrics and tables are made of.
    case full
    /// That, and the instant of every event of an attempt: grows with the observation.
    case everyInstant
}

/// When attempts did what, in nanoseconds and rising.
public struct AttemptInstants: Sendable, Equatable {
    /// When attempts were launched.
    public internal(set) var launches: [Int64] = []
    /// When attempts arrived at the server tier.
    public internal(set) var arrivals: [Int64] = []
    /// When attempts became sessions.
    public internal(set) var connects: [Int64] = []
    /// Arriving attempts that were refused.
    public internal(set) var refusals: [Refusal] = []

    mutating func add(_ other: AttemptInstants) {
        launches += other.launches
        arrivals += other.arrivals
        connects += other.connects
        refusals += other.refusals
    }

    mutating func sort() {
        launches.sort()
        arrivals.sort()
        connects.sort()
        refusals.sort { ($0.time, $0.reason.rawValue) < ($1.time, $1.reason.rawValue) }
    }
}

/// An attempt that a server tier refused.
public struct Refusal: Sendable, Hashable {
    /// When, in nanoseconds.
    public var time: Int64
    /// Why.
    public var reason: RefusalReason
}
