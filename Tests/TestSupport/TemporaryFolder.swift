import Foundation

/// A folder of a test's own that goes when the test does.
public final class TemporaryFolder: Sendable {
    /// Where it stands.
    public let path: String

    /// Makes a folder.
    public init() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("stampede-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        path = place.resolvingSymlinksInPath().path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of something inside.
    public func place(_ name: String) -> String { path + "/" + name }

    /// Writes a file, making the folders above it.
    public func write(_ text: String, to name: String) throws {
        let place = URL(fileURLWithPath: place(name))
        let folder = place.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }

    /// Every file inside, however deep, with its text; folders end with a slash and have none.
    public var contents: [String: String] {
        get throws {
            var found: [String: String] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: place(name), isDirectory: &isFolder) else { continue }
                guard !isFolder.boolValue else {
                    found[name + "/"] = ""
                    continue
                }
                let bytes = try Data(contentsOf: URL(fileURLWithPath: place(name)))
                found[name] = String(decoding: bytes, as: UTF8.self)
            }
            return found
        }
    }
}
