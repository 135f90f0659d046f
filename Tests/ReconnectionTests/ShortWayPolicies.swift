import MonotonicTime
import Reconnection

/// Policies whose retries are plain, so that all short ways are open to them.
enum ShortWayPolicies {
    /// Every combination of growth, jitter, retry limit, breaker and time to live; the rest as chance has it.
    static let plain: [(name: String, policy: ClientPolicy)] = {
        var policies: [(name: String, policy: ClientPolicy)] = []
        for (growthName, growth) in growths {
            for jitter in jitters {
                for limit in [nil, 4] {
                    for breaker in [nil, breaker] {
                        for timeToLive in [Interval.max, .seconds(2)] {
                            let name =
                                "\(growthName), \(jitter), \(limit.map { "limit \($0)" } ?? "no limit"), "
                                + "\(breaker == nil ? "no breaker" : "breaker"), time to live \(timeToLive)"
                            let backoff = Backoff(growth: growth, cap: .seconds(2), jitter: jitter)
                            var policy = varied(backoff, seed: UInt64(policies.count))
                            policy.retryLimit = limit
                            policy.breaker = breaker
                            policy.outbox.timeToLive = timeToLive
                            policies.append((name, policy))
                        }
                    }
                }
            }
        }
        return policies
    }()

    private static let growths: [(String, Backoff.Growth)] = [
        ("fixed", .fixed(.milliseconds(200))),
        ("linear", .linear(base: .milliseconds(100), step: .microseconds(150_001))),
        ("exponential", .exponential(base: .milliseconds(100), factor: 2)),
        ("offset", .exponential(base: .milliseconds(80), factor: 1.7, exponentOffset: 1)),
        ("table", .table([.zero, .milliseconds(50), .milliseconds(700)])),
    ]

    private static let jitters: [Backoff.Jitter] = [.none, .full, .equal]

    private static let breaker = CircuitBreakerPolicy(
        failuresToOpen: 3,
        openFor: .seconds(1),
        openJitterFraction: 0.5,
        successesToClose: 2
    )

    /// Whatever does not make a retry less plain.
    private static func varied(_ backoff: Backoff, seed: UInt64) -> ClientPolicy {
        var choices = SplitMix(state: seed)
        func pick<Value>(_ values: [Value]) -> Value { values[choices.next(below: values.count)] }
        var policy = ClientPolicy(
            backoff: backoff,
            reset: ClientPolicy.ResetRule(
                afterSuccess: pick([.onOpen, .afterStable(.milliseconds(700)), .never]),
                onResume: pick([true, false]),
                onManualRetry: pick([true, false])
            ),
            connectTimeout: pick([.milliseconds(400), .seconds(3), .max]),
            startSpread: pick([.zero, .seconds(1)]),
            offline: pick([.ignored, .pauses, .closes]),
            hidden: pick([.ignored, .pauses, .closes]),
            resume: pick([.immediately, .afterBackoff]),
            retryAfter: pick([.ignore, .honour(jitterFraction: 0.5)]),
            heartbeat: HeartbeatPolicy(
                interval: .milliseconds(700),
                replyTimeout: pick([.milliseconds(300), .milliseconds(700), .max]),
                missedAllowed: pick([0, 2]),
                randomFirstPhase: pick([true, false])
            ),
            outbox: OutboxPolicy(
                whileDisconnected: pick([.queue, .queue, .refuse, .discard]),
                capacity: pick([2, 5, 50]),
                overflow: pick([.rejectNewest, .dropOldest]),
                window: pick([1, 2, 8]),
                acknowledgementTimeout: pick([.milliseconds(500), .seconds(20)]),
                retry: .exponential(base: .milliseconds(100), cap: .seconds(2), jitter: .full),
                retryLimit: pick([nil, 1])
            )
        )
        policy.startsAfterBackoff = pick([false, true])
        policy.closingTimeout = pick([.zero, .milliseconds(300)])
        policy.returnEndsWait = pick([false, true])
        policy.afterDrop = pick([nil, ClientPolicy.DropRetry(delay: .milliseconds(20), counts: true)])
        policy.heartbeat?.silence = pick([nil, nil, nil, HeartbeatPolicy.Silence(longest: .seconds(3), strikes: 2)])
        return policy
    }
}
