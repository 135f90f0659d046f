import MonotonicTime
import Reconnection

/// The policies that random inputs are tried on: all presets, and corners for what no preset has.
enum RandomInputPolicies {
    static let all: [(name: String, policy: ClientPolicy)] =
        (PolicyPreset.all.map { ($0.name, $0.policy) } + plain + mechanisms + together + hazards).map { name, policy in
            // A short queue keeps the judge quick, and overflows.
            (name, policy.with { $0.outbox.capacity = min($0.outbox.capacity, 12) })
        }

    private static let plain: [(String, ClientPolicy)] = [
        (
            "impatient",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.zero), jitter: .additiveConstant(upTo: .milliseconds(5))),
                reset: .init(afterSuccess: .never, onResume: false, onManualRetry: false),
                retryLimit: 3,
                connectTimeout: .seconds(1),
                startSpread: .seconds(2),
                hidden: .pauses,
                closeRules: [CloseRule(codes: 1000...1001, response: .stop)],
                breaker: CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(1), successesToClose: 2),
                heartbeat: HeartbeatPolicy(
                    interval: .seconds(2),
                    replyTimeout: .seconds(1),
                    missedAllowed: 2,
                    randomFirstPhase: true
                ),
                outbox: OutboxPolicy(
                    capacity: 4,
                    overflow: .dropOldest,
                    timeToLive: .seconds(6),
                    window: 3,
                    acknowledgementTimeout: .seconds(1),
                    retry: .exponential(base: .milliseconds(100), cap: .seconds(2), jitter: .decorrelated),
                    retryLimit: 2
                )
            )
        ),
        (
            "forgetful",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(200), factor: 3, exponentOffset: 1),
                    cap: .seconds(9),
                    capOrder: .afterJitter,
                    jitter: .equal
                ),
                reset: .init(afterSuccess: .afterStable(.milliseconds(700)), onResume: false),
                retryLimit: 2,
                offline: .pauses,
                hidden: .pauses,
                resume: .afterBackoff,
                closeRules: [
                    CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
                    CloseRule(codes: 1012...1013, response: .pause(from: .seconds(1), to: .seconds(2))),
                ],
                retryAfter: .honour(jitterFraction: 0.5),
                breaker: CircuitBreakerPolicy(failuresToOpen: 2, openFor: .seconds(4), openJitterFraction: 0.5),
                outbox: OutboxPolicy(whileDisconnected: .discard, capacity: 3, window: 2)
            )
        ),
    ]

    /// Quick, with rules for closes, and no mechanism of its own.
    private static let quick = ClientPolicy(
        backoff: Backoff(growth: .exponential(base: .milliseconds(100), factor: 2), cap: .seconds(2), jitter: .full),
        connectTimeout: .seconds(1),
        closeRules: [
            CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
            CloseRule(codes: 1013...1013, reason: .equal("room reset"), response: .stop),
            CloseRule(codes: 1012...1013, response: .pause(from: .milliseconds(500), to: .seconds(1))),
        ],
        outbox: OutboxPolicy(capacity: 6, window: 2, acknowledgementTimeout: .seconds(2))
    )

    private static func silence(_ silence: HeartbeatPolicy.Silence, interval: Interval = .max) -> HeartbeatPolicy {
        HeartbeatPolicy(silence: silence, interval: interval)
    }

    private static let breakers: [(String, CircuitBreakerPolicy)] = [
        (
            "sliding-window",
            CircuitBreakerPolicy(counting: .slidingWindow(.seconds(3)), failuresToOpen: 2, openFor: .seconds(1))
        ),
        (
            "probe-limit",
            CircuitBreakerPolicy(failuresToOpen: 2, openFor: .seconds(1), probeLimit: 3, successesToClose: 2)
        ),
        (
            "share",
            CircuitBreakerPolicy(
                counting: .failureShare(.atLeast(0.5), ofLast: 6, minimumCalls: 3),
                openFor: .seconds(1),
                endsStrictlyAfter: true
            )
        ),
        (
            "probe-share",
            CircuitBreakerPolicy(
                counting: .failureShareWithin(.above(0.3), window: .seconds(5), slices: 5, minimumCalls: 2),
                openGrowth: .exponential(base: .milliseconds(500), cap: .seconds(4), jitter: .full),
                probeLimit: 3,
                probeShare: .atLeast(0.5)
            )
        ),
        ("strict-end", CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(1), endsStrictlyAfter: true)),
    ]

    /// Each mechanism alone.
    private static let mechanisms: [(String, ClientPolicy)] =
        [
            ("holds-attempts", quick.with { ($0.offline, $0.hidden) = (.holdsAttempts, .holdsAttempts) }),
            (
                "closes",
                quick.with {
                    ($0.offline, $0.hidden) = (.closes, .pauses)
                    $0.returnEndsWait = true
                    $0.breaker = CircuitBreakerPolicy(failuresToOpen: 2, openFor: .seconds(1))
                }
            ),
            ("attempt-start", quick.with { $0.waitsFrom = .attemptStart }),
            (
                "after-drop",
                quick.with {
                    $0.afterDrop = ClientPolicy.DropRetry(delay: .zero, spacing: .milliseconds(300))
                    $0.retryAfter = .honour(jitterFraction: 0.1)
                }
            ),
            (
                "suspension",
                quick.with { $0.suspension = ClientPolicy.Suspension(after: .seconds(3), retryEvery: .seconds(1)) }
            ),
            ("elapsed-limit", quick.with { $0.elapsedLimit = .seconds(2) }),
            ("first-connect", quick.with { $0.retriesFirstConnect = false }),
            ("after-quiet", quick.with { $0.reset.afterSuccess = .afterQuiet(.seconds(1)) }),
            ("prepares", quick.with { $0.preparesAttempts = true }),
            ("closing", quick.with { $0.closingTimeout = .seconds(1) }),
            ("silence", quick.with { $0.heartbeat = silence(.init(longest: .seconds(2), strikes: 2)) }),
            (
                "silence-looks",
                quick.with {
                    $0.heartbeat = silence(
                        .init(
                            longest: .seconds(2),
                            checkedEvery: .milliseconds(600),
                            strikes: 2,
                            reconnectsAtOnce: true
                        ),
                        interval: .seconds(1)
                    )
                }
            ),
            ("group", quick.with { $0.group = ConnectionGroupPolicy(members: 2) }),
            (
                "group-grace",
                quick.with {
                    $0.group = ConnectionGroupPolicy(members: 3, grace: .seconds(2))
                    $0.closingTimeout = .seconds(1)
                    $0.retryLimit = 4
                }
            ),
            ("poll-loop", quick.with { $0.pollLoop = PollLoopPolicy(staleAfter: .seconds(1)) }),
            ("strategy", quick.with { $0.strategy = CustomRetryStrategy("odd", OddStrategy()) }),
            ("starts-after-backoff", quick.with { $0.startsAfterBackoff = true }),
            ("wake", quick.with { $0.hidden = .pauses }),
        ] + breakers.map { name, breaker in (name, quick.with { $0.breaker = breaker }) }

    private static let everything = quick.with {
        $0.reset = ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(1)))
        $0.retryLimit = 9
        $0.elapsedLimit = .seconds(20)
        $0.waitsFrom = .attemptStart
        $0.afterDrop = ClientPolicy.DropRetry(delay: .zero, spacing: .milliseconds(300))
        $0.suspension = ClientPolicy.Suspension(after: .seconds(5), retryEvery: .seconds(1))
        $0.startsAfterBackoff = true
        $0.preparesAttempts = true
        $0.closingTimeout = .seconds(1)
        ($0.offline, $0.hidden) = (.holdsAttempts, .pauses)
        $0.returnEndsWait = true
        $0.resume = .afterBackoff
        $0.retryAfter = .honour(jitterFraction: 0.1)
        $0.breaker = CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(1), openJitterFraction: 0.5)
        $0.heartbeat = HeartbeatPolicy(interval: .seconds(1), replyTimeout: .milliseconds(700), missedAllowed: 1)
        $0.heartbeat?.silence = .init(longest: .seconds(2), checkedEvery: .milliseconds(600), reconnectsAtOnce: true)
        $0.group = ConnectionGroupPolicy(members: 2, grace: .seconds(1))
    }

    private static let together: [(String, ClientPolicy)] = [
        ("everything", everything),
        ("everything-polled", everything.with { $0.pollLoop = PollLoopPolicy(staleAfter: .seconds(1)) }),
        ("everything-closing", everything.with { ($0.offline, $0.hidden, $0.group) = (.closes, .closes, nil) }),
    ]

    /// Each hazard alone, and all of them at once, on clients with much to get wrong.
    private static let hazards: [(String, ClientPolicy)] =
        Hazards.named.map { name, hazard in (name, exposed(to: hazard)) } + [
            ("two-owners", exposed(to: []).with { $0.transportRetry = TransportRetryPolicy(delay: .seconds(1)) }),
            ("all-hazards", exposed(to: everyHazard)),
            (
                "all-hazards-together",
                everything.with {
                    $0.hazards = everyHazard
                    $0.transportRetry = TransportRetryPolicy(delay: .milliseconds(300), limit: 3)
                    $0.pollLoop = PollLoopPolicy(staleAfter: .seconds(1))
                }
            ),
            (
                "all-but-bounds",
                everything.with { $0.hazards = everyHazard.subtracting([.timersAccumulate, .stopIsADrop]) }
            ),
        ]

    private static let everyHazard = Hazards.named.reduce(into: Hazards()) { $0.insert($1.hazard) }

    private static func exposed(to hazards: Hazards) -> ClientPolicy {
        quick.with {
            $0.hazards = hazards
            $0.retryLimit = 6
            $0.offline = .pauses
            $0.returnEndsWait = true
            $0.resume = .afterBackoff
            $0.breaker = CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(1))
            $0.heartbeat = HeartbeatPolicy(interval: .seconds(1), replyTimeout: .milliseconds(700))
            $0.heartbeat?.silence = .init(longest: .seconds(2), reconnectsAtOnce: true)
            $0.group = hazards == .firstCloseDecides ? ConnectionGroupPolicy(members: 2) : nil
            if hazards == .anyMemberEndsTimeout { $0.group = ConnectionGroupPolicy(members: 2, grace: .seconds(1)) }
        }
    }

    /// Waits that depend on everything it is told; gives up now and then.
    private struct OddStrategy: RetryStrategy {
        func decision(
            after failure: RetryFailure,
            memory: inout RetryStrategyMemory,
            random: inout some RandomSource
        ) -> RetryDecision {
            memory.value += random.nextUniform()
            if memory.value > 4 { return .giveUp }
            return .wait(.milliseconds(failure.wasConnected ? -5 : Int64(memory.value * 100)))
        }
    }
}
