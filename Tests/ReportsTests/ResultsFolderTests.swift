import Foundation
import Reports
import TestSupport
import Testing

@Suite("ResultsFolder")
struct ResultsFolderTests {
    private let folder: TemporaryFolder
    private let results: ResultsFolder
    /// What marks a folder as ours.
    private static let manifest = "{ \"scenario_hash\" : \"fnv1a64:0000000000000000\" }"

    init() throws {
        folder = try TemporaryFolder()
        results = ResultsFolder(path: folder.place("r"))
    }

    /// Results as a run leaves them.
    private func files(_ text: String, extra: [String] = []) -> [(name: String, text: String)] {
        [(name: "summary.csv", text: text), (name: "manifest.json", text: Self.manifest)] + extra.map { ($0, text) }
    }

    private func expected(_ text: String) -> [String: String] {
        ["r/": "", "r/summary.csv": text, "r/manifest.json": Self.manifest]
    }

    @Test("files are written as they are, in folders made for them")
    func writes() throws {
        let deep = ResultsFolder(path: folder.place("a/b/c"))
        try deep.check()
        try deep.replace(with: [(name: "one", text: "é\r\n"), (name: "two", text: "")])
        #expect(try folder.contents == ["a/": "", "a/b/": "", "a/b/c/": "", "a/b/c/one": "é\r\n", "a/b/c/two": ""])
    }

    @Test("slashes at the end of the path mean nothing")
    func trailingSlashes() throws {
        let results = ResultsFolder(path: folder.place("r//"))
        #expect(results.path == folder.place("r"))
        try results.check()
        try results.replace(with: files("1"))
        #expect(try folder.contents == expected("1"))
    }

    @Test("results are replaced as a whole, and nothing else is left")
    func replaces() throws {
        try results.replace(with: files("1", extra: ["comparison.csv"]))
        try results.check()
        try results.replace(with: files("2"))
        #expect(try folder.contents == expected("2"))
    }

    @Test("a check changes nothing")
    func checks() throws {
        try results.replace(with: files("1"))
        try results.check()
        #expect(try folder.contents == expected("1"))
        try ResultsFolder(path: folder.place("other")).check()
        #expect(try folder.contents == expected("1"))
    }

    @Test("what cannot be written leaves earlier results as they were")
    func failedWrite() throws {
        try results.replace(with: files("1"))
        let failure = #expect(throws: ResultsFolder.Failure.self) {
            try results.replace(with: files("2", extra: ["missing/file.csv"]))
        }
        #expect(failure?.description.contains("missing/file.csv': No such file or directory") == true)
        #expect(try folder.contents == expected("1"))
    }

    @Test("what cannot be written the first time leaves nothing")
    func failedFirstWrite() throws {
        #expect(throws: ResultsFolder.Failure.self) {
            try results.replace(with: files("1", extra: ["missing/file.csv"]))
        }
        #expect(try folder.contents == [:])
    }

    @Test("an empty folder is taken")
    func emptyFolder() throws {
        try FileManager.default.createDirectory(atPath: results.path, withIntermediateDirectories: false)
        try results.check()
        try results.replace(with: files("1"))
        #expect(try folder.contents == expected("1"))
    }

    @Test(
        "somebody else's folder is never replaced",
        arguments: [
            ["thesis.txt": "years of work"], ["summary.csv": "a,b"], ["sub/file": ""],
            ["manifest.json": "{ \"manifest_version\": 3, \"name\": \"a browser extension\" }", "main.js": "1"],
        ]
    )
    func foreignFolder(theirs: [String: String]) throws {
        for (name, text) in theirs { try folder.write(text, to: "r/" + name) }
        let before = try folder.contents
        let failure = #expect(throws: ResultsFolder.Failure.self) { try results.check() }
        #expect(failure?.description.contains("will not replace '\(results.path)'") == true)
        #expect(throws: ResultsFolder.Failure.self) { try results.replace(with: files("1")) }
        #expect(try folder.contents == before)
    }

    @Test("a file is never replaced")
    func file() throws {
        try folder.write("mine", to: "r")
        let failure = #expect(throws: ResultsFolder.Failure.self) { try results.check() }
        #expect(failure?.description == "cannot write results to '\(results.path)': it is a file")
        #expect(throws: ResultsFolder.Failure.self) { try results.replace(with: files("1")) }
        #expect(try folder.contents == ["r": "mine"])
    }

    @Test("a place below a file is refused before anything is run")
    func belowFile() throws {
        try folder.write("mine", to: "file")
        let results = ResultsFolder(path: folder.place("file/r"))
        let failure = #expect(throws: ResultsFolder.Failure.self) { try results.check() }
        #expect(failure?.description.contains(folder.place("file")) == true)
        #expect(throws: ResultsFolder.Failure.self) { try results.replace(with: files("1")) }
        #expect(try folder.contents == ["file": "mine"])
    }

    @Test("the root, this folder and the one above are refused", arguments: ["/", "//", ".", "..", "a/.", "a/.."])
    func noNameOfItsOwn(path: String) {
        let failure = #expect(throws: ResultsFolder.Failure.self) { try ResultsFolder(path: path).check() }
        #expect(failure?.description.contains("a folder of their own") == true)
    }

    // MARK: After a run that was killed

    @Test("what a killed run had not finished is removed, and nothing of others")
    func unfinished() throws {
        let dead = try Self.endedProcess()
        try results.replace(with: files("1"))
        try folder.write("half", to: ".r.new-\(dead)/summary.csv")
        try folder.write("", to: ".r.trial-\(dead)/x")
        try folder.write("0", to: ".r.old-\(dead)/summary.csv")
        let others = [
            ".other.new-\(dead)/summary.csv", ".r.new-x/file", ".r.new-/file", ".r.new-0/file", ".r.new--\(dead)/file",
            ".r.newer-\(dead)", "r.new-\(dead)",
        ]
        for other in others { try folder.write("theirs", to: other) }
        try results.check()
        let left = try folder.contents.filter { !$0.key.hasSuffix("/") }
        var expected = Dictionary(uniqueKeysWithValues: others.map { ($0, "theirs") })
        expected["r/summary.csv"] = "1"
        expected["r/manifest.json"] = Self.manifest
        #expect(left == expected)
    }

    @Test("what a running process is writing is left alone")
    func concurrent() throws {
        try folder.write("half", to: ".r.new-1/summary.csv")
        try folder.write(Self.manifest, to: ".r.old-1/manifest.json")
        let before = try folder.contents
        try results.check()
        #expect(try folder.contents == before)
    }

    @Test("results that a killed run had moved aside come back")
    func movedAside() throws {
        let dead = try Self.endedProcess()
        for file in files("1") { try folder.write(file.text, to: ".r.old-\(dead)/\(file.name)") }
        for file in files("2") { try folder.write(file.text, to: ".r.new-\(dead)/\(file.name)") }
        try results.check()
        #expect(try folder.contents == expected("1"))
    }

    @Test("results moved aside do not come back over newer ones")
    func movedAsideAndReplaced() throws {
        let dead = try Self.endedProcess()
        for file in files("1") { try folder.write(file.text, to: ".r.old-\(dead)/\(file.name)") }
        try results.replace(with: files("2"))
        try results.check()
        #expect(try folder.contents == expected("2"))
    }

    @Test("results half removed do not come back")
    func halfRemoved() throws {
        try folder.write("1", to: ".r.old-\(try Self.endedProcess())/summary.csv")
        try results.check()
        #expect(try folder.contents == [:])
    }

    @Test("what an earlier process of this number left is not mixed into the results")
    func sameNumber() throws {
        try folder.write("stale", to: ".r.new-\(getpid())/comparison.csv")
        try results.check()
        try results.replace(with: files("1"))
        #expect(try folder.contents == expected("1"))
    }

    /// The number of a process that is no more.
    private static func endedProcess() throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", ":"]
        try process.run()
        process.waitUntilExit()
        return process.processIdentifier
    }
}
