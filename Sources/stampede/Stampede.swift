import ArgumentParser
import Reports

/// The command line: each subcommand parses its arguments, calls what does the work, and prints.
@main
struct Stampede: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampede",
        abstract: "What a fleet of reconnecting clients will do, before you deploy.",
        discussion: """
            Runs thousands to millions of virtual clients, each driven by the code that ships in apps, through a \
            scenario: restarts, tunnels, airplane mode. Results go to the terminal and to CSV files.

            Exit status: 0 done and no expectation failed; 1 an expectation is not met; 64 wrong usage; 65 bad \
            scenario, policy or script file; 70 a defect of this program; 74 a file could not be read or written; 130 and 143 interrupted.
            """,
        version: Manifest.currentVersion,
        subcommands: [
            Run.self, Compare.self, Drive.self, Validate.self, Policies.self, Scenarios.self, Metrics.self, Schema.self,
            Bench.self, BenchOnce.self,
        ]
    )
}
