import Foundation
import TestSupport
import Testing

@Suite("stampede run", .timeLimit(.minutes(2)))
struct RunCommandTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
        try folder.write(tinyScenario, to: "tiny.yaml")
    }

    @Test("a run writes its files with the documented columns, and the verdict to standard output")
    func files() async throws {
        let outcome = try await program.run(["run", "tiny.yaml"], in: folder)
        #expect(outcome.status == 0)
        let contents = try folder.contents
        #expect(
            contents.keys.sorted() == [
                "Results/", "Results/tiny/", "Results/tiny/manifest.json", "Results/tiny/replications.csv",
                "Results/tiny/summary.csv", "Results/tiny/timeline.csv", "tiny.yaml",
            ]
        )
        let headers = [
            "summary": "scenario,policy,cohort,metric,unit,estimate,ci_low,ci_high,ci_method,confidence,replications,"
                + "censored_share",
            "replications": "scenario,policy,cohort,replication,seed,metric,unit,value",
            "timeline": "scenario,policy,time_s,bin_s,launched,arrived,connected,refused,timeout,lost,cancelled,"
                + "delivered,sent,connected_now,backlog",
        ]
        for (name, header) in headers {
            let text = try #require(contents["Results/tiny/\(name).csv"])
            #expect(text.hasPrefix(header + "\r\n"), "\(name)")
            let width = header.split(separator: ",").count
            #expect(rows(text).allSatisfy { $0.count == width }, "\(name)")
            #expect(rows(text).count > 50, "\(name)")
        }
        let cohorts = rows(contents["Results/tiny/summary.csv"]).dropFirst().map { $0[2] }
        #expect(Set(cohorts) == ["all", "phones", "desks"])
        #expect(outcome.output.hasPrefix("tiny: A gateway restarts under a few phones.\n40 clients, 1m30s, 3 repl"))
        #expect(outcome.output.contains("\n  met  recovery-time-95 < 60s  "))
        #expect(outcome.errors.contains("events in "))
        #expect(outcome.errors.contains("results in Results/tiny\n"))
    }

    @Test("standard error that is no terminal gets no progress and no control characters")
    func noProgress() async throws {
        let outcome = try await program.run(["run", "tiny.yaml", "--replications", "20"], in: folder)
        #expect(outcome.status == 0)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        let text = outcome.errors + outcome.output
        let hasControls = text.unicodeScalars.contains { $0.value < 32 && $0.value != 10 }
        #expect(!hasControls)
    }

    @Test("the manifest has what is needed to run it again")
    func manifest() async throws {
        let arguments = [
            "run", "tiny.yaml", "--seed", "18446744073709551615", "--clients", "1_00", "--replications", "2",
            "--threads", "2", "--policy", "valtio-y", "--out", "r",
        ]
        #expect(try await program.run(arguments, in: folder).status == 0)
        let text = try #require(try folder.contents["r/manifest.json"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect((object["command"] as? [String])?.dropFirst().elementsEqual(arguments) == true)
        #expect(object["scenario_text"] as? String == tinyScenario)
        #expect(text.contains("\"seed\" : 18446744073709551615,"))
        #expect(object["clients"] as? Int == 100)
        #expect(object["replications"] as? Int == 2)
        #expect(object["policies"] as? [String] == ["valtio-y"])
        #expect(object["threads"] as? Int == 2)
        #expect((object["events"] as? Int ?? 0) > 1_000)
        let facts = rows(try folder.contents["r/replications.csv"])
        #expect(facts.dropFirst().allSatisfy { $0[1] == "valtio-y" && $0[4] == "18446744073709551615" })
    }

    @Test("servers are scaled with the fleet if asked for: the same bytes as from a scenario written so")
    func scaledServers() async throws {
        let scaled = tinyScenario.replacing("clients: 30", with: "clients: 75")
            .replacing("clients: 10", with: "clients: 25")
            .replacing("median: 14ms, p99: 45ms", with: "median: 5.6ms, p99: 18ms")
            .replacing("backlog: 64", with: "backlog: 161")
        try folder.write(scaled, to: "scaled.yaml")
        func replications(_ arguments: String...) async throws -> String {
            let outcome = try await program.run(["run"] + arguments + ["--out", "r"], in: folder)
            #expect([0, 1].contains(outcome.status), "\(outcome.errors)")
            return try #require(try folder.contents["r/replications.csv"])
        }
        let asked = try await replications("tiny.yaml", "--clients", "100", "--scale-servers")
        #expect(try await replications("scaled.yaml") == asked)
        #expect(try await replications("tiny.yaml", "--clients", "100") != asked)
        let unchanged = try await replications("tiny.yaml")
        #expect(try await replications("tiny.yaml", "--scale-servers") == unchanged)
    }

    @Test("a folder may have a name of one letter, and lie deep")
    func places() async throws {
        for place in ["r", "a/b", "./c/", folder.place("d/e")] {
            let outcome = try await program.run(["run", "tiny.yaml", "--out", place], in: folder)
            #expect(outcome.status == 0, "\(place): \(outcome.errors)")
        }
        let contents = try folder.contents
        for place in ["r", "a/b", "c", "d/e"] { #expect(contents["\(place)/summary.csv"] != nil, "\(place)") }
        // The scenario, a and d, and four folders of four files.
        #expect(contents.count == 23)
    }

    @Test("what a comparison wrote beside is gone after a run into the same folder")
    func wholeReplacement() async throws {
        let compare = ["compare", "tiny.yaml", "--policies", "calm,landale", "--out", "r"]
        #expect(try await program.run(compare, in: folder).status == 0)
        #expect(try folder.contents["r/comparison.csv"] != nil)
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder).status == 0)
        #expect(
            try folder.contents.keys.sorted() == [
                "r/", "r/manifest.json", "r/replications.csv", "r/summary.csv", "r/timeline.csv", "tiny.yaml",
            ]
        )
    }

    @Test("an expectation that is not met is exit status 1, and the results are written all the same")
    func notMet() async throws {
        try folder.write(tinyScenario.replacing("time-95 < 60s", with: "time-95 < 1ms"), to: "strict.yaml")
        let outcome = try await program.run(["run", "strict.yaml", "--out", "r"], in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("\n  not met  recovery-time-95 < 1ms  "))
        #expect(try folder.contents["r/summary.csv"] != nil)
    }

    @Test("an expectation that cannot be decided is no failure")
    func notDecidable() async throws {
        let outcome = try await program.run(["run", "tiny.yaml", "--replications", "1"], in: folder)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\n  not decidable  recovery-time-95 < 60s  "))
    }

    @Test("a reader of standard output that goes away does no harm")
    func closedPipe() async throws {
        let script = "{ \"$@\"; echo \"status $?\" >&2; } | true"
        let outcome = try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder, by: script)
        #expect(outcome.errors.hasSuffix("results in r\nstatus 0\n"))
        #expect(try folder.contents["r/manifest.json"] != nil)
        let first = try await program.run(["policies"], in: folder, by: "\"$@\" | head -n 1")
        #expect(first.status == 0)
        #expect(first.errors == "")
        #expect(first.output == "Source systems, as documented\n")
    }

    #if os(Linux)
        @Test("standard output that cannot be written is reported")
        func fullOutput() async throws {
            for arguments in [["policies"], ["run", "tiny.yaml", "--out", "r"]] {
                let outcome = try await program.run(arguments, in: folder, by: "\"$@\" > /dev/full")
                #expect(outcome.status == 74)
                #expect(outcome.errors.contains("error: cannot write to standard output: No space left on device"))
            }
        }
    #endif
}
