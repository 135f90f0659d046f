internal import CGSL
internal import CGSLErrors

/// The only door through which this module calls GSL functions that can fail.
package enum GSLCall {
    /// The number a GSL function returns.
    ///
    /// Underflow is not a failure: the function returns 0, which is the right tail probability.
    ///
    /// - Parameters:
    ///   - name: the GSL function, for the error.
    ///   - body: calls it; must not suspend or change thread.
    /// - Throws: `numericalFailure` if GSL reported a failure or the result is not finite. Callers check the
    ///   arguments before, so a domain error here is one they did not foresee.
    package static func value(_ name: String, _ body: () -> Double) throws(StatisticsError) -> Double {
        _ = gsl_failure_take()
        let result = body()
        let code = gsl_failure_take()
        guard code == 0 || code == Int32(GSL_EUNDRFLW) else {
            let reason = String(cString: gsl_failure_reason())
            throw StatisticsError(code: .numericalFailure, call: name, reason: reason, gslCode: code)
        }
        guard result.isFinite else {
            throw StatisticsError(code: .numericalFailure, call: name, reason: "the result is \(result)")
        }
        return result
    }
}
