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
            .optional("strategy", .oneOf([none, .name]), "A registered strategy in its place.", default: "none"),
            .optional("reset", .section(reset), "When the retry counter starts over."),
            .optional("retry-limit", .oneOf([.count, none]), "Retries before the client gives up.", default: "none"),
            .optional(
                "elapsed-limit",
                .oneOf([.duration, none]),
                "It gives up rather than retry later than this after the outage began.",
                default: "none"
            ),
            .optional(
                "retries-first-connect",
                .boolean,
                "Whether attempts are repeated that fail before it was ever connected.",
                default: "true"
            ),
            .optional(
                "waits-from",
                .choice(ClientPolicy.WaitsFrom.allCases.map(\.rawValue)),
                "From where waits are measured.",
                default: "failure"
            ),
            .optional(
                "after-drop",
                .oneOf([none, .section(afterDrop)]),
                "The wait after a lost connection.",
                default: "none"
            ),
            .optional(
                "suspension",
                .oneOf([none, .section(suspension)]),
                "What long outages change.",
                default: "none"
            ),
            .optional("connect-timeout", .oneOf([.duration, none]), "How long an attempt may take.", default: "none"),
            .optional("start-spread", .duration, "The first attempt is spread over this time.", default: "0s"),
            .optional("starts-after-backoff", .boolean, "Whether the first attempt waits, too.", default: "false"),
            .optional("prepares-attempts", .boolean, "Whether the app prepares each attempt.", default: "false"),
            .optional("closing-timeout", .duration, "How long the app's own close may take.", default: "0s"),
            .optional(
                "pause-when",
                .list(of: .choice(["offline", "hidden"])),
                "When the client stays away because its system says so.",
                default: "[]"
            ),
            .optional(
                "hold-when",
                .list(of: .choice(["offline", "hidden"])),
                "When it keeps its connection but makes no attempt.",
                default: "[]"
            ),
            .optional(
                "close-when",
                .list(of: .choice(["offline", "hidden"])),
                "When it closes its connection, and goes on trying.",
                default: "[]"
            ),
            .optional(
                "return-ends-wait",
                .boolean,
                "Whether network or screen coming back cut a wait short.",
                default: "false"
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
            .optional("poll-loop", .oneOf([none, .section(pollLoop)]), "Looks in place of waits.", default: "none"),
            .optional("group", .oneOf([none, .section(group)]), "Sockets supervised as one.", default: "none"),
            .optional("outbox", .section(outbox), "What becomes of messages."),
            .optional(
                "transport-retry",
                .oneOf([none, .section(transportRetry)]),
                "The transport's own retries beside the client's: a hazard.",
                default: "none"
            ),
            .optional(
                "hazards",
                .list(of: .choice(Hazards.named.map(\.name))),
                "Faults of real clients to reproduce.",
                default: "[]"
            ),
        ]
    )

    static let none = ValueKind.choice(["none"])
    static let blank = ValueKind.expression(pattern: "^\\s*$")

    static let backoff = SectionDefinition(
        "backoff",
        "How long to wait before each retry: growth, cap and jitter.",
        keys: [
            .optional(
                "growth",
                .choice(["exponential", "linear", "fixed", "table", "compounding"]),
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
            .optional("floor", .duration, "The shortest delay.", default: "0s"),
            .optional("jitter", .expression(pattern: JitterSyntax.pattern), "How delays are spread.", default: "full"),
            .optional("first-jittered", .count, "The first retry that is spread, from 0.", default: "0"),
            .optional(
                "draws",
                .choice(Backoff.Draws.allCases.map(\.rawValue)),
                "How often a number is drawn.",
                default: "per-retry"
            ),
            .optional(
                "first",
                .oneOf([none, .duration, .section(first)]),
                "The delay before the first retry, if the growth begins with the second.",
                default: "none"
            ),
            .optional(
                "rounding",
                .oneOf([none, .section(rounding)]),
                "To what delays are rounded, if not to nanoseconds.",
                default: "none"
            ),
        ]
    )

    static let first = SectionDefinition(
        "first",
        "A delay drawn evenly from a range.",
        keys: [
            .required("from", .duration, "The shortest."),
            .required("to", .duration, "The longest."),
        ]
    )

    static let rounding = SectionDefinition(
        "rounding",
        "To what delays are rounded.",
        keys: [
            .required("to", .duration, "Delays are multiples of this."),
            .optional(
                "direction",
                .choice(Backoff.Rounding.Direction.allCases.map(\.rawValue)),
                "Which way.",
                default: "down"
            ),
            .optional(
                "draws-upper-end",
                .boolean,
                "Whether the range is one unit wider, so that its end comes up as often as the rest.",
                default: "false"
            ),
            .optional(
                "rounds-growth",
                .boolean,
                "Whether exponential growth is rounded at each step, too.",
                default: "false"
            ),
        ]
    )

    static let afterDrop = SectionDefinition(
        "after-drop",
        "The wait for the first attempt after a connection was lost.",
        keys: [
            .required("delay", .duration, "The wait."),
            .optional("counts", .boolean, "Whether it counts as a retry.", default: "false"),
            .optional("spacing", .duration, "The least time between the starts of attempts.", default: "0s"),
        ]
    )

    static let suspension = SectionDefinition(
        "suspension",
        "After a long outage attempts follow at a fixed distance.",
        keys: [
            .required("after", .duration, "How long after the outage began."),
            .required("retry-every", .duration, "The wait before each attempt from then on."),
        ]
    )

    static let pollLoop = SectionDefinition(
        "poll-loop",
        "Looks now and then whether the connection is stale, and only then opens it again.",
        keys: [
            .optional("stale-after", .duration, "The silence that counts as stale.", default: "6s"),
            .optional("growth", .factor, "By what the period grows with each stale look.", default: "1.15"),
            .optional("jitter", .probability, "The random share of a period once it grows.", default: "15%"),
            .optional(
                "reopen-delay",
                .duration,
                "Between closing a stale socket and opening another.",
                default: "500ms"
            ),
        ]
    )

    static let group = SectionDefinition(
        "group",
        "Several sockets with one supervisor.",
        keys: [
            .required("members", .count, "How many; the first makes the group connected."),
            .optional("grace", .oneOf([none, .duration]), "How long the others may be missing.", default: "0s"),
        ]
    )

    static let transportRetry = SectionDefinition(
        "transport-retry",
        "A second owner of retries on the same socket.",
        keys: [
            .required("delay", .duration, "The wait after each loss."),
            .optional(
                "limit",
                .oneOf([.count, none]),
                "Its retries until the client makes an attempt.",
                default: "none"
            ),
        ]
    )

    static let silence = SectionDefinition(
        "silence",
        "A limit to how long nothing may be heard.",
        keys: [
            .required("longest", .duration, "The longest silence."),
            .optional("checked-every", .oneOf([none, .duration]), "How often it is looked at.", default: "none"),
            .optional("strikes", .count, "So many looks must find it.", default: "1"),
            .optional("reconnects-at-once", .boolean, "Whether there is no wait then.", default: "false"),
        ]
    )

    static let reset = SectionDefinition(
        "reset",
        "When the retry counter starts over.",
        keys: [
            .optional("on-open", .boolean, "The moment a connection opens."),
            .optional("after-stable", .duration, "After a connection has stayed open so long."),
            .optional("after-quiet", .duration, "At a failure more than so long after the one before it."),
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
            .optional("reason", .oneOf([.text, blank]), "Only for this reason, in any case; '' is for none."),
            .optional("reason-containing", .text, "Only for reasons that contain this."),
            .optional("pause", .duration, "Wait exactly so long."),
            .optional("pause-from", .duration, "Wait at least so long, and at most `pause-to`."),
            .optional("pause-to", .duration, "Wait less than this, and at least `pause-from`."),
            .optional(
                "then",
                .choice(["stop", "block", "back-off"]),
                "Stop for good, until there are new credentials, or not."
            ),
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
            .optional(
                "success-clears",
                .boolean,
                "Whether a success clears failures counted `within` a time; without one it always does.",
                default: "false"
            ),
            .optional(
                "share",
                .oneOf([none, .section(failureShare)]),
                "Counts the share of failed calls instead of failures.",
                default: "none"
            ),
            .optional("open", .duration, "How long it stays open.", default: "30s"),
            .optional("open-jitter", .probability, "Up to this share of that is added at random.", default: "0%"),
            .optional(
                "open-growth",
                .oneOf([none, .section(backoff)]),
                "Open periods in a row that grow, in place of `open` and `open-jitter`.",
                default: "none"
            ),
            .optional(
                "ends-strictly-after",
                .boolean,
                "Whether calls are still refused in the instant in which the open period ends.",
                default: "false"
            ),
            .optional("probes", .count, "Attempts under way at once while half-open.", default: "1"),
            .optional("successes", .count, "So many successes close it.", default: "1"),
            .optional(
                "probe-share",
                .oneOf([none, .section(probeShare)]),
                "Lets `probes` attempts through in all, and opens again if this share of them failed.",
                default: "none"
            ),
            .optional(
                "hazards",
                .list(of: .choice(CircuitBreakerHazards.named.map(\.name))),
                "Faults of real breakers to reproduce.",
                default: "[]"
            ),
        ]
    )

    static let failureShare = SectionDefinition(
        "failure-share",
        "A share of failed calls that opens a breaker: of the last so many, or of those within a time.",
        keys: [
            .required("failed", .probability, "The share."),
            .optional("exceeded", .boolean, "Whether exactly this share is not enough.", default: "false"),
            .optional("of-last", .count, "The share of the last so many calls."),
            .optional("within", .duration, "The share of the calls within so long."),
            .optional("slices", .count, "The parts into which that time is divided.", default: "10"),
            .optional("least-calls", .count, "Fewer calls decide nothing.", default: "1"),
        ]
    )

    static let probeShare = SectionDefinition(
        "probe-share",
        "A share of failed probes.",
        keys: [
            .required("failed", .probability, "The share."),
            .optional("exceeded", .boolean, "Whether exactly this share is not enough.", default: "false"),
        ]
    )

    static let heartbeat = SectionDefinition(
        "heartbeat",
        "Notices connections that no longer answer.",
        keys: [
            .optional("every", .oneOf([.duration, none]), "The time between two beats.", default: "none"),
            .optional("timeout", .oneOf([.duration, none]), "How long a reply may take; at most `every`."),
            .optional("silence", .oneOf([none, .section(silence)]), "A limit to silence.", default: "none"),
            .optional("server-every", .oneOf([none, .duration]), "How often the server beats.", default: "none"),
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
