import MonotonicTime
import Reconnection

/// A policy to which all short ways are open, and others that differ from it in one thing.
enum PlainPolicies {
    /// Everything that a plain policy may have.
    static let plain = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(8), jitter: .full),
        connectTimeout: .seconds(30),
        breaker: CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(4)),
        heartbeat: HeartbeatPolicy(interval: .seconds(10), replyTimeout: .seconds(5)),
        outbox: OutboxPolicy(timeToLive: .minutes(2), window: 3)
    )

    /// Those that have no plain retries.
    static let closed: [(name: String, policy: ClientPolicy)] =
        [
            ("close rule", plain.with { $0.closeRules = [CloseRule(codes: 1008...1008, response: .stop)] }),
            ("strategy", plain.with { $0.strategy = CustomRetryStrategy("mine", Strategy()) }),
            ("poll loop", plain.with { $0.pollLoop = PollLoopPolicy() }),
            ("group", plain.with { $0.group = ConnectionGroupPolicy(members: 1) }),
            ("suspension", plain.with { $0.suspension = .init(after: .minutes(2), retryEvery: .seconds(30)) }),
            ("transport retry", plain.with { $0.transportRetry = TransportRetryPolicy(delay: .seconds(1)) }),
            ("elapsed limit", plain.with { $0.elapsedLimit = .hours(1) }),
            ("first connect", plain.with { $0.retriesFirstConnect = false }),
            ("attempt start", plain.with { $0.waitsFrom = .attemptStart }),
            ("preparation", plain.with { $0.preparesAttempts = true }),
            ("held while offline", plain.with { $0.offline = .holdsAttempts }),
            ("held while hidden", plain.with { $0.hidden = .holdsAttempts }),
            ("after quiet", plain.with { $0.reset.afterSuccess = .afterQuiet(.seconds(5)) }),
            ("backoff without spreads", plain.with { $0.backoff.jitter = .decorrelated }),
            ("sliding window", plain.with { $0.breaker = breaker(.slidingWindow(.seconds(9))) }),
            ("consecutive within", plain.with { $0.breaker = breaker(.consecutiveWithin(.seconds(9))) }),
            (
                "failure share",
                plain.with { $0.breaker = breaker(.failureShare(.atLeast(0.5), ofLast: 9, minimumCalls: 9)) }
            ),
            (
                "failure share within",
                plain.with {
                    $0.breaker = breaker(
                        .failureShareWithin(.above(0.5), window: .seconds(9), slices: 3, minimumCalls: 9)
                    )
                }
            ),
        ]
        + CircuitBreakerHazards.named.map { name, hazard in
            (name, plain.with { $0.breaker = breaker(.consecutive, hazard) })
        }
        + Hazards.named.map { name, hazard in (name, plain.with { $0.hazards = hazard }) }

    /// Those that have.
    static let open: [(name: String, policy: ClientPolicy)] = [
        ("nothing", plain),
        ("no breaker", plain.with { $0.breaker = nil }),
        ("breaker with much to it", plain.with { $0.breaker?.openGrowth = $0.backoff }),
        ("no jitter", plain.with { $0.backoff.jitter = .none }),
        ("retry limit", plain.with { $0.retryLimit = 1 }),
        ("stable window", plain.with { $0.reset.afterSuccess = .afterStable(.seconds(5)) }),
        ("never reset", plain.with { $0.reset.afterSuccess = .never }),
        ("gates", plain.with { ($0.offline, $0.hidden) = (.pauses, .closes) }),
        ("return ends waits", plain.with { $0.returnEndsWait = true }),
        ("after drop", plain.with { $0.afterDrop = .init(delay: .zero, spacing: .seconds(1)) }),
        ("hints", plain.with { $0.retryAfter = .honour(jitterFraction: 0.5) }),
        ("closing timeout", plain.with { $0.closingTimeout = .seconds(1) }),
        ("no connect timeout", plain.with { $0.connectTimeout = .max }),
        ("silence", plain.with { $0.heartbeat?.silence = .init(longest: .seconds(30)) }),
        ("refusing outbox", plain.with { $0.outbox.whileDisconnected = .refuse }),
    ]

    /// Those under which the first beat, 10 s after the opening, is not all that is due then.
    static let withoutBeat: [(name: String, policy: ClientPolicy)] = [
        ("none is wanted", plain.with { $0.heartbeat = nil }),
        ("a reply that is overdue at once", plain.with { $0.heartbeat?.replyTimeout = .zero }),
        ("none is sent", plain.with { $0.heartbeat?.interval = .max }),
        ("a stable window ends", plain.with { $0.reset.afterSuccess = .afterStable(.seconds(10)) }),
        ("silence", plain.with { $0.heartbeat?.silence = .init(longest: .seconds(10)) }),
        (
            "a look at the silence",
            plain.with { $0.heartbeat?.silence = .init(longest: .seconds(60), checkedEvery: .seconds(5)) }
        ),
        ("a poll", plain.with { $0.pollLoop = PollLoopPolicy(staleAfter: .seconds(1)) }),
    ]

    private static func breaker(
        _ counting: CircuitBreakerPolicy.Counting,
        _ hazards: CircuitBreakerHazards = []
    ) -> CircuitBreakerPolicy {
        CircuitBreakerPolicy(counting: counting, failuresToOpen: 3, openFor: .seconds(4), hazards: hazards)
    }

    private struct Strategy: RetryStrategy {
        func decision(
            after failure: RetryFailure,
            memory: inout RetryStrategyMemory,
            random: inout some RandomSource
        ) -> RetryDecision { .wait(.seconds(1)) }
    }
}
