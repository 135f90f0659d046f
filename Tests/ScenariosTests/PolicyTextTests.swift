import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

@Suite("ScenarioFile.text(of:named:)")
struct PolicyTextTests {
    /// The policy that a text is read as below `policies:`.
    private func reread(_ text: String, named name: String) throws -> ClientPolicy? {
        let indented = text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return try readScenario(small("policies:\n" + indented)).policies[name]
    }

    @Test("every preset reads back as it is", arguments: PolicyPreset.all)
    func presets(preset: PolicyPreset) throws {
        // Under another name, so that nothing can come from the preset itself.
        let text = ScenarioFile.text(of: preset.policy, named: "copy")
        #expect(try reread(text, named: "copy") == preset.policy)
    }

    @Test("every odd policy reads back as it is", arguments: oddPolicies)
    func odd(policy: ClientPolicy) throws {
        let text = ScenarioFile.text(of: policy, named: "odd-1.x")
        #expect(try reread(text, named: "odd-1.x") == policy)
    }

    @Test("the text leaves nothing to a policy it would extend")
    func completeness() throws {
        let text = ScenarioFile.text(of: FullScenario.first, named: "first")
        let lines = text.split(separator: "\n").dropFirst().map { "  \($0)" }
        let extended = "policies:\n  first:\n    extends: landale\n" + lines.joined(separator: "\n")
        #expect(try readScenario(small(extended)).policies["first"] == FullScenario.first)
    }

    @Test("a policy is written as this text")
    func golden() {
        #expect(
            ScenarioFile.text(of: FullScenario.first, named: "first") == """
                first:
                  backoff: { growth: exponential, base: 500ms, factor: 1.6, exponent-offset: 1, cap: 20s, \
                cap-applies: after-jitter, jitter: equal, rounding: none }
                  reset: { after-stable: 15s, on-resume: false, on-manual-retry: false }
                  retry-limit: 12
                  connect-timeout: 8s
                  start-spread: 3s
                  pause-when: [hidden]
                  resume: after-backoff
                  retry-after: { jitter: 0.2 }
                  close-rules:
                    - { code: 1008, then: block }
                    - { code: 4000, to: 4099, then: stop }
                    - { code: 1012, pause: 3s }
                    - { code: 1013, pause-from: 5s, pause-to: 15s }
                  breaker: { failures: 4, within: 1m, open: 45s, open-jitter: 0.1, probes: 2, successes: 3 }
                  heartbeat: { every: 20s, timeout: 5s, missed-allowed: 2, random-first-phase: true }
                  outbox:
                    while-disconnected: discard
                    capacity: 2000
                    overflow: drop-oldest
                    time-to-live: 1m30s
                    window: 16
                    ack-timeout: 4s
                    retry: { growth: table, table: [1s, 2s, 5s], cap: 4s, cap-applies: before-jitter, jitter: none, \
                rounding: none }
                    retry-limit: 9

                """
        )
    }
}

/// Policies at the edges of what can be written.
private let oddPolicies: [ClientPolicy] = [
    FullScenario.first,
    FullScenario.second,
    ClientPolicy(backoff: Backoff(growth: .fixed(.zero))),
    ClientPolicy(
        backoff: Backoff(
            growth: .linear(base: .zero, step: .max),
            cap: .nanoseconds(1),
            jitter: .additive(fraction: 1e-300),
            rounding: .downToMilliseconds
        ),
        reset: ClientPolicy.ResetRule(afterSuccess: .never, onResume: false, onManualRetry: true),
        retryLimit: 0,
        connectTimeout: .nanoseconds(1),
        startSpread: .max,
        offline: .pauses,
        hidden: .pauses,
        closeRules: [
            CloseRule(codes: 0...65_535, response: .pause(from: .zero, to: .zero)),
            CloseRule(codes: 0...0, response: .pause(from: .zero, to: .max)),
            CloseRule(codes: 65_535...65_535, response: .stop),
        ],
        retryAfter: .honour(jitterFraction: 0),
        breaker: CircuitBreakerPolicy(
            counting: .slidingWindow(.nanoseconds(1)),
            failuresToOpen: 1_000_000,
            openFor: .max,
            openJitterFraction: 1,
            probeLimit: 1_000_000,
            successesToClose: 1_000_000
        ),
        heartbeat: HeartbeatPolicy(
            interval: .milliseconds(1),
            replyTimeout: .milliseconds(1),
            missedAllowed: 10_000
        ),
        outbox: OutboxPolicy(
            capacity: 100_000_000,
            timeToLive: .nanoseconds(123_456_789_012_345),
            window: 64,
            acknowledgementTimeout: .milliseconds(1),
            retry: Backoff(
                growth: .exponential(base: .nanoseconds(999), factor: 1.000_000_1, exponentOffset: 64),
                capOrder: .afterJitter,
                jitter: .additiveConstant(upTo: .max)
            ),
            retryLimit: .max
        )
    ),
    ClientPolicy(
        backoff: Backoff(
            growth: .table([.seconds(3), .zero, .nanoseconds(1), .hours(25)]),
            cap: .seconds(3),
            jitter: .minimumPlusFull(minimum: .nanoseconds(1_500))
        )
    ),
    ClientPolicy(
        backoff: Backoff(
            growth: .exponential(base: .days(3), factor: 1_000),
            jitter: .symmetric(fraction: 1.0 / 3)
        ),
        retryAfter: .honour(jitterFraction: 1e-9)
    ),
    ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1)), cap: .seconds(1), jitter: .decorrelated)),
]

extension Interval {
    fileprivate static func days(_ count: Int64) -> Interval { .hours(24 * count) }
}
