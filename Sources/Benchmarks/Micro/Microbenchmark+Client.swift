import DiscreteEvents
import MonotonicTime
import Reconnection

/// A client's random numbers, as the simulation gives them.
struct StreamSource: RandomSource {
    var stream = Microbenchmark.randomStream

    mutating func nextUniform() -> Double { stream.nextUniform() }
}

/// One client with all it needs, driven as a driver drives it.
struct DrivenClient {
    var client = ReconnectingClient()
    var now = Instant.origin
    var random = StreamSource()
    var actions = ClientActions()
    let policy: ClientPolicy
    /// The generation of the last transport that was to be opened.
    var generation: UInt32 = 0
    /// How many actions there have been.
    var told = 0

    /// A client whose first attempt is under way.
    init(_ change: (inout ClientPolicy) -> Void = { _ in }) {
        policy = opaque(
            ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full),
                connectTimeout: .seconds(10),
                heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10)),
                outbox: OutboxPolicy(window: 8)
            ).with(change)
        )
        client.start(at: now, policy: policy, random: &random, actions: &actions)
        readActions()
    }

    /// Forgets the actions, after noting which transport is to be opened.
    mutating func readActions() {
        for place in 0..<actions.count {
            if case .openTransport(let generation) = actions[place] { self.generation = generation }
        }
        told += actions.count
        actions.removeAll()
    }

    mutating func open(member: Int = 0) {
        client.transportOpened(
            generation: generation,
            member: member,
            at: now,
            policy: policy,
            random: &random,
            actions: &actions
        )
    }

    mutating func lose(member: Int = 0) {
        client.transportLost(
            generation: generation,
            member: member,
            close: .abnormal,
            at: now,
            policy: policy,
            random: &random,
            actions: &actions
        )
    }

    /// Becomes the client that another one is; its time and its random numbers go on.
    mutating func beginAnew(as other: DrivenClient) {
        client = other.client
        generation = other.generation
    }

    /// Goes on to the next deadline.
    mutating func advance() {
        now = max(now, client.nextDeadline(policy: policy))
        client.advance(to: now, policy: policy, random: &random, actions: &actions)
    }

    /// Ends a loop over the handlers: whoever is not in the phase it must be in did other work than was to be timed.
    func check(_ phase: ConnectionPhase) -> Int {
        guard client.phase == phase else { fatalError("The client is \(client.phase), not \(phase).") }
        return told
    }
}

extension Microbenchmark {
    /// Everything about one connection. Deadlines and actions are read as a driver reads them.
    static var clients: [Microbenchmark] {
        [
            Microbenchmark("client", "send a message, have it acknowledged") { count, watch in
                var driven = DrivenClient()
                driven.open()
                driven.readActions()
                watch.start()
                for _ in 0..<count {
                    driven.now += .nanoseconds(10)
                    let key = driven.client.send(at: driven.now, policy: driven.policy, actions: &driven.actions)
                    driven.readActions()
                    driven.client.messageAcknowledged(
                        key: key,
                        at: driven.now,
                        policy: driven.policy,
                        actions: &driven.actions
                    )
                    driven.readActions()
                }
                watch.stop(having: driven.check(.connected))
            },
            Microbenchmark("client", "send a heartbeat, have it answered") { count, watch in
                var driven = DrivenClient()
                driven.open()
                driven.readActions()
                watch.start()
                for _ in 0..<count {
                    driven.advance()
                    guard driven.actions.count == 1,
                        case .sendHeartbeat(let generation, let beat) = driven.actions[0]
                    else { fatalError("No heartbeat was due.") }
                    driven.readActions()
                    driven.now += .milliseconds(50)
                    driven.client.heartbeatAnswered(
                        generation: generation,
                        beat: beat,
                        at: driven.now,
                        policy: driven.policy
                    )
                }
                watch.stop(having: driven.check(.connected))
            },
            Microbenchmark("client", "fail an attempt, begin the next") { count, watch in
                var driven = DrivenClient()
                let fresh = driven
                watch.start()
                for turn in 0..<count {
                    // Outages of eight retries: delays grow and reach the cap, the exponent stays what clients meet.
                    if turn & 7 == 0 { driven.beginAnew(as: fresh) }
                    driven.now += .milliseconds(50)
                    driven.lose()
                    driven.readActions()
                    driven.advance()
                    driven.readActions()
                }
                watch.stop(having: driven.check(.connecting))
            },
            Microbenchmark("client", "open a connection, lose it, begin the next attempt") { count, watch in
                var driven = DrivenClient()
                watch.start()
                for _ in 0..<count {
                    driven.now += .milliseconds(50)
                    driven.open()
                    driven.readActions()
                    driven.now += .milliseconds(50)
                    driven.lose()
                    driven.readActions()
                    driven.advance()
                    driven.readActions()
                }
                watch.stop(having: driven.check(.connecting))
            },
            Microbenchmark("client", "open two sockets as one, lose one, begin the next attempt") { count, watch in
                var driven = DrivenClient { $0.group = ConnectionGroupPolicy(members: 2) }
                watch.start()
                for _ in 0..<count {
                    driven.now += .milliseconds(50)
                    driven.open(member: 0)
                    driven.open(member: 1)
                    driven.readActions()
                    driven.now += .milliseconds(50)
                    driven.lose(member: 0)
                    driven.readActions()
                    driven.advance()
                    driven.readActions()
                }
                watch.stop(having: driven.check(.connecting))
            },
            Microbenchmark("client", "queue a message while waiting, send it once connected") { count, watch in
                var driven = DrivenClient()
                var acknowledged = 0
                watch.start()
                while acknowledged < count {
                    driven.lose()
                    driven.readActions()
                    // A window of 8 goes out at once, the others as answers come in.
                    let first = driven.client.send(at: driven.now, policy: driven.policy, actions: &driven.actions)
                    for _ in 1..<64 {
                        driven.client.send(at: driven.now, policy: driven.policy, actions: &driven.actions)
                    }
                    driven.advance()
                    driven.readActions()
                    driven.open()
                    for offset in 0..<64 {
                        driven.client.messageAcknowledged(
                            key: first &+ Outbox.Key(offset),
                            at: driven.now,
                            policy: driven.policy,
                            actions: &driven.actions
                        )
                        driven.readActions()
                    }
                    acknowledged += 64
                }
                guard driven.client.outbox.count == 0 else { fatalError("A message was not acknowledged.") }
                watch.stop(having: driven.check(.connected))
            },
        ]
    }
}
