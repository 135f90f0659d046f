/// A metric's value in one replication.
public struct MetricValue: Sendable, Hashable {
    /// The value in the metric's unit; infinite if it was not reached before the end; nil if it has no meaning here.
    public var value: Double?
    /// For shares: what was counted, and out of how many.
    public var successes: Double?
    /// For shares: out of how many.
    public var trials: Double?

    init(_ value: Double?) {
        self.value = value
    }

    /// A share; has no meaning without trials.
    init(share successes: Int, of trials: Int) {
        self.successes = Double(successes)
        self.trials = Double(trials)
        value = trials > 0 ? Double(successes) / Double(trials) : nil
    }

    /// No value.
    static let missing = MetricValue(nil)
}

/// The metrics of one replication of one policy.
public struct ReplicationMetrics: Sendable {
    /// The number of the replication, from 0.
    public let replication: Int
    /// By cohort in the order of `CandidateResult.cohorts`, then by metric in the order of `MetricDefinition.all`.
    public let values: [[MetricValue]]
    /// Independent units behind shares, by cohort: clients hit by an outage, or all where there was none.
    public let units: [Int]
    /// When the first outage began and the last one ended, in seconds; nil if none did.
    public let outage: ClosedRange<Double>?
    /// Events processed.
    public let events: Int
}
