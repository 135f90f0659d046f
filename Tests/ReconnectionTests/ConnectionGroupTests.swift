import MonotonicTime
import Reconnection
import Testing

/// Two sockets supervised as one.
@Suite struct ConnectionGroupTests {
    private static func policy(grace: Interval, members: Int = 2) -> ClientPolicy {
        ClientPolicy(
            backoff: Backoff(growth: .fixed(.seconds(1))),
            connectTimeout: .seconds(12),
            closeRules: [
                CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
                CloseRule(codes: 1013...1013, response: .pause(from: .seconds(10), to: .seconds(10))),
                CloseRule(codes: 4000...4000, response: .stop),
            ]
        ).with { $0.group = ConnectionGroupPolicy(members: members, grace: grace) }
    }

    /// Both members open from time 1 and 2.
    private func complete(grace: Interval = .seconds(15)) -> TestClient {
        let client = TestClient(Self.policy(grace: grace))
        client.start(at: 0)
        client.opened(1, member: 0, at: 1)
        client.opened(1, member: 1, at: 2)
        return client
    }

    @Test("the first member makes the group connected, and the others have their grace from then")
    func opening() {
        let client = TestClient(Self.policy(grace: .seconds(15)))
        client.start(at: 0)
        #expect(client.opened(1, member: 1, at: 1) == [])
        #expect(client.nextDeadline == at(12))
        client.stop(at: 2)
        client.start(at: 2)
        #expect(client.opened(2, member: 0, at: 3) == [.phase(.connecting, .connected)])
        #expect(client.nextDeadline == at(18))
        #expect(client.advance(to: 17.5) == [])
        #expect(client.opened(2, member: 1, at: 17.999) == [])
        #expect(client.client.group.openMembers == 0b11)
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("a member that has not opened when its grace ends loses the group")
    func graceEnds() {
        let client = TestClient(Self.policy(grace: .seconds(15)))
        client.start(at: 0)
        client.opened(1, member: 0, at: 1)
        #expect(client.advance(to: at(16) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 16) == [.close(1), .retry(17, 0), .phase(.connected, .waiting)])
        #expect(client.client.group.openMembers == 0)
        client.advance(to: 17)
        client.opened(2, member: 0, at: 18)
        #expect(client.nextDeadline == at(33))
    }

    @Test("a member that closes has its grace from then, however often it says so")
    func memberReturns() {
        let client = complete()
        #expect(client.lost(1, member: 1, at: 20) == [])
        #expect(client.lost(1, member: 1, at: 30) == [])
        #expect(client.nextDeadline == at(35))
        #expect(client.opened(1, member: 1, at: 34.999) == [])
        #expect(client.nextDeadline == .distantFuture)
        client.lost(1, member: 1, at: 40)
        #expect(client.advance(to: 55).first == .close(1))
    }

    @Test("the first member's close tears all down at once, and so does any close without grace or while connecting")
    func tornDown() {
        let torn: [ClientAction] = [.close(1), .retry(21, 0), .phase(.connected, .waiting)]
        #expect(complete().lost(1, member: 0, at: 20) == torn)
        #expect(complete(grace: .zero).lost(1, member: 1, at: 20) == torn)
        let connecting = TestClient(Self.policy(grace: .seconds(15)))
        connecting.start(at: 0)
        #expect(connecting.lost(1, member: 1, at: 3) == [.close(1), .retry(4, 0), .phase(.connecting, .waiting)])
    }

    @Test("a grace without end lets a member stay away for ever")
    func endlessGrace() {
        let client = complete(grace: .max)
        client.lost(1, member: 1, at: 20)
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("a refusal of either member blocks at once, whatever the grace", arguments: [0, 1])
    func refusal(member: Int) {
        let client = complete()
        #expect(
            client.lost(1, member: member, .policyViolation, at: 20) == [
                .close(1), .phase(.connected, .blocked), .credentialsNeeded,
            ]
        )
        #expect(client.nextDeadline == .distantFuture)
        // A grace that begins after new credentials holds.
        client.credentialsRenewed(at: 30)
        client.opened(2, member: 0, at: 31)
        #expect(client.advance(to: 32) == [])
        #expect(client.nextDeadline == at(46))
    }

    @Test("of several closes the longest pause wins, unless the first decides")
    func longestPause() {
        for (hazards, due) in [(Hazards(), 30.5), (.firstCloseDecides, 21)] as [(Hazards, Double)] {
            let client = TestClient(Self.policy(grace: .seconds(15)).with { $0.hazards = hazards })
            client.start(at: 0)
            client.opened(1, member: 0, at: 1)
            client.opened(1, member: 1, at: 2)
            client.lost(1, member: 0, at: 20)
            let further = client.lost(1, member: 1, .tryAgainLater, at: 20.5)
            #expect(further == (hazards.isEmpty ? [.retry(30.5, 0)] : []))
            #expect(client.nextDeadline == at(due))
            // A shorter one changes nothing.
            #expect(client.lost(1, member: 1, at: 20.6) == [])
            #expect(client.nextDeadline == at(due))
        }
    }

    @Test("a later close that refuses or stops ends the wait, and leaves no deadline")
    func laterRefusal() {
        let suspension = ClientPolicy.Suspension(after: .seconds(120), retryEvery: .seconds(30))
        for (close, actions) in [
            (.policyViolation, [.phase(.waiting, .blocked), .credentialsNeeded]),
            (Close(code: 4000), [.phase(.waiting, .stopped)]),
        ] as [(Close, [ClientAction])] {
            let client = TestClient(Self.policy(grace: .seconds(15)).with { $0.suspension = suspension })
            client.start(at: 0)
            client.lost(1, member: 0, at: 1)
            #expect(client.lost(1, member: 1, close, at: 1) == actions)
            #expect(client.nextDeadline == .distantFuture)
        }
        let exhausted = TestClient(Self.policy(grace: .seconds(15)).with { $0.retryLimit = 0 })
        exhausted.start(at: 0)
        exhausted.lost(1, member: 0, at: 1)
        #expect(exhausted.lost(1, member: 1, .tryAgainLater, at: 1) == [])
        #expect(exhausted.lost(1, member: 1, .policyViolation, at: 1).last == .credentialsNeeded)
    }

    @Test("a longer pause after a free retry tells a number that exists")
    func pauseAfterFreeRetry() {
        let client = TestClient(
            Self.policy(grace: .zero).with { $0.afterDrop = ClientPolicy.DropRetry(delay: .zero) }
        )
        client.start(at: 0)
        client.opened(1, member: 0, at: 0)
        client.lost(1, member: 0, at: 1)
        #expect(client.lost(1, member: 1, .tryAgainLater, at: 1) == [.retry(11, 0)])
    }

    @Test("other generations and members that do not exist change nothing")
    func nonsense() {
        let client = complete()
        let before = client.client
        for (generation, member) in [(UInt32(0), 0), (2, 0), (2, 1), (1, 2), (1, -1), (1, 32), (1, .max)] {
            #expect(client.opened(generation, member: member, at: 3) == [])
            for close in [Close.abnormal, .policyViolation, .tryAgainLater] {
                #expect(client.lost(generation, member: member, close, at: 3) == [])
            }
        }
        #expect(client.client == before)
    }

    @Test(
        "a policy with too few or too many members has 1 or 32",
        arguments: [(-1, 1), (0, 1), (33, 32), (Int.max, 32)]
    )
    func memberLimits(members: Int, count: Int) {
        let client = TestClient(Self.policy(grace: .seconds(15), members: members))
        client.start(at: 0)
        for member in 0..<40 { client.opened(1, member: member, at: 1) }
        #expect(client.client.group.openMembers.nonzeroBitCount == count)
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.phase == .connected)
    }

    @Test("any member that opens ends the connect timeout, where that hazard is on")
    func anyMemberEndsTimeout() {
        for (hazards, deadline) in [(Hazards(), at(12)), (.anyMemberEndsTimeout, .distantFuture)]
            as [(Hazards, Instant)]
        {
            let client = TestClient(Self.policy(grace: .seconds(15)).with { $0.hazards = hazards })
            client.start(at: 0)
            client.opened(1, member: 7, at: 1)
            #expect(client.nextDeadline == at(12))
            client.opened(1, member: 1, at: 1)
            #expect(client.nextDeadline == deadline)
        }
    }

    @Test("a closing group has closed when its last socket has")
    func closing() {
        let client = TestClient(Self.policy(grace: .seconds(15)).with { $0.closingTimeout = .seconds(5) })
        client.start(at: 0)
        client.opened(1, member: 0, at: 1)
        client.opened(1, member: 1, at: 1)
        client.lost(1, member: 1, at: 2)
        client.opened(1, member: 1, at: 3)
        #expect(client.stop(at: 4) == [.close(1, .normal), .phase(.connected, .closing)])
        #expect(client.nextDeadline == at(9))
        #expect(client.lost(1, member: 0, at: 5) == [])
        #expect(client.lost(1, member: 1, .policyViolation, at: 6) == [.phase(.closing, .stopped)])
        #expect(client.nextDeadline == .distantFuture)
        // A missing member's grace ends with the app's own close.
        client.start(at: 10)
        client.opened(2, member: 0, at: 10)
        client.stop(at: 11)
        #expect(client.nextDeadline == at(16))
        #expect(client.lost(2, member: 0, at: 12) == [.phase(.closing, .stopped)])
    }
}
