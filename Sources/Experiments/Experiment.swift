import Dispatch
import FleetSimulation
import MonotonicTime
import Reconnection
public import Scenarios
import Statistics
import Synchronization

/// What a policy did in all replications.
public struct CandidateResult: Sendable {
    /// The candidate's name; for a run that replaces nothing, the cohorts' own policies joined by `+`.
    public let policy: String
    /// `all`, then the cohorts if there are several.
    public let cohorts: [String]
    /// By replication.
    public let replications: [ReplicationMetrics]
    /// Bins of 1 s, 0.1 s and 0.01 s.
    public let timelines: [MeanTimeline]
    /// Events processed in all replications.
    public var events: Int { replications.reduce(0) { $0 + $1.events } }

    /// From the first outage to the end of the last, in seconds, on average; nil if there was none.
    public var outage: ClosedRange<Double>? {
        let outages = replications.compactMap(\.outage)
        guard !outages.isEmpty else { return nil }
        let count = Double(outages.count)
        let down = outages.reduce(0) { $0 + $1.lowerBound } / count
        return down...max(down, outages.reduce(0) { $0 + $1.upperBound } / count)
    }

    /// By cohort, then by metric in the order of `MetricDefinition.all`.
    private let everySummary: [[MetricSummary]]

    init(policy: String, cohorts: [String], replications: [ReplicationMetrics], timelines: [MeanTimeline]) {
        self.policy = policy
        self.cohorts = cohorts
        self.replications = replications
        self.timelines = timelines
        everySummary = cohorts.indices.map { cohort in
            let units = replications.reduce(0) { $0 + $1.units[cohort] }
            return MetricDefinition.all.indices.map { metric in
                MetricSummary(
                    metric: MetricDefinition.all[metric],
                    cohort: cohorts[cohort],
                    values: replications.map { $0.values[cohort][metric] },
                    units: units
                )
            }
        }
    }

    /// Every metric of every cohort over the replications; metrics without a value anywhere are left out.
    public var summaries: [MetricSummary] {
        everySummary.enumerated().flatMap { cohort, summaries in
            summaries.filter { (cohort == 0 || $0.metric.isPerCohort) && $0.estimate != nil }
        }
    }

    /// One metric of one cohort over the replications; nil if either is unknown.
    public func summary(of id: String, cohort: String = "all") -> MetricSummary? {
        guard let metric = MetricDefinition.all.firstIndex(where: { $0.id == id }),
            let index = cohortIndex(cohort)
        else { return nil }
        return everySummary[index][metric]
    }

    /// The place of a cohort's values; the only cohort's are those of the whole fleet.
    func cohortIndex(_ name: String) -> Int? {
        cohorts.firstIndex(of: name) ?? (cohorts.count == 1 ? 0 : nil)
    }
}

/// Replications of a scenario, for one or more policies, in parallel.
public struct Experiment: Sendable {
    /// Why an experiment has no result.
    public enum Failure: Error, Sendable, Hashable {
        /// It was asked to stop.
        case interrupted
        /// A policy's name is unknown.
        case unknownPolicy(String)
        /// The books of a replication do not balance: a defect of the simulator.
        case unbalanced(policy: String, replication: Int, faults: [String])
    }

    /// The scenario, with the replications and the seed to use.
    public let scenario: Scenario
    /// Candidates: a policy for all cohorts that are not pinned, or nil for each cohort's own.
    public let candidates: [String?]
    /// How many threads work at once.
    public let threads: Int

    /// An experiment.
    public init(scenario: Scenario, candidates: [String?] = [nil], threads: Int) {
        self.scenario = scenario
        self.candidates = candidates
        self.threads = max(1, threads)
    }

    /// The name a candidate has in results.
    public func name(of candidate: String?) -> String {
        if let candidate { return candidate }
        var names: [String] = []
        for cohort in scenario.fleet where !names.contains(cohort.policy) { names.append(cohort.policy) }
        return names.joined(separator: "+")
    }

    /// Runs every replication of every candidate.
    ///
    /// Replication r meets the same outages, latencies, handshake times and messages with every candidate. The result
    /// does not depend on the number of threads or on who finishes first.
    ///
    /// - Parameters:
    ///   - shouldStop: asked now and then from any thread.
    ///   - progress: told how many of how many replications are done, from any thread.
    public func run(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(Failure) -> [CandidateResult] {
        var policies: [[ClientPolicy]] = []
        for candidate in candidates {
            guard let resolved = Replication.policies(of: scenario, replacedBy: candidate) else {
                throw .unknownPolicy(name(of: candidate))
            }
            policies.append(resolved)
        }
        let resolved = policies
        let total = candidates.count * scenario.replications
        let work = Workshop(
            candidates: candidates.count,
            replications: scenario.replications,
            duration: scenario.duration
        )
        // With fewer replications than threads, several threads share a replication.
        let threadsEach = max(1, threads / total)
        DispatchQueue.concurrentPerform(iterations: min(threads, total)) { _ in
            while let item = work.next() {
                // A short replication may be over before it asks for the first time.
                guard !shouldStop() else {
                    work.fail(.interrupted)
                    return
                }
                let candidate = item % candidates.count
                let replication = item / candidates.count
                let record = Replication.run(
                    scenario,
                    policies: resolved[candidate],
                    number: replication,
                    threads: threadsEach,
                    shouldStop: { shouldStop() || work.hasFailed }
                )
                guard let record else {
                    work.fail(.interrupted)
                    return
                }
                let faults = record.conservationFaults
                guard faults.isEmpty else {
                    work.fail(
                        .unbalanced(policy: name(of: candidates[candidate]), replication: replication, faults: faults)
                    )
                    return
                }
                progress(work.finish(record, candidate: candidate), total)
            }
        }
        if let failure = work.failure { throw failure }
        let cohorts = scenario.fleet.count > 1 ? ["all"] + scenario.fleet.map(\.name) : ["all"]
        return candidates.indices.map { work.result(of: $0, policy: name(of: candidates[$0]), cohorts: cohorts) }
    }
}

/// What threads share: the next piece of work, and the finished ones.
private final class Workshop: Sendable {
    private struct State {
        var next = 0
        var done = 0
        var failure: Experiment.Failure?
        var metrics: [[ReplicationMetrics?]]
        var timelines: [[MeanTimeline]]
    }

    /// Widths below a second.
    private let narrowBins: [Interval]
    private let total: Int
    private let state: Mutex<State>

    init(candidates: Int, replications: Int, duration: Interval) {
        total = candidates * replications
        narrowBins = CountGrid.narrowWidths(of: duration)
        let widths = [1.0] + narrowBins.map(\.seconds)
        state = Mutex(
            State(
                metrics: Array(repeating: Array(repeating: nil, count: replications), count: candidates),
                timelines: Array(repeating: widths.map { MeanTimeline(binSeconds: $0) }, count: candidates)
            )
        )
    }

    func next() -> Int? {
        state.withLock { state in
            guard state.failure == nil, state.next < total else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    var failure: Experiment.Failure? { state.withLock { $0.failure } }

    func fail(_ failure: Experiment.Failure) {
        state.withLock { state in
            // A defect found is worth more than the interruption it causes elsewhere.
            if state.failure == nil || state.failure == .interrupted { state.failure = failure }
        }
    }

    /// Reduces a record and keeps the result by its number, never by its arrival; answers how many are done.
    func finish(_ record: ReplicationRecord, candidate: Int) -> Int {
        let metrics = MetricComputation(record).metrics
        let wide = TimelineRecord.Column.allCases.map { record.timeline[$0] }
        let narrow = narrowBins.map { width in
            // Every width that is exported is made of whole bins of the grid.
            [CountGrid.Series.launched, .arrived].map { record.grid.counts($0, width: width) ?? [] }
        }
        return state.withLock { state in
            state.metrics[candidate][record.replication] = metrics
            state.timelines[candidate][0].add(wide)
            for (index, columns) in narrow.enumerated() { state.timelines[candidate][index + 1].add(columns) }
            state.done += 1
            return state.done
        }
    }

    func result(of candidate: Int, policy: String, cohorts: [String]) -> CandidateResult {
        state.withLock { state in
            CandidateResult(
                policy: policy,
                cohorts: cohorts,
                replications: state.metrics[candidate].compactMap { $0 },
                timelines: state.timelines[candidate]
            )
        }
    }
}
