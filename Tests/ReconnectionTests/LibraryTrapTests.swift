import MonotonicTime
import Reconnection
import Testing

/// What goes wrong with the waits of real libraries, stated about their presets.
@Suite struct LibraryTrapTests {
    private static let almostOne = 1 - 0x1p-53

    private static func policy(_ name: String) throws -> ClientPolicy {
        try #require(PolicyPreset.named(name), "there is no preset \(name)").policy
    }

    private static func retries(
        _ policy: ClientPolicy,
        _ count: Int,
        _ uniforms: [Double],
        from beginning: RetrySchedule.Beginning = .lostConnection
    ) -> [RetrySchedule.Retry] {
        var random = RepeatingRandomSource(uniforms)
        return RetrySchedule(policy, count: count, from: beginning, random: &random).retries
    }

    /// How far apart two clients can be that lost their connections together, at a certain retry.
    private static func spread(_ name: String, retry: Int, between uniforms: [Double]) throws -> Interval {
        let policy = try policy(name).with { $0.retryLimit = nil }
        let delays = try uniforms.map { try #require(retries(policy, retry, [$0]).last).delay }
        return (delays.max() ?? .zero) - (delays.min() ?? .zero)
    }

    // MARK: 1

    @Test(
        "at the cap there is no spread left where the cap cuts what is random, or only the growth was",
        arguments: [
            "socket-io", "reconnecting-websocket", "redis-py", "kafkajs", "tenacity-exponential-jitter", "cockatiel",
            "socket-io-swift", "python-websockets",
        ]
    )
    func noSpreadAtCap(name: String) throws {
        #expect(try Self.spread(name, retry: 1, between: [0.1, 0.9]) > .zero || name == "socket-io-swift")
        #expect(try Self.spread(name, retry: 30, between: [0.1, 0.3, 0.5, 0.7, 0.9]) == .zero)
    }

    @Test("at the cap half of Kafka's clients wait exactly a second")
    func halfOfKafka() throws {
        #expect(try Self.spread("kafka-java", retry: 30, between: [0.5, 0.6, 0.8, 0.99]) == .zero)
        #expect(try Self.spread("kafka-java", retry: 30, between: [0.25, 0.5]) == .milliseconds(100))
    }

    @Test(
        "a cap before jitter keeps its spread",
        arguments: [
            ("centrifuge-js", 19_500), ("nats-js", 100), ("nats-js-tls", 1_000), ("livekit-js", 1_000),
            ("discord-py", 1_024_000), ("grpc-go", 48_000), ("grpc-swift", 48_000), ("async-http-client", 3_600),
            ("kubernetes-reflector", 30_000), ("ioredis", 199), ("node-redis", 199), ("cenkalti-backoff", 60_000),
        ] as [(String, Int64)]
    )
    func spreadAtCap(name: String, milliseconds: Int64) throws {
        let spread = try Self.spread(name, retry: 30, between: [0, Self.almostOne])
        #expect(spread > .milliseconds(milliseconds - 1) && spread <= .milliseconds(milliseconds) + .nanoseconds(1))
    }

    // MARK: 2

    @Test(
        "the first retry after a drop comes to all clients in the same instant",
        arguments: [
            ("ably-js", 0), ("signalr-js", 0), ("livekit-js", 0), ("socket-io-swift", 0), ("nats-swift", 0),
            ("phoenix-js", 10), ("swift-phoenix-client", 10), ("y-websocket", 100), ("y-websocket-4", 100),
            ("grpc-go", 1_000), ("grpc-js", 1_000), ("grpc-swift", 1_000), ("pusher-js", 1_000), ("mqtt-js", 1_000),
            ("supabase-realtime-js", 1_000), ("supabase-swift", 7_000), ("valkey-swift", 1_280), ("partysocket", 3_000),
        ] as [(String, Int64)]
    )
    func synchronisedFirst(name: String, milliseconds: Int64) throws {
        let policy = try Self.policy(name)
        for uniform in [0, 0.3, Self.almostOne] {
            #expect(Self.retries(policy, 1, [uniform]).first?.delay == .milliseconds(milliseconds))
        }
    }

    @Test("graphql-ws comes back at once after a normal close, NATS and gRPC after the loss of an old connection")
    func atOnce() throws {
        let subscriptions = TestClient.connected(try Self.policy("graphql-ws"))
        subscriptions.lost(1, .normal, at: 100)
        #expect(subscriptions.nextDeadline == at(100))
        for name in ["nats-js", "grpc-go"] {
            let client = TestClient.connected(try Self.policy(name))
            client.lost(1, at: 100)
            #expect(client.nextDeadline == at(100))
        }
    }

    // MARK: 3

    @Test("reconnecting-websocket draws once in a page's life, python-websockets once in an outage")
    func fewDraws() throws {
        for (name, afterFirst, afterSecond) in [("reconnecting-websocket", 1, 1), ("python-websockets", 1, 2)] {
            let client = TestClient.connected(try Self.policy(name))
            client.lost(1, at: 0)
            for generation in UInt32(2)...10 {
                client.advance(to: client.nextDeadline)
                client.lost(generation, at: client.now)
            }
            #expect(client.random.draws == afterFirst)
            client.advance(to: client.nextDeadline)
            client.opened(11, at: (client.now - .origin).seconds)
            client.advance(to: client.now + .seconds(10))
            client.lost(11, at: client.now)
            #expect(client.random.draws == afterSecond)
        }
    }

    // MARK: 4

    @Test("all of Ably's clients dropped together retry at +150, +180, +210 s, whatever they drew before")
    func suspensionSynchronises() throws {
        let policy = try Self.policy("ably-js")
        var early: Set<Interval> = []
        for seed in UInt64(1)...50 {
            var random = SplitMix(state: seed)
            let retries = RetrySchedule(policy, count: 12, from: .lostConnection, random: &random).retries
            let late = retries.map(\.elapsed).filter { $0 > .seconds(120) }
            #expect(late.prefix(3) == [.seconds(150), .seconds(180), .seconds(210)])
            early.insert(retries[1].elapsed)
        }
        #expect(early.count == 50)
    }

    // MARK: 5

    /// The waits of a client whose server accepts each connection and drops it at once.
    private static func acceptThenDrop(_ policy: ClientPolicy, close: Close, rounds: UInt32) -> [Interval] {
        let client = TestClient(policy)
        client.start(at: 0)
        return (1...rounds).map { generation in
            client.opened(generation, at: (client.now - .origin).seconds)
            client.lost(generation, close, at: client.now)
            let since = client.now
            client.advance(to: client.nextDeadline)
            return client.now - since
        }
    }

    @Test(
        "a reset on open makes a hot loop of accept-then-drop",
        arguments: [
            ("phoenix-js", 1006, 10), ("y-websocket", 1006, 100), ("graphql-ws", 1000, 0), ("signalr-js", 1006, 0),
            ("mqtt-js", 1006, 1_000),
        ] as [(String, UInt16, Int64)]
    )
    func hotLoop(name: String, code: UInt16, milliseconds: Int64) throws {
        let waits = Self.acceptThenDrop(try Self.policy(name), close: Close(code: code), rounds: 20)
        #expect(waits == Array(repeating: .milliseconds(milliseconds), count: 20))
    }

    @Test("Ably makes one such attempt a second; a stable window lets the waits grow")
    func noHotLoop() throws {
        let ably = Self.acceptThenDrop(try Self.policy("ably-js"), close: .abnormal, rounds: 5)
        #expect(ably == [.zero] + Array(repeating: .seconds(1), count: 4))
        let stable = Self.acceptThenDrop(try Self.policy("partysocket"), close: .abnormal, rounds: 4)
        #expect(stable == [3_000, 3_900, 5_070, 6_591].map { .milliseconds($0) })
    }

    // MARK: 6

    @Test("grpc-js multiplies what it drew and walks at random; grpc-go with the same parameters does not")
    func compounding() throws {
        let go = Self.retries(try Self.policy("grpc-go"), 6, [0]).map { $0.delay.seconds }
        let walk = Self.retries(try Self.policy("grpc-js"), 6, [0]).map { $0.delay.seconds }
        #expect(go == [1, 1.28, 2.048, 3.276_8, 5.242_88, 8.388_608])
        #expect(walk == [1, 1.28, 1.638_4, 2.097_152, 2.684_354_56, 3.435_973_837])
    }

    // MARK: 7

    @Test("Socket.IO's 1016th retry has no wait for half the draws, after 84 minutes of failures")
    func overflow() throws {
        let policy = try Self.policy("socket-io")
        let waits = (0..<10).map { digit -> (before: Interval, at: Interval, elapsed: Interval) in
            let retries = Self.retries(policy, 1_016, [(Double(digit) + 0.5) / 10])
            return (retries[1_014].delay, retries[1_015].delay, retries[1_014].elapsed)
        }
        #expect(waits.map(\.before) == Array(repeating: .seconds(5), count: 10))
        #expect(waits.map(\.at) == (0..<10).map { $0.isMultiple(of: 2) ? .zero : .seconds(5) })
        #expect(waits.allSatisfy { $0.elapsed > .minutes(84) && $0.elapsed < .minutes(85) })
    }

    // MARK: 8

    @Test(
        "an attempt that hangs is never replaced where there is no connect timeout",
        arguments: [
            "phoenix-js", "swift-phoenix-client", "supabase-realtime-js", "supabase-swift", "action-cable",
            "y-websocket", "y-websocket-4", "graphql-ws", "sockette", "slack-socket-mode",
        ]
    )
    func hangs(name: String) throws {
        let client = TestClient(try Self.policy(name))
        client.start(at: 0)
        while client.nextDeadline < at(86_400) { client.advance(to: client.nextDeadline) }
        client.advance(to: 86_400)
        #expect(client.phase == .connecting && client.client.supervisor.generation == 1)
    }

    @Test(
        "an attempt that hangs fails where there is one",
        arguments: [
            ("reconnecting-websocket", 4), ("partysocket", 4), ("socket-io", 20), ("centrifuge-js", 5),
            ("mqtt-js", 30), ("ably-js", 20), ("python-websockets", 10), ("grpc-go", 20), ("ioredis", 10),
            ("node-redis", 5), ("kafkajs", 1),
        ] as [(String, Double)]
    )
    func doesNotHang(name: String, seconds: Double) throws {
        let client = TestClient(try Self.policy(name))
        client.start(at: 0)
        #expect(client.nextDeadline == at(seconds))
        #expect(client.advance(to: seconds).first == .closeTransport(generation: 1, close: .abnormal))
    }

    // MARK: 11

    @Test(
        "four libraries give up before a restart of a minute is over",
        arguments: [
            ("signalr-js", 42, 42, 4), ("nats-js", 18, 18.9, 10), ("graphql-ws", 32.5, 46, 5),
            ("livekit-js", 44, 52, 10),
        ] as [(String, Double, Double, UInt32)]
    )
    func givesUpEarly(name: String, shortest: Double, longest: Double, retries: UInt32) throws {
        for (uniform, bound) in [(0, shortest), (Self.almostOne, longest)] {
            let client = TestClient.connected(try Self.policy(name), uniforms: [uniform])
            client.lost(1, at: 100)
            var generation: UInt32 = 1
            while client.phase == .waiting {
                client.advance(to: client.nextDeadline)
                generation += 1
                client.lost(generation, at: client.now)
            }
            #expect(client.phase == .exhausted)
            #expect(generation == 1 + retries)
            #expect(abs((client.now - at(100)).seconds - bound) <= 0.01)
        }
    }

    // MARK: 14

    @Test("± 3 % of 100 ms spreads a fleet over 6 ms", arguments: ["async-http-client", "postgres-nio"])
    func tooLittleJitter(name: String) throws {
        #expect(try Self.spread(name, retry: 1, between: [0, Self.almostOne]) == .milliseconds(6))
    }
}
