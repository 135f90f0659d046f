internal import CGSL

/// The quantile of the standard normal distribution: the z with `P(Z <= z) = p`.
///
/// - Parameter p: a probability, 0 ... 1; the ends give minus and plus infinity.
/// - Throws: `invalidArgument` if p is not a probability.
/// - Source: `gsl_cdf_ugaussian_Pinv` (Wichura's rational approximation, AS 241).
public func normalQuantile(_ p: Double) throws(StatisticsError) -> Double {
    try require(p >= 0 && p <= 1, "normalQuantile", "\(p) is not a probability")
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    return try GSLCall.value("gsl_cdf_ugaussian_Pinv") { gsl_cdf_ugaussian_Pinv(p) }
}

/// The quantile of Student's t distribution: the t with `P(T <= t) = p`.
///
/// - Parameters:
///   - p: a probability, 0 ... 1; the ends give minus and plus infinity.
///   - degreesOfFreedom: positive and finite; need not be whole.
/// - Throws: `invalidArgument` outside these ranges; `numericalFailure` if the iteration fails, which happens only
///   for tiny degrees of freedom.
/// - Source: `gsl_cdf_tdist_Pinv` (Hill's approximation, then Newton steps); the cotangent for one degree of freedom.
public func studentTQuantile(_ p: Double, degreesOfFreedom: Double) throws(StatisticsError) -> Double {
    try require(p >= 0 && p <= 1, "studentTQuantile", "\(p) is not a probability")
    try requireDegreesOfFreedom(degreesOfFreedom, "studentTQuantile")
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    if degreesOfFreedom == 1 {
        // GSL takes the tangent near its pole, which loses every digit of a small p.
        return p < 0.5 ? -1 / tan(.pi * p) : 1 / tan(.pi * (1 - p))
    }
    return try GSLCall.value("gsl_cdf_tdist_Pinv") { gsl_cdf_tdist_Pinv(p, degreesOfFreedom) }
}

/// The upper tail of Student's t distribution, `P(T > t)`.
///
/// - Parameters:
///   - t: any number, infinities included.
///   - degreesOfFreedom: positive and finite; need not be whole.
/// - Throws: `invalidArgument` if t is not a number or the degrees of freedom are out of range.
/// - Source: `gsl_cdf_tdist_Q`.
public func studentTUpperTail(_ t: Double, degreesOfFreedom: Double) throws(StatisticsError) -> Double {
    try require(!t.isNaN, "studentTUpperTail", "t is not a number")
    try requireDegreesOfFreedom(degreesOfFreedom, "studentTUpperTail")
    guard t.isFinite else { return t > 0 ? 0 : 1 }
    return try GSLCall.value("gsl_cdf_tdist_Q") { gsl_cdf_tdist_Q(t, degreesOfFreedom) }
}

private func requireDegreesOfFreedom(_ degrees: Double, _ call: String) throws(StatisticsError) {
    try require(degrees > 0 && degrees.isFinite, call, "\(degrees) degrees of freedom")
}
