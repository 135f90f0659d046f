import MonotonicTime
import Testing

@testable import Scenarios

@Suite("SectionReader")
struct SectionReaderTests {
    @Test("a good file has nothing to report")
    func goodFile() {
        #expect(Toy.read(Toy.valid) == [])
    }

    @Test("values are read as written")
    func values() throws {
        let document = try YAMLDocument.compose(Toy.valid, file: "toy.yaml")
        let toy = SectionReader(document.root, Toy.root, report: DiagnosticReport(file: "toy.yaml"))
        #expect(toy.name("name") == "toy-1")
        #expect(toy.duration("duration") == .minutes(10))
        #expect(toy.count("clients") == 1_000)
        #expect(toy.probability("loss") == 0.02)
        #expect(toy.isPresent("policies"))
        let policies = toy.mapping("policies")
        #expect(policies.map(\.name) == ["ours", "theirs", "same"])
        #expect(policies.first?.position == Position(line: 7, column: 3))
        let theirs = try #require(policies[1].value.section())
        #expect(theirs.boolean("wakes") == true)
        #expect(theirs.choice("jitter") == nil)
        #expect(!theirs.isPresent("jitter"))
        #expect(theirs.section("fallback")?.choice("jitter") == "none")
        #expect(policies[2].value.section()?.rate("rate") == 200)
    }

    @Test("all mistakes of a file are found at once, in its order")
    func manyMistakes() {
        let text = """
            nme: x
            duration: 30
            clients: 10_000
            loss: [1]
            policies:
              ours: { base: 0s, jiter: full, jitter: ful }
              theirs:
                jitter: random
                rate: 5
                wakes: yes
                fallback: 3
              <<: { a: b }
              bad name: { base: 1s }
              slow: { base: 2h }
            steps:
              - unifrm(1s, 2s)
              - { base: }
              - [1]
            """
        #expect(
            Toy.read(text) == [
                "toy.yaml:1:1: error: missing key 'name' in 'toy'",
                "toy.yaml:1:1: error: unknown key 'nme' (did you mean 'name'?)",
                "toy.yaml:2:11: error: '30' has no unit: write '30s' or '30ms'",
                "toy.yaml:3:10: error: 'clients' must be at most 1000, not '10_000'",
                "toy.yaml:4:7: error: 'loss' must be a share such as '2%', not a list",
                "toy.yaml:6:17: error: 'base' must be more than 0s, not '0s'",
                "toy.yaml:6:21: error: unknown key 'jiter' (did you mean 'jitter'?)",
                "toy.yaml:6:42: error: 'jitter' cannot be 'ful' (did you mean 'full'?)",
                "toy.yaml:8:5: error: missing key 'base' in 'theirs'",
                "toy.yaml:8:13: error: 'jitter' cannot be 'random' (possible values: none, full, equal)",
                "toy.yaml:9:11: error: '5' has no unit: write '5/s' or '5/min'",
                "toy.yaml:10:12: error: 'wakes' must be 'true' or 'false', not 'yes'",
                "toy.yaml:11:15: error: 'fallback' must be a mapping of keys to values, not '3' "
                    + "(keys: base, jitter, rate, fallback, wakes)",
                "toy.yaml:12:3: error: merge keys '<<' are not supported: use 'extends'",
                "toy.yaml:13:3: error: 'bad name' is not a name: use letters, digits, '-', '_' and '.', "
                    + "beginning with a letter or digit",
                "toy.yaml:14:17: warning: 'base' is more than an hour",
                "toy.yaml:16:5: error: unknown distribution 'unifrm' (did you mean 'uniform'?)",
                "toy.yaml:17:13: error: 'base' has no value: expected a duration such as '30s'",
                "toy.yaml:18:5: error: 'steps' must be a duration or a distribution such as 'uniform(20s, 45s)', "
                    + "not a list",
            ]
        )
    }

    @Test("a file that is no mapping is told which keys there are")
    func noMapping() {
        #expect(
            Toy.read("- a") == [
                "toy.yaml:1:1: error: 'toy' must be a mapping of keys to values, not a list "
                    + "(keys: name, duration, clients, loss, policies, steps)"
            ]
        )
    }

    @Test("a key that the definition lacks, or has with another kind, ends the process")
    func programmerMistakes() async {
        await #expect(processExitsWith: .failure) {
            let document = try YAMLDocument.compose("name: x", file: "toy.yaml")
            let toy = SectionReader(document.root, Toy.root, report: DiagnosticReport(file: "toy.yaml"))
            _ = toy.count("nothing")
        }
        await #expect(processExitsWith: .failure) {
            let document = try YAMLDocument.compose("name: x", file: "toy.yaml")
            let toy = SectionReader(document.root, Toy.root, report: DiagnosticReport(file: "toy.yaml"))
            _ = toy.count("duration")
        }
    }

    @Test("limits say on which side they are")
    func bounds() {
        #expect(Bounds<Int>.any.violation(of: 3, shownBy: \.description) == nil)
        #expect(Bounds.atLeast(3).violation(of: 2, shownBy: \.description) == "at least 3")
        #expect(Bounds.atLeast(3).violation(of: 3, shownBy: \.description) == nil)
        #expect(Bounds.above(3).violation(of: 3, shownBy: \.description) == "more than 3")
        #expect(Bounds.atMost(3).violation(of: 4, shownBy: \.description) == "at most 3")
        #expect(Bounds.below(3).violation(of: 3, shownBy: \.description) == "less than 3")
        #expect(Bounds.within(1...3).violation(of: 0, shownBy: \.description) == "at least 1")
    }
}

@Suite("Diagnostic")
struct DiagnosticTests {
    @Test("a diagnostic shows the line and a caret")
    func rendering() {
        let diagnostic = Diagnostic(file: "a.yaml", line: 2, column: 4, severity: .error, message: "bad")
        #expect(diagnostic.rendered(source: "x\r\n\tab: c\n") == "a.yaml:2:4: error: bad\n\tab: c\n\t  ^")
        #expect(diagnostic.rendered(source: "x") == "a.yaml:2:4: error: bad")
        #expect(diagnostic.rendered(source: "x\nab") == "a.yaml:2:4: error: bad\nab\n  ^")
    }

    @Test("a long line is cut around the caret")
    func longLine() {
        let diagnostic = Diagnostic(file: "a.yaml", line: 1, column: 501, severity: .error, message: "bad")
        let source = String(repeating: "a", count: 500) + "B" + String(repeating: "c", count: 500)
        let lines = diagnostic.rendered(source: source).split(separator: "\n").map(String.init)
        #expect(lines[1] == "…" + String(repeating: "a", count: 80) + "B" + String(repeating: "c", count: 79) + "…")
        #expect(lines[2] == String(repeating: " ", count: 81) + "^")
    }

    @Test("a report sorts, forgets repetitions and stops at its limit")
    func report() {
        let report = DiagnosticReport(file: "a.yaml", limit: 2)
        #expect(report.failure == nil)
        report.warning("w", at: Position(line: 3, column: 1))
        #expect(report.failure == nil)
        report.error("b", at: Position(line: 2, column: 1))
        report.error("b", at: Position(line: 2, column: 1))
        report.error("a", at: Position(line: 1, column: 9))
        #expect(
            report.diagnostics.map(\.description) == [
                "a.yaml:1:9: error: a", "a.yaml:2:1: error: b", "a.yaml:3:1: warning: 1 more of these are not shown",
            ]
        )
        #expect(report.failure?.diagnostics.count == 3)
    }

    @Test("texts in messages are escaped and cut")
    func quotes() {
        #expect(quoted("a\u{1B}b\n") == "'a\\u{1B}b\\n'")
        #expect(quoted(String(repeating: "a", count: 70)) == "'" + String(repeating: "a", count: 60) + "…'")
    }

    @Test(
        "the nearest name is suggested when it is near",
        arguments: [
            ("jiter", "jitter"), ("Jitter", "jitter"), ("bsae", "base"), ("xyz", nil), ("b", nil), ("", nil),
            ("capp", "cap"), ("backof", "backoff"), (String(repeating: "a", count: 1_000), nil),
        ] as [(String, String?)]
    )
    func suggestions(word: String, name: String?) {
        #expect(Suggestion.nearest(to: word, among: ["jitter", "base", "cap", "backoff"]) == name)
    }

    @Test("a swap of neighbours is one edit")
    func distances() {
        func distance(_ left: String, _ right: String) -> Int {
            Suggestion.distance(Array(left.unicodeScalars), Array(right.unicodeScalars))
        }
        #expect(distance("ab", "ba") == 1)
        #expect(distance("ca", "abc") == 3)
        #expect(distance("", "abc") == 3)
        #expect(distance("kitten", "sitting") == 3)
    }
}
