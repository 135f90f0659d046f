import MonotonicTime
import Testing

@testable import Reconnection

/// The spreads of a backoff give its delays, to the nanosecond, or there are none.
@Suite struct ShortWaySpreadTests {
    private static let retries = 64
    /// Ends and middles, and numbers of chance.
    private static let uniforms: [Double] = {
        var random = SplitMix(state: 4)
        return [0, 0x1p-53, 0.25, 0.5, 1 - 0x1p-53] + (0..<40).map { _ in random.nextUniform() }
    }()

    /// Whether the spreads give every delay that the backoff gives, whatever is remembered; nil if there are none.
    private static func agrees(_ backoff: Backoff) -> Bool? {
        guard let spreads = backoff.spreads(ofRetries: retries) else { return nil }
        guard spreads.count == retries else { return false }
        for uniform in uniforms {
            var memory = Backoff.Memory()
            for (retry, spread) in spreads.enumerated() {
                var random = CountingRandomSource([uniform])
                let delay = backoff.delay(beforeRetry: retry, memory: &memory, random: &random)
                let short = Interval(roundingNanoseconds: spread.least + uniform * spread.width)
                guard short == delay, random.draws == (backoff.isJittered ? 1 : 0), memory == Backoff.Memory() else {
                    return false
                }
            }
        }
        return true
    }

    private static let growths: [Backoff.Growth] = [
        .fixed(.zero), .fixed(.nanoseconds(1)), .fixed(.nanoseconds(333_333_333)), .fixed(.hours(30_000)),
        .linear(base: .zero, step: .nanoseconds(7)), .linear(base: .seconds(1), step: .milliseconds(333)),
        .linear(base: .hours(24), step: .minutes(-1)),
        .exponential(base: .zero, factor: 2), .exponential(base: .nanoseconds(1), factor: 1.9),
        .exponential(base: .nanoseconds(999_999_937), factor: 2),
        .exponential(base: .milliseconds(100), factor: 1.6, exponentOffset: 1),
        .exponential(base: .minutes(5), factor: 0.9, exponentOffset: -3),
        .exponential(base: .seconds(1), factor: .infinity),
        .table([]), .table([.nanoseconds(3)]), .table([.zero, .milliseconds(17), .nanoseconds(5_000_000_001)]),
    ]

    @Test(
        "each growth with each plain jitter has spreads that give its delays",
        arguments: growths,
        [Backoff.Jitter.none, .full, .equal]
    )
    func plain(growth: Backoff.Growth, jitter: Backoff.Jitter) {
        for cap in [Interval.zero, .nanoseconds(1), .nanoseconds(777_777_777), .seconds(30), .hours(1_000)] {
            let backoff = Backoff(growth: growth, cap: cap, jitter: jitter)
            #expect(Self.agrees(backoff) == true, "\(backoff)")
        }
    }

    @Test("random backoffs agree with their spreads, if they have any")
    func random() {
        var choices = SplitMix(state: 12)
        var withSpreads = 0
        for _ in 0..<400 {
            let base = Interval.nanoseconds(Int64(choices.next() >> (24 + choices.next() % 40)))
            let factor = 0.5 + 3 * choices.nextUniform()
            let growth: Backoff.Growth =
                switch choices.next(below: 4) {
                case 0: .fixed(base)
                case 1: .linear(base: base, step: .nanoseconds(Int64(choices.next() >> 34) - 1_000))
                case 2: .exponential(base: base, factor: factor, exponentOffset: choices.next(below: 5) - 2)
                default: .table((0...choices.next(below: 9)).map { _ in .nanoseconds(Int64(choices.next() >> 30)) })
                }
            let cap = choices.next(below: 6) == 0 ? .max : Interval.nanoseconds(Int64(choices.next() >> 26))
            let backoff = Backoff(growth: growth, cap: cap, jitter: [.none, .full, .equal][choices.next(below: 3)])
            guard let agrees = Self.agrees(backoff) else { continue }
            withSpreads += 1
            #expect(agrees, "\(backoff)")
        }
        #expect(withSpreads > 200)
    }

    private static let usual: Backoff = .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full)

    private static func changed(_ change: (inout Backoff) -> Void) -> Backoff {
        var backoff = usual
        change(&backoff)
        return backoff
    }

    @Test(
        "what no spread describes has none",
        arguments: [
            ("first", changed { $0.first = Backoff.First(from: .zero, to: .seconds(1)) }),
            ("first at once", changed { $0.first = .atOnce }),
            ("first jittered", changed { $0.firstJittered = 1 }),
            ("floor", changed { $0.floor = .nanoseconds(1) }),
            ("cap after jitter", changed { $0.capOrder = .afterJitter }),
            ("down to milliseconds", changed { $0.rounding = .downToMilliseconds }),
            ("down to nanoseconds", changed { $0.rounding = .downToNanoseconds }),
            ("up", changed { $0.rounding = Backoff.Rounding(.up, to: .nanoseconds(1)) }),
            ("to microseconds", changed { $0.rounding = Backoff.Rounding(.nearest, to: .microseconds(1)) }),
            (
                "upper end",
                changed { $0.rounding = Backoff.Rounding(.nearest, to: .nanoseconds(1), drawsUpperEnd: true) }
            ),
            (
                "rounded growth",
                changed { $0.rounding = Backoff.Rounding(.nearest, to: .nanoseconds(1), roundsGrowth: true) }
            ),
            ("drawn once", changed { $0.draws = .once }),
            ("drawn until not longer", changed { $0.draws = .untilNotLonger }),
            ("compounding", changed { $0.growth = .compounding(base: .seconds(1), factor: 2) }),
            (
                "compounding without jitter",
                changed { ($0.growth, $0.jitter) = (.compounding(base: .seconds(1), factor: 2), .none) }
            ),
            ("less than nothing", changed { $0.growth = .fixed(.seconds(-1)) }),
            ("less than nothing at last", changed { $0.growth = .linear(base: .seconds(50), step: .seconds(-1)) }),
            ("negative cap", changed { $0.cap = .seconds(-1) }),
            ("without bounds", changed { $0.cap = .max }),
            ("decorrelated", changed { $0.jitter = .decorrelated }),
            ("smooth decorrelated", changed { $0.jitter = .smoothDecorrelated }),
            ("symmetric", changed { $0.jitter = .symmetric(fraction: 0.25) }),
            ("symmetric percent", changed { $0.jitter = .symmetricPercent(3) }),
            ("additive", changed { $0.jitter = .additive(fraction: 0.1) }),
            ("subtractive", changed { $0.jitter = .subtractive(fraction: 0.2) }),
            ("additive constant", changed { $0.jitter = .additiveConstant(upTo: .seconds(1)) }),
            ("additive range", changed { $0.jitter = .additiveRange(from: .zero, to: .seconds(1)) }),
            ("minimum plus full", changed { $0.jitter = .minimumPlusFull(minimum: .seconds(1)) }),
            ("full above", changed { $0.jitter = .fullAbove(minimum: .seconds(1)) }),
            ("sign from digit", changed { $0.jitter = .signFromDigit(fraction: 0.5) }),
        ] as [(String, Backoff)]
    )
    func none(name: String, backoff: Backoff) {
        #expect(Self.usual.spreads(ofRetries: Self.retries) != nil)
        #expect(backoff.spreads(ofRetries: Self.retries) == nil, "\(name)")
    }
}
