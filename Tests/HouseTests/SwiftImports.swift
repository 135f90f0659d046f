/// Finds the modules that a Swift file imports, whatever stands around the word `import`.
///
/// `import` is a reserved word: outside comments and texts it begins an import, unless it is a member after a dot,
/// a label before a colon, or stands in backticks.
enum SwiftImports {
    private static let kinds: Set = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]

    /// The modules in the order of the file, each as often as it is imported.
    static func modules(in source: String) -> [String] {
        var scanner = Scanner(Array(source.unicodeScalars))
        let words = scanner.words()
        var modules: [String] = []
        for (index, word) in words.enumerated() where word == "import" {
            guard index == 0 || words[index - 1] != "." else { continue }
            var next = index + 1
            if next < words.count, kinds.contains(words[next]) { next += 1 }
            guard next < words.count, let first = words[next].unicodeScalars.first, isWordPart(first) else { continue }
            modules.append(words[next])
        }
        return modules
    }

    fileprivate static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isXIDContinue
    }

    /// Cuts a file into words and single signs, leaving out comments and what stands in texts.
    private struct Scanner {
        private let scalars: [Unicode.Scalar]
        private var index = 0

        init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

        /// The words up to the end, or up to the parenthesis that ends an interpolation.
        mutating func words(inInterpolation: Bool = false) -> [String] {
            var words: [String] = []
            var depth = 0
            while index < scalars.count {
                let scalar = scalars[index]
                if starts("//") {
                    while index < scalars.count, scalars[index] != "\n", scalars[index] != "\r" { index += 1 }
                } else if starts("/*") {
                    skipComment()
                } else if let hashes = hashesBeforeText() {
                    index += hashes
                    words += text(hashes: hashes)
                } else if scalar == "`" {
                    words.append(quotedName())
                } else if SwiftImports.isWordPart(scalar) {
                    let start = index
                    while index < scalars.count, SwiftImports.isWordPart(scalars[index]) { index += 1 }
                    words.append(string(start..<index))
                } else {
                    index += 1
                    if inInterpolation, scalar == "(" { depth += 1 }
                    if inInterpolation, scalar == ")" {
                        if depth == 0 { return words }
                        depth -= 1
                    }
                    if !scalar.properties.isWhitespace { words.append(String(scalar)) }
                }
            }
            return words
        }

        /// The name in backticks; `import` in backticks is a name like any other and not the reserved word.
        private mutating func quotedName() -> String {
            let start = index + 1
            index = start
            while index < scalars.count, scalars[index] != "`", scalars[index] != "\n" { index += 1 }
            let name = string(start..<index)
            index += 1
            return name == "import" ? "`import`" : name
        }

        private mutating func skipComment() {
            var depth = 0
            repeat {
                if starts("/*") {
                    depth += 1
                    index += 2
                } else if starts("*/") {
                    depth -= 1
                    index += 2
                } else {
                    index += 1
                }
            } while depth > 0 && index < scalars.count
        }

        /// How many number signs stand before the quotation mark that begins a text here; nil if none begins.
        private func hashesBeforeText() -> Int? {
            var end = index
            while end < scalars.count, scalars[end] == "#" { end += 1 }
            return end < scalars.count && scalars[end] == "\"" ? end - index : nil
        }

        /// Skips a text; answers the words of the code that is interpolated into it.
        private mutating func text(hashes: Int) -> [String] {
            let mark = starts("\"\"\"") ? "\"\"\"" : "\""
            let sharps = String(repeating: "#", count: hashes)
            var words: [String] = []
            index += mark.unicodeScalars.count
            while index < scalars.count {
                if starts(mark + sharps) {
                    index += mark.unicodeScalars.count + hashes
                    return words
                }
                if mark == "\"", scalars[index] == "\n" { return words }
                if starts("\\" + sharps + "(") {
                    index += hashes + 2
                    words += self.words(inInterpolation: true)
                } else if starts("\\" + sharps) {
                    index += hashes + 2
                } else {
                    index += 1
                }
            }
            return words
        }

        private func starts(_ text: String) -> Bool { scalars[index...].starts(with: text.unicodeScalars) }

        private func string(_ range: Range<Int>) -> String {
            String(String.UnicodeScalarView(scalars[range]))
        }
    }
}
