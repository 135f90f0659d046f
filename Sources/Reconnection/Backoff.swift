public import MonotonicTime

/// How long to wait before each retry: growth, cap and jitter, as data.
///
/// Order of operations, with retry n counted from 0 for the first retry after a success:
/// 1. growth gives g(n);
/// 2. `capOrder == .beforeJitter` (default): v = min(cap, g), the delay is jitter(v), so that the cap keeps its
///    spread; `.afterJitter`: the delay is min(cap, jitter(g)), so that at the cap everybody waits exactly the cap;
/// 3. the delay is rounded to whole nanoseconds, or down to whole milliseconds where `floorsToMilliseconds` is set.
///
/// Draws: exactly one number a delay for every jitter but `.none`, which draws nothing.
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
        /// v + fraction · v · (2U − 1), never below zero (landale's browser client: 0.25).
        case symmetric(fraction: Double)
        /// v + fraction · v · U (landale's Python client: 0.1).
        case additive(fraction: Double)
        /// v + upTo · U, whatever v is (the chat SDK's document: 1 s).
        case additiveConstant(upTo: Interval)
        /// min(cap, minimum + U · v) (the chat SDK's socket, Centrifuge).
        case minimumPlusFull(minimum: Interval)
    }

    /// Whether the cap cuts the growth or the randomised delay.
    public enum CapOrder: String, Sendable, Hashable, CaseIterable {
        /// The cap bounds the growth; jitter spreads what comes of it.
        case beforeJitter = "before-jitter"
        /// The cap bounds the final delay; what lies above it is cut to exactly the cap.
        case afterJitter = "after-jitter"
    }

    /// How the delay grows.
    public var growth: Growth
    /// The largest un-jittered or final delay, see `capOrder`; `Interval.max` means none.
    public var cap: Interval
    /// What the cap cuts.
    public var capOrder: CapOrder
    /// How delays are spread.
    public var jitter: Jitter
    /// Whether delays are rounded down to whole milliseconds, as clients with integer timers do.
    public var floorsToMilliseconds: Bool

    /// A backoff made of its parts.
    public init(
        growth: Growth,
        cap: Interval = .max,
        capOrder: CapOrder = .beforeJitter,
        jitter: Jitter = .none,
        floorsToMilliseconds: Bool = false
    ) {
        self.growth = growth
        self.cap = cap
        self.capOrder = capOrder
        self.jitter = jitter
        self.floorsToMilliseconds = floorsToMilliseconds
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
    ///   - previous: the delay handed out before this one, or nil; only decorrelated jitter looks at it.
    ///   - random: drawn from once, unless jitter is `.none`.
    /// - Returns: the delay, zero or more.
    public func delay(
        beforeRetry retry: Int,
        previous: Interval?,
        random: inout some RandomSource
    ) -> Interval {
        let retry = max(0, retry)
        let cap = Double(cap.nanoseconds)
        let grown = grownNanoseconds(retry)
        let bounded = capOrder == .beforeJitter ? min(cap, grown) : grown
        var delay: Double
        switch jitter {
        case .none:
            delay = bounded
        case .full:
            delay = random.nextUniform() * bounded
        case .equal:
            delay = bounded / 2 + random.nextUniform() * (bounded / 2)
        case .decorrelated:
            let base = grownNanoseconds(0)
            let last = previous.map { Double($0.nanoseconds) } ?? base
            delay = min(cap, base + random.nextUniform() * (3 * last - base))
        case .symmetric(let fraction):
            delay = bounded + fraction * bounded * (2 * random.nextUniform() - 1)
        case .additive(let fraction):
            delay = bounded + fraction * bounded * random.nextUniform()
        case .additiveConstant(let upTo):
            delay = bounded + Double(upTo.nanoseconds) * random.nextUniform()
        case .minimumPlusFull(let minimum):
            delay = min(cap, Double(minimum.nanoseconds) + random.nextUniform() * min(cap, grown))
        }
        if capOrder == .afterJitter { delay = min(cap, delay) }
        let interval = max(.zero, Interval(roundingNanoseconds: delay))
        return floorsToMilliseconds ? interval.flooredToMilliseconds : interval
    }

    /// The growth's value for a retry, before cap and jitter, in nanoseconds; may be infinite.
    private func grownNanoseconds(_ retry: Int) -> Double {
        switch growth {
        case .fixed(let delay):
            return Double(delay.nanoseconds)
        case .linear(let base, let step):
            return Double(base.nanoseconds) + Double(retry) * Double(step.nanoseconds)
        case .exponential(let base, let factor, let exponentOffset):
            // Zero times an overflown power would not be a number.
            guard base != .zero else { return 0 }
            let (exponent, overflow) = retry.addingReportingOverflow(exponentOffset)
            return Double(base.nanoseconds) * power(factor, overflow ? .max : exponent)
        case .table(let delays):
            guard let last = delays.last else { return 0 }
            return Double((retry < delays.count ? delays[retry] : last).nanoseconds)
        }
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
