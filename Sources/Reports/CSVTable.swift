/// A table as RFC 4180 has it: comma-separated fields, lines ended by CR LF, quotes where a field needs them.
public struct CSVTable: Sendable {
    /// The column names.
    public let columns: [String]
    /// The table so far, header included.
    public private(set) var text: String

    /// A table with a header and no rows.
    public init(columns: [String]) {
        self.columns = columns
        text = columns.map(Self.field).joined(separator: ",") + "\r\n"
    }

    /// Adds a row; it must have as many fields as there are columns.
    public mutating func add(_ fields: [String]) {
        precondition(fields.count == columns.count, "a row of \(fields.count) fields in \(columns.count) columns")
        for index in fields.indices {
            if index > 0 { text += "," }
            text += Self.field(fields[index])
        }
        text += "\r\n"
    }

    private static func field(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }
        guard needsQuotes else { return field }
        var quoted = "\""
        for character in field.unicodeScalars {
            if character == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
