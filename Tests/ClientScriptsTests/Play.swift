import ClientScripts
import Foundation
import Reconnection
import Scenarios

/// The output of a script, line by line and as values.
struct Played {
    let lines: [String]
    let objects: [[String: Any]]
    let failure: ScriptPlayer.Failure?

    /// The times at which an action is asked for.
    func times(ofAction name: String) -> [String] {
        objects.filter { $0["action"] as? String == name }.compactMap { $0["at"] as? String }
    }

    /// The times at which a phase is entered.
    func times(ofPhase name: String) -> [String] {
        objects.filter { $0["phase"] as? String == name }.compactMap { $0["at"] as? String }
    }

    /// The delays of the retries.
    var delays: [String] {
        objects.filter { $0["action"] as? String == "schedule-retry" }.compactMap { $0["delay"] as? String }
    }

    /// Everything that is told at a time, without that time and without the echo of inputs.
    func told(at time: String) -> [String] {
        lines.filter { $0.hasPrefix("{\"at\":\"\(time)\",") && !$0.contains("\"input\":") && !$0.contains("\"end\":") }
            .map { "{" + $0.dropFirst("{\"at\":\"\(time)\",".count) }
    }

    /// A number of the summary.
    func end(_ key: String) -> Int? { (objects.last?["end"] as? [String: Any])?[key] as? Int }
}

/// Plays a script; one that cannot be read throws.
func play(_ text: String, _ policy: ClientPolicy, seed: UInt64? = nil, maximumSteps: Int = 1_000) throws -> Played {
    let script = try ScriptPlayer.read(Array(text.utf8), file: "script.jsonl")
    var lines: [String] = []
    var failure: ScriptPlayer.Failure?
    do throws(ScriptPlayer.Failure) {
        try ScriptPlayer.play(script, policy: policy, seed: seed, maximumSteps: maximumSteps) { lines.append($0) }
    } catch {
        failure = error
    }
    // Every line must be JSON by the word of a parser that is not ours.
    let objects = try lines.map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }
    return Played(lines: lines, objects: objects, failure: failure)
}
