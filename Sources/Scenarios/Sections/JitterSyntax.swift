import MonotonicTime
import Reconnection

/// The syntax of jitter: a word, with an argument where one is needed.
enum JitterSyntax {
    static let pattern =
        "^(none|full|equal|decorrelated|symmetric\\(.+\\)|additive\\(.+\\)|additive-up-to\\(.+\\)"
        + "|minimum-plus-full\\(.+\\))$"

    private static let forms = [
        "none", "full", "equal", "decorrelated", "symmetric(25%)", "additive(10%)", "additive-up-to(1s)",
        "minimum-plus-full(100ms)",
    ]

    static func parse(_ text: String) throws(Complaint) -> Backoff.Jitter {
        let parts = text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        var argument: String?
        if parts.count == 2 {
            guard parts[1].hasSuffix(")") else { throw Complaint("'jitter' lacks a ')': \(quoted(text))") }
            argument = String(parts[1].dropLast())
        }
        switch (name, argument) {
        case ("none", nil): return .none
        case ("full", nil): return .full
        case ("equal", nil): return .equal
        case ("decorrelated", nil): return .decorrelated
        case ("symmetric", let argument?): return .symmetric(fraction: try Quantity.probability(argument))
        case ("additive", let argument?): return .additive(fraction: try Quantity.probability(argument))
        case ("additive-up-to", let argument?): return .additiveConstant(upTo: try Quantity.duration(argument))
        case ("minimum-plus-full", let argument?): return .minimumPlusFull(minimum: try Quantity.duration(argument))
        default:
            let names = forms.map { String($0.prefix { $0 != "(" }) }
            if let exact = forms.first(where: { $0.prefix { $0 != "(" } == name[...] }) {
                throw Complaint("'jitter' cannot be \(quoted(text)): write it as in '\(exact)'")
            }
            throw Complaint(
                "'jitter' cannot be \(quoted(text))"
                    + Suggestion.hint(for: name, among: names, called: "possible values")
            )
        }
    }

    static func text(_ jitter: Backoff.Jitter) -> String {
        switch jitter {
        case .none: "none"
        case .full: "full"
        case .equal: "equal"
        case .decorrelated: "decorrelated"
        case .symmetric(let fraction): "symmetric(\(fraction))"
        case .additive(let fraction): "additive(\(fraction))"
        case .additiveConstant(let upTo): "additive-up-to(\(upTo.scenarioText))"
        case .minimumPlusFull(let minimum): "minimum-plus-full(\(minimum.scenarioText))"
        }
    }
}
