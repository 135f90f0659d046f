import Foundation
import TestSupport
import Testing

/// The built program, run as users run it.
struct Program {
    /// How a run ended.
    struct Outcome {
        /// The exit status; of a process ended by a signal, that signal's number and 128, as in a shell.
        let status: Int32
        let output: String
        let errors: String
    }

    struct NotFound: Error {}

    let executable: String

    /// The program that was built together with these tests.
    init() throws {
        var places = CommandLine.arguments.filter { $0.contains("/") } + Bundle.allBundles.map(\.bundlePath)
        if let path = Bundle.main.executablePath { places.append(path) }
        for place in places {
            var folder = URL(fileURLWithPath: place).resolvingSymlinksInPath()
            for _ in 0..<5 {
                folder = folder.deletingLastPathComponent()
                let candidate = folder.appendingPathComponent("stampede").path
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue,
                    FileManager.default.isExecutableFile(atPath: candidate)
                else { continue }
                executable = candidate
                return
            }
        }
        throw NotFound()
    }

    /// Another program.
    init(executable: String) {
        self.executable = executable
    }

    /// Runs the program to its end.
    func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> Outcome {
        try await run(arguments, in: folder.path)
    }

    /// Runs the program to its end, with a path as working directory.
    func run(_ arguments: [String], in folder: String) async throws -> Outcome {
        try await RunningProgram(executable, arguments, in: folder).outcome
    }

    /// Runs a shell script in which `"$@"` is the program with its arguments.
    func run(_ arguments: [String], in folder: TemporaryFolder, by script: String) async throws -> Outcome {
        let words = ["-c", script, "sh", executable] + arguments
        return try await RunningProgram("/bin/sh", words, in: folder.path).outcome
    }

    /// Starts the program and waits until it listens to signals, which is when its replications begin.
    func start(_ arguments: [String], in folder: TemporaryFolder) async throws -> RunningProgram {
        let running = try RunningProgram(executable, arguments, in: folder.path)
        let deadline = ContinuousClock.now + .seconds(20)
        while !running.isListening, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        try #require(running.isListening, "the run did not begin")
        return running
    }
}

/// A process whose output goes to files, so that none is lost and nobody waits for a reader.
final class RunningProgram: Sendable {
    private let process = Process()
    private let captured: TemporaryFolder
    private let end: AsyncStream<Void>

    init(_ executable: String, _ arguments: [String], in folder: String) throws {
        captured = try TemporaryFolder()
        try captured.write("", to: "output")
        try captured.write("", to: "errors")
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: captured.place("output")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: captured.place("errors")))
        let (end, continuation) = AsyncStream.makeStream(of: Void.self)
        self.end = end
        process.terminationHandler = { _ in continuation.finish() }
        // Threads of the test runner block signals, which children inherit.
        var none = sigset_t()
        var mine = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &mine)
        defer { pthread_sigmask(SIG_SETMASK, &mine, nil) }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Whether the process has a handler for SIGINT.
    var isListening: Bool {
        #if os(Linux)
            let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
            let caught = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.dropFirst(7)
            let mask = caught.flatMap { UInt64($0.filter { !$0.isWhitespace }, radix: 16) } ?? 0
            return mask & (1 << UInt64(SIGINT - 1)) != 0
        #else
            return (process.isRunning ? Date().timeIntervalSince(began) : 0) > 2
        #endif
    }

    #if !os(Linux)
        private let began = Date()
    #endif

    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// How it ended.
    var outcome: Program.Outcome {
        get async throws {
            for await _ in end {}
            return Program.Outcome(
                status: process.terminationReason == .uncaughtSignal
                    ? 128 + process.terminationStatus : process.terminationStatus,
                output: try text("output"),
                errors: try text("errors")
            )
        }
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: captured.place(name))), as: UTF8.self)
    }
}

/// The rows of a CSV text whose fields need no quotes.
func rows(_ text: String?) -> [[String]] {
    (text ?? "").split(separator: "\r\n").map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}
