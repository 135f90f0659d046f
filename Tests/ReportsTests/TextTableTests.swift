import Reports
import Testing

@Suite("TextTable")
struct TextTableTests {
    @Test("names stand at the left and numbers at the right, below their headings")
    func alignment() {
        let table = TextTable([
            .init("name", width: 6, isNumber: false), .init("count"), .init("note", isNumber: false),
        ])
        #expect(table.heading == "name    count  note\n")
        #expect(table.row(["ab", "12", "x"]) == "ab         12  x\n")
        // What is too long is not cut, and nothing trails.
        #expect(table.row(["abcdefgh", "1234567", ""]) == "abcdefgh  1234567\n")
    }
}
