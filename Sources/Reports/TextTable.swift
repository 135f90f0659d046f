/// A table for people that can be printed row by row, while later rows are still being computed.
public struct TextTable: Sendable {
    /// A column.
    public struct Column: Sendable, Hashable {
        /// Its heading.
        public let title: String
        /// Characters, without the space between columns; longer fields are not cut.
        public let width: Int
        /// Whether fields stand at the right edge, as numbers do.
        public let isNumber: Bool

        /// A column as wide as its heading, or wider.
        public init(_ title: String, width: Int = 0, isNumber: Bool = true) {
            self.title = title
            self.width = max(width, title.count)
            self.isNumber = isNumber
        }
    }

    /// The columns.
    public let columns: [Column]

    /// A table of columns.
    public init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The line with the headings.
    public var heading: String { row(columns.map(\.title)) }

    /// The line of a row, which must have as many fields as there are columns.
    public func row(_ fields: [String]) -> String {
        precondition(fields.count == columns.count, "a row of \(fields.count) fields in \(columns.count) columns")
        let padded = zip(columns, fields).map { column, field in
            let space = String(repeating: " ", count: max(0, column.width - field.count))
            return column.isNumber ? space + field : field + space
        }
        var line = padded.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
