import Foundation
import TestSupport
import Testing

@Suite("refusals", .timeLimit(.minutes(2)))
struct RefusalTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
        try folder.write(tinyScenario, to: "tiny.yaml")
    }

    @Test(
        "arguments that make no sense are exit status 64 and a message that says which",
        arguments: [
            ("run", "<scenarios>"), ("compare tiny.yaml", "--policies"), ("validate", "<files>"),
            ("run tiny.yaml --jitter none", "--jitter"), ("dance", "dance"), ("run tiny.yaml --out", "--out"),
            ("run tiny.yaml --threads 0", "--threads"), ("run tiny.yaml --threads two", "two"),
            ("run tiny.yaml --clients 0", "--clients"), ("run tiny.yaml --clients 1", "number of cohorts (2)"),
            ("run tiny.yaml --clients 1.5", "1.5"), ("run tiny.yaml --clients 99999999999999999999", "--clients"),
            ("run tiny.yaml --replications -1", "--replications"), ("run tiny.yaml --replications=-1", "'-1'"),
            ("run tiny.yaml --seed -1", "--seed"), ("run tiny.yaml --out=", "--out"),
            ("run tiny.yaml --policy clam", "unknown policy 'clam'"), ("run tiny.yaml tiny.yaml --out r", "--out"),
            ("compare tiny.yaml --policies calm", "at least two"), ("compare tiny.yaml --policies calm,", "two"),
            ("compare tiny.yaml --policies calm,calm", "twice"),
            ("compare tiny.yaml --policies calm,clam", "unknown policy 'clam'"),
            ("compare tiny.yaml --policies calm,landale --baseline mqtt-js", "'mqtt-js' is not among"),
            ("policies clam", "unknown policy 'clam'"), ("policies --delays 3", "needs the name"),
            ("policies landale --delays 0", "'0'"), ("policies landale --uniform 0.5", "--delays"),
            ("policies landale --delays 3 --uniform 1", "'1'"), ("policies landale --delays 3 --uniform 0,,0", "''"),
        ]
    )
    func usage(command: String, about: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try await program.run(words, in: folder)
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("Error: "))
        #expect(outcome.errors.contains(about), "\(outcome.errors)")
        #expect(try folder.contents == ["tiny.yaml": tinyScenario])
    }

    @Test(
        "a bad scenario is exit status 65 and names the place",
        arguments: [
            ("duration: 90s", "duration: -90s", "3:11: error: '-90s' is negative"),
            ("summary:", "sumary:", "2:1: error: unknown key 'sumary' (did you mean 'summary'?)"),
            ("clients: 30", "clients: 0", "15:14: error: 'clients' must be at least 1"),
            ("cap: 8s", "cap: 500ms", "10:42: error: 'cap' (500ms) must be at least the first delay (1s)"),
            ("fleet:", "networks: { x: { loss: 101% } }\nfleet:", "13:24: error: '101%' "),
            ("at: 30s", "at: 91s", "30:9: error: 'at' (1m31s) must be before the end"),
            ("name: tiny", "name: ../tiny", "1:7: error: '../tiny' is not a name"),
            ("seed: 7", "seed: [", "8:9: error: not valid YAML"),
            ("time-95 < 60s", "time-96 < 60s", "34:5: error: unknown metric 'recovery-time-96'"),
        ]
    )
    func badScenario(right: String, wrong: String, about: String) async throws {
        try folder.write(tinyScenario.replacing(right, with: wrong), to: "bad.yaml")
        for command in ["run", "validate"] {
            let outcome = try await program.run([command, "bad.yaml"], in: folder)
            #expect(outcome.status == 65)
            #expect(outcome.output == "")
            #expect(outcome.errors.contains("bad.yaml:\(about)"), "\(outcome.errors)")
        }
        #expect(try folder.contents.count == 2)
    }

    @Test("all mistakes are shown at once, each with its line and a caret")
    func allMistakes() async throws {
        let bad = """
            name: a
            duration: -3m
            fleet: [{ name: p, clients: 0, policy: landale }]
            servers: [{ name: g, instances: 1, handshake: { workers: 1, time: 3ms } }]
            timelin: []

            """
        try folder.write(bad, to: "bad.yaml")
        let outcome = try await program.run(["run", "bad.yaml"], in: folder)
        #expect(outcome.status == 65)
        #expect(
            outcome.errors == """
                bad.yaml:2:11: error: '-3m' is negative: write a duration such as '30s' or '1h30m'
                duration: -3m
                          ^
                bad.yaml:3:29: error: 'clients' must be at least 1, not '0'
                fleet: [{ name: p, clients: 0, policy: landale }]
                                            ^
                bad.yaml:5:1: error: unknown key 'timelin' (did you mean 'timeline'?)
                timelin: []
                ^

                """
        )
    }

    @Test("a mistake in the last of several scenarios is found before the first is run")
    func lastIsBad() async throws {
        try folder.write("name: 3", to: "bad.yaml")
        let outcome = try await program.run(["run", "tiny.yaml", "bad.yaml"], in: folder)
        #expect(outcome.status == 65)
        #expect(try folder.contents.count == 2)
    }

    @Test(
        "what cannot be read is exit status 74",
        arguments: [
            ("missing.yaml", "No such file or directory"), (".", "it is a folder"), ("tiny.yaml/x", "Not a directory"),
            ("", "No such file or directory"),
        ]
    )
    func unreadable(path: String, reason: String) async throws {
        for command in ["run", "validate"] {
            let outcome = try await program.run([command, path], in: folder)
            #expect(outcome.status == 74)
            #expect(outcome.errors == "error: cannot read '\(path)': \(reason)\n")
        }
    }

    @Test(
        "a place that cannot take results is exit status 74, and nothing there changes",
        arguments: [
            ("tiny.yaml", "it is a file"), ("theirs", "holds no results"), ("tiny.yaml/r", "Not a directory"),
            (".", "a folder of their own"), ("..", "a folder of their own"), ("/", "a folder of their own"),
        ]
    )
    func badPlace(place: String, reason: String) async throws {
        try folder.write("years of work", to: "theirs/thesis.txt")
        let before = try folder.contents
        let outcome = try await program.run(["run", "tiny.yaml", "--out", place], in: folder)
        #expect(outcome.status == 74)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("error: "))
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(outcome.errors.contains("'\(place)'") || outcome.errors.contains("'tiny.yaml/"))
        #expect(try folder.contents == before)
    }

    @Test("results that do not fit leave the earlier ones as they were")
    func full() async throws {
        #expect(try await program.run(["run", "tiny.yaml", "--out", "r"], in: folder).status == 0)
        let before = try folder.contents
        let arguments = ["run", "tiny.yaml", "--out", "r", "--seed", "8"]
        // A disk too small for the tables, as far as the program can tell.
        let outcome = try await program.run(arguments, in: folder, by: "ulimit -f 4; exec \"$@\"")
        #expect(outcome.status == 74)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("error: cannot write "))
        #expect(outcome.errors.hasSuffix(".csv': File too large; earlier results, if any, are as they were\n"))
        #expect(try folder.contents == before)
    }
}
