/// JSON Schema (draft 2020-12) of a file that a definition describes, for completion and checks in editors.
enum JSONSchema {
    /// The schema as text that ends with a line feed; the same text for the same definition.
    ///
    /// Every section stands in `$defs` under its name, in the order in which the definition first reaches it.
    static func text(for root: SectionDefinition) -> String {
        var builder = SchemaBuilder()
        builder.add(root)
        let document = JSONValue.object([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string(root.name)),
            ("$ref", .string("#/$defs/\(root.name)")),
            ("$defs", .object(builder.sections)),
        ])
        return document.text() + "\n"
    }
}

private struct SchemaBuilder {
    /// The finished sections. A section takes its place before those it refers to.
    private(set) var sections: [(String, JSONValue)] = []

    mutating func add(_ section: SectionDefinition) {
        guard !sections.contains(where: { $0.0 == section.name }) else { return }
        let index = sections.count
        sections.append((section.name, .object([])))
        var properties: [(String, JSONValue)] = []
        for key in section.keys {
            let description = key.defaultText.map { "\(key.summary) Default: \($0)." } ?? key.summary
            properties.append((key.name, .object([("description", .string(description))] + schema(of: key.kind))))
        }
        var members: [(String, JSONValue)] = [
            ("description", .string(section.summary)),
            ("type", .string("object")),
            ("properties", .object(properties)),
        ]
        let required = section.keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        members.append(("additionalProperties", .boolean(false)))
        sections[index].1 = .object(members)
    }

    private mutating func schema(of kind: ValueKind) -> [(String, JSONValue)] {
        switch kind {
        case .duration: text("^\(Self.duration)$")
        case .count: number("integer", or: "^\(Self.decimal)[kMG]?$")
        case .probability: number("number", atMost: 1, or: "^\(Self.decimal)([eE][-+]?[0-9]+)?%?$")
        case .rate: text("^\(Self.decimal)[kMG]?/(s|min|h|d)$")
        case .bandwidth: text("^\(Self.decimal)[kMG]?bit/s$")
        case .size: text("^\(Self.decimal)([kMG]|[KMG]i)?B$")
        case .factor: number("number", or: "^(x?\(Self.decimal)([eE][-+]?[0-9]+)?|\(Self.decimal)x)$")
        case .text: scalar("\\S")
        case .name: scalar("^[A-Za-z0-9][A-Za-z0-9._-]*$")
        case .boolean: [("type", .string("boolean"))]
        case .choice(let words): [("enum", .array(words.map { .string($0) }))]
        case .distribution: text(DistributionSyntax.pattern(duration: Self.duration))
        case .expression(let pattern): text(pattern)
        case .lazySection(let definition): reference(to: definition())
        case .list(let item): [("type", .string("array")), ("items", .object(schema(of: item)))]
        case .mapping(let value):
            [
                ("type", .string("object")),
                ("propertyNames", .object(schema(of: .name))),
                ("additionalProperties", .object(schema(of: value))),
            ]
        case .oneOf(let kinds): [("anyOf", .array(alternatives(kinds)))]
        }
    }

    private mutating func alternatives(_ kinds: [ValueKind]) -> [JSONValue] {
        var schemas: [JSONValue] = []
        for kind in kinds { schemas.append(.object(schema(of: kind))) }
        return schemas
    }

    private mutating func reference(to section: SectionDefinition) -> [(String, JSONValue)] {
        add(section)
        return [("$ref", .string("#/$defs/\(section.name)"))]
    }

    private func text(_ pattern: String) -> [(String, JSONValue)] {
        [("type", .string("string")), ("pattern", .string(pattern))]
    }

    /// A text that YAML may take for a number, such as `2024`; the pattern is for those it does not.
    private func scalar(_ pattern: String) -> [(String, JSONValue)] {
        [("type", .array([.string("string"), .string("number")])), ("pattern", .string(pattern))]
    }

    /// A quantity that YAML takes for a number when it is written without a unit.
    private func number(_ type: String, atMost maximum: Int? = nil, or pattern: String) -> [(String, JSONValue)] {
        var plain: [(String, JSONValue)] = [("type", .string(type)), ("minimum", .integer(0))]
        if let maximum { plain.append(("maximum", .integer(maximum))) }
        return [("anyOf", .array([.object(plain), .object(text(pattern))]))]
    }

    private static let decimal = "[0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?"
    private static let duration = "(\(decimal)(d|h|ms|m|s|us|µs|μs|ns))+"
}

/// A JSON value whose objects keep the order of their members.
indirect enum JSONValue {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// The value as JSON, two spaces a level.
    func text(indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .string(let text): return Self.literal(text)
        case .integer(let value): return "\(value)"
        case .boolean(let value): return "\(value)"
        case .array(let items):
            guard !items.isEmpty else { return "[]" }
            return "[\n" + items.map { inner + $0.text(indentation: inner) }.joined(separator: ",\n")
                + "\n\(indentation)]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            return "{\n"
                + members.map { "\(inner)\(Self.literal($0.0)): \($0.1.text(indentation: inner))" }
                .joined(separator: ",\n") + "\n\(indentation)}"
        }
    }

    private static func literal(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
