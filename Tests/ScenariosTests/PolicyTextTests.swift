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

    private func indented(_ text: String, by spaces: Int) -> String {
        text.split(separator: "\n").map { String(repeating: " ", count: spaces) + $0 }.joined(separator: "\n")
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

    @Test("policies of any settings read back as they are, alone and on top of any other", arguments: 0..<60)
    func random(seed: Int) throws {
        var choices = PolicyChoices(seed: seed)
        let policy = choices.policy()
        let text = ScenarioFile.text(of: policy, named: "any")
        let read = try ScenarioFile.read(
            Array(small("policies:\n" + indented(text, by: 2)).utf8),
            file: "a.yaml",
            strategies: ["ours": ConstantStrategy()]
        )
        #expect(read.scenario.policies["any"] == policy)
        #expect(ScenarioFile.text(of: try #require(read.scenario.policies["any"]), named: "any") == text)
        #expect(try SchemaValidator(ScenarioFile.schema).faults(in: read.source) == [])
    }

    @Test("the text leaves nothing but rare parts of sections to a policy it would extend", arguments: 0..<60)
    func completeness(seed: Int) throws {
        var choices = PolicyChoices(seed: 1_000 + seed)
        let policy = choices.policy()
        let other = choices.policy().with {
            // Left out of the line where they are off, to keep it readable.
            $0.backoff = Backoff(growth: .fixed(.seconds(9)), cap: .seconds(9), jitter: .full)
            $0.outbox.retry = $0.backoff
            $0.breaker = nil
            $0.heartbeat = nil
        }
        let text = ScenarioFile.text(of: policy, named: "any").split(separator: "\n").dropFirst()
            .joined(separator: "\n")
        let extended = "policies:\n  any:\n    extends: other\n" + indented(text, by: 2)
        let read = try ScenarioFile.read(
            Array(small(extended).utf8),
            file: "a.yaml",
            policies: ["other": other],
            strategies: ["ours": ConstantStrategy()]
        )
        #expect(read.scenario.policies["any"] == policy)
    }

    @Test("a policy is written as this text")
    func golden() {
        #expect(
            ScenarioFile.text(of: FullScenario.first, named: "first") == """
                first:
                  backoff: { growth: exponential, base: 500ms, factor: 1.6, exponent-offset: 1, cap: 20s, \
                cap-applies: after-jitter, jitter: equal }
                  strategy: none
                  reset: { after-stable: 15s, on-resume: false, on-manual-retry: false }
                  retry-limit: 12
                  elapsed-limit: none
                  retries-first-connect: true
                  waits-from: failure
                  after-drop: none
                  suspension: none
                  starts-after-backoff: false
                  prepares-attempts: false
                  closing-timeout: 0s
                  connect-timeout: 8s
                  start-spread: 3s
                  pause-when: [hidden]
                  hold-when: []
                  close-when: []
                  resume: after-backoff
                  return-ends-wait: false
                  retry-after: { jitter: 0.2 }
                  close-rules:
                    - { code: 1008, then: block }
                    - { code: 4000, to: 4099, then: stop }
                    - { code: 1012, pause: 3s }
                    - { code: 1013, pause-from: 5s, pause-to: 15s }
                  breaker: { failures: 4, within: 1m, open: 45s, open-jitter: 0.1, probes: 2, successes: 3 }
                  heartbeat: { every: 20s, timeout: 5s, missed-allowed: 2, random-first-phase: true }
                  poll-loop: none
                  group: none
                  outbox:
                    while-disconnected: discard
                    capacity: 2000
                    overflow: drop-oldest
                    time-to-live: 1m30s
                    window: 16
                    ack-timeout: 4s
                    retry: { growth: table, table: [1s, 2s, 5s], cap: 4s, cap-applies: before-jitter, jitter: none }
                    retry-limit: 9
                  transport-retry: none
                  hazards: []

                """
        )
    }
}

/// Policies at the edges of what can be written.
private let oddPolicies: [ClientPolicy] = [
    FullScenario.first,
    FullScenario.second,
    FullScenario.third,
    FullScenario.fourth,
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
    ClientPolicy(
        backoff: Backoff(growth: .fixed(.zero)),
        closeRules: [
            CloseRule(codes: 1...1, reason: .equal(""), response: .stop),
            CloseRule(codes: 1...1, reason: .equal("42"), response: .stop),
            CloseRule(codes: 1...1, reason: .equal("none: { \"a\", 'b' } # \\ \t\n\u{7f} é 😀"), response: .backOff),
            CloseRule(codes: 1...1, reason: .containing(" x "), response: .backOff),
        ]
    ),
]

extension Interval {
    fileprivate static func days(_ count: Int64) -> Interval { .hours(24 * count) }
}
