internal import CGSL

/// The bias-corrected and accelerated (BCa) bootstrap interval of a statistic.
///
/// With `z0` the normal quantile of the share of resampled statistics below the observed one (equal ones count
/// half) and `a` the acceleration from the jackknife, `sum d^3 / (6 (sum d^2)^(3/2))` with d the mean of the
/// leave-one-out statistics minus each, the ends are the type-7 quantiles of the resampled statistics at
/// `Phi(z0 + (z0 + z) / (1 - a (z0 + z)))` for z the normal quantiles of `(1 - level)/2` and `(1 + level)/2`.
/// Not valid for extremes such as a maximum.
///
/// Draws: `resamples * values.count`, from a generator of its own seeded with `seed`; equal arguments give equal
/// intervals.
///
/// - Parameters:
///   - values: independent, one per replication.
///   - level: the confidence, between 0 and 1.
///   - resamples: how many samples to draw with replacement, at least 1. Default: 2000, enough for 95 % ends.
///   - seed: any number.
///   - statistic: of a sample with as many values, or one fewer (the jackknife); must not depend on anything else.
/// - Returns: `nil` below two values, or where no BCa interval exists because every resampled statistic lies on one
///   side of the observed one or the acceleration is too strong.
/// - Throws: `invalidArgument` if a value is not finite or an argument is out of range; `numericalFailure` if the
///   statistic returns something that is not finite.
/// - Complexity: `resamples + values.count + 1` calls of the statistic.
/// - Source: Efron, JASA 82 (1987); Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 14.3.
public func bootstrapBCaInterval(
    of values: [Double],
    level: Double = 0.95,
    resamples: Int = 2000,
    seed: UInt64,
    statistic: ([Double]) -> Double
) throws(StatisticsError) -> ConfidenceInterval? {
    let call = "bootstrapBCaInterval"
    try requireLevel(level, call)
    try requireFinite(values, call)
    try require(resamples >= 1, call, "\(resamples) resamples")
    let count = values.count
    guard count >= 2 else { return nil }

    func evaluate(_ sample: [Double]) throws(StatisticsError) -> Double {
        let result = statistic(sample)
        guard result.isFinite else {
            throw StatisticsError(code: .numericalFailure, call: call, reason: "the statistic is \(result)")
        }
        return result
    }

    let observed = try evaluate(values)
    var generator = SplitMix64(seed: seed)
    var sample = values
    var replicates: [Double] = []
    var below = 0.0
    for _ in 0..<resamples {
        for position in 0..<count { sample[position] = values[generator.index(below: count)] }
        let replicate = try evaluate(sample)
        replicates.append(replicate)
        below += replicate < observed ? 1 : (replicate == observed ? 0.5 : 0)
    }
    replicates.sort()

    var jackknife: [Double] = []
    for left in 0..<count {
        var rest = values
        rest.remove(at: left)
        jackknife.append(try evaluate(rest))
    }
    let acceleration = accelerationOf(jackknife: jackknife)
    let bias = try normalQuantile(below / Double(resamples))
    guard bias.isFinite else { return nil }

    func end(_ probability: Double) throws(StatisticsError) -> Double? {
        let shifted = bias + (try normalQuantile(probability))
        let denominator = 1 - acceleration * shifted
        guard denominator > 0 else { return nil }
        let corrected = gsl_cdf_ugaussian_P(bias + shifted / denominator)
        return sampleQuantile(ofSorted: replicates, probability: corrected)
    }
    guard let lower = try end((1 - level) / 2), let upper = try end((1 + level) / 2) else { return nil }
    return ConfidenceInterval(lower: lower, upper: upper, level: level, method: .bootstrapBCa)
}

/// The acceleration from leave-one-out statistics; 0 where they do not differ.
private func accelerationOf(jackknife: [Double]) -> Double {
    let mean = gsl_stats_mean(jackknife, 1, jackknife.count)
    var squares = 0.0
    var cubes = 0.0
    for value in jackknife {
        let difference = mean - value
        squares += difference * difference
        cubes += difference * difference * difference
    }
    let acceleration = cubes / (6 * squares * squares.squareRoot())
    return acceleration.isFinite ? acceleration : 0
}
