import Foundation
import Testing

@testable import Scenarios

@Suite("JSON syntax")
struct JSONSyntaxTests {
    @Test(
        "what a parser of JSON takes is taken",
        arguments: [
            "{}", " {\t} ", "[]", #"{"a":1,"b":[true,false,null]}"#, #"{"a": -0.5e-3, "b": 0, "c": 10, "d": 1E+2}"#,
            #"{"a": "é \" \\ \/ \b\f\n\r\t \u00e9"}"#, #"[[[[[[[1]]]]]]]"#, "-0", #""""#,
        ]
    )
    func good(text: String) {
        #expect(JSONSyntax.firstFault(in: Array(text.unicodeScalars)) == nil)
        #expect(Self.foundationTakes(text))
    }

    @Test(
        "what YAML would take and JSON does not is refused, at its place",
        arguments: [
            ("{at: 1}", 2, "not JSON: a key stands in double quotes"),
            ("{'at': 1}", 2, "not JSON: a key stands in double quotes"),
            (#"{"at": 'x'}"#, 8, "not JSON: a text stands in double quotes, not in single ones"),
            (#"{"event": start}"#, 11, "not JSON: 'start' needs double quotes"),
            (#"{"a": True}"#, 7, "not JSON: 'True' needs double quotes"),
            (#"{"at": 1s}"#, 9, "not JSON: a number with a unit stands in double quotes"),
            (#"{"a": 1_000}"#, 8, "not JSON: a number with a unit stands in double quotes"),
            (#"{"a": 01}"#, 7, "not JSON: a number must not begin with 0"),
            (#"{"a": -01}"#, 8, "not JSON: a number must not begin with 0"),
            (#"{"a": 1.}"#, 9, "not JSON: a digit is missing"),
            (#"{"a": .5}"#, 7, "not JSON: '.' where a value should be"),
            (#"{"a": 1,}"#, 9, "not JSON: a comma stands before '}'"),
            (#"{,}"#, 2, "not JSON: a key stands in double quotes"),
            (#"[1,]"#, 4, "not JSON: ']' where a value should be"),
            (#"{"a" 1}"#, 6, "not JSON: ':' is missing after the key 'a'"),
            (#"{"a":}"#, 6, "not JSON: '}' where a value should be"),
            (#"{"a": 1 "b": 2}"#, 9, "not JSON: ',' or '}' is missing"),
            (#"{"a": 1"#, 8, "not JSON: ',' or '}' is missing"),
            (#"{"a": 1,"#, 9, "not JSON: '}' is missing"),
            (#"[1 2]"#, 4, "not JSON: ',' or ']' is missing"),
            (#"{"a": "x"#, 9, "not JSON: the closing quote is missing"),
            (#"{"a": "\x"}"#, 9, "not JSON: no such escape"),
            (#"{"a": "\u12g4"}"#, 12, "not JSON: '\\u' needs four hexadecimal digits"),
            ("{\"a\": \"x\ty\"}", 9, "not JSON: a control character in a text"),
            (#"{"a": 1} # why"#, 10, "not JSON: a line holds one object and nothing after it"),
            (#"{"a": &x 1}"#, 7, "not JSON: '&' where a value should be"),
            (#"{"a": 1, "a": 2}"#, 10, "duplicate key 'a'"),
            ("[[[[[[[[1]]]]]]]]", 9, "lists and objects are nested more than 8 deep"),
            ("", 1, "not JSON: the line ends where a value should be"),
        ]
    )
    func bad(text: String, column: Int, message: String) {
        let fault = JSONSyntax.firstFault(in: Array(text.unicodeScalars))
        #expect(fault == JSONSyntax.Fault(column: column, message: message))
    }

    /// Random edits of a line; whatever passes must pass with Foundation too.
    @Test("no text is taken that Foundation refuses")
    func againstFoundation() {
        let letters = Array(#"{}[]":,'\ue0123456789.-+tfn x"#.unicodeScalars)
        let original = Array(#"{"at": "1.5s", "code": -1.0e2, "u": [0, 0.5], "b": true}"#.unicodeScalars)
        var random = SystemlessGenerator(state: 7)
        var taken = 0
        for _ in 0..<20_000 {
            var text = original
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.remove(at: place)
                case 1: text[place] = letters[Int.random(in: 0..<letters.count, using: &random)]
                default: text.insert(letters[Int.random(in: 0..<letters.count, using: &random)], at: place)
                }
            }
            guard JSONSyntax.firstFault(in: text) == nil else { continue }
            taken += 1
            var shown = String.UnicodeScalarView()
            shown.append(contentsOf: text)
            #expect(Self.foundationTakes(String(shown)), "\(String(shown))")
        }
        #expect(taken > 1_000)
    }

    private static func foundationTakes(_ text: String) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
    }
}

private struct SystemlessGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
