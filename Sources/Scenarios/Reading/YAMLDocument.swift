import Yams

/// A file that is well-formed YAML: one document, of a size that can be walked.
struct YAMLDocument {
    /// The file as the user named it.
    let file: String
    /// The text, without a byte order mark.
    let source: String
    /// The tree. It has at most `maximumNodes` nodes with every alias counted as what it stands for, all keys of
    /// its mappings are scalars, and no mapping has a key twice.
    let root: Node

    /// The largest file that is read.
    static let maximumBytes = 2 << 20
    /// The most nodes that a file may have, counting what an alias stands for each time it is used.
    static let maximumNodes = 1_000_000
    /// The deepest nesting of lists and mappings.
    static let maximumDepth = 100

    /// Reads YAML from the bytes of a file.
    ///
    /// - Throws: what is wrong with the bytes. Syntax errors end the reading, so there is usually one.
    static func compose(_ bytes: [UInt8], file: String) throws(ScenarioError) -> YAMLDocument {
        try compose(valid: text(of: bytes, file: file, format: "YAML"), file: file)
    }

    /// The text of a file, without a byte order mark, if every character of it is allowed in YAML.
    ///
    /// - Parameter format: what a message says that a character is not allowed in.
    /// - Throws: what is wrong with the bytes.
    static func text(of bytes: [UInt8], file: String, format: String) throws(ScenarioError) -> String {
        guard bytes.count <= maximumBytes else {
            throw failure(file, .start, "the file has \(bytes.count) bytes; the limit is 2 MiB")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw failure(file, .start, "the file is UTF-16: save it as UTF-8")
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let content = hasMark ? bytes[3...] : bytes[...]
        if let (position, message) = firstBadCharacter(in: content, format) { throw failure(file, position, message) }
        return String(decoding: content, as: UTF8.self)
    }

    /// Reads YAML from a text.
    ///
    /// - Throws: what is wrong with the text.
    static func compose(_ text: String, file: String) throws(ScenarioError) -> YAMLDocument {
        try compose(Array(text.utf8), file: file)
    }

    private static func compose(valid source: String, file: String) throws(ScenarioError) -> YAMLDocument {
        // The parser hashes the keys of a mapping. When a key contains aliases this can take for ever, so a text
        // that may have aliases is parsed with a placeholder for each of them first.
        if source.utf8.contains(UInt8(ascii: "*")) {
            var masked = String.UnicodeScalarView()
            for scalar in source.unicodeScalars { masked.append(scalar == "*" ? aliasPlaceholder : scalar) }
            if let root = try parse(String(masked), file: file, source: source) {
                try checkKeys(of: root, file: file, source: source)
            }
        }
        guard let root = try parse(source, file: file, source: source) else {
            throw failure(file, .start, "the file is empty")
        }
        try checkKeys(of: root, file: file, source: source)
        return YAMLDocument(file: file, source: source, root: root)
    }

    /// A character of the private use area, which YAML allows at the beginning of a plain scalar.
    private static let aliasPlaceholder: Unicode.Scalar = "\u{E000}"

    private static func parse(_ text: String, file: String, source: String) throws(ScenarioError) -> Node? {
        do {
            // Not the default resolver: what a scalar means is for the reader of scenarios to say.
            return try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw explained(error, file: file, source: source)
        } catch {
            throw failure(file, .start, "the file is not valid YAML")
        }
    }

    /// Makes sure that the tree can be walked and that its keys are scalars.
    private static func checkKeys(of root: Node, file: String, source: String) throws(ScenarioError) {
        let report = DiagnosticReport(file: file)
        var waiting: [(node: Node, depth: Int)] = [(root, 1)]
        var count = 1
        while let (node, depth) = waiting.popLast() {
            guard depth <= maximumDepth else {
                throw failure(file, node.position, "lists and mappings are nested more than \(maximumDepth) deep")
            }
            switch node {
            case .mapping(let mapping):
                count += 2 * mapping.count
                guard count <= maximumNodes else { break }
                for (key, value) in mapping {
                    if case .scalar(let scalar) = key {
                        if scalar.string.unicodeScalars.first == aliasPlaceholder {
                            report.error("an alias cannot be a key: write the text itself", at: key.position)
                        }
                    } else {
                        report.error("a key must be a plain text, not a list or mapping", at: key.position)
                    }
                    waiting.append((value, depth + 1))
                }
            case .sequence(let sequence):
                count += sequence.count
                guard count <= maximumNodes else { break }
                for item in sequence { waiting.append((item, depth + 1)) }
            case .scalar, .alias:
                break
            }
            guard count <= maximumNodes else {
                throw failure(
                    file,
                    .start,
                    "the file has more than \(maximumNodes) values, counting what aliases stand for"
                )
            }
        }
        if let failure = report.failure { throw failure }
    }

    private static func failure(_ file: String, _ position: Position, _ message: String) -> ScenarioError {
        ScenarioError(
            diagnostics: [
                Diagnostic(
                    file: file,
                    line: position.line,
                    column: position.column,
                    severity: .error,
                    message: message
                )
            ]
        )
    }
}

// MARK: - Bytes

extension YAMLDocument {
    /// The first place that is not UTF-8, or that holds a character YAML forbids.
    private static func firstBadCharacter(in bytes: ArraySlice<UInt8>, _ format: String) -> (Position, String)? {
        var line = 1
        var column = 1
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var previous: Unicode.Scalar?
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                guard isAllowed(scalar) else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
                    let message = "the character U+\(padded) is not allowed in \(format)"
                    return (Position(line: line, column: column), message)
                }
                if scalar == "\n", previous == "\r" {
                    // The carriage return has already ended the line.
                } else if isLineBreak(scalar) {
                    line += 1
                    column = 1
                } else {
                    column += 1
                }
                previous = scalar
            case .emptyInput:
                return nil
            case .error:
                return (Position(line: line, column: column), "the file is not valid UTF-8 here")
            }
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE001...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}

// MARK: - Syntax errors

extension YAMLDocument {
    private static func explained(_ error: YamlError, file: String, source: String) -> ScenarioError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let position = Position(line: mark.line, column: mark.column)
            var message = "not valid YAML: \(problem)"
            if let context {
                message += ", \(context.text)"
                if context.mark.line != mark.line, context.mark.line > 0 {
                    message += " that begins in line \(context.mark.line)"
                }
            }
            return failure(file, position, message + hint(at: position, source))
        case .composer(_, let problem, let mark, _):
            let isSecond = problem.contains("another document")
            return failure(
                file,
                Position(line: mark.line, column: mark.column),
                isSecond ? "a scenario file holds one document, but here begins another" : "not valid YAML: \(problem)"
            )
        case .duplicatedKeysInMapping(let names, let context):
            return duplicates(names, first: context.mark, file: file, source: source)
        case .reader(let problem, _, _, _):
            return failure(file, .start, "not valid YAML: \(problem)")
        default:
            return failure(file, .start, "the file is not valid YAML")
        }
    }

    /// What usually is meant where a certain syntax error occurs.
    private static func hint(at position: Position, _ source: String) -> String {
        let lines = sourceLines(source)
        guard position.line >= 1, position.line <= lines.count else { return "" }
        let line = Array(lines[position.line - 1])
        if position.column >= 1, position.column <= line.count {
            switch line[position.column - 1] {
            case "\t": return " (indent with spaces, not with tabs)"
            case "%", "@", "`": return " (a text that begins with '\(line[position.column - 1])' needs quotes)"
            default: break
            }
        }
        let text = String(Substring(lines[position.line - 1]))
        for name in DistributionSyntax.names where text.contains("\(name)(") {
            return " (put quotes around '\(name)(…)': YAML reads its colons and commas otherwise)"
        }
        return ""
    }

    /// The parser tells where a key stands first; the place where it stands again is looked for in the text.
    private static func duplicates(_ names: [String], first: Mark, file: String, source: String) -> ScenarioError {
        let name = names.first ?? ""
        let lines = sourceLines(source)
        var position = Position(line: first.line, column: first.column)
        var message = "duplicate key \(quoted(name))"
        for number in (first.line + 1)..<max(first.line + 1, lines.count + 1) {
            let line = String(Substring(lines[number - 1]))
            let indentation = line.prefix { $0 == " " }.count
            guard indentation < line.unicodeScalars.count else { continue }
            if indentation < first.column - 1 { break }
            let rest = line.dropFirst(first.column - 1)
            guard indentation == first.column - 1 else { continue }
            if ["\(name):", "\"\(name)\":", "'\(name)':", "\(name) :"].contains(where: { rest.hasPrefix($0) }) {
                position = Position(line: number, column: first.column)
                message += ", first given in line \(first.line)"
                break
            }
        }
        if position.line == first.line { message += ": it is given more than once" }
        if names.count > 1 {
            message += " (as are \(names.dropFirst().prefix(10).map(quoted).joined(separator: ", ")))"
        }
        return failure(file, position, message)
    }
}
