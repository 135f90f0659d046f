/// What one mapping of a scenario file may contain.
///
/// The reader checks files against it and the JSON Schema is generated from it, so that the two cannot disagree.
struct SectionDefinition: Sendable {
    /// The name in messages and in the schema's `$defs`; two different sections never share one.
    let name: String
    /// One sentence on what the section describes.
    let summary: String
    /// The keys, in the order in which documentation shows them.
    let keys: [KeyDefinition]

    init(_ name: String, _ summary: String, keys: [KeyDefinition]) {
        self.name = name
        self.summary = summary
        self.keys = keys
    }

    /// The key of a name, or nil.
    func key(_ name: String) -> KeyDefinition? { keys.first { $0.name == name } }
}

/// One key of a section.
struct KeyDefinition: Sendable {
    let name: String
    let kind: ValueKind
    let isRequired: Bool
    /// One sentence on what the value means.
    let summary: String
    /// What holds when the key is absent, as it would be written in the file.
    let defaultText: String?

    /// A key that may be left out.
    static func optional(_ name: String, _ kind: ValueKind, _ summary: String, default text: String? = nil) -> Self {
        Self(name: name, kind: kind, isRequired: false, summary: summary, defaultText: text)
    }

    /// A key without which the section makes no sense.
    static func required(_ name: String, _ kind: ValueKind, _ summary: String) -> Self {
        Self(name: name, kind: kind, isRequired: true, summary: summary, defaultText: nil)
    }
}

/// What a value of a scenario file may look like.
indirect enum ValueKind: Sendable {
    /// A span of time, `30s`.
    case duration
    /// A whole number, `10_000`.
    case count
    /// A share in 0 ... 1, `2%`.
    case probability
    /// Events in a time, `200/s`.
    case rate
    /// Bits per second, `12Mbit/s`.
    case bandwidth
    /// Bytes, `2kB`.
    case size
    /// A multiplier, `1.6`.
    case factor
    /// Any text that is not empty.
    case text
    /// An identifier of letters, digits, `-`, `_` and `.` that begins with a letter or digit.
    case name
    /// `true` or `false`.
    case boolean
    /// One of a few words.
    case choice([String])
    /// A distribution of durations, `uniform(20s, 45s)`.
    case distribution
    /// A text with a syntax of its own, which the caller parses; the regular expression is for the schema.
    case expression(pattern: String)
    /// A mapping with keys of its own; write `.section(definition)`, which may refer to itself.
    case lazySection(@Sendable () -> SectionDefinition)
    /// A list of values of one kind.
    case list(of: ValueKind)
    /// A mapping from names that the author chooses to values of one kind.
    case mapping(of: ValueKind)
    /// A value of any of several kinds; the caller looks at its `shape` to tell which.
    case oneOf([ValueKind])

    /// A mapping with keys of its own, looked up when it is needed, so that definitions may be recursive.
    static func section(_ definition: @autoclosure @escaping @Sendable () -> SectionDefinition) -> ValueKind {
        .lazySection(definition)
    }

    /// The kind itself, or the kinds it is a choice of.
    var alternatives: [ValueKind] {
        guard case .oneOf(let kinds) = self else { return [self] }
        return kinds.flatMap(\.alternatives)
    }

    /// The words it may be, whatever else it may be.
    var words: [String] {
        alternatives.flatMap { kind -> [String] in
            if case .choice(let words) = kind { words } else { [] }
        }
    }
}
