public import MonotonicTime
public import Reconnection

/// A scenario: who is connected to what over which network, what happens to them, and what is expected.
///
/// A value that has been checked: every name it mentions exists, every number lies in its range.
public struct Scenario: Sendable, Hashable {
    /// The name, also that of the results folder.
    public var name: String
    /// One sentence about it.
    public var summary: String
    /// How long is observed.
    public var duration: Interval
    /// How many independent replications a run makes.
    public var replications: Int
    /// The seed of all randomness.
    public var seed: UInt64
    /// The metric a comparison decides by; all others are exploratory.
    public var primaryMetric: String
    /// The policies spelled out in the file, and those the program has registered, by name; presets need not be listed.
    public var policies: [String: ClientPolicy]
    /// The cohorts of clients.
    public var fleet: [Cohort]
    /// The server tiers.
    public var servers: [ServerTier]
    /// What happens at given times.
    public var timeline: [TimelineEvent]
    /// What must hold.
    public var expectations: [Expectation]

    /// How many clients there are in all.
    public var clientCount: Int { fleet.reduce(0) { $0 + $1.clients } }

    /// The policy of that name: the scenario's own, or a preset.
    public func policy(named name: String) -> ClientPolicy? {
        policies[name] ?? PolicyPreset.named(name)?.policy
    }

    /// Doubts about a scenario whose clients cannot all be connected at once, one sentence for each tier.
    ///
    /// Clients that begin connected are so, limit or no limit; afterwards, and for those launched later, the limit
    /// holds.
    public var connectionShortages: [String] {
        servers.compactMap { tier in
            guard let limit = tier.connectionLimit else { return nil }
            let clients = fleet.filter { $0.server == tier.name }.reduce(0) { $0 + $1.clients }
            let (room, isHuge) = limit.multipliedReportingOverflow(by: tier.instances)
            guard !isHuge, clients > room else { return nil }
            return "'\(tier.name)' holds at most \(room) connections, but \(clients) clients use it"
        }
    }
}

/// Clients of one kind: same policy, same kind of network, same habits.
public struct Cohort: Sendable, Hashable {
    /// The name.
    public var name: String
    /// How many clients.
    public var clients: Int
    /// What they are at the beginning.
    public var start = Start.connected
    /// The name of their policy.
    public var policy: String
    /// Whether the policy stays when a comparison replaces policies.
    public var isPolicyPinned: Bool
    /// The server tier they connect to.
    public var server: String
    /// The network between them and the server.
    public var network: NetworkProfile
    /// How many clients share a network's fate: a train, a cell; 1 for each their own.
    public var groupSize: Int
    /// What happens to their links.
    public var outages: [LinkOutage]
    /// What they send; nil for nothing.
    public var workload: Workload?

    /// What clients are at the beginning of the observation.
    public enum Start: Sendable, Hashable {
        /// They have been connected for long: a steady state.
        case connected
        /// Their apps are not running, and are launched after these times, drawn for each client. Whether a backoff
        /// precedes the first attempt is the policy's business.
        case launched(DurationDistribution)
    }
}

/// What a client sends.
public struct Workload: Sendable, Hashable {
    /// The rhythm of messages.
    public enum Rhythm: String, Sendable, Hashable, CaseIterable {
        /// Exponential gaps with the given mean.
        case poisson
        /// Equal gaps with a random first phase.
        case periodic
    }

    /// The rhythm.
    public var rhythm: Rhythm
    /// The mean gap between two messages of one client.
    public var every: Interval
    /// A message received later than this after it was offered is late.
    public var deadline: Interval
}
