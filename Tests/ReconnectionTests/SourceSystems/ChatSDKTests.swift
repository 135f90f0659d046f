import MonotonicTime
import Reconnection
import Testing

/// The chat SDK's connection and queue, row by row: as wanted and as shipped.
///
/// Retry by error class, request deduplication, network quality, token refresh, background work and the breakers by
/// themselves are machines of their own, with tests of their own.
@Suite struct ChatSDKTests {
    private static func messages(_ actions: [ClientAction]) -> [ClientAction] {
        actions.filter {
            switch $0 {
            case .sendMessage, .messageAcknowledged, .messageFailed, .messageDiscarded: true
            default: false
            }
        }
    }

    private static func message(_ key: Outbox.Key, _ offered: Double, resend: UInt32 = 0, on generation: UInt32 = 1)
        -> ClientAction
    {
        .sendMessage(generation: generation, key: key, offeredAt: at(offered), resend: resend)
    }

    // MARK: 4.7 Connection

    @Test(
        "full jitter above a minimum: min(max, 100 + rand(0, min(2000, 100 · 2^k)))",
        arguments: [
            (0.0, [100, 100, 100, 100, 100, 100, 100]),
            (0.5, [150, 200, 300, 500, 900, 1_100, 1_100]),
            (0.99, [199, 298, 496, 892, 1_684, 2_000, 2_000]),
        ] as [(Double, [Int64])]
    )
    func delays(uniform: Double, milliseconds: [Int64]) throws {
        for name in ["chat-sdk", "chat-sdk-as-built"] {
            var random = RepeatingRandomSource([uniform])
            let retries = RetrySchedule(try named(name), count: 7, random: &random).retries
            #expect(retries.map(\.delay) == milliseconds.map { .milliseconds($0) }, "\(name)")
        }
    }

    @Test("a healthy server takes a client back within two seconds of its loss")
    func reconnectTarget() throws {
        for uniform in [0.0, 0.5, 0.999] {
            let story = Story(try named("chat-sdk"), server: .accepts(after: .milliseconds(300)), uniforms: [uniform])
            story.start()
            story.run(until: 10)
            story.dropAll()
            story.run(until: 12)
            #expect(story.client.phase == .connected)
            #expect(story.attempts.count == 2)
        }
    }

    @Test(
        "the limit of ten is never read as shipped, and there is none as wanted",
        arguments: ["chat-sdk", "chat-sdk-as-built"]
    )
    func noLimit(name: String) throws {
        var random = RepeatingRandomSource([0.5])
        #expect(RetrySchedule(try named(name), count: 500, random: &random).retries.count == 500)
    }

    // MARK: 4.3 Breaker round the socket

    @Test("three failures in a row open it for 10 s and up to a fifth more; one probe, which closes it")
    func breaker() throws {
        let story = try Story(preset: "chat-sdk", server: .refuses(after: .zero), uniforms: [0.5])
        story.start()
        story.run(until: 11.3)
        #expect(story.attempts == [0, 0.15, 0.35])
        #expect(story.trips == [0.35])
        story.server = .accepts(after: .zero)
        story.run(until: 11.35)
        #expect(story.attempts.last == 11.35)
        #expect(story.client.phase == .connected)
        #expect(story.times { $0 == .breakerClosed } == [11.35])
    }

    @Test("as shipped no breaker is used: a dead server is tried ten times in nine seconds, and on")
    func noBreaker() throws {
        let story = try Story(preset: "chat-sdk-as-built", server: .refuses(after: .zero), uniforms: [0.5])
        story.start()
        story.run(until: 60)
        #expect(story.trips == [])
        // 150, 200, 300, 500, 900 ms, then every 1.1 s.
        #expect(story.attempts.count == 6 + Int((60 - 2.05) / 1.1))
    }

    // MARK: 4.2 Offline queue

    @Test("sent while offline, it goes out by itself when the connection is back, in order, once")
    func offlineSend() throws {
        let story = try Story(preset: "chat-sdk", server: .accepts(after: .milliseconds(100)))
        story.start()
        story.run(until: 1)
        story.tell { $0.network(false, at: 1) }
        for _ in 0..<3 { story.tell { $0.send(at: 1) } }
        #expect(Self.messages(story.record.map(\.action)) == [])
        story.run(until: 6)
        story.tell { $0.network(true, at: 6) }
        story.run(until: 7)
        #expect(Self.messages(story.record.map(\.action)) == [1, 2, 3].map { Self.message($0, 1, on: 2) })
    }

    @Test("a lost reply: the same key goes out again, so that the server can refuse the duplicate")
    func lostReply() throws {
        let client = TestClient.connected(try named("chat-sdk"))
        client.send(at: 0)
        client.lost(1, at: 1)
        client.advance(to: client.nextDeadline)
        #expect(Self.messages(client.opened(2, at: client.now.seconds)) == [Self.message(1, 0, on: 2)])
        #expect(Self.messages(client.acknowledged(1, at: 2)) == [.messageAcknowledged(key: 1)])
        #expect(client.acknowledged(1, at: 2) == [])
    }

    @Test("a permanent failure is announced once, at the failure that ends it")
    func permanentFailure() throws {
        let client = TestClient.connected(try named("chat-sdk"), uniforms: [0])
        client.send(at: 0)
        var failed: [Double] = []
        while failed.isEmpty {
            client.answerBeats()
            for case .messageFailed(key: 1, cause: .retriesExhausted) in client.advance(to: client.nextDeadline) {
                failed.append(client.now.seconds)
            }
        }
        // Six tries, an acknowledgement of each missing for five seconds, no wait at U = 0.
        #expect(failed == [30])
        #expect(client.client.outbox.entries.isEmpty)
    }

    @Test("as shipped all entries go out at once, five tries a message, d + 0.5 · d · U between them")
    func shippedQueue() throws {
        let client = TestClient(try named("chat-sdk-as-built"))
        client.start(at: 0)
        for _ in 0..<10 { client.send(at: 0) }
        #expect(Self.messages(client.opened(1, at: 0)).count == 10)
        let backoff = client.policy.outbox.retry
        var random = RepeatingRandomSource([0.5])
        let waits = (0..<9).map { backoff.delay(beforeRetry: $0, previous: nil, random: &random) }
        #expect(
            waits == [125, 250, 500, 1_000, 2_000, 4_000, 8_000, 12_500, 12_500].map { Interval.milliseconds($0) }
        )
        #expect(client.policy.outbox.retryLimit == 4)
    }

    // MARK: Offline gate and heartbeat

    @Test("no attempt while the system says offline; the online event connects at once")
    func gate() throws {
        let story = try Story(preset: "chat-sdk", server: .accepts(after: .milliseconds(100)))
        story.start()
        story.run(until: 5)
        story.tell { $0.network(false, at: 5) }
        story.run(until: 100)
        #expect(story.attempts == [0])
        story.tell { $0.network(true, at: 100) }
        #expect(story.attempts == [0, 100])
    }

    @Test("a silent connection is noticed by the first beat without an answer: at most 15 s after the last exchange")
    func silence() throws {
        let story = try Story(preset: "chat-sdk", server: .accepts(after: .zero), uniforms: [0.5])
        story.answersBeats = false
        story.start()
        // The first beat after half the interval, its answer overdue five seconds later, then 150 ms.
        story.run(until: 10.15)
        #expect(story.attempts == [0, 10.15])
    }

    @Test("an expired token blocks until it is renewed, and the retry counter starts over")
    func token() throws {
        let client = TestClient.connected(try named("chat-sdk"))
        #expect(client.lost(1, .policyViolation, at: 900).contains(.credentialsNeeded))
        #expect(client.phase == .blocked)
        #expect(client.credentialsRenewed(at: 901).last == .openTransport(generation: 2))
        #expect(client.client.supervisor.retryCount == 0)
    }
}
