public import Scenarios
public import Statistics

/// A metric over all replications of one policy: estimate and interval.
public struct MetricSummary: Sendable {
    /// The metric.
    public let metric: MetricDefinition
    /// `all`, or a cohort's name.
    public let cohort: String
    /// Mean, or median for extremes and where a value is infinite; nil if no replication has a value.
    public let estimate: Double?
    /// Its interval; nil where the replications are too few for one.
    public let interval: ConfidenceInterval?
    /// How many replications have a value.
    public let replications: Int
    /// The share of them in which it is infinite: not reached before the end.
    public let censoredShare: Double

    /// Summarises a metric as its kind asks for.
    ///
    /// - Parameters:
    ///   - values: one a replication.
    ///   - units: independent units behind a share, over all replications.
    init(metric: MetricDefinition, cohort: String, values: [MetricValue], units: Int) {
        self.metric = metric
        self.cohort = cohort
        let numbers = values.compactMap(\.value)
        replications = numbers.count
        let infinite = numbers.count { $0.isInfinite }
        censoredShare = numbers.isEmpty ? 0 : Double(infinite) / Double(numbers.count)
        guard !numbers.isEmpty else {
            estimate = nil
            interval = nil
            return
        }
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        switch metric.kind {
        case .proportion:
            estimate = mean
            interval = Self.proportion(values, mean: mean, numbers: numbers, units: units)
        case .mean, .quantile:
            if infinite == 0 {
                estimate = mean
                interval = (try? studentTInterval(of: numbers)) ?? nil
            } else {
                (estimate, interval) = Self.median(numbers)
            }
        case .extreme:
            (estimate, interval) = Self.median(numbers)
        }
    }

    private static func median(_ numbers: [Double]) -> (Double?, ConfidenceInterval?) {
        let sorted = numbers.sorted()
        let interval = (try? medianInterval(ofSorted: sorted)) ?? nil
        return (sampleQuantile(ofSorted: sorted, probability: 0.5), interval)
    }

    private static func proportion(
        _ values: [MetricValue],
        mean: Double,
        numbers: [Double],
        units: Int
    ) -> ConfidenceInterval? {
        let counts = values.compactMap { value in
            value.successes.flatMap { successes in value.trials.map { (successes: successes, trials: $0) } }
        }
        guard let interval = (try? proportionInterval(perReplication: counts, units: units)) ?? nil else { return nil }
        // One bad replication pulls the mean out of the interval on the logit, which is about the typical one: an
        // interval that does not hold its estimate misleads, so the plain one is used then.
        guard !interval.contains(mean), let plain = (try? studentTInterval(of: numbers)) ?? nil else { return interval }
        return ConfidenceInterval(
            lower: max(0, plain.lower),
            upper: min(1, plain.upper),
            level: plain.level,
            method: plain.method
        )
    }
}

/// Mean counts per bin over all replications of one policy.
public struct MeanTimeline: Sendable {
    /// The width of a bin, in seconds.
    public let binSeconds: Double
    /// Replications averaged over.
    public internal(set) var replications = 0
    /// Sums over replications by column, each by bin.
    public internal(set) var sums: [[Int]]

    /// The columns of one-second bins.
    public static let columns = [
        "launched", "arrived", "connected", "refused", "timeout", "lost", "cancelled", "delivered", "sent",
        "connected_now", "backlog",
    ]
    /// How many of them narrower bins have.
    public static let narrowColumns = 2

    init(binSeconds: Double) {
        self.binSeconds = binSeconds
        sums = []
    }

    /// Adds one replication; sums of whole numbers do not depend on the order.
    mutating func add(_ columns: [[Int]]) {
        replications += 1
        guard !sums.isEmpty else {
            sums = columns
            return
        }
        for column in sums.indices {
            let counts = columns[column]
            for bin in counts.indices { sums[column][bin] += counts[bin] }
        }
    }

    /// How many bins there are.
    public var count: Int { sums.first?.count ?? 0 }

    /// The mean of a column in a bin; nil for a column that narrow bins lack.
    public func mean(_ column: Int, _ bin: Int) -> Double? {
        guard sums.indices.contains(column) else { return nil }
        return Double(sums[column][bin]) / Double(replications)
    }
}
