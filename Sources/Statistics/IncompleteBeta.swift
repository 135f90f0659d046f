internal import CGSL

/// The lower tail of the beta distribution, the regularised incomplete beta function `I_x(a, b)`.
///
/// GSL's continued fraction stops after 512 terms, too few when both shapes are large (a median of a million
/// clients); the same fraction is then evaluated here with as many terms as it needs, of the order of the square
/// root of the larger shape.
///
/// - Parameters: x in 0 ... 1; a and b positive and finite. Callers guarantee both.
/// - Throws: `numericalFailure` if neither evaluation converges.
/// - Source: `gsl_cdf_beta_P`; NIST Digital Library of Mathematical Functions, 8.17.22.
func betaLowerTail(_ x: Double, _ a: Double, _ b: Double) throws(StatisticsError) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if let probability = try? GSLCall.value("gsl_cdf_beta_P", { gsl_cdf_beta_P(x, a, b) }) {
        return probability
    }
    let logarithmOfBeta = try GSLCall.value("gsl_sf_lnbeta") { gsl_sf_lnbeta(a, b) }
    let front = exp(a * log(x) + b * log1p(-x) - logarithmOfBeta)
    if x <= (a + 1) / (a + b + 2) {
        return min(1, front * (try betaFraction(x, a, b)) / a)
    }
    return max(0, 1 - front * (try betaFraction(1 - x, b, a)) / b)
}

/// The quantile of the beta distribution: the x with `I_x(a, b) = p`.
///
/// GSL's answer is taken if it is one; otherwise the tail is bisected until two neighbouring numbers remain. GSL is
/// not asked for large shapes: where its tail is not a number its own bisection never ends.
///
/// - Parameters: p between 0 and 1, ends excluded; a and b positive and finite. Callers guarantee both.
/// - Throws: `numericalFailure` if the tail cannot be evaluated.
/// - Source: `gsl_cdf_beta_Pinv`.
func betaQuantile(_ p: Double, _ a: Double, _ b: Double) throws(StatisticsError) -> Double {
    if max(a, b) <= 1e5,
        let x = try? GSLCall.value("gsl_cdf_beta_Pinv", { gsl_cdf_beta_Pinv(p, a, b) }),
        abs(try betaLowerTail(x, a, b) - p) <= 1e-9 * min(p, 1 - p)
    {
        return x
    }
    var low = 0.0
    var high = 1.0
    while true {
        let middle = low + (high - low) / 2
        guard middle > low, middle < high else { return middle }
        if try betaLowerTail(middle, a, b) < p {
            low = middle
        } else {
            high = middle
        }
    }
}

/// The lower tail of the binomial distribution, `P(X <= k)` of n trials with probability q.
///
/// - Source: `P(X <= k) = I_{1-q}(n - k, k + 1)`, as `gsl_cdf_binomial_P` has it, without its 32-bit counts.
func binomialLowerTail(_ k: Int, trials n: Int, probability q: Double) throws(StatisticsError) -> Double {
    if k < 0 { return 0 }
    if k >= n { return 1 }
    return try betaLowerTail(1 - q, Double(n - k), Double(k) + 1)
}

/// The continued fraction of the incomplete beta function, by Lentz's method as Thompson and Barnett modified it.
private func betaFraction(_ x: Double, _ a: Double, _ b: Double) throws(StatisticsError) -> Double {
    let tiny = 1e-300
    func awayFromZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / awayFromZero(1 - (a + b) * x / (a + 1))
    var fraction = d
    for term in 1...1_000_000 {
        let m = Double(term)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / awayFromZero(1 + even * d)
        c = awayFromZero(1 + even / c)
        fraction *= d * c
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / awayFromZero(1 + odd * d)
        c = awayFromZero(1 + odd / c)
        fraction *= d * c
        if abs(d * c - 1) < 1e-14 { return fraction }
    }
    throw StatisticsError(
        code: .numericalFailure,
        call: "betaLowerTail",
        reason: "the continued fraction did not converge for x = \(x), a = \(a), b = \(b)"
    )
}
