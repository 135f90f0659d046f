import ArgumentParser
import Experiments
import Reports
import Scenarios

/// `stampede run`
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run scenarios and write what happened.",
        discussion: "Exit status 1 if an expectation of a scenario is not met."
    )

    @Argument(
        help: "Scenario files, or names of scenarios that come along.",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var scenarios: [String]

    @Option(help: "Policy for all cohorts that are not pinned: of the scenario, or a preset.")
    var policy: String?

    @OptionGroup var options: ExperimentOptions

    func validate() throws {
        if scenarios.count > 1, options.folder != nil {
            throw ValidationError("--out names one folder and goes with one scenario.")
        }
    }

    func run() throws {
        // All are read before the first is run: a mistake in the last should not cost the time of the others.
        let loaded = try scenarios.map { try loadScenario($0) }
        var isMet = true
        for contents in loaded {
            let scenario = try options.apply(to: contents.scenario)
            if let policy { try options.check(policies: [policy], in: scenario) }
            let (results, _) = try options.run(contents, scenario, candidates: [policy])
            let view = TerminalSummary(scenario)
            show(view.heading(replications: scenario.replications))
            for result in results {
                show(view.summary(of: result))
                let verdicts = scenario.expectations.map { ExpectationResult($0, result: result) }
                show(view.expectations(verdicts), terminator: "\n")
                if verdicts.contains(where: { $0.verdict == .notMet }) { isMet = false }
            }
        }
        if !isMet { throw ExitStatus.expectationNotMet }
    }
}
