import ArgumentParser
import Experiments
import Reports
import Scenarios

/// `stampede compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run policies on the same world and say which is better.",
        discussion: """
            Every policy meets the same outages, latencies, handshake times and messages. Differences are paired by \
            replication; p-values are adjusted for the number of policies by Holm's method.
            """
    )

    @Argument(
        help: "A scenario file, or the name of a scenario that comes along.",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var scenario: String

    @Option(help: "Policies of the scenario or presets, separated by commas; at least two.")
    var policies: String

    @Option(help: "The policy the others are compared with (default: the first).")
    var baseline: String?

    @OptionGroup var options: ExperimentOptions

    private var names: [String] {
        policies.split(separator: ",", omittingEmptySubsequences: false).map { name in
            String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    func validate() throws {
        guard names.count >= 2, !names.contains("") else {
            throw ValidationError("--policies needs at least two names separated by commas.")
        }
        guard Set(names).count == names.count else { throw ValidationError("--policies names a policy twice.") }
        if let baseline, !names.contains(baseline) {
            throw ValidationError("--baseline '\(baseline)' is not among --policies (\(policies)).")
        }
    }

    func run() throws {
        let contents = try loadScenario(scenario)
        let scenario = try options.apply(to: contents.scenario)
        try options.check(policies: names, in: scenario)
        let base = baseline.flatMap { names.firstIndex(of: $0) } ?? 0
        let (results, comparison) = try options.run(contents, scenario, candidates: names, baseline: base)
        let view = TerminalSummary(scenario)
        show(view.heading(replications: scenario.replications))
        for result in results { show(view.summary(of: result)) }
        if let comparison { show(view.comparison(comparison, results)) }
    }
}
