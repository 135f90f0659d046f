import MonotonicTime

/// The syntax of expectations: `METRIC [QUANTILE] [of COHORT] RELATION BOUND [x capacity]`.
///
/// `reconnect-lag p99 < 60s` says the same as `reconnect-lag-p99 < 60s`; `time-to-reconnect` is another word for
/// `reconnect-lag`, and `peak-attempt-rate` for `peak-attempt-rate-1s`. A bound in multiples of the nominal capacity
/// (`peak-attempt-rate < 4 x capacity`) is about `peak-to-capacity`.
enum ExpectationSyntax {
    static func parse(_ text: String, cohorts: [String]) throws(Complaint) -> Expectation {
        guard let (relation, left, right) = split(text) else {
            throw Complaint("an expectation is a metric, one of <, <=, >, >=, and a bound, not \(quoted(text))")
        }
        var words = left.split(separator: " ").map(String.init)
        var cohort = "all"
        if let of = words.firstIndex(of: "of") {
            guard of == words.count - 2, let named = words.last else {
                throw Complaint("one cohort's name must follow 'of' in \(quoted(text))")
            }
            guard cohorts.contains(named) || named == "all" else {
                throw Complaint(
                    "no cohort is called \(quoted(named))"
                        + Suggestion.hint(for: named, among: cohorts + ["all"], called: "cohorts")
                )
            }
            cohort = named
            words.removeLast(2)
        }
        if words.first == "time-to-reconnect" { words[0] = "reconnect-lag" }
        if words == ["peak-attempt-rate"] { words.append("1s") }
        var id = words.joined(separator: "-")
        var bound = right
        if let capacity = right.range(ofSuffix: "x capacity") {
            guard id.hasPrefix("peak-attempt-rate-") else {
                throw Complaint("only 'peak-attempt-rate' can be compared with the capacity, not \(quoted(id))")
            }
            id = "peak-to-capacity-" + id.dropFirst("peak-attempt-rate-".count)
            bound = capacity
        }
        guard let metric = MetricDefinition.named(id) else {
            let known = MetricDefinition.all.map(\.id)
            let hint = Suggestion.nearest(to: id, among: known).map { " (did you mean '\($0)'?)" }
            throw Complaint("unknown metric \(quoted(id))" + (hint ?? " ('stampede metrics' lists them)"))
        }
        guard cohort == "all" || metric.isPerCohort else {
            throw Complaint("'\(id)' is a metric of the whole fleet: leave out 'of \(cohort)'")
        }
        return Expectation(
            text: text,
            metric: id,
            cohort: cohort,
            relation: relation,
            bound: try value(bound, of: metric)
        )
    }

    private static func split(_ text: String) -> (Expectation.Relation, String, String)? {
        guard let sign = text.firstIndex(where: { $0 == "<" || $0 == ">" }) else { return nil }
        var end = text.index(after: sign)
        if end < text.endIndex, text[end] == "=" { end = text.index(after: end) }
        guard let relation = Expectation.Relation(rawValue: String(text[sign..<end])) else { return nil }
        let left = text[..<sign].split(separator: " ").joined(separator: " ")
        let right = text[end...].split(separator: " ").joined(separator: " ")
        guard !left.isEmpty, !right.isEmpty else { return nil }
        return (relation, left, right)
    }

    /// Shares of one, of which no percentage may be written as a bare number.
    private static func isShare(_ metric: MetricDefinition) -> Bool {
        // A share of time is summarised as a mean.
        metric.kind == .proportion || metric.id == "connected-share"
    }

    private static func value(_ text: String, of metric: MetricDefinition) throws(Complaint) -> Double {
        switch metric.unit {
        case "s": return try Quantity.duration(text).seconds
        case "1/s": return try Quantity.rate(text)
        case "1" where isShare(metric) || text.hasSuffix("%"): return try Quantity.probability(text)
        default: return try Quantity.factor(text)
        }
    }
}

extension String {
    /// The text before a suffix, without the space between them; nil if the text does not end so.
    fileprivate func range(ofSuffix suffix: String) -> String? {
        guard hasSuffix(suffix) else { return nil }
        return dropLast(suffix.count).split(separator: " ").joined(separator: " ")
    }
}
