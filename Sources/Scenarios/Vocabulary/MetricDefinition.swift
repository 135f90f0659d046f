/// A metric: its id, unit and meaning, and how it is summarised. The one place where metrics are named.
///
/// Lives with the scenario format because scenarios state expectations about metrics; what computes and prints them
/// looks them up here.
public struct MetricDefinition: Sendable, Hashable {
    /// What kind of number it is, which decides the interval it gets over replications.
    public enum Kind: String, Sendable, Hashable {
        /// A count, mean, rate or ratio of sums: mean over replications, t interval.
        case mean
        /// A quantile over clients or messages of one replication: mean over replications, t interval.
        case quantile
        /// The largest of something, which grows with the fleet: median over replications, order-statistic interval.
        case extreme
        /// A share of many trials: t interval on proportions, on the logit near 0 and 1, a limit where nothing was
        /// seen.
        case proportion
    }

    /// Which direction is an improvement.
    public enum Preference: String, Sendable, Hashable {
        /// Less is better.
        case lower
        /// More is better.
        case higher
        /// Neither.
        case none
    }

    /// The name in files and on the command line, in kebab-case.
    public let id: String
    /// The unit: `s`, `1/s`, `1` for ratios, or what is counted.
    public let unit: String
    /// What kind of number it is.
    public let kind: Kind
    /// Which direction is better.
    public let preference: Preference
    /// Whether each cohort has one of its own, besides that of the whole fleet.
    public let isPerCohort: Bool
    /// Whether it stands in the short table that a run prints.
    public let isHeadline: Bool
    /// What it means, in a sentence or two.
    public let meaning: String

    /// The metric of that id, if there is one.
    public static func named(_ id: String) -> MetricDefinition? { byID[id] }

    private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

    /// The share that must be connected for each `recovery-time` metric.
    public static let recoveryShares: [(suffix: String, share: Double)] = [
        ("50", 0.5), ("95", 0.95), ("99", 0.99), ("99.9", 0.999), ("100", 1),
    ]
    /// The quantiles of `reconnect-lag`.
    public static let lagQuantiles: [(suffix: String, probability: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
    ]
    /// The quantiles of `delivery-latency`.
    public static let latencyQuantiles: [(suffix: String, probability: Double)] = [
        ("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
    ]

    /// All metrics, in the order of every table and file.
    public static let all: [MetricDefinition] = herd + recovery + server + delivery + client

    private static func metric(
        _ id: String,
        _ unit: String,
        _ kind: Kind,
        _ preference: Preference,
        perCohort: Bool = false,
        headline: Bool = false,
        _ meaning: String
    ) -> MetricDefinition {
        MetricDefinition(
            id: id,
            unit: unit,
            kind: kind,
            preference: preference,
            isPerCohort: perCohort,
            isHeadline: headline,
            meaning: meaning
        )
    }

    private static let herd: [MetricDefinition] = [
        metric("attempts", "attempts", .mean, .lower, perCohort: true, "Connection attempts launched."),
        metric(
            "peak-attempt-rate-100ms",
            "1/s",
            .mean,
            .lower,
            "Most attempts arriving at the server tier in any 100 ms, per second, from the first outage on. Sliding "
                + "window, independent of how bins fall."
        ),
        metric(
            "peak-attempt-rate-1s",
            "1/s",
            .mean,
            .lower,
            headline: true,
            "Most attempts arriving at the server tier in any second, from the first outage on. Sliding window."
        ),
        metric(
            "peak-attempt-rate-1s-binned",
            "1/s",
            .mean,
            .lower,
            "Most attempts arriving in a one-second bin, bins counted from the 0.01 s in which the first outage "
                + "begins. Windows of this and other counts consist of whole 0.01 s, or of 0.1 s or 1 s where an "
                + "observation has more than 4,000,000 of the narrower."
        ),
        metric(
            "peak-to-mean-1s",
            "1",
            .mean,
            .lower,
            "peak-attempt-rate-1s over the mean arrival rate in the recovery window W, from the 0.01 s in which the "
                + "first outage ends to that in which recovery-time-99 after the last falls, both included."
        ),
        metric(
            "peak-to-capacity-100ms",
            "1",
            .mean,
            .lower,
            "peak-attempt-rate-100ms over the nominal capacity (instances x workers / mean handshake time)."
        ),
        metric(
            "peak-to-capacity-1s",
            "1",
            .mean,
            .lower,
            headline: true,
            "peak-attempt-rate-1s over the nominal capacity; above 1 there must be a queue or refusals."
        ),
        metric(
            "overload-time",
            "s",
            .mean,
            .lower,
            "Seconds, counted from the 0.01 s in which the first outage begins, in which more attempts arrived than the "
                + "capacity can admit."
        ),
        metric(
            "overload-work",
            "attempts",
            .mean,
            .lower,
            "Attempts beyond capacity, summed over the seconds of overload-time."
        ),
        metric(
            "allan-factor-100ms",
            "1",
            .mean,
            .lower,
            "Burstiness of arrivals in W at 100 ms: mean squared difference of neighbouring counts over twice the mean "
                + "count. 1 for a Poisson process, whatever its trend. None for observations counted by the second."
        ),
        metric(
            "allan-factor-1s",
            "1",
            .mean,
            .lower,
            headline: true,
            "Burstiness of arrivals in W at 1 s; the headline burst index."
        ),
        metric(
            "allan-factor-before-1s",
            "1",
            .mean,
            .none,
            "The same at 1 s over heartbeats and attempts of the minute before the first outage: near 1 if the run "
                + "began in a steady state."
        ),
        metric(
            "retry-amplification",
            "1",
            .mean,
            .lower,
            headline: true,
            "Attempts arriving from the 0.01 s in which the outage ends on per successful reconnect; 1 is perfect."
        ),
        metric(
            "retry-amplification-incident",
            "1",
            .mean,
            .lower,
            "Attempts arriving from the 0.01 s in which the outage begins on per successful reconnect."
        ),
    ]

    private static let recovery: [MetricDefinition] =
        recoveryShares.map { suffix, _ in
            metric(
                "recovery-time-\(suffix)",
                "s",
                suffix == "100" ? .extreme : .quantile,
                .lower,
                perCohort: true,
                headline: suffix == "95" || suffix == "99.9",
                "Time from the end of the outage until \(suffix) % of the clients it hit are connected at the same time; "
                    + "for outages of single clients, each counts from its own. inf if that does not happen."
            )
        }
        + lagQuantiles.map { suffix, _ in
            metric(
                "reconnect-lag-\(suffix)",
                "s",
                .quantile,
                .lower,
                perCohort: true,
                headline: suffix == "p50" || suffix == "p99",
                "Quantile over clients of the time from the end of the outage to the first working session. inf if it "
                    + "falls among clients that did not return."
            )
        } + [
            metric(
                "reconnect-lag-max",
                "s",
                .extreme,
                .lower,
                perCohort: true,
                "The longest time from the end of the outage to a working session; inf if a client did not return."
            ),
            metric(
                "reconnect-lag-mean",
                "s",
                .mean,
                .lower,
                perCohort: true,
                "Mean of that time; with clients that did not return, the Kaplan-Meier mean up to the end."
            ),
        ]

    private static let server: [MetricDefinition] = [
        metric(
            "backlog-peak",
            "handshakes",
            .extreme,
            .lower,
            headline: true,
            "Most handshakes accepted and not finished, over all instances, waiting and in service."
        ),
        metric("backlog-overflows", "attempts", .mean, .lower, "Attempts that found the backlog full."),
        metric("queue-wait-p99", "s", .quantile, .lower, "99 % of handshakes begin within this of their arrival."),
        metric("queue-wait-max", "s", .extreme, .lower, "The longest a handshake waited to begin."),
        metric(
            "rejection-share",
            "1",
            .proportion,
            .lower,
            headline: true,
            "Share of attempts arriving in W that were refused."
        ),
        metric(
            "rejection-share-down",
            "1",
            .proportion,
            .lower,
            "Share of attempts arriving in W that were refused because no instance was up."
        ),
        metric(
            "rejection-share-limit",
            "1",
            .proportion,
            .lower,
            "Share of attempts arriving in W that were refused because the connection limit was reached."
        ),
        metric(
            "rejection-share-backlog",
            "1",
            .proportion,
            .lower,
            "Share of attempts arriving in W that were refused because the backlog was full."
        ),
        metric(
            "wasted-handshakes",
            "handshakes",
            .mean,
            .lower,
            "Handshakes carried out for clients that had given the attempt up."
        ),
    ]

    private static let delivery: [MetricDefinition] =
        [
            metric(
                "delivery-rate",
                "1",
                .proportion,
                .higher,
                perCohort: true,
                headline: true,
                "Share of messages received at least once by the end, of those offered at least 60 s before it."
            ),
            metric(
                "on-time-delivery-rate",
                "1",
                .proportion,
                .higher,
                perCohort: true,
                headline: true,
                "Share of messages received within their deadline, of those offered at least 60 s before the end."
            ),
            metric(
                "duplicate-share",
                "1",
                .mean,
                .lower,
                perCohort: true,
                "Copies that reached the server beyond the first, per message received; the server drops them by key."
            ),
            metric(
                "permanent-failures",
                "messages",
                .mean,
                .lower,
                perCohort: true,
                "Messages the client reported as failed for good and the server never received."
            ),
            metric(
                "silent-losses",
                "messages",
                .mean,
                .lower,
                perCohort: true,
                "Messages that neither arrived nor were reported as failed nor wait."
            ),
        ]
        + latencyQuantiles.map { suffix, _ in
            metric(
                "delivery-latency-\(suffix)",
                "s",
                .quantile,
                .lower,
                perCohort: true,
                headline: suffix == "p99",
                "Quantile over received messages of the time from offer to first receipt. Quantiles are exact up to "
                    + "10,000,000 values in a replication; beyond, they err by at most 0.05 % of themselves."
            )
        } + [
            metric("delivery-latency-max", "s", .extreme, .lower, perCohort: true, "The longest such time."),
            metric(
                "delivery-latency-p99-all",
                "s",
                .quantile,
                .lower,
                perCohort: true,
                "The 99 % quantile with messages that never arrived counted as infinitely late."
            ),
            metric("outbox-peak-mean", "messages", .mean, .lower, perCohort: true, "Fullest outbox, mean of clients."),
            metric("outbox-peak-p99", "messages", .quantile, .lower, perCohort: true, "Fullest outbox, 99 % quantile."),
            metric("outbox-peak-max", "messages", .extreme, .lower, perCohort: true, "Fullest outbox of any client."),
            metric(
                "outbox-bound-share",
                "1",
                .proportion,
                .lower,
                perCohort: true,
                "Share of clients whose outbox reached its bound."
            ),
        ]

    private static let client: [MetricDefinition] = [
        metric(
            "connected-share",
            "1",
            .mean,
            .higher,
            perCohort: true,
            headline: true,
            "Share of client time in which the session was usable, end to end."
        ),
        metric(
            "detection-delay-mean",
            "s",
            .mean,
            .lower,
            perCohort: true,
            "Mean time from the loss of an established path to the client's noticing; losses it outlived do not count."
        ),
        metric("breaker-openings", "openings", .mean, .none, perCohort: true, "Times a client's breaker opened."),
        metric(
            "gave-up-share",
            "1",
            .proportion,
            .lower,
            perCohort: true,
            "Share of clients that at the end had given up, or been stopped or blocked by the server."
        ),
    ]
}
