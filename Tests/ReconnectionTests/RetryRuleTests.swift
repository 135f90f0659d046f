import MonotonicTime
import Reconnection
import Testing

/// From when waits count, how long outages may last, and rules of one's own.
@Suite struct RetryRuleTests {
    private static let doubling = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)

    private static func fixed(_ seconds: Int64) -> Backoff { Backoff(growth: .fixed(.seconds(seconds))) }

    @Test("waits from the start of the attempt are over sooner after a slow failure, and over at once after a long one")
    func fromAttemptStart() {
        let client = TestClient(ClientPolicy(backoff: Self.fixed(10)).with { $0.waitsFrom = .attemptStart })
        client.start(at: 0)
        #expect(client.lost(1, at: 4) == [.retry(10, 0), .phase(.connecting, .waiting)])
        client.advance(to: 10)
        #expect(client.lost(2, at: 20).first == .retry(20, 1))
        client.advance(to: 20)
        client.opened(3, at: 21)
        #expect(client.lost(3, at: 25).first == .retry(30, 0))
        client.advance(to: 30)
        client.opened(4, at: 31)
        #expect(client.lost(4, at: 1_000).first == .retry(1_000, 0))
    }

    // MARK: After a drop

    @Test(
        "the first retry after a drop has its own wait, at the distance asked for from the last such retry",
        arguments: [(0.4, 1.0), (1, 1), (1.001, 1.001), (5, 5)] as [(Double, Double)]
    )
    func afterDrop(lostAt: Double, due: Double) {
        for counts in [false, true] {
            let client = TestClient.connected(
                ClientPolicy(backoff: Self.doubling).with {
                    $0.afterDrop = ClientPolicy.DropRetry(delay: .zero, counts: counts, spacing: .seconds(1))
                }
            )
            // The first of all has nothing to keep its distance from.
            #expect(client.lost(1, at: 0) == [.retry(0, 0), .phase(.connected, .waiting)])
            client.advance(to: 0)
            client.opened(2, at: 0)
            #expect(client.lost(2, at: lostAt) == [.retry(due, 0), .phase(.connected, .waiting)])
            client.advance(to: due)
            // The attempt fails: the backoff's first delay, or its second where the drop counted.
            #expect(client.lost(3, at: due).first == .retry(due + (counts ? 2 : 1), counts ? 1 : 0))
        }
    }

    @Test("the wait after a drop is the longer of its own and the server's hint, and a pause goes before both")
    func afterDropAndHint() {
        let policy = ClientPolicy(
            backoff: Self.doubling,
            closeRules: [CloseRule(codes: 1013...1013, response: .pause(from: .seconds(20), to: .seconds(20)))],
            retryAfter: .honour(jitterFraction: 0)
        ).with { $0.afterDrop = ClientPolicy.DropRetry(delay: .seconds(3)) }
        for (close, due, count) in [
            (Close(code: 1012, retryAfter: .seconds(7)), 12, 0), (Close(code: 1012, retryAfter: .seconds(2)), 8, 0),
            (Close(code: 1013, retryAfter: .seconds(7)), 25, 1),
        ] as [(Close, Double, UInt32)] {
            let client = TestClient.connected(policy)
            #expect(client.lost(1, close, at: 5).first == .retry(due, 0))
            #expect(client.client.supervisor.retryCount == count)
        }
    }

    // MARK: Long outages

    private static let ably = ClientPolicy(
        backoff: Backoff(growth: .fixed(.seconds(15)), jitter: .subtractive(fraction: 0.2)),
        connectTimeout: .seconds(10)
    ).with { $0.suspension = ClientPolicy.Suspension(after: .seconds(120), retryEvery: .seconds(30)) }

    @Test(
        "after two minutes all clients try in step, whatever they drew",
        arguments: [[0], [0.5], [0.1, 0.7, 0.3, 0.95]],
        [true, false]
    )
    func suspension(uniforms: [Double], wasConnected: Bool) {
        let client = TestClient(Self.ably, uniforms: uniforms)
        client.start(at: 0)
        if wasConnected { client.opened(1, at: 0) }
        client.lost(1, at: 0)
        var attempts: [Instant] = []
        while client.nextDeadline <= at(230) {
            for case .openTransport(let generation) in client.advance(to: client.nextDeadline) {
                attempts.append(client.now)
                client.lost(generation, at: client.now)
            }
        }
        #expect(attempts.filter { $0 > at(119) } == [at(150), at(180), at(210)])
        #expect(client.client.supervisor.isSuspended)
    }

    @Test("an attempt under way when the suspension begins is dropped, and one that opens ends it")
    func suspensionDropsAttempt() {
        let client = TestClient(Self.ably.with { $0.connectTimeout = .max })
        client.start(at: 0)
        #expect(client.nextDeadline == at(120))
        #expect(client.advance(to: at(120) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 120) == [.close(1), .retry(150, 0), .phase(.connecting, .waiting)])
        client.advance(to: 150)
        client.opened(2, at: 160)
        #expect(!client.client.supervisor.isSuspended)
        // U = 0.5 makes 13.5 s of 15.
        #expect(client.lost(2, at: 200).first == .retry(213.5, 0))
        client.advance(to: 213.5)
        #expect(client.nextDeadline == at(320))
    }

    @Test("whatever starts the counter over gives a suspended client a new outage", arguments: ["retry", "blocked"])
    func newOutage(by cause: String) {
        let client = TestClient(Self.ably)
        client.start(at: 0)
        client.lost(1, at: 0)
        while client.nextDeadline <= at(120) {
            client.advance(to: client.nextDeadline)
        }
        #expect(client.client.supervisor.isSuspended)
        if cause == "retry" {
            client.retryNow(at: 130)
        } else {
            client.credentialsWithdrawn(at: 125)
            client.credentialsRenewed(at: 130)
        }
        #expect(client.phase == .connecting)
        #expect(!client.client.supervisor.isSuspended)
        client.lost(client.client.supervisor.generation, at: 131)
        #expect(client.nextDeadline == at(144.5))
    }

    @Test("a suspension whose time passed unnoticed has begun, and throws away no attempt that is made later")
    func suspensionUnnoticed() {
        // Under a poll loop and after giving up nothing is scheduled that would notice the time.
        let client = TestClient(
            Self.ably.with {
                $0.retryLimit = 0
                $0.reset.onManualRetry = false
            }
        )
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.phase == .exhausted)
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.retryNow(at: 500) == [.phase(.exhausted, .connecting), .open(2)])
        #expect(client.client.supervisor.isSuspended)
        #expect(client.nextDeadline == at(510))
        let polled = TestClient(Self.ably.with { $0.pollLoop = PollLoopPolicy() }, uniforms: [0])
        polled.start(at: 0)
        polled.lost(1, at: 0)
        while polled.nextDeadline < at(120) {
            polled.advance(to: polled.nextDeadline)
            polled.lost(polled.client.supervisor.generation, at: polled.now)
        }
        #expect(polled.nextDeadline == at(120))
        #expect(!polled.client.supervisor.isSuspended)
        polled.advance(to: 120)
        #expect(polled.client.supervisor.isSuspended)
    }

    @Test("a client gives up rather than retry later than its limit after the outage began, in either count")
    func elapsedLimit() {
        for (limit, retries) in [(8_000_000_000, 2), (7_999_999_999, 1), (12_000_000_000, 3)] as [(Int64, Int)] {
            let client = TestClient(
                ClientPolicy(backoff: Self.fixed(4)).with { $0.elapsedLimit = .nanoseconds(limit) }
            )
            client.start(at: 0)
            var made = 0
            while client.lost(UInt32(made + 1), at: client.now).last != .gaveUp {
                client.advance(to: client.nextDeadline)
                made += 1
            }
            #expect(made == retries)
            #expect(client.phase == .exhausted)
            #expect(client.nextDeadline == .distantFuture)
            // By hand the clock starts anew, with the counter.
            client.retryNow(at: 100)
            #expect(client.lost(UInt32(made + 2), at: 100).first == .retry(104, 0))
        }
    }

    @Test("a first wait begins the outage: no limit is reached and no suspension due before it")
    func waitsBeforeTheFirstAttempt() {
        let client = TestClient(
            Self.ably.with {
                $0.startsAfterBackoff = true
                $0.elapsedLimit = .seconds(20)
            },
            uniforms: [0]
        )
        #expect(client.start(at: 7) == [.retry(22, 0), .phase(.stopped, .waiting)])
        #expect(client.advance(to: 21) == [])
        #expect(client.advance(to: 22) == [.phase(.waiting, .connecting), .open(1)])
        // 15 s more would be 30 s after the beginning.
        #expect(client.lost(1, at: 22) == [.phase(.connecting, .exhausted), .gaveUp])
    }

    @Test("a client that waits before its first attempt has used its first delay")
    func startsAfterBackoff() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling).with { $0.startsAfterBackoff = true })
        #expect(client.start(at: 0) == [.retry(1, 0), .phase(.stopped, .waiting)])
        client.advance(to: 1)
        #expect(client.lost(1, at: 1).first == .retry(3, 1))
    }

    @Test("a first connection that is not retried gives up at once; one that was lost is retried")
    func firstConnect() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling).with { $0.retriesFirstConnect = false })
        client.start(at: 0)
        #expect(client.lost(1, at: 1) == [.phase(.connecting, .exhausted), .gaveUp])
        client.start(at: 2)
        client.opened(2, at: 2)
        #expect(client.lost(2, at: 3).first == .retry(4, 0))
        client.advance(to: 4)
        #expect(client.lost(3, at: 4).first == .retry(6, 1))
        // A new start is a new first connection.
        client.stop(at: 5)
        client.start(at: 5)
        #expect(client.lost(4, at: 5) == [.phase(.connecting, .exhausted), .gaveUp])
    }

    @Test("a failure more than the quiet time after the last one resets the counter, one exactly so long does not")
    func afterQuiet() {
        let policy = ClientPolicy(backoff: Self.doubling, reset: .init(afterSuccess: .afterQuiet(.seconds(10))))
        for (extra, retry, wait) in [(Int64(0), UInt32(2), 4.0), (1, 0, 1)] {
            let client = TestClient(policy)
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 1)
            #expect(client.lost(2, at: 1).first == .retry(3, 1))
            client.advance(to: 3)
            client.opened(3, at: 4)
            #expect(client.client.supervisor.retryCount == 2)
            let end = at(11) + .nanoseconds(extra)
            #expect(
                client.lost(3, at: end).first == .retryScheduled(at: end + Interval(seconds: wait), retry: retry)
            )
        }
    }

    // MARK: A strategy of one's own

    /// Waits U · (1 + its memory) seconds, raises its memory, and gives up after three; drops wait for nothing.
    private struct Climbing: RetryStrategy {
        func decision(
            after failure: RetryFailure,
            memory: inout RetryStrategyMemory,
            random: inout some RandomSource
        ) -> RetryDecision {
            guard !failure.wasConnected else { return .wait(.seconds(-1)) }
            guard failure.retry < 3, failure.close.code != 4000, failure.elapsed < .seconds(100) else { return .giveUp }
            memory.value += 1
            return .wait(Interval(seconds: memory.value * random.nextUniform()))
        }
    }

    private static let climbing = ClientPolicy(backoff: doubling).with {
        $0.strategy = CustomRetryStrategy("climbing", Climbing())
    }

    @Test("a strategy of one's own remembers, draws and gives up, and starts over with the counter")
    func strategy() {
        let client = TestClient(Self.climbing)
        client.start(at: 0)
        #expect(client.lost(1, at: 0).first == .retry(0.5, 0))
        client.advance(to: 0.5)
        #expect(client.lost(2, at: 0.5).first == .retry(1.5, 1))
        client.advance(to: 1.5)
        #expect(client.lost(3, at: 1.5).first == .retry(3, 2))
        client.advance(to: 3)
        #expect(client.lost(4, at: 3) == [.phase(.connecting, .exhausted), .gaveUp])
        #expect(client.random.draws == 3)
        client.start(at: 10)
        #expect(client.lost(5, at: 10).first == .retry(10.5, 0))
        client.advance(to: 10.5)
        client.opened(6, at: 11)
        // Less than no wait is none; it draws nothing.
        #expect(client.lost(6, at: 12).first == .retry(12, 0))
        client.advance(to: 12)
        #expect(client.lost(7, Close(code: 4000), at: 12) == [.phase(.connecting, .exhausted), .gaveUp])
        #expect(client.random.draws == 4)
    }

    @Test("limits and close rules hold for a strategy, too; equal names are equal strategies")
    func strategyWithinRules() {
        let client = TestClient(
            Self.climbing.with {
                $0.retryLimit = 1
                $0.closeRules = [CloseRule(codes: 1013...1013, response: .pause(from: .seconds(9), to: .seconds(9)))]
            }
        )
        client.start(at: 0)
        #expect(client.lost(1, .tryAgainLater, at: 0).first == .retry(9, 0))
        client.advance(to: 9)
        #expect(client.lost(2, at: 9) == [.phase(.connecting, .exhausted), .gaveUp])
        #expect(Self.climbing.strategy == CustomRetryStrategy("climbing", Climbing()))
        #expect(Self.climbing.strategy != CustomRetryStrategy("other", Climbing()))
    }
}
