import ArgumentParser
import ClientScripts
import Foundation
import Reconnection
import Scenarios

/// `stampede drive`
struct Drive: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drive one client through a script of timed events and print all it does.",
        discussion: """
            A script has one JSON object a line, such as {"at": "1.5s", "event": "lost", "code": 1006}; so has the output, \
            with everything the client is told and everything it asks for in between. The examples in Scenarios/scripts \
            show the behaviour of the five source systems.
            """
    )

    @Option(help: "A preset, or a file with a policy; with several in it, FILE:NAME.")
    var policy: String

    @Option(help: "Seed of the random numbers used when the script lists none.")
    var seed: UInt64?

    @Argument(help: "The script, or '-' for standard input.", completion: .file(extensions: ["jsonl"]))
    var script: String

    func run() throws {
        let policy = try loadPolicy(policy)
        let file = script == "-" ? "standard input" : script
        let bytes = try readFile(script == "-" ? "/dev/stdin" : script)
        let script: ClientScript
        do {
            script = try ScriptPlayer.read(bytes, file: file)
        } catch {
            complain(error.rendered(source: String(decoding: bytes, as: UTF8.self)))
            throw ExitStatus.badScenario
        }
        let output = BufferedOutput()
        do {
            try ScriptPlayer.play(script, policy: policy, seed: seed) { output.add($0) }
            output.flush()
        } catch {
            output.flush()
            complain("\(file):\(error.line):1: error: \(error.message)")
            throw ExitStatus.badScenario
        }
    }
}

/// Lines on their way to standard output, a few thousand at a time.
private final class BufferedOutput {
    private var text = ""

    func add(_ line: String) {
        text += line
        text += "\n"
        if text.utf8.count >= 1 << 16 { flush() }
    }

    func flush() {
        show(text)
        text = ""
    }
}

/// The policy of a preset's name, of a file that has one, or of `FILE:NAME`; or the command's end.
func loadPolicy(_ text: String) throws -> ClientPolicy {
    if let preset = PolicyPreset.named(text) { return preset.policy }
    var path = text
    var name: String?
    if !FileManager.default.fileExists(atPath: text), let colon = text.lastIndex(of: ":") {
        path = String(text[..<colon])
        name = String(text[text.index(after: colon)...])
    }
    if name == nil, !FileManager.default.fileExists(atPath: path), !path.contains(where: { $0 == "/" || $0 == "." }) {
        let known = PolicyPreset.all.map(\.name).joined(separator: ", ")
        throw ValidationError("unknown policy '\(text)', and no such file; there are: \(known).")
    }
    let bytes = try readFile(path)
    let entries: [PolicyFile.Entry]
    do {
        entries = try PolicyFile.read(bytes, file: path)
    } catch {
        complain(error.rendered(source: String(decoding: bytes, as: UTF8.self)))
        throw ExitStatus.badScenario
    }
    let names = entries.map(\.name).joined(separator: ", ")
    if let name {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ValidationError("'\(path)' has no policy '\(name)'; there are: \(names).")
        }
        return entry.policy
    }
    guard entries.count == 1, let entry = entries.first else {
        throw ValidationError(
            "'\(path)' has several policies; choose one, as in '\(path):\(entries[0].name)': \(names)."
        )
    }
    return entry.policy
}
