import Foundation
import TestSupport
import Testing

/// What is measured is tested where it is measured; here are options, files and statuses. No test asks how fast anything is.
@Suite("bench", .timeLimit(.minutes(5)))
struct BenchCommandTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
    }

    /// The lines a debug build adds to the standard error are no complaints about the command.
    private func complaints(_ outcome: Program.Outcome) -> String {
        outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("warning: this is a debug build") }
            .joined(separator: "\n")
    }

    @Test("one small row of HERD from end to end, as a table and as CSV")
    func herd() async throws {
        let outcome = try await program.run(
            ["bench", "--only", "herd", "--clients", "1_000", "--repeat", "1", "--csv", "speed.csv"],
            in: folder
        )
        #expect(outcome.status == 0)
        #expect(complaints(outcome) == "")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("benchmark ") == true)
        #expect(lines.last?.hasPrefix("herd  ") == true)
        let table = rows(try folder.contents["speed.csv"])
        #expect(
            table.first == [
                "benchmark", "clients", "threads", "events", "ns_per_event_best", "ns_per_event_median",
                "events_per_second",
                "bytes_per_client", "instructions_per_event", "runs",
            ]
        )
        let row = try #require(table.last)
        #expect(table.count == 2 && row.count == 10)
        #expect(row[0] == "herd" && row[1] == "1000" && row[2] == "1")
        let values = row[4...7].compactMap(Double.init)
        #expect(values.count == 4 && values.allSatisfy { $0.isFinite && $0 >= 0 })
        #expect(values[0] <= values[1])
        // Where instructions cannot be counted there is no number, and not a zero.
        #expect(row[8] == "" || (Double(row[8]) ?? 0) > 0)
        let events = try #require(Int(row[3]))
        #expect((24_000...25_500).contains(events))
    }

    @Test("every workload runs, and prints what the gate of CI reads")
    func workloads() async throws {
        for name in ["herd-deep", "server-restart", "server-restart-fixed-servers", "subway"] {
            let outcome = try await program.run(["bench-once", name, "100"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix("events "))
            #expect(outcome.output.contains("\nuser_s "))
        }
    }

    @Test("a scenario that is not HERD any more is refused with status 70, and nothing is written")
    func wrongScenario() async throws {
        let scenarios = packageFolder + "/Scenarios/"
        let herd = try String(contentsOfFile: scenarios + "benchmarks/herd.yaml", encoding: .utf8)
        #expect(herd.contains("base: 1s"))
        // The program looks for its scenarios here first.
        try folder.write(
            herd.replacingOccurrences(of: "base: 1s", with: "base: 2s"),
            to: "Scenarios/benchmarks/herd.yaml"
        )
        try folder.write(tinyScenario, to: "Scenarios/server-restart.yaml")
        let outcome = try await program.run(
            ["bench", "--only", "herd", "--clients", "1_000", "--repeat", "1", "--csv", "speed.csv"],
            in: folder
        )
        #expect(outcome.status == 70)
        #expect(outcome.errors.contains("this is not HERD: "))
        #expect(try folder.contents["speed.csv"] == nil)
    }

    @Test("single operations are printed and written, those of a part alone if asked for")
    func micro() async throws {
        let outcome = try await program.run(
            ["bench", "--micro", "--only", "token-bucket", "--only", "reader", "--repeat", "1", "--csv", "micro.csv"],
            in: folder
        )
        #expect(outcome.status == 0)
        #expect(complaints(outcome) == "")
        let table = rows(try folder.contents["micro.csv"])
        #expect(
            table.first == [
                "part", "operation", "ns_per_operation_best", "ns_per_operation_median", "instructions_per_operation",
                "megabytes_per_second",
            ]
        )
        // The operation of the first has commas in its name, and so quotes around it.
        #expect(table.count == 3)
        #expect(table[1].first == "token-bucket" && table[2].first == "reader")
        #expect((table[2].last.flatMap(Double.init) ?? 0) > 0)
        #expect(outcome.output.split(separator: "\n").count == 3)
    }

    @Test("rivals that lie beside the program play the same, and absent ones are named")
    func rivals() async throws {
        let outcome = try await program.run(
            ["bench", "--rivals", "--clients", "1000", "--repeat", "1", "--csv", "rivals.csv"],
            in: folder
        )
        #expect(outcome.status == 0)
        let table = rows(try folder.contents["rivals.csv"])
        let header = try #require(table.first)
        #expect(
            header == [
                "implementation", "clients", "events", "ns_per_event", "ratio_to_stampede", "bytes_per_client",
                "attempts", "outcomes", "timeouts", "connects", "heartbeats", "peak", "t50_s", "t99_s",
            ]
        )
        #expect(table.count >= 2 && table[1].first == "stampede")
        #expect(table[1][4] == "1")
        for row in table.dropFirst() {
            #expect(row[9] == "1000")
            #expect(abs((Double(row[12]) ?? 0) - 60) < 1)
        }
        // A rival that was built is in the table, and one that was not is complained about.
        for (name, file) in [("cpp-bucket-queue", "herd-bucket-queue"), ("swift-binary-heap", "herd-binary-heap")] {
            let isPlayed = table.contains { $0.first == name }
            #expect(isPlayed != outcome.errors.contains("'\(file)' is not beside this program"))
        }
        let unknown = try await program.run(["bench", "--rivals", "--python", "/nowhere/python"], in: folder)
        #expect(unknown.status == 64)
    }

    @Test(
        "options that make no sense are refused with a word on what would",
        arguments: [
            (["--only", "hurd"], "unknown benchmark 'hurd'; there are: herd, herd-deep,"),
            (["--micro", "--only", "herd"], "unknown benchmark 'herd'; there are: event-queue,"),
            (["--micro", "--rivals"], "--micro and --rivals exclude one another"),
            (["--quick", "--full"], "--quick and --full exclude one another"),
            (["--micro", "--full"], "do not go with --micro"),
            (["--rivals", "--only", "herd"], "--only does not go with --rivals"),
            (["--rivals", "--threads", "2"], "--threads does not go with --micro and --rivals"),
            (["--threads", "0"], "--threads must be a whole number from 1 to 1024, not '0'"),
            (["--python", "x"], "--python goes with --rivals"),
            (["--repeat", "0"], "--repeat must be a whole number from 1 to 1000, not '0'"),
            (["--clients", "10,0"], "--clients takes whole numbers from 1 to 100000000"),
            (["--quick", "--only", "server-restart-fixed-servers"], "no benchmark of this name"),
        ] as [([String], String)]
    )
    func usage(options: [String], message: String) async throws {
        let outcome = try await program.run(["bench"] + options, in: folder)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(message))
        #expect(outcome.output == "")
    }

    @Test("a file that cannot be written is found out before anything is measured")
    func unwritable() async throws {
        let outcome = try await program.run(["bench", "--csv", "nowhere/speed.csv"], in: folder)
        #expect(outcome.status == 74)
        #expect(outcome.output == "")
    }

    /// The folder of the package.
    private var packageFolder: String {
        var place = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { place = place.deletingLastPathComponent() }
        return place.path
    }
}
