import Testing

@testable import Experiments
@testable import Reports
@testable import Scenarios

@Suite("TerminalSummary")
struct TerminalSummaryTests {
    private let scenario: Scenario
    private let view: TerminalSummary

    init() throws {
        scenario = try ScenarioFile.read(Array(smallScenario.utf8), file: "small.yaml").scenario
        view = TerminalSummary(scenario)
    }

    private func summary(_ id: String, _ values: [Double?]) throws -> MetricSummary {
        let metric = try #require(MetricDefinition.named(id))
        return MetricSummary(metric: metric, cohort: "all", values: values.map { MetricValue($0) }, units: 1)
    }

    @Test("columns stand under each other, to the left or to the right, without spaces at line ends")
    func aligned() {
        let rows = [["metric", "estimate", ""], ["a", "1", "note"], ["longer-one", "12,345", ""], ["short"]]
        #expect(
            TerminalSummary.aligned(rows, right: [1]) == """
                  metric      estimate
                  a                  1  note
                  longer-one    12,345
                  short

                """
        )
        #expect(TerminalSummary.aligned([], right: [0]) == "")
        #expect(TerminalSummary.aligned([["–", "x"], ["…é", "y"]], right: [0]) == "   –  x\n  …é  y\n")
    }

    @Test("a table shows estimates, intervals, and how often a value was not reached")
    func table() throws {
        let text = view.table([
            try summary("attempts", [10, 10, 10]),
            try summary("recovery-time-95", [1, .infinity, .infinity, .infinity]),
            try summary("peak-attempt-rate-1s", [2_000]),
        ])
        let lines = text.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0] == "  metric                estimate  95 % interval")
        #expect(lines[1] == "  attempts                  10.0    10.0 … 10.0")
        #expect(lines[2].hasPrefix("  recovery-time-95           inf "))
        #expect(lines[2].hasSuffix("  not reached in 75.0 %"))
        #expect(lines[3] == "  peak-attempt-rate-1s   2,000/s              –")
    }

    @Test("the heading says what is run")
    func heading() {
        #expect(view.heading(replications: 2) == "small: Hardly anybody.\n12 clients, 10s, 2 replications, seed 5\n")
        #expect(view.heading(replications: 1).contains("1 replication, "))
    }

    @Test("expectations come with their verdict and what was measured; without any there is nothing to say")
    func expectations() throws {
        #expect(view.expectations([]) == "")
        var cases: [ExpectationResult] = []
        for (text, bound) in [("attempts < 11", 11.0), ("attempts < 9", 9), ("attempts < 10.05", 10.05)] {
            let claim = Expectation(text: text, metric: "attempts", cohort: "all", relation: .less, bound: bound)
            cases.append(ExpectationResult(claim, result: try result("attempts", [9.9, 10, 10.1])))
        }
        let unknown = Expectation(text: "x", metric: "overload-time", cohort: "all", relation: .less, bound: 1)
        cases.append(ExpectationResult(unknown, result: try result("attempts", [10])))
        #expect(
            view.expectations(cases) == """

                expectations
                  met            attempts < 11     10.0 [9.75, 10.2]
                  not met        attempts < 9      10.0 [9.75, 10.2]
                  not decidable  attempts < 10.05  10.0 [9.75, 10.2]
                  not met        x                 not measured in this scenario

                """
        )
    }

    @Test("a comparison names the better policy, or none, or the baseline")
    func conclusion() throws {
        let low = try result("recovery-time-99", [1, 1.1, 0.9, 1.05], policy: "low")
        let high = try result("recovery-time-99", [5, 5.2, 4.9, 5.1], policy: "high")
        let noisy = try result("recovery-time-99", [1.1, 0.95, 1, 1.05], policy: "noisy")
        func text(_ results: [CandidateResult]) -> String {
            var scenario = scenario
            scenario.primaryMetric = "recovery-time-99"
            return TerminalSummary(scenario).comparison(Comparison(results, baseline: 0), results)
        }
        #expect(text([high, low]).contains("\nlow is better than high in recovery-time-99.\n"))
        #expect(text([low, high]).contains("\nlow is better than every other policy in recovery-time-99.\n"))
        #expect(text([low, noisy]).contains("\nNo policy is shown to be better than low in recovery-time-99.\n"))
        #expect(text([high, low]).contains("  recovery-time-99 *  low "))
        #expect(text([high, low]).contains("< 0.001"))
    }

    /// A result with one metric.
    private func result(_ id: String, _ values: [Double], policy: String = "calm") throws -> CandidateResult {
        let place = try #require(MetricDefinition.all.firstIndex { $0.id == id })
        let replications = values.enumerated().map { number, value in
            var metrics = [MetricValue](repeating: .missing, count: MetricDefinition.all.count)
            metrics[place] = MetricValue(value)
            return ReplicationMetrics(replication: number, values: [metrics], units: [1], outage: nil, events: 0)
        }
        return CandidateResult(policy: policy, cohorts: ["all"], replications: replications, timelines: [])
    }
}
