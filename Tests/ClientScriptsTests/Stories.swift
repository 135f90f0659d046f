import ClientScripts
import Foundation
import Reconnection
import Scenarios
import Testing

/// The scripts that come along, each named after the preset it is for.
enum Stories {
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let scripts = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scenarios/scripts")

    /// Their names, sorted.
    static let names: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: scripts.path)) ?? []
        return names.map { String($0.dropLast(".jsonl".count)) }.sorted()
    }()

    static func text(_ name: String) throws -> String {
        try String(contentsOf: scripts.appendingPathComponent("\(name).jsonl"), encoding: .utf8)
    }
}

/// Plays a script that comes along, to its end, with its own preset.
func story(_ name: String) throws -> Played {
    let policy = try #require(PolicyPreset.named(name)?.policy)
    let played = try play(try Stories.text(name), policy)
    #expect(played.failure == nil, "\(name)")
    return played
}
