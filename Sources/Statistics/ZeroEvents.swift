internal import CGSL

/// The largest probability that an event never seen may still have: `1 - (1 - c)^(1/n)`.
///
/// One-sided: with confidence c the true probability is not above it. At c = 0.95 it is close to 3/n, the rule of
/// three; 2,995 trials without a failure prove 99.9 %.
///
/// - Parameters:
///   - trials: n independent units, none of which showed the event. Without any the limit is 1.
///   - level: the confidence c, between 0 and 1.
/// - Throws: `invalidArgument` for negative trials or a level out of range.
/// - Source: Hanley and Lippman-Hand, JAMA 249 (1983); the one-sided Clopper-Pearson limit at x = 0.
public func zeroEventsUpperLimit(trials: Int, level: Double = 0.95) throws(StatisticsError) -> Double {
    try requireLevel(level, "zeroEventsUpperLimit")
    try require(trials >= 0, "zeroEventsUpperLimit", "\(trials) trials")
    guard trials > 0 else { return 1 }
    return -expm1(log1p(-level) / Double(trials))
}
