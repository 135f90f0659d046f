import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// The same seed gives the same run, and what a policy changes is the clients alone.
@Suite struct DeterminismTests {
    private static func rough(
        seed: Int,
        network: String = "wifi-poor",
        furtherCohort: String = "",
        furtherServer: String = ""
    ) -> String {
        """
        name: rough
        duration: 3m
        seed: \(seed)
        fleet:
          - name: riders
            clients: 60
            policy: full-jitter
            network: \(network)
            group-size: 20
            outages:
              - signal: silent
                shared-by: group
                first: "uniform(80s, 100s)"
                down: "lognormal(median: 20s, sigma: 0.5)"
                up: "exponential(20s)"
                stagger: 2s
            workload: { messages: poisson, every: 5s }
          \(furtherCohort)
        servers:
          - { name: gateway, handshake: { workers: 2, time: "exponential(20ms)" } }
          \(furtherServer)
        timeline:
          - { at: 70s, restart: { server: gateway, down: "uniform(5s, 15s)" } }
        """
    }

    @Test("the same scenario and number give the same record", arguments: 1...3)
    func sameSeed(seed: Int) throws {
        let rough = try scenario(Self.rough(seed: seed))
        let record = try run(rough)
        expectSame(record, try run(rough))
        let other = try run(rough, replication: 1)
        #expect(other.launches != record.launches && other.cohort.latencies != record.cohort.latencies)
        let reseeded = try run(scenario(Self.rough(seed: seed + 1)))
        #expect(reseeded.launches != record.launches && reseeded.cohort.latencies != record.cohort.latencies)
    }

    @Test("another policy meets the same outages and the same messages", arguments: 0..<3)
    func commonRandomNumbers(replication: Int) throws {
        // Without losses: a lost heartbeat is an outage of its own for those who send one.
        let rough = try scenario(Self.rough(seed: 7, network: "5g"))
        let one = try run(rough, replication: replication)
        for policy in ["no-jitter", "decorrelated-jitter", "chat-sdk", "mqtt-js"] {
            let other = try run(rough, policy: policy, replication: replication)
            try #require(other.launches != one.launches, "\(policy) must differ for this to mean anything")
            #expect(other.firstDown == one.firstDown && other.firstUp == one.firstUp, "\(policy)")
            #expect(other.cohort.offered == one.cohort.offered && other.cohort.eligible == one.cohort.eligible)
            // Nobody knows of the restart before it happens.
            #expect(other.timeline[.connectedNow].prefix(70) == one.timeline[.connectedNow].prefix(70), "\(policy)")
            #expect(other.launches.allSatisfy { $0 >= 70_000_000_000 }, "\(policy)")
        }
        // Same outbox, same network: messages before the restart arrive at the same times.
        let other = try run(rough, policy: "no-jitter", replication: replication)
        #expect(other.timeline[.delivered].prefix(70) == one.timeline[.delivered].prefix(70))
    }

    @Test("a further cohort on servers of its own leaves the first one's record as it was")
    func furtherCohort() throws {
        let alone = try run(Self.rough(seed: 5))
        let together = try run(
            Self.rough(
                seed: 5,
                furtherCohort: "- { name: desks, clients: 40, policy: no-jitter, network: wifi, server: other, "
                    + "workload: { messages: periodic, every: 2s } }",
                furtherServer: "- { name: other, handshake: { workers: 1, time: 10ms } }"
            )
        )
        #expect(together.cohorts.count == 2 && together.cohorts[1].offered > 3_000)
        expectSame(together.cohorts[0], alone.cohort)
        #expect(together.launches == alone.launches)
    }

    @Test("what happens does not depend on how much is recorded, and counters alone still balance")
    func recording() throws {
        let rough = try scenario(Self.rough(seed: 4))
        let policies = try #require(Replication.policies(of: rough))
        let all = try run(rough)
        for recording in [Recording.full, .countersOnly] {
            let other = try #require(Replication.run(rough, policies: policies, number: 0, recording: recording))
            #expect(other.events == all.events && other.instants == nil)
            #expect(other.conservationFaults == [])
            #expect(other.cohort.launched == all.cohort.launched && other.cohort.copies == all.cohort.copies)
            #expect(other.cohort.outcomes == all.cohort.outcomes && other.backlogPeak == all.backlogPeak)
            #expect((other.cohort.latencies == all.cohort.latencies) == (recording == .full))
            #expect((other.grid == all.grid && other.peaks == all.peaks) == (recording == .full))
            #expect((other.timeline == all.timeline) == (recording == .full))
        }
    }

    @Test("a run that is asked to stop gives no record")
    func stops() throws {
        let text = Self.rough(seed: 1).replacing("clients: 60", with: "clients: 2_000")
        let large = try scenario(text)
        let policies = try #require(Replication.policies(of: large))
        #expect(Replication.run(large, policies: policies, number: 0, shouldStop: { true }) == nil)
        #expect(Replication.policies(of: large, replacedBy: "unheard-of") == nil)
    }

    private func expectSame(
        _ left: ReplicationRecord,
        _ right: ReplicationRecord,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(left.events == right.events, sourceLocation: sourceLocation)
        #expect(left.launches == right.launches, sourceLocation: sourceLocation)
        #expect(left.arrivals == right.arrivals, sourceLocation: sourceLocation)
        #expect(left.connects == right.connects, sourceLocation: sourceLocation)
        #expect(left.refusals == right.refusals, sourceLocation: sourceLocation)
        #expect(left.waits == right.waits, sourceLocation: sourceLocation)
        #expect(left.timeline[.sent] == right.timeline[.sent], sourceLocation: sourceLocation)
        #expect(left.timeline[.delivered] == right.timeline[.delivered], sourceLocation: sourceLocation)
        #expect(left.timeline[.connectedNow] == right.timeline[.connectedNow], sourceLocation: sourceLocation)
        #expect(left.timeline[.backlog] == right.timeline[.backlog], sourceLocation: sourceLocation)
        #expect(left.cohorts.count == right.cohorts.count, sourceLocation: sourceLocation)
        for (one, other) in zip(left.cohorts, right.cohorts) {
            expectSame(one, other, sourceLocation: sourceLocation)
        }
    }

    private func expectSame(
        _ left: CohortRecord,
        _ right: CohortRecord,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(left.outcomes == right.outcomes, sourceLocation: sourceLocation)
        #expect(left.launched == right.launched && left.arrived == right.arrived, sourceLocation: sourceLocation)
        #expect(left.lags == right.lags, sourceLocation: sourceLocation)
        #expect(left.censoredLags == right.censoredLags, sourceLocation: sourceLocation)
        #expect(left.recovery == right.recovery, sourceLocation: sourceLocation)
        #expect(left.latencies == right.latencies, sourceLocation: sourceLocation)
        #expect(left.offered == right.offered && left.copies == right.copies, sourceLocation: sourceLocation)
        #expect(left.outboxPeaks == right.outboxPeaks, sourceLocation: sourceLocation)
        #expect(left.usableTime == right.usableTime, sourceLocation: sourceLocation)
        #expect(left.detectionTime == right.detectionTime, sourceLocation: sourceLocation)
    }
}
