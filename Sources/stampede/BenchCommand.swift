import ArgumentParser
import Benchmarks
import Foundation
import Reports
import Scenarios

/// `stampede bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure what this program costs on this machine.",
        discussion: """
            Without --micro and --rivals: replications of HERD (herd, and herd-deep, in which timeouts fire), of \
            server-restart and of subway. Each measurement is one replication in a process of its own, after its \
            scenario was read: the set-up of clients and servers, all events, and the record. ns/event is CPU time in \
            user mode, the least and the median of the repeats; short replications are repeated more often, up to ten \
            times as often. events/s is by the clock on the wall. bytes/client is the growth of the peak of resident \
            memory. instr/event is given where Linux lets a process count its instructions. For HERD events are those \
            that its definition counts, whoever simulates it, and a run whose first second is not HERD's is refused with \
            status 70; elsewhere they are the events processed.

            --micro times single operations in this process, by CPU time. --rivals plays HERD (k = 2) in this program \
            and in those beside it that were built for comparison, in turn and each in a process of its own: user CPU \
            time of the whole process, start-up included, and (peak memory at N - peak memory at 1) / N.

            Build with 'swift build -c release'; other builds are several times as slow, and not worth measuring.
            """
    )

    @Flag(help: "Sizes up to 100,000 clients.")
    var quick = false

    @Flag(help: "Sizes up to 10,000,000 clients, which need some 10 GB; with --rivals also SimPy beyond 100,000.")
    var full = false

    @Option(help: "Only this benchmark, or with --micro only this part. May be given several times.")
    var only: [String] = []

    @Option(help: "Numbers of clients, separated by commas, instead of the standard ones.")
    var clients: String?

    @Option(name: .customLong("repeat"), help: "Measurements of each (default: 3; with --micro 7).")
    var repeats: Int?

    @Option(help: "Threads that share a replication; ns/event is the CPU time of all of them.")
    var threads = 1

    @Flag(help: "Record only the counters that must balance: the difference is what recording costs. Not for HERD.")
    var unrecorded = false

    @Option(name: .customLong("csv"), help: "Write the results to this file, too.", completion: .file())
    var file: String?

    @Flag(help: "Time single operations: event queues, random numbers, state machines, the reader of scenarios.")
    var micro = false

    @Flag(help: "Play HERD in other programs, too.")
    var rivals = false

    @Option(help: "With --rivals: the Python that has SimPy (default: .build/simpy/bin/python, if it is there).")
    var python: String?

    func validate() throws {
        if micro, rivals { throw ValidationError("--micro and --rivals exclude one another.") }
        if quick, full { throw ValidationError("--quick and --full exclude one another.") }
        if micro, quick || full || clients != nil {
            throw ValidationError("--quick, --full and --clients do not go with --micro.")
        }
        if rivals, !only.isEmpty { throw ValidationError("--only does not go with --rivals, which plays HERD.") }
        if threads != 1, micro || rivals { throw ValidationError("--threads does not go with --micro and --rivals.") }
        guard (1...1_024).contains(threads) else {
            throw ValidationError("--threads must be a whole number from 1 to 1024, not '\(threads)'.")
        }
        if unrecorded, micro || rivals { throw ValidationError("--unrecorded does not go with --micro and --rivals.") }
        if python != nil, !rivals { throw ValidationError("--python goes with --rivals.") }
        if let repeats, !(1...1_000).contains(repeats) {
            throw ValidationError("--repeat must be a whole number from 1 to 1000, not '\(repeats)'.")
        }
        if let file, file.isEmpty { throw ValidationError("--csv must name a file.") }
        _ = try sizes()
        guard !rivals else { return }
        let known = micro ? Self.parts : ReplicationBenchmark.Workload.allCases.map(\.rawValue)
        for name in only where !known.contains(name) {
            let list = known.joined(separator: ", ")
            throw ValidationError("unknown benchmark '\(name)'; there are: \(list).")
        }
    }

    /// The parts of which single operations are timed, each once.
    private static var parts: [String] {
        Microbenchmark.all(scenario: []).map(\.group).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The numbers of clients that were asked for; nil for the standard ones.
    private func sizes() throws -> [Int]? {
        try clients?.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let size = Int(text.filter { $0 != "_" && $0 != " " }), (1...100_000_000).contains(size) else {
                throw ValidationError("--clients takes whole numbers from 1 to 100000000 separated by commas.")
            }
            return size
        }
    }

    private var extent: ReplicationBenchmark.Extent { quick ? .quick : full ? .full : .standard }

    func run() throws {
        #if DEBUG
            complain("warning: this is a debug build; build with 'swift build -c release' to measure")
        #endif
        // An unwritable file is found out before the work is done, not after.
        if let file { try check(file) }
        let table: CSVTable
        do {
            if micro {
                table = try timeOperations()
            } else if rivals {
                table = try playRivals()
            } else {
                table = try runReplications()
            }
        } catch let failure as BenchmarkFailure {
            complain("error: \(failure)")
            throw ExitStatus.defect
        }
        guard let file else { return }
        do {
            try Data(table.text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            complain("error: cannot write '\(file)': \(error.localizedDescription)")
            throw ExitStatus.inputOutput
        }
    }

    private func check(_ file: String) throws {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            complain("error: cannot write '\(file)': there is no folder '\(folder)' that can be written to")
            throw ExitStatus.inputOutput
        }
    }

    // MARK: Replications

    private func benchmarks() throws -> [ReplicationBenchmark] {
        let chosen: [ReplicationBenchmark]
        if let sizes = try sizes() {
            chosen = ReplicationBenchmark.Workload.allCases.filter { !unrecorded || !$0.isHerd }.flatMap { workload in
                sizes.map {
                    ReplicationBenchmark(workload, clients: $0, threads: threads, isRecorded: !unrecorded)
                }
            }
        } else {
            chosen = ReplicationBenchmark.standardSet(extent, threads: threads, isRecorded: !unrecorded)
        }
        return chosen.filter { only.isEmpty || only.contains($0.workload.rawValue) }
    }

    private func runReplications() throws -> CSVTable {
        var tables = ReplicationTables()
        let program = ownProgram
        let all = try benchmarks()
        if all.isEmpty { throw ValidationError("there is no benchmark of this name among those up to this size.") }
        show(tables.heading)
        for benchmark in all {
            let result = try ReplicationResult.measure(
                benchmark,
                repeats: repeats ?? 3,
                program: program,
                arguments: BenchOnce.arguments(for: benchmark)
            )
            show(tables.add(result))
        }
        return tables.csv
    }

    // MARK: Single operations

    private func timeOperations() throws -> CSVTable {
        var tables = MicroTables()
        let scenario = try readFile(ScenarioLibrary.resolve("server-restart"))
        show(tables.heading)
        for benchmark in Microbenchmark.all(scenario: scenario) {
            guard only.isEmpty || only.contains(benchmark.group) else { continue }
            show(tables.add(benchmark, benchmark.measure(repeats: repeats ?? 7)))
        }
        return tables.csv
    }

    // MARK: Rivals

    private func playRivals() throws -> CSVTable {
        let comparison = try RivalComparison(players(), repeats: repeats ?? 3)
        var tables = RivalTables()
        let sizes = try sizes() ?? [10_000, 100_000, 1_000_000, 10_000_000].filter { $0 <= extent.mostClients }
        show(tables.heading)
        for size in sizes {
            for line in tables.add(try comparison.rows(clients: size)) { show(line) }
        }
        return tables.csv
    }

    /// This program, and of the others those that are there.
    private func players() throws -> [HerdPlayer] {
        let program = ownProgram
        let folder = URL(fileURLWithPath: program).deletingLastPathComponent()
        var players = [
            HerdPlayer.ours("stampede", program: program) { clients in
                BenchOnce.arguments(for: ReplicationBenchmark(.herd, clients: clients))
            }
        ]
        let built = [
            ("cpp-bucket-queue", "herd-bucket-queue"), ("cpp-priority-queue", "herd-priority-queue"),
            ("swift-binary-heap", "herd-binary-heap"),
        ]
        for (name, file) in built {
            let path = folder.appendingPathComponent(file).path
            if FileManager.default.isExecutableFile(atPath: path) {
                players.append(.rival(name, program: path))
            } else {
                complain("warning: '\(file)' is not beside this program; 'swift build -c release' builds it")
            }
        }
        if let simPy = try simPy() { players.append(simPy) }
        return players
    }

    /// The rival in Python; nil, with a warning, where its package is not installed.
    private func simPy() throws -> HerdPlayer? {
        let package = ScenarioLibrary.folder.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let script = package?.appendingPathComponent("Sources/HerdRivals/SimPy/herd.py").path
        let interpreter = python ?? package?.appendingPathComponent(".build/simpy/bin/python").path
        guard let script, let interpreter, FileManager.default.fileExists(atPath: script),
            let trial = try? ChildProcess.run(interpreter, ["-c", "import simpy"]), trial.end == .exited(0)
        else {
            let reason = "no Python with SimPy at '\(interpreter ?? ".build/simpy/bin/python")'"
            guard python == nil else { throw ValidationError("--python: \(reason).") }
            complain("warning: \(reason); it is left out")
            return nil
        }
        return .rival(
            "simpy",
            program: interpreter,
            leading: [script],
            mostClients: full ? .max : 100_000
        )
    }

    /// The path of this program, to be run again.
    private var ownProgram: String {
        Bundle.main.executablePath ?? CommandLine.arguments.first ?? "stampede"
    }
}

/// `stampede bench-once`, by which `stampede bench` measures: one replication and nothing else, as a machine reads it.
struct BenchOnce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-once",
        abstract: "Measure one replication and print the figures, a name and a value a line.",
        shouldDisplay: false
    )

    @Argument(help: "The benchmark.")
    var name: String

    @Argument(help: "How many clients.")
    var clients: Int

    @Option(help: "How many threads share the work.")
    var threads = 1

    @Flag(help: "Record only the counters that must balance.")
    var unrecorded = false

    /// The arguments with which this command measures a benchmark.
    static func arguments(for benchmark: ReplicationBenchmark) -> [String] {
        ["bench-once", benchmark.workload.rawValue, "\(benchmark.clients)", "--threads", "\(benchmark.threads)"]
            + (benchmark.isRecorded ? [] : ["--unrecorded"])
    }

    func validate() throws {
        guard ReplicationBenchmark.Workload(rawValue: name) != nil else {
            let known = ReplicationBenchmark.Workload.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("unknown benchmark '\(name)'; there are: \(known).")
        }
        guard (1...100_000_000).contains(clients), (1...1_024).contains(threads) else {
            throw ValidationError("there may be 1 to 100000000 clients and 1 to 1024 threads.")
        }
    }

    func run() throws {
        guard let workload = ReplicationBenchmark.Workload(rawValue: name) else { return }
        guard let folder = ScenarioLibrary.folder else {
            complain("error: the scenarios that come along are not to be found from here")
            throw ExitStatus.inputOutput
        }
        let scenario = try loadScenario("\(folder)/\(workload.file)").scenario
        let scaled = scenario.scaled(toClients: clients, scalingServers: workload.scalesServers)
        do {
            let measurement = try ReplicationMeasurement.measure(
                scaled,
                as: workload,
                threads: threads,
                isRecorded: !unrecorded
            )
            show(MeasurementReport.text(of: measurement))
        } catch {
            complain("error: \(error)")
            throw ExitStatus.defect
        }
    }
}
