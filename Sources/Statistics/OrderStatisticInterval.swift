/// The interval of a quantile between two order statistics, whatever the distribution.
///
/// Ranks `l = BinInv(a/2; n, q)` and `u = BinInv(1-a/2; n, q) + 1`, where `BinInv(p; n, q)` is the smallest k with
/// `P(Binomial(n, q) <= k) >= p` and `a = 1 - level`; the coverage is at least the level. Suits small numbers of
/// replications and extremes.
///
/// - Parameters:
///   - values: independent, in ascending order; infinities ("never") are allowed and may become ends.
///   - probability: q of the quantile, between 0 and 1.
///   - level: the confidence, between 0 and 1.
/// - Returns: `nil` if the sample is too small for the interval to exist (l < 1 or u > n): a median at 95 % needs
///   six values.
/// - Throws: `invalidArgument` if q or the level is out of range or an end is not a number; `numericalFailure` if
///   the binomial tail cannot be evaluated.
/// - Complexity: logarithmic in n.
/// - Source: Hahn and Meeker, Statistical Intervals (1991), section 5.2.
public func orderStatisticInterval(
    ofSorted values: [Double],
    probability: Double,
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    let call = "orderStatisticInterval"
    try requireLevel(level, call)
    try require(probability > 0 && probability < 1, call, "the probability is \(probability), not between 0 and 1")
    let count = values.count
    let lowerRank = try binomialQuantile((1 - level) / 2, trials: count, probability: probability)
    let upperRank = try binomialQuantile((1 + level) / 2, trials: count, probability: probability) + 1
    guard lowerRank >= 1, upperRank <= count else { return nil }
    let lower = values[lowerRank - 1]
    let upper = values[upperRank - 1]
    try require(!lower.isNaN && !upper.isNaN, call, "an end of the interval is not a number")
    return ConfidenceInterval(lower: lower, upper: upper, level: level, method: .orderStatistic)
}

/// The order-statistic interval of the median.
///
/// - Parameters:
///   - values: independent, in ascending order; infinities are allowed.
///   - level: the confidence, between 0 and 1.
/// - Returns: `nil` below six values at 95 %.
/// - Throws: as `orderStatisticInterval`.
/// - Source: Hahn and Meeker, Statistical Intervals (1991), section 5.2.
public func medianInterval(
    ofSorted values: [Double],
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    try orderStatisticInterval(ofSorted: values, probability: 0.5, level: level)
}

/// The smallest k with `P(Binomial(n, q) <= k) >= p`.
private func binomialQuantile(_ p: Double, trials: Int, probability: Double) throws(StatisticsError) -> Int {
    var low = 0
    var high = trials
    while low < high {
        let middle = low + (high - low) / 2
        if try binomialLowerTail(middle, trials: trials, probability: probability) >= p {
            high = middle
        } else {
            low = middle + 1
        }
    }
    return low
}
