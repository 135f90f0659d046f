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
    private let parent: String
    private let name: String

    /// A folder, which need not exist yet.
    public init(path: String) {
        self.path = Self.withoutTrailingSlashes(path)
        (parent, name) = Self.split(self.path)
    }

    /// The file that every results folder has.
    private static let mark = "manifest.json"
    /// A key of that file which no other program's file of that name has.
    private static let markKey = "\"scenario_hash\""

    /// Refuses early what could not be written later: a place that cannot be made, or somebody else's folder.
    ///
    /// Also tidies up after runs that were killed while they wrote.
    public func check() throws(Failure) {
        guard !["", ".", ".."].contains(name) else {
            throw Failure(description: "will not replace '\(path)': give the results a folder of their own inside it")
        }
        tidyUp()
        try refuseForeign()
        try make(parent)
        // Tried by doing: permissions, read-only disks and missing parents all show here.
        let trial = temporaryPath(.trial)
        try make(trial)
        try? FileManager.default.removeItem(atPath: trial)
    }

    private func refuseForeign() throws(Failure) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            throw Failure(description: "cannot write results to '\(path)': it is a file")
        }
        if Self.holdsResults(path) { return }
        guard let contents = try? FileManager.default.contentsOfDirectory(atPath: path), contents.isEmpty else {
            let reason = "it is not empty and holds no results (no \(Self.mark) of ours)"
            throw Failure(description: "will not replace '\(path)': \(reason)")
        }
    }

    private static func holdsResults(_ folder: String) -> Bool {
        guard let manifest = FileManager.default.contents(atPath: folder + "/" + mark) else { return false }
        return manifest.range(of: Data(markKey.utf8)) != nil
    }

    /// Brings back results that a run moved aside before it was killed, and removes what it had not finished.
    private func tidyUp() {
        let entries = ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).sorted()
        for purpose in Purpose.allCases {
            let prefix = temporaryPrefix(purpose)
            for entry in entries where entry.hasPrefix(prefix) {
                guard let owner = pid_t(entry.dropFirst(prefix.count)), Self.hasEnded(owner) else { continue }
                let leftover = inParent(entry)
                let isLost = purpose == .old && !FileManager.default.fileExists(atPath: path)
                if isLost, Self.holdsResults(leftover), rename(leftover, path) == 0 { continue }
                try? FileManager.default.removeItem(atPath: leftover)
            }
        }
    }

    /// Whether no other process has that number; what this process would name so, an earlier one of its number left.
    private static func hasEnded(_ process: pid_t) -> Bool {
        process == getpid() || process > 0 && kill(process, 0) != 0 && errno == ESRCH
    }

    /// Replaces the folder's contents by the given files.
    ///
    /// The files are written to a folder beside it, which then takes its name; whatever goes wrong before that leaves
    /// the previous results as they are.
    ///
    /// - Parameter files: contents by name.
    public func replace(with files: [(name: String, text: String)]) throws(Failure) {
        let fresh = temporaryPath(.new)
        try make(fresh)
        do throws(Failure) {
            for file in files { try write(file.text, to: fresh + "/" + file.name) }
            // Somebody may have put something there while the experiment ran.
            try refuseForeign()
            try exchange(fresh)
        } catch {
            try? FileManager.default.removeItem(atPath: fresh)
            throw error
        }
    }

    private func exchange(_ fresh: String) throws(Failure) {
        let old = temporaryPath(.old)
        let hadOld = rename(path, old) == 0
        guard hadOld || errno == ENOENT else { throw failure("cannot replace '\(path)'") }
        guard rename(fresh, path) == 0 else {
            let reason = failure("cannot replace '\(path)'")
            if hadOld { _ = rename(old, path) }
            throw reason
        }
        if hadOld { try? FileManager.default.removeItem(atPath: old) }
    }

    /// What a folder beside the results is for, while they are replaced.
    private enum Purpose: String, CaseIterable {
        /// The results so far.
        case old
        /// The results to come.
        case new
        /// Nothing: whether a folder can be made.
        case trial
    }

    private func temporaryPath(_ purpose: Purpose) -> String {
        inParent(temporaryPrefix(purpose) + "\(getpid())")
    }

    private func temporaryPrefix(_ purpose: Purpose) -> String { ".\(name).\(purpose.rawValue)-" }

    private func inParent(_ entry: String) -> String { parent == "/" ? "/" + entry : parent + "/" + entry }

    /// The folder a path stands in and its name there.
    ///
    /// Not by Foundation: its `deletingLastPathComponent` traps on Linux if the path is a single character.
    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let parent = path[...slash]
        return (withoutTrailingSlashes(String(parent)), String(path[path.index(after: slash)...]))
    }

    /// The path without slashes at its end, save for the root itself.
    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private func make(_ folder: String) throws(Failure) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue { return }
        let parent = Self.split(folder).parent
        if parent != folder { try make(parent) }
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
