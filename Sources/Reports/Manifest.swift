public import Experiments
import Foundation
import Scenarios

/// What is needed to run an experiment again, and the facts of this run that differ from machine to machine.
public struct Manifest: Codable, Sendable {
    /// The version of Stampede.
    public static let currentVersion = "0.1.0"

    /// The version that made the results.
    public var version = Manifest.currentVersion
    /// The scenario's name, its file's text, and a hash of that text.
    public var scenario: String
    /// The scenario file, whole.
    public var scenarioText: String
    /// FNV-1a, 64 bits, of the text's bytes, in hexadecimal with the name of the method in front.
    public var scenarioHash: String
    /// The command, word by word.
    public var command: [String]
    /// The seed.
    public var seed: UInt64
    /// Replications of each candidate.
    public var replications: Int
    /// Clients of a replication.
    public var clients: Int
    /// The candidates' names.
    public var policies: [String]
    /// How many threads worked.
    public var threads: Int
    /// Operating system and processors.
    public var host: String
    /// When the run began, ISO 8601.
    public var startedAt: String
    /// Wall-clock time of the replications, in seconds.
    public var elapsedSeconds: Double
    /// Events of all replications, and per second of wall-clock time.
    public var events: Int
    /// Events per second of wall-clock time.
    public var eventsPerSecond: Double
    /// The most memory the process held, in bytes.
    public var peakMemoryBytes: Int

    /// A manifest of a finished experiment.
    ///
    /// - Parameters:
    ///   - experiment: what was run.
    ///   - results: what came of it.
    ///   - text: the scenario file's text.
    ///   - command: the command line.
    ///   - startedAt: when it began.
    ///   - elapsed: wall-clock seconds.
    public init(
        _ experiment: Experiment,
        _ results: [CandidateResult],
        text: String,
        command: [String],
        startedAt: Date,
        elapsed: Double
    ) {
        scenario = experiment.scenario.name
        scenarioText = text
        scenarioHash = Self.hash(text)
        self.command = command
        seed = experiment.scenario.seed
        replications = experiment.scenario.replications
        clients = experiment.scenario.clientCount
        policies = results.map(\.policy)
        threads = experiment.threads
        let process = ProcessInfo.processInfo
        host = "\(process.operatingSystemVersionString), \(process.processorCount) processors"
        self.startedAt = ISO8601DateFormatter().string(from: startedAt)
        elapsedSeconds = elapsed
        events = results.reduce(0) { $0 + $1.events }
        eventsPerSecond = elapsed > 0 ? Double(events) / elapsed : 0
        peakMemoryBytes = Self.peakMemory()
    }

    /// The manifest as JSON.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return "fnv1a64:" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func peakMemory() -> Int {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #endif
    }
}
