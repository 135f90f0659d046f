import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// One replication while it runs: clients, links, servers, clock and probe in one value.
///
/// The other files of this folder named `World+…` each hold one part of what happens in it.
struct World: ~Copyable {
    let scenario: Scenario
    let key: RandomKey
    let end: Instant
    /// One entry a cohort.
    let policies: [CohortPolicy]
    let networks: [RunningNetwork]
    let serverOfCohort: [Int]
    let firstClient: [Int]
    let messageGaps: [Distribution?]
    let outages: [RunningOutage]

    var queue: EventQueue<FleetEvent>
    var clients: [VirtualClient] = []
    var servers: [ServerState]
    var actions = ClientActions()
    var probe: Probe

    /// A world at the start of the observation, every client connected and in its steady state.
    ///
    /// - Parameters:
    ///   - scenario: checked.
    ///   - policies: the policy of each cohort.
    ///   - replication: its number, from 0.
    init(scenario: Scenario, policies: [ClientPolicy], replication: Int) {
        self.scenario = scenario
        self.policies = policies.map { CohortPolicy($0) }
        key = RandomKey(seed: scenario.seed, replication: UInt32(truncatingIfNeeded: replication))
        end = Instant(scenario.duration)
        networks = scenario.fleet.map { RunningNetwork($0.network) }
        serverOfCohort = scenario.fleet.map { cohort in
            scenario.servers.firstIndex { $0.name == cohort.server } ?? 0
        }
        var first: [Int] = []
        var total = 0
        for cohort in scenario.fleet {
            first.append(total)
            total += cohort.clients
        }
        firstClient = first
        messageGaps = scenario.fleet.map { cohort in
            cohort.workload.map { workload in
                switch workload.rhythm {
                case .poisson: .exponential(mean: workload.every.seconds)
                case .periodic: .constant(workload.every.seconds)
                }
            }
        }
        outages = scenario.fleet.enumerated().flatMap { index, cohort in
            let members = first[index]..<first[index] + cohort.clients
            return cohort.outages.map { RunningOutage($0, members: members, groupSize: cohort.groupSize) }
        }
        servers = scenario.servers.map { ServerState($0) }
        queue = EventQueue<FleetEvent>()
        probe = Probe(
            scenario: scenario,
            replication: replication,
            capacity: servers.reduce(0) { $0 + $1.capacity }
        )
        clients.reserveCapacity(total)
        for (index, cohort) in scenario.fleet.enumerated() {
            for _ in 0..<cohort.clients { clients.append(VirtualClient(cohort: UInt16(index))) }
        }
        for index in clients.indices { establish(index) }
        for index in outages.indices { scheduleFirstOutages(index) }
        for (index, event) in scenario.timeline.enumerated() {
            queue.schedule(FleetEvent(kind: .timeline, client: UInt32(index)), at: Instant(event.at))
        }
    }

    /// Runs to the end of the observation.
    ///
    /// - Parameter shouldStop: asked now and then; when it says so the run is given up.
    /// - Returns: the record, or nil if the run was given up.
    consuming func run(shouldStop: () -> Bool) -> ReplicationRecord? {
        let last = end - Interval(nanoseconds: 1)
        var events = 0
        while let (now, event) = queue.popNext(notAfter: last) {
            handle(event, at: now)
            events += 1
            if events & 0xffff == 0, shouldStop() { return nil }
        }
        return finish(events: events)
    }

    private mutating func handle(_ event: FleetEvent, at now: Instant) {
        if event.isWaitingToBeSent {
            sendAgain(event, at: now)
            return
        }
        let client = Int(event.client)
        switch event.kind {
        case .wake: wake(client, at: now)
        case .offer: offerMessage(client, at: now)
        case .localFailure, .systemGivesUp: attemptFailedLocally(client, event.generation, at: now)
        case .attemptPrepared: attemptPrepared(client, event.generation, at: now)
        case .lateClose: lose(client, event.generation, .normal, at: now)
        case .attemptUp: attemptArrives(event, at: now)
        case .pingUp: pingArrives(event, at: now)
        case .messageUp: messageArrives(event, at: now)
        case .departureUp: releaseConnection(client, generation: event.generation)
        case .acceptDown, .refuseDown, .pongDown, .acknowledgementDown, .closeDown, .beatDown:
            packetReachesClient(event, at: now)
        case .outageBegins: outageBegins(event, at: now)
        case .linkDown: linkGoesDown(client, script: Int(event.place), at: now)
        case .linkUp: linkComesUp(client, script: Int(event.place), at: now)
        case .handshakeDone: handshakeDone(event, at: now)
        case .beatDue: serverBeats(event, at: now)
        case .ghostForgotten: forgetGhost(event)
        case .timeline: timelineEvent(Int(event.client), at: now)
        case .instancesUp: instancesComeUp(event, at: now)
        }
    }

    /// Closes the books: open intervals end, and what is still under way is counted.
    private consuming func finish(events: Int) -> ReplicationRecord {
        for index in clients.indices {
            let client = clients[index]
            let cohort = Int(client.cohort)
            if client.marks.isUsable {
                probe.record.cohorts[cohort].usableTime += (end - client.marks.usableSince).nanoseconds
            }
            var wanted = scenario.duration
            if client.link.signalledHolds > 0 { wanted = wanted - (end - client.link.signalledSince) }
            probe.record.cohorts[cohort].wantedTime += wanted.nanoseconds
            if client.marks.isLagOpen {
                probe.stayedAway(cohort: cohort, for: end - client.marks.upAt)
            }
            if client.transport.phase == .dialing {
                probe.record.cohorts[cohort].inFlight += 1
                if client.transport.hasArrived { probe.record.cohorts[cohort].inFlightArrived += 1 }
            }
            probe.record.cohorts[cohort].pending += client.client.outbox.entries
                .count { !client.received.contains($0.key) }
            probe.record.cohorts[cohort].outboxPeaks[client.marks.outboxPeak, default: 0] += 1
            if Int(client.marks.outboxPeak) >= policies[cohort].policy.outbox.capacity {
                probe.record.cohorts[cohort].outboxesAtBound += 1
            }
            switch client.client.phase {
            case .exhausted, .blocked, .stopped: probe.record.cohorts[cohort].gaveUp += 1
            case .closing, .paused, .waiting, .connecting, .connected: break
            }
        }
        probe.record.events = events
        probe.closeWindow(before: end)
        probe.finish()
        return probe.record
    }
}
