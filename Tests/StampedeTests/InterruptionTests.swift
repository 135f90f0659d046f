import Foundation
import TestSupport
import Testing

@Suite("interruption", .timeLimit(.minutes(2)))
struct InterruptionTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
        try folder.write(tinyScenario, to: "tiny.yaml")
    }

    private static let long = ["run", "tiny.yaml", "--replications", "1_000_000", "--out", "r"]

    @Test(
        "a signal ends the run with a message and its status, and earlier results stay",
        arguments: [SIGINT, SIGTERM]
    )
    func signal(number: Int32) async throws {
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder).status == 0)
        let before = try folder.contents
        let running = try await program.start(Self.long, in: folder)
        running.send(number)
        let outcome = try await running.outcome
        #expect(outcome.status == 128 + number)
        #expect(outcome.output == "")
        #expect(outcome.errors == "interrupted; nothing was written, and earlier results in 'r' are as they were\n")
        #expect(try folder.contents == before)
    }

    @Test("a single large replication is given up too")
    func middleOfReplication() async throws {
        let arguments = ["run", "tiny.yaml", "--replications", "1", "--clients", "200_000", "--out", "r"]
        let running = try await program.start(arguments, in: folder)
        running.send(SIGINT)
        #expect(try await running.outcome.status == 130)
        #expect(try folder.contents == ["tiny.yaml": tinyScenario])
    }

    @Test("kill -9 leaves the results whole, and the next run is not hindered")
    func kill() async throws {
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder).status == 0)
        let before = try folder.contents
        let running = try await program.start(Self.long, in: folder)
        running.send(SIGKILL)
        #expect(try await running.outcome.status == 137)
        #expect(try folder.contents == before)
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r", "--seed", "8"], in: folder).status == 0)
        #expect(try folder.contents.keys == before.keys)
        #expect(try folder.contents["r/summary.csv"] != before["r/summary.csv"])
    }

    @Test("results that a killed run had moved aside are there again after an interrupted one")
    func movedAside() async throws {
        let script = "\"$@\" && mv r .r.old-$$ && mkdir .r.new-$$"
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder, by: script).status == 0)
        #expect(try folder.contents["r/summary.csv"] == nil)
        let running = try await program.start(Self.long, in: folder)
        running.send(SIGINT)
        #expect(try await running.outcome.status == 130)
        #expect(
            try folder.contents.keys.sorted() == [
                "r/", "r/manifest.json", "r/replications.csv", "r/summary.csv", "r/timeline.csv", "tiny.yaml",
            ]
        )
    }
}
