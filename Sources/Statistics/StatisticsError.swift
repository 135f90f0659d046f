/// A statistical call that has no answer: an argument outside its domain, or a numerical method that failed.
///
/// Too little data is not an error; functions return `nil` for that.
public struct StatisticsError: Error, Sendable, Hashable {
    /// The kind of failure. A structure rather than an enumeration, so that a new kind breaks no reader.
    public struct Code: Sendable, Hashable {
        /// The kind as a word for logs.
        public let name: String

        /// An argument lies outside the domain of the call: not a number, not finite, or out of range.
        public static let invalidArgument = Code(name: "invalid argument")
        /// The arguments were acceptable but the computation did not produce a usable number.
        public static let numericalFailure = Code(name: "numerical failure")
    }

    /// The kind of failure.
    public let code: Code
    /// The function that refused: one of this module, or the GSL function below it.
    public let call: String
    /// What was wrong, in words.
    public let reason: String
    /// The status GSL reported (`GSL_EDOM` is 1); `nil` where GSL reported nothing.
    public let gslCode: Int32?

    package init(code: Code, call: String, reason: String, gslCode: Int32? = nil) {
        self.code = code
        self.call = call
        self.reason = reason
        self.gslCode = gslCode
    }
}

extension StatisticsError: CustomStringConvertible {
    /// One line: call, kind, reason and GSL code.
    public var description: String {
        let suffix = gslCode.map { " (GSL code \($0))" } ?? ""
        return "\(call): \(code.name): \(reason)\(suffix)"
    }
}
