public import MonotonicTime

/// How long to wait before each retry: growth, cap and jitter, as data.
///
/// Order of operations, with retry n counted from 0 for the first retry after a success:
/// 1. n = 0 with `first` set: the wait is drawn from that range and the rest does not apply; the growth then counts
///    from the retry after it;
/// 2. growth gives g(n);
/// 3. `capOrder == .beforeJitter` (default): v = min(cap, g), the delay is jitter(v), so that the cap keeps its
///    spread; `.afterJitter`: the delay is min(cap, jitter(g)), so that at the cap everybody waits exactly the cap;
/// 4. `floor` bounds the delay from below;
/// 5. the delay is rounded as `rounding` says.
///
/// Draws: exactly one number a delay for every jitter but `.none`, which draws nothing. Retries before
/// `firstJittered` draw nothing; `draws` may ask for fewer or more.
///
/// - Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, for full, equal and
///   decorrelated jitter; the other families are those of the libraries named at each case.
public struct Backoff: Sendable, Hashable {
    /// How the un-jittered delay grows with the number of the retry.
    public enum Growth: Sendable, Hashable {
        /// The same delay each time.
        case fixed(Interval)
        /// base + n · step.
        case linear(base: Interval, step: Interval)
        /// base · factor^(n + exponentOffset). An offset of 1 belongs to clients that raise their counter before
        /// they use it (landale's browser client).
        case exponential(base: Interval, factor: Double, exponentOffset: Int = 0)
        /// Entry n of the table; the last entry repeats for ever (Phoenix). Must not be empty.
        case table([Interval])
        /// The last *randomised* delay times factor, base at first: the wait is a random walk, where `exponential`
        /// with the same parameters is not. With the cap before jitter the delay is jitter(min(cap, factor · last))
        /// (grpc-js); with the cap after it, min(cap, factor · jitter(last)), jitter rounded (kafkajs).
        case compounding(base: Interval, factor: Double)
    }

    /// How a delay v is spread. `U` is uniform in 0 ..< 1.
    public enum Jitter: Sendable, Hashable {
        /// v itself.
        case none
        /// U · v.
        case full
        /// v/2 + U · v/2.
        case equal
        /// min(cap, base + U · (3 · previous − base)), previous being the last delay, base at first. Growth beyond
        /// its first value plays no part.
        case decorrelated
        /// (s − s′) · base / 1.4 with s = 2^t · tanh(√(4t)), t = n + U, and s′ the last s, 0 at first. Growth beyond
        /// its first value plays no part.
        ///
        /// - Source: Polly, "DecorrelatedJitterBackoffV2", `src/Polly.Core/Retry/RetryHelper.cs`.
        case smoothDecorrelated
        /// v + fraction · v · (2U − 1), never below zero (landale's browser client: 0.25).
        case symmetric(fraction: Double)
        /// v − w + ⌊U · (2w + 1)⌋ with w = ⌊⌊v⌋ / 100⌋ · percent, all in whole units of the rounding: what integer
        /// arithmetic makes of ± percent, both ends included (the pools of AsyncHTTPClient and PostgresNIO: 3).
        ///
        /// - Source: async-http-client, `HTTPConnectionPool+Backoff.swift`.
        case symmetricPercent(Int)
        /// v + fraction · v · U (landale's Python client: 0.1).
        case additive(fraction: Double)
        /// v − fraction · v · U, never below zero (Ably: 0.2).
        case subtractive(fraction: Double)
        /// v + upTo · U, whatever v is (the chat SDK's document: 1 s).
        case additiveConstant(upTo: Interval)
        /// v + from + (to − from) · U, whatever v is (graphql-ws: 300 ms to 3 s).
        case additiveRange(from: Interval, to: Interval)
        /// min(cap, minimum + U · v) (the chat SDK's socket, Centrifuge).
        case minimumPlusFull(minimum: Interval)
        /// minimum + U · (max(minimum, v) − minimum) (valkey-swift).
        case fullAbove(minimum: Interval)
        /// With d = ⌊U · fraction · v⌋ in units of the rounding: v − d where the first decimal digit of U is even, else
        /// v + d. Sign and size come from one draw, so half of the range is never used. Where v has overflown to
        /// infinity the difference is not a number, and the delay is zero (socket.io).
        ///
        /// - Source: socket.io-client 4.8.3, `lib/contrib/backo2.ts`.
        case signFromDigit(fraction: Double)
    }

    /// Whether the cap cuts the growth or the randomised delay.
    public enum CapOrder: String, Sendable, Hashable, CaseIterable {
        /// The cap bounds the growth; jitter spreads what comes of it.
        case beforeJitter = "before-jitter"
        /// The cap bounds the final delay; what lies above it is cut to exactly the cap.
        case afterJitter = "after-jitter"
    }

    /// To what a delay is rounded.
    public struct Rounding: Sendable, Hashable {
        /// Which way.
        public enum Direction: String, Sendable, Hashable, CaseIterable {
            /// To the nearest multiple, halves away from zero.
            case nearest
            /// To the multiple at or below.
            case down
            /// To the multiple at or above.
            case up
        }

        /// Which way.
        public var direction: Direction
        /// Delays are multiples of this; above zero. The arithmetic counts in it.
        public var unit: Interval
        /// Whether the random part is drawn from one unit more, so that after rounding down its largest value comes
        /// up as often as any other: ⌊U · (width + 1)⌋, as integer generators do (Centrifuge, cenkalti/backoff).
        public var drawsUpperEnd: Bool
        /// Whether exponential growth, too, is rounded, and that at each of its steps: what remains of an integer that
        /// is multiplied again and again (cenkalti/backoff, resilience4j).
        public var roundsGrowth: Bool

        /// A rule made of its parts.
        public init(
            _ direction: Direction,
            to unit: Interval,
            drawsUpperEnd: Bool = false,
            roundsGrowth: Bool = false
        ) {
            self.direction = direction
            self.unit = unit
            self.drawsUpperEnd = drawsUpperEnd
            self.roundsGrowth = roundsGrowth
        }

        /// To the nearest nanosecond.
        public static let nearestNanosecond = Rounding(.nearest, to: .nanoseconds(1))
        /// Down to whole milliseconds, as clients with integer timers do.
        public static let downToMilliseconds = Rounding(.down, to: .milliseconds(1))
        /// Down to whole nanoseconds, as integer conversions do.
        public static let downToNanoseconds = Rounding(.down, to: .nanoseconds(1))
    }

    /// How often a number is drawn.
    public enum Draws: String, Sendable, Hashable, CaseIterable {
        /// One for each retry.
        case perRetry = "per-retry"
        /// One in the client's life, used for every retry (reconnecting-websocket: once a page).
        case once
        /// One for each retry, and another whenever the wait is over: the retry is made only if the wait drawn anew
        /// is over, too. The longest of a series is what counts (nats.js).
        case untilNotLonger = "until-not-longer"
    }

    /// The range of a first delay: from + U · (to − from). Draws one number where both differ, else none.
    public struct First: Sendable, Hashable {
        /// The shortest.
        public var from: Interval
        /// The longest.
        public var to: Interval

        /// A range of delays.
        public init(from: Interval, to: Interval) {
            self.from = from
            self.to = to
        }

        /// No wait at all.
        public static let atOnce = First(from: .zero, to: .zero)
    }

    /// What a backoff remembers from one retry to the next; belongs to the client.
    public struct Memory: Sendable, Hashable {
        /// The last delay in units of the rounding, the last s of `smoothDecorrelated`, or the number drawn once; −1
        /// for nothing.
        var value = -1.0

        /// Nothing remembered.
        public init() {}
    }

    /// How the delay grows.
    public var growth: Growth
    /// The largest un-jittered or final delay, see `capOrder`; `Interval.max` means none.
    public var cap: Interval
    /// What the cap cuts.
    public var capOrder: CapOrder
    /// The smallest delay.
    public var floor: Interval
    /// How delays are spread.
    public var jitter: Jitter
    /// The first retry that is spread; those before it wait exactly the growth. gRPC: 1.
    public var firstJittered: Int
    /// How often a number is drawn.
    public var draws: Draws
    /// The delay before the first retry, where it follows a rule of its own.
    public var first: First?
    /// To what delays are rounded.
    public var rounding: Rounding

    /// A backoff made of its parts.
    public init(
        growth: Growth,
        cap: Interval = .max,
        capOrder: CapOrder = .beforeJitter,
        floor: Interval = .zero,
        jitter: Jitter = .none,
        firstJittered: Int = 0,
        draws: Draws = .perRetry,
        first: First? = nil,
        rounding: Rounding = .nearestNanosecond
    ) {
        self.growth = growth
        self.cap = cap
        self.capOrder = capOrder
        self.floor = floor
        self.jitter = jitter
        self.firstJittered = firstJittered
        self.draws = draws
        self.first = first
        self.rounding = rounding
    }

    /// The most common shape: base · factor^n up to a cap, with the given jitter.
    public static func exponential(
        base: Interval,
        factor: Double = 2,
        cap: Interval,
        jitter: Jitter
    ) -> Backoff {
        Backoff(growth: .exponential(base: base, factor: factor), cap: cap, jitter: jitter)
    }

    /// The delay before a retry.
    ///
    /// - Parameters:
    ///   - retry: number of the retry, 0 for the first; negative counts as 0.
    ///   - memory: what the client remembers of the retries before; changed.
    ///   - random: drawn from as the type's description says.
    /// - Returns: the delay, zero or more.
    public func delay(
        beforeRetry retry: Int,
        memory: inout Memory,
        random: inout some RandomSource
    ) -> Interval {
        let delay = nextDelay(beforeRetry: retry, memory: &memory, random: &random)
        guard draws == .untilNotLonger, isJittered else { return delay }
        var longest = delay
        // As likely as not each draw ends it; the bound is for sources that never let a wait end.
        for _ in 0..<10_000 {
            let next = nextDelay(beforeRetry: retry, memory: &memory, random: &random)
            guard next > longest else { break }
            longest = next
        }
        return longest
    }

    /// The delay before a retry, for callers who remember the last delay themselves.
    ///
    /// - Parameter previous: the delay handed out before this one, or nil. Only decorrelated jitter and compounding
    ///   growth look at it.
    public func delay(
        beforeRetry retry: Int,
        previous: Interval?,
        random: inout some RandomSource
    ) -> Interval {
        var memory = Memory()
        if let previous, remembersDelay { memory.value = units(previous) }
        return delay(beforeRetry: retry, memory: &memory, random: &random)
    }

    /// Forgets what belongs to an outage; a number drawn once is kept.
    func reset(_ memory: inout Memory) {
        if draws != .once { memory.value = -1 }
    }

    /// The shapes that most delays have: so much at least, and U times so much more.
    struct Spread: BitwiseCopyable {
        var least: Double
        var width: Double
    }

    /// The spreads of the first retries, in nanoseconds; nil unless every delay is one, whatever happened before.
    func spreads(ofRetries count: Int) -> [Spread]? {
        guard draws == .perRetry, first == nil, firstJittered == 0, floor == .zero, capOrder == .beforeJitter,
            rounding == .nearestNanosecond, !remembersDelay
        else { return nil }
        let cap = units(cap)
        var spreads: [Spread] = []
        for retry in 0..<count {
            let value = min(cap, grown(retry))
            guard value >= 0, value < 0x1p62 else { return nil }
            switch jitter {
            case .none: spreads.append(Spread(least: value, width: 0))
            case .full: spreads.append(Spread(least: 0, width: value))
            case .equal: spreads.append(Spread(least: value / 2, width: value / 2))
            default: return nil
            }
        }
        return spreads
    }

    private var remembersDelay: Bool {
        if case .compounding = growth { return true }
        if case .decorrelated = jitter { return true }
        return false
    }

    var isJittered: Bool {
        if case .none = jitter { return false }
        return true
    }

    private func nextDelay(
        beforeRetry retry: Int,
        memory: inout Memory,
        random: inout some RandomSource
    ) -> Interval {
        var retry = max(0, retry)
        if let first {
            guard retry > 0 else {
                guard first.to > first.from else { return interval(wholeUnits(units(first.from))) }
                let width = units(first.to - first.from) + upperEnd
                return interval(wholeUnits(units(first.from) + random.nextUniform() * width))
            }
            retry -= 1
        }
        let exact = max(units(floor), spread(retry, memory: &memory, random: &random))
        let delay = wholeUnits(exact)
        // A library with a rounding of its own goes on from what it rounded; one without knows no nanoseconds.
        if remembersDelay { memory.value = rounding == .nearestNanosecond ? exact : delay }
        return interval(delay)
    }

    // Everything below counts in units of the rounding, as the libraries do whose delays are whole milliseconds: the
    // same products then have the same last bits.

    /// Growth, jitter and cap.
    private func spread(
        _ retry: Int,
        memory: inout Memory,
        random: inout some RandomSource
    ) -> Double {
        let cap = units(cap)
        let isSpread = retry >= firstJittered && isJittered
        if case .compounding(let base, let factor) = growth {
            let last = memory.value < 0 ? units(base) : memory.value
            let grown = memory.value < 0 || capOrder == .afterJitter ? last : factor * last
            let bounded = capOrder == .beforeJitter ? min(cap, grown) : grown
            var delay = isSpread ? jittered(bounded, retry, memory: &memory, random: &random) : bounded
            guard capOrder == .afterJitter else { return delay }
            if rounding != .nearestNanosecond { delay = wholeUnits(delay) }
            return min(cap, memory.value < 0 ? delay : factor * delay)
        }
        let grown = grown(retry)
        let bounded = capOrder == .beforeJitter ? min(cap, grown) : grown
        let delay = isSpread ? jittered(bounded, retry, memory: &memory, random: &random) : bounded
        return capOrder == .afterJitter ? min(cap, delay) : delay
    }

    private func jittered(
        _ value: Double,
        _ retry: Int,
        memory: inout Memory,
        random: inout some RandomSource
    ) -> Double {
        let uniform: Double
        if draws == .once {
            if memory.value < 0 { memory.value = random.nextUniform() }
            uniform = memory.value
        } else {
            uniform = random.nextUniform()
        }
        let cap = units(cap)
        switch jitter {
        case .none:
            return value
        case .full:
            return uniform * (value + upperEnd)
        case .equal:
            return value / 2 + uniform * (value / 2 + upperEnd)
        case .decorrelated:
            let base = grown(0)
            let last = memory.value < 0 ? base : memory.value
            return min(cap, base + uniform * (3 * last - base + upperEnd))
        case .smoothDecorrelated:
            let time = Double(retry) + uniform
            let sum =
                ElementaryFunctions.powerOfTwo(time) * ElementaryFunctions.hyperbolicTangent((4 * time).squareRoot())
            let step = sum - max(0, memory.value)
            memory.value = sum
            return step.isNaN ? cap : step * (1 / 1.4) * grown(0)
        case .symmetric(let fraction):
            // From the low end, as those do it whose last bits matter.
            return value - fraction * value + uniform * (2 * fraction * value + upperEnd)
        case .symmetricPercent(let percent):
            let whole = value.rounded(.down)
            let width = (whole / 100).rounded(.down) * Double(percent)
            return max(0, whole - width + (uniform * (2 * width + 1)).rounded(.down))
        case .additive(let fraction):
            return sum(value, uniform * (fraction * value + upperEnd))
        case .subtractive(let fraction):
            return value - uniform * (fraction * value + upperEnd)
        case .additiveConstant(let upTo):
            return sum(value, (units(upTo) + upperEnd) * uniform)
        case .additiveRange(let from, let to):
            return sum(value, units(from) + (units(to - from) + upperEnd) * uniform)
        case .minimumPlusFull(let minimum):
            return min(cap, sum(units(minimum), uniform * (min(cap, value) + upperEnd)))
        case .fullAbove(let minimum):
            let least = units(minimum)
            return least + uniform * (max(least, value) - least + upperEnd)
        case .signFromDigit(let fraction):
            let deviation = (uniform * fraction * value).rounded(.down)
            let isEven = Int(uniform * 10) & 1 == 0
            let delay = isEven ? value - deviation : value + deviation
            return delay.isNaN ? 0 : delay
        }
    }

    /// The sum of both. What is rounded down anyway is rounded before it is added to a whole number: the sum of two doubles
    /// may be the next unit though the addition falls short of it.
    private func sum(_ value: Double, _ addition: Double) -> Double {
        guard rounding.direction == .down, value == value.rounded(.down) else { return value + addition }
        return value + addition.rounded(.down)
    }

    private var upperEnd: Double { rounding.drawsUpperEnd ? 1 : 0 }

    private func units(_ interval: Interval) -> Double {
        Double(interval.nanoseconds) / Double(rounding.unit.nanoseconds)
    }

    private func wholeUnits(_ value: Double) -> Double {
        switch rounding.direction {
        case .nearest: value.rounded()
        case .down: value.rounded(.down)
        case .up: value.rounded(.up)
        }
    }

    private func interval(_ units: Double) -> Interval {
        max(.zero, Interval(roundingNanoseconds: units) * rounding.unit.nanoseconds)
    }

    /// The growth's value for a retry, before cap and jitter; may be infinite.
    private func grown(_ retry: Int) -> Double {
        switch growth {
        case .fixed(let delay):
            return units(delay)
        case .linear(let base, let step):
            return units(base) + Double(retry) * units(step)
        case .exponential(let base, let factor, let exponentOffset):
            // Zero times an overflown power would not be a number.
            guard base != .zero else { return 0 }
            let (exponent, overflow) = retry.addingReportingOverflow(exponentOffset)
            if rounding.roundsGrowth { return steps(units(base), factor, overflow ? .max : exponent) }
            return units(base) * power(factor, overflow ? .max : exponent)
        case .table(let delays):
            guard let last = delays.last else { return 0 }
            return units(retry < delays.count ? delays[retry] : last)
        case .compounding(let base, _):
            return units(base)
        }
    }

    /// Multiplied and rounded so many times.
    private func steps(_ base: Double, _ factor: Double, _ count: Int) -> Double {
        var value = base
        for _ in 0..<max(0, count) {
            let next = wholeUnits(value * factor)
            // The growth is over where a step changes nothing, or the longest interval is reached.
            guard next != value, next < 0x1p63 else { return next }
            value = next
        }
        return value
    }

    /// factor^exponent by repeated squaring: exact for whole factors, and the same on every platform, which the C
    /// library's `pow` is not.
    private func power(_ factor: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var square = factor
        var remaining = exponent.magnitude
        while remaining > 0 {
            if remaining & 1 == 1 { result *= square }
            square *= square
            remaining >>= 1
        }
        return exponent < 0 ? 1 / result : result
    }
}
