import Foundation
import Reconnection
import Scenarios
import TestSupport
import Testing

@Suite("catalogue commands", .timeLimit(.minutes(2)))
struct CatalogueCommandTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
    }

    /// The folder of the package.
    private var root: String {
        var place = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { place = place.deletingLastPathComponent() }
        return place.path
    }

    private func output(_ arguments: String...) async throws -> String {
        let outcome = try await program.run(arguments, in: folder)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        return outcome.output
    }

    @Test("several files are checked in one go, and the good ones said to be so")
    func validate() async throws {
        try folder.write(tinyScenario, to: "tiny.yaml")
        try folder.write("name: 3", to: "bad.yaml")
        #expect(try await output("validate", "tiny.yaml", "./tiny.yaml").split(separator: "\n").count == 2)
        let outcome = try await program.run(["validate", "bad.yaml", "tiny.yaml"], in: folder)
        #expect(outcome.status == 65)
        #expect(outcome.output == "tiny.yaml: ok (tiny, 40 clients)\n")
        #expect(outcome.errors.hasPrefix("bad.yaml:1:"))
        #expect(try folder.contents.count == 2)
    }

    @Test("every scenario that comes along is valid, without warnings, and listed")
    func scenarios() async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: root + "/Scenarios").sorted()
            .filter { $0.hasSuffix(".yaml") }.map { "Scenarios/" + $0 }
        #expect(files.count >= 3)
        let checked = try await program.run(["validate"] + files, in: root)
        #expect(checked.status == 0)
        #expect(checked.errors == "")
        #expect(checked.output.split(separator: "\n").count == files.count)
        let listed = try await program.run(["scenarios"], in: root)
        #expect(listed.status == 0)
        #expect(listed.output.split(separator: "\n").filter { $0.first != " " }.map(String.init) == files)
        let benchmarks = try FileManager.default.contentsOfDirectory(atPath: root + "/Scenarios/benchmarks").sorted()
        let valid = try await program.run(["validate"] + benchmarks.map { "Scenarios/benchmarks/" + $0 }, in: root)
        #expect(valid.status == 0)
        #expect(valid.errors == "")
        #expect(valid.output.contains("Scenarios/benchmarks/herd.yaml: ok (herd, 1,000,000 clients)\n"))
        let named = try await program.run(["validate", "server-restart"], in: root)
        #expect(named.output == "server-restart: ok (server-restart, 10,000 clients)\n")
    }

    @Test("every preset is listed with its source, below the heading of its kind")
    func policies() async throws {
        let text = try await output("policies")
        let sections = text.components(separatedBy: "\n\n")
        let kinds = PolicyPreset.Kind.allCases.filter { kind in PolicyPreset.all.contains { $0.kind == kind } }
        #expect(kinds == PolicyPreset.Kind.allCases)
        #expect(
            sections.map { $0.prefix { $0 != "\n" } } == [
                "Source systems, as documented", "Source systems, as built", "Realtime clients", "Stores",
                "Remote calls", "Retry libraries", "Shapes",
            ]
        )
        for (kind, section) in zip(kinds, sections) {
            let presets = PolicyPreset.all.filter { $0.kind == kind }
            let lines = section.split(separator: "\n").dropFirst()
            #expect(lines.count == 2 * presets.count)
            for preset in presets {
                let place = try #require(lines.firstIndex { $0.hasPrefix("  " + preset.name + " ") })
                #expect(lines[place].hasSuffix("  " + preset.summary))
                #expect(lines[place + 1].hasSuffix("  source: " + preset.source))
            }
        }
    }

    @Test(
        "a preset spelled out can be put into a scenario and is the same policy",
        arguments: PolicyPreset.all.map(\.name)
    )
    func spelledOut(name: String) async throws {
        let text = try await output("policies", name)
        let indented = text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
            .replacing("\n  \(name):", with: "\n  copy:")
        let scenario = tinyScenario.replacing("policies:\n", with: "policies:\n\(indented)\n")
        let read = try ScenarioFile.read(Array(scenario.utf8), file: "copy.yaml").scenario
        #expect(read.policies["copy"] == PolicyPreset.named(name)?.policy)
    }

    @Test("delays are exact, and a policy that gives up stops")
    func delays() async throws {
        #expect(
            try await output("policies", "party-table", "--delays", "12", "--uniform", "0,0.5,0.999")
                == """
                retry,delay_s,elapsed_s
                1,0,0
                2,1,1
                3,3.996,4.996
                4,0,4.996
                5,8,12.996
                6,29.97,42.966
                7,0,42.966
                8,15,57.966
                9,29.97,87.936
                10,0,87.936
                11,15,102.936
                12,29.97,132.906

                """.replacing("\n", with: "\r\n")
        )
        #expect(
            try await output("policies", "valtio-y", "--delays", "12", "--uniform", "0,0.5,0.999")
                == "retry,delay_s,elapsed_s\r\n1,1,1\r\n2,2,3\r\n3,4,7\r\n4,8,15\r\n5,16,31\r\n"
        )
    }

    @Test("after a drop delays are those of a lost connection")
    func afterDrop() async throws {
        let numbers = ["--delays", "4", "--uniform", "0.5"]
        let failed = try await program.run(["policies", "ably-js"] + numbers, in: folder)
        #expect(failed.output == "retry,delay_s,elapsed_s\r\n1,13.5,13.5\r\n2,18,31.5\r\n3,22.5,54\r\n4,27,81\r\n")
        let dropped = try await program.run(["policies", "ably-js", "--after-drop"] + numbers, in: folder)
        #expect(dropped.output == "retry,delay_s,elapsed_s\r\n1,0,0\r\n2,18,18\r\n3,22.5,40.5\r\n4,27,67.5\r\n")
        let alone = try await program.run(["policies", "ably-js", "--after-drop"], in: folder)
        #expect(alone.status == 64)
        #expect(alone.errors.contains("--after-drop goes with --delays."))
    }

    @Test("random delays repeat with their seed")
    func seed() async throws {
        let first = try await output("policies", "landale", "--delays", "5", "--seed", "4")
        #expect(rows(first).count == 6)
        #expect(try await output("policies", "landale", "--delays", "5", "--seed", "4") == first)
        #expect(try await output("policies", "landale", "--delays", "5", "--seed", "5") != first)
    }

    @Test("the schema is valid JSON and the scenario format's own")
    func schema() async throws {
        let text = try await output("schema")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        let scenario = (object["$defs"] as? [String: Any])?["scenario"] as? [String: Any]
        #expect((scenario?["properties"] as? [String: Any])?["timeline"] != nil)
        #expect(text.hasSuffix("}\n"))
    }

    @Test("every metric is listed")
    func metrics() async throws {
        let lines = try await output("metrics").split(separator: "\r\n")
        #expect(lines.first == "metric,unit,kind,better,per_cohort,meaning")
        #expect(lines.count == 1 + MetricDefinition.all.count)
        for (line, metric) in zip(lines.dropFirst(), MetricDefinition.all) {
            #expect(line.hasPrefix("\(metric.id),\(metric.unit),\(metric.kind.rawValue),"))
        }
    }

    @Test("help names every command, and each command's help its options")
    func help() async throws {
        let text = try await output("--help")
        for command in ["run", "compare", "validate", "policies", "scenarios", "metrics", "schema"] {
            #expect(text.contains("\n  \(command) "))
            #expect(try await output(command, "--help").contains("USAGE: stampede \(command)"))
        }
        let options = try await output("compare", "--help")
        for option in ["policies", "baseline", "clients", "replications", "seed", "threads", "out"] {
            #expect(options.contains("--\(option) <"))
        }
    }

    @Test("the version is a version")
    func version() async throws {
        #expect(try await output("--version").wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
    }
}
