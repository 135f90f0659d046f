import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

@Suite("policy file")
struct PolicyFileTests {
    @Test("every preset spelled out is read as the same policy", arguments: PolicyPreset.all.map(\.name))
    func presets(name: String) throws {
        let policy = try #require(PolicyPreset.named(name)?.policy)
        let text = "# a comment\n" + ScenarioFile.text(of: policy, named: "copy")
        #expect(try PolicyFile.read(Array(text.utf8), file: "p.yaml").map(\.name) == ["copy"])
        #expect(try PolicyFile.read(Array(text.utf8), file: "p.yaml").map(\.policy) == [policy])
    }

    @Test("several policies keep their order and extend each other")
    func several() throws {
        let text = """
            later: { extends: base, retry-limit: 3 }
            base: { extends: valtio-y, connect-timeout: 7s }
            """
        let entries = try PolicyFile.read(Array(text.utf8), file: "p.yaml")
        #expect(entries.map(\.name) == ["later", "base"])
        #expect(entries.map(\.policy.retryLimit) == [3, 5])
        #expect(entries.map(\.policy.connectTimeout) == [.seconds(7), .seconds(7)])
    }

    @Test("of a scenario the policies are read, and nothing else")
    func scenario() throws {
        let text = """
            name: x
            policies:
              ours: { retry-limit: 2 }
            fleet: nonsense
            """
        let entries = try PolicyFile.read(Array(text.utf8), file: "x.yaml")
        #expect(entries.map(\.name) == ["ours"])
        #expect(entries.map(\.policy.retryLimit) == [2])
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("a: { retry-limt: 2 }", "p.yaml:1:6: error: unknown key 'retry-limt' (did you mean 'retry-limit'?)"),
            ("policies: {}", "p.yaml:1:11: error: the file has no policies"),
            ("- a", "p.yaml:1:1: error: 'policies' must be a mapping of names, not a list"),
            ("a: { extends: valtio }", "p.yaml:1:15: error: no policy is called 'valtio' (did you mean 'valtio-y'?)"),
        ]
    )
    func mistakes(text: String, expected: String) {
        let error = #expect(throws: ScenarioError.self) { try PolicyFile.read(Array(text.utf8), file: "p.yaml") }
        #expect(error?.diagnostics.map(\.description) == [expected])
    }
}
