import Foundation
import Scenarios
import Testing

@Suite("Scenarios in documents")
struct ReadmeScenarioTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("the README's scenario can be run as it stands there")
    func readme() throws {
        let readme = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
        let opening = try #require(readme.range(of: "```yaml\n"))
        let closing = try #require(readme.range(of: "\n```", range: opening.upperBound..<readme.endIndex))
        let text = readme[opening.upperBound..<closing.lowerBound]
        let contents = try ScenarioFile.read(Array(text.utf8), file: "README.md")
        #expect(contents.scenario.name == "small-restart")
        #expect(contents.scenario.expectations.count == 2)
        #expect(contents.scenario.connectionShortages.isEmpty)
    }

    @Test("the scenarios that come along can be run, and leave room for their clients")
    func library() throws {
        let folder = Self.root.appendingPathComponent("Scenarios")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(files.count >= 3)
        for file in files {
            let bytes = try Data(contentsOf: folder.appendingPathComponent(file))
            let scenario = try ScenarioFile.read(Array(bytes), file: file).scenario
            #expect(scenario.name + ".yaml" == file)
            #expect(!scenario.expectations.isEmpty)
            #expect(scenario.connectionShortages.isEmpty)
        }
    }

    @Test("a tier that cannot hold its clients is doubted, one that just can is not", arguments: [(99, 1), (100, 0)])
    func shortage(limit: Int, doubts: Int) throws {
        let text = """
            name: x
            duration: 1m
            fleet: [{ name: a, clients: 200, policy: full-jitter }]
            servers: [{ name: s, instances: 2, connection-limit: \(limit), handshake: { workers: 1, time: 1ms } }]
            """
        let scenario = try ScenarioFile.read(Array(text.utf8), file: "x.yaml").scenario
        #expect(scenario.connectionShortages.count == doubts)
        // Clients that are launched later want the same room.
        let launched = text.replacing("policy: full-jitter", with: "policy: full-jitter, start: uniform(0s 30s)")
        #expect(launched != text)
        let later = try ScenarioFile.read(Array(launched.utf8), file: "x.yaml").scenario
        #expect(later.connectionShortages == scenario.connectionShortages)
        // Servers that grow with their clients have the room they had.
        let larger = scenario.scaled(toClients: 2_000_000, scalingServers: true)
        #expect(larger.connectionShortages.count == doubts)
        #expect(scenario.scaled(toClients: 2_000_000).connectionShortages.count == 1)
    }
}
