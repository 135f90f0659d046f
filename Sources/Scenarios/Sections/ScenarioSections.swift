import MonotonicTime
import Reconnection

/// How a scenario is written: one definition for the reader and the JSON Schema.
enum ScenarioSections {
    static let scenario = SectionDefinition(
        "scenario",
        "A fleet of clients, what they connect to, what happens to them, and what is expected.",
        keys: [
            .required("name", .name, "The name, also that of the results folder."),
            .optional("summary", .text, "One sentence about it."),
            .required("duration", .duration, "How long is observed."),
            .optional("replications", .count, "How many independent replications a run makes.", default: "20"),
            .optional("seed", .count, "The seed of all randomness.", default: "1"),
            .optional(
                "primary-metric",
                .choice(MetricDefinition.all.map(\.id)),
                "The metric that a comparison decides by.",
                default: "recovery-time-99"
            ),
            .optional("policies", .mapping(of: .section(PolicySections.policy)), "Client policies by name."),
            .optional("networks", .mapping(of: .section(network)), "Networks by name, besides those built in."),
            .required("fleet", .list(of: .section(cohort)), "The cohorts of clients."),
            .required("servers", .list(of: .section(server)), "The server tiers."),
            .optional("timeline", .list(of: .section(event)), "What happens at given times."),
            .optional(
                "expect",
                .list(of: .expression(pattern: "^.+(<|>|<=|>=).+$")),
                "What must hold, such as 'delivery-rate >= 99.9%'."
            ),
        ]
    )

    static let network = SectionDefinition(
        "network",
        "The network between clients and servers while it works.",
        keys: [
            .optional("extends", .name, "A network whose settings hold where none is given.", default: "ideal"),
            .optional("round-trip", .distribution, "The round-trip time, drawn for each packet."),
            .optional(
                "uplink-share",
                .probability,
                "The part of the round trip that the way to the server takes.",
                default: "50%"
            ),
            .optional(
                "loss",
                .oneOf([.probability, .section(gilbertElliott)]),
                "Share of packets lost independently, or in bursts.",
                default: "0%"
            ),
            .optional(
                "survives",
                .duration,
                "The longest silent gap that an established connection outlives.",
                default: "30s"
            ),
        ]
    )

    static let gilbertElliott = SectionDefinition(
        "gilbert-elliott",
        "Loss in bursts: a chain of a good and a bad state that moves at each packet.",
        keys: [
            .required("to-bad", .probability, "Probability of going from good to bad at a packet."),
            .required("to-good", .probability, "Probability of going from bad to good at a packet."),
            .optional("loss-when-good", .probability, "Loss in the good state.", default: "0%"),
            .optional("loss-when-bad", .probability, "Loss in the bad state.", default: "100%"),
        ]
    )

    static let cohort = SectionDefinition(
        "cohort",
        "Clients of one kind.",
        keys: [
            .required("name", .name, "The name."),
            .required("clients", .count, "How many."),
            .optional(
                "start",
                .oneOf([.choice(["connected"]), .distribution]),
                "Connected from the beginning, or the time after it at which each client's app is launched.",
                default: "connected"
            ),
            .required("policy", .name, "Their policy: one of this file, or a preset."),
            .optional("pinned", .boolean, "Whether a comparison leaves the policy alone.", default: "false"),
            .optional("server", .name, "The tier they connect to.", default: "the first"),
            .optional("network", .name, "Their network: one of this file, or a built-in one.", default: "lte"),
            .optional("group-size", .count, "How many share a network's fate: a train, a cell.", default: "1"),
            .optional("outages", .list(of: .section(outage)), "Times without network."),
            .optional("workload", .section(workload), "What they send."),
        ]
    )

    static let outage = SectionDefinition(
        "outage",
        "Times in which a link carries nothing.",
        keys: [
            .required("signal", signal, "Whether the client's system notices and says so."),
            .optional("shared-by", sharing, "Who goes down together.", default: "client"),
            .required("first", .distribution, "From the start to the first outage."),
            .required("down", .distribution, "How long an outage lasts."),
            .optional("up", .distribution, "From one outage to the next; without it there is one alone."),
            .optional("probability", .probability, "Each outage happens with this probability.", default: "100%"),
            .optional("stagger", .duration, "Members of a group differ by up to this.", default: "0s"),
            .optional("attach", .distribution, "Time each client needs to attach to the network again."),
        ]
    )

    static let signal = ValueKind.choice(LinkOutage.Signal.allCases.map(\.rawValue))
    static let sharing = ValueKind.choice(LinkOutage.Sharing.allCases.map(\.rawValue))

    static let workload = SectionDefinition(
        "workload",
        "What a client sends.",
        keys: [
            .required("messages", .choice(Workload.Rhythm.allCases.map(\.rawValue)), "The rhythm of messages."),
            .required("every", .duration, "The mean gap between two messages of a client."),
            .optional("deadline", .duration, "When a message is late.", default: "30s"),
        ]
    )

    static let server = SectionDefinition(
        "server",
        "Servers that share the connections of a fleet.",
        keys: [
            .required("name", .name, "The name."),
            .optional("instances", .count, "How many.", default: "1"),
            .optional(
                "balancing",
                .choice(ServerTier.Balancing.allCases.map(\.rawValue)),
                "How connections are spread over the instances that are up.",
                default: "round-robin"
            ),
            .required("handshake", .section(handshake), "What a new connection costs."),
            .optional("connection-limit", .count, "The most connections of one instance.", default: "no limit"),
            .optional("warm-up", .section(warmUp), "How an instance comes back to full speed."),
            .optional("refusal", .section(refusal), "What a refused client is told."),
            .optional("idle-timeout", .duration, "How long a vanished client's connection counts.", default: "60s"),
            .optional("processing", .distribution, "From a message to its acknowledgement.", default: "1ms"),
        ]
    )

    static let handshake = SectionDefinition(
        "handshake",
        "New connections as a queue in front of workers.",
        keys: [
            .required("workers", .count, "How many handshakes an instance works on at once."),
            .required("time", .distribution, "How long one takes."),
            .optional("backlog", .count, "How many wait at most.", default: "4096"),
            .optional(
                "when-full",
                .choice(ServerTier.WhenFull.allCases.map(\.rawValue)),
                "Whether more are refused, or their packets dropped.",
                default: "refuse"
            ),
            .optional(
                "abandoned",
                .choice(ServerTier.Handshake.Abandoned.allCases.map(\.rawValue)),
                "Whether a handshake in the backlog whose client gave up is still worked on, or leaves at once.",
                default: "served"
            ),
            .optional(
                "answered",
                .choice(ServerTier.Handshake.Answered.allCases.map(\.rawValue)),
                "Whether a client is told that it is connected when its handshake is done, or when a worker begins it.",
                default: "when-done"
            ),
            .optional("round-trips", .factor, "Round trips from the first packet to a session.", default: "3"),
        ]
    )

    static let warmUp = SectionDefinition(
        "warm-up",
        "Capacity rises linearly after a start.",
        keys: [
            .required("for", .duration, "How long it takes."),
            .required("from", .probability, "The share of capacity at the start."),
        ]
    )

    static let refusal = SectionDefinition(
        "refusal",
        "What a refused client is told.",
        keys: [
            .optional("close", .count, "The close code.", default: "1013"),
            .optional("retry-after", .duration, "How long to stay away.", default: "nothing is said"),
        ]
    )

    static let event = SectionDefinition(
        "event",
        "Something that happens at a given time: exactly one of restart, outage, disconnect.",
        keys: [
            .required("at", .duration, "When."),
            .optional("restart", .section(restart), "Servers go away and come back."),
            .optional("outage", .section(timedOutage), "A cohort's links carry nothing for a while."),
            .optional("disconnect", .section(disconnect), "Connections break while network and servers are fine."),
        ]
    )

    static let restart = SectionDefinition(
        "restart",
        "Servers go away and come back.",
        keys: [
            .required("server", .name, "The tier."),
            .optional("instances", .count, "How many of its instances.", default: "all"),
            .required("down", .distribution, "How long they are away."),
            .optional(
                "close",
                .oneOf([.count, .choice(["reset", "silent"])]),
                "How connections end: a close code, a reset without code, or without a word.",
                default: "reset"
            ),
            .optional(
                "meanwhile",
                .choice(TimelineEvent.Restart.Meanwhile.allCases.map(\.rawValue)),
                "Whether attempts are refused, or their packets vanish.",
                default: "refuse"
            ),
        ]
    )

    static let timedOutage = SectionDefinition(
        "timed-outage",
        "A cohort's links carry nothing for a while.",
        keys: [
            .required("cohort", .name, "Whose links."),
            .required("signal", signal, "Whether the client's system notices and says so."),
            .required("for", .distribution, "How long it lasts."),
            .optional("shared-by", sharing, "Who goes down for the same time.", default: "cohort"),
            .optional("stagger", .duration, "Clients differ by up to this.", default: "0s"),
            .optional("attach", .distribution, "Time each client needs to attach to the network again."),
        ]
    )

    static let disconnect = SectionDefinition(
        "disconnect",
        "Connections break while network and servers are fine.",
        keys: [
            .required("cohort", .name, "Whose."),
            .optional("share", .probability, "Each client's probability of being hit.", default: "100%"),
            .optional("how", .choice(["reset", "silent"]), "Whether clients are told.", default: "reset"),
        ]
    )
}
