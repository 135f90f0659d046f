/// Wilson's score interval of a proportion.
///
/// Centre `(p + z^2/2n) / (1 + z^2/n)`, half-width `z / (1 + z^2/n) * sqrt(p(1-p)/n + z^2/4n^2)`, with z the normal
/// quantile of `(1 + level) / 2`. Its coverage is near the level on average; for a guarantee use
/// `clopperPearsonInterval`. Trials must be independent units, not messages of one outage.
///
/// - Parameters:
///   - successes: 0 ... trials.
///   - trials: not negative.
///   - level: the confidence, between 0 and 1.
/// - Returns: an interval within 0 ... 1, exactly 0 below no success and 1 above no failure; `nil` without trials.
/// - Throws: `invalidArgument` outside these ranges.
/// - Source: Wilson, JASA 22 (1927); Brown, Cai and DasGupta, Statistical Science 16 (2001).
public func wilsonInterval(
    successes: Int,
    trials: Int,
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    try requireLevel(level, "wilsonInterval")
    try requireCounts(successes: successes, trials: trials, "wilsonInterval")
    guard trials > 0 else { return nil }
    let n = Double(trials)
    let p = Double(successes) / n
    let z = try normalQuantile((1 + level) / 2)
    let shrink = 1 + z * z / n
    let centre = (p + z * z / (2 * n)) / shrink
    let halfWidth = z / shrink * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return ConfidenceInterval(
        lower: successes == 0 ? 0 : max(0, centre - halfWidth),
        upper: successes == trials ? 1 : min(1, centre + halfWidth),
        level: level,
        method: .wilson
    )
}

/// Refuses counts that are not successes among trials.
func requireCounts(successes: Int, trials: Int, _ call: String) throws(StatisticsError) {
    try require(
        successes >= 0 && successes <= trials,
        call,
        "\(successes) successes among \(trials) trials"
    )
}
