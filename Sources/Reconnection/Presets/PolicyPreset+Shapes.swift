import MonotonicTime

extension PolicyPreset {
    /// Policies that differ in their jitter alone: 1 s doubling to 30 s, 10 s connect timeout, a counter that resets
    /// after 10 stable seconds, a heartbeat of 30 s.
    static let shapes: [PolicyPreset] = [
        shape("no-jitter", "Doubling from 1 s to 30 s without randomness.", .none),
        shape("full-jitter", "Uniform between zero and 1 s doubling to 30 s.", .full),
        shape("equal-jitter", "Half of 1 s doubling to 30 s, plus up to another half.", .equal),
        shape("decorrelated-jitter", "Between 1 s and three times the last delay, at most 30 s.", .decorrelated),
    ]

    private static func shape(_ name: String, _ summary: String, _ jitter: Backoff.Jitter) -> PolicyPreset {
        PolicyPreset(
            name: name,
            kind: .shape,
            summary: summary,
            source: "M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015",
            policy: .shape(jitter)
        )
    }
}

extension ClientPolicy {
    /// What to ship where nothing speaks for something else: full jitter from 1 s doubling to 30 s, a counter that
    /// resets after 10 stable seconds, 10 s for an attempt, away while there is no network, a heartbeat of 30 s in
    /// random phase, and a queue with eight messages under way. The preset `full-jitter`.
    public static let standard = shape(.full)

    fileprivate static func shape(_ jitter: Backoff.Jitter) -> ClientPolicy {
        ClientPolicy(
            backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: jitter),
            reset: ResetRule(afterSuccess: .afterStable(.seconds(10))),
            connectTimeout: .seconds(10),
            offline: .pauses,
            heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), randomFirstPhase: true),
            outbox: OutboxPolicy(window: 8)
        )
    }
}
