public import Scenarios
public import Statistics

/// Candidates against a baseline on the same world, replication by replication.
public struct Comparison: Sendable {
    /// What a difference amounts to.
    public enum Verdict: String, Sendable, Hashable {
        /// The candidate is better than the baseline.
        case better
        /// The candidate is worse.
        case worse
        /// It differs, in a metric of which neither direction is better.
        case different
        /// The replications do not tell them apart.
        case noDetectableDifference = "no-detectable-difference"
        /// A value was not reached in some replication, or there are too few replications: no test can be made.
        case notComparable = "not-comparable"
    }

    /// One candidate's difference from the baseline in one metric.
    public struct Row: Sendable {
        /// The metric.
        public let metric: MetricDefinition
        /// `all`, or a cohort's name.
        public let cohort: String
        /// The candidate.
        public let policy: String
        /// Candidate minus baseline, with its interval and p-value; nil where no test can be made.
        public let difference: PairedDifference?
        /// The p-value after Holm's adjustment over the candidates.
        public internal(set) var adjustedPValue: Double?
        /// What it amounts to at 5 %.
        public internal(set) var verdict: Verdict
    }

    /// The adjustment for several candidates.
    public static let adjustment = "holm"

    /// The baseline's name.
    public let baseline: String
    /// Every candidate in every metric of every cohort.
    public let rows: [Row]

    /// Compares results of one experiment; `baseline` is an index into them.
    public init(_ results: [CandidateResult], baseline: Int) {
        self.baseline = results[baseline].policy
        let candidates = results.indices.filter { $0 != baseline }
        var rows: [Row] = []
        for (cohort, name) in results[baseline].cohorts.enumerated() {
            for (index, metric) in MetricDefinition.all.enumerated() where cohort == 0 || metric.isPerCohort {
                var family: [Row] = []
                for candidate in candidates {
                    let pairs = zip(results[candidate].replications, results[baseline].replications)
                    let values = pairs.map { ($0.values[cohort][index].value, $1.values[cohort][index].value) }
                    guard values.contains(where: { $0.0 != nil || $0.1 != nil }) else { continue }
                    family.append(
                        Row(
                            metric: metric,
                            cohort: name,
                            policy: results[candidate].policy,
                            difference: Self.difference(values),
                            adjustedPValue: nil,
                            verdict: .notComparable
                        )
                    )
                }
                rows += Self.judged(family)
            }
        }
        self.rows = rows
    }

    private static func difference(_ values: [(Double?, Double?)]) -> PairedDifference? {
        var candidate: [Double] = []
        var baseline: [Double] = []
        for (left, right) in values {
            guard let left, let right, left.isFinite, right.isFinite else { return nil }
            candidate.append(left)
            baseline.append(right)
        }
        return (try? pairedDifference(candidate, baseline)) ?? nil
    }

    private static func judged(_ family: [Row]) -> [Row] {
        let tested = family.compactMap { $0.difference?.pValue }
        var adjusted = holmAdjusted(tested)[...]
        return family.map { row in
            guard let difference = row.difference, let pValue = adjusted.popFirst() else { return row }
            var row = row
            row.adjustedPValue = pValue
            row.verdict = verdict(difference.meanDifference, pValue, row.metric.preference)
            return row
        }
    }

    private static func verdict(
        _ difference: Double,
        _ pValue: Double,
        _ preference: MetricDefinition.Preference
    ) -> Verdict {
        guard pValue < 0.05, difference != 0 else { return .noDetectableDifference }
        return switch preference {
        case .lower: difference < 0 ? .better : .worse
        case .higher: difference > 0 ? .better : .worse
        case .none: .different
        }
    }

    /// The candidate that the metric singles out, or nil if none can be told from the best.
    ///
    /// The one with the best estimate wins if it beats the baseline (or is the baseline and beats all others) after
    /// adjustment. This does not compare candidates with each other.
    public func winner(in metric: String, cohort: String = "all", results: [CandidateResult]) -> String? {
        let rows = rows.filter { $0.metric.id == metric && $0.cohort == cohort }
        guard let definition = rows.first?.metric, definition.preference != .none else { return nil }
        if rows.allSatisfy({ $0.verdict == .worse }) { return baseline }
        let better = rows.filter { $0.verdict == .better }
        return better.min { left, right in
            let difference = (left.difference?.meanDifference ?? 0) - (right.difference?.meanDifference ?? 0)
            return definition.preference == .lower ? difference < 0 : difference > 0
        }?.policy
    }
}
