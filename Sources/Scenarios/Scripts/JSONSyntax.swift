/// The syntax of JSON (RFC 8259), and that no object has a key twice.
///
/// It makes no values: it keeps out what the reader of YAML takes and a parser of JSON does not.
enum JSONSyntax {
    /// Where a text stops being JSON, and why.
    struct Fault: Error, Hashable {
        /// The column, counted from 1 in Unicode scalars.
        var column: Int
        /// What is wrong.
        var message: String
    }

    /// The first fault of a line; nil if all of it is one JSON value.
    static func firstFault(in line: [Unicode.Scalar]) -> Fault? {
        var scanner = Scanner(scalars: line)
        do throws(Fault) {
            try scanner.value(depth: 1)
            scanner.skipSpace()
            guard scanner.isAtEnd else { throw scanner.fault("not JSON: a line holds one object and nothing after it") }
            return nil
        } catch {
            return error
        }
    }

    /// A line that is JSON as YAML reads it, with every value in its place.
    ///
    /// JSON has tabs between its parts, which YAML does not always take, and writes a character beyond U+FFFF as two
    /// escapes of a surrogate each, where YAML has one escape that is shorter by two: the text's end makes up for it.
    static func asYAML(_ line: [Unicode.Scalar]) -> String {
        var text = String.UnicodeScalarView()
        var index = 0
        var missing = 0
        var isInText = false
        while index < line.count {
            let scalar = line[index]
            if isInText, scalar == "\\" {
                if let lead = codeUnit(in: line, at: index), UTF16.isLeadSurrogate(lead),
                    let trail = codeUnit(in: line, at: index + 6), UTF16.isTrailSurrogate(trail)
                {
                    let value = 0x10000 + (UInt32(lead) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
                    let digits = String(value, radix: 16)
                    text += ("\\U" + String(repeating: "0", count: 8 - digits.count) + digits).unicodeScalars
                    missing += 2
                    index += 12
                } else {
                    text += line[index..<min(index + 2, line.count)]
                    index += 2
                }
                continue
            }
            text.append(scalar == "\t" ? " " : scalar)
            if scalar == "\"" {
                isInText.toggle()
                text += String(repeating: " ", count: missing).unicodeScalars
                missing = 0
            }
            index += 1
        }
        return String(text)
    }

    /// The UTF-16 code unit that an escape at a place of a line stands for; nil if there is none.
    private static func codeUnit(in line: [Unicode.Scalar], at index: Int) -> UInt16? {
        guard index >= 0, index + 6 <= line.count, line[index] == "\\", line[index + 1] == "u" else { return nil }
        var digits = String.UnicodeScalarView()
        digits += line[(index + 2)..<(index + 6)]
        return UInt16(String(digits), radix: 16)
    }

    /// The deepest nesting of lists and objects.
    static let maximumDepth = 8

    private struct Scanner {
        let scalars: [Unicode.Scalar]
        var index = 0

        static let halfPair = "not JSON: half of a surrogate pair"

        var isAtEnd: Bool { index == scalars.count }
        var next: Unicode.Scalar? { isAtEnd ? nil : scalars[index] }

        func fault(_ message: String) -> Fault { Fault(column: index + 1, message: message) }

        /// The whitespace of JSON that can stand inside a line.
        mutating func skipSpace() {
            while next == " " || next == "\t" { index += 1 }
        }

        mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
            skipSpace()
            guard next == scalar else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) throws(Fault) {
            skipSpace()
            guard depth <= JSONSyntax.maximumDepth else {
                throw fault("lists and objects are nested more than \(JSONSyntax.maximumDepth) deep")
            }
            switch next {
            case "{": try object(depth)
            case "[": try list(depth)
            case "\"": _ = try text()
            case .some(let scalar) where scalar == "-" || isDigit(scalar): try number()
            case .some(let scalar) where scalar.properties.isAlphabetic: try word()
            case "'": throw fault("not JSON: a text stands in double quotes, not in single ones")
            case nil: throw fault("not JSON: the line ends where a value should be")
            case .some(let scalar): throw fault("not JSON: \(quoted(String(scalar))) where a value should be")
            }
        }

        mutating func object(_ depth: Int) throws(Fault) {
            index += 1
            if accept("}") { return }
            var keys: Set<String> = []
            repeat {
                skipSpace()
                switch next {
                case "\"": break
                case nil: throw fault("not JSON: '}' is missing")
                case "}" where !keys.isEmpty: throw fault("not JSON: a comma stands before '}'")
                default: throw fault("not JSON: a key stands in double quotes")
                }
                let start = index
                let key = try text()
                guard keys.insert(key).inserted else {
                    throw Fault(column: start + 1, message: "duplicate key \(quoted(key))")
                }
                guard accept(":") else { throw fault("not JSON: ':' is missing after the key \(quoted(key))") }
                try value(depth: depth + 1)
            } while accept(",")
            guard accept("}") else { throw fault("not JSON: ',' or '}' is missing") }
        }

        mutating func list(_ depth: Int) throws(Fault) {
            index += 1
            if accept("]") { return }
            repeat { try value(depth: depth + 1) } while accept(",")
            guard accept("]") else { throw fault("not JSON: ',' or ']' is missing") }
        }

        /// Reads a text; answers with what stands between the quotes.
        mutating func text() throws(Fault) -> String {
            index += 1
            var content = String.UnicodeScalarView()
            while let scalar = next, scalar != "\"" {
                guard scalar.value >= 0x20 else { throw fault("not JSON: a control character in a text") }
                content.append(scalar)
                index += 1
                guard scalar == "\\" else { continue }
                guard let escaped = next, "\"\\/bfnrtu".unicodeScalars.contains(escaped) else {
                    throw fault("not JSON: no such escape")
                }
                content.append(escaped)
                index += 1
                guard escaped == "u" else { continue }
                let start = index - 2
                for _ in 0..<4 {
                    guard let digit = next, digit.isASCII, digit.properties.isASCIIHexDigit else {
                        throw fault("not JSON: '\\u' needs four hexadecimal digits")
                    }
                    content.append(digit)
                    index += 1
                }
                guard let unit = JSONSyntax.codeUnit(in: scalars, at: start) else { continue }
                if UTF16.isLeadSurrogate(unit) {
                    guard let trail = JSONSyntax.codeUnit(in: scalars, at: index), UTF16.isTrailSurrogate(trail) else {
                        throw Fault(column: start + 1, message: Self.halfPair)
                    }
                } else if UTF16.isTrailSurrogate(unit) {
                    guard let lead = JSONSyntax.codeUnit(in: scalars, at: start - 6), UTF16.isLeadSurrogate(lead) else {
                        throw Fault(column: start + 1, message: Self.halfPair)
                    }
                }
            }
            guard !isAtEnd else { throw fault("not JSON: the closing quote is missing") }
            index += 1
            return String(content)
        }

        mutating func number() throws(Fault) {
            if next == "-" { index += 1 }
            if next == "0", index + 1 < scalars.count, isDigit(scalars[index + 1]) {
                throw fault("not JSON: a number must not begin with 0")
            }
            try digits()
            if next == "." {
                index += 1
                try digits()
            }
            if next == "e" || next == "E" {
                index += 1
                if next == "+" || next == "-" { index += 1 }
                try digits()
            }
            if let scalar = next, scalar.properties.isAlphabetic || scalar == "_" || scalar == "." {
                throw fault("not JSON: a number with a unit stands in double quotes")
            }
        }

        mutating func digits() throws(Fault) {
            guard let digit = next, isDigit(digit) else { throw fault("not JSON: a digit is missing") }
            while let digit = next, isDigit(digit) { index += 1 }
        }

        mutating func word() throws(Fault) {
            let start = index
            var found = String.UnicodeScalarView()
            while let scalar = next, scalar.properties.isAlphabetic || isDigit(scalar) || scalar == "-" || scalar == "_"
            {
                found.append(scalar)
                index += 1
            }
            let word = String(found)
            guard ["true", "false", "null"].contains(word) else {
                throw Fault(column: start + 1, message: "not JSON: \(quoted(word)) needs double quotes")
            }
        }
    }
}
