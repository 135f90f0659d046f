import ArgumentParser
import Foundation
import Scenarios

/// Reads a scenario file, or ends the command with its mistakes and the right exit status.
func loadScenario(_ path: String) throws -> ScenarioFile.Contents {
    let bytes = try readFile(ScenarioLibrary.resolve(path))
    do {
        let contents = try ScenarioFile.read(bytes, file: path)
        for warning in contents.warnings { complain(warning.description) }
        return contents
    } catch {
        complain(error.rendered(source: String(decoding: bytes, as: UTF8.self)))
        throw ExitStatus.badScenario
    }
}

/// The bytes of a file; at most a little more than any scenario may have, so that a device cannot fill the memory.
func readFile(_ path: String) throws -> [UInt8] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        complain("error: cannot read '\(path)': it is a folder")
        throw ExitStatus.inputOutput
    }
    guard let stream = fopen(path, "r") else {
        let reason = String(cString: strerror(errno))
        complain("error: cannot read '\(path)': \(reason)")
        throw ExitStatus.inputOutput
    }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    let count = fread(&bytes, 1, bytes.count, stream)
    guard ferror(stream) == 0 else {
        complain("error: cannot read '\(path)': \(String(cString: strerror(errno)))")
        throw ExitStatus.inputOutput
    }
    return Array(bytes.prefix(count))
}

/// The scenarios that come along.
enum ScenarioLibrary {
    /// The folder that holds them: `Scenarios` here, or beside the package the program was built in.
    static var folder: String? {
        var candidates = ["Scenarios"]
        var place = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        for _ in 0..<5 {
            place = place.deletingLastPathComponent()
            candidates.append(place.appendingPathComponent("Scenarios").path)
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/server-restart.yaml") }
    }

    /// The path as given if there is such a file, else that of the scenario of this name that comes along.
    static func resolve(_ path: String) -> String {
        if FileManager.default.fileExists(atPath: path) || path.contains("/") { return path }
        guard let folder else { return path }
        let candidate = folder + "/" + (path.hasSuffix(".yaml") ? path : path + ".yaml")
        return FileManager.default.fileExists(atPath: candidate) ? candidate : path
    }

    /// The paths of all of them, sorted.
    static var all: [String] {
        guard let folder else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder + "/" + $0 }
    }
}
