import MonotonicTime

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A distribution of real values in a unit that its owner knows, usually seconds.
///
/// Every sample consumes exactly one uniform number and is an increasing function of it (the inverse of the cumulative
/// distribution function), so that two runs that share their uniform numbers stay comparable draw by draw.
/// Parameters are checked by `validate()`, not at each draw; with parameters that pass, every quantile is finite.
public enum Distribution: Sendable, Hashable {
    /// Always the same value.
    case constant(Double)
    /// Evenly spread between two values.
    case uniform(lower: Double, upper: Double)
    /// Exponential with the given mean: the memoryless distribution.
    case exponential(mean: Double)
    /// The logarithm is normal with mean log(median) and standard deviation sigma.
    case lognormal(median: Double, sigma: Double)
    /// P(X > x) = exp(-(x / scale)^shape); a shape below 1 has a heavy tail, a shape of 1 is exponential.
    case weibull(shape: Double, scale: Double)
    /// The base distribution on condition that the value lies between two bounds, either of which may be infinite.
    indirect case truncated(lower: Double, upper: Double, base: Distribution)
    /// Measured values in increasing order, joined by straight lines: the quantile at u lies u (n - 1) steps from the
    /// smallest of n values (Hyndman and Fan's type 7).
    case empirical(sorted: [Double])

    /// The lognormal distribution with a given median and one further quantile, as reports of latencies state them.
    ///
    /// sigma = ln(quantile / median) / z, where z is the normal quantile of the probability.
    ///
    /// - Parameters:
    ///   - median: positive.
    ///   - quantile: the value below which a sample lies with the given probability.
    ///   - probability: in (0, 1) and not 0.5, such as 0.99.
    public static func lognormal(median: Double, quantile: Double, probability: Double) -> Distribution {
        .lognormal(median: median, sigma: log(quantile / median) / normalQuantile(probability))
    }

    /// The value below which a sample lies with probability `uniform`.
    ///
    /// Ends: at 0 it is the lower end of the support, except that a lognormal value takes 2^-54 instead, half the
    /// spacing of the uniform numbers. At 1 - 2^-53, the largest uniform number, unbounded distributions stop where
    /// a tail of 2^-53 remains: 36.7 means of the exponential, 8.2 sigmas of the lognormal.
    ///
    /// - Parameter uniform: in [0, 1).
    /// - Complexity: O(1); O(log n) for truncated distributions of n empirical values. A truncated distribution
    ///   evaluates its base at both bounds each time.
    public func quantile(_ uniform: Double) -> Double {
        quantile(Tails(below: uniform, above: 1 - uniform))
    }

    /// A random value. Consumes exactly one draw.
    public func sample(_ stream: inout RandomStream) -> Double { quantile(stream.nextUniform()) }

    /// The quantile, read as seconds, as an interval rounded to whole nanoseconds.
    ///
    /// - Parameter uniform: in [0, 1).
    public func interval(atUniform uniform: Double) -> Interval { Interval(seconds: quantile(uniform)) }

    /// The probability that a sample is at most the value.
    public func probability(atMost value: Double) -> Double { tails(at: value, inclusive: true).below }

    /// The expected value.
    ///
    /// Closed forms, except that truncated exponential, lognormal and Weibull distributions are integrated over their
    /// quantiles by the double exponential rule (H. Takahasi and M. Mori, 1974) with step 1/16 on [-6, 6], which
    /// bears their steep ends; the relative error is about 1e-12. That of `empirical` is the mean of the line
    /// through the values, in which the two outermost count half.
    ///
    /// - Complexity: O(1), but 193 quantiles for an integral; O(n) for n empirical values.
    public var mean: Double {
        switch self {
        case .constant(let value): value
        case .uniform(let lower, let upper): lower + (upper - lower) / 2
        case .exponential(let mean): mean
        case .lognormal(let median, let sigma): median * exp(sigma * sigma / 2)
        case .weibull(let shape, let scale): scale * tgamma(1 + 1 / shape)
        case .truncated(let lower, let upper, let base): base.mean(between: lower, and: upper)
        case .empirical(let values): meanOfLine(through: values, from: 0, to: 1)
        }
    }
}

extension Distribution {
    /// Fails if no such distribution exists or if its quantiles could leave the range of floating-point numbers.
    ///
    /// - Throws: a description of the first parameter found wrong.
    public func validate() throws(DistributionError) {
        switch self {
        case .constant(let value):
            try require(value.isFinite, "value must be finite")
        case .uniform(let lower, let upper):
            try require((upper - lower).isFinite, "lower and upper must be finite")
            try require(lower <= upper, "lower must not exceed upper")
        case .exponential(let mean):
            try require(mean >= 0 && mean <= 1e300, "mean must be in 0 ... 1e300")
        case .lognormal(let median, let sigma):
            try require(median > 0 && median <= 1e50, "median must be above 0 and at most 1e50")
            try require(sigma >= 0 && sigma <= 15, "sigma must be in 0 ... 15")
        case .weibull(let shape, let scale):
            try require(shape >= 0.02 && shape.isFinite, "shape must be finite and at least 0.02")
            try require(scale >= 0 && scale <= 1e100, "scale must be in 0 ... 1e100")
        case .truncated(let lower, let upper, let base):
            try base.validate()
            try require(lower <= upper, "lower must not exceed upper")
            let start = base.tails(at: lower, inclusive: false)
            let end = base.tails(at: upper, inclusive: true)
            try require(base.mass(from: start, to: end) > 0, "the base has no values between lower and upper")
        case .empirical(let values):
            try require(!values.isEmpty, "at least one value is needed")
            try require(values.allSatisfy(\.isFinite), "values must be finite")
            try require(zip(values, values.dropFirst()).allSatisfy(<=), "values must be in increasing order")
        }
    }

    private func require(_ condition: Bool, _ rule: String) throws(DistributionError) {
        if !condition { throw DistributionError(distribution: self, rule: rule) }
    }
}

/// A distribution whose parameters break a rule.
public struct DistributionError: Error, Hashable, CustomStringConvertible {
    /// The distribution at fault; inside a truncated one, possibly its base.
    public let distribution: Distribution
    /// The rule broken, in words that name the parameter.
    public let rule: String

    /// The rule and the distribution.
    public var description: String { "\(rule), not so in \(distribution)" }
}

extension Distribution {
    func quantile(_ tails: Tails) -> Double {
        switch self {
        case .constant(let value):
            return value
        case .uniform(let lower, let upper):
            return lower + (upper - lower) * tails.below
        case .exponential(let mean):
            return mean * exponentialQuantile(tails)
        case .lognormal(let median, let sigma):
            guard tails.below > 0 else { return median * exp(sigma * normalQuantile(0x1p-54)) }
            let inner = Tails(below: max(tails.below, 0x1p-1000), above: max(tails.above, 0x1p-1000))
            return median * exp(sigma * normalQuantile(inner))
        case .weibull(let shape, let scale):
            return scale * pow(exponentialQuantile(tails), 1 / shape)
        case .truncated(let lower, let upper, let base):
            let start = base.tails(at: lower, inclusive: false)
            let end = base.tails(at: upper, inclusive: true)
            let inner = Tails(
                below: start.below * tails.above + end.below * tails.below,
                above: start.above * tails.above + end.above * tails.below
            )
            return min(max(base.quantile(inner), lower), upper)
        case .empirical(let values):
            return valueOnLine(through: values, at: tails.below)
        }
    }

    /// The probabilities of the values below (or at, if inclusive) and above a value.
    func tails(at value: Double, inclusive: Bool) -> Tails {
        switch self {
        case .constant(let constant):
            return constant < value || inclusive && constant == value
                ? Tails(below: 1, above: 0) : Tails(below: 0, above: 1)
        case .uniform(let lower, let upper):
            guard lower < upper else { return Distribution.constant(lower).tails(at: value, inclusive: inclusive) }
            let clamped = min(max(value, lower), upper)
            return Tails(below: (clamped - lower) / (upper - lower), above: (upper - clamped) / (upper - lower))
        case .exponential(let mean):
            guard mean > 0 else { return Distribution.constant(0).tails(at: value, inclusive: inclusive) }
            return exponentialTails(at: max(value, 0) / mean)
        case .lognormal(let median, let sigma):
            guard sigma > 0 else { return Distribution.constant(median).tails(at: value, inclusive: inclusive) }
            let deviate = log(max(value, 0) / median) / sigma
            return Tails(below: erfc(-deviate / 2.squareRoot()) / 2, above: erfc(deviate / 2.squareRoot()) / 2)
        case .weibull(let shape, let scale):
            guard scale > 0 else { return Distribution.constant(0).tails(at: value, inclusive: inclusive) }
            return exponentialTails(at: pow(max(value, 0) / scale, shape))
        case .truncated(let lower, let upper, let base):
            if value < lower || !inclusive && value == lower { return Tails(below: 0, above: 1) }
            if value > upper || inclusive && value == upper { return Tails(below: 1, above: 0) }
            let start = base.tails(at: lower, inclusive: false)
            let middle = base.tails(at: value, inclusive: inclusive)
            let end = base.tails(at: upper, inclusive: true)
            let total = base.mass(from: start, to: end)
            return Tails(
                below: base.mass(from: start, to: middle) / total,
                above: base.mass(from: middle, to: end) / total
            )
        case .empirical(let values):
            return tailsOnLine(through: values, at: value, inclusive: inclusive)
        }
    }

    /// The probability between two points, by whichever tail is smaller there.
    private func mass(from start: Tails, to end: Tails) -> Double {
        start.above < start.below ? start.above - end.above : end.below - start.below
    }

    /// The mean on condition that the value lies between two bounds.
    private func mean(between lower: Double, and upper: Double) -> Double {
        switch self {
        case .constant(let value):
            return value
        case .uniform(let start, let end):
            let left = max(start, lower)
            return left + (min(end, upper) - left) / 2
        case .exponential, .lognormal, .weibull:
            let truncated = Distribution.truncated(lower: lower, upper: upper, base: self)
            return meanOfQuantiles { truncated.quantile($0) }
        case .truncated(let innerLower, let innerUpper, let base):
            return base.mean(between: max(lower, innerLower), and: min(upper, innerUpper))
        case .empirical(let values):
            let start = tails(at: lower, inclusive: false).below
            let end = tails(at: upper, inclusive: true).below
            return meanOfLine(through: values, from: start, to: end)
        }
    }
}
