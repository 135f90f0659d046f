import MonotonicTime

extension PolicyPreset {
    /// The five systems Stampede was made for, with their documented behaviour.
    static let sourceSystems: [PolicyPreset] = [
        PolicyPreset(
            name: "valtio-y",
            summary: "Five retries, doubling from 1 s, no jitter, no timeout; edits wait for the next connection.",
            source: "valtiojs/valtio-y, examples/06_resilient_provider (a014106)",
            policy: ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none),
                retryLimit: 5,
                outbox: OutboxPolicy(whileDisconnected: .queue, capacity: 10_000, window: 64)
            )
        ),
        PolicyPreset(
            name: "pl3xus",
            summary: "Doubling from 1 s to 30 s for ever, no jitter; sends fail while there is no connection.",
            source: "vertec-io/pl3xus, connection management guide (8df9642)",
            policy: ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none),
                outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
            )
        ),
        PolicyPreset(
            name: "landale",
            summary: "Doubling from 1 s to 60 s ± 25 %, a breaker of 5 failures and 300 s, a heartbeat of 30 s.",
            source: "bryanveloso/landale, packages/shared/src/websocket/socket.ts (documented 6bbdc24)",
            policy: ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .symmetric(fraction: 0.25)),
                retryLimit: 10,
                breaker: CircuitBreakerPolicy(failuresToOpen: 5, openFor: .seconds(300)),
                heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30)),
                outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
            )
        ),
        PolicyPreset(
            name: "chat-sdk",
            summary: "100 ms plus full jitter up to 2 s, a breaker of 3 failures and 10 s, a durable queue.",
            source: "Impact-Idol/ChatSDK, strategy document 03 and packages/core (53e328f, 121913c)",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(100), factor: 2),
                    cap: .seconds(2),
                    jitter: .minimumPlusFull(minimum: .milliseconds(100))
                ),
                connectTimeout: .seconds(5),
                offline: .pauses,
                closeRules: [CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)],
                retryAfter: .honour(jitterFraction: 0.1),
                breaker: CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(10), openJitterFraction: 0.2),
                heartbeat: HeartbeatPolicy(interval: .seconds(10), replyTimeout: .seconds(5), randomFirstPhase: true),
                outbox: OutboxPolicy(
                    whileDisconnected: .queue,
                    window: 8,
                    acknowledgementTimeout: .seconds(5),
                    retry: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full),
                    retryLimit: 5
                )
            )
        ),
        PolicyPreset(
            name: "party-table",
            summary: "Full jitter from 1 s to 30 s, 10 s stable window, 5–15 s after a room reset, paused while away.",
            source: "hansy/drawspell, resilience plan (8d6f4b1)",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2),
                    cap: .seconds(30),
                    jitter: .full,
                    rounding: .downToMilliseconds
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(10))),
                connectTimeout: .seconds(12),
                offline: .pauses,
                hidden: .pauses,
                resume: .afterBackoff,
                closeRules: [
                    CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
                    CloseRule(codes: 1013...1013, response: .pause(from: .seconds(5), to: .seconds(15))),
                ],
                heartbeat: HeartbeatPolicy(interval: .seconds(15), replyTimeout: .seconds(15)),
                outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
            )
        ),
        PolicyPreset(
            name: "party-table-current",
            summary: "Full jitter from 5 s to 120 s, six retries, 60 s stable window, 120 s after a rate limit.",
            source: "hansy/drawspell, multiplayer-sync hook (19162df)",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(5), factor: 2),
                    cap: .seconds(120),
                    jitter: .full,
                    rounding: .downToMilliseconds
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(60))),
                retryLimit: 6,
                connectTimeout: .seconds(12),
                offline: .pauses,
                resume: .afterBackoff,
                closeRules: [
                    CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
                    CloseRule(codes: 1013...1013, response: .pause(from: .seconds(120), to: .seconds(120))),
                ],
                outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
            )
        ),
    ]
}
