import ClientScripts
import Foundation
import MonotonicTime
import Reconnection
import Scenarios
import Testing

@Suite("documentation of scripts")
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test("the format's page names every event, detail, conduct, phase, cause and key of the summary")
    func complete() throws {
        let page = try text("Sources/ClientScripts/Documentation.docc/ClientScripts.md")
        let summary = try play(#"{"at": "0s", "event": "wait"}"#, ClientPolicy(backoff: Backoff(growth: .fixed(.zero))))
        let end = try #require(summary.objects.last?["end"] as? [String: Any])
        #expect(end.count > 15)
        var words = ScriptPlayer.events.map(\.name) + end.keys
        words += ClientScript.Argument.allCases.map(\.rawValue)
        words += ConnectionPhase.allCases.map(\.rawValue) + Outbox.FailureCause.allCases.map(\.rawValue)
        for word in words { #expect(page.contains("`\(word)`"), "\(word)") }
        for line in ["heartbeats", "messages", "closes"] {
            #expect(page.components(separatedBy: "`{\"\(line)\": \"").count == 3, "\(line)")
        }
        for conduct in ClientScript.ServerConduct.allCases {
            #expect(page.contains(#"`{"server": "\#(conduct.rawValue)"}`"#), "\(conduct)")
        }
        for event in ScriptPlayer.events {
            let row = page.split(separator: "\n").first { $0.hasPrefix("| ") && $0.contains("`\(event.name)`") }
            for argument in event.required + event.optional {
                #expect(row?.contains("`\(argument.rawValue)`") == true, "\(event.name): \(argument.rawValue)")
            }
        }
    }

    @Test("page and readme list the scripts that come along")
    func scripts() throws {
        let documented = Stories.names.filter { !$0.hasSuffix("-as-built") }
        #expect(documented.count == 8)
        for path in ["Sources/ClientScripts/Documentation.docc/ClientScripts.md", "README.md"] {
            let page = try text(path)
            for name in documented { #expect(page.contains("`\(name)`"), "\(path): \(name)") }
            #expect(page.contains("-as-built"))
        }
    }

    @Test("the example of the readme gives what it shows")
    func example() throws {
        let readme = try text("README.md")
        let section = try #require(readme.components(separatedBy: "## One client by hand\n").last)
        let blocks = section.components(separatedBy: "```\n")
        try #require(blocks.count > 3)
        let policy = try #require(PolicyPreset.named("valtio-y")?.policy)
        var rest = try play(blocks[1], policy).lines[...]
        for line in blocks[3].split(separator: "\n").map(String.init) where line != "…" {
            let place = try #require(rest.firstIndex(of: line), "\(line)")
            rest = rest[(place + 1)...]
        }
        #expect(!rest.contains { $0.contains("gave-up\"}") })
    }
}
