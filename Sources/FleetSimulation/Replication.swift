public import Reconnection
public import Scenarios

/// One run of one scenario with one seed.
public enum Replication {
    /// Runs a replication.
    ///
    /// The same scenario, policies and number give the same record, on any machine and any thread. Policies change
    /// the clients alone: outages, latencies, handshake times and messages are drawn from streams of their own.
    ///
    /// - Parameters:
    ///   - scenario: a checked scenario.
    ///   - policies: the policy of each cohort, in the scenario's order.
    ///   - number: the number of the replication, from 0.
    ///   - recording: how much is recorded; what happens does not depend on it.
    ///   - threads: how many threads share the work; the record does not depend on it.
    ///   - shouldStop: asked now and then, from any of them; when it says so the run is given up.
    /// - Returns: the record, or nil if the run was given up.
    public static func run(
        _ scenario: Scenario,
        policies: [ClientPolicy],
        number: Int,
        recording: Recording = .full,
        threads: Int = 1,
        shouldStop: @Sendable () -> Bool = { false }
    ) -> ReplicationRecord? {
        precondition(policies.count == scenario.fleet.count, "one policy a cohort")
        return World(
            scenario: scenario,
            policies: policies,
            replication: number,
            recording: recording,
            threads: threads
        ).run(shouldStop: shouldStop)
    }

    /// The policy of each cohort: its own, or `candidate` where one is given and the cohort is not pinned.
    ///
    /// - Returns: nil if a name is unknown.
    public static func policies(of scenario: Scenario, replacedBy candidate: String? = nil) -> [ClientPolicy]? {
        var policies: [ClientPolicy] = []
        for cohort in scenario.fleet {
            let name = cohort.isPolicyPinned ? cohort.policy : candidate ?? cohort.policy
            guard let policy = scenario.policy(named: name) else { return nil }
            policies.append(policy)
        }
        return policies
    }
}
