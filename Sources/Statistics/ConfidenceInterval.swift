/// A range that covers the true value in a stated share of repeated studies.
public struct ConfidenceInterval: Sendable, Hashable {
    /// How an interval was computed; the raw value is the word that exports print.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Student's t on the values themselves.
        case studentT = "t"
        /// Student's t on the logits of proportions, transformed back.
        case logitT = "t-logit"
        /// Wilson's score interval of a proportion.
        case wilson = "wilson"
        /// The Clopper-Pearson interval of a proportion, never below its level.
        case clopperPearson = "clopper-pearson"
        /// Two order statistics around a quantile, free of assumptions about the distribution.
        case orderStatistic = "order-statistic"
        /// The one-sided limit that remains when an event was never seen.
        case zeroEvents = "zero-events"
        /// The bias-corrected and accelerated bootstrap.
        case bootstrapBCa = "bootstrap-bca"
    }

    /// The lower end, in the unit of the data; may be infinite.
    public let lower: Double
    /// The upper end, in the unit of the data; may be infinite, never below `lower`.
    public let upper: Double
    /// The nominal confidence, between 0 and 1.
    public let level: Double
    /// How the ends were computed.
    public let method: Method

    /// An interval from its ends.
    public init(lower: Double, upper: Double, level: Double, method: Method) {
        self.lower = lower
        self.upper = upper
        self.level = level
        self.method = method
    }

    /// Half the width, in the unit of the data: what a stopping rule compares with the mean.
    ///
    /// Infinite if exactly one end is, or both with different signs; 0 if both ends are equal.
    public var halfWidth: Double { lower == upper ? 0 : upper / 2 - lower / 2 }

    /// Whether a value lies in the interval, ends included.
    public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}
