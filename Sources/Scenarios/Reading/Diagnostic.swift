/// One thing that is wrong, or doubtful, at one place of a scenario file.
public struct Diagnostic: Sendable, Hashable {
    /// How much a diagnostic weighs.
    public enum Severity: String, Sendable, Hashable {
        /// The file cannot be used.
        case error
        /// The file can be used, but probably does not say what its author meant.
        case warning
    }

    /// The file as the user named it.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// The column, counted from 1 in Unicode scalars.
    public var column: Int
    /// Whether the file can still be used.
    public var severity: Severity
    /// What is wrong and, where it can be told, what would be right.
    public var message: String

    /// A diagnostic for a place in a file.
    public init(file: String, line: Int, column: Int, severity: Severity, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
    }

    /// The diagnostic's line, followed by the source line it is about and a caret under the column.
    ///
    /// Long source lines are cut around the caret. Without such a line in the source, only the first line remains.
    ///
    /// - Parameter source: the whole text of the file.
    public func rendered(source: String) -> String {
        rendered(lines: sourceLines(source))
    }

    fileprivate func rendered(lines: [Substring.UnicodeScalarView]) -> String {
        guard line >= 1, line <= lines.count, column >= 1 else { return description }
        let widest = 160
        let scalars = Array(lines[line - 1])
        let caret = Swift.min(column - 1, scalars.count)
        let start = caret < widest ? 0 : caret - widest / 2
        let end = Swift.min(scalars.count, start + widest)
        var shown = start > 0 ? "…" : ""
        var padding = start > 0 ? " " : ""
        for index in start..<end {
            shown.unicodeScalars.append(scalars[index])
            if index < caret { padding += scalars[index] == "\t" ? "\t" : " " }
        }
        if end < scalars.count { shown += "…" }
        return "\(description)\n\(shown)\n\(padding)^"
    }
}

extension Diagnostic: CustomStringConvertible {
    /// The form that editors and compilers use: `file.yaml:12:7: error: unknown key 'jiter'`.
    public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}

/// A scenario file that cannot be used, with everything that is wrong with it.
public struct ScenarioError: Error, Sendable, Hashable {
    /// What was found, in the order of the file; at least one entry is an error.
    public var diagnostics: [Diagnostic]

    /// An error made of what was found in a file.
    public init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    /// Every diagnostic with its source line and caret.
    ///
    /// - Parameter source: the whole text of the file.
    public func rendered(source: String) -> String {
        let lines = sourceLines(source)
        return diagnostics.map { $0.rendered(lines: lines) }.joined(separator: "\n")
    }
}

extension ScenarioError: CustomStringConvertible {
    /// One line for each diagnostic.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// A place in a text, both numbers counted from 1.
struct Position: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Gathers what is wrong with one file, so that the user sees all of it at once.
final class DiagnosticReport {
    /// The file as the user named it.
    let file: String
    private let limit: Int
    private var found: Set<Diagnostic> = []
    private(set) var hasErrors = false

    /// An empty report.
    ///
    /// - Parameter limit: how many diagnostics `diagnostics` shows at most, before the line that counts the rest.
    init(file: String, limit: Int = 100) {
        self.file = file
        self.limit = limit
    }

    func error(_ message: String, at position: Position) { add(message, at: position, severity: .error) }

    func warning(_ message: String, at position: Position) { add(message, at: position, severity: .warning) }

    func add(_ message: String, at position: Position, severity: Diagnostic.Severity) {
        if severity == .error { hasErrors = true }
        found.insert(
            Diagnostic(
                file: file,
                line: position.line,
                column: position.column,
                severity: severity,
                message: message
            )
        )
    }

    /// What was found, each once, in the order of the file; errors stand before warnings of the same place.
    var diagnostics: [Diagnostic] {
        let sorted = found.sorted { left, right in
            (left.line, left.column, left.severity.rawValue, left.message)
                < (right.line, right.column, right.severity.rawValue, right.message)
        }
        guard sorted.count > limit else { return sorted }
        // What is left out must not turn a useless file into one with warnings only.
        let hidden = sorted[limit...]
        var shown = Array(sorted[..<limit])
        if let first = hidden.first {
            shown.append(
                Diagnostic(
                    file: file,
                    line: first.line,
                    column: first.column,
                    severity: hidden.contains { $0.severity == .error } ? .error : .warning,
                    message: "\(hidden.count) more of these are not shown"
                )
            )
        }
        return shown
    }

    /// The error to throw, when at least one of the diagnostics is an error.
    var failure: ScenarioError? { hasErrors ? ScenarioError(diagnostics: diagnostics) : nil }
}

/// The lines of a text, broken where YAML breaks them.
func sourceLines(_ source: String) -> [Substring.UnicodeScalarView] {
    let scalars = source[...].unicodeScalars
    var lines: [Substring.UnicodeScalarView] = []
    var start = scalars.startIndex
    var index = start
    while index < scalars.endIndex {
        let scalar = scalars[index]
        let next = scalars.index(after: index)
        guard isLineBreak(scalar) else {
            index = next
            continue
        }
        lines.append(scalars[start..<index])
        index = scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n" ? scalars.index(after: next) : next
        start = index
    }
    lines.append(scalars[start...])
    return lines
}

/// Whether a scalar ends a line in YAML 1.1: line feed, carriage return, next line, line and paragraph separator.
func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
}

/// A text of the user's in quotes, for a message: control characters escaped, long texts cut.
func quoted(_ text: String) -> String {
    var shown = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == 60 {
            shown += "…"
            break
        }
        if scalar.properties.generalCategory == .control || isLineBreak(scalar) {
            shown += scalar.escaped(asASCII: true)
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return "'\(shown)'"
}
