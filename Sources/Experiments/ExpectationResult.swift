public import Scenarios
import Statistics

/// An expectation held against the results.
public struct ExpectationResult: Sendable {
    /// What the replications say about a claim.
    public enum Verdict: String, Sendable, Hashable {
        /// The whole interval bears the claim out.
        case met
        /// The whole interval contradicts it, or nothing was measured that could bear it out.
        case notMet = "not met"
        /// The bound lies inside the interval, or there is none: more replications are needed.
        case notDecidable = "not decidable"
    }

    /// The claim.
    public let expectation: Expectation
    /// What was measured; nil if the metric has no value in this scenario.
    public let summary: MetricSummary?
    /// What that says.
    public let verdict: Verdict

    /// Judges a claim by the interval over replications, never by the estimate alone.
    public init(_ expectation: Expectation, result: CandidateResult) {
        self.expectation = expectation
        let found = result.summary(of: expectation.metric, cohort: expectation.cohort)
        summary = found?.estimate == nil ? nil : found
        guard let summary else {
            verdict = .notMet
            return
        }
        guard let interval = summary.interval else {
            verdict = .notDecidable
            return
        }
        let lower = expectation.relation.holds(interval.lower, expectation.bound)
        let upper = expectation.relation.holds(interval.upper, expectation.bound)
        verdict = lower && upper ? .met : lower || upper ? .notDecidable : .notMet
    }
}
