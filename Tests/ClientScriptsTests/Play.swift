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

    /// All phases entered, with their times, from a time to another, both included; seconds.
    func phases(from start: Double = 0, to end: Double = .infinity) -> [String] {
        objects.compactMap { object in
            guard let phase = object["phase"] as? String, let at = seconds(object), start <= at, at <= end else {
                return nil
            }
            return "\(object["at"] as? String ?? "") \(phase)"
        }
    }

    /// How often an action is asked for, from a time to another, both included; seconds.
    func count(ofAction name: String, from start: Double = 0, to end: Double = .infinity) -> Int {
        objects.count { object in
            guard object["action"] as? String == name, let at = seconds(object) else { return false }
            return start <= at && at <= end
        }
    }

    private func seconds(_ object: [String: Any]) -> Double? {
        (object["at"] as? String).flatMap { Double($0.dropLast()) }
    }

    /// The times at which something is reported by itself.
    func times(ofAutomatic name: String) -> [String] {
        objects.filter { $0["input"] as? String == name && $0["automatic"] as? Bool == true }
            .compactMap { $0["at"] as? String }
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
