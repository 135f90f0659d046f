import MonotonicTime
import Reconnection
import Testing

@Suite struct CloseRuleTests {
    private static let second = Backoff(growth: .fixed(.seconds(1)))

    @Test(
        "reasons are compared trimmed, without one trailing dot, in any case",
        arguments: [
            (.equal("room reset"), "room reset", true), (.equal("room reset"), " \tRoom Reset.\n", true),
            (.equal("Room reset."), "room reset", true), (.equal("room reset"), "room reset..", false),
            (.equal("room reset"), "the room reset", false), (.equal("room reset"), "", false),
            (.containing("rate limit"), "You hit the RATE LIMIT now", true),
            (.containing("rate limit"), "ratelimit", false),
            (.containing("rate limit"), "", false), (.containing("rate limit."), "a rate limit", true),
            (.any, "", true), (.any, "whatever", true),
        ] as [(CloseRule.ReasonMatch, String, Bool)]
    )
    func reasons(match: CloseRule.ReasonMatch, reason: String, applies: Bool) {
        let rule = CloseRule(codes: 1000...1013, reason: match, response: .stop)
        for (code, isInside) in [(UInt16(999), false), (1000, true), (1013, true), (1014, false)] {
            #expect(rule.applies(to: Close(code: code, reason: reason)) == (applies && isInside), "\(code)")
        }
    }

    @Test("the first rule that fits code and reason decides; an exception goes before the rule it is from")
    func order() {
        let policy = ClientPolicy(
            backoff: Self.second,
            closeRules: [
                CloseRule(codes: 4000...4000, response: .backOff),
                CloseRule(codes: 1013...1013, reason: .equal("room reset"), response: .stop),
                CloseRule(codes: 1013...1013, response: .pause(from: .seconds(9), to: .seconds(9))),
                CloseRule(codes: 4000...4999, reason: .containing("gone"), response: .stop),
            ]
        )
        for (close, actions) in [
            (Close(code: 4000, reason: "gone"), [.retry(1, 0), .phase(.connecting, .waiting)]),
            (Close(code: 4001, reason: "gone"), [.phase(.connecting, .stopped)]),
            (Close(code: 4001, reason: "busy"), [.retry(1, 0), .phase(.connecting, .waiting)]),
            (Close(code: 1013, reason: "Room reset."), [.phase(.connecting, .stopped)]),
            (Close(code: 1013, reason: "busy"), [.retry(9, 0), .phase(.connecting, .waiting)]),
        ] as [(Close, [ClientAction])] {
            let client = TestClient(policy)
            client.start(at: 0)
            #expect(client.lost(1, close, at: 0) == actions)
            if client.phase == .stopped { #expect(client.nextDeadline == .distantFuture) }
        }
    }

    @Test(
        "a pause's random part is whole milliseconds and never reaches its upper end",
        arguments: [(0, 5_000), (0.999_999_999, 14_999), (1 - 0x1p-53, 14_999), (0.5, 10_000)] as [(Double, Int64)]
    )
    func pause(uniform: Double, milliseconds: Int64) {
        let rule = CloseRule(codes: 1013...1013, response: .pause(from: .seconds(5), to: .seconds(15)))
        let client = TestClient(ClientPolicy(backoff: Self.second, closeRules: [rule]), uniforms: [uniform])
        client.start(at: 0)
        client.lost(1, .tryAgainLater, at: 0)
        #expect(client.nextDeadline == Instant(.milliseconds(milliseconds)))
        #expect(client.random.draws == 1)
    }

    @Test("a client that a rule blocked stays blocked over stop and start, until there are new credentials")
    func blockSurvivesStop() {
        let rule = CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)
        let client = TestClient(ClientPolicy(backoff: Self.second, closeRules: [rule]))
        client.start(at: 0)
        client.lost(1, .policyViolation, at: 0)
        #expect(!client.client.supervisor.hasCredentials)
        #expect(client.stop(at: 1) == [.phase(.blocked, .stopped)])
        #expect(client.start(at: 2) == [.phase(.stopped, .blocked), .credentialsNeeded])
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.stop(at: 3) == [.phase(.blocked, .stopped)])
        #expect(client.credentialsRenewed(at: 4) == [])
        #expect(client.start(at: 5) == [.phase(.stopped, .connecting), .open(2)])
    }
}
