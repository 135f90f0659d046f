import MonotonicTime
import Reconnection
import Testing

/// Breakers other than the plain one, around a client's attempts.
@Suite struct ClientBreakerTests {
    private static func policy(_ breaker: CircuitBreakerPolicy, wait: Int64) -> ClientPolicy {
        ClientPolicy(backoff: Backoff(growth: .fixed(.nanoseconds(wait))), breaker: breaker)
    }

    @Test("failures in a sliding window open it; one exactly as old as the window no longer counts")
    func slidingWindow() {
        for (wait, opens) in [(Int64(10_000_000_000), false), (9_999_999_999, true)] {
            let breaker = CircuitBreakerPolicy(
                counting: .slidingWindow(.seconds(10)),
                failuresToOpen: 2,
                openFor: .seconds(100)
            )
            let client = TestClient(Self.policy(breaker, wait: wait))
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: client.nextDeadline)
            let end = client.now + .seconds(100)
            #expect(client.lost(2, at: client.now).contains(.breakerOpened(until: end)) == opens)
            #expect(client.nextDeadline == (opens ? end : client.now + .nanoseconds(wait)))
        }
    }

    @Test("a success in between does not empty a sliding window")
    func slidingWindowOverSuccesses() {
        let breaker = CircuitBreakerPolicy(
            counting: .slidingWindow(.seconds(10)),
            failuresToOpen: 2,
            openFor: .seconds(100)
        )
        let client = TestClient(Self.policy(breaker, wait: 1_000_000_000))
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        client.opened(2, at: 1)
        client.lost(2, at: 2)
        client.advance(to: 3)
        #expect(client.lost(3, at: 3).first == .breakerOpened(until: at(103)))
    }

    @Test("where several probes may be under way a client still makes one attempt at a time")
    func probeLimit() {
        let breaker = CircuitBreakerPolicy(
            failuresToOpen: 1,
            openFor: .seconds(10),
            probeLimit: 3,
            successesToClose: 2
        )
        let client = TestClient(Self.policy(breaker, wait: 1_000_000_000))
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.advance(to: 10) == [.phase(.waiting, .connecting), .open(2)])
        #expect(client.retryNow(at: 11) == [.close(2), .open(3)])
        #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 1, successes: 0))
        #expect(client.opened(3, at: 11) == [.phase(.connecting, .connected)])
        client.lost(3, at: 12)
        client.advance(to: 13)
        #expect(client.opened(4, at: 13) == [.breakerClosed, .phase(.connecting, .connected)])
        // And a failed probe opens it again.
        client.lost(4, at: 14)
        client.advance(to: 15)
        #expect(client.lost(5, at: 15).first == .breakerOpened(until: at(25)))
        client.advance(to: 25)
        #expect(client.lost(6, at: 26).first == .breakerOpened(until: at(36)))
    }

    @Test("a share of failed attempts may be reached by a success: the connection stays, the next attempt waits")
    func opensAtASuccess() {
        let breaker = CircuitBreakerPolicy(
            counting: .failureShare(.atLeast(0.5), ofLast: 4, minimumCalls: 3),
            openFor: .seconds(100)
        )
        let client = TestClient(Self.policy(breaker, wait: 1_000_000_000))
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        client.lost(2, at: 1)
        client.advance(to: 2)
        #expect(
            client.opened(3, at: 3) == [.breakerOpened(until: at(103)), .phase(.connecting, .connected)]
        )
        #expect(client.lost(3, at: 5) == [.retry(103, 0), .phase(.connected, .waiting)])
        #expect(client.advance(to: 103).last == .open(4))
    }

    @Test("a breaker whose period ends strictly later is asked when it lets pass, not a nanosecond before")
    func strictEnd() {
        var breaker = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(100))
        breaker.endsStrictlyAfter = true
        let client = TestClient(Self.policy(breaker, wait: 1_000_000_000))
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.nextDeadline == at(100) + .nanoseconds(1))
        #expect(client.advance(to: client.nextDeadline) == [.phase(.waiting, .connecting), .open(2)])
    }

    @Test("a loss told before the time counts the stable window that had passed")
    func lossBeforeTheTime() {
        let policy = ClientPolicy(
            backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .none),
            reset: .init(afterSuccess: .afterStable(.seconds(10)))
        )
        for (end, retry) in [(at(11) - .nanoseconds(1), UInt32(1)), (at(11), 0), (at(500), 0)] {
            let client = TestClient(policy)
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 1)
            client.opened(2, at: 1)
            let wait = Interval.seconds(retry == 0 ? 1 : 2)
            #expect(client.lost(2, at: end).first == .retryScheduled(at: end + wait, retry: retry))
            #expect(client.nextDeadline == end + wait)
        }
    }
}
