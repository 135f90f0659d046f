import MonotonicTime
import Reconnection
import Testing

@Suite struct CircuitBreakerTests {
    /// A breaker with its policy and its random numbers.
    final class Guarded {
        var breaker = CircuitBreaker()
        let policy: CircuitBreakerPolicy
        var random: CountingRandomSource

        init(_ policy: CircuitBreakerPolicy, uniforms: [Double] = [0.5]) {
            self.policy = policy
            random = CountingRandomSource(uniforms)
        }

        var state: CircuitBreaker.State { breaker.state }

        func ask(at time: Instant) -> CircuitBreaker.Permission {
            breaker.requestPermission(at: time, policy: policy)
        }

        func look(at time: Instant) -> Bool { breaker.isOpen(at: time, policy: policy) }

        func succeed(_ epoch: UInt32) -> CircuitBreaker.Transition {
            breaker.recordSuccess(epoch: epoch, policy: policy)
        }

        @discardableResult
        func succeed(_ epoch: UInt32, at time: Instant) -> CircuitBreaker.Transition {
            breaker.recordSuccess(epoch: epoch, at: time, policy: policy, random: &random)
        }

        @discardableResult
        func fail(_ epoch: UInt32, at time: Instant) -> CircuitBreaker.Transition {
            breaker.recordFailure(epoch: epoch, at: time, policy: policy, random: &random)
        }

        /// Brings a fresh breaker with one failure to open at time 0, and lets the first probe through at its end.
        func probe() -> CircuitBreaker.Permission {
            fail(0, at: .origin)
            return ask(at: .origin + policy.openFor)
        }
    }

    private static func at(_ seconds: Double) -> Instant { Instant(Interval(seconds: seconds)) }
    private let single = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(10))

    @Test("failures in a row open it when their number is reached, and not before")
    func consecutiveFailures() {
        let guarded = Guarded(CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(10)))
        #expect(guarded.ask(at: Self.at(0)) == .granted(epoch: 0))
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.fail(0, at: Self.at(1)) == .none)
        #expect(guarded.state == .closed(consecutiveFailures: 2))
        #expect(guarded.ask(at: Self.at(1)) == .granted(epoch: 0))
        #expect(guarded.fail(0, at: Self.at(2)) == .opened(until: Self.at(12)))
        #expect(guarded.state == .open(until: Self.at(12)))
        #expect(guarded.breaker.epoch == 1)
        #expect(guarded.random.draws == 0)
    }

    @Test("a success between failures starts consecutive counting over")
    func successStartsOver() {
        let guarded = Guarded(CircuitBreakerPolicy(failuresToOpen: 2, openFor: .seconds(10)))
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        #expect(guarded.fail(0, at: Self.at(1)) == .none)
        #expect(guarded.fail(0, at: Self.at(2)) == .opened(until: Self.at(12)))
    }

    @Test("an open breaker refuses until the last nanosecond, and lets a probe through at its end")
    func openPeriod() {
        let guarded = Guarded(single)
        #expect(guarded.fail(0, at: Self.at(5)) == .opened(until: Self.at(15)))
        #expect(guarded.ask(at: Self.at(5)) == .refused(until: Self.at(15)))
        #expect(guarded.ask(at: Self.at(15) - .nanoseconds(1)) == .refused(until: Self.at(15)))
        #expect(guarded.breaker.epoch == 1)
        #expect(guarded.ask(at: Self.at(15)) == .granted(epoch: 2))
        #expect(guarded.state == .halfOpen(probesUnderWay: 1, successes: 0))
    }

    @Test("no more probes than allowed are under way at once")
    func probeLimit() {
        var policy = single
        policy.probeLimit = 2
        policy.successesToClose = 3
        let guarded = Guarded(policy)
        #expect(guarded.probe() == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(10)) == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(10)) == .refused(until: nil))
        #expect(guarded.succeed(2) == .none)
        #expect(guarded.state == .halfOpen(probesUnderWay: 1, successes: 1))
        #expect(guarded.ask(at: Self.at(11)) == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(11)) == .refused(until: nil))
    }

    @Test("so many successful probes close it, and counting starts from nothing")
    func successesToClose() {
        var policy = single
        policy.successesToClose = 2
        policy.failuresToOpen = 1
        let guarded = Guarded(policy)
        #expect(guarded.probe() == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .none)
        #expect(guarded.ask(at: Self.at(10)) == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .closed)
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        #expect(guarded.ask(at: Self.at(10)) == .granted(epoch: 3))
    }

    @Test("one failed probe opens it again for a whole period, whatever succeeded before")
    func failedProbe() {
        var policy = single
        policy.failuresToOpen = 5
        policy.successesToClose = 2
        policy.probeLimit = 2
        let guarded = Guarded(policy)
        for second in 0..<5 { guarded.fail(0, at: Self.at(Double(second))) }
        #expect(guarded.state == .open(until: Self.at(14)))
        #expect(guarded.ask(at: Self.at(20)) == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(20)) == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .none)
        #expect(guarded.fail(2, at: Self.at(21)) == .opened(until: Self.at(31)))
        #expect(guarded.ask(at: Self.at(30)) == .refused(until: Self.at(31)))
        #expect(guarded.ask(at: Self.at(31)) == .granted(epoch: 4))
        #expect(guarded.state == .halfOpen(probesUnderWay: 1, successes: 0))
    }

    @Test("results of an earlier epoch change nothing in any state")
    func lateResults() {
        var policy = single
        policy.failuresToOpen = 2
        policy.successesToClose = 2
        let guarded = Guarded(policy)
        func expectUnmoved(byEpochs epochs: [UInt32], _ place: SourceLocation = #_sourceLocation) {
            let before = guarded.breaker
            for epoch in epochs {
                #expect(guarded.succeed(epoch) == .none, sourceLocation: place)
                #expect(guarded.fail(epoch, at: Self.at(500)) == .none, sourceLocation: place)
                guarded.breaker.cancelPermission(epoch: epoch)
            }
            #expect(guarded.breaker == before, sourceLocation: place)
        }
        expectUnmoved(byEpochs: [1, .max])
        guarded.fail(0, at: Self.at(0))
        guarded.fail(0, at: Self.at(0))
        // Open: neither those of the closed epoch nor made-up ones of its own push its end out or close it.
        expectUnmoved(byEpochs: [0, 1, 2])
        _ = guarded.ask(at: Self.at(10))
        expectUnmoved(byEpochs: [0, 1, 3])
        _ = guarded.succeed(2)
        _ = guarded.ask(at: Self.at(10))
        #expect(guarded.succeed(2) == .closed)
        expectUnmoved(byEpochs: [0, 1, 2])
    }

    @Test("a permission given back makes room for another probe, and counts neither way")
    func cancelledPermission() {
        let guarded = Guarded(single)
        #expect(guarded.probe() == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(10)) == .refused(until: nil))
        guarded.breaker.cancelPermission(epoch: 2)
        #expect(guarded.state == .halfOpen(probesUnderWay: 0, successes: 0))
        guarded.breaker.cancelPermission(epoch: 2)
        #expect(guarded.state == .halfOpen(probesUnderWay: 0, successes: 0))
        #expect(guarded.ask(at: Self.at(11)) == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .closed)
    }

    @Test("a permission given back while closed changes nothing")
    func cancelledWhileClosed() {
        let guarded = Guarded(CircuitBreakerPolicy(failuresToOpen: 2))
        guarded.fail(0, at: Self.at(0))
        guarded.breaker.cancelPermission(epoch: 0)
        #expect(guarded.state == .closed(consecutiveFailures: 1))
    }

    @Test("in a sliding window a failure counts until it is exactly as old as the window")
    func slidingWindow() {
        let policy = CircuitBreakerPolicy(
            counting: .slidingWindow(.seconds(60)),
            failuresToOpen: 2,
            openFor: .seconds(10)
        )
        let inside = Guarded(policy)
        inside.fail(0, at: Self.at(0))
        let justInside = Self.at(60) - .nanoseconds(1)
        #expect(inside.fail(0, at: justInside) == .opened(until: justInside + .seconds(10)))
        let outside = Guarded(policy)
        outside.fail(0, at: Self.at(0))
        #expect(outside.fail(0, at: Self.at(60)) == .none)
        #expect(outside.fail(0, at: Self.at(61)) == .opened(until: Self.at(71)))
    }

    @Test("in a sliding window successes change nothing, and closing forgets the failures before")
    func slidingWindowSuccess() {
        let policy = CircuitBreakerPolicy(
            counting: .slidingWindow(.seconds(600)),
            failuresToOpen: 2,
            openFor: .seconds(10)
        )
        let guarded = Guarded(policy)
        guarded.fail(0, at: Self.at(0))
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.fail(0, at: Self.at(1)) == .opened(until: Self.at(11)))
        #expect(guarded.ask(at: Self.at(11)) == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .closed)
        #expect(guarded.fail(3, at: Self.at(12)) == .none)
        #expect(guarded.fail(3, at: Self.at(13)) == .opened(until: Self.at(23)))
    }

    @Test(
        "the open period is spread upwards by its fraction, with one draw for each opening",
        arguments: [(0.0, 10_000), (0.5, 11_000), (0.75, 11_500)] as [(Double, Int64)]
    )
    func openJitter(uniform: Double, milliseconds: Int64) {
        var policy = single
        policy.openJitterFraction = 0.2
        let guarded = Guarded(policy, uniforms: [uniform])
        let end = Instant(.milliseconds(milliseconds))
        #expect(guarded.fail(0, at: .origin) == .opened(until: end))
        #expect(guarded.random.draws == 1)
        #expect(guarded.ask(at: end - .nanoseconds(1)) == .refused(until: end))
        #expect(guarded.random.draws == 1)
        #expect(guarded.ask(at: end) == .granted(epoch: 2))
        #expect(guarded.fail(2, at: end) == .opened(until: end + .milliseconds(milliseconds)))
        #expect(guarded.random.draws == 2)
    }
}
