import Statistics
import Testing

@testable import Experiments
@testable import Scenarios

/// Values of replications become estimates with the interval that suits them.
@Suite struct SummaryTests {
    private static func summary(_ id: String, _ values: [Double?], units: Int = 100) throws -> MetricSummary {
        let metric = try #require(MetricDefinition.named(id))
        return MetricSummary(metric: metric, cohort: "all", values: values.map { MetricValue($0) }, units: units)
    }

    private static func share(_ counts: [(Int, Int)], units: Int = 100) throws -> MetricSummary {
        let metric = try #require(MetricDefinition.named("delivery-rate"))
        let values = counts.map { MetricValue(share: $0.0, of: $0.1) }
        return MetricSummary(metric: metric, cohort: "all", values: values, units: units)
    }

    @Test("means and quantiles get a t interval")
    func meansAndQuantiles() throws {
        for id in ["peak-attempt-rate-1s", "reconnect-lag-p99"] {
            let summary = try Self.summary(id, [1, 2, 3, 4, 5])
            let interval = try #require(summary.interval)
            #expect(summary.estimate == 3 && summary.replications == 5 && summary.censoredShare == 0)
            #expect(interval.method == .studentT)
            // t(0.975, 4) = 2.776445; s = sqrt(2.5).
            let half = 2.776445 * (2.5 / 5).squareRoot()
            #expect(abs(interval.lower - (3 - half)) < 1e-5 && abs(interval.upper - (3 + half)) < 1e-5)
        }
    }

    @Test("extremes get the median between two order statistics")
    func extremes() throws {
        let summary = try Self.summary("recovery-time-100", [9, 1, 4, 2, 8, 3, 7, 5, 6, 1_000])
        let interval = try #require(summary.interval)
        #expect(summary.estimate == 5.5)
        #expect(interval.method == .orderStatistic)
        // Ten values: the second and the ninth.
        #expect(interval.lower == 2 && interval.upper == 9)
        #expect(try Self.summary("recovery-time-100", [1, 2, 3, 4, 5]).interval == nil)
    }

    @Test("where a value was not reached the median stands for the mean, and the share is told")
    func infiniteValues() throws {
        let some = try Self.summary("recovery-time-99", [1, 2, 3, 4, 5, 6, 7, 8, 9, .infinity])
        #expect(some.estimate == 5.5 && some.censoredShare == 0.1)
        let interval = try #require(some.interval)
        #expect(interval.method == .orderStatistic && interval.lower == 2 && interval.upper == 9)
        let most = try Self.summary("recovery-time-99", [1, 2, 3] + Array(repeating: .infinity, count: 7))
        #expect(most.estimate == .infinity && most.censoredShare == 0.7)
        let wide = try #require(most.interval)
        #expect(wide.lower == 2 && wide.upper == .infinity)
    }

    @Test("replications without a value are left out; without any there is no estimate")
    func missingValues() throws {
        let some = try Self.summary("detection-delay-mean", [nil, 2, nil, 4])
        #expect(some.estimate == 3 && some.replications == 2)
        let none = try Self.summary("detection-delay-mean", [nil, nil])
        #expect(none.estimate == nil && none.interval == nil && none.replications == 0 && none.censoredShare == 0)
        let one = try Self.summary("detection-delay-mean", [5])
        #expect(one.estimate == 5 && one.interval == nil)
    }

    @Test("shares in the middle get a t interval, near the ends one on the logit")
    func shares() throws {
        let middle = try Self.share([(50, 100), (60, 100), (55, 100)])
        #expect(middle.estimate == 0.55)
        #expect(middle.interval?.method == .studentT)
        let high = try Self.share([(999, 1_000), (995, 1_000), (998, 1_000)])
        let interval = try #require(high.interval)
        #expect(interval.method == .logitT)
        #expect(interval.upper < 1 && interval.contains(high.estimate ?? 0))
    }

    @Test("no failure seen is never a bare 100 %")
    func zeroFailures() throws {
        let perfect = try Self.share([(1_000, 1_000), (1_000, 1_000)], units: 60)
        #expect(perfect.estimate == 1)
        let interval = try #require(perfect.interval)
        #expect(interval.method == .zeroEvents)
        #expect(interval.upper == 1)
        // 1 - 0.05^(1/60), from the 60 clients and not from the 2,000 messages.
        #expect(abs(interval.lower - (1 - 0.048703)) < 1e-5)
    }

    @Test("an interval holds its estimate even if one replication is far worse than the rest")
    func oneBadReplication() throws {
        let counts = Array(repeating: (10_000, 10_000), count: 19) + [(2_000, 10_000)]
        let summary = try Self.share(counts)
        let estimate = try #require(summary.estimate)
        let interval = try #require(summary.interval)
        #expect(abs(estimate - 0.96) < 1e-12)
        #expect(interval.contains(estimate))
        #expect(interval.lower >= 0 && interval.upper <= 1)
    }

    @Test("timelines are means over replications, whatever the order")
    func timelines() {
        var forth = MeanTimeline(binSeconds: 1)
        var back = MeanTimeline(binSeconds: 1)
        let columns = [[[1, 2, 3], [0, 0, 1]], [[3, 2, 1], [0, 5, 1]]]
        for column in columns { forth.add(column) }
        for column in columns.reversed() { back.add(column) }
        #expect(forth.sums == [[4, 4, 4], [0, 5, 2]] && forth.sums == back.sums)
        #expect(forth.mean(1, 1) == 2.5 && forth.mean(2, 0) == nil && forth.count == 3)
    }

    // MARK: Expectations

    private static func verdict(_ relation: Scenarios.Expectation.Relation, _ bound: Double, _ values: [Double?]) throws
        -> ExpectationResult.Verdict
    {
        let id = "reconnect-lag-p50"
        let index = try #require(MetricDefinition.all.firstIndex { $0.id == id })
        let replications = values.enumerated().map { number, value in
            var row = Array(repeating: MetricValue.missing, count: MetricDefinition.all.count)
            row[index] = MetricValue(value)
            return ReplicationMetrics(replication: number, values: [row], units: [10], outage: nil, events: 1)
        }
        let result = CandidateResult(policy: "p", cohorts: ["all"], replications: replications, timelines: [])
        let expectation = Scenarios.Expectation(text: "", metric: id, cohort: "all", relation: relation, bound: bound)
        return ExpectationResult(expectation, result: result).verdict
    }

    typealias Relation = Scenarios.Expectation.Relation

    /// Values of mean 10 and an interval from about 8.04 to 11.96.
    private static let claims: [(relation: Relation, bound: Double, verdict: ExpectationResult.Verdict)] = [
        (relation: .less, bound: 12.5, verdict: .met),
        (relation: .less, bound: 10.5, verdict: .notDecidable),
        (relation: .less, bound: 9.5, verdict: .notDecidable),
        (relation: .less, bound: 7.5, verdict: .notMet),
        (relation: .atMost, bound: 12.5, verdict: .met),
        (relation: .greater, bound: 7.5, verdict: .met),
        (relation: .greater, bound: 9.5, verdict: .notDecidable),
        (relation: .atLeast, bound: 12.5, verdict: .notMet),
    ]

    @Test("the whole interval must bear a claim out, or contradict it", arguments: claims)
    func verdicts(relation: Scenarios.Expectation.Relation, bound: Double, verdict: ExpectationResult.Verdict) throws {
        #expect(try Self.verdict(relation, bound, [8, 9, 10, 11, 12]) == verdict)
    }

    @Test("the bound itself satisfies 'at most' and 'at least', not 'less' and 'greater'")
    func boundItself() throws {
        let equal: [Double?] = [10, 10, 10]
        #expect(try Self.verdict(.atMost, 10, equal) == .met)
        #expect(try Self.verdict(.atLeast, 10, equal) == .met)
        #expect(try Self.verdict(.less, 10, equal) == .notMet)
        #expect(try Self.verdict(.greater, 10, equal) == .notMet)
    }

    @Test("one replication decides nothing, and what was not measured is not met")
    func undecided() throws {
        #expect(try Self.verdict(.less, 1_000, [1]) == .notDecidable)
        #expect(try Self.verdict(.less, 1_000, [nil, nil, nil]) == .notMet)
        #expect(try Self.verdict(.less, 1_000, Array(repeating: .infinity, count: 8)) == .notMet)
    }
}
