import Foundation
import Reconnection
import TestSupport
import Testing

@Suite("drive command", .timeLimit(.minutes(2)))
struct DriveCommandTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
    }

    private let script = """
        {"server": "refuses", "after": "100ms"}
        {"at": "0s", "event": "start"}
        {"at": "1s", "event": "wait"}
        """

    private func drive(_ arguments: String...) async throws -> Program.Outcome {
        try folder.write(script, to: "dead.jsonl")
        return try await program.run(["drive"] + arguments, in: folder)
    }

    private func retries(_ outcome: Program.Outcome) -> [String] {
        outcome.output.split(separator: "\n").filter { $0.contains("schedule-retry") }.map(String.init)
    }

    @Test("a script's output goes to standard output, one object a line, and nothing to the other")
    func output() async throws {
        let outcome = try await drive("--policy", "valtio-y", "dead.jsonl")
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(
            outcome.output.hasPrefix(
                """
                {"at":"0s","input":"start"}
                {"at":"0s","phase":"connecting","from":"stopped"}
                {"at":"0s","action":"open-transport","generation":1}
                {"at":"0.1s","input":"lost","generation":1,"code":1006,"automatic":true}
                {"at":"0.1s","action":"schedule-retry","retry":0,"delay":"1s","due":"1.1s"}
                {"at":"0.1s","phase":"waiting","from":"connecting"}
                {"at":"1s","input":"wait"}
                {"at":"1s","end":{"phase":"waiting","retry-count":1,"next-deadline":"1.1s",
                """
            )
        )
        #expect(outcome.output.hasSuffix("}}\n"))
    }

    @Test("the scripts that come along give the bytes on record")
    func stories() async throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root = root.deletingLastPathComponent() }
        let scripts = try FileManager.default.contentsOfDirectory(atPath: root.path + "/Scenarios/scripts")
        #expect(scripts.count >= 5)
        for system in scripts.map({ String($0.dropLast(".jsonl".count)) }) {
            let outcome = try await program.run(
                ["drive", "--policy", system, "Scenarios/scripts/\(system).jsonl"],
                in: root.path
            )
            let record = root.appendingPathComponent("Tests/ClientScriptsTests/Golden/\(system).jsonl")
            #expect(outcome.status == 0)
            #expect(outcome.output == String(decoding: try Data(contentsOf: record), as: UTF8.self))
        }
    }

    @Test("a hyphen reads standard input")
    func standardInput() async throws {
        let named = try await drive("--policy", "valtio-y", "dead.jsonl")
        let arguments = ["drive", "--policy", "valtio-y", "-"]
        let piped = try await program.run(arguments, in: folder, by: #"cat dead.jsonl | "$@""#)
        #expect(piped.status == 0)
        #expect(piped.output == named.output)
        let wrong = try await program.run(arguments, in: folder, by: #"echo '{"evnt": 1}' | "$@""#)
        #expect(wrong.status == 65)
        #expect(wrong.errors.hasPrefix("standard input:1:2: error: unknown key 'evnt' (did you mean 'event'?)\n"))
    }

    @Test("a policy comes from a file of one, from a file of several by name, and from a scenario")
    func policyFiles() async throws {
        let preset = try await program.run(["policies", "valtio-y"], in: folder)
        try folder.write(preset.output, to: "one.yaml")
        let expected = try await drive("--policy", "valtio-y", "dead.jsonl")
        #expect(try await drive("--policy", "one.yaml", "dead.jsonl").output == expected.output)

        try folder.write("slow: { backoff: { base: 7s, jitter: none } }\n" + preset.output, to: "two")
        #expect(try await drive("--policy", "two:valtio-y", "dead.jsonl").output == expected.output)
        let slow = try await drive("--policy", "two:slow", "dead.jsonl")
        #expect(retries(slow).first?.contains(#""delay":"7s""#) == true)

        let scenario = tinyScenario.replacing(
            "policies:\n",
            with: "policies:\n  slow: { backoff: { base: 9s, jitter: none } }\n"
        )
        try folder.write(scenario, to: "tiny.yaml")
        let third = try await drive("--policy", "tiny.yaml:slow", "dead.jsonl")
        #expect(retries(third).first?.contains(#""delay":"9s""#) == true)
    }

    @Test("which policy is meant must be clear")
    func unclearPolicy() async throws {
        try folder.write("a: {}\nb: {}\n", to: "two.yaml")
        let several = try await drive("--policy", "two.yaml", "dead.jsonl")
        #expect(several.status == 64)
        #expect(several.errors.contains("'two.yaml' has several policies; choose one, as in 'two.yaml:a': a, b."))
        let missing = try await drive("--policy", "two.yaml:c", "dead.jsonl")
        #expect(missing.status == 64)
        #expect(missing.errors.contains("'two.yaml' has no policy 'c'; there are: a, b."))
        let unknown = try await drive("--policy", "valtio", "dead.jsonl")
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("unknown policy 'valtio', and no such file; there are: valtio-y, pl3xus"))
        #expect(try await drive("dead.jsonl").status == 64)
        #expect(try await drive("--policy", "valtio-y").status == 64)
        #expect(try await drive("--policy", "valtio-y", "--seed", "x", "dead.jsonl").status == 64)
    }

    @Test("what cannot be read ends with 74")
    func unreadable() async throws {
        let script = try await drive("--policy", "valtio-y", "missing.jsonl")
        #expect(script.status == 74)
        #expect(script.errors.hasPrefix("error: cannot read 'missing.jsonl':"))
        #expect(try await drive("--policy", "missing.yaml", "dead.jsonl").status == 74)
        #expect(try await drive("--policy", "missing.yaml:a", "dead.jsonl").status == 74)
        #expect(try await drive("--policy", "valtio-y", ".").status == 74)
    }

    @Test("mistakes of script and policy are all told, with the line, and end with 65")
    func mistakes() async throws {
        try folder.write(
            """
            # two mistakes
            {"at": "1s", "evnt": "start"}
            {"at": "0s", "event": "wait"}
            """,
            to: "bad.jsonl"
        )
        let outcome = try await drive("--policy", "valtio-y", "bad.jsonl")
        #expect(outcome.status == 65)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                bad.jsonl:2:14: error: unknown key 'evnt' (did you mean 'event'?)
                {"at": "1s", "evnt": "start"}
                             ^
                bad.jsonl:3:8: error: time goes backwards: line 2 is at 1s
                {"at": "0s", "event": "wait"}
                       ^

                """
        )
        try folder.write("a: { retry-limt: 2 }\n", to: "bad.yaml")
        let policy = try await drive("--policy", "bad.yaml", "dead.jsonl")
        #expect(policy.status == 65)
        #expect(
            policy.errors.hasPrefix("bad.yaml:1:6: error: unknown key 'retry-limt' (did you mean 'retry-limit'?)\n")
        )
    }

    @Test("a policy with randomness needs numbers or a seed, and repeats with its seed")
    func randomness() async throws {
        let poor = try await drive("--policy", "full-jitter", "dead.jsonl")
        #expect(poor.status == 65)
        #expect(
            poor.errors == "dead.jsonl:3:1: error: the script has run out of random numbers, at 0.1s "
                + "(list more with {\"uniform\": […]}, or give a seed)\n"
        )
        #expect(
            poor.output.hasSuffix(
                "{\"at\":\"0.1s\",\"input\":\"lost\",\"generation\":1,\"code\":1006,\"automatic\":true}\n"
            )
        )
        let first = try await drive("--policy", "full-jitter", "--seed", "4", "dead.jsonl")
        #expect(first.status == 0)
        #expect(try await drive("--policy", "full-jitter", "--seed", "4", "dead.jsonl").output == first.output)
        #expect(try await drive("--policy", "full-jitter", "--seed", "5", "dead.jsonl").output != first.output)
    }

    @Test("help shows a line of a script")
    func help() async throws {
        let outcome = try await drive("--help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE: stampede drive --policy <policy>"))
        let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains(#"{"at": "1.5s", "event": "lost", "code": 1006}"#))
    }
}
