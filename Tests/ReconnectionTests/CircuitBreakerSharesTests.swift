import MonotonicTime
import Reconnection
import Testing

/// Counting by share, half-open by share, growing open periods and the exact end of an open period.
@Suite struct CircuitBreakerSharesTests {
    private typealias Guarded = CircuitBreakerTests.Guarded
    private typealias Share = CircuitBreakerPolicy.FailureShare

    private static func at(_ milliseconds: Int64) -> Instant { Instant(.milliseconds(milliseconds)) }

    @Test(
        "a share is reached at it, exceeded above it, and never without a call",
        arguments: [
            (.atLeast(0.5), 0, 0, false), (.above(0.5), 0, 0, false), (.atLeast(0), 0, 0, false),
            (.atLeast(0), 0, 1, true), (.above(0), 0, 1, false), (.above(0), 1, 1, true),
            (.atLeast(0.5), 49, 100, false), (.atLeast(0.5), 50, 100, true), (.above(0.5), 50, 100, false),
            (.above(0.5), 51, 100, true), (.atLeast(1), 99, 100, false), (.atLeast(1), 100, 100, true),
            // Products of these shares are not whole numbers.
            (.atLeast(0.07), 7, 100, true), (.above(0.07), 7, 100, false), (.atLeast(0.29), 29, 100, true),
            (.above(0.29), 29, 100, false), (.atLeast(0.1), 30, 300, true), (.above(0.1), 30, 300, false),
        ] as [(Share, Int, Int, Bool)]
    )
    private func shareBoundary(share: Share, failures: Int, calls: Int, expected: Bool) {
        #expect(share.isReached(failures: failures, calls: calls) == expected)
    }

    @Test(
        "a share of the last calls is decided by the call that makes them enough, a success too",
        arguments: [
            // 50 failures first: call 100 decides. 49: even 101 calls do not reach the half.
            (50, 100, 100), (49, 101, nil), (100, 100, 100),
            // One failure more than needed changes nothing before call 100.
            (51, 100, 100),
        ] as [(Int, Int, Int?)]
    )
    func lastCalls(failures: Int, calls: Int, opensAt: Int?) {
        let guarded = Guarded(.resilience4j)
        for call in 1...calls {
            let transition =
                call <= failures ? guarded.fail(0, at: Self.at(0)) : guarded.succeed(0, at: Self.at(0))
            #expect(transition == (call == opensAt ? .opened(until: Self.at(60_000)) : .none), "call \(call)")
        }
        #expect(guarded.random.draws == 0)
    }

    @Test("the oldest call leaves when another comes: 101 calls are 100")
    func oldestCallLeaves() {
        let guarded = Guarded(.resilience4j)
        // 49 failures, 51 successes: just below. Then the first failures leave, one for each call that comes.
        for _ in 0..<49 { #expect(guarded.fail(0, at: Self.at(0)) == .none) }
        for _ in 0..<51 { #expect(guarded.succeed(0, at: Self.at(0)) == .none) }
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        // 49 of 100 still, as each new failure replaced one; when successes leave instead, the half is reached.
        for _ in 0..<47 { #expect(guarded.fail(0, at: Self.at(0)) == .none) }
        #expect(guarded.fail(0, at: Self.at(7)) == .opened(until: Self.at(60_007)))
    }

    @Test("opening forgets the calls before, so that enough must come anew after closing")
    func lastCallsStartOver() {
        let policy = CircuitBreakerPolicy(
            counting: .failureShare(.atLeast(0.5), ofLast: 4, minimumCalls: 2),
            openFor: .seconds(1)
        )
        let guarded = Guarded(policy)
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.fail(0, at: Self.at(0)) == .opened(until: Self.at(1000)))
        #expect(guarded.ask(at: Self.at(1000)) == .granted(epoch: 2))
        #expect(guarded.succeed(2, at: Self.at(1000)) == .closed)
        #expect(guarded.fail(3, at: Self.at(1000)) == .none)
        #expect(guarded.succeed(3, at: Self.at(1001)) == .opened(until: Self.at(2001)))
    }

    @Test("a least number above the size counts as the size; nonsense sizes count as one call", arguments: [1, 0, -5])
    func nonsenseSizes(size: Int) {
        let policy = CircuitBreakerPolicy(counting: .failureShare(.atLeast(1), ofLast: size, minimumCalls: 99))
        let guarded = Guarded(policy)
        #expect(guarded.succeed(0, at: Self.at(0)) == .none)
        #expect(guarded.fail(0, at: Self.at(0)) == .opened(until: Self.at(30_000)))
    }

    @Test("a success without a time counts in the share, and the next result with one decides")
    func successWithoutTime() {
        let policy = CircuitBreakerPolicy(counting: .failureShare(.atLeast(0.5), ofLast: 4, minimumCalls: 2))
        let guarded = Guarded(policy)
        #expect(guarded.fail(0, at: Self.at(0)) == .none)
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        #expect(guarded.succeed(0, at: Self.at(5)) == .none)
        #expect(guarded.fail(0, at: Self.at(6)) == .opened(until: Self.at(30_006)))
    }

    @Test("a success without a time counts in the last slice, and in none if there is none")
    func successWithoutTimeInSlice() {
        let policy = CircuitBreakerPolicy(
            counting: .failureShareWithin(.above(0.5), window: .seconds(10), slices: 10, minimumCalls: 1)
        )
        let diluted = Guarded(policy)
        // Nowhere to count it: the failure after it is the only call.
        #expect(diluted.succeed(0) == .none)
        #expect(diluted.fail(0, at: Self.at(0)) == .opened(until: Self.at(30_000)))
        let counted = Guarded(policy)
        counted.succeed(0, at: Self.at(0))
        _ = counted.succeed(0)
        #expect(counted.fail(0, at: Self.at(1)) == .none)
        #expect(counted.fail(0, at: Self.at(1)) == .none)
        #expect(counted.fail(0, at: Self.at(1)) == .opened(until: Self.at(30_001)))
    }

    @Test(
        "Polly: a tenth of at least 100 calls, decided by failures alone",
        arguments: [
            // Successes, failures after them, which failure opens.
            (90, 10, 10), (91, 10, nil), (91, 11, 11), (89, 10, nil), (89, 11, 11), (0, 99, nil), (0, 100, 100),
        ] as [(Int, Int, Int?)]
    )
    func polly(successes: Int, failures: Int, opensAt: Int?) {
        let guarded = Guarded(.polly)
        for _ in 0..<successes { guarded.succeed(0, at: Self.at(0)) }
        for failure in 1...failures {
            let transition = guarded.fail(0, at: Self.at(29_999))
            #expect(transition == (failure == opensAt ? .opened(until: Self.at(34_999)) : .none), "\(failure)")
        }
    }

    @Test("Polly: a success that makes the calls enough opens nothing; the next failure does")
    func pollySuccess() {
        let guarded = Guarded(.polly)
        for _ in 0..<50 { guarded.fail(0, at: Self.at(0)) }
        for _ in 0..<60 { #expect(guarded.succeed(0, at: Self.at(0)) == .none) }
        #expect(guarded.fail(0, at: Self.at(1)) == .opened(until: Self.at(5001)))
    }

    @Test("a slice leaves as a whole when its start is exactly as old as the window")
    func slices() {
        // Slices of 3 s: the first starts at 1000 with the first result, and takes 3999 in.
        let last = Self.at(31_000) - .nanoseconds(1)
        for (decidedAt, opens) in [(last, true), (Self.at(31_000), false)] {
            let guarded = Guarded(.polly)
            for _ in 0..<50 { guarded.fail(0, at: Self.at(1000)) }
            for _ in 0..<49 { guarded.fail(0, at: Self.at(4000) - .nanoseconds(1)) }
            let transition = guarded.fail(0, at: decidedAt)
            #expect(transition == (opens ? .opened(until: decidedAt + .seconds(5)) : .none))
        }
        // A result exactly one slice's length after the start begins the next one, which stays longer.
        let guarded = Guarded(.polly)
        guarded.fail(0, at: Self.at(1000))
        for _ in 0..<98 { guarded.fail(0, at: Self.at(4000)) }
        #expect(guarded.fail(0, at: Self.at(31_000)) == .none)
        #expect(guarded.fail(0, at: Self.at(31_000)) == .opened(until: Self.at(36_000)))
    }

    @Test("opossum: one failed call is enough, and exactly half is not")
    func opossum() {
        let alone = Guarded(.opossum)
        #expect(alone.fail(0, at: Self.at(0)) == .opened(until: Self.at(30_000)))
        let half = Guarded(.opossum)
        half.succeed(0, at: Self.at(0))
        #expect(half.fail(0, at: Self.at(0)) == .none)
        #expect(half.fail(0, at: Self.at(0)) == .opened(until: Self.at(30_000)))
    }

    @Test("slices of nonsense count each call by itself", arguments: [(0, 0), (-1, 10), (0, -3)] as [(Int64, Int)])
    func nonsenseSlices(milliseconds: Int64, slices: Int) {
        let counting = CircuitBreakerPolicy.Counting.failureShareWithin(
            .atLeast(1),
            window: .milliseconds(milliseconds),
            slices: slices,
            minimumCalls: 1
        )
        let guarded = Guarded(CircuitBreakerPolicy(counting: counting))
        guarded.succeed(0, at: Self.at(0))
        #expect(guarded.fail(0, at: Self.at(0)) == .opened(until: Self.at(30_000)))
    }

    @Test("an open period that ends strictly after refuses at its end, and passes one nanosecond later")
    func endsStrictlyAfter() {
        for policy in [CircuitBreakerPolicy.gobreaker, .resilience4j] {
            let guarded = Guarded(policy)
            for _ in 0..<100 where guarded.state == .closed(consecutiveFailures: 0) || policy == .gobreaker {
                guarded.fail(0, at: Self.at(0))
            }
            let end = Self.at(60_000)
            #expect(guarded.state == .open(until: end))
            #expect(guarded.ask(at: end - .nanoseconds(1)) == .refused(until: end + .nanoseconds(1)))
            #expect(guarded.ask(at: end) == .refused(until: end + .nanoseconds(1)))
            #expect(guarded.look(at: end))
            #expect(!guarded.look(at: end + .nanoseconds(1)))
            #expect(guarded.ask(at: end + .nanoseconds(1)) == .granted(epoch: 2))
        }
    }

    @Test("a look without a call changes nothing where there is a half-open state")
    func look() {
        let policy = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(1))
        let guarded = Guarded(policy)
        #expect(!guarded.look(at: Self.at(0)))
        guarded.fail(0, at: Self.at(0))
        let before = guarded.breaker
        #expect(guarded.look(at: Self.at(1000) - .nanoseconds(1)))
        #expect(!guarded.look(at: Self.at(1000)))
        #expect(guarded.breaker == before)
    }

    @Test(
        "resilience4j: ten calls pass in all while half-open, and the share of the ten decides",
        arguments: [(4, false), (5, true), (6, true), (0, false), (10, true)]
    )
    func probeShare(failures: Int, opens: Bool) {
        let policy = CircuitBreakerPolicy.resilience4j
        let guarded = Guarded(policy)
        for _ in 0..<100 { guarded.fail(0, at: Self.at(0)) }
        let start = Self.at(60_000) + .nanoseconds(1)
        // One after the other: those answered count against the ten as those under way do.
        for call in 1...10 {
            #expect(guarded.ask(at: start) == .granted(epoch: 2), "call \(call)")
            if call == 10 { #expect(guarded.ask(at: start) == .refused(until: nil)) }
            let transition = call <= failures ? guarded.fail(2, at: start) : guarded.succeed(2, at: start)
            guard call == 10 else {
                #expect(transition == .none, "call \(call)")
                continue
            }
            #expect(transition == (opens ? .opened(until: start + .seconds(60)) : .closed))
        }
        #expect(guarded.breaker.epoch == 3)
    }

    @Test("a probe given back may be made again where a share decides")
    func probeShareCancelled() {
        var policy = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(10), probeLimit: 2)
        policy.probeShare = .above(0.5)
        let guarded = Guarded(policy)
        #expect(guarded.probe() == .granted(epoch: 2))
        #expect(guarded.fail(2, at: Self.at(10_000)) == .none)
        #expect(guarded.ask(at: Self.at(10_000)) == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(10_000)) == .refused(until: nil))
        guarded.breaker.cancelPermission(epoch: 2)
        #expect(guarded.ask(at: Self.at(10_000)) == .granted(epoch: 2))
        // One of two is not above the half.
        #expect(guarded.succeed(2) == .closed)
    }

    @Test("a success without a time that should open lets the probes start over")
    func probeShareWithoutTime() {
        var policy = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(10), probeLimit: 2)
        policy.probeShare = .atLeast(0.5)
        let guarded = Guarded(policy)
        #expect(guarded.probe() == .granted(epoch: 2))
        guarded.fail(2, at: Self.at(10_000))
        #expect(guarded.ask(at: Self.at(10_000)) == .granted(epoch: 2))
        #expect(guarded.succeed(2) == .none)
        #expect(guarded.state == .halfOpen(probesUnderWay: 0, successes: 0))
        for _ in 0..<2 { #expect(guarded.ask(at: Self.at(10_000)) == .granted(epoch: 3)) }
        #expect(guarded.ask(at: Self.at(10_000)) == .refused(until: nil))
    }

    /// Opens a breaker again and again; the lengths of its open periods in milliseconds.
    private static func periods(_ guarded: Guarded, count: Int) -> [Int64] {
        var now = Instant.origin
        return (0..<count).map { _ in
            while true {
                guard case .granted(let epoch) = guarded.ask(at: now) else { return -1 }
                guard case .opened(let until) = guarded.fail(epoch, at: now) else { continue }
                defer { now = until }
                return (until - now).nanoseconds / 1_000_000
            }
        }
    }

    @Test(
        "open periods grow with the openings in a row",
        arguments: [
            // Envoy: 30 s times the openings, at most 300 s.
            (
                .envoyEjection, 0,
                [30_000, 60_000, 90_000, 120_000, 150_000, 180_000, 210_000, 240_000, 270_000, 300_000, 300_000]
            ),
            // Finagle: h + U · h, cut at exactly 300 s.
            (.finagle, 0, [5000, 5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]),
            (.finagle, 0.5, [5000, 7500, 15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]),
        ] as [(CircuitBreakerPolicy, Double, [Int64])]
    )
    func growth(policy: CircuitBreakerPolicy, uniform: Double, milliseconds: [Int64]) {
        let guarded = Guarded(policy, uniforms: [uniform])
        #expect(Self.periods(guarded, count: milliseconds.count) == milliseconds)
        #expect(guarded.random.draws == (policy == .finagle ? milliseconds.count - 1 : 0))
    }

    @Test("decorrelated open periods are drawn from the last one, and from the base after closing")
    func decorrelatedGrowth() {
        let growth = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .decorrelated)
        let guarded = Guarded(CircuitBreakerPolicy(failuresToOpen: 1, openGrowth: growth), uniforms: [0.5])
        // 1 + ½ · (3 · last − 1), with last 1 at first.
        #expect(Self.periods(guarded, count: 3) == [2000, 3500, 5750])
        #expect(guarded.ask(at: Self.at(100_000)) == .granted(epoch: 6))
        #expect(guarded.succeed(6) == .closed)
        #expect(guarded.fail(7, at: Self.at(100_000)) == .opened(until: Self.at(102_000)))
    }

    @Test("closing starts growing open periods over, and openFor and its spread play no part")
    func growthStartsOver() {
        var policy = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .hours(1), openJitterFraction: 1)
        policy.openGrowth = Backoff(growth: .table([.seconds(1), .seconds(5)]))
        let guarded = Guarded(policy)
        #expect(Self.periods(guarded, count: 2) == [1000, 5000])
        #expect(guarded.ask(at: Self.at(6000)) == .granted(epoch: 4))
        #expect(guarded.succeed(4) == .closed)
        #expect(guarded.fail(5, at: Self.at(6000)) == .opened(until: Self.at(7000)))
        #expect(guarded.random.draws == 0)
    }

    @Test("without half-open, a look keeps the growth and the first success after it starts it over")
    func growthWithoutHalfOpen() {
        let guarded = Guarded(.envoyEjection)
        #expect(Self.periods(guarded, count: 2) == [30_000, 60_000])
        #expect(guarded.ask(at: Self.at(90_000)) == .granted(epoch: 4))
        #expect(guarded.succeed(4) == .none)
        for _ in 0..<4 { guarded.fail(4, at: Self.at(90_000)) }
        #expect(guarded.fail(4, at: Self.at(90_000)) == .opened(until: Self.at(120_000)))
    }

    @Test("a breaker stays small: millions of clients carry one")
    func size() {
        #expect(MemoryLayout<CircuitBreaker>.stride == 24)
    }
}
