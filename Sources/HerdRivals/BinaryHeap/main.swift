// HERD, a small reconnect-storm workload, in plain Swift: an array as binary heap of event values, clients in an
// array, timers cancelled lazily by generation. One file and nothing of ours, so that it can be read, and timed, as a
// stranger.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The parameters of the workload; times in seconds.
enum Parameters {
    static let serverUp = 30.0
    static let backoffBase = 1.0
    static let backoffCap = 30.0
    static let roundTrip = 0.050
    static let connectTimeout = 10.0
    static let heartbeatPeriod = 30.0
    static let end = 300.0
}

/// xoshiro256++ of Blackman and Vigna, seeded by SplitMix64.
struct Random {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(seed: UInt64) {
        var counter = seed
        func mixed() -> UInt64 {
            counter &+= 0x9e37_79b9_7f4a_7c15
            var word = counter
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            return word ^ (word >> 31)
        }
        state = (mixed(), mixed(), mixed(), mixed())
    }

    /// A number from 0 up to, and without, the limit; the same as its rivals in C++ draw from the same seed.
    mutating func uniform(_ limit: Double) -> Double { Double(next() >> 11) * 0x1p-53 * limit }

    private mutating func next() -> UInt64 {
        let sum = state.0 &+ state.3
        let result = (sum << 23 | sum >> 41) &+ state.0
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}

struct Event {
    enum Kind {
        case attempt, outcome, timeout, serviceEnd, heartbeat
    }

    var time: Double
    var client: Int32
    var generation: Int32
    var kind: Kind
}

struct BinaryHeap {
    private var events: [Event] = []

    var first: Event? { events.first }

    mutating func insert(_ event: Event) {
        var index = events.count
        events.append(event)
        while index > 0 {
            let parent = (index - 1) / 2
            guard event.time < events[parent].time else { break }
            events[index] = events[parent]
            index = parent
        }
        events[index] = event
    }

    mutating func removeFirst() {
        let last = events.removeLast()
        guard !events.isEmpty else { return }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < events.count else { break }
            if child + 1 < events.count, events[child + 1].time < events[child].time { child += 1 }
            guard events[child].time < last.time else { break }
            events[index] = events[child]
            index = child
        }
        events[index] = last
    }
}

struct Herd {
    struct Client {
        var failures: Int32 = 0
        /// Counts the waits that are over; a timer or a place in the queue with an older number is void.
        var generation: Int32 = 0
    }

    private(set) var attempts = 0
    private(set) var outcomes = 0
    private(set) var timeouts = 0
    private(set) var connects = 0
    private(set) var heartbeats = 0
    private(set) var attemptsInSecond = [Int](repeating: 0, count: Int(Parameters.end))
    /// When the client became connected that made 50, 95, 99 and 100 percent.
    private(set) var connectedBy: [Double?] = [nil, nil, nil, nil]

    private var random: Random
    private var clients: [Client]
    private var queue = BinaryHeap()
    private let serviceTime: Double
    private let backlog: Int
    private let goals: [Int]
    /// Clients that wait and the one in service.
    private var admitted = 0
    private var isServing = false
    private var waiting: [(client: Int32, generation: Int32)] = []
    private var firstWaiting = 0

    init(clients count: Int, backlogSeconds: Int, seed: UInt64) {
        random = Random(seed: seed)
        clients = Array(repeating: Client(), count: count)
        serviceTime = 60 / Double(count)
        backlog = max(1, backlogSeconds * count / 60)
        goals = [50, 95, 99, 100].map { ($0 * count + 99) / 100 }
    }

    var events: Int { attempts + outcomes + timeouts + connects + heartbeats }

    mutating func run() {
        for client in clients.indices { backOff(Int32(client), at: 0) }
        while let event = queue.first, event.time < Parameters.end {
            queue.removeFirst()
            switch event.kind {
            case .attempt: startAttempt(event)
            case .outcome: decide(event)
            case .timeout: timeOut(event)
            case .serviceEnd: finishService(event)
            case .heartbeat: beat(event)
            }
        }
    }

    private mutating func schedule(_ kind: Event.Kind, of client: Int32, at time: Double) {
        let generation = clients[Int(client)].generation
        queue.insert(Event(time: time, client: client, generation: generation, kind: kind))
    }

    private mutating func backOff(_ client: Int32, at now: Double) {
        var limit = Parameters.backoffBase
        for _ in 0..<clients[Int(client)].failures where limit < Parameters.backoffCap { limit *= 2 }
        let delay = random.uniform(min(limit, Parameters.backoffCap))
        schedule(.attempt, of: client, at: now + delay)
    }

    private mutating func fail(_ client: Int32, at now: Double) {
        clients[Int(client)].failures += 1
        backOff(client, at: now)
    }

    private mutating func startAttempt(_ event: Event) {
        attempts += 1
        attemptsInSecond[Int(event.time)] += 1
        schedule(.outcome, of: event.client, at: event.time + Parameters.roundTrip)
    }

    private mutating func decide(_ event: Event) {
        outcomes += 1
        guard event.time >= Parameters.serverUp, admitted < backlog else { return fail(event.client, at: event.time) }
        admitted += 1
        guard isServing else { return startService(of: event.client, at: event.time) }
        waiting.append((event.client, clients[Int(event.client)].generation))
        let deadline = event.time - Parameters.roundTrip + Parameters.connectTimeout
        schedule(.timeout, of: event.client, at: deadline)
    }

    private mutating func timeOut(_ event: Event) {
        guard clients[Int(event.client)].generation == event.generation else { return }
        timeouts += 1
        clients[Int(event.client)].generation += 1
        admitted -= 1
        fail(event.client, at: event.time)
    }

    private mutating func startService(of client: Int32, at now: Double) {
        isServing = true
        clients[Int(client)].generation += 1
        schedule(.serviceEnd, of: client, at: now + serviceTime)
    }

    private mutating func finishService(_ event: Event) {
        connects += 1
        for (index, goal) in goals.enumerated() where goal == connects { connectedBy[index] = event.time }
        let phase = random.uniform(Parameters.heartbeatPeriod)
        schedule(.heartbeat, of: event.client, at: event.time + phase)
        admitted -= 1
        isServing = false
        while !isServing, let next = nextWaiting() {
            if clients[Int(next.client)].generation == next.generation { startService(of: next.client, at: event.time) }
        }
    }

    /// Takes the head of the queue, and gives the places of those who left back when they are half of it.
    private mutating func nextWaiting() -> (client: Int32, generation: Int32)? {
        guard firstWaiting < waiting.count else { return nil }
        defer {
            firstWaiting += 1
            if firstWaiting * 2 > waiting.count {
                waiting.removeFirst(firstWaiting)
                firstWaiting = 0
            }
        }
        return waiting[firstWaiting]
    }

    private mutating func beat(_ event: Event) {
        heartbeats += 1
        schedule(.heartbeat, of: event.client, at: event.time + Parameters.heartbeatPeriod)
    }
}

/// Seconds with six decimals.
func seconds(_ time: Double?) -> String {
    guard let time else { return "-1" }
    let microseconds = Int((time * 1e6).rounded())
    return "\(microseconds / 1_000_000).\(String(microseconds % 1_000_000 + 1_000_000).dropFirst())"
}

/// What the command line asks for; nil if it is wrong.
struct Arguments {
    var clients: Int
    var backlogSeconds: Int
    var seed: UInt64
    var replications = 1

    init?(_ words: [String]) {
        guard words.count == 3 || words.count == 4,
            let clients = Int(words[0]), (1...10_000_000).contains(clients),
            let backlogSeconds = Int(words[1]), backlogSeconds == 2 || backlogSeconds == 20,
            let seed = UInt64(words[2])
        else { return nil }
        (self.clients, self.backlogSeconds, self.seed) = (clients, backlogSeconds, seed)
        if words.count == 4 {
            guard let replications = UInt32(words[3]), replications > 0 else { return nil }
            self.replications = Int(replications)
        }
    }
}

func main() {
    guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
        let usage = "usage: herd-binary-heap N(1...10000000) k(2 or 20) seed [replications]\n"
        _ = write(STDERR_FILENO, usage, usage.utf8.count)
        exit(64)
    }
    print("impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100")
    for replication in 0..<arguments.replications {
        let seed = arguments.seed &+ UInt64(replication)
        var herd = Herd(clients: arguments.clients, backlogSeconds: arguments.backlogSeconds, seed: seed)
        herd.run()
        let counts = [
            herd.events, herd.attempts, herd.outcomes, herd.timeouts, herd.connects, herd.heartbeats,
            herd.attemptsInSecond.max() ?? 0, herd.attemptsInSecond[Int(Parameters.serverUp)...].max() ?? 0,
        ]
        let fields =
            ["swift-binary-heap", "\(arguments.clients)", "\(arguments.backlogSeconds)", "\(seed)"]
            + counts.map(String.init) + herd.connectedBy.map(seconds)
        print(fields.joined(separator: ","))
    }
}

main()
