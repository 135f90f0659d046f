import MonotonicTime
import Reconnection

/// How a client policy is written in a scenario file: one definition for the reader and the JSON Schema.
enum PolicySections {
    static let policy = SectionDefinition(
        "policy",
        "A client policy. What is left out comes from the policy it extends, or is off.",
        keys: [
            .optional("extends", .name, "A preset, or a policy of this file, whose settings hold where none is given."),
            .optional("backoff", .section(backoff), "The delays between attempts.", default: "1s doubling to 30s"),
            .optional("reset", .section(reset), "When the retry counter starts over."),
            .optional("retry-limit", .oneOf([.count, none]), "Retries before the client gives up.", default: "none"),
            .optional("connect-timeout", .oneOf([.duration, none]), "How long an attempt may take.", default: "none"),
            .optional("start-spread", .duration, "The first attempt is spread over this time.", default: "0s"),
            .optional(
                "pause-when",
                .list(of: .choice(["offline", "hidden"])),
                "When the client stays away because its system says so.",
                default: "[]"
            ),
            .optional(
                "resume",
                .choice(ClientPolicy.Resume.allCases.map(\.rawValue)),
                "What it does when that ends.",
                default: "immediately"
            ),
            .optional(
                "retry-after",
                .oneOf([.choice(["ignore", "honour"]), .section(retryAfter)]),
                "What a server's request to stay away is worth.",
                default: "ignore"
            ),
            .optional("close-rules", .list(of: .section(closeRule)), "Answers to close codes; the first fit counts."),
            .optional("breaker", .oneOf([none, .section(breaker)]), "A breaker around attempts.", default: "none"),
            .optional("heartbeat", .oneOf([none, .section(heartbeat)]), "The heartbeat.", default: "none"),
            .optional("outbox", .section(outbox), "What becomes of messages."),
        ]
    )

    static let none = ValueKind.choice(["none"])

    static let backoff = SectionDefinition(
        "backoff",
        "How long to wait before each retry: growth, cap and jitter.",
        keys: [
            .optional(
                "growth",
                .choice(["exponential", "linear", "fixed", "table"]),
                "How the delay grows.",
                default: "exponential"
            ),
            .optional("base", .duration, "The first delay."),
            .optional("factor", .factor, "Exponential growth multiplies by this each time.", default: "2"),
            .optional(
                "exponent-offset",
                .count,
                "The first retry uses factor to this power; 1 where a client counts before it waits.",
                default: "0"
            ),
            .optional("step", .duration, "Linear growth adds this each time."),
            .optional("table", .list(of: .duration), "The delays one by one; the last repeats."),
            .optional("cap", .oneOf([.duration, none]), "The longest delay."),
            .optional(
                "cap-applies",
                .choice(Backoff.CapOrder.allCases.map(\.rawValue)),
                "Whether the cap cuts the growth, or the randomised delay.",
                default: "before-jitter"
            ),
            .optional("jitter", .expression(pattern: JitterSyntax.pattern), "How delays are spread.", default: "full"),
            .optional("whole-milliseconds", .boolean, "Whether delays are rounded down to them.", default: "false"),
        ]
    )

    static let reset = SectionDefinition(
        "reset",
        "When the retry counter starts over.",
        keys: [
            .optional("on-open", .boolean, "The moment a connection opens."),
            .optional("after-stable", .duration, "After a connection has stayed open so long."),
            .optional("on-resume", .boolean, "When network or screen come back.", default: "true"),
            .optional("on-manual-retry", .boolean, "When the user asks for a retry.", default: "true"),
        ]
    )

    static let retryAfter = SectionDefinition(
        "retry-after",
        "Honour a server's request to stay away.",
        keys: [
            .required("jitter", .probability, "Up to this share of the request is added at random.")
        ]
    )

    static let closeRule = SectionDefinition(
        "close-rule",
        "What to do about certain close codes.",
        keys: [
            .required("code", .count, "The close code, or the first of a range."),
            .optional("to", .count, "The last code of a range."),
            .optional("pause", .duration, "Wait exactly so long."),
            .optional("pause-from", .duration, "Wait at least so long, and at most `pause-to`."),
            .optional("pause-to", .duration, "Wait less than this, and at least `pause-from`."),
            .optional("then", .choice(["stop", "block"]), "Stop for good, or until there are new credentials."),
        ]
    )

    static let breaker = SectionDefinition(
        "breaker",
        "A circuit breaker.",
        keys: [
            .optional("failures", .count, "So many failures open it.", default: "5"),
            .optional(
                "within",
                .oneOf([.duration, none]),
                "Counts failures within so long instead of failures in a row.",
                default: "none"
            ),
            .optional("open", .duration, "How long it stays open.", default: "30s"),
            .optional("open-jitter", .probability, "Up to this share of that is added at random.", default: "0%"),
            .optional("probes", .count, "Attempts under way at once while half-open.", default: "1"),
            .optional("successes", .count, "So many successes close it.", default: "1"),
        ]
    )

    static let heartbeat = SectionDefinition(
        "heartbeat",
        "Notices connections that no longer answer.",
        keys: [
            .optional("every", .duration, "The time between two beats."),
            .optional("timeout", .duration, "How long a reply may take; at most `every`."),
            .optional("missed-allowed", .count, "Unanswered beats in a row that are put up with.", default: "0"),
            .optional("random-first-phase", .boolean, "Whether the first beat's time is random.", default: "false"),
        ]
    )

    static let outbox = SectionDefinition(
        "outbox",
        "What becomes of messages.",
        keys: [
            .optional(
                "while-disconnected",
                .choice(OutboxPolicy.WhileDisconnected.allCases.map(\.rawValue)),
                "They wait, fail at once, or vanish.",
                default: "queue"
            ),
            .optional("capacity", .count, "The most messages held.", default: "1_000"),
            .optional(
                "overflow",
                .choice(OutboxPolicy.Overflow.allCases.map(\.rawValue)),
                "Which message fails beyond that.",
                default: "reject-newest"
            ),
            .optional("time-to-live", .oneOf([.duration, none]), "How long a message may wait.", default: "none"),
            .optional("window", .count, "Messages under way without acknowledgement.", default: "1"),
            .optional("ack-timeout", .duration, "How long an acknowledgement may take.", default: "10s"),
            .optional("retry", .section(backoff), "The wait before a message is sent again."),
            .optional("retry-limit", .oneOf([.count, none]), "Retries before a message fails.", default: "none"),
        ]
    )
}
