import DequeModule
import DiscreteEvents
import MonotonicTime
import Scenarios

/// A server tier while it runs.
struct ServerState {
    let tier: ServerTier
    let handshakeTime: Distribution
    var instances: [Instance]
    /// Where round-robin goes next.
    var nextInstance = 0
    let workers: Int
    let backlog: Int
    let connectionLimit: Int?

    init(_ tier: ServerTier) {
        self.tier = tier
        handshakeTime = Distribution(tier.handshake.time)
        workers = tier.handshake.workers
        backlog = tier.handshake.backlog
        connectionLimit = tier.connectionLimit
        instances = Array(repeating: Instance(), count: tier.instances)
    }

    /// Attempts a second that the tier can admit when warm: instances · workers / mean handshake time.
    var capacity: Double {
        let mean = handshakeTime.mean
        return mean > 0 ? Double(tier.instances * tier.handshake.workers) / mean : .infinity
    }

    /// Says which instances are up.
    func publish(to status: inout TierStatus) {
        status.hasInstanceUp = instances.contains { $0.isUp }
        status.isAnyMachineUp = instances.contains { $0.isMachineUp }
        for index in instances.indices { status.boots[index] = instances[index].boot }
    }

    /// The instance the next connection goes to; nil if none is up.
    mutating func chooseInstance(uniform: () -> Double) -> Int? {
        switch tier.balancing {
        case .roundRobin:
            for step in 0..<instances.count {
                let candidate = (nextInstance + step) % instances.count
                guard instances[candidate].isUp else { continue }
                nextInstance = candidate + 1
                return candidate
            }
            return nil
        case .random:
            let up = instances.indices.filter { instances[$0].isUp }
            return up.isEmpty ? nil : up[min(up.count - 1, Int(uniform() * Double(up.count)))]
        case .leastConnections:
            return instances.indices.filter { instances[$0].isUp }.min { load(of: $0) < load(of: $1) }
        }
    }

    /// Everything a connection limit counts. A handshake that is answered when it begins is a connection from then on.
    func load(of instance: Int) -> Int {
        let handshakes =
            tier.handshake.answered == .whenBegun ? instances[instance].waitingCount : instances[instance].backlog
        return instances[instance].connections + handshakes
    }

    /// The share of its full speed an instance has.
    func speed(of instance: Int, at now: Instant) -> Double {
        guard let warmUp = tier.warmUp else { return 1 }
        let elapsed = now - instances[instance].upSince
        guard elapsed < warmUp.lasts else { return 1 }
        return warmUp.from + (1 - warmUp.from) * (elapsed.seconds / warmUp.lasts.seconds)
    }
}

/// One instance of a tier.
struct Instance {
    /// A handshake of a client's transport.
    struct Handshake {
        let client: UInt32
        let generation: UInt32
        let arrivedAt: Instant
    }

    var isUp = true
    /// Whether the machine answers packets at all; one that does not lets them vanish.
    var isMachineUp = true
    /// Rises with each end of the instance: what belongs to an earlier boot is void.
    var boot: UInt32 = 0
    /// When it last came up; in the distant past at first, so that it starts warm.
    var upSince: Instant = Instant(nanoseconds: .min / 2)
    var connections = 0
    var inService: [Handshake] = []
    var waiting: Deque<Handshake> = []
    /// How many of those waiting have been given up and let go: they are passed over when their turn comes.
    var abandoned = 0

    /// How many wait whose clients are still there.
    var waitingCount: Int { waiting.count - abandoned }
    /// Handshakes accepted and not finished.
    var backlog: Int { inService.count + waitingCount }

    /// A handshake is finished.
    mutating func finish(_ client: UInt32, _ generation: UInt32) {
        guard let place = inService.firstIndex(where: { $0.client == client && $0.generation == generation }) else {
            return
        }
        // In no order: workers do not stand in line.
        inService.swapAt(place, inService.count - 1)
        inService.removeLast()
    }

    func isInService(_ client: UInt32, _ generation: UInt32) -> Bool {
        inService.contains { $0.client == client && $0.generation == generation }
    }

    /// The instance goes away; answers with the handshakes that go with it.
    mutating func end(isSilent: Bool) -> [Handshake] {
        let handshakes = inService + waiting
        isUp = false
        isMachineUp = !isSilent
        boot += 1
        connections = 0
        inService.removeAll()
        waiting.removeAll()
        abandoned = 0
        return handshakes
    }
}
