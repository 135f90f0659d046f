import MonotonicTime
import Reconnection
import Testing

@Suite struct BackoffTests {
    /// The largest number a random source may hand over.
    private static let almostOne = 1 - 0x1p-53

    /// The delays before the first retries, each told the one before it.
    private func delays(_ backoff: Backoff, count: Int, uniforms: [Double] = [0.5]) -> [Interval] {
        var random = RepeatingRandomSource(uniforms)
        var previous: Interval?
        return (0..<count).map { retry in
            let delay = backoff.delay(beforeRetry: retry, previous: previous, random: &random)
            previous = delay
            return delay
        }
    }

    @Test(
        "each growth gives its series, bounded by the cap",
        arguments: [
            (Backoff(growth: .fixed(.seconds(3))), [3_000, 3_000, 3_000, 3_000, 3_000]),
            (Backoff(growth: .fixed(.seconds(3)), cap: .seconds(2)), [2_000, 2_000, 2_000, 2_000, 2_000]),
            (
                Backoff(growth: .linear(base: .seconds(1), step: .milliseconds(250))),
                [1_000, 1_250, 1_500, 1_750, 2_000]
            ),
            (
                Backoff(growth: .linear(base: .seconds(1), step: .seconds(1)), cap: .seconds(3)),
                [1_000, 2_000, 3_000, 3_000, 3_000]
            ),
            (
                Backoff(growth: .linear(base: .seconds(1), step: .milliseconds(-400))),
                [1_000, 600, 200, 0, 0]
            ),
            (Backoff(growth: .exponential(base: .seconds(1), factor: 2)), [1_000, 2_000, 4_000, 8_000, 16_000]),
            (Backoff(growth: .exponential(base: .seconds(1), factor: 1.5)), [1_000, 1_500, 2_250, 3_375, 5_062.5]),
            (Backoff(growth: .exponential(base: .seconds(1), factor: 0.5)), [1_000, 500, 250, 125, 62.5]),
            (Backoff(growth: .exponential(base: .zero, factor: 2)), [0, 0, 0, 0, 0]),
            (
                .exponential(base: .seconds(1), cap: .seconds(5), jitter: .none),
                [1_000, 2_000, 4_000, 5_000, 5_000]
            ),
            (
                Backoff(growth: .exponential(base: .seconds(1), factor: 2, exponentOffset: 1), cap: .seconds(30)),
                [2_000, 4_000, 8_000, 16_000, 30_000]
            ),
            (
                Backoff(growth: .exponential(base: .seconds(1), factor: 2, exponentOffset: -2)),
                [250, 500, 1_000, 2_000, 4_000]
            ),
            (
                Backoff(growth: .table([.milliseconds(10), .milliseconds(50), .seconds(1)])),
                [10, 50, 1_000, 1_000, 1_000]
            ),
            (
                Backoff(growth: .table([.seconds(1), .seconds(9)]), cap: .seconds(4)),
                [1_000, 4_000, 4_000, 4_000, 4_000]
            ),
        ] as [(Backoff, [Double])]
    )
    func growth(backoff: Backoff, milliseconds: [Double]) {
        #expect(delays(backoff, count: 5) == milliseconds.map { Interval(seconds: $0 / 1_000) })
    }

    @Test(
        "each jitter spreads a delay of 8 s over exactly its range",
        arguments: [
            (.none, [8_000, 8_000, 8_000], 8_000),
            (.full, [0, 4_000, 6_000], 8_000),
            (.equal, [4_000, 6_000, 7_000], 8_000),
            (.symmetric(fraction: 0.25), [6_000, 8_000, 9_000], 10_000),
            (.symmetric(fraction: 2), [0, 8_000, 16_000], 24_000),
            (.additive(fraction: 0.1), [8_000, 8_400, 8_600], 8_800),
            (.additiveConstant(upTo: .seconds(1)), [8_000, 8_500, 8_750], 9_000),
            (.minimumPlusFull(minimum: .milliseconds(100)), [100, 4_100, 6_100], 8_100),
        ] as [(Backoff.Jitter, [Int64], Int64)]
    )
    func jitter(jitter: Backoff.Jitter, milliseconds: [Int64], bound: Int64) {
        // Retry 3 of a doubling from 1 s grows to 8 s, below the cap.
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(100), jitter: jitter)
        for (uniform, expected) in zip([0, 0.5, 0.75], milliseconds) {
            var random = RepeatingRandomSource([uniform])
            #expect(backoff.delay(beforeRetry: 3, previous: nil, random: &random) == .milliseconds(expected))
        }
        var random = RepeatingRandomSource([0.999])
        let nearBound = backoff.delay(beforeRetry: 3, previous: nil, random: &random)
        #expect(nearBound <= .milliseconds(bound) && nearBound > .milliseconds(bound - bound / 500))
        // Rounded to nanoseconds, the largest draw may give the bound itself but never more.
        random = RepeatingRandomSource([Self.almostOne])
        #expect(backoff.delay(beforeRetry: 3, previous: nil, random: &random) == .milliseconds(bound))
    }

    @Test(
        "a percentage of whole units is cut to whole hundredths first, and both its ends come up",
        arguments: [(250, 0, 244), (250, 0.5, 250), (250, 0.999, 256), (99, 0.999, 99), (99, 0, 99)]
            as [(Int64, Double, Int64)]
    )
    func symmetricPercent(value: Int64, uniform: Double, expected: Int64) {
        let backoff = Backoff(
            growth: .fixed(.nanoseconds(value)),
            jitter: .symmetricPercent(3),
            rounding: .downToNanoseconds
        )
        var random = RepeatingRandomSource([uniform])
        #expect(backoff.delay(beforeRetry: 0, previous: nil, random: &random) == .nanoseconds(expected))
    }

    @Test("growth that is rounded at each step falls behind the power, and ends where it cannot grow")
    func roundedGrowth() {
        var backoff = Backoff(
            growth: .exponential(base: .milliseconds(3), factor: 1.5),
            rounding: Backoff.Rounding(.down, to: .milliseconds(1), roundsGrowth: true)
        )
        #expect(delays(backoff, count: 5) == [3, 4, 6, 9, 13].map { .milliseconds($0) })
        var random = RepeatingRandomSource([0.5])
        #expect(backoff.delay(beforeRetry: .max, previous: nil, random: &random) == Interval.max.flooredToMilliseconds)
        backoff.growth = .exponential(base: .milliseconds(1), factor: 1.5)
        #expect(backoff.delay(beforeRetry: .max, previous: nil, random: &random) == .milliseconds(1))
    }

    @Test("delays are exact to the nanosecond")
    func nanoseconds() {
        let uniform = 0.123_456_789
        for (jitter, expected) in [
            (.full, 123_456_789),
            (.equal, 561_728_395),  // 561,728,394.5
            (.symmetric(fraction: 0.25), 811_728_395),  // 811,728,394.5
            (.additive(fraction: 0.1), 1_012_345_679),
            (.additiveConstant(upTo: .nanoseconds(10)), 1_000_000_001),
            (.minimumPlusFull(minimum: .nanoseconds(11)), 123_456_800),
        ] as [(Backoff.Jitter, Int64)] {
            let backoff = Backoff(growth: .fixed(.seconds(1)), jitter: jitter)
            var random = RepeatingRandomSource([uniform])
            #expect(
                backoff.delay(beforeRetry: 0, previous: nil, random: &random) == .nanoseconds(expected),
                "\(jitter)"
            )
        }
    }

    @Test(
        "a cap before jitter keeps the spread at the cap, one after jitter cuts it off",
        arguments: [
            (.none, [10_000, 10_000], [10_000, 10_000]),
            (.full, [2_500, 7_500], [4_000, 10_000]),
            (.equal, [6_250, 8_750], [10_000, 10_000]),
            (.symmetric(fraction: 0.5), [7_500, 12_500], [10_000, 10_000]),
            (.additive(fraction: 0.5), [11_250, 13_750], [10_000, 10_000]),
            (.additiveConstant(upTo: .seconds(4)), [11_000, 13_000], [10_000, 10_000]),
            (.minimumPlusFull(minimum: .seconds(5)), [7_500, 10_000], [7_500, 10_000]),
        ] as [(Backoff.Jitter, [Int64], [Int64])]
    )
    func capOrder(jitter: Backoff.Jitter, before: [Int64], after: [Int64]) {
        // Retry 4 grows to 16 s, the cap is 10 s.
        for (order, expected) in [(Backoff.CapOrder.beforeJitter, before), (.afterJitter, after)] {
            var backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(10), jitter: jitter)
            backoff.capOrder = order
            for (uniform, milliseconds) in zip([0.25, 0.75], expected) {
                var random = RepeatingRandomSource([uniform])
                let delay = backoff.delay(beforeRetry: 4, previous: nil, random: &random)
                #expect(delay == .milliseconds(milliseconds), "\(order) \(uniform)")
            }
        }
    }

    @Test("decorrelated jitter grows from the delay before it, from base to three times that, up to the cap")
    func decorrelated() {
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(30), jitter: .decorrelated)
        // base + 0.5 · (3 · previous − base) = 0.5 + 1.5 · previous.
        let microseconds: [Int64] = [
            2_000_000, 3_500_000, 5_750_000, 9_125_000, 14_187_500, 21_781_250, 30_000_000, 30_000_000,
        ]
        #expect(delays(backoff, count: 8) == microseconds.map { .microseconds($0) })
        #expect(delays(backoff, count: 4, uniforms: [0]) == [.seconds(1), .seconds(1), .seconds(1), .seconds(1)])
        #expect(delays(backoff, count: 3, uniforms: [Self.almostOne]) == [.seconds(3), .seconds(9), .seconds(27)])
        // The number of the retry plays no part.
        var random = RepeatingRandomSource([0.5])
        #expect(backoff.delay(beforeRetry: 20, previous: .seconds(2), random: &random) == .milliseconds(3_500))
    }

    @Test("only decorrelated jitter looks at the delay before")
    func previousIgnored() {
        for jitter in [Backoff.Jitter.none, .full, .equal, .symmetric(fraction: 0.5), .additive(fraction: 1)] {
            let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(30), jitter: jitter)
            var one = RepeatingRandomSource([0.3])
            var other = one
            let without = backoff.delay(beforeRetry: 2, previous: nil, random: &one)
            #expect(backoff.delay(beforeRetry: 2, previous: .seconds(17), random: &other) == without)
        }
    }

    @Test("floored delays are whole milliseconds, rounded down after jitter")
    func floor() {
        let backoff = Backoff(growth: .fixed(.milliseconds(10)), jitter: .full, rounding: .downToMilliseconds)
        let uniforms = [0, 0.099_999, 0.1, 0.199_999, 0.5, 0.999, Self.almostOne]
        // Counted in milliseconds, as JavaScript does: even the largest draw stays below 10.
        #expect(delays(backoff, count: 7, uniforms: uniforms) == [0, 0, 1, 1, 5, 9, 9].map { .milliseconds($0) })
    }

    static let everyJitter: [Backoff.Jitter] = [
        .none, .full, .equal, .decorrelated, .symmetric(fraction: 0.25), .additive(fraction: 0.1),
        .additiveConstant(upTo: .seconds(1)), .minimumPlusFull(minimum: .milliseconds(100)),
    ]
    static let everyGrowth: [Backoff.Growth] = [
        .fixed(.seconds(1)), .linear(base: .seconds(1), step: .seconds(1)),
        .exponential(base: .seconds(1), factor: 2), .exponential(base: .seconds(1), factor: 2, exponentOffset: 1),
        .exponential(base: .seconds(1), factor: 2, exponentOffset: .max),
        .exponential(base: .seconds(1), factor: 2, exponentOffset: .min),
        .table([.seconds(1), .seconds(2)]),
    ]

    @Test("a delay draws one number, and none without jitter", arguments: everyJitter, everyGrowth)
    func draws(jitter: Backoff.Jitter, growth: Backoff.Growth) {
        for order in Backoff.CapOrder.allCases {
            let backoff = Backoff(growth: growth, cap: .seconds(30), capOrder: order, jitter: jitter)
            for retry in [0, 1, 7, 2_000] {
                var random = CountingRandomSource([0.4])
                _ = backoff.delay(beforeRetry: retry, previous: retry == 0 ? nil : .seconds(2), random: &random)
                #expect(random.draws == (jitter == .none ? 0 : 1))
            }
        }
    }

    @Test("any number of retries gives a delay within the bounds", arguments: everyJitter, everyGrowth)
    func hugeRetries(jitter: Backoff.Jitter, growth: Backoff.Growth) {
        for order in Backoff.CapOrder.allCases {
            let backoff = Backoff(growth: growth, cap: .seconds(30), capOrder: order, jitter: jitter)
            for retry in [62, 63, 64, 1_023, 1_024, 1_100, 5_000, Int(UInt32.max), .max] {
                for uniform in [0, 0.5, Self.almostOne] {
                    var random = RepeatingRandomSource([uniform])
                    let delay = backoff.delay(beforeRetry: retry, previous: .seconds(30), random: &random)
                    // Jitter around the cap may exceed it by a quarter (7.5 s), other families by less.
                    #expect(delay >= .zero && delay <= .milliseconds(37_500), "\(order) \(retry) \(uniform)")
                }
            }
        }
    }

    @Test("growth past every number ends at the cap, and stays zero where it began at zero")
    func infiniteGrowth() {
        var random = RepeatingRandomSource([0.5])
        let unbounded = Backoff(growth: .exponential(base: .seconds(1), factor: 2))
        #expect(unbounded.delay(beforeRetry: 34, previous: nil, random: &random) == .max)
        #expect(unbounded.delay(beforeRetry: .max, previous: nil, random: &random) == .max)
        for order in Backoff.CapOrder.allCases {
            let zero = Backoff(growth: .exponential(base: .zero, factor: 2), cap: .seconds(30), capOrder: order)
            #expect(zero.delay(beforeRetry: 5_000, previous: nil, random: &random) == .zero)
            let shrinking = Backoff(growth: .exponential(base: .seconds(1), factor: 0.5), cap: .seconds(30))
            #expect(shrinking.delay(beforeRetry: 5_000, previous: nil, random: &random) == .zero)
        }
    }

    @Test("a negative retry counts as the first", arguments: everyGrowth)
    func negativeRetries(growth: Backoff.Growth) {
        let backoff = Backoff(growth: growth, cap: .seconds(30))
        var random = RepeatingRandomSource([0.5])
        let first = backoff.delay(beforeRetry: 0, previous: nil, random: &random)
        for retry in [-1, -7, Int.min] {
            #expect(backoff.delay(beforeRetry: retry, previous: nil, random: &random) == first)
        }
    }

    @Test("a table without entries waits for nothing")
    func emptyTable() {
        #expect(delays(Backoff(growth: .table([])), count: 2) == [.zero, .zero])
    }
}
