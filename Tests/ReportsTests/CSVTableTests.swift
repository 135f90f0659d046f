import Reports
import Testing

@Suite("CSVTable")
struct CSVTableTests {
    @Test("a table without rows is its header")
    func header() {
        #expect(CSVTable(columns: ["a", "b"]).text == "a,b\r\n")
    }

    @Test(
        "fields are quoted where RFC 4180 wants it, and only there",
        arguments: [
            ("plain", "plain"), ("", ""), (" space ", " space "), ("a;b", "a;b"), ("it's", "it's"), ("–", "–"),
            ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""), (",", "\",\""),
        ]
    )
    func quoting(field: String, text: String) {
        var table = CSVTable(columns: ["x", field])
        table.add([field, "y"])
        #expect(Array(table.text.utf8) == Array("x,\(text)\r\n\(text),y\r\n".utf8))
    }

    @Test("whatever the fields are, a reader of RFC 4180 gets them back", arguments: [1, 2, 3, 4] as [UInt64])
    func readBack(seed: UInt64) throws {
        var random = TestRandom(seed: seed)
        let pieces = ["a", "é", "e\u{301}", ",", "\"", "\r", "\n", "\r\n", " ", "\t", "🇩🇪", "–", ";", "\0"]
        func field() -> String {
            (0..<Int.random(in: 0...5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
        for _ in 0..<200 {
            let width = Int.random(in: 1...4, using: &random)
            let rows = (0..<Int.random(in: 1...4, using: &random)).map { _ in (0..<width).map { _ in field() } }
            var table = CSVTable(columns: rows[0])
            for row in rows.dropFirst() { table.add(row) }
            let back = try RFC4180.read(table.text)
            #expect(back.map { $0.map(scalars) } == rows.map { $0.map(scalars) }, "\(rows)")
        }
    }

    @Test("a row that does not fit the header is a defect of the program")
    func misfit() async {
        await #expect(processExitsWith: .failure) {
            var table = CSVTable(columns: ["a", "b"])
            table.add(["1"])
        }
    }

    private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
}

/// A reader that follows the grammar of RFC 4180 to the letter and knows nothing of the writer.
enum RFC4180 {
    struct Violation: Error {
        let reason: String
    }

    static func read(_ text: String) throws -> [[String]] {
        var rest = Array(text.unicodeScalars)[...]
        var rows: [[String]] = []
        while !rest.isEmpty {
            var row = [try field(&rest)]
            while rest.first == "," {
                rest.removeFirst()
                row.append(try field(&rest))
            }
            guard rest.prefix(2) == ["\r", "\n"] else { throw Violation(reason: "a line does not end with CR LF") }
            rest.removeFirst(2)
            rows.append(row)
        }
        return rows
    }

    private static func field(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> String {
        var field = String.UnicodeScalarView()
        guard rest.first == "\"" else {
            while let next = rest.first, next != ",", next != "\r" {
                if next == "\"" || next == "\n" { throw Violation(reason: "a bare field holds a quote or a line feed") }
                field.append(rest.removeFirst())
            }
            return String(field)
        }
        rest.removeFirst()
        while let next = rest.popFirst() {
            guard next == "\"" else {
                field.append(next)
                continue
            }
            guard rest.first == "\"" else { return String(field) }
            field.append(rest.removeFirst())
        }
        throw Violation(reason: "a quoted field does not end")
    }
}
