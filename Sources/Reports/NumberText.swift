/// Numbers as text.
public enum NumberText {
    /// For files: the shortest decimal that reads back to the same double; `inf` and `-inf`; empty for no value.
    public static func exact(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return "" }
        guard value.isFinite else { return value < 0 ? "-inf" : "inf" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// For people: three significant digits, thousands grouped, shares in percent.
    public static func readable(_ value: Double?, unit: String, isShare: Bool = false) -> String {
        guard let value, !value.isNaN else { return "–" }
        guard value.isFinite else { return value < 0 ? "-inf" : "inf" }
        if isShare { return percent(value) }
        return rounded(value) + (unit == "s" ? " s" : unit == "1/s" ? "/s" : "")
    }

    /// A share in percent, with enough digits to tell 99.9 from 99.99.
    private static func percent(_ value: Double) -> String {
        let percent = value * 100
        let distance = min(abs(percent), abs(100 - percent))
        var digits = 1
        var limit = 0.5
        while digits < 6, distance > 0, distance < limit {
            digits += 1
            limit /= 10
        }
        return fixed(percent, digits: digits) + " %"
    }

    private static func rounded(_ value: Double) -> String {
        let size = abs(value)
        if size >= 999.5 { return grouped(value) }
        if size == 0 { return "0" }
        var digits = 2
        var limit = 9.995
        while limit <= size {
            digits -= 1
            limit *= 10
        }
        limit = 0.9995
        while digits < 9, size < limit {
            digits += 1
            limit /= 10
        }
        return fixed(value, digits: digits)
    }

    /// A whole number with thousands separated.
    public static func grouped(_ value: Double) -> String {
        guard abs(value) < 1e18 else { return "\(value)" }
        let whole = Int64(abs(value).rounded())
        let digits = Array("\(whole)")
        var text = value < 0 && whole > 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A decimal with so many digits behind the point.
    static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let whole = Int64(scaled)
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard digits > 0 else { return sign + "\(whole)" }
        var text = "\(whole)"
        while text.count <= digits { text = "0" + text }
        return sign + text.dropLast(digits) + "." + text.suffix(digits)
    }
}
