internal import CGSL

/// What a candidate changes against a baseline when both met the same random numbers.
public struct PairedDifference: Sendable, Hashable {
    /// The number of pairs.
    public let pairs: Int
    /// The mean of candidate minus baseline, in the unit of the values.
    public let meanDifference: Double
    /// The t interval of the mean difference.
    public let interval: ConfidenceInterval
    /// The two-sided p-value of "the mean difference is 0", by the paired t test.
    public let pValue: Double
    /// Pearson's correlation of the pairs, -1 ... 1; `nil` where one side has no spread.
    ///
    /// Common random numbers help when it is positive.
    public let correlation: Double?
    /// `Var(A - B) / (Var A + Var B)`: below 1, pairing saved replications; `nil` where neither side has spread.
    public let varianceRatio: Double?
}

/// Compares two policies replication by replication.
///
/// The t interval and test are those of the differences, with n - 1 degrees of freedom. Differences without spread
/// decide by themselves: p is 1 if they are 0, otherwise 0.
///
/// - Parameters:
///   - candidate: one value per replication.
///   - baseline: the values of the same replications in the same order.
///   - level: the confidence of the interval, between 0 and 1.
/// - Returns: `nil` below two pairs.
/// - Throws: `invalidArgument` if the counts differ, a value or a difference is not finite, or the level is out of
///   range.
/// - Source: Law, Simulation Modeling and Analysis, 5th ed., sections 10.2.1 and 11.2.
public func pairedDifference(
    _ candidate: [Double],
    _ baseline: [Double],
    level: Double = 0.95
) throws(StatisticsError) -> PairedDifference? {
    let call = "pairedDifference"
    try requireLevel(level, call)
    try require(
        candidate.count == baseline.count,
        call,
        "\(candidate.count) values cannot be paired with \(baseline.count)"
    )
    let ofCandidate = try SampleSummary(candidate)
    let ofBaseline = try SampleSummary(baseline)
    let ofDifference = try SampleSummary(zip(candidate, baseline).map { $0 - $1 })
    guard
        let mean = ofDifference.mean,
        let deviation = ofDifference.standardDeviation,
        let variance = ofDifference.variance,
        let candidateVariance = ofCandidate.variance,
        let baselineVariance = ofBaseline.variance,
        let interval = try studentTInterval(of: ofDifference, level: level)
    else { return nil }

    let count = candidate.count
    let pValue: Double
    if deviation > 0 {
        let t = abs(mean) / (deviation / Double(count).squareRoot())
        pValue = min(1, 2 * (try studentTUpperTail(t, degreesOfFreedom: Double(count - 1))))
    } else {
        pValue = mean == 0 ? 1 : 0
    }

    var correlation: Double?
    if candidateVariance > 0, baselineVariance > 0 {
        let coefficient = gsl_stats_correlation(candidate, 1, baseline, 1, count)
        correlation = coefficient.isNaN ? nil : max(-1, min(1, coefficient))
    }
    let ratio = variance / (candidateVariance + baselineVariance)
    return PairedDifference(
        pairs: count,
        meanDifference: mean,
        interval: interval,
        pValue: pValue,
        correlation: correlation,
        varianceRatio: ratio.isNaN ? nil : ratio
    )
}
