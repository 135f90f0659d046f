import MonotonicTime

/// How a duration varies from one draw to the next.
///
/// Durations are at least 0. Values made by the reader of scenario files satisfy what each case says; drawing
/// from them is not this module's task.
public indirect enum DurationDistribution: Sendable, Hashable {
    /// Always the same.
    case constant(Interval)
    /// Every duration of a range equally often; `from` is at most `to`.
    case uniform(from: Interval, to: Interval)
    /// Memoryless, with a mean above 0.
    case exponential(mean: Interval)
    /// Log-normal, given by its median and another quantile: a share `probability` of all draws is at most
    /// `quantile`. The quantile lies on the same side of the median as the probability of one half.
    case lognormal(median: Interval, quantile: Interval, probability: Double)
    /// Log-normal, given by its median and the standard deviation of the natural logarithm, at least 0.
    case lognormalSigma(median: Interval, sigma: Double)
    /// Weibull with a shape above 0 (below 1: heavy-tailed) and a scale above 0.
    case weibull(shape: Double, scale: Interval)
    /// The listed durations, each equally often; at least one.
    case empirical([Interval])
    /// Another distribution under the condition that the draw lies in a range; `from` is less than `to`.
    case truncated(DurationDistribution, from: Interval, to: Interval)
}

extension DurationDistribution: CustomStringConvertible {
    /// The distribution as scenario files write it; reading the text gives the same distribution again.
    ///
    /// In YAML it needs quotes when it contains a colon, and inside `{ }` or `[ ]` when it contains a comma.
    public var description: String {
        switch self {
        case .constant(let value):
            value.scenarioText
        case .uniform(let from, let to):
            "uniform(\(from.scenarioText), \(to.scenarioText))"
        case .exponential(let mean):
            "exponential(mean: \(mean.scenarioText))"
        case .lognormal(let median, let quantile, let probability):
            "lognormal(median: \(median.scenarioText), p\(Self.percent(probability)): \(quantile.scenarioText))"
        case .lognormalSigma(let median, let sigma):
            "lognormal(median: \(median.scenarioText), sigma: \(sigma))"
        case .weibull(let shape, let scale):
            "weibull(shape: \(shape), scale: \(scale.scenarioText))"
        case .empirical(let values):
            "empirical(" + values.map(\.scenarioText).joined(separator: ", ") + ")"
        case .truncated(let base, let from, let to):
            "\(base) in \(from.scenarioText)..\(to.scenarioText)"
        }
    }

    /// A probability in percent, as a decimal that reads back to the same double.
    private static func percent(_ probability: Double) -> String {
        // The product can miss the decimal that was written by a few units in the last place.
        var candidates = [probability * 100, (probability * 100).nextUp, (probability * 100).nextDown]
        candidates.sort { "\($0)".utf8.count < "\($1)".utf8.count }
        let exact = candidates.first { Double("\($0)e-2") == probability } ?? probability * 100
        let text = "\(exact)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

/// The syntax of distributions: a duration, or a name with arguments, optionally cut to a range.
///
/// Arguments have names (`median: 20ms` or `median=20ms`) or stand in their usual order; commas or spaces
/// separate them. With `=` and spaces the text needs no quotes anywhere in YAML.
enum DistributionSyntax {
    /// The names of the distributions, in the order of documentation.
    static let names = ["constant", "uniform", "exponential", "lognormal", "weibull", "empirical"]

    /// Reads a distribution.
    static func parse(_ text: String) throws(Complaint) -> DurationDistribution {
        guard text.utf8.count <= 10_000 else { throw Complaint("\(quoted(text)) is too long for a distribution") }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let cut = words.lastIndex(of: "in") else { return try parseBase(words.joined(separator: " ")) }
        let base = try parseBase(words[..<cut].joined(separator: " "))
        let range = words[(cut + 1)...].joined()
        guard let dots = firstDots(in: range) else {
            throw Complaint("\(quoted(range)) is not a range: write it as in '\(base) in 45s..690s'")
        }
        let from = try Quantity.duration(String(range[..<dots.lowerBound]))
        let to = try Quantity.duration(String(range[dots.upperBound...]))
        guard from < to else {
            throw Complaint("the range '\(from.scenarioText)..\(to.scenarioText)' must begin before it ends")
        }
        guard reaches(base, from, to) else {
            throw Complaint("'\(base)' never lies in '\(from.scenarioText)..\(to.scenarioText)'")
        }
        return .truncated(base, from: from, to: to)
    }

    /// A regular expression for the JSON Schema: right form, names not misspelt; the reader checks the rest.
    static func pattern(duration: String) -> String {
        "^(\(duration)|(\(names.joined(separator: "|"))) *\\(.+\\))( +in +\(duration) *\\.\\. *\(duration))?$"
    }

    private static func firstDots(in text: String) -> Range<String.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ".", next < text.endIndex, text[next] == "." {
                return index..<text.index(after: next)
            }
            index = next
        }
        return nil
    }

    private static func reaches(_ base: DurationDistribution, _ from: Interval, _ to: Interval) -> Bool {
        switch base {
        case .constant(let value): value >= from && value <= to
        case .uniform(let lower, let upper): lower <= to && upper >= from
        case .empirical(let values): values.contains { $0 >= from && $0 <= to }
        case .lognormalSigma(let median, let sigma) where sigma == 0: median >= from && median <= to
        default: true
        }
    }

    private static func parseBase(_ text: String) throws(Complaint) -> DurationDistribution {
        guard let open = text.firstIndex(of: "(") else {
            if let first = text.first, first.isLetter {
                let known = text.lowercased() == text && names.contains(text)
                throw Complaint(
                    known
                        ? "\(quoted(text)) needs arguments: write \(example(text))"
                        : "\(quoted(text)) is neither a duration nor a distribution"
                            + Suggestion.hint(for: text, among: names, called: "distributions")
                )
            }
            return .constant(try Quantity.duration(text))
        }
        let name = trimmed(text[..<open])
        guard names.contains(name) else {
            throw Complaint(
                "unknown distribution \(quoted(name))"
                    + Suggestion.hint(for: name, among: names, called: "distributions")
            )
        }
        guard text.last == ")", text.filter({ $0 == "(" || $0 == ")" }).count == 2 else {
            throw Complaint(
                "\(quoted(text)) must end with its only ')': write \(example(name)), inside { } or [ ] with the quotes"
            )
        }
        var arguments = try Arguments(text[text.index(after: open)...].dropLast(), of: name)
        let distribution = try build(name, &arguments)
        return distribution
    }

    private static func build(
        _ name: String,
        _ arguments: inout Arguments
    ) throws(Complaint) -> DurationDistribution {
        switch name {
        case "uniform":
            try arguments.bind(["from", "to"])
            let from = try arguments.duration("from")
            let to = try arguments.duration("to")
            guard from <= to else {
                throw Complaint("'uniform': 'from' (\(from.scenarioText)) must be at most 'to' (\(to.scenarioText))")
            }
            return .uniform(from: from, to: to)
        case "exponential":
            try arguments.bind(["mean"])
            return .exponential(mean: try arguments.positiveDuration("mean"))
        case "lognormal":
            return try lognormal(&arguments)
        case "weibull":
            try arguments.bind(["shape", "scale"])
            let shape = try arguments.factor("shape")
            guard shape > 0 else { throw Complaint("'weibull': 'shape' must be more than 0") }
            return .weibull(shape: shape, scale: try arguments.positiveDuration("scale"))
        case "empirical":
            return .empirical(try arguments.allDurations())
        default:
            try arguments.bind(["value"])
            return .constant(try arguments.duration("value"))
        }
    }

    private static func lognormal(_ arguments: inout Arguments) throws(Complaint) -> DurationDistribution {
        let quantiles = arguments.names.filter(isQuantile)
        guard quantiles.count + (arguments.names.contains("sigma") ? 1 : 0) < 2 else {
            throw Complaint("'lognormal' takes a quantile or 'sigma' beside 'median', not several of them")
        }
        try arguments.bind(["median"] + (quantiles.isEmpty ? ["sigma"] : quantiles), known: ["median", "p99", "sigma"])
        let median = try arguments.positiveDuration("median")
        guard let label = quantiles.first else {
            return .lognormalSigma(median: median, sigma: try arguments.factor("sigma"))
        }
        let quantile = try arguments.duration(label)
        guard let probability = Double(label.dropFirst() + "e-2"), probability > 0, probability < 1, probability != 0.5
        else {
            throw Complaint("'lognormal': \(quoted(label)) must be between p0 and p100 and not p50, the median itself")
        }
        let isAbove = probability > 0.5
        guard quantile > .zero, isAbove ? quantile > median : quantile < median else {
            throw Complaint(
                "'lognormal': '\(label)' (\(quantile.scenarioText)) must be \(isAbove ? "more" : "less") than 'median' "
                    + "(\(median.scenarioText))" + (isAbove ? "" : " and more than 0s")
            )
        }
        return .lognormal(median: median, quantile: quantile, probability: probability)
    }

    private static func isQuantile(_ name: String) -> Bool {
        guard name.first == "p", name.utf8.count <= 20 else { return false }
        let parts = name.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.unicodeScalars.allSatisfy(isDigit) }
    }

    fileprivate static func example(_ name: String) -> String {
        switch name {
        case "constant": "'constant(3s)'"
        case "uniform": "'uniform(20s, 45s)'"
        case "exponential": "'exponential(mean: 3s)'"
        case "lognormal": "'lognormal(median: 20ms, p99: 80ms)'"
        case "weibull": "'weibull(shape: 1.5, scale: 2s)'"
        default: "'empirical(1s, 2s, 5s)'"
        }
    }
}

/// The arguments between the parentheses of a distribution.
private struct Arguments {
    private let function: String
    private var listed: [(name: String?, value: String)] = []
    private var bound: [String: String] = [:]

    init(_ text: Substring, of function: String) throws(Complaint) {
        self.function = function
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = Self.joiningSeparators(part).split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else {
                throw Complaint(
                    "an argument of '\(function)' is missing: write \(DistributionSyntax.example(function))"
                )
            }
            for word in words {
                let halves = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                if halves.count == 2 {
                    listed.append((String(halves[0]), String(halves[1])))
                } else {
                    listed.append((nil, String(word)))
                }
            }
        }
    }

    /// The same text with `:` for `=` and without the spaces around either.
    private static func joiningSeparators(_ text: Substring) -> String {
        var joined = ""
        for character in text {
            if character == ":" || character == "=" {
                while joined.last?.isWhitespace == true { joined.removeLast() }
                joined.append(":")
            } else if !(character.isWhitespace && joined.last == ":") {
                joined.append(character)
            }
        }
        return joined
    }

    var names: [String] { listed.compactMap(\.name) }

    /// Gives every argument its parameter: the named ones theirs, the others those in order.
    mutating func bind(_ parameters: [String], known: [String]? = nil) throws(Complaint) {
        var seenName = false
        for (index, argument) in listed.enumerated() {
            if let name = argument.name {
                seenName = true
                guard parameters.contains(name) else {
                    throw Complaint(
                        "'\(function)' has no argument \(quoted(name))"
                            + Suggestion.hint(for: name, among: known ?? parameters, called: "arguments")
                    )
                }
                guard bound.updateValue(argument.value, forKey: name) == nil else {
                    throw Complaint("'\(function)' is given '\(name)' twice")
                }
            } else {
                guard index < parameters.count, !seenName else {
                    throw Complaint(
                        "'\(function)' does not expect \(quoted(argument.value)): "
                            + "write \(DistributionSyntax.example(function))"
                    )
                }
                bound[parameters[index]] = argument.value
            }
        }
        for parameter in parameters where bound[parameter] == nil {
            throw Complaint("'\(function)' needs '\(parameter)': write \(DistributionSyntax.example(function))")
        }
    }

    func duration(_ name: String) throws(Complaint) -> Interval { try Quantity.duration(bound[name] ?? "") }

    func positiveDuration(_ name: String) throws(Complaint) -> Interval {
        let value = try duration(name)
        guard value > .zero else { throw Complaint("'\(function)': '\(name)' must be more than 0s") }
        return value
    }

    func factor(_ name: String) throws(Complaint) -> Double { try Quantity.factor(bound[name] ?? "") }

    func allDurations() throws(Complaint) -> [Interval] {
        var values: [Interval] = []
        for argument in listed {
            guard argument.name == nil else {
                throw Complaint(
                    "'\(function)' takes durations without names: write \(DistributionSyntax.example(function))"
                )
            }
            values.append(try Quantity.duration(argument.value))
        }
        return values
    }
}

private func trimmed(_ text: Substring) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
