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
/// cannot see or change, and events of one instant have an order of their own. For the same reasons it does not depend on
/// the number of threads: each has a part of the clients, with a runner of its own, and lives their lives beside the
/// others'; the tiers, which all have in common, are worked off by one thread when all have come to the end of the window.
struct World: ~Copyable {
    let setting: FleetSetting
    /// The longest window while servers are down or busy.
    let window: Interval
    /// In memory of its own, so that several threads may tell it of events; `setting.whileTelling` lets one at a time.
    let queue: UnsafeMutablePointer<TierQueue>
    let parts: FleetParts
    var servers: [ServerState]
    /// Changes of the tiers to come, earliest first, equal times in order of insertion.
    var barriers: [(time: Instant, change: TierChange)] = []
    /// What the barrier at the beginning of the present window does to clients.
    var clientChanges: [ClientChange] = []
    /// How many instants there were at which the tiers had something to do.
    private var instantCount = 0
    /// The end of the present window.
    var windowEnd: Instant = .origin

    /// A world at the start of the observation.
    ///
    /// - Parameters:
    ///   - scenario: checked.
    ///   - policies: the policy of each cohort.
    ///   - replication: its number, from 0.
    ///   - recording: how much is recorded.
    ///   - window: the longest window while servers are down or busy; nil for what suits the fleet.
    ///   - threads: how many threads live the clients' lives.
    ///   - queue: how the events of the tiers wait.
    init(
        scenario: Scenario,
        policies: [ClientPolicy],
        replication: Int,
        recording: Recording = .full,
        window: Interval? = nil,
        threads: Int = 1,
        queue: TierQueue.Kind = .buckets
    ) {
        self.window = window ?? Self.usualWindow(clients: scenario.fleet.reduce(0) { $0 + $1.clients })
        self.queue = .allocate(capacity: 1)
        self.queue.initialize(to: TierQueue(queue, clients: scenario.fleet.reduce(0) { $0 + $1.clients }))
        setting = FleetSetting(scenario: scenario, policies: policies, replication: replication)
        servers = scenario.servers.map { ServerState($0) }
        let capacity = servers.reduce(0) { $0 + $1.capacity }
        parts = FleetParts(setting, threads: threads) {
            Probe(scenario: scenario, replication: replication, capacity: capacity, recording: recording)
        }
        for (entry, event) in scenario.timeline.enumerated() {
            addBarrier(.timeline(entry: entry), at: Instant(event.at))
        }
        makeClients()
    }

    deinit {
        parts.free()
        queue.deinitialize(count: 1)
        queue.deallocate()
    }

    /// Makes the clients: in their steady state and connected, or still to be launched.
    private mutating func makeClients() {
        let parts = parts
        // Where a client is connected at the start: on an instance, on one still to be chosen, or nowhere.
        let (unchosen, nowhere) = (Int16.max, Int16(-1))
        let instances = UnsafeMutablePointer<Int16>.allocate(capacity: setting.clientCount)
        defer { instances.deallocate() }
        nonisolated(unsafe) let places = instances
        parts.forEachCohort { runner, cohort, members in
            let isLaunched = parts.setting.cohorts[cohort].launch != nil
            for index in members {
                let client = parts.setting.makeClient(index, of: cohort)
                if isLaunched {
                    runner.pointee.begin(client)
                    parts.note(client)
                } else {
                    runner.pointee.grow(client)
                    places[index] = client.pointee.client.phase == .connected ? unchosen : nowhere
                }
            }
        }
        setting.clientsExist = true
        for cohort in 0..<setting.cohortCount where setting.cohorts[cohort].launch == nil {
            let server = setting.cohorts[cohort].server
            for index in setting.cohorts[cohort].members where places[index] == unchosen {
                guard let instance = chooseInstance(for: UInt32(index), of: server, 0) else {
                    places[index] = nowhere
                    continue
                }
                servers[server].instances[instance].connections += 1
                places[index] = Int16(instance)
            }
        }
        parts.forEachCohort { runner, cohort, members in
            guard parts.setting.cohorts[cohort].launch == nil else { return }
            for index in members {
                let client = parts.setting.clients + index
                if places[index] != nowhere { runner.pointee.hold(client, on: Int(places[index])) }
                runner.pointee.begin(client)
                parts.note(client)
            }
        }
    }

    /// The server tier of a client.
    func server(of client: ClientRunner.Client) -> Int { setting.cohorts[Int(client.pointee.cohort)].server }

    /// The runner of a client's part of the fleet.
    func runner(of client: ClientRunner.Client) -> UnsafeMutablePointer<ClientRunner> { parts.runner(of: client) }

    /// The runner that is told what is not about a client.
    var first: UnsafeMutablePointer<ClientRunner> { parts.first }

    /// Runs to the end of the observation.
    ///
    /// - Parameter shouldStop: asked now and then, from any thread; when it says so the run is given up.
    /// - Returns: the record, or nil if the run was given up.
    consuming func run(shouldStop: @Sendable () -> Bool) -> ReplicationRecord? {
        var now = Instant.origin
        var length = parts.count > 1 ? min(.seconds(16), window) : window
        while true {
            while let first = barriers.first, first.time <= now {
                barriers.removeFirst()
                pass(first.change, at: now)
            }
            guard now < setting.end else { break }
            let barrier = min(barriers.first?.time ?? .distantFuture, setting.end)
            // What a barrier does to clients they all answer at once.
            if parts.count > 1, !clientChanges.isEmpty { length = min(Self.shortest, length) }
            windowEnd = min(barrier, now + length)
            for part in 0..<parts.count {
                parts.runner(part).pointee.barrier = barrier
                parts.runner(part).pointee.windowEnd = windowEnd
            }
            let instantsBefore = instantCount
            guard liveLocally(from: now, shouldStop), workOffTiers(shouldStop) else { return nil }
            parts.closeWindow(before: windowEnd)
            now = windowEnd
            length = nextLength(after: length, instants: instantCount - instantsBefore)
        }
        applyClientChanges(at: now)
        parts.closeBooks()
        return parts.finishRecord()
    }

    /// How long the next window may be.
    ///
    /// Long ones cost least: each goes through all clients once. But what clients tell of lives lived ahead must be
    /// remembered to their end, which is most while servers are down or busy; and where there are threads to live lives
    /// side by side, clients that have done with a busy tier are better lived on with soon.
    private func nextLength(after length: Interval, instants: Int) -> Interval {
        let isBusy = instants > setting.clientCount / 64
        let isUp = (0..<setting.tierCount).allSatisfy { setting.statuses[$0].hasInstanceUp }
        let longest = isUp && !isBusy ? window * 8 : window
        guard parts.count > 1 else { return longest }
        // In a second, so that short windows do not look idle.
        let isCrowded = Double(instants) > Double(setting.clientCount) / 64 * length.seconds
        guard isCrowded else { return min(longest, length * 2) }
        return max(min(Self.shortest, window), Interval(nanoseconds: length.nanoseconds / 4))
    }

    /// Shorter windows gain nothing: within them an accepted client hardly hears of it.
    private static let shortest = Interval.seconds(1)

    /// What is remembered of a window is to be little beside the clients themselves, of a huge fleet above all.
    private static func usualWindow(clients: Int) -> Interval {
        .seconds(clients > 1 << 22 ? 16 : clients > 1 << 20 ? 32 : 64)
    }

    /// Lets every client live its own life up to the end of the window; answers false if the run is to be given up.
    private mutating func liveLocally(from start: Instant, _ shouldStop: @Sendable () -> Bool) -> Bool {
        let end = windowEnd
        let parts = parts
        let mark = FleetParts.mark(before: end)
        let changes = clientChanges
        let isForAll = !changes.isEmpty
        clientChanges.removeAll()
        nonisolated(unsafe) let queue = queue
        parts.forEach { runner, members in
            var lived = 0
            for index in members where isForAll || parts.isNoted(index, before: mark) {
                let ahead = index + FleetSetting.prefetchDistance
                if ahead < members.upperBound, isForAll || parts.isNoted(ahead, before: mark) {
                    parts.setting.prefetch(ahead)
                }
                let client = parts.setting.clients + index
                for place in changes.indices { runner.pointee.apply(changes[place], to: client, at: start) }
                runner.pointee.run(client, until: end)
                parts.note(client)
                lived += 1
                if lived & 0x3fff == 0, shouldStop() { break }
                // Not each at once, for the sake of the lock, and not all at the end, for the sake of memory.
                if runner.pointee.tierEvents.count >= 4096 { Self.passOn(runner, to: queue, parts.setting) }
            }
            Self.passOn(runner, to: queue, parts.setting)
        }
        return !shouldStop()
    }

    /// Works off what the tiers have to do in the window; answers false if the run is to be given up.
    private mutating func workOffTiers(_ shouldStop: @Sendable () -> Bool) -> Bool {
        let last = windowEnd - Interval(nanoseconds: 1)
        while let (now, event) = queue.pointee.popNext(notAfter: last) {
            queue.pointee.forEachSoon { soon in
                parts.prefetchNote(Int(soon.client))
                if soon.kind == .attemptArrives {
                    setting.prefetchFront(Int(soon.client))
                } else {
                    setting.prefetch(Int(soon.client))
                }
            }
            instantCount += 1
            if instantCount & 0xffff == 0, shouldStop() { return false }
            // What happens at the same instant is put in an order that does not depend on who told it first.
            guard let second = queue.pointee.popNext(notAfter: now) else {
                handle(event, at: now)
                continue
            }
            var batch = [event, second.payload]
            while let further = queue.pointee.popNext(notAfter: now) { batch.append(further.payload) }
            for event in batch.sorted(by: { $0.precedes($1) }) { handle(event, at: now) }
        }
        return true
    }

    /// Lets a client live on to the end of the window, or to where it must wait for a tier.
    mutating func resume(_ client: ClientRunner.Client) {
        runner(of: client).pointee.run(client, until: windowEnd)
        settle(client)
    }

    /// Passes on what a client has told the tiers, and notes when it must be looked at again.
    mutating func settle(_ client: ClientRunner.Client) {
        let runner = runner(of: client)
        runner.pointee.putAway(client)
        parts.note(client)
        passOn(runner)
    }

    private mutating func passOn(_ runner: UnsafeMutablePointer<ClientRunner>) {
        guard !runner.pointee.tierEvents.isEmpty else { return }
        Self.schedule(runner, queue)
    }

    private static func schedule(
        _ runner: UnsafeMutablePointer<ClientRunner>,
        _ queue: UnsafeMutablePointer<TierQueue>
    ) {
        for place in 0..<runner.pointee.tierEvents.count {
            let told = runner.pointee.tierEvents[place]
            queue.pointee.schedule(told.event, at: told.time)
        }
        runner.pointee.tierEvents.removeAll()
    }

    /// The same while others may do it, too. The order in which events are told does not matter.
    private static func passOn(
        _ runner: UnsafeMutablePointer<ClientRunner>,
        to queue: UnsafeMutablePointer<TierQueue>,
        _ setting: FleetSetting
    ) {
        setting.whileTelling { schedule(runner, queue) }
    }
}
