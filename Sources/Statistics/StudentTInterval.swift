/// The t interval of a mean: `m +- t(1 - a/2, n - 1) s / sqrt(n)` with `a = 1 - level`.
///
/// Valid for independent values, one per replication, whose mean is roughly normal. Values without spread give an
/// interval of width 0; a spread that overflows gives an infinite one.
///
/// - Parameters:
///   - values: one number per replication, in any unit.
///   - level: the confidence, between 0 and 1. Default: 0.95, the convention of the field.
/// - Returns: the interval in the unit of the values; `nil` below two values.
/// - Throws: `invalidArgument` if a value is not finite or the level is out of range.
/// - Source: Law, Simulation Modeling and Analysis, 5th ed., section 4.5.
public func studentTInterval(
    of values: [Double],
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    try requireLevel(level, "studentTInterval")
    return try studentTInterval(of: SampleSummary(values), level: level)
}

/// The t interval from moments already computed; the level was checked by the caller.
func studentTInterval(of summary: SampleSummary, level: Double) throws(StatisticsError) -> ConfidenceInterval? {
    guard let mean = summary.mean, let deviation = summary.standardDeviation else { return nil }
    let count = Double(summary.count)
    var halfWidth = 0.0
    if deviation > 0 {
        let quantile = try studentTQuantile((1 + level) / 2, degreesOfFreedom: count - 1)
        halfWidth = quantile * (deviation / count.squareRoot())
    }
    return ConfidenceInterval(lower: mean - halfWidth, upper: mean + halfWidth, level: level, method: .studentT)
}
