import MonotonicTime
import Reconnection
import Testing

/// A client that looks whether its connection is stale, instead of waiting after a loss.
@Suite struct PollLoopTests {
    private static let policy = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))))
        .with { $0.pollLoop = PollLoopPolicy() }

    @Test(
        "periods grow by 15 % with each stale look, and the first is spread over its whole length",
        arguments: [
            (0, [6_000, 12_000, 18_900, 26_835, 35_960.25]), (0.5, [9_000, 16_417.5, 24_947.625]),
        ] as [(Double, [Double])]
    )
    func periods(uniform: Double, looks: [Double]) {
        let client = TestClient(Self.policy, uniforms: [uniform])
        client.start(at: 0)
        for milliseconds in looks {
            #expect(client.nextDeadline == Instant(Interval(seconds: milliseconds / 1_000)))
            // An attempt that hangs is never replaced, however stale.
            #expect(client.advance(to: client.nextDeadline) == [])
        }
        #expect(client.phase == .connecting)
        #expect(client.random.draws == looks.count + 1)
    }

    @Test("periods stop growing after ten stale looks")
    func longestPeriod() {
        let client = TestClient(Self.policy, uniforms: [0])
        client.start(at: 0)
        for _ in 0..<40 { client.advance(to: client.nextDeadline) }
        // 1.15 multiplied ten times: 4.0455577357079067.
        #expect(client.nextDeadline - client.now == .nanoseconds(24_273_346_414))
    }

    @Test("a look exactly six seconds after the last sign finds nothing; one a nanosecond later finds it stale")
    func staleness() {
        for (heardAt, isStale) in [(at(6), false), (at(6) - .nanoseconds(1), true)] {
            let client = TestClient(Self.policy, uniforms: [0])
            client.start(at: 0)
            client.opened(1, at: 0)
            client.advance(to: 5)
            #expect(client.advance(to: heardAt).isEmpty)
            client.received(1, at: heardAt.seconds)
            #expect(client.advance(to: 6) == [])
            #expect(client.advance(to: 12).isEmpty != isStale)
        }
    }

    @Test("an open socket that is stale is closed, and replaced half a second later")
    func staleConnection() {
        let client = TestClient(Self.policy, uniforms: [0])
        client.start(at: 0)
        client.opened(1, at: 0)
        #expect(client.advance(to: 6) == [])
        #expect(client.advance(to: 12) == [.close(1), .phase(.connected, .waiting)])
        #expect(client.nextDeadline == at(12.5))
        #expect(client.lost(1, at: 12.1) == [])
        #expect(client.advance(to: at(12.5) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 12.5) == [.phase(.waiting, .connecting), .open(2)])
        client.opened(2, at: 13)
        // Opening starts the count over; the look that is due stays where it was.
        #expect(client.client.supervisor.retryCount == 0)
        #expect(client.nextDeadline == at(18.9))
        #expect(client.advance(to: 18.9) == [])
        #expect(client.nextDeadline == at(24.9))
    }

    @Test("a loss is mended by the first stale look at least six seconds after it")
    func afterALoss() {
        for (lostAt, mendedAt) in [(1.0, 12.0), (6, 12), (6.001, 18.9), (11, 18.9)] {
            let client = TestClient(Self.policy, uniforms: [0])
            client.start(at: 0)
            client.opened(1, at: 0)
            if lostAt >= 6 { client.advance(to: 6) }
            #expect(client.lost(1, at: lostAt) == [.phase(.connected, .waiting)])
            while client.phase == .waiting { client.advance(to: client.nextDeadline) }
            #expect(client.now == at(mendedAt))
            #expect(client.phase == .connecting)
        }
    }

    @Test("an attempt by hand takes the place of the reopening that is due")
    func attemptBeforeReopening() {
        let client = TestClient(Self.policy.with { $0.returnEndsWait = true }, uniforms: [0])
        client.start(at: 0)
        client.opened(1, at: 0)
        client.network(false, at: 1)
        client.advance(to: 6)
        client.advance(to: 12)
        #expect(client.network(true, at: 12.1).last == .open(2))
        client.lost(2, at: 12.2)
        #expect(client.nextDeadline == at(18.9))
    }

    @Test("a stable window that has passed by the time of a stale look leaves no deadline behind")
    func staleAndStable() {
        var policy = Self.policy
        policy.reset.afterSuccess = .afterStable(.seconds(60))
        policy.suspension = ClientPolicy.Suspension(after: .seconds(120), retryEvery: .seconds(30))
        let client = TestClient(policy, uniforms: [0])
        client.start(at: 0)
        client.opened(1, at: 0)
        client.advance(to: 6)
        client.advance(to: 12)
        client.advance(to: 12.5)
        #expect(client.phase == .connecting)
        #expect(client.nextDeadline == at(18.9))
    }

    @Test("a stopped client looks at nothing, whoever stopped it")
    func stopped() {
        let client = TestClient(Self.policy)
        client.start(at: 0)
        client.stop(at: 1)
        #expect(client.nextDeadline == .distantFuture)
        let refused = TestClient(Self.policy.with { $0.closeRules = [CloseRule(codes: 4000...4000, response: .stop)] })
        refused.start(at: 0)
        #expect(refused.lost(1, Close(code: 4000), at: 1) == [.phase(.connecting, .stopped)])
        #expect(refused.nextDeadline == .distantFuture)
        #expect(refused.start(at: 2).last == .open(2))
        #expect(refused.nextDeadline == at(11))
    }
}
