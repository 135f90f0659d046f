public import Experiments
import FleetSimulation
import MonotonicTime
public import Scenarios
import Statistics

/// What a person sees at the end of a run.
public struct TerminalSummary {
    private static let width = 64
    private let scenario: Scenario

    /// Summaries of a scenario's results.
    public init(_ scenario: Scenario) {
        self.scenario = scenario
    }

    /// What the run is about, in two lines.
    public func heading(replications: Int) -> String {
        let clients = NumberText.grouped(Double(scenario.clientCount))
        var text = scenario.name + (scenario.summary.isEmpty ? "" : ": " + scenario.summary) + "\n"
        text += "\(clients) clients, \(scenario.duration.scenarioText), "
        text += "\(replications) replication\(replications == 1 ? "" : "s"), seed \(scenario.seed)\n"
        return text
    }

    /// History and headline metrics of one candidate.
    public func summary(of result: CandidateResult) -> String {
        var text = "\npolicy \(result.policy)\n"
        text += history(result)
        text += "\n" + table(result.summaries.filter { $0.metric.isHeadline && $0.cohort == "all" })
        return text
    }

    private func history(_ result: CandidateResult) -> String {
        guard let timeline = result.timelines.first, timeline.count > 0 else { return "" }
        func column(_ name: String) -> [Double] {
            guard let index = MeanTimeline.columns.firstIndex(of: name) else { return [] }
            return (0..<timeline.count).map { timeline.mean(index, $0) ?? 0 }
        }
        let attempts = Sparkline.squeeze(column("launched"), columns: Self.width) { $0.max() ?? 0 }
        let connected = Sparkline.squeeze(column("connected_now"), columns: Self.width) { $0.min() ?? 0 }
        let peak = attempts.max() ?? 0
        var text = "  attempts/s  " + Sparkline.draw(attempts, top: peak)
        text += "  peak \(NumberText.readable(peak, unit: "1"))\n"
        text += "  connected   " + Sparkline.draw(connected, top: Double(scenario.clientCount))
        text += "  min \(NumberText.readable(connected.min(), unit: "1"))\n"
        let columns = attempts.count
        if let outage = result.outage {
            let perColumn = scenario.duration.seconds / Double(columns)
            let marks = (0..<columns).map { column -> String in
                let from = Double(column) * perColumn
                return from < outage.upperBound && from + perColumn > outage.lowerBound ? "▒" : " "
            }
            let length = NumberText.readable(outage.upperBound - outage.lowerBound, unit: "s")
            let start = NumberText.readable(outage.lowerBound, unit: "s")
            text += "  outage      " + marks.joined() + "  from \(start), \(length) on average\n"
        }
        let end = scenario.duration.scenarioText
        text += "  time        0s" + String(repeating: " ", count: max(1, columns - 2 - end.count)) + end + "\n"
        return text
    }

    /// A table of metrics with their intervals.
    public func table(_ summaries: [MetricSummary]) -> String {
        var rows: [[String]] = [["metric", "estimate", "95 % interval", ""]]
        for summary in summaries {
            func show(_ value: Double?) -> String { Self.text(value, of: summary.metric) }
            let interval = summary.interval.map { "\(show($0.lower)) … \(show($0.upper))" } ?? "–"
            let censored =
                summary.censoredShare > 0
                ? "not reached in \(NumberText.readable(summary.censoredShare, unit: "1", isShare: true))" : ""
            rows.append([summary.metric.id, show(summary.estimate), interval, censored])
        }
        return Self.aligned(rows, right: [1, 2])
    }

    /// The expectations with their verdicts.
    public func expectations(_ results: [ExpectationResult]) -> String {
        guard !results.isEmpty else { return "" }
        var rows: [[String]] = []
        for result in results {
            var measured = "not measured in this scenario"
            if let summary = result.summary {
                func show(_ value: Double?) -> String { Self.text(value, of: summary.metric) }
                measured = show(summary.estimate)
                if let interval = summary.interval { measured += " [\(show(interval.lower)), \(show(interval.upper))]" }
            }
            rows.append([result.verdict.rawValue, result.expectation.text, measured])
        }
        return "\nexpectations\n" + Self.aligned(rows, right: [])
    }

    /// Candidates against the baseline in the headline metrics, and which one the primary metric names.
    public func comparison(_ comparison: Comparison, _ results: [CandidateResult]) -> String {
        let primary = scenario.primaryMetric
        var text = "\ncompared with \(comparison.baseline) (paired differences, 95 % intervals, Holm-adjusted p)\n"
        var rows: [[String]] = [["metric", "policy", "estimate", "difference", "95 % interval", "p", "verdict"]]
        for row in comparison.rows
        where row.cohort == "all" && (row.metric.isHeadline || row.metric.id == primary) {
            func show(_ value: Double?) -> String { Self.text(value, of: row.metric) }
            let result = results.first { $0.policy == row.policy }
            let interval = row.difference.map { "\(show($0.interval.lower)) … \(show($0.interval.upper))" } ?? "–"
            rows.append([
                row.metric.id + (row.metric.id == primary ? " *" : ""), row.policy,
                show(result?.summary(of: row.metric.id)?.estimate), show(row.difference?.meanDifference), interval,
                row.adjustedPValue.map { $0 < 0.001 ? "< 0.001" : NumberText.fixed($0, digits: 3) } ?? "–",
                row.verdict.rawValue,
            ])
        }
        text += Self.aligned(rows, right: [2, 3, 4, 5])
        text += "\n" + conclusion(comparison, results)
        return text
    }

    private func conclusion(_ comparison: Comparison, _ results: [CandidateResult]) -> String {
        let primary = scenario.primaryMetric
        let advice = "  * primary metric; all others are exploratory\n"
        guard let winner = comparison.winner(in: primary, results: results) else {
            return "No policy is shown to be better than \(comparison.baseline) in \(primary).\n" + advice
        }
        if winner == comparison.baseline {
            return "\(winner) is better than every other policy in \(primary).\n" + advice
        }
        return "\(winner) is better than \(comparison.baseline) in \(primary).\n" + advice
    }

    /// A metric's value, shares in percent.
    private static func text(_ value: Double?, of metric: MetricDefinition) -> String {
        let isShare = metric.kind == .proportion || metric.id == "connected-share"
        return NumberText.readable(value, unit: metric.unit, isShare: isShare)
    }

    /// Columns of equal width; those in `right` end at the same place.
    static func aligned(_ rows: [[String]], right: Set<Int>) -> String {
        guard let columns = rows.map(\.count).max() else { return "" }
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        var text = ""
        for row in rows {
            var line = "  "
            for (column, field) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - field.count)
                line += right.contains(column) ? padding + field : field + padding
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
