import MonotonicTime
import Testing

@testable import Reconnection

/// Where a short way is open, and what closes it: each case is the open one with one thing changed.
@Suite struct ShortWayRefusalTests {
    private static let plain = PlainPolicies.plain

    /// Whether a way is short for a client as it stands; that it then ends as it should is judged beside it.
    private static func isShort(_ way: ShortWay, _ client: TestClient, at seconds: Double) throws -> Bool {
        let judge = ShortWayJudge(client.policy)
        return try judge.judge(way, client.client, at: at(seconds), random: SplitMix(state: 7))
    }

    /// Whether both ways of an attempt are short: it fails at 0 s, and its retry is due half a second later.
    private static func takesRetries(_ policy: ClientPolicy) throws -> (fails: Bool, begins: Bool) {
        let client = TestClient(policy)
        client.start(at: 0)
        let fails = try isShort(.failRetry(generation: 1), client, at: 0)
        client.lost(1, at: 0)
        let due = client.client.supervisor.nextAttempt
        return (fails, try isShort(.beginRetry, client, at: due < .distantFuture ? due.seconds : 0.5))
    }

    // MARK: Policies

    @Test(
        "a policy with any of these has no plain retries",
        arguments: PlainPolicies.closed.indices
    )
    func policies(index: Int) throws {
        let (name, policy) = PlainPolicies.closed[index]
        let taken = try Self.takesRetries(policy)
        #expect(taken == (false, false), "\(name)")
        let arePlain = PlainRetries(policy).arePlain
        #expect(!arePlain, "\(name)")
    }

    @Test(
        "none of these is in the way",
        arguments: PlainPolicies.open.indices
    )
    func openPolicies(index: Int) throws {
        let (name, policy) = PlainPolicies.open[index]
        let taken = try Self.takesRetries(policy)
        #expect(taken == (true, true), "\(name)")
    }

    // MARK: Retries

    /// A client whose first attempt has failed at 0 s: its retry is due at 0.5 s.
    private static func waiting(_ policy: ClientPolicy = plain) -> TestClient {
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        return client
    }

    @Test("an attempt is begun that is due, and nothing else with it")
    func begin() throws {
        let client = Self.waiting()
        #expect(try !Self.isShort(.beginRetry, client, at: 0.499))
        #expect(try Self.isShort(.beginRetry, client, at: 0.5))
        #expect(try Self.isShort(.beginRetry, client, at: 99))
        client.send(at: 0)
        #expect(try Self.isShort(.beginRetry, client, at: 119))
        #expect(try !Self.isShort(.beginRetry, client, at: 120), "a message expires")
        client.advance(to: 0.5)
        #expect(try !Self.isShort(.beginRetry, client, at: 30.5), "what is due is the end of an attempt")
        client.opened(2, at: 1)
        #expect(try !Self.isShort(.beginRetry, client, at: 11), "connected")
        #expect(try !Self.isShort(.beginRetry, TestClient(Self.plain), at: 9), "stopped")
        let forGood = ShortWayJudge(Self.plain)
        #expect(try !forGood.judge(.beginRetry, ReconnectingClient(), at: .distantFuture, random: SplitMix(state: 0)))
    }

    @Test("what few clients need closes the ways of retries for good")
    func rareState() throws {
        let client = Self.waiting()
        client.wake(until: 0.1, at: 0)
        client.advance(to: 0.2)
        #expect(try !Self.isShort(.beginRetry, client, at: 0.5))
        client.advance(to: 0.5)
        #expect(client.phase == .connecting)
        #expect(try !Self.isShort(.failRetry(generation: 2), client, at: 0.6))
    }

    @Test("a breaker that is open, half-open or about to open is asked the general way")
    func breaker() throws {
        let client = Self.waiting()
        client.advance(to: 0.5)
        #expect(try Self.isShort(.failRetry(generation: 2), client, at: 0.5), "the second failure of three")
        client.lost(2, at: 0.5)
        client.advance(to: 1.5)
        #expect(try !Self.isShort(.failRetry(generation: 3), client, at: 1.5), "the third opens it")
        client.lost(3, at: 1.5)
        #expect(client.client.supervisor.breaker.state == .open(until: at(5.5)))
        #expect(try !Self.isShort(.beginRetry, client, at: 5.5), "open, and over")
        client.advance(to: 5.5)
        #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 1, successes: 0))
        #expect(try !Self.isShort(.failRetry(generation: 4), client, at: 5.6), "a probe")
        // Half-open with a wait: the probe was given back.
        client.client.supervisor.breaker.cancelPermission(epoch: client.client.supervisor.breaker.epoch)
        let other = Self.waiting()
        other.client.supervisor.breaker = client.client.supervisor.breaker
        #expect(try !Self.isShort(.beginRetry, other, at: 0.5), "half-open")
    }

    @Test("a failure of another epoch is none of the breaker's")
    func epoch() throws {
        let client = TestClient(Self.plain)
        client.start(at: 0)
        #expect(try Self.isShort(.failRetry(generation: 1), client, at: 0))
        client.client.supervisor.breakerEpoch &+= 1
        #expect(try !Self.isShort(.failRetry(generation: 1), client, at: 0))
    }

    @Test("only the attempt under way fails by the short way")
    func fail() throws {
        let client = Self.waiting()
        #expect(try !Self.isShort(.failRetry(generation: 1), client, at: 0), "it has failed already")
        client.advance(to: 0.5)
        #expect(try Self.isShort(.failRetry(generation: 2), client, at: 0.5))
        #expect(try Self.isShort(.failRetry(generation: 2), client, at: 40), "its timeout has passed unnoticed")
        for generation in [0, 1, 3, UInt32.max] {
            #expect(try !Self.isShort(.failRetry(generation: generation), client, at: 0.5))
        }
        client.opened(2, at: 1)
        #expect(try !Self.isShort(.failRetry(generation: 2), client, at: 1), "a connection is lost")
        let closing = TestClient.connected(Self.plain.with { $0.closingTimeout = .seconds(1) })
        closing.stop(at: 1)
        #expect(closing.phase == .closing)
        #expect(try !Self.isShort(.failRetry(generation: 1), closing, at: 1), "closed as asked")
    }

    @Test("a failure beyond the retry limit, or beyond 64 retries, goes the general way")
    func limits() throws {
        for (limit, isLimited) in [(1, true), (2, false)] {
            let client = Self.waiting(Self.plain.with { $0.retryLimit = limit })
            client.advance(to: 0.5)
            #expect(try Self.isShort(.failRetry(generation: 2), client, at: 0.5) == !isLimited)
        }
        let never = TestClient(Self.plain.with { $0.retryLimit = -1 })
        never.start(at: 0)
        #expect(try !Self.isShort(.failRetry(generation: 1), never, at: 0))
        let client = TestClient(Self.plain.with { $0.breaker = nil })
        client.start(at: 0)
        for retry in 0..<66 {
            let generation = UInt32(retry + 1)
            #expect(client.client.supervisor.retryCount == retry)
            let isShort = try Self.isShort(.failRetry(generation: generation), client, at: client.now.seconds)
            #expect(isShort == (retry < 64), "retry \(retry)")
            client.lost(generation, at: client.now)
            client.advance(to: client.nextDeadline)
        }
    }

    // MARK: Beats

    /// What is due at 10 s on a connection opened at 0 s, whose only beat is due then.
    private static func beats(_ policy: ClientPolicy, _ prepare: (TestClient) -> Void = { _ in }) throws -> Bool {
        let client = TestClient.connected(policy)
        prepare(client)
        return try isShort(.beat, client, at: 10)
    }

    @Test("a beat is sent by the short way if nothing else is due")
    func beat() throws {
        #expect(try Self.beats(Self.plain))
        #expect(try Self.beats(Self.plain) { $0.send(at: 9.9) })
        #expect(try Self.beats(Self.plain.with { $0.heartbeat?.replyTimeout = .max }))
        // A beat below a millisecond, and several that were slept through.
        #expect(try Self.beats(Self.plain.with { $0.heartbeat?.interval = .microseconds(1) }))
        #expect(try Self.beats(Self.plain.with { $0.heartbeat?.interval = .seconds(3) }))
        #expect(try !Self.isShort(.beat, TestClient.connected(Self.plain), at: 9.999), "too early")
    }

    @Test(
        "a beat goes the general way with anything else that is due",
        arguments: PlainPolicies.withoutBeat.indices
    )
    func noBeat(index: Int) throws {
        let (name, policy) = PlainPolicies.withoutBeat[index]
        #expect(try !Self.beats(policy), "\(name)")
    }

    @Test("so it does when a client has more to do than its policy tells")
    func noBeatInState() throws {
        #expect(try !Self.beats(Self.plain) { $0.send(at: 0) }, "an acknowledgement is overdue")
        let shortLived = Self.plain.with {
            ($0.outbox.timeToLive, $0.outbox.acknowledgementTimeout) = (.seconds(5), .minutes(1))
        }
        #expect(try Self.beats(shortLived))
        #expect(try !Self.beats(shortLived) { $0.send(at: 5) }, "a message expires")
        #expect(
            try !Self.beats(Self.plain) {
                $0.send(at: 1)
                $0.rejected(1, isRetryable: true, at: 1)
            },
            "a message is to be sent again"
        )
        #expect(try !Self.beats(Self.plain) { $0.wake(until: 10, at: 1) }, "the app goes to sleep")
        #expect(try Self.beats(Self.plain) { $0.wake(until: 10.001, at: 1) })
        #expect(try !Self.beats(Self.plain) { $0.lost(1, at: 1) }, "not connected")
        let client = TestClient.connected(Self.plain)
        client.advance(to: 10)
        #expect(try !Self.isShort(.beat, client, at: 20), "the reply is overdue")
        client.answered(1, beat: 1, at: 11)
        #expect(try Self.isShort(.beat, client, at: 20))
        let group = TestClient(Self.plain.with { $0.group = ConnectionGroupPolicy(members: 2, grace: .seconds(5)) })
        group.start(at: 0)
        group.opened(1, member: 0, at: 0)
        group.opened(1, member: 1, at: 0)
        #expect(try Self.isShort(.beat, group, at: 10))
        group.lost(1, member: 1, at: 5)
        #expect(try !Self.isShort(.beat, group, at: 10), "the group is lost")
    }

    // MARK: Messages

    @Test("a message is sent at once where nothing is in its way")
    func send() throws {
        let client = TestClient.connected(Self.plain)
        for _ in 0..<3 {
            #expect(try Self.isShort(.sendAtOnce, client, at: 1))
            client.send(at: 1)
        }
        #expect(try !Self.isShort(.sendAtOnce, client, at: 1), "the window is full")
        client.acknowledged(2, at: 2)
        #expect(try Self.isShort(.sendAtOnce, client, at: 2))
        client.rejected(3, isRetryable: true, at: 2)
        #expect(try !Self.isShort(.sendAtOnce, client, at: 2), "one waits to be sent again")
        client.advance(to: 4)
        #expect(client.client.outbox.underWay == 2)
        #expect(try !Self.isShort(.sendAtOnce, client, at: 4), "one has failed before")
        #expect(try !Self.isShort(.sendAtOnce, Self.waiting(), at: 0), "not connected")
        #expect(try !Self.isShort(.sendAtOnce, TestClient(Self.plain), at: 0), "stopped")
    }

    @Test(
        "a full outbox, or one for nothing, is asked the general way",
        arguments: [(3, 2, 2), (2, 9, 2), (0, 9, 0), (3, 0, 0), (-1, 9, 0), (3, -1, 0), (1, 1, 1)]
            as [(window: Int, capacity: Int, count: Int)]
    )
    func full(window: Int, capacity: Int, count: Int) throws {
        for overflow in [OutboxPolicy.Overflow.rejectNewest, .dropOldest] {
            let client = TestClient.connected(
                Self.plain.with {
                    ($0.outbox.window, $0.outbox.capacity) = (window, capacity)
                    $0.outbox.overflow = overflow
                }
            )
            for _ in 0..<count {
                #expect(try Self.isShort(.sendAtOnce, client, at: 1))
                client.send(at: 1)
            }
            #expect(try !Self.isShort(.sendAtOnce, client, at: 1))
        }
    }

    @Test("the oldest message is acknowledged by the short way, unless another waits for its place")
    func acknowledge() throws {
        let client = TestClient.connected(Self.plain)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 1), client, at: 1), "none is held")
        for _ in 0..<3 { client.send(at: 1) }
        #expect(try Self.isShort(.acknowledgeOldest(key: 1), client, at: 1))
        for key in [0, 2, 3, 4, Outbox.Key.max] {
            #expect(try !Self.isShort(.acknowledgeOldest(key: key), client, at: 1), "not the oldest")
        }
        client.send(at: 1)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 1), client, at: 1), "another waits for its place")
        client.acknowledged(1, at: 2)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 1), client, at: 2), "gone")
        #expect(try Self.isShort(.acknowledgeOldest(key: 2), client, at: 2))
        client.rejected(4, isRetryable: true, at: 2)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 2), client, at: 2), "one waits to be sent again")
        client.advance(to: 4)
        #expect(client.client.outbox.underWay == 3)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 2), client, at: 4), "one has failed before")
        client.lost(1, at: 5)
        #expect(client.client.outbox.oldestKey == 2)
        #expect(try !Self.isShort(.acknowledgeOldest(key: 2), client, at: 5), "not connected")
    }
}
