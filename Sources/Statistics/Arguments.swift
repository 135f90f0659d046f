/// Refuses an argument, with the reason, unless the condition holds.
func require(_ condition: Bool, _ call: String, _ reason: @autoclosure () -> String) throws(StatisticsError) {
    guard condition else {
        throw StatisticsError(code: .invalidArgument, call: call, reason: reason())
    }
}

/// Refuses a confidence level outside the open interval from 0 to 1.
func requireLevel(_ level: Double, _ call: String) throws(StatisticsError) {
    try require(level > 0 && level < 1, call, "the confidence level is \(level), not between 0 and 1")
}

/// Refuses data that contain an infinity or something that is not a number.
func requireFinite(_ values: [Double], _ call: String) throws(StatisticsError) {
    for index in values.indices {
        let value = values[index]
        try require(value.isFinite, call, "value \(index) is \(value)")
    }
}
