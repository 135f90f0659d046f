import MonotonicTime
import Reconnection

/// The syntax of jitter: a word, with arguments where they are needed.
enum JitterSyntax {
    static let pattern = "^(" + forms.map(formPattern).joined(separator: "|") + ")$"

    private static let forms = [
        "none", "full", "equal", "decorrelated", "smooth-decorrelated", "symmetric(25%)", "symmetric-percent(3)",
        "additive(10%)",
        "subtractive(20%)", "additive-up-to(1s)", "additive-between(300ms, 3s)", "minimum-plus-full(100ms)",
        "full-above(1s)", "sign-from-digit(50%)",
    ]

    private static func formPattern(_ form: String) -> String {
        form.hasSuffix(")") ? name(of: form) + "\\(.+\\)" : form
    }

    private static func name(of form: String) -> String { String(form.prefix { $0 != "(" }) }

    static func parse(_ text: String) throws(Complaint) -> Backoff.Jitter {
        let parts = text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        var arguments: [String] = []
        if parts.count == 2 {
            guard parts[1].hasSuffix(")") else { throw Complaint("'jitter' lacks a ')': \(quoted(text))") }
            arguments = parts[1].dropLast().split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        }
        switch (name, arguments.count) {
        case ("none", 0): return .none
        case ("full", 0): return .full
        case ("equal", 0): return .equal
        case ("decorrelated", 0): return .decorrelated
        case ("smooth-decorrelated", 0): return .smoothDecorrelated
        case ("symmetric", 1): return .symmetric(fraction: try Quantity.share(arguments[0]))
        case ("symmetric-percent", 1):
            guard let percent = Int(arguments[0]), (0...100).contains(percent) else {
                throw Complaint("'symmetric-percent' takes a whole number from 0 to 100, not \(quoted(arguments[0]))")
            }
            return .symmetricPercent(percent)
        case ("additive", 1): return .additive(fraction: try Quantity.share(arguments[0]))
        case ("subtractive", 1): return .subtractive(fraction: try Quantity.probability(arguments[0]))
        case ("sign-from-digit", 1): return .signFromDigit(fraction: try Quantity.probability(arguments[0]))
        case ("additive-up-to", 1): return .additiveConstant(upTo: try Quantity.duration(arguments[0]))
        case ("additive-between", 2):
            let from = try Quantity.duration(arguments[0])
            let to = try Quantity.duration(arguments[1])
            guard to >= from else { throw Complaint("'jitter': \(arguments[1]) is less than \(arguments[0])") }
            return .additiveRange(from: from, to: to)
        case ("minimum-plus-full", 1): return .minimumPlusFull(minimum: try Quantity.duration(arguments[0]))
        case ("full-above", 1): return .fullAbove(minimum: try Quantity.duration(arguments[0]))
        default:
            if let exact = forms.first(where: { self.name(of: $0) == name }) {
                throw Complaint("'jitter' cannot be \(quoted(text)): write it as in '\(exact)'")
            }
            throw Complaint(
                "'jitter' cannot be \(quoted(text))"
                    + Suggestion.hint(for: name, among: forms.map(self.name), called: "possible values")
            )
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    static func text(_ jitter: Backoff.Jitter) -> String {
        switch jitter {
        case .none: "none"
        case .full: "full"
        case .equal: "equal"
        case .decorrelated: "decorrelated"
        case .smoothDecorrelated: "smooth-decorrelated"
        case .symmetric(let fraction): "symmetric(\(fraction))"
        case .symmetricPercent(let percent): "symmetric-percent(\(percent))"
        case .additive(let fraction): "additive(\(fraction))"
        case .subtractive(let fraction): "subtractive(\(fraction))"
        case .additiveConstant(let upTo): "additive-up-to(\(upTo.scenarioText))"
        case .additiveRange(let from, let to): "additive-between(\(from.scenarioText), \(to.scenarioText))"
        case .minimumPlusFull(let minimum): "minimum-plus-full(\(minimum.scenarioText))"
        case .fullAbove(let minimum): "full-above(\(minimum.scenarioText))"
        case .signFromDigit(let fraction): "sign-from-digit(\(fraction))"
        }
    }
}
