import Testing

@testable import Scenarios

@Suite("YAMLDocument")
struct YAMLDocumentTests {
    @Test(
        "what is not one YAML document is refused with a place",
        arguments: [
            ("", "a.yaml:1:1: error: the file is empty"),
            ("# only a comment\n", "a.yaml:1:1: error: the file is empty"),
            ("a: 1\n---\nb: 2\n", "a.yaml:2:1: error: a scenario file holds one document, but here begins another"),
            ("a: 1\na: 2\n", "a.yaml:2:1: error: duplicate key 'a', first given in line 1"),
            (
                "x:\n  a: 1\n  b:\n    a: 2\n  'a': 3\n",
                "a.yaml:5:3: error: duplicate key 'a', first given in line 2"
            ),
            ("x: { a: 1, a: 2 }", "a.yaml:1:6: error: duplicate key 'a': it is given more than once"),
            (
                "a: [1, 2\n",
                "a.yaml:2:1: error: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence "
                    + "that begins in line 1"
            ),
            (
                "a:\n\tb: 1\n",
                "a.yaml:2:1: error: not valid YAML: found character that cannot start any token, "
                    + "while scanning for the next token (indent with spaces, not with tabs)"
            ),
            (
                "a: lognormal(median: 20ms, p99: 80ms)\n",
                "a.yaml:1:20: error: not valid YAML: mapping values are not allowed in this context "
                    + "(put quotes around 'lognormal(…)': YAML reads its colons and commas otherwise)"
            ),
            (
                "h: { time: lognormal(median: 20ms, p99: 80ms), backlog: 4096 }\n",
                "a.yaml:1:28: error: not valid YAML: did not find expected ',' or '}', while parsing a flow mapping "
                    + "(put quotes around 'lognormal(…)': YAML reads its colons and commas otherwise)"
            ),
            ("a: *b\n", "a.yaml:1:4: error: not valid YAML: found undefined alias"),
            ("? [a, b]\n: 1\n", "a.yaml:1:3: error: a key must be a plain text, not a list or mapping"),
            ("a: &x b\n*x : 1\n", "a.yaml:2:1: error: an alias cannot be a key: write the text itself"),
            ("a: b\u{0}\n", "a.yaml:1:5: error: the character U+0000 is not allowed in YAML"),
            ("a: é\r\nb: \u{1B}\n", "a.yaml:2:4: error: the character U+001B is not allowed in YAML"),
        ]
    )
    func refusals(text: String, message: String) {
        #expect(refusal(Array(text.utf8)) == message)
    }

    @Test("bytes that are not UTF-8 are refused with a place")
    func encodings() {
        #expect(refusal([0x61, 0x0A, 0x61, 0xFF]) == "a.yaml:2:2: error: the file is not valid UTF-8 here")
        #expect(refusal([0x61, 0xC3]) == "a.yaml:1:2: error: the file is not valid UTF-8 here")
        #expect(refusal([0xFF, 0xFE, 0x61, 0x00]) == "a.yaml:1:1: error: the file is UTF-16: save it as UTF-8")
        #expect(refusal([0xEF, 0xBB, 0xBF] + Array("a: 1".utf8)) == nil)
    }

    @Test("a file beyond the limit is refused before it is read")
    func tooLarge() {
        let bytes = [UInt8](repeating: 0x20, count: YAMLDocument.maximumBytes + 1)
        #expect(refusal(bytes) == "a.yaml:1:1: error: the file has 2097153 bytes; the limit is 2 MiB")
    }

    @Test("aliases that multiply are refused")
    func aliasBomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let message = "a.yaml:1:1: error: the file has more than 1000000 values, counting what aliases stand for"
        #expect(refusal(Array(text.utf8)) == message)
    }

    @Test("aliases that multiply inside a key are refused without looking at the key")
    func aliasBombAsKey() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(refusal(Array((text + "*a9 : 1\n").utf8))?.contains("an alias cannot be a key") == true)
        #expect(refusal(Array((text + "? [*a9]\n: 1\n").utf8))?.contains("a key must be a plain text") == true)
    }

    @Test("nesting that never ends is refused", arguments: ["[", "{a: ", "- ", "? "])
    func depth(opening: String) {
        for count in [101, 999, 20_000] {
            #expect(refusal(Array(String(repeating: opening, count: count).utf8)) != nil)
        }
        let closed = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(
            refusal(Array(closed.utf8)) == "a.yaml:1:101: error: lists and mappings are nested more than 100 deep"
        )
    }

    @Test("no change of bytes in a file ends the process")
    func mutations() {
        let valid = Array(Toy.valid.utf8)
        for seed in 0..<2_000 as Range<UInt64> {
            var generator = SplitMix(state: seed)
            var bytes = valid
            for _ in 0...(generator.next() % 6) {
                let index = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 5 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
                case 3:
                    let marks = Array("[]{}:,-?*&!|>'\"%@#\n\t 0<~".utf8)
                    bytes[index] = marks[Int(generator.next() % UInt64(marks.count))]
                default:
                    let other = Int(generator.next() % UInt64(bytes.count))
                    bytes.insert(contentsOf: bytes[min(index, other)..<max(index, other)], at: index)
                }
            }
            let source = String(decoding: bytes, as: UTF8.self)
            do {
                let document = try YAMLDocument.compose(bytes, file: "a.yaml")
                #expect(!document.source.isEmpty)
                _ = Toy.read(source)
            } catch {
                #expect(!error.rendered(source: source).isEmpty)
            }
        }
    }

    private func refusal(_ bytes: [UInt8]) -> String? {
        do {
            _ = try YAMLDocument.compose(bytes, file: "a.yaml")
            return nil
        } catch {
            return error.description
        }
    }
}
