import MonotonicTime
import Yams

/// What the author of a file may write for a value: limits beyond those of its kind.
struct Bounds<Value: Comparable & Sendable>: Sendable {
    var lower: Value?
    var lowerIsExcluded = false
    var upper: Value?
    var upperIsExcluded = false

    static var any: Bounds { Bounds() }
    static func atLeast(_ value: Value) -> Bounds { Bounds(lower: value) }
    static func above(_ value: Value) -> Bounds { Bounds(lower: value, lowerIsExcluded: true) }
    static func atMost(_ value: Value) -> Bounds { Bounds(upper: value) }
    static func below(_ value: Value) -> Bounds { Bounds(upper: value, upperIsExcluded: true) }
    static func within(_ range: ClosedRange<Value>) -> Bounds {
        Bounds(lower: range.lowerBound, upper: range.upperBound)
    }

    /// What a value must be, when it is not.
    func violation(of value: Value, shownBy show: (Value) -> String) -> String? {
        if let lower, lowerIsExcluded ? value <= lower : value < lower {
            return (lowerIsExcluded ? "more than " : "at least ") + show(lower)
        }
        if let upper, upperIsExcluded ? value >= upper : value > upper {
            return (upperIsExcluded ? "less than " : "at most ") + show(upper)
        }
        return nil
    }
}

/// Reads one value of a scenario file as what its definition says it is.
///
/// Mistakes of the author go to the report and make the accessor answer nil. Asking for a kind that the
/// definition does not allow is a mistake of the caller and ends the process.
struct NodeReader {
    /// What the author wrote: one value, a list or a mapping.
    enum Shape {
        case scalar, list, mapping
    }

    let node: Node
    let kind: ValueKind
    /// What messages call the value: its key, or the key of the list it stands in.
    let label: String
    let report: DiagnosticReport

    /// A reader of a value that should be of a kind.
    init(_ node: Node, as kind: ValueKind, label: String, report: DiagnosticReport) {
        self.node = node
        self.kind = kind
        self.label = label
        self.report = report
    }

    var position: Position { node.position }

    var shape: Shape {
        switch node {
        case .scalar, .alias: .scalar
        case .sequence: .list
        case .mapping: .mapping
        }
    }

    /// The text of a scalar as it stands in the file, whatever its kind; nil for a list, a mapping or no value.
    var scalarText: String? {
        guard case .scalar(let scalar) = node, !node.isNull else { return nil }
        return scalar.string
    }

    /// Reports a mistake at the value.
    func report(_ message: String) { report.error(message, at: position) }

    func duration(_ bounds: Bounds<Interval> = .any) -> Interval? {
        demand("a duration") { if case .duration = $0 { true } else { false } }
        return quantity("a duration such as '30s'", bounds, \.scenarioText, Quantity.duration)
    }

    func count(_ bounds: Bounds<Int> = .any) -> Int? {
        demand("a count") { if case .count = $0 { true } else { false } }
        return quantity("a whole number such as '10_000'", bounds, \.description, Quantity.count)
    }

    func probability(_ bounds: Bounds<Double> = .any) -> Double? {
        demand("a probability") { if case .probability = $0 { true } else { false } }
        return quantity("a share such as '2%'", bounds, plain, Quantity.probability)
    }

    /// Events per second.
    func rate(_ bounds: Bounds<Double> = .any) -> Double? {
        demand("a rate") { if case .rate = $0 { true } else { false } }
        return quantity("a rate such as '200/s'", bounds, { plain($0) + "/s" }, Quantity.rate)
    }

    /// Bits per second.
    func bandwidth(_ bounds: Bounds<Double> = .any) -> Double? {
        demand("a bandwidth") { if case .bandwidth = $0 { true } else { false } }
        return quantity("a bandwidth such as '12Mbit/s'", bounds, { plain($0) + "bit/s" }, Quantity.bandwidth)
    }

    /// Bytes.
    func size(_ bounds: Bounds<Int> = .any) -> Int? {
        demand("a size") { if case .size = $0 { true } else { false } }
        return quantity("a size such as '2kB'", bounds, { "\($0)B" }, Quantity.size)
    }

    func factor(_ bounds: Bounds<Double> = .any) -> Double? {
        demand("a factor") { if case .factor = $0 { true } else { false } }
        return quantity("a number such as '1.6'", bounds, plain, Quantity.factor)
    }

    func distribution() -> DurationDistribution? {
        demand("a distribution") { if case .distribution = $0 { true } else { false } }
        let words = kind.words.map { "'\($0)'" }
        let expected = (["a duration or a distribution such as 'uniform(20s, 45s)'"] + words).joined(separator: " or ")
        return scalar(expected) { text throws(Complaint) in
            guard words.isEmpty || !text.unicodeScalars.allSatisfy(\.properties.isAlphabetic) else {
                throw Complaint("\(quoted(label)) must be \(expected), not \(quoted(text))")
            }
            return try DistributionSyntax.parse(text)
        }
    }

    func text() -> String? {
        demand("a text") { if case .text = $0 { true } else { false } }
        return scalar("a text") { text throws(Complaint) in
            guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
                throw Complaint("\(quoted(label)) must not be empty")
            }
            return text
        }
    }

    func name() -> String? {
        demand("a name") { if case .name = $0 { true } else { false } }
        return scalar("a name") { text throws(Complaint) in
            guard isName(text) else {
                throw Complaint(
                    "\(quoted(text)) is not a name: use letters, digits, '-', '_' and '.', beginning with a letter or digit"
                )
            }
            return text
        }
    }

    func boolean() -> Bool? {
        demand("a boolean") { if case .boolean = $0 { true } else { false } }
        return scalar("'true' or 'false'") { text throws(Complaint) in
            switch text {
            case "true": return true
            case "false": return false
            default: throw Complaint("\(quoted(label)) must be 'true' or 'false', not \(quoted(text))")
            }
        }
    }

    /// One of the words that the definition lists.
    func choice() -> String? {
        var words: [String] = []
        demand("a choice") { kind in
            guard case .choice(let listed) = kind else { return false }
            words += listed
            return true
        }
        return scalar("one of " + words.joined(separator: ", ")) { text throws(Complaint) in
            guard words.contains(text) else {
                throw Complaint(
                    "\(quoted(label)) cannot be \(quoted(text))"
                        + Suggestion.hint(for: text, among: words, called: "possible values")
                )
            }
            return text
        }
    }

    /// The text of a value with a syntax of its own, not parsed.
    func expression() -> String? {
        demand("an expression") { if case .expression = $0 { true } else { false } }
        return scalar("a text") { text throws(Complaint) in text }
    }

    /// The mapping as a section; of several sections that the value may be, the one with the given name.
    ///
    /// - Parameter name: may be left out when the definition allows one section only.
    func section(_ name: String? = nil) -> SectionReader? {
        var definitions: [SectionDefinition] = []
        demand("a section" + (name.map { " '\($0)'" } ?? "")) { kind in
            guard case .lazySection(let definition) = kind else { return false }
            let found = definition()
            guard name == nil || found.name == name else { return false }
            definitions.append(found)
            return true
        }
        guard definitions.count == 1 else {
            fatalError("'\(label)' may be one of several sections: say which")
        }
        return SectionReader(node, definitions[0], label: label, report: report)
    }

    /// The items of a list.
    func list() -> [NodeReader]? {
        var item: ValueKind?
        demand("a list") { kind in
            guard case .list(let of) = kind else { return false }
            item = of
            return true
        }
        guard let item else { return nil }
        guard case .sequence(let sequence) = node else {
            report("\(quoted(label)) must be a list, not \(found)")
            return nil
        }
        return sequence.map { NodeReader($0, as: item, label: label, report: report) }
    }

    /// The entries of a mapping whose keys are names that the author chose, in the order of the file.
    func mapping() -> [NamedNode]? {
        var value: ValueKind?
        demand("a mapping") { kind in
            guard case .mapping(let of) = kind else { return false }
            value = of
            return true
        }
        guard let value else { return nil }
        guard case .mapping(let mapping) = node else {
            report("\(quoted(label)) must be a mapping of names, not \(found)")
            return nil
        }
        var entries: [NamedNode] = []
        for (key, child) in mapping {
            guard let name = readKey(key, report: report) else { continue }
            guard isName(name) else {
                report.error(
                    "\(quoted(name)) is not a name: use letters, digits, '-', '_' and '.', "
                        + "beginning with a letter or digit",
                    at: key.position
                )
                continue
            }
            entries.append(
                NamedNode(
                    name: name,
                    position: key.position,
                    value: NodeReader(child, as: value, label: name, report: report)
                )
            )
        }
        return entries
    }

    /// What the author wrote, for messages of the form "…, not X".
    var found: String {
        switch node {
        case .scalar(let scalar): node.isNull ? "nothing" : quoted(scalar.string)
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    private func demand(_ wanted: String, _ matches: (ValueKind) -> Bool) {
        // Every alternative is looked at: matches may gather what it needs of each.
        guard kind.alternatives.filter(matches).isEmpty else { return }
        fatalError("'\(label)' is read as \(wanted), but its definition does not say so")
    }

    private func scalar<Value>(_ expected: String, _ parse: (String) throws(Complaint) -> Value) -> Value? {
        guard let text = scalarText else {
            report(
                node.isNull
                    ? "\(quoted(label)) has no value: expected \(expected)"
                    : "\(quoted(label)) must be \(expected), not \(found)"
            )
            return nil
        }
        do {
            return try parse(text)
        } catch {
            report(error.message)
            return nil
        }
    }

    private func quantity<Value>(
        _ expected: String,
        _ bounds: Bounds<Value>,
        _ show: (Value) -> String,
        _ parse: (String) throws(Complaint) -> Value
    ) -> Value? {
        scalar(expected) { text throws(Complaint) in
            let words = kind.words.map { "'\($0)'" }
            if !words.isEmpty, text.unicodeScalars.first?.properties.isAlphabetic == true {
                throw Complaint(
                    "\(quoted(label)) must be \(([expected] + words).joined(separator: " or ")), not \(quoted(text))"
                )
            }
            let value = try parse(text)
            guard let limit = bounds.violation(of: value, shownBy: show) else { return value }
            throw Complaint("\(quoted(label)) must be \(limit), not \(quoted(text))")
        }
    }
}

/// An entry of a mapping whose keys the author chose.
struct NamedNode {
    let name: String
    /// Where the name stands.
    let position: Position
    let value: NodeReader
}

/// Reads a mapping of a scenario file by its definition.
///
/// Unknown, missing and unusable keys are reported when the reader is made, wrong values when they are asked for.
/// An accessor answers nil for a key that is absent and for one whose value is wrong; `isPresent` tells them
/// apart. A key that the definition lacks, or has with another kind, is a mistake of the caller and ends the
/// process.
struct SectionReader {
    let definition: SectionDefinition
    let report: DiagnosticReport
    /// Where the section begins.
    let position: Position
    private var values: [String: Node] = [:]

    /// A reader of a mapping.
    ///
    /// - Parameter label: what messages call the section; its name when left out.
    init(_ node: Node, _ definition: SectionDefinition, label: String? = nil, report: DiagnosticReport) {
        self.definition = definition
        self.report = report
        position = node.position
        let label = label ?? definition.name
        guard case .mapping(let mapping) = node else {
            let reader = NodeReader(node, as: .text, label: label, report: report)
            report.error(
                "\(quoted(label)) must be a mapping of keys to values, not \(reader.found)"
                    + " (keys: \(definition.keys.map(\.name).joined(separator: ", ")))",
                at: node.position
            )
            return
        }
        let known = definition.keys.map(\.name)
        for (key, value) in mapping {
            guard let name = readKey(key, report: report) else { continue }
            guard definition.key(name) != nil else {
                report.error(
                    "unknown key \(quoted(name))" + Suggestion.hint(for: name, among: known, called: "known keys"),
                    at: key.position
                )
                continue
            }
            guard values.updateValue(value, forKey: name) == nil else {
                report.error("duplicate key \(quoted(name))", at: key.position)
                continue
            }
        }
        for key in definition.keys where key.isRequired && values[key.name] == nil {
            report.error("missing key '\(key.name)' in \(quoted(label))", at: node.position)
        }
    }

    /// Whether the file has the key, with whatever value.
    func isPresent(_ key: String) -> Bool {
        _ = keyDefinition(key)
        return values[key] != nil
    }

    /// The value of a key, or nil when it is absent.
    func node(_ key: String) -> NodeReader? {
        let definition = keyDefinition(key)
        return values[key].map { NodeReader($0, as: definition.kind, label: key, report: report) }
    }

    /// Where a mistake that concerns a key is shown: at its value, or at the section when the key is absent.
    func position(of key: String) -> Position { node(key)?.position ?? position }

    /// Reports a mistake at the value of a key, or at the section when the key is absent.
    func report(_ message: String, at key: String) { report.error(message, at: position(of: key)) }

    /// Reports a mistake at the beginning of the section.
    func report(_ message: String) { report.error(message, at: position) }

    /// Reports a doubt at the value of a key, or at the section when the key is absent.
    func warn(_ message: String, at key: String) { report.warning(message, at: position(of: key)) }

    func duration(_ key: String, _ bounds: Bounds<Interval> = .any) -> Interval? {
        reader(key, .duration)?.duration(bounds)
    }

    func count(_ key: String, _ bounds: Bounds<Int> = .any) -> Int? { reader(key, .count)?.count(bounds) }

    func probability(_ key: String, _ bounds: Bounds<Double> = .any) -> Double? {
        reader(key, .probability)?.probability(bounds)
    }

    /// Events per second.
    func rate(_ key: String, _ bounds: Bounds<Double> = .any) -> Double? { reader(key, .rate)?.rate(bounds) }

    /// Bits per second.
    func bandwidth(_ key: String, _ bounds: Bounds<Double> = .any) -> Double? {
        reader(key, .bandwidth)?.bandwidth(bounds)
    }

    /// Bytes.
    func size(_ key: String, _ bounds: Bounds<Int> = .any) -> Int? { reader(key, .size)?.size(bounds) }

    func factor(_ key: String, _ bounds: Bounds<Double> = .any) -> Double? { reader(key, .factor)?.factor(bounds) }

    func distribution(_ key: String) -> DurationDistribution? { reader(key, .distribution)?.distribution() }

    func text(_ key: String) -> String? { reader(key, .text)?.text() }

    func name(_ key: String) -> String? { reader(key, .name)?.name() }

    func boolean(_ key: String) -> Bool? { reader(key, .boolean)?.boolean() }

    func choice(_ key: String) -> String? { reader(key, .choice([]))?.choice() }

    func expression(_ key: String) -> String? { reader(key, .expression(pattern: ""))?.expression() }

    /// The section of a key; nil when it is absent. A value that is no mapping gives a reader without keys.
    func section(_ key: String) -> SectionReader? {
        let sample = definition
        return reader(key, .section(sample))?.section()
    }

    /// The items of a list; none when the key is absent or its value no list.
    func list(_ key: String) -> [NodeReader] { reader(key, .list(of: .text))?.list() ?? [] }

    /// The entries of a mapping with free names; none when the key is absent or its value no mapping.
    func mapping(_ key: String) -> [NamedNode] { reader(key, .mapping(of: .text))?.mapping() ?? [] }

    /// The value of a key, after making sure that it may be of a kind even when the file does not have it.
    private func reader(_ key: String, _ wanted: ValueKind) -> NodeReader? {
        guard keyDefinition(key).kind.alternatives.contains(where: { $0.isSameForm(as: wanted) }) else {
            fatalError("key '\(key)' of section '\(definition.name)' is read as another kind than its definition says")
        }
        return node(key)
    }

    private func keyDefinition(_ key: String) -> KeyDefinition {
        guard let found = definition.key(key) else {
            fatalError("section '\(definition.name)' has no key '\(key)' in its definition")
        }
        return found
    }
}

extension ValueKind {
    /// Whether two kinds are the same, leaving aside what they are made of.
    func isSameForm(as other: ValueKind) -> Bool { form == other.form }

    private var form: Int {
        switch self {
        case .duration: 0
        case .count: 1
        case .probability: 2
        case .rate: 3
        case .bandwidth: 4
        case .size: 5
        case .factor: 6
        case .text: 7
        case .name: 8
        case .boolean: 9
        case .choice: 10
        case .distribution: 11
        case .expression: 12
        case .lazySection: 13
        case .list: 14
        case .mapping: 15
        case .oneOf: 16
        }
    }
}

extension Node {
    /// Where the node stands; the value of an alias stands where its anchor does.
    var position: Position { mark.map { Position(line: $0.line, column: $0.column) } ?? .start }

    /// Whether nothing stands where a value should: an empty plain scalar, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}

/// The text of a mapping's key; reports keys that are no text, and merge keys.
private func readKey(_ key: Node, report: DiagnosticReport) -> String? {
    guard case .scalar(let scalar) = key else {
        report.error("a key must be a plain text", at: key.position)
        return nil
    }
    guard scalar.string != "<<" else {
        report.error("merge keys '<<' are not supported: use 'extends'", at: key.position)
        return nil
    }
    return scalar.string
}

/// Whether a text can name a policy, a server or the like.
private func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isLetterOrDigit(first), text.utf8.count <= 100 else { return false }
    return text.unicodeScalars.allSatisfy { isLetterOrDigit($0) || $0 == "-" || $0 == "_" || $0 == "." }
}

private func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    isDigit(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
}

/// A number for a message, without the `.0` of whole ones.
private func plain(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
