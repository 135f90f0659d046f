import Foundation
import TestSupport
import Testing

/// One of the programs that play the workload HERD.
struct Rival: Sendable, CustomTestStringConvertible {
    /// How a run ended.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    struct NotFound: Error {
        let name: String
    }

    /// What it calls itself in its first column.
    let name: String
    private let locate: @Sendable () throws -> [String]

    var testDescription: String { name }

    static let priorityQueue = Rival(built: "herd-priority-queue", name: "cpp-priority-queue")
    static let bucketQueue = Rival(built: "herd-bucket-queue", name: "cpp-bucket-queue")
    static let binaryHeap = Rival(built: "herd-binary-heap", name: "swift-binary-heap")
    static let compiled = [priorityQueue, bucketQueue, binaryHeap]

    /// The one in Python; nil where no Python has the package simpy.
    static let simPy: Rival? = pythonWithSimPy.map { python in
        Rival(name: "simpy") { [python, package.appending(path: "Sources/HerdRivals/SimPy/herd.py").path] }
    }

    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let pythonWithSimPy: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let pythons = [package.appending(path: ".build/simpy/bin/python").path] + folders.map { "\($0)/python3" }
        return pythons.first { python in
            guard FileManager.default.isExecutableFile(atPath: python) else { return false }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = ["-c", "import simpy"]
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }()

    private init(name: String, locate: @escaping @Sendable () throws -> [String]) {
        self.name = name
        self.locate = locate
    }

    /// A program that was built together with these tests.
    private init(built executable: String, name: String) {
        self.init(name: name) {
            var places = CommandLine.arguments.filter { $0.contains("/") } + Bundle.allBundles.map(\.bundlePath)
            if let path = Bundle.main.executablePath { places.append(path) }
            for place in places {
                var folder = URL(fileURLWithPath: place).resolvingSymlinksInPath()
                for _ in 0..<5 {
                    folder = folder.deletingLastPathComponent()
                    let candidate = folder.appendingPathComponent(executable).path
                    var isFolder: ObjCBool = false
                    guard FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
                        !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: candidate)
                    else { continue }
                    return [candidate]
                }
            }
            throw NotFound(name: executable)
        }
    }

    func run(_ arguments: [String]) async throws -> Outcome {
        try await Outcome(of: locate() + arguments)
    }

    /// Plays the workload; a result for each seed.
    func play(clients: Int, backlogSeconds: Int, seed: Int, replications: Int) async throws -> [HerdResult] {
        let outcome = try await run(["\(clients)", "\(backlogSeconds)", "\(seed)", "\(replications)"])
        try #require(outcome.status == 0, "\(outcome.errors)")
        try #require(outcome.errors == "")
        var lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        try #require(lines.popLast() == "", "the last line must end")
        try #require(lines.removeFirst() == HerdResult.header)
        try #require(lines.count == replications)
        return try lines.enumerated().map { index, line in
            let result = try #require(HerdResult(line), "\(line)")
            try #require(result.texts.starts(with: [name, "\(clients)", "\(backlogSeconds)", "\(seed + index)"]))
            return result
        }
    }
}

extension Rival.Outcome {
    /// Runs a command to its end.
    fileprivate init(of command: [String]) async throws {
        let captured = try TemporaryFolder()
        try captured.write("", to: "output")
        try captured.write("", to: "errors")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: captured.place("output")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: captured.place("errors")))
        // No thread of the test runner stands still meanwhile: other tests need them.
        let (end, continuation) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        for await _ in end {}
        status = process.terminationStatus
        output = try String(contentsOfFile: captured.place("output"), encoding: .utf8)
        errors = try String(contentsOfFile: captured.place("errors"), encoding: .utf8)
    }
}

/// A line that a rival prints: what happened in one replication.
struct HerdResult {
    static let header =
        "impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100"

    /// The columns that are measured, in their order.
    static let metrics = header.split(separator: ",").dropFirst(4).map(String.init)

    let texts: [String]
    private let values: [String: Double]

    init?(_ line: Substring) {
        texts = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let numbers = texts.dropFirst(4).compactMap(Double.init)
        guard texts.count == 4 + Self.metrics.count, numbers.count == Self.metrics.count else { return nil }
        values = Dictionary(uniqueKeysWithValues: zip(Self.metrics, numbers))
    }

    subscript(metric: String) -> Double { values[metric] ?? .nan }
}
