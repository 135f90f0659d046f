/// How a line of a script is written.
enum ClientScriptSections {
    /// The keys that say what kind of line it is; a line has exactly one of them.
    static let kinds = ["event", "uniform", "seed", "server", "heartbeats", "messages", "closes"]

    /// The definition of a line that may name these events.
    static func line(_ events: [ClientScript.EventDefinition]) -> SectionDefinition {
        SectionDefinition(
            "line",
            "One thing that happens, or how the world answers from now on.",
            keys: [
                .optional("at", .duration, "When, measured from the beginning of the script."),
                .optional("event", .choice(events.map(\.name)), "What happens."),
                .optional("uniform", .list(of: .factor), "Random numbers in 0 ..< 1 to be used next."),
                .optional("seed", .count, "Seed of the random numbers used when none are listed."),
                .optional(
                    "server",
                    .choice(ClientScript.ServerConduct.allCases.map(\.rawValue)),
                    "How attempts are answered."
                ),
                .optional("heartbeats", .choice(["answered", "ignored"]), "Whether heartbeats are answered."),
                .optional("messages", .choice(["acknowledged", "ignored"]), "Whether messages are acknowledged."),
                .optional(
                    "closes",
                    .choice(["reported", "ignored"]),
                    "Whether closes of the client's own are reported."
                ),
                .optional("after", .duration, "How long such an answer takes.", default: "0s"),
            ] + ClientScript.Argument.allCases.map { .optional($0.rawValue, $0.kind, $0.summary) }
        )
    }
}

extension ClientScript.Argument {
    /// What its value looks like.
    var kind: ValueKind {
        switch self {
        case .generation, .member, .code, .beat, .key, .count: .count
        case .retryAfter, .during: .duration
        case .reason: .text
        case .retryable: .boolean
        }
    }

    /// What its value may be, if it is a number.
    var bounds: Bounds<Int> {
        switch self {
        case .code: .within(0...65_535)
        case .count: .within(1...100_000)
        case .member: .within(0...31)
        case .generation, .beat, .key, .reason, .retryAfter, .retryable, .during: .within(1...Int(UInt32.max))
        }
    }

    /// What it means.
    var summary: String {
        switch self {
        case .generation: "The generation of the transport; the current one when left out."
        case .member: "The socket of a group; 0 when left out."
        case .code: "The close code; 1006 when left out."
        case .reason: "The text that came with the close; none when left out."
        case .retryAfter: "How long the server asks the client to stay away."
        case .beat: "The number of the heartbeat; the last one sent when left out."
        case .key: "The key of the message."
        case .retryable: "Whether the message may be sent again."
        case .count: "How many; 1 when left out."
        case .during: "For how long."
        }
    }
}
