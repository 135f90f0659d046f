import Foundation

/// A folder of result files that is replaced as a whole: readers see the old results or the new ones, never a mixture.
public struct ResultsFolder: Sendable {
    /// Why results could not be written.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// What could not be done, to what, and why.
        public let description: String
    }

    /// Where the folder stands.
    public let path: String

    /// A folder, which need not exist yet.
    public init(path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    /// The file that marks a folder as one of ours; a folder without it is never replaced.
    static let mark = "manifest.json"

    /// Refuses early what could not be written later: a place that cannot be made, or somebody else's folder.
    public func check() throws(Failure) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw Failure(description: "cannot write results to '\(path)': it is a file")
            }
            let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            guard contents.isEmpty || contents.contains(Self.mark) else {
                throw Failure(
                    description: "will not replace '\(path)': it is not empty and holds no results (no \(Self.mark))"
                )
            }
        }
        let parent = (path as NSString).deletingLastPathComponent
        try make(parent.isEmpty ? "." : parent)
        // Tried by doing: permissions, read-only disks and missing parents all show here.
        let trial = temporaryPath("trial")
        try make(trial)
        try? FileManager.default.removeItem(atPath: trial)
    }

    /// Replaces the folder's contents by the given files.
    ///
    /// The files are written to a folder beside it, which then takes its name; whatever goes wrong before that leaves
    /// the previous results as they are.
    ///
    /// - Parameter files: contents by name.
    public func replace(with files: [(name: String, text: String)]) throws(Failure) {
        let fresh = temporaryPath("new")
        try make(fresh)
        do throws(Failure) {
            for file in files { try write(file.text, to: fresh + "/" + file.name) }
            try exchange(fresh)
        } catch {
            try? FileManager.default.removeItem(atPath: fresh)
            throw error
        }
    }

    private func exchange(_ fresh: String) throws(Failure) {
        let old = temporaryPath("old")
        let hadOld = rename(path, old) == 0
        guard hadOld || errno == ENOENT else { throw failure("cannot replace '\(path)'") }
        guard rename(fresh, path) == 0 else {
            let reason = failure("cannot replace '\(path)'")
            if hadOld { _ = rename(old, path) }
            throw reason
        }
        if hadOld { try? FileManager.default.removeItem(atPath: old) }
    }

    private func temporaryPath(_ purpose: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        let name = (path as NSString).lastPathComponent
        return (folder.isEmpty ? "" : folder + "/") + ".\(name).\(purpose)-\(getpid())"
    }

    private func make(_ folder: String) throws(Failure) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue { return }
        let parent = (folder as NSString).deletingLastPathComponent
        if !parent.isEmpty, parent != "/", parent != folder { try make(parent) }
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw failure("cannot make the folder '\(folder)'") }
    }

    private func write(_ text: String, to file: String) throws(Failure) {
        guard let stream = fopen(file, "w") else { throw failure("cannot write '\(file)'") }
        var text = text
        let written = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stream) == $0.count }
        // A full disk may show only when the last of it is written out: flush, synchronise and close are all asked.
        let isFlushed = written && fflush(stream) == 0 && fsync(fileno(stream)) == 0
        let code = errno
        let isClosed = fclose(stream) == 0
        guard isFlushed, isClosed else {
            errno = isFlushed ? errno : code
            throw failure("cannot write '\(file)'")
        }
    }

    private func failure(_ what: String) -> Failure {
        Failure(description: "\(what): \(String(cString: strerror(errno)))")
    }
}
