/// The Clopper-Pearson interval of a proportion, whose coverage is never below its level.
///
/// Ends `BetaInv(a/2; x, n-x+1)` and `BetaInv(1-a/2; x+1, n-x)` with `a = 1 - level`; the lower end is exactly 0
/// for no success and the upper exactly 1 for no failure. The price of the guarantee is width.
///
/// - Parameters:
///   - successes: x, 0 ... trials.
///   - trials: n independent units, not negative.
///   - level: the confidence, between 0 and 1; two-sided, also where one end is 0 or 1.
/// - Returns: an interval within 0 ... 1; `nil` without trials.
/// - Throws: `invalidArgument` outside these ranges; `numericalFailure` if the beta tail cannot be evaluated.
/// - Source: Clopper and Pearson, Biometrika 26 (1934).
public func clopperPearsonInterval(
    successes: Int,
    trials: Int,
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    try requireLevel(level, "clopperPearsonInterval")
    try requireCounts(successes: successes, trials: trials, "clopperPearsonInterval")
    guard trials > 0 else { return nil }
    let x = Double(successes)
    let failures = Double(trials - successes)
    return ConfidenceInterval(
        lower: successes == 0 ? 0 : try betaQuantile((1 - level) / 2, x, failures + 1),
        upper: successes == trials ? 1 : try betaQuantile((1 + level) / 2, x + 1, failures),
        level: level,
        method: .clopperPearson
    )
}
