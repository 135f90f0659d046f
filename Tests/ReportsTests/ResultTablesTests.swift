import Scenarios
import Testing

@testable import Experiments
@testable import Reports

@Suite("ResultTables")
struct ResultTablesTests {
    private let experiment: Experiment

    init() throws {
        let scenario = try ScenarioFile.read(Array(smallScenario.utf8), file: "small.yaml").scenario
        experiment = Experiment(scenario: scenario, threads: 1)
    }

    private func result(_ values: [Double?], policy: String = "calm") throws -> CandidateResult {
        let place = try #require(MetricDefinition.all.firstIndex { $0.id == "recovery-time-99" })
        let replications = values.enumerated().map { number, value in
            var metrics = [MetricValue](repeating: .missing, count: MetricDefinition.all.count)
            metrics[place] = MetricValue(value)
            return ReplicationMetrics(replication: number, values: [metrics], units: [1], outage: nil, events: 0)
        }
        var wide = MeanTimeline(binSeconds: 1)
        let columns = MeanTimeline.columns.indices.map { [$0, 2 * $0] }
        for _ in values { wide.add(columns) }
        var narrow = MeanTimeline(binSeconds: 0.01)
        for _ in values { narrow.add([[0, 3, 0], [0, 0, 1]]) }
        return CandidateResult(policy: policy, cohorts: ["all"], replications: replications, timelines: [wide, narrow])
    }

    @Test("in replications.csv a missing value is empty, one not reached is inf, and neither is 0")
    func missingAndInfinite() throws {
        let table = ResultTables(experiment, [try result([1.5, .infinity, nil])]).replications
        let rows = try RFC4180.read(table.text).filter { $0[5] == "recovery-time-99" }
        #expect(
            rows == [
                ["small", "calm", "all", "0", "5", "recovery-time-99", "s", "1.5"],
                ["small", "calm", "all", "1", "5", "recovery-time-99", "s", "inf"],
                ["small", "calm", "all", "2", "5", "recovery-time-99", "s", ""],
            ]
        )
        #expect(try RFC4180.read(table.text).count == 1 + 3 * MetricDefinition.all.count)
    }

    @Test("in summary.csv censored replications are counted, and metrics without a value are left out")
    func summary() throws {
        let rows = try RFC4180.read(ResultTables(experiment, [try result([1, .infinity, nil, 2])]).summary.text)
        #expect(rows.count == 2)
        let row = Dictionary(uniqueKeysWithValues: zip(rows[0], rows[1]))
        #expect(row["metric"] == "recovery-time-99")
        #expect(row["estimate"] == "2")
        #expect(row["replications"] == "3")
        #expect(row["censored_share"] == "0.3333333333333333")
    }

    @Test("timeline.csv has means, times without rounding noise, and in narrow bins only what happened")
    func timeline() throws {
        let rows = try RFC4180.read(ResultTables(experiment, [try result([1, 2])]).timeline.text)
        #expect(rows[0] == ["scenario", "policy", "time_s", "bin_s"] + MeanTimeline.columns)
        #expect(rows[1] == ["small", "calm", "0", "1"] + MeanTimeline.columns.indices.map { "\($0)" })
        #expect(rows[2] == ["small", "calm", "1", "1"] + MeanTimeline.columns.indices.map { "\(2 * $0)" })
        let blank = [String](repeating: "", count: MeanTimeline.columns.count - 2)
        #expect(rows[3] == ["small", "calm", "0.01", "0.01", "3", "0"] + blank)
        #expect(rows[4] == ["small", "calm", "0.02", "0.01", "0", "1"] + blank)
        #expect(rows.count == 5)
    }

    @Test("in comparison.csv what cannot be tested has no numbers and says so")
    func comparison() throws {
        let results = [
            try result([1, 2, 3], policy: "base"), try result([.infinity, 2, 3], policy: "lost"),
            try result([2, 3, 4.5], policy: "slow"),
        ]
        let table = ResultTables(experiment, results).comparison(Comparison(results, baseline: 0))
        let rows = try RFC4180.read(table.text)
        #expect(rows.count == 3)
        #expect(
            rows[1] == [
                "small", "all", "recovery-time-99", "s", "base", "lost", "", "", "", "", "", "holm", "",
                "not-comparable",
            ]
        )
        #expect(rows[2][5...6] == ["slow", "1.1666666666666667"])
        #expect(rows[2][13] == "worse")
    }
}
