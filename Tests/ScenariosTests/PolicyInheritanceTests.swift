import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

/// What a policy leaves out comes from the one it extends; 'none' and empty lists switch off.
@Suite("Inheritance of policies")
struct PolicyInheritanceTests {
    @Test("of FullScenario.third, only what is said changes", arguments: changes)
    private func third(settings: String, change: Change) throws {
        let comma = settings.isEmpty ? "" : ", "
        let text = small("policies: { ours: { extends: third\(comma)\(settings) } }")
        let scenario = try readScenario(text, policies: ["third": FullScenario.third])
        #expect(scenario.policies["ours"] == FullScenario.third.with(change))
    }

    @Test("a strategy is inherited until another, or none, is named")
    func strategies() throws {
        let text = small(
            "policies: { a: { strategy: one }, b: { extends: a }, c: { extends: b, strategy: two }, "
                + "d: { extends: c, strategy: none } }"
        )
        let policies = try ScenarioFile.read(
            Array(text.utf8),
            file: "a.yaml",
            strategies: ["one": ConstantStrategy(), "two": ConstantStrategy()]
        ).scenario.policies
        #expect(["a", "b", "c", "d"].map { policies[$0]?.strategy?.name } == ["one", "one", "two", nil])
    }

    @Test("breakers that count shares, and a child that counts failures again")
    func shares() throws {
        let scenario = try readScenario(
            small(
                "policies: { a: { breaker: { failures: 3, within: 10s, success-clears: true } }, "
                    + "b: { extends: a, breaker: { success-clears: false } }, "
                    + "c: { extends: b, breaker: { share: { failed: 20%, within: 1m } } }, "
                    + "d: { extends: c, breaker: { failures: 2 } } }"
            )
        )
        let breakers = ["a", "b", "c", "d"].map { scenario.policies[$0]?.breaker }
        #expect(
            breakers.map { $0?.counting } == [
                .consecutiveWithin(.seconds(10)), .slidingWindow(.seconds(10)),
                .failureShareWithin(.atLeast(0.2), window: .minutes(1), slices: 10, minimumCalls: 1), .consecutive,
            ]
        )
        #expect(breakers.map { $0?.failuresToOpen } == [3, 3, 5, 2])
    }
}

private typealias Change = @Sendable (inout ClientPolicy) -> Void

/// Settings beside `extends: third`, and what they make of it.
private let changes: [(String, Change)] = [
    ("", { _ in }),
    ("strategy: none", { $0.strategy = nil }),
    ("elapsed-limit: none", { $0.elapsedLimit = .max }),
    ("after-drop: none", { $0.afterDrop = nil }),
    ("after-drop: { delay: 2s }", { $0.afterDrop = ClientPolicy.DropRetry(delay: .seconds(2)) }),
    ("suspension: none", { $0.suspension = nil }),
    (
        "suspension: { after: 1m, retry-every: 9s }",
        { $0.suspension = ClientPolicy.Suspension(after: .minutes(1), retryEvery: .seconds(9)) }
    ),
    ("poll-loop: none", { $0.pollLoop = nil }),
    ("poll-loop: {}", { _ in }),
    ("poll-loop: { growth: 3 }", { $0.pollLoop?.growth = 3 }),
    ("group: none", { $0.group = nil }),
    ("group: { members: 2 }", { $0.group = ConnectionGroupPolicy(members: 2) }),
    ("group: { members: 2, grace: none }", { $0.group = ConnectionGroupPolicy(members: 2, grace: .max) }),
    ("transport-retry: none", { $0.transportRetry = nil }),
    ("transport-retry: { delay: 1s }", { $0.transportRetry = TransportRetryPolicy(delay: .seconds(1)) }),
    ("hazards: []", { $0.hazards = [] }),
    ("hazards: [stop-is-a-drop]", { $0.hazards = .stopIsADrop }),
    ("hold-when: []", { $0.hidden = .ignored }),
    ("close-when: []", { $0.offline = .ignored }),
    ("pause-when: [offline]", { $0.offline = .pauses }),
    (
        "hold-when: [offline]",
        {
            $0.offline = .holdsAttempts
            $0.hidden = .ignored
        }
    ),
    ("pause-when: [hidden], hold-when: []", { $0.hidden = .pauses }),
    ("close-rules: []", { $0.closeRules = [] }),
    ("reset: { on-resume: true }", { $0.reset.onResume = true }),
    ("reset: { on-open: true }", { $0.reset.afterSuccess = .onOpen }),
    ("backoff: {}", { _ in }),
    ("backoff: { first: none }", { $0.backoff.first = nil }),
    ("backoff: { rounding: none }", { $0.backoff.rounding = .nearestNanosecond }),
    ("backoff: { rounding: { to: 1s } }", { $0.backoff.rounding = Backoff.Rounding(.down, to: .seconds(1)) }),
    (
        "backoff: { floor: 0s, draws: per-retry }",
        {
            $0.backoff.floor = .zero
            $0.backoff.draws = .perRetry
        }
    ),
    ("breaker: none", { $0.breaker = nil }),
    ("breaker: {}", { _ in }),
    ("breaker: { probes: 9 }", { $0.breaker?.probeLimit = 9 }),
    ("breaker: { share: none }", { $0.breaker?.counting = .consecutive }),
    (
        "breaker: { within: 5s, failures: 3 }",
        {
            $0.breaker?.counting = .slidingWindow(.seconds(5))
            $0.breaker?.failuresToOpen = 3
        }
    ),
    (
        "breaker: { within: 5s, success-clears: true }",
        { $0.breaker?.counting = .consecutiveWithin(.seconds(5)) }
    ),
    ("breaker: { open-growth: none }", { $0.breaker?.openGrowth = nil }),
    ("breaker: { open-growth: { cap: 10m } }", { $0.breaker?.openGrowth?.cap = .minutes(10) }),
    ("breaker: { probe-share: none }", { $0.breaker?.probeShare = nil }),
    ("breaker: { hazards: [] }", { $0.breaker?.hazards = [] }),
    ("heartbeat: none", { $0.heartbeat = nil }),
    ("heartbeat: {}", { _ in }),
    ("heartbeat: { silence: none }", { $0.heartbeat?.silence = nil }),
    ("heartbeat: { server-every: none }", { $0.heartbeat?.serverInterval = nil }),
    ("heartbeat: { missed-allowed: 7 }", { $0.heartbeat?.missedAllowed = 7 }),
    // The limit to silence notices a dead connection: answers need not be waited for.
    ("heartbeat: { every: 5s }", { $0.heartbeat?.interval = .seconds(5) }),
    (
        "heartbeat: { every: 5s, silence: none }",
        {
            $0.heartbeat?.interval = .seconds(5)
            $0.heartbeat?.replyTimeout = .seconds(5)
            $0.heartbeat?.silence = nil
        }
    ),
]
