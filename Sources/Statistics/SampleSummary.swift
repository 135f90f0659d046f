internal import CGSL

/// The moments and extremes of a sample.
///
/// Quantities that the sample is too small to define are `nil`. All are in the unit of the data, the variance in
/// its square; the skewness is a pure number.
public struct SampleSummary: Sendable, Hashable {
    /// The number of values.
    public let count: Int
    /// The arithmetic mean; `nil` for an empty sample.
    public let mean: Double?
    /// The unbiased variance, with divisor n - 1; `nil` below two values. Infinite if it exceeds a `Double`.
    public let variance: Double?
    /// The square root of the variance; `nil` below two values.
    public let standardDeviation: Double?
    /// The third standardised moment `(1/n) sum ((x - mean) / s)^3` with s of divisor n - 1.
    ///
    /// `nil` below three values, without spread, or where the spread overflows.
    ///
    /// - Source: `gsl_stats_skew`; the adjusted coefficient of other packages differs by a factor of n alone.
    public let skewness: Double?
    /// The smallest value; `nil` for an empty sample.
    public let minimum: Double?
    /// The largest value; `nil` for an empty sample.
    public let maximum: Double?

    /// Summarises a sample.
    ///
    /// - Throws: `invalidArgument` if a value is infinite or not a number.
    /// - Complexity: linear, no allocation.
    /// - Source: GSL, chapter "Statistics" (`gsl_stats_mean`, `_variance_m`, `_skew_m_sd`, `_minmax`).
    public init(_ values: [Double]) throws(StatisticsError) {
        try requireFinite(values, "SampleSummary")
        let count = values.count
        self.count = count
        guard count > 0 else {
            (mean, variance, standardDeviation, skewness, minimum, maximum) = (nil, nil, nil, nil, nil, nil)
            return
        }
        let mean = gsl_stats_mean(values, 1, count)
        let variance = count > 1 ? gsl_stats_variance_m(values, 1, count, mean) : nil
        let deviation = variance?.squareRoot()
        self.mean = mean
        self.variance = variance
        self.standardDeviation = deviation
        if count > 2, let deviation, deviation > 0, deviation.isFinite {
            skewness = gsl_stats_skew_m_sd(values, 1, count, mean, deviation)
        } else {
            skewness = nil
        }
        minimum = gsl_stats_min(values, 1, count)
        maximum = gsl_stats_max(values, 1, count)
    }
}
