import Foundation
import TestSupport
import Testing

@Suite("reproducible results", .timeLimit(.minutes(2)))
struct ReproducibilityTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
        try folder.write(tinyScenario, to: "tiny.yaml")
    }

    /// The CSV files of a comparison, by name.
    private func tables(_ program: Program, _ options: String...) async throws -> [String: String] {
        let arguments = ["compare", "tiny.yaml", "--policies", "calm,no-jitter", "--out", "r"] + options
        let outcome = try await program.run(arguments, in: folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let tables = try folder.contents.filter { $0.key.hasSuffix(".csv") }
        #expect(tables.count == 4)
        return tables
    }

    @Test("the same bytes whatever the number of threads, run after run")
    func threads() async throws {
        let first = try await tables(program, "--threads", "1")
        #expect(try await tables(program, "--threads", "2") == first)
        #expect(try await tables(program, "--threads", "7") == first)
        #expect(try await tables(program, "--threads", "1", "--seed", "7") == first)
    }

    @Test("another seed gives other bytes in every file")
    func seed() async throws {
        let first = try await tables(program)
        let second = try await tables(program, "--seed", "8")
        for (name, text) in first { #expect(second[name] != text, "\(name)") }
    }

    @Test("a replication does not depend on how many there are")
    func replications() async throws {
        let few = rows(try await tables(program)["r/replications.csv"])
        let many = Set(rows(try await tables(program, "--replications", "5")["r/replications.csv"]))
        #expect(few.allSatisfy(many.contains))
    }

    @Test("one word of jitter changes the peak by more than a factor of three")
    func jitterMatters() async throws {
        var peaks: [Double] = []
        for jitter in ["full", "none"] {
            try folder.write(restart(jitter: jitter), to: "restart.yaml")
            #expect(try await program.run(["run", "restart.yaml", "--out", "r"], in: folder).status == 0)
            let row = rows(try folder.contents["r/summary.csv"]).first { $0[3] == "peak-attempt-rate-100ms" }
            peaks.append(try #require(row.flatMap { Double($0[5]) }))
        }
        #expect(peaks[1] > 3 * peaks[0], "\(peaks)")
    }

    @Test(
        "debug and release give the same bytes",
        .enabled(if: ProcessInfo.processInfo.environment["STAMPEDE_OTHER_BUILD"] != nil)
    )
    func otherBuild() async throws {
        let other = try #require(ProcessInfo.processInfo.environment["STAMPEDE_OTHER_BUILD"])
        let ours = try await tables(program)
        #expect(try await tables(Program(executable: other)) == ours)
    }

    @Test("a tiny comparison gives the bytes on record", arguments: ["summary.csv", "comparison.csv"])
    func golden(name: String) async throws {
        let text = try #require(try await tables(program)["r/\(name)"])
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let record = tests.appendingPathComponent("Golden/\(name)")
        guard ProcessInfo.processInfo.environment["STAMPEDE_RECORD"] == nil else {
            try Data(text.utf8).write(to: record)
            Issue.record("recorded \(name): look at the difference, then test again without STAMPEDE_RECORD")
            return
        }
        let recorded = String(decoding: try Data(contentsOf: record), as: UTF8.self)
        let changed = zip(rows(text), rows(recorded)).first { $0 != $1 }
        #expect(text == recorded, "first difference: \(String(describing: changed)); STAMPEDE_RECORD=1 records anew")
    }
}
