import MonotonicTime
import Reconnection
import Testing

@Suite struct AdaptiveThrottleTests {
    private let book = AdaptiveThrottlePolicy()

    /// A throttle that has seen so many requests and acceptances at one instant.
    private func throttle(
        requests: Int,
        accepts: Int,
        at now: Instant = .origin,
        _ policy: AdaptiveThrottlePolicy = AdaptiveThrottlePolicy()
    ) -> AdaptiveThrottle {
        var throttle = AdaptiveThrottle(policy: policy)
        var random = RepeatingRandomSource([0])
        for _ in 0..<requests { _ = throttle.recordRequest(at: now, policy: policy, random: &random) }
        for _ in 0..<accepts { throttle.recordAccept(at: now, policy: policy) }
        return throttle
    }

    @Test(
        "the probability of the book",
        arguments: [
            (0, 0, 2, 0), (1, 0, 2, 0.5), (2, 0, 2, 2.0 / 3), (99, 0, 2, 0.99), (100, 50, 2, 0),
            (100, 49, 2, 2.0 / 101), (100, 100, 2, 0), (100, 25, 2, 50.0 / 101), (100, 90, 1.1, 1.0 / 101),
            (100, 91, 1.1, 0), (0, 5, 2, 0),
        ] as [(Int, Int, Double, Double)]
    )
    func probabilities(requests: Int, accepts: Int, multiplier: Double, expected: Double) {
        var policy = book
        policy.multiplier = multiplier
        var throttle = throttle(requests: requests, accepts: accepts, policy)
        let probability = throttle.rejectionProbability(at: .origin, policy: policy)
        #expect(abs(probability - expected) < 1e-12)
    }

    @Test("one number is drawn where a request may be rejected, none at probability 0")
    func draws() {
        var throttle = AdaptiveThrottle(policy: book)
        var random = CountingRandomSource([0.499, 0.5, 0.67, 0.7])
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .send)
        #expect(random.draws == 0)
        // One request, no acceptance: p = 1/2. The rejected request counts, so the next has p = 2/3.
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .reject)
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .reject)
        // p = 3/4 > 0.67.
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .reject)
        throttle.recordAccept(at: .origin, policy: book)
        // p = (4 − 2)/5 = 0.4 ≤ 0.7.
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .send)
        #expect(random.draws == 4)
        for _ in 0..<2 { throttle.recordAccept(at: .origin, policy: book) }
        #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == .send)
        #expect(random.draws == 4)
    }

    @Test("a number equal to the probability lets the request through")
    func equality() {
        for (uniform, expected) in [(0.5, AdaptiveThrottle.Decision.send), (0.5.nextDown, .reject)] {
            var throttle = throttle(requests: 1, accepts: 0)
            var random = RepeatingRandomSource([uniform])
            #expect(throttle.recordRequest(at: .origin, policy: book, random: &random) == expected)
        }
    }

    @Test("what happened in the first instant of a slot counts for exactly the window")
    func window() {
        var history = throttle(requests: 9, accepts: 0, at: Instant(.seconds(-7)))
        let end = Instant(.seconds(113))
        #expect(history.rejectionProbability(at: end - .nanoseconds(1), policy: book) == 0.9)
        #expect(history.rejectionProbability(at: end, policy: book) == 0)
        // Late in the slot: less by as much.
        history = AdaptiveThrottle(policy: book)
        _ = history.rejectionProbability(at: .origin, policy: book)
        var random = RepeatingRandomSource([0])
        let late = Instant(.seconds(5)) - .nanoseconds(1)
        _ = history.recordRequest(at: late, policy: book, random: &random)
        _ = history.recordRequest(at: Instant(.seconds(5)), policy: book, random: &random)
        #expect(history.rejectionProbability(at: Instant(.seconds(120)) - .nanoseconds(1), policy: book) == 2.0 / 3)
        #expect(history.rejectionProbability(at: Instant(.seconds(120)), policy: book) == 0.5)
        #expect(history.rejectionProbability(at: Instant(.seconds(125)) - .nanoseconds(1), policy: book) == 0.5)
        #expect(history.rejectionProbability(at: Instant(.seconds(125)), policy: book) == 0)
    }

    @Test("acceptances leave the window as requests do")
    func acceptanceWindow() {
        var history = AdaptiveThrottle(policy: book)
        var random = RepeatingRandomSource([0])
        _ = history.recordRequest(at: .origin, policy: book, random: &random)
        history.recordAccept(at: .origin, policy: book)
        for _ in 0..<3 { _ = history.recordRequest(at: Instant(.seconds(60)), policy: book, random: &random) }
        // (4 − 2 · 1) / 5, then without the first second (3 − 0) / 4.
        #expect(history.rejectionProbability(at: Instant(.seconds(120)) - .nanoseconds(1), policy: book) == 0.4)
        #expect(history.rejectionProbability(at: Instant(.seconds(120)), policy: book) == 0.75)
    }

    @Test("a bound lets some requests through however bad it looks")
    func bound() {
        let policy = AdaptiveThrottlePolicy.failsafeGo
        var throttle = throttle(requests: 9, accepts: 0, policy)
        #expect(throttle.rejectionProbability(at: .origin, policy: policy) == 0.9)
        throttle = self.throttle(requests: 99, accepts: 0, policy)
        #expect(throttle.rejectionProbability(at: .origin, policy: policy) == 0.9)
        #expect(throttle.rejectionProbability(at: Instant(.seconds(60)), policy: policy) == 0)
    }

    @Test("time that goes backwards counts in the running slot; odd windows do not trap")
    func nonsense() {
        var throttle = throttle(requests: 9, accepts: 0, at: Instant(.hours(1)))
        #expect(throttle.rejectionProbability(at: .distantPast, policy: book) == 0.9)
        #expect(throttle.rejectionProbability(at: .distantFuture, policy: book) == 0)
        let odd = AdaptiveThrottlePolicy(multiplier: .nan, window: .min, slotCount: .min)
        throttle = self.throttle(requests: 9, accepts: 9, odd)
        var random = CountingRandomSource([0])
        #expect(throttle.recordRequest(at: .distantFuture, policy: odd, random: &random) == .send)
    }

    @Test(
        "a server that accepts a tenth gets twice what it accepts, and four fifths are rejected here",
        arguments: [1, 2, 3] as [UInt64]
    )
    func longRun(seed: UInt64) {
        var throttle = AdaptiveThrottle(policy: book)
        var random = SplitMix(state: seed)
        var sent = 0
        var accepted = 0
        // 100 requests a second for 20 minutes; the server accepts the first ten of each second. The first two
        // windows are not counted.
        for second in 0..<1_200 {
            var free = 10
            for request in 0..<100 {
                let now = Instant(.milliseconds(Int64(second) * 1_000 + Int64(request) * 10))
                guard throttle.recordRequest(at: now, policy: book, random: &random) == .send else { continue }
                if second >= 240 { sent += 1 }
                guard free > 0 else { continue }
                free -= 1
                throttle.recordAccept(at: now, policy: book)
                if second >= 240 { accepted += 1 }
            }
        }
        #expect(accepted > 9_500 && accepted <= 9_600)
        #expect(abs(Double(sent) / 19_200 - 1) < 0.02, "\(sent) sent")
    }
}
