import MonotonicTime

extension Interval {
    /// The interval as scenario files write it: `1m30s`, `250ms`, `1.5s`.
    ///
    /// Reading the text gives the same interval again, to the nanosecond. From a minute on the text is split into
    /// days, hours, minutes and seconds; below, it is one number in the largest unit that keeps it at 1 or more.
    /// Negative intervals begin with `-`; scenario files have none.
    public var scenarioText: String {
        let sign = nanoseconds < 0 ? "-" : ""
        let total = nanoseconds.magnitude
        let second: UInt64 = 1_000_000_000
        guard total >= 60 * second else { return sign + Self.smallText(total) }
        let minutes = total / (60 * second)
        let rest = total % (60 * second)
        var text = sign
        if minutes >= 1_440 { text += "\(minutes / 1_440)d" }
        if minutes % 1_440 >= 60 { text += "\(minutes % 1_440 / 60)h" }
        if minutes % 60 > 0 { text += "\(minutes % 60)m" }
        if rest > 0 { text += Self.smallText(rest) }
        return text
    }

    private static func smallText(_ nanoseconds: UInt64) -> String {
        guard nanoseconds > 0 else { return "0s" }
        let units: [(name: String, scale: UInt64, digits: Int)] = [
            ("s", 1_000_000_000, 9), ("ms", 1_000_000, 6), ("us", 1_000, 3),
        ]
        guard let unit = units.first(where: { nanoseconds >= $0.scale }) else { return "\(nanoseconds)ns" }
        let whole = "\(nanoseconds / unit.scale)"
        var fraction = String("\(unit.scale + nanoseconds % unit.scale)".dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (fraction.isEmpty ? whole : "\(whole).\(fraction)") + unit.name
    }
}
