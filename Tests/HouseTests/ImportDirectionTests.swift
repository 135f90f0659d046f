import Foundation
import Testing

@Suite("Import direction")
struct ImportDirectionTests {
    @Test("no file imports what its target may not")
    func sources() throws {
        let targets = try House.entries(of: House.root.appending(path: "Sources"))
        #expect(targets.contains("MonotonicTime") && targets.contains("Reconnection"))
        var seen: Set<String> = []
        for target in targets {
            guard House.allowedImports[target] != nil else {
                Issue.record("Sources/\(target) has no entry in the table of allowed imports")
                continue
            }
            for file in House.swiftFiles(of: target) {
                let source = try String(contentsOf: file, encoding: .utf8)
                let imports = SwiftImports.modules(in: source)
                seen.formUnion(imports)
                for violation in House.violations(imports, of: target) {
                    Issue.record("\(file.lastPathComponent): \(violation)")
                }
            }
        }
        // Whatever stops the parser from seeing imports must not look like a clean house.
        #expect(seen.isSuperset(of: ["MonotonicTime", "Reconnection", "Yams"]))
    }

    @Test(
        "a module that is not in a target's row is a violation",
        arguments: [
            ("Reconnection", "import Foundation", ["Reconnection may not import Foundation"]),
            ("Reconnection", "internal import CGSL", ["Reconnection may not import CGSL"]),
            ("Reconnection", "import FoundationEssentials", ["Reconnection may not import FoundationEssentials"]),
            ("Reconnection", "import MonotonicTime", []),
            ("MonotonicTime", "import Glibc", ["MonotonicTime may not import Glibc"]),
            ("DiscreteEvents", "#if canImport(Glibc)\nimport Glibc\n#else\nimport Darwin\n#endif", []),
            ("DiscreteEvents", "import Reconnection", ["DiscreteEvents may not import Reconnection"]),
            ("Scenarios", "import Yams\nimport DiscreteEvents", ["Scenarios may not import DiscreteEvents"]),
            ("Statistics", "import CGSL\n@testable import Scenarios", ["Statistics may not import Scenarios"]),
            ("FleetSimulation", "import Experiments", ["FleetSimulation may not import Experiments"]),
            ("Reports", "public import struct Reconnection.Close", ["Reports may not import Reconnection"]),
            ("stampede", "import ArgumentParser", []),
            ("HerdRivals", "import DiscreteEvents", ["HerdRivals may not import DiscreteEvents"]),
            ("Cellar", "import Swift", ["Cellar has no entry in the table of allowed imports"]),
        ] as [(String, String, [String])]
    )
    func violations(target: String, source: String, expected: [String]) {
        #expect(House.violations(SwiftImports.modules(in: source), of: target) == expected)
    }

    @Test("no target imports one that imports it, over however many others")
    func noCircles() {
        func reaches(_ from: String, _ goal: String, _ seen: inout Set<String>) -> Bool {
            for module in House.allowedImports[from] ?? [] where seen.insert(module).inserted {
                if module == goal || reaches(module, goal, &seen) { return true }
            }
            return false
        }
        for target in House.allowedImports.keys {
            var seen: Set<String> = []
            #expect(!reaches(target, target, &seen), "\(target) may import itself")
        }
    }

    @Test("the top of the package holds what is listed, and nothing else")
    func topLevel() throws {
        let names = try House.entries(of: House.root)
        #expect(names.contains("Package.swift"))
        #expect(House.strangers(among: names) == [])
        #expect(House.strangers(among: ["Sources", ".git", "notes.txt", "Tools"]) == ["notes.txt", "Tools"])
    }
}

/// The rules about where things stand and what may know what.
enum House {
    /// The folder that holds the package.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let cLibrary: Set = ["Glibc", "Darwin", "Musl", "Android"]
    private static let rooms: Set = [
        "MonotonicTime", "Reconnection", "DiscreteEvents", "Statistics", "Scenarios", "ClientScripts",
        "FleetSimulation", "Experiments", "Benchmarks", "Reports",
    ]

    /// What each target may import. A target that is missing here may not exist.
    static let allowedImports: [String: Set<String>] = [
        "MonotonicTime": [],
        "Reconnection": cLibrary.union(["MonotonicTime"]),
        "DiscreteEvents": cLibrary.union(["MonotonicTime"]),
        "CGSL": [],
        "CGSLErrors": [],
        "Statistics": cLibrary.union(["CGSL", "CGSLErrors"]),
        "Scenarios": ["Reconnection", "MonotonicTime", "Yams"],
        "ClientScripts": ["Reconnection", "MonotonicTime", "Scenarios"],
        "FleetSimulation": [
            "CMemory", "Reconnection", "DiscreteEvents", "Scenarios", "MonotonicTime", "DequeModule", "Dispatch",
            "Synchronization",
        ],
        "Experiments": cLibrary.union([
            "FleetSimulation", "Statistics", "Scenarios", "Reconnection", "MonotonicTime", "Foundation", "Dispatch",
            "Synchronization",
        ]),
        "CMeasurement": [],
        "CMemory": [],
        "Benchmarks": cLibrary.union([
            "CMeasurement", "FleetSimulation", "DiscreteEvents", "Scenarios", "Reconnection", "MonotonicTime",
        ]),
        "Reports": cLibrary.union([
            "Experiments", "FleetSimulation", "Statistics", "Scenarios", "MonotonicTime", "Foundation",
        ]),
        // One folder for the rivals, whose own targets lie in it: none imports anything of ours.
        "HerdRivals": cLibrary,
        "stampede": cLibrary.union(rooms).union(["ArgumentParser", "Foundation", "Dispatch", "Synchronization"]),
    ]

    /// What stands at the top. `Package.resolved` is written by building, and ignored by git.
    private static let topLevel: Set = [
        "Package.swift", "Package.resolved", "Sources", "Tests", "Scenarios", "Results", "README.md",
    ]

    static func strangers(among names: [String]) -> [String] {
        names.filter { !$0.hasPrefix(".") && !$0.hasSuffix(".xcodeproj") && !topLevel.contains($0) }
    }

    static func violations(_ imports: [String], of target: String) -> [String] {
        guard let allowed = allowedImports[target] else {
            return ["\(target) has no entry in the table of allowed imports"]
        }
        return imports.filter { !allowed.contains($0) }.map { "\(target) may not import \($0)" }
    }

    /// The names in a folder, sorted, without hidden ones.
    static func entries(of folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The Swift files of a target; a file beside the target folders counts as a target of its own.
    static func swiftFiles(of target: String) -> [URL] {
        let folder = root.appending(path: "Sources").appending(path: target)
        let below = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (below?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }
}
