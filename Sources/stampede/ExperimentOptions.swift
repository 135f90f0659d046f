import ArgumentParser
import Experiments
import Foundation
import Reconnection
import Reports
import Scenarios

/// The options `run` and `compare` share, and what they do alike.
struct ExperimentOptions: ParsableArguments {
    @Option(help: "Clients in all, cohorts in proportion, instead of the scenario's number.")
    var clients: String?

    @Flag(
        help: """
            With --clients: scale the servers, too. Handshake times are divided by the factor of the fleet, backlogs and \
            connection limits multiplied.
            """
    )
    var scaleServers = false

    @Option(help: "Independent replications, instead of the scenario's number.")
    var replications: String?

    @Option(help: "Seed of all randomness, instead of the scenario's.")
    var seed: UInt64?

    @Option(help: "Threads that work at once (default: one for each core).")
    var threads: Int?

    @Option(name: .customLong("out"), help: "Folder for the results (default: Results/<scenario name>).")
    var folder: String?

    func validate() throws {
        if let clients { _ = try count(clients, "--clients", atMost: 100_000_000) }
        if let replications { _ = try count(replications, "--replications", atMost: 1_000_000) }
        if let threads, !(1...1_024).contains(threads) {
            throw ValidationError("--threads must be a whole number from 1 to 1024, not '\(threads)'.")
        }
        if let folder, folder.isEmpty { throw ValidationError("--out must name a folder.") }
    }

    /// A count as people write them, thousands separated by `_` if they like.
    private func count(_ text: String, _ option: String, atMost limit: Int) throws -> Int {
        let digits = text.filter { $0 != "_" }
        guard let value = Int(digits), (1...limit).contains(value) else {
            throw ValidationError("\(option) must be a whole number from 1 to \(limit), not '\(text)'.")
        }
        return value
    }

    /// The scenario with what the options change.
    func apply(to scenario: Scenario) throws -> Scenario {
        var scenario = scenario
        if let clients {
            let total = try count(clients, "--clients", atMost: 100_000_000)
            guard total >= scenario.fleet.count else {
                throw ValidationError("--clients must be at least the number of cohorts (\(scenario.fleet.count)).")
            }
            scenario = scenario.scaled(toClients: total, scalingServers: scaleServers)
        }
        if let replications { scenario.replications = try count(replications, "--replications", atMost: 1_000_000) }
        if let seed { scenario.seed = seed }
        for doubt in scenario.connectionShortages { complain("warning: \(doubt)") }
        return scenario
    }

    /// Refuses policies that neither the scenario nor the catalogue knows.
    func check(policies: [String], in scenario: Scenario) throws {
        for name in policies where scenario.policy(named: name) == nil {
            let known = (scenario.policies.keys.sorted() + PolicyPreset.all.map(\.name)).joined(separator: ", ")
            throw ValidationError("unknown policy '\(name)'; this scenario and the catalogue have: \(known).")
        }
    }

    /// Runs candidates and writes their files.
    ///
    /// - Parameter baseline: which candidate the others are compared with; nil for no comparison.
    /// - Returns: the results, and the comparison if one was asked for, for printing.
    func run(
        _ contents: ScenarioFile.Contents,
        _ scenario: Scenario,
        candidates: [String?],
        baseline: Int? = nil
    ) throws -> ([CandidateResult], Comparison?) {
        let results = ResultsFolder(path: folder ?? "Results/\(scenario.name)")
        do {
            try results.check()
        } catch {
            complain("error: \(error)")
            throw ExitStatus.inputOutput
        }
        let experiment = Experiment(
            scenario: scenario,
            candidates: candidates,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount
        )
        let started = Date()
        let clock = ContinuousClock.now
        let found = try carryOut(experiment, keeping: results)
        let elapsed = (ContinuousClock.now - clock) / .seconds(1)
        let manifest = Manifest(
            experiment,
            found,
            text: contents.source,
            command: ["stampede"] + CommandLine.arguments.dropFirst(),
            startedAt: started,
            elapsed: elapsed
        )
        let tables = ResultTables(experiment, found)
        var files = [
            (name: "summary.csv", text: tables.summary.text),
            (name: "replications.csv", text: tables.replications.text),
            (name: "timeline.csv", text: tables.timeline.text),
        ]
        let comparison = baseline.map { Comparison(found, baseline: $0) }
        if let comparison { files.append((name: "comparison.csv", text: tables.comparison(comparison).text)) }
        files.append((name: "manifest.json", text: manifest.json))
        do {
            try results.replace(with: files)
        } catch {
            complain("error: \(error); earlier results, if any, are as they were")
            throw ExitStatus.inputOutput
        }
        let rate = NumberText.readable(manifest.eventsPerSecond / 1e6, unit: "1")
        complain(
            "\(NumberText.grouped(Double(manifest.events))) events in \(NumberText.readable(elapsed, unit: "s")) "
                + "(\(rate) million/s, \(experiment.threads) threads); results in \(results.path)"
        )
        return (found, comparison)
    }

    private func carryOut(_ experiment: Experiment, keeping results: ResultsFolder) throws -> [CandidateResult] {
        Interruption.listen()
        let progress = ProgressLine(title: experiment.scenario.name)
        defer { progress.clear() }
        do {
            return try experiment.run(
                shouldStop: { Interruption.received != nil },
                progress: { done, total in progress.show(done, of: total) }
            )
        } catch {
            progress.clear()
            switch error {
            case .interrupted:
                complain("interrupted; nothing was written, and earlier results in '\(results.path)' are as they were")
                throw ExitCode(128 + (Interruption.received ?? SIGINT))
            case .unknownPolicy(let name):
                throw ValidationError("unknown policy '\(name)'.")
            case .unbalanced(let policy, let replication, let faults):
                complain("error: the books of replication \(replication) of policy '\(policy)' do not balance:")
                for fault in faults { complain("  " + fault) }
                throw ExitStatus.defect
            }
        }
    }
}
