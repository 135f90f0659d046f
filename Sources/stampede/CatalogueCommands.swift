import ArgumentParser
import DiscreteEvents
import MonotonicTime
import Reconnection
import Reports
import Scenarios

/// `stampede validate`
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Check scenario files without running them.")

    @Argument(help: "Scenario files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    func run() throws {
        var worst: ExitCode?
        for file in files {
            do {
                let scenario = try loadScenario(file).scenario
                for doubt in scenario.connectionShortages { complain("\(file): warning: \(doubt)") }
                let clients = NumberText.grouped(Double(scenario.clientCount))
                show("\(file): ok (\(scenario.name), \(clients) clients)\n")
            } catch let status as ExitCode {
                worst = worst ?? status
            }
        }
        if let worst { throw worst }
    }
}

/// `stampede policies`
struct Policies: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the preset policies, or spell one out, or print its delays.",
        discussion: """
            With --delays the retries of a client whose every attempt fails are printed as CSV: the number of the \
            retry, the delay before it, and the time since the first failure, in seconds and as if attempts took no \
            time. With --after-drop the first failure is the loss of a connection, which some policies treat unlike a \
            failed attempt.
            """
    )

    @Argument(help: "A preset. Without it all are listed.")
    var name: String?

    @Option(help: "Print so many delays as CSV instead.")
    var delays: Int?

    @Flag(help: "With --delays: a connection is lost first, instead of an attempt failing.")
    var afterDrop = false

    @Option(help: "The numbers in 0 ..< 1 that the policy's random source yields, repeated in turn: 0,0.5,0.999")
    var uniform: String?

    @Option(help: "Seed of the random source where --uniform is not given.")
    var seed: UInt64 = 1

    func validate() throws {
        if delays == nil, uniform != nil { throw ValidationError("--uniform goes with --delays.") }
        if delays == nil, afterDrop { throw ValidationError("--after-drop goes with --delays.") }
        if let delays, !(1...1_000_000).contains(delays) {
            throw ValidationError("--delays must be a whole number from 1 to 1000000, not '\(delays)'.")
        }
        if delays != nil, name == nil { throw ValidationError("--delays needs the name of a policy.") }
        if uniform != nil { _ = try numbers() }
        if let name, PolicyPreset.named(name) == nil {
            let known = PolicyPreset.all.map(\.name).joined(separator: ", ")
            throw ValidationError("unknown policy '\(name)'; there are: \(known).")
        }
    }

    private func numbers() throws -> [Double] {
        try (uniform ?? "").split(separator: ",", omittingEmptySubsequences: false).map { text in
            let digits = text.filter { $0 != " " }
            guard let number = Double(digits), number >= 0, number < 1 else {
                throw ValidationError("--uniform takes numbers from 0 to below 1 separated by commas, not '\(text)'.")
            }
            return number
        }
    }

    func run() throws {
        guard let name, let preset = PolicyPreset.named(name) else {
            show(Self.list)
            return
        }
        guard let delays else {
            show("# \(preset.summary)\n# Source: \(preset.source)\n")
            show(ScenarioFile.text(of: preset.policy, named: preset.name))
            return
        }
        let table: CSVTable
        let beginning = afterDrop ? RetrySchedule.Beginning.lostConnection : .failedAttempt
        if uniform == nil {
            var random = SeededRandomSource(seed: seed)
            table = Self.delayTable(preset.policy, count: delays, from: beginning, random: &random)
        } else {
            var random = RepeatingRandomSource(try numbers())
            table = Self.delayTable(preset.policy, count: delays, from: beginning, random: &random)
        }
        show(table.text)
    }

    /// All presets below the headings of their kinds.
    private static var list: String {
        let width = PolicyPreset.all.map(\.name.count).max() ?? 0
        let indentation = String(repeating: " ", count: width)
        var text = ""
        for kind in PolicyPreset.Kind.allCases {
            let presets = PolicyPreset.all.filter { $0.kind == kind }
            guard !presets.isEmpty else { continue }
            text += (text.isEmpty ? "" : "\n") + heading(kind) + "\n"
            for preset in presets {
                text += "  \(preset.name)\(indentation.dropFirst(preset.name.count))  \(preset.summary)\n"
                text += "  \(indentation)  source: \(preset.source)\n"
            }
        }
        return text
    }

    private static func heading(_ kind: PolicyPreset.Kind) -> String {
        switch kind {
        case .sourceSystem: "Source systems, as documented"
        case .asBuilt: "Source systems, as built"
        case .realtimeClient: "Realtime clients"
        case .store: "Stores"
        case .remoteCall: "Remote calls"
        case .retryLibrary: "Retry libraries"
        case .shape: "Shapes"
        }
    }

    private static func delayTable(
        _ policy: ClientPolicy,
        count: Int,
        from beginning: RetrySchedule.Beginning,
        random: inout some RandomSource
    ) -> CSVTable {
        var table = CSVTable(columns: ["retry", "delay_s", "elapsed_s"])
        for retry in RetrySchedule(policy, count: count, from: beginning, random: &random).retries {
            table.add([
                "\(retry.number)", NumberText.exact(retry.delay.seconds), NumberText.exact(retry.elapsed.seconds),
            ])
        }
        return table
    }
}

/// Delays on request draw from the generator that the simulation draws from.
private struct SeededRandomSource: RandomSource {
    private var stream: RandomStream

    init(seed: UInt64) {
        stream = RandomStream(key: RandomKey(seed: seed, replication: 0), entity: 0, purpose: 0)
    }

    mutating func nextUniform() -> Double { stream.nextUniform() }
}

/// `stampede scenarios`
struct Scenarios: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the scenarios that come along.")

    func run() throws {
        guard !ScenarioLibrary.all.isEmpty else {
            complain("error: no folder 'Scenarios' with scenarios here or beside the program")
            throw ExitStatus.inputOutput
        }
        for path in ScenarioLibrary.all {
            let scenario = try loadScenario(path).scenario
            show("\(path)\n    \(scenario.summary)\n")
        }
    }
}

/// `stampede metrics`
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print every metric's id, unit and meaning as CSV.")

    func run() {
        var table = CSVTable(columns: ["metric", "unit", "kind", "better", "per_cohort", "meaning"])
        for metric in MetricDefinition.all {
            table.add([
                metric.id, metric.unit, metric.kind.rawValue, metric.preference.rawValue, "\(metric.isPerCohort)",
                metric.meaning,
            ])
        }
        show(table.text)
    }
}

/// `stampede schema`
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of scenario files.",
        discussion: """
            Put it in a file, and '# yaml-language-server: $schema=<that file>' in the first line of a scenario: editors \
            then complete keys and mark mistakes.
            """
    )

    func run() {
        show(ScenarioFile.schema, terminator: ScenarioFile.schema.hasSuffix("\n") ? "" : "\n")
    }
}
