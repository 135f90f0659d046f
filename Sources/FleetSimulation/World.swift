import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// One replication while it runs: clients, tiers, clock and probe in one value.
///
/// Time passes in *windows*. In each, every client first lives its own life as far as it depends on nobody else
/// (`ClientRunner`); then the tiers work off, in exact order of time, what clients have told them, and clients that had
/// to wait for a tier live on. Whatever changes the tiers for everybody, such as the beginning and the end of a
/// restart, happens at a *barrier*: windows end there, so that between barriers a client may take the state of the
/// tiers for granted.
///
/// The result does not depend on the length of the windows: a client lives ahead of the tiers only through what they
/// cannot see or change, and events of one instant have an order of their own.
struct World: ~Copyable {
    let setting: FleetSetting
    /// The longest window.
    let window: Interval
    var queue = EventQueue<TierEvent>()
    var runner: ClientRunner
    var servers: [ServerState]
    /// When each client has something of its own to live through; `.distantFuture` while a tier must have its say first.
    var nextOfClient: [Instant]
    /// Changes of the tiers to come, earliest first, equal times in order of insertion.
    var barriers: [(time: Instant, change: TierChange)] = []
    /// The end of the present window.
    var windowEnd: Instant = .origin

    /// A world at the start of the observation.
    ///
    /// - Parameters:
    ///   - scenario: checked.
    ///   - policies: the policy of each cohort.
    ///   - replication: its number, from 0.
    ///   - window: the longest window.
    ///   - recording: how much is recorded.
    init(
        scenario: Scenario,
        policies: [ClientPolicy],
        replication: Int,
        window: Interval = .seconds(16),
        recording: Recording = .full
    ) {
        self.window = window
        setting = FleetSetting(scenario: scenario, policies: policies, replication: replication)
        servers = scenario.servers.map { ServerState($0) }
        let capacity = servers.reduce(0) { $0 + $1.capacity }
        runner = ClientRunner(
            setting,
            probe: Probe(scenario: scenario, replication: replication, capacity: capacity, recording: recording)
        )
        nextOfClient = Array(repeating: .distantFuture, count: setting.clientCount)
        for (entry, event) in scenario.timeline.enumerated() {
            addBarrier(.timeline(entry: entry), at: Instant(event.at))
        }
        for index in 0..<setting.clientCount { establish(index) }
    }

    /// Brings a client to the start of the observation.
    private mutating func establish(_ index: Int) {
        let client = setting.clients + index
        if let launch = setting.cohorts[Int(client.pointee.cohort)].launch {
            runner.begin(client, launchedBy: launch)
            runner.putAway(client)
            nextOfClient[index] = client.pointee.next
            return
        }
        runner.grow(client)
        if client.pointee.client.phase == .connected,
            let instance = chooseInstance(for: client, of: setting.cohorts[Int(client.pointee.cohort)].server, 0)
        {
            servers[setting.cohorts[Int(client.pointee.cohort)].server].instances[instance].connections += 1
            runner.hold(client, on: instance)
        }
        runner.begin(client)
        runner.putAway(client)
        nextOfClient[index] = client.pointee.next
    }

    /// Runs to the end of the observation.
    ///
    /// - Parameter shouldStop: asked now and then; when it says so the run is given up.
    /// - Returns: the record, or nil if the run was given up.
    consuming func run(shouldStop: () -> Bool) -> ReplicationRecord? {
        var now = Instant.origin
        while true {
            while let first = barriers.first, first.time <= now {
                barriers.removeFirst()
                pass(first.change, at: now)
            }
            guard now < setting.end else { break }
            runner.barrier = min(barriers.first?.time ?? .distantFuture, setting.end)
            windowEnd = min(runner.barrier, now + window)
            guard liveLocally(shouldStop), workOffTiers(shouldStop) else { return nil }
            runner.probe.closeWindow(before: windowEnd)
            now = windowEnd
        }
        return finish()
    }

    /// Lets every client live its own life up to the end of the window; answers false if the run is to be given up.
    private mutating func liveLocally(_ shouldStop: () -> Bool) -> Bool {
        var lived = 0
        for index in 0..<setting.clientCount where nextOfClient[index] < windowEnd {
            resume(setting.clients + index)
            lived += 1
            if lived & 0x3fff == 0, shouldStop() { return false }
        }
        return true
    }

    /// Works off what the tiers have to do in the window; answers false if the run is to be given up.
    private mutating func workOffTiers(_ shouldStop: () -> Bool) -> Bool {
        let last = windowEnd - Interval(nanoseconds: 1)
        var batches = 0
        while let (now, event) = queue.popNext(notAfter: last) {
            // What happens at the same instant is put in an order that does not depend on who told it first.
            guard let second = queue.popNext(notAfter: now) else {
                handle(event, at: now)
                batches += 1
                if batches & 0xffff == 0, shouldStop() { return false }
                continue
            }
            var batch = [event, second.payload]
            while let further = queue.popNext(notAfter: now) { batch.append(further.payload) }
            for event in batch.sorted(by: { $0.precedes($1) }) { handle(event, at: now) }
        }
        return true
    }

    /// Lets a client live on to the end of the window, or to where it must wait for a tier.
    mutating func resume(_ client: ClientRunner.Client) {
        runner.run(client, until: windowEnd)
        settle(client)
    }

    /// Passes on what a client has told the tiers, and notes when it must be looked at again.
    mutating func settle(_ client: ClientRunner.Client) {
        runner.putAway(client)
        if !runner.tierEvents.isEmpty {
            for (time, event) in runner.tierEvents { queue.schedule(event, at: time) }
            runner.tierEvents.removeAll(keepingCapacity: true)
        }
        let index = Int(client.pointee.number)
        let next = client.pointee.next
        switch client.pointee.hold {
        case .none:
            nextOfClient[index] = next
        case .arriving:
            nextOfClient[index] = next < client.pointee.holdAt ? next : .distantFuture
        case .waiting:
            nextOfClient[index] = .distantFuture
            client.pointee.holdAt = next
            guard next < setting.end else { return }
            queue.schedule(TierEvent(kind: .clientVisit, client: client.pointee.number), at: next)
        }
    }

    /// Closes the books: open intervals end, and what is still under way is counted.
    private consuming func finish() -> ReplicationRecord {
        let end = setting.end
        for index in 0..<setting.clientCount {
            let client = setting.clients + index
            let cohort = Int(client.pointee.cohort)
            if client.pointee.marks.isUsable {
                let usable = end - client.pointee.marks.usableSince
                runner.probe.record.cohorts[cohort].usableTime += usable.nanoseconds
            }
            var wanted = setting.scenario.duration
            if client.pointee.link.signalledHolds > 0 { wanted = wanted - (end - client.pointee.link.signalledSince) }
            runner.probe.record.cohorts[cohort].wantedTime += wanted.nanoseconds
            if client.pointee.marks.isLagOpen {
                runner.probe.stayedAway(cohort: cohort, for: end - client.pointee.marks.upAt)
            }
            if client.pointee.transport.phase == .dialing {
                runner.probe.record.cohorts[cohort].inFlight += 1
                if client.pointee.transport.hasArrived { runner.probe.record.cohorts[cohort].inFlightArrived += 1 }
            }
            for key in client.pointee.client.outbox.keys where !client.pointee.received.contains(key) {
                runner.probe.record.cohorts[cohort].pending += 1
            }
            runner.probe.record.cohorts[cohort].outboxPeaks[client.pointee.marks.outboxPeak, default: 0] += 1
            if Int(client.pointee.marks.outboxPeak) >= setting.cohorts[cohort].policy.outbox.capacity {
                runner.probe.record.cohorts[cohort].outboxesAtBound += 1
            }
            switch client.pointee.client.phase {
            case .exhausted, .blocked, .stopped: runner.probe.record.cohorts[cohort].gaveUp += 1
            case .closing, .paused, .waiting, .connecting, .connected: break
            }
        }
        runner.probe.record.events = runner.events
        runner.probe.finish()
        return runner.probe.record
    }
}
