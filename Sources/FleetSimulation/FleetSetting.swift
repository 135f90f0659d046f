import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios
import Synchronization

/// A network profile with its distributions ready to be drawn from.
struct RunningNetwork: ~Copyable {
    let roundTrip: QuantileTable
    let loss: RunningLoss
    let survives: Interval
    /// The shares of the round trip that the ways to the server and back take.
    let uplinkShare: Double
    let downlinkShare: Double
    /// Whether nothing about a packet is left to chance; then, how long it is under way to the server and back.
    let isDeterministic: Bool
    let wayUp: Interval
    let wayDown: Interval

    init(_ profile: NetworkProfile) {
        roundTrip = QuantileTable(Distribution(profile.roundTrip))
        loss = RunningLoss(profile.loss)
        survives = profile.survives
        uplinkShare = profile.uplinkShare
        downlinkShare = 1 - profile.uplinkShare
        isDeterministic = roundTrip.constant != nil && profile.loss == .none
        let constant = roundTrip.constant ?? .zero
        wayUp = constant.scaled(by: uplinkShare)
        wayDown = constant.scaled(by: downlinkShare)
    }
}

/// A loss model whose probabilities are compared with random bits as they are.
struct RunningLoss: BitwiseCopyable {
    /// Whether packets are ever lost.
    let isLossy: Bool
    /// A model of one state uses all bits for one question, one of two states half of them for each.
    private let fateShift: UInt64
    private let fateMask: UInt64
    // Below these a packet in the good and in the bad state is lost, and the state changes; in the unit of the bits looked
    // at and rounded up, so that these are below one if and only if the fraction they are is below the probability.
    private let lossWhenGood: UInt64
    private let lossWhenBad: UInt64
    private let toBad: UInt64
    private let toGood: UInt64

    init(_ model: LossModel) {
        func bound(_ probability: Double, _ unit: Double) -> UInt64 { UInt64((probability * unit).rounded(.up)) }
        isLossy = model != .none
        if case .gilbertElliott(let toBad, let toGood, let lossWhenGood, let lossWhenBad) = model {
            (fateShift, fateMask) = (0, 0xffff_ffff)
            self.lossWhenGood = bound(lossWhenGood, 0x1p32)
            self.lossWhenBad = bound(lossWhenBad, 0x1p32)
            self.toBad = bound(toBad, 0x1p32)
            self.toGood = bound(toGood, 0x1p32)
        } else {
            (fateShift, fateMask) = (11, .max)
            var probability = 0.0
            if case .bernoulli(let given) = model { probability = given }
            lossWhenGood = bound(probability, 0x1p53)
            (lossWhenBad, toBad, toGood) = (0, 0, 0)
        }
    }

    /// Whether a packet is lost, and the next state.
    @inline(__always)
    func loses(_ bits: UInt64, isBad: inout Bool) -> Bool {
        let moves = bits >> 32 < (isBad ? toGood : toBad)
        isBad = isBad != moves
        return (bits & fateMask) >> fateShift < (isBad ? lossWhenBad : lossWhenGood)
    }
}

/// An outage script of a cohort with its distributions ready to be drawn from.
struct RunningOutage {
    let outage: LinkOutage
    let first: Distribution
    let down: Distribution
    let up: Distribution?
    let attach: Distribution?
    /// The clients of the cohort.
    let members: Range<Int>
    /// How many of them share the same times.
    let sharers: Int

    init(_ outage: LinkOutage, members: Range<Int>, groupSize: Int) {
        self.outage = outage
        first = Distribution(outage.first)
        down = Distribution(outage.down)
        up = outage.up.map { Distribution($0) }
        attach = outage.attach.map { Distribution($0) }
        self.members = members
        switch outage.sharedBy {
        case .client: sharers = 1
        case .group: sharers = groupSize
        case .cohort: sharers = members.count
        }
    }

    /// The set of clients with the same times that a client belongs to.
    func group(of client: Int) -> Int { (client - members.lowerBound) / sharers }

    /// Whether the client is the first of its set.
    func isFirst(_ client: Int) -> Bool { (client - members.lowerBound) % sharers == 0 }
}

/// What does not change about a cohort while it runs.
///
/// Not copyable: a policy is several hundred bytes with references, and every event hands its client one.
struct CohortSetting: ~Copyable {
    let policy: ClientPolicy
    /// Its short ways.
    let retries: PlainRetries
    let network: RunningNetwork
    let members: Range<Int>
    /// Its server tier.
    let server: Int
    /// When its clients are launched; nil where they are connected all along.
    let launch: Distribution?
    let workload: Workload?
    /// Between two messages; nothing where there is no workload.
    let messageGap: QuantileTable
    let deadline: Interval
    /// From the arrival of a message at the server to its acknowledgement's departure.
    let processing: QuantileTable
    /// What a refused client is told, and whether that says how long to stay away.
    let refusal: ServerTier.Refusal
    let refusalHasHint: Bool
    let idleTimeout: Interval
    /// Its outage scripts, by their places among those of all cohorts.
    let outages: Range<Int>
    /// Whether a client notices that its heartbeat is answered. The server of one that does not need not answer: nothing
    /// would come of it.
    let noticesAnswers: Bool
    /// How often the server sends something by itself, where the client's protocol asks for it.
    let serverInterval: Interval?
    /// Whether messages vanish while there is no connection.
    let discardsMessages: Bool
    /// Whether a client that gives up while it waits for its handshake leaves the backlog.
    let leavesBacklog: Bool
    /// Whether the number of connections of an instance matters to its tier.
    let countsConnections: Bool

    /// Hands out the policy without copying it: reading it through a pointer would.
    @inline(__always)
    borrowing func withPolicy<Result>(_ body: (ClientPolicy) -> Result) -> Result { body(policy) }

    /// The same for its short ways.
    @inline(__always)
    borrowing func withRetries<Result>(_ body: (borrowing PlainRetries) -> Result) -> Result { body(retries) }
}

/// Which instances of a tier are up: what a client's own life needs to know of it. Changes at barriers only.
struct TierStatus {
    var hasInstanceUp = true
    /// Whether a machine answers packets that belong to no connection.
    var isAnyMachineUp = true
    /// Whether attempts vanish, instead of being refused, when no instance is up.
    var dropsWhenDown = false
    /// The present boot of each instance.
    var boots: [UInt32]
}

/// What all parts of a running replication share: the scenario ready to be run, and the clients.
///
/// The clients' records lie in one block. Who may touch which of them, and when, is `World`'s to say.
final class FleetSetting {
    let scenario: Scenario
    let key: RandomKey
    let end: Instant
    let outages: [RunningOutage]
    private let telling = Mutex(())
    let clientCount: Int
    let cohortCount: Int
    let cohorts: UnsafeMutablePointer<CohortSetting>
    let tierCount: Int
    let statuses: UnsafeMutablePointer<TierStatus>
    let clients: UnsafeMutablePointer<VirtualClient>
    /// Whether they have all been made, and not been let go.
    var clientsExist = false
    /// Of each client, if any has outages; else nobody asks.
    let linkTimes: UnsafeMutablePointer<LinkTimes>

    init(scenario: Scenario, policies: [ClientPolicy], replication: Int) {
        self.scenario = scenario
        key = RandomKey(seed: scenario.seed, replication: UInt32(truncatingIfNeeded: replication))
        end = Instant(scenario.duration)
        var outages: [RunningOutage] = []
        cohortCount = scenario.fleet.count
        cohorts = .allocate(capacity: cohortCount)
        var first = 0
        for (place, cohort) in scenario.fleet.enumerated() {
            let members = first..<first + cohort.clients
            first += cohort.clients
            let scripts = outages.count..<outages.count + cohort.outages.count
            outages += cohort.outages.map { RunningOutage($0, members: members, groupSize: cohort.groupSize) }
            let server = scenario.servers.firstIndex { $0.name == cohort.server } ?? 0
            let tier = scenario.servers[server]
            (cohorts + place).initialize(
                to:
                    CohortSetting(
                        policy: policies[place],
                        retries: PlainRetries(policies[place]),
                        network: RunningNetwork(cohort.network),
                        members: members,
                        server: server,
                        launch: Self.launch(cohort.start),
                        workload: cohort.workload,
                        messageGap: QuantileTable(Self.messageGap(cohort.workload)),
                        deadline: cohort.workload?.deadline ?? .max,
                        processing: QuantileTable(Distribution(tier.processing)),
                        refusal: tier.refusal,
                        refusalHasHint: tier.refusal.retryAfter != nil,
                        idleTimeout: tier.idleTimeout,
                        outages: scripts,
                        noticesAnswers: Self.noticesAnswers(policies[place]),
                        serverInterval: policies[place].heartbeat?.serverInterval,
                        discardsMessages: policies[place].outbox.whileDisconnected == .discard,
                        leavesBacklog: tier.handshake.abandoned == .dropped,
                        countsConnections: tier.connectionLimit != nil || tier.balancing == .leastConnections
                    )
            )
        }
        self.outages = outages
        clientCount = first
        tierCount = scenario.servers.count
        statuses = .allocate(capacity: tierCount)
        for (place, tier) in scenario.servers.enumerated() {
            (statuses + place).initialize(to: TierStatus(boots: [UInt32](repeating: 0, count: tier.instances)))
        }
        clients = Memory.allocate(first)
        let linkCount = outages.isEmpty ? 0 : first
        linkTimes = Memory.allocate(linkCount)
        linkTimes.initialize(repeating: LinkTimes(), count: linkCount)
    }

    /// Makes a client. Until all are made they are nobody's to look at.
    func makeClient(_ index: Int, of cohort: Int) -> UnsafeMutablePointer<VirtualClient> {
        (clients + index).initialize(to: VirtualClient(number: UInt32(index), cohort: UInt16(cohort)))
        return clients + index
    }

    /// Does something that only one thread at a time may do: passing on what clients have told the tiers.
    func whileTelling(_ body: () -> Void) { telling.withLock { _ in body() } }

    /// How many clients ahead records are asked for: early enough to have come, and few enough to be there still.
    static let prefetchDistance = 6

    /// Asks for a client's record, which will be needed soon: waiting for memory is most of the cost of a large fleet.
    @inline(__always)
    func prefetch(_ client: Int) { Memory.prefetch(clients + client, bytes: MemoryLayout<VirtualClient>.size) }

    /// Asks for as much of a client's record as an attempt needs that is refused.
    @inline(__always)
    func prefetchFront(_ client: Int) { Memory.prefetch(clients + client, bytes: VirtualClient.frontSize) }

    private static func noticesAnswers(_ policy: ClientPolicy) -> Bool {
        guard let heartbeat = policy.heartbeat else { return false }
        return heartbeat.replyTimeout < .max || heartbeat.silence != nil || policy.pollLoop != nil
    }

    private static func launch(_ start: Cohort.Start) -> Distribution? {
        guard case .launched(let time) = start else { return nil }
        return Distribution(time)
    }

    private static func messageGap(_ workload: Workload?) -> Distribution {
        guard let workload else { return .constant(0) }
        return switch workload.rhythm {
        case .poisson: .exponential(mean: workload.every.seconds)
        case .periodic: .constant(workload.every.seconds)
        }
    }

    deinit {
        if clientsExist { clients.deinitialize(count: clientCount) }
        clients.deallocate()
        linkTimes.deallocate()
        cohorts.deinitialize(count: cohortCount)
        cohorts.deallocate()
        statuses.deinitialize(count: tierCount)
        statuses.deallocate()
    }
}

/// What random numbers are for: each purpose draws from its own streams, so that a new draw for one moves no other.
enum Purpose: UInt32 {
    case clientJitter = 1
    case connectionAge
    case packet
    case closingHandshake
    case handshakeTime
    case processingTime
    case messageGap
    case balancing
    case restart
    case disconnect
    case outageOccurs
    case outageFirst
    case outageDown
    case outageUp
    case outageAttach
    case outageStagger
    case serverBeat
    case launch

    /// The purpose's number in the random streams, with an index where there are several of the kind.
    func number(_ index: Int = 0) -> UInt32 { rawValue << 16 | UInt32(index & 0xffff) }
}
