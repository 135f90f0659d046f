import MonotonicTime

/// Why a text is not a quantity, and what would be right.
struct Complaint: Error, Hashable {
    var message: String

    init(_ message: String) { self.message = message }
}

/// The grammar of quantities in scenario files.
///
/// Every function reads the text of a scalar itself: what YAML would make of it (`1:30` is 90, `1e400` infinite)
/// plays no part. Numbers are decimal, with `_` allowed between digits. Durations, counts and sizes are computed
/// in integers; the others are the double nearest to the written decimal.
enum Quantity {
    /// A span of time: `30s`, `250ms`, `1h30m`, `1.5s`, exact to the nanosecond and never negative.
    ///
    /// Units are `ns`, `us` (or `µs`), `ms`, `s`, `m`, `h` and `d`, the larger before the smaller, each at most
    /// once; only the last number may have a fraction.
    static func duration(_ text: String) throws(Complaint) -> Interval {
        var scanner = try QuantityScanner(text, like: "a duration such as '30s' or '1h30m'")
        var total: UInt64 = 0
        var previousRank = -1
        var hadFraction = false
        repeat {
            let number = try scanner.decimal()
            let unit = scanner.rest(while: { !isDigit($0) && $0 != "." })
            guard !unit.isEmpty else {
                let shown = scanner.start(through: number)
                throw previousRank < 0
                    ? Complaint("\(quoted(text)) has no unit: write '\(shown)s' or '\(shown)ms'")
                    : Complaint("\(quoted(text)) ends with a number that has no unit: write '\(text)s' or '\(text)ms'")
            }
            guard let rank = durationUnits.firstIndex(where: { $0.names.contains(unit) }) else {
                throw Complaint("unknown unit \(quoted(unit)) in \(quoted(text))" + unitHint(unit))
            }
            guard !hadFraction else {
                throw Complaint("\(quoted(text)): only the last number of a duration may have a fraction")
            }
            guard rank > previousRank else {
                throw Complaint("\(quoted(text)): larger units come first, each once, as in '1h30m'")
            }
            let scale = durationUnits[rank].nanoseconds
            guard let part = try number.scaled(by: scale, orElse: "is finer than a nanosecond", text) else {
                throw tooLong(text)
            }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { throw tooLong(text) }
            total = sum
            previousRank = rank
            hadFraction = number.hasFraction
        } while !scanner.isAtEnd
        guard let nanoseconds = Int64(exactly: total) else { throw tooLong(text) }
        return Interval(nanoseconds: nanoseconds)
    }

    /// A number of things: `10_000`, `5k`, `1.5M`, `2G`; a whole number of at least 0.
    static func count(_ text: String) throws(Complaint) -> Int {
        var scanner = try QuantityScanner(text, like: "a whole number such as '10_000' or '5k'")
        let number = try scanner.decimal()
        let suffix = scanner.rest()
        guard let scale = ["": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000][suffix] as UInt64? else {
            if suffix.first == "," {
                throw Complaint("\(quoted(text)) is not a whole number: group digits with '_', as in '10_000'")
            }
            throw Complaint(
                "unknown ending \(quoted(suffix)) in \(quoted(text)): write a whole number such as '10_000', "
                    + "'5k', '1M' or '2G'"
            )
        }
        return try whole(number, scale, orElse: "is not a whole number", text)
    }

    /// A probability: `2%` or `0.02`, in 0 ... 1.
    static func probability(_ text: String) throws(Complaint) -> Double { try share(text, atMostAll: true) }

    /// A share of something, which may be more than all of it: `20%`, `400%` or `4`.
    static func share(_ text: String) throws(Complaint) -> Double { try share(text, atMostAll: false) }

    private static func share(_ text: String, atMostAll: Bool) throws(Complaint) -> Double {
        var scanner = try QuantityScanner(text, like: "a share such as '2%' or '0.02'")
        let number = try scanner.decimal(allowsExponent: true)
        let unit = scanner.rest()
        switch unit {
        case "%":
            let value = try number.double(shiftedBy: -2, text)
            guard value <= 1 || !atMostAll else { throw Complaint("\(quoted(text)) is more than 100%") }
            return value
        case "":
            let value = try number.double(text)
            guard value <= 1 || !atMostAll else {
                throw Complaint("\(quoted(text)) is more than 1: write a share as '2%' or '0.02'")
            }
            return value
        default:
            throw Complaint("unknown unit \(quoted(unit)) in \(quoted(text)): write a share as '2%' or '0.02'")
        }
    }

    /// Events per second: `200/s`, `12/min`, `5/h`, `1/d`, `5k/s`.
    static func rate(_ text: String) throws(Complaint) -> Double {
        var scanner = try QuantityScanner(text, like: "a rate such as '200/s' or '12/min'")
        let number = try scanner.decimal()
        let unit = scanner.rest()
        guard !unit.isEmpty else {
            throw Complaint("\(quoted(text)) has no unit: write '\(text)/s' or '\(text)/min'")
        }
        let parts = unit.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let powers = ["": 0, "k": 3, "M": 6, "G": 9]
        guard parts.count == 2, let power = powers[parts[0]],
            let seconds = ["s": 1, "min": 60, "h": 3_600, "d": 86_400][parts[1]] as Double?
        else {
            throw Complaint(
                "unknown unit \(quoted(unit)) in \(quoted(text)): write a rate as '200/s', '12/min', '5/h' or '1/d'"
            )
        }
        return try number.double(shiftedBy: power, text) / seconds
    }

    /// Bits per second: `12Mbit/s`, `400kbit/s`, `1Gbit/s`, `9600bit/s`.
    static func bandwidth(_ text: String) throws(Complaint) -> Double {
        var scanner = try QuantityScanner(text, like: "a bandwidth such as '12Mbit/s'")
        let number = try scanner.decimal()
        let unit = scanner.rest()
        guard !unit.isEmpty else {
            throw Complaint("\(quoted(text)) has no unit: write '\(text)kbit/s' or '\(text)Mbit/s'")
        }
        guard let power = ["bit/s": 0, "kbit/s": 3, "Mbit/s": 6, "Gbit/s": 9][unit] else {
            throw Complaint(
                "unknown unit \(quoted(unit)) in \(quoted(text)): use bit/s, kbit/s, Mbit/s or Gbit/s (bits, not bytes)"
            )
        }
        return try number.double(shiftedBy: power, text)
    }

    /// Bytes: `500B`, `2kB`, `1MB`, `1GB` in powers of 1000, `1KiB`, `1MiB`, `1GiB` in powers of 1024.
    static func size(_ text: String) throws(Complaint) -> Int {
        var scanner = try QuantityScanner(text, like: "a size such as '500B' or '2kB'")
        let number = try scanner.decimal()
        let unit = scanner.rest()
        guard !unit.isEmpty else {
            throw Complaint("\(quoted(text)) has no unit: write '\(text)B' or '\(text)kB'")
        }
        let scales: [String: UInt64] = [
            "B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000,
            "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
        ]
        guard let scale = scales[unit] else {
            throw Complaint(
                "unknown unit \(quoted(unit)) in \(quoted(text)): use B, kB, MB, GB, KiB, MiB or GiB"
            )
        }
        return try whole(number, scale, orElse: "is not a whole number of bytes", text)
    }

    /// A plain multiplier without a unit: `1.6`, `x2`, `2x`; finite and at least 0.
    static func factor(_ text: String) throws(Complaint) -> Double {
        let hasMark = text.hasPrefix("x")
        let body = hasMark ? String(text.dropFirst()) : text
        var scanner = try QuantityScanner(body, like: "a factor such as '1.6' or 'x2'", shownAs: text)
        let number = try scanner.decimal(allowsExponent: true)
        let unit = scanner.rest()
        guard unit.isEmpty || (unit == "x" && !hasMark) else {
            throw Complaint("\(quoted(text)) is not a factor: write a number without a unit, such as '1.6' or 'x2'")
        }
        return try number.double(text)
    }

    private static func whole(
        _ number: DecimalNumber,
        _ scale: UInt64,
        orElse fault: String,
        _ text: String
    ) throws(Complaint) -> Int {
        guard let value = try number.scaled(by: scale, orElse: fault, text), let whole = Int(exactly: value) else {
            throw Complaint("\(quoted(text)) is too large")
        }
        return whole
    }

    private static func tooLong(_ text: String) -> Complaint {
        Complaint("\(quoted(text)) is too long: a duration is at most 292 years")
    }

    /// The units of time, the largest first, with the spellings that are accepted.
    private static let durationUnits: [(names: [String], nanoseconds: UInt64)] = [
        (["d"], 86_400_000_000_000), (["h"], 3_600_000_000_000), (["m"], 60_000_000_000), (["s"], 1_000_000_000),
        (["ms"], 1_000_000), (["us", "µs", "μs"], 1_000), (["ns"], 1),
    ]

    private static func unitHint(_ unit: String) -> String {
        let meant: String? =
            switch unit.lowercased() {
            case "s", "sec", "secs", "second", "seconds": "s"
            case "m", "min", "mins", "minute", "minutes": "m"
            case "h", "hr", "hrs", "hour", "hours": "h"
            case "d", "day", "days": "d"
            case "ms", "msec", "msecs", "millis", "millisecond", "milliseconds": "ms"
            case "us", "usec", "microsecond", "microseconds": "us"
            case "ns", "nsec", "nanosecond", "nanoseconds": "ns"
            default: nil
            }
        return meant.map { " (did you mean '\($0)'?)" } ?? ": use d, h, m, s, ms, us or ns"
    }
}

/// Walks over the text of one quantity.
struct QuantityScanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private let text: String
    private let expected: String

    /// A scanner, unless the text as a whole already cannot be a number.
    ///
    /// - Parameters:
    ///   - expected: what the text should be, for messages.
    ///   - shownAs: the text to quote in messages, when it is more than what is scanned.
    init(_ text: String, like expected: String, shownAs: String? = nil) throws(Complaint) {
        self.text = shownAs ?? text
        self.expected = expected
        scalars = Array(text.unicodeScalars.prefix(101))
        guard !scalars.isEmpty else { throw Complaint("\(quoted(self.text)) is not a number: write \(expected)") }
        guard scalars.count <= 100 else { throw Complaint("\(quoted(self.text)) is too long: write \(expected)") }
        if scalars.contains(where: { $0.properties.isWhitespace }) {
            throw Complaint("\(quoted(self.text)) has a space in it: write \(expected), without spaces")
        }
        if scalars[0] == "-", scalars.count > 1, isDigit(scalars[1]) || scalars[1] == "." {
            throw Complaint("\(quoted(self.text)) is negative: write \(expected)")
        }
    }

    var isAtEnd: Bool { index == scalars.count }

    /// Reads digits with an optional fraction and, where it makes sense, a power of ten.
    mutating func decimal(allowsExponent: Bool = false) throws(Complaint) -> DecimalNumber {
        var number = DecimalNumber()
        number.whole = try digits()
        if !isAtEnd, scalars[index] == "." {
            index += 1
            number.fraction = try digits()
        }
        if allowsExponent, !isAtEnd, scalars[index] == "e" || scalars[index] == "E" {
            index += 1
            var exponent = ""
            if !isAtEnd, scalars[index] == "-" || scalars[index] == "+" {
                exponent.unicodeScalars.append(scalars[index])
                index += 1
            }
            exponent += try digits()
            // Four digits are far beyond the range of a double, and sums of them cannot overflow.
            let beyond = exponent.hasPrefix("-") ? -9_999 : 9_999
            number.exponent = Int(exponent).map { min(max($0, -9_999), 9_999) } ?? beyond
        }
        return number
    }

    /// Reads on for as long as the condition holds, by default to the end.
    mutating func rest(while condition: (Unicode.Scalar) -> Bool = { _ in true }) -> String {
        var part = ""
        while !isAtEnd, condition(scalars[index]) {
            part.unicodeScalars.append(scalars[index])
            index += 1
        }
        return part
    }

    /// The number as written so far, to be repeated in a message.
    func start(through number: DecimalNumber) -> String {
        number.fraction.isEmpty ? number.whole : "\(number.whole).\(number.fraction)"
    }

    private mutating func digits() throws(Complaint) -> String {
        var found = ""
        var endsWithDigit = false
        while !isAtEnd {
            let scalar = scalars[index]
            if isDigit(scalar) {
                found.unicodeScalars.append(scalar)
                endsWithDigit = true
            } else if scalar == "_", endsWithDigit {
                endsWithDigit = false
            } else {
                break
            }
            index += 1
        }
        guard endsWithDigit else { throw Complaint("\(quoted(text)) is not a number: write \(expected)") }
        return found
    }
}

/// A decimal number as written: digits, digits after the point, power of ten.
struct DecimalNumber {
    var whole = ""
    var fraction = ""
    var exponent = 0

    var hasFraction: Bool { !fraction.isEmpty }

    /// The nearest double to the number times a power of ten, rounded once.
    func double(shiftedBy power: Int = 0, _ text: String) throws(Complaint) -> Double {
        guard let value = Double("\(whole).\(fraction.isEmpty ? "0" : fraction)e\(exponent + power)"), value.isFinite
        else { throw Complaint("\(quoted(text)) is too large") }
        return value
    }

    /// The number times a scale, in integers; nil when it does not fit.
    ///
    /// - Parameter fault: what to say of a number whose result is not whole.
    func scaled(by scale: UInt64, orElse fault: String, _ text: String) throws(Complaint) -> UInt64? {
        var digits = Array(fraction.utf8)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        // A scale has at most 14 decimal digits, so no longer fraction times a scale could be whole.
        guard digits.count <= 18 else { throw tooFine(fault, text) }
        var numerator: UInt64 = 0
        var denominator: UInt64 = 1
        for digit in digits {
            numerator = numerator * 10 + UInt64(digit - UInt8(ascii: "0"))
            denominator *= 10
        }
        let product = numerator.multipliedFullWidth(by: scale)
        let (part, remainder) = denominator.dividingFullWidth(product)
        guard remainder == 0 else { throw tooFine(fault, text) }
        guard let integer = UInt64(whole) else { return nil }
        let (large, overflow) = integer.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        let (sum, carry) = large.addingReportingOverflow(part)
        return carry ? nil : sum
    }

    private func tooFine(_ fault: String, _ text: String) -> Complaint {
        Complaint("\(quoted(text)) \(fault)")
    }
}

/// Whether a scalar is one of the ten ASCII digits.
func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
