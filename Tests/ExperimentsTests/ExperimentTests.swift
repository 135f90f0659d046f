import FleetSimulation
import MonotonicTime
import Scenarios
import Statistics
import Synchronization
import Testing

@testable import Experiments

/// Experiments from scenario to result.
@Suite struct ExperimentTests {
    private static func restart(replications: Int, cohorts: String = "", clients: Int = 60) -> String {
        """
        name: restart
        duration: 2m
        replications: \(replications)
        policies:
          # Ten times as slow as full jitter, and no other way different.
          slow: { extends: full-jitter, backoff: { base: 10s, cap: 30s } }
          twin: { extends: full-jitter }
        fleet:
          - { name: phones, clients: \(clients), policy: full-jitter, network: 5g, workload: { messages: poisson, every: 10s } }
          \(cohorts)
        servers:
          - { name: gateway, handshake: { workers: 2, time: "exponential(20ms)" } }
        timeline:
          - { at: 30s, restart: { server: gateway, down: "uniform(4s, 12s)" } }
        """
    }

    private static let pinned = "- { name: desks, clients: 30, policy: no-jitter, pinned: true, network: wifi }"

    @Test("results do not depend on the number of threads", arguments: [2, 5])
    func threads(count: Int) throws {
        let restart = try scenario(Self.restart(replications: 7, cohorts: Self.pinned))
        let candidates: [String?] = [nil, "no-jitter", "slow"]
        let alone = try Experiment(scenario: restart, candidates: candidates, threads: 1).run()
        let together = try Experiment(scenario: restart, candidates: candidates, threads: count).run()
        try #require(alone.count == 3 && together.count == 3)
        for (one, other) in zip(alone, together) {
            #expect(one.policy == other.policy && one.cohorts == other.cohorts)
            #expect(one.replications.map(\.replication) == Array(0..<7))
            #expect(other.replications.map(\.replication) == Array(0..<7))
            #expect(one.replications.map(\.values) == other.replications.map(\.values))
            #expect(one.replications.map(\.events) == other.replications.map(\.events))
            #expect(one.timelines.map(\.sums) == other.timelines.map(\.sums))
            #expect(one.timelines.map(\.binSeconds) == [1, 0.1, 0.01])
            #expect(one.timelines.allSatisfy { $0.replications == 7 })
        }
        // Not because everything is the same anyway.
        #expect(alone[0].replications[0].values != alone[0].replications[1].values)
        #expect(alone[0].replications[0].values != alone[1].replications[0].values)
    }

    @Test("progress is told once for each replication of each candidate")
    func progress() throws {
        let told = Mutex<[Int]>([])
        let experiment = Experiment(
            scenario: try scenario(Self.restart(replications: 4)),
            candidates: [nil, "slow"],
            threads: 2
        )
        _ = try experiment.run(progress: { done, total in
            told.withLock { $0.append(total == 8 ? done : -1) }
        })
        #expect(told.withLock { $0.sorted() } == Array(1...8))
    }

    @Test("an experiment that is asked to stop says that it was interrupted")
    func interruption() throws {
        // Large enough for a replication to look up at least once.
        let large = try scenario(Self.restart(replications: 50, clients: 3_000))
        #expect(throws: Experiment.Failure.interrupted) {
            try Experiment(scenario: large, threads: 2).run(shouldStop: { true })
        }
    }

    @Test("a policy nobody knows is named before anything runs")
    func unknownPolicy() throws {
        let restart = try scenario(Self.restart(replications: 1_000_000))
        #expect(throws: Experiment.Failure.unknownPolicy("nonesuch")) {
            try Experiment(scenario: restart, candidates: [nil, "nonesuch"], threads: 1).run()
        }
    }

    @Test("a pinned cohort keeps its policy, whatever the candidate")
    func pinnedCohorts() throws {
        // On servers of their own, so that nothing but their policy could change what the desks do.
        let text = Self.restart(
            replications: 3,
            cohorts: Self.pinned.replacing("network: wifi", with: "network: wifi, server: office")
        ).replacing(
            "timeline:",
            with: """
                  - { name: office, handshake: { workers: 1, time: 10ms } }
                timeline:
                  - { at: 40s, restart: { server: office, down: 3s } }
                """
        )
        let results = try Experiment(scenario: scenario(text), candidates: [nil, "slow"], threads: 2).run()
        #expect(results.map(\.policy) == ["full-jitter+no-jitter", "slow"])
        #expect(results[0].cohorts == ["all", "phones", "desks"])
        for (own, replaced) in zip(results[0].replications, results[1].replications) {
            #expect(own.values[1] != replaced.values[1])
            #expect(own.values[2] == replaced.values[2])
        }
    }

    @Test("a summary is found by metric and cohort; metrics without a value are left out")
    func summaries() throws {
        let results = try Experiment(scenario: scenario(Self.restart(replications: 6)), threads: 2).run()
        let result = try #require(results.first)
        #expect(result.cohorts == ["all"])
        let all = try #require(result.summary(of: "reconnect-lag-p50"))
        #expect(all.replications == 6)
        // The only cohort's values are those of the fleet.
        #expect(result.summary(of: "reconnect-lag-p50", cohort: "phones")?.estimate == all.estimate)
        #expect(result.summary(of: "no-such-metric") == nil)
        #expect(result.summaries.allSatisfy { $0.estimate != nil })
        // A restart that resets everybody leaves nothing to discover slowly, but it is a loss that is noticed.
        let outage = try #require(result.outage)
        #expect(outage.lowerBound == 30 && outage.upperBound > 34 && outage.upperBound < 42)
    }

    // MARK: Comparisons

    @Test("a policy does not differ from itself under another name")
    func sameUnderAnotherName() throws {
        let restart = try scenario(Self.restart(replications: 6))
        let results = try Experiment(scenario: restart, candidates: ["full-jitter", "twin"], threads: 2).run()
        let comparison = Comparison(results, baseline: 0)
        #expect(comparison.baseline == "full-jitter")
        let tested = comparison.rows.filter { $0.difference != nil }
        try #require(tested.count > 30)
        for row in tested {
            #expect(row.policy == "twin")
            #expect(row.difference?.meanDifference == 0 && row.difference?.pValue == 1, "\(row.metric.id)")
            #expect(row.adjustedPValue == 1 && row.verdict == .noDetectableDifference, "\(row.metric.id)")
        }
        #expect(comparison.winner(in: "reconnect-lag-p50", results: results) == nil)
    }

    @Test("a clearly worse policy is named worse, and the other way round better")
    func clearlyWorse() throws {
        let restart = try scenario(Self.restart(replications: 8))
        let results = try Experiment(scenario: restart, candidates: ["full-jitter", "slow"], threads: 2).run()
        for (baseline, verdict) in [(0, Comparison.Verdict.worse), (1, .better)] {
            let comparison = Comparison(results, baseline: baseline)
            let row = try #require(comparison.rows.first { $0.metric.id == "reconnect-lag-p50" })
            #expect(row.verdict == verdict)
            let difference = try #require(row.difference)
            #expect(baseline == 0 ? difference.interval.lower > 0 : difference.interval.upper < 0)
            #expect(comparison.winner(in: "reconnect-lag-p50", results: results) == "full-jitter")
            // Nobody is named the winner where neither direction is better.
            #expect(comparison.winner(in: "allan-factor-before-1s", results: results) == nil)
        }
    }

    /// Results with one metric whose values are given, by policy.
    private static func results(_ metric: String, _ values: [(String, [Double])]) throws -> [CandidateResult] {
        let index = try #require(MetricDefinition.all.firstIndex { $0.id == metric })
        return values.map { policy, numbers in
            let replications = numbers.enumerated().map { number, value in
                var row = Array(repeating: MetricValue.missing, count: MetricDefinition.all.count)
                row[index] = MetricValue(value)
                return ReplicationMetrics(replication: number, values: [row], units: [10], outage: nil, events: 1)
            }
            return CandidateResult(policy: policy, cohorts: ["all"], replications: replications, timelines: [])
        }
    }

    @Test("several candidates pay for being several: Holm's adjustment")
    func holm() throws {
        let baseline = [10.0, 11, 12, 13, 14, 15]
        // Differences with mean -1 and growing spread: the second alone would pass at 5 %, with a third it does not.
        let near = zip(baseline, [-1.2, -0.8, -1.1, -0.9, -1, -1]).map { $0 + $1 }
        let wide = zip(baseline, [-2.6, 0.5, -1.9, -0.1, -2.1, 0.2]).map { $0 + $1 }
        let wider = zip(baseline, [-2.4, 0.4, -2.1, 0.1, -2.3, 0.3]).map { $0 + $1 }
        let results = try Self.results(
            "reconnect-lag-p50",
            [("base", baseline), ("near", near), ("wide", wide), ("wider", wider)]
        )
        let comparison = Comparison(results, baseline: 0)
        let raw = try comparison.rows.map { try #require($0.difference).pValue }
        try #require(raw.count == 3)
        let adjusted = comparison.rows.compactMap(\.adjustedPValue)
        #expect(adjusted[0] == min(1, 3 * raw[0]))
        let (lower, higher) = (min(raw[1], raw[2]), max(raw[1], raw[2]))
        #expect(adjusted[1...].min() == 2 * lower)
        #expect(adjusted[1...].max() == max(2 * lower, higher))
        #expect(comparison.rows.map(\.verdict) == [.better, .noDetectableDifference, .noDetectableDifference])
        #expect(comparison.winner(in: "reconnect-lag-p50", results: results) == "near")
    }

    @Test("the winner is the best of those that beat the baseline, or the baseline that beats all")
    func winner() throws {
        let base = [10.0, 11, 12, 13]
        let results = try Self.results(
            "delivery-rate",
            [
                ("base", base), ("good", base.map { $0 + 1 }), ("best", base.map { $0 + 2 }),
                ("bad", base.map { $0 - 1 }),
            ]
        )
        #expect(Comparison(results, baseline: 0).winner(in: "delivery-rate", results: results) == "best")
        // More is better here: against the best all are worse, and the baseline wins.
        #expect(Comparison(results, baseline: 2).winner(in: "delivery-rate", results: results) == "best")
        #expect(Comparison(results, baseline: 3).winner(in: "delivery-rate", results: results) == "best")
    }

    @Test("what was not reached cannot be compared, and neither can single replications")
    func notComparable() throws {
        let unreached = try Self.results(
            "recovery-time-99",
            [("base", [1, 2, 3]), ("never", [1, .infinity, 3])]
        )
        #expect(Comparison(unreached, baseline: 0).rows.map(\.verdict) == [.notComparable])
        let single = try Self.results("recovery-time-99", [("base", [1]), ("other", [100])])
        let row = try #require(Comparison(single, baseline: 0).rows.first)
        #expect(row.verdict == .notComparable && row.difference == nil && row.adjustedPValue == nil)
        // Not "everybody is worse": nobody has been shown to be.
        #expect(Comparison(single, baseline: 0).winner(in: "recovery-time-99", results: single) == nil)
    }

    @Test("a metric of which neither direction is better differs, no more")
    func different() throws {
        let results = try Self.results(
            "breaker-openings",
            [("base", [1, 2, 3, 4]), ("other", [11, 12, 13, 14.5])]
        )
        #expect(Comparison(results, baseline: 0).rows.map(\.verdict) == [.different])
    }
}
