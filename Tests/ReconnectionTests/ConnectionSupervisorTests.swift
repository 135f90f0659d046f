import MonotonicTime
import Reconnection
import Testing

@Suite struct ConnectionSupervisorTests {
    /// 1, 2, 4, 8 … s without jitter.
    private static let doubling = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)

    // MARK: Attempts

    @Test("a client connects at once when it is started, and forgets its failures when the connection opens")
    func attempts() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling))
        #expect(client.phase == .stopped)
        #expect(client.nextDeadline == .distantFuture)
        #expect(
            client.start(at: 5) == [.phaseChanged(from: .stopped, to: .connecting), .openTransport(generation: 1)]
        )
        #expect(client.nextDeadline == .distantFuture)
        #expect(
            client.lost(1, at: 6) == [
                .retryScheduled(at: at(7), retry: 0), .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        #expect(client.nextDeadline == at(7))
        #expect(
            client.advance(to: 7) == [
                .phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: 2),
            ]
        )
        #expect(
            client.lost(2, at: 7) == [
                .retryScheduled(at: at(9), retry: 1), .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        client.advance(to: 9)
        #expect(client.opened(3, at: 9.5) == [.phaseChanged(from: .connecting, to: .connected)])
        #expect(client.nextDeadline == .distantFuture)
        #expect(
            client.lost(3, at: 10) == [
                .retryScheduled(at: at(11), retry: 0), .phaseChanged(from: .connected, to: .waiting),
            ]
        )
        #expect(client.random.draws == 0)
    }

    @Test("a start spread puts the first attempt off by its random part, and later ones not at all")
    func startSpread() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, startSpread: .seconds(8)), uniforms: [0.25])
        #expect(client.start(at: 1) == [.phaseChanged(from: .stopped, to: .waiting)])
        #expect(client.nextDeadline == at(3))
        #expect(client.random.draws == 1)
        #expect(client.advance(to: at(3) - .nanoseconds(1)) == [])
        #expect(
            client.advance(to: 3) == [
                .phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: 1),
            ]
        )
        client.lost(1, at: 3)
        #expect(client.nextDeadline == at(4))
        #expect(client.random.draws == 1)
    }

    @Test("a start while started changes nothing")
    func repeatedStart() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling))
        client.start(at: 0)
        #expect(client.start(at: 1) == [])
        client.opened(1, at: 1)
        #expect(client.start(at: 2) == [])
        client.lost(1, at: 2)
        #expect(client.start(at: 2.5) == [])
        #expect(client.nextDeadline == at(3))
    }

    @Test("an attempt without an answer has failed when its timeout ends, and not before")
    func connectTimeout() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, connectTimeout: .seconds(5)))
        client.start(at: 0)
        #expect(client.nextDeadline == at(5))
        #expect(client.advance(to: at(5) - .nanoseconds(1)) == [])
        #expect(
            client.advance(to: 5) == [
                .closeTransport(generation: 1, close: .abnormal), .retryScheduled(at: at(6), retry: 0),
                .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        client.advance(to: 6)
        client.opened(2, at: 10.9)
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.advance(to: 11) == [])
        #expect(client.phase == .connected)
    }

    @Test("stop closes what there is and forgets every timer", arguments: [ConnectionPhase.connecting, .connected])
    func stop(phase: ConnectionPhase) {
        let client = TestClient(
            ClientPolicy(
                backoff: Self.doubling,
                reset: .init(afterSuccess: .afterStable(.seconds(10))),
                connectTimeout: .seconds(5)
            )
        )
        client.start(at: 0)
        if phase == .connected { client.opened(1, at: 0) }
        #expect(client.nextDeadline < .distantFuture)
        #expect(
            client.stop(at: 1) == [
                .closeTransport(generation: 1, close: .normal), .phaseChanged(from: phase, to: .stopped),
            ]
        )
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.stop(at: 2) == [])
        #expect(client.advance(to: 100) == [])
        #expect(client.start(at: 100).last == .openTransport(generation: 2))
    }

    @Test("stop while waiting, paused, exhausted or blocked ends that")
    func stopElsewhere() {
        let policy = ClientPolicy(
            backoff: Self.doubling,
            retryLimit: 0,
            offline: .pauses,
            closeRules: [
                CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)
            ]
        )
        for (phase, client) in [
            (ConnectionPhase.waiting, TestClient(ClientPolicy(backoff: Self.doubling))),
            (.paused, TestClient(policy)), (.exhausted, TestClient(policy)), (.blocked, TestClient(policy)),
        ] {
            client.start(at: 0)
            if phase == .paused {
                client.network(false, at: 0)
            } else {
                client.lost(1, phase == .blocked ? .policyViolation : .abnormal, at: 0)
            }
            #expect(client.phase == phase)
            #expect(client.stop(at: 1) == [.phaseChanged(from: phase, to: .stopped)])
            #expect(client.nextDeadline == .distantFuture)
            client.network(true, at: 2)
            #expect(client.retryNow(at: 2) == [] && client.credentialsRenewed(at: 2) == [])
            #expect(client.start(at: 3).last == .openTransport(generation: 2))
        }
    }

    // MARK: Late reports

    @Test("reports about any other generation, and repeated ones, are ignored")
    func otherGenerations() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, connectTimeout: .seconds(5)))
        func expectDeaf(to generations: [UInt32], _ place: SourceLocation = #_sourceLocation) {
            let before = client.client
            for generation in generations {
                #expect(client.opened(generation, at: client.now.seconds) == [], sourceLocation: place)
                #expect(client.lost(generation, at: client.now) == [], sourceLocation: place)
            }
            #expect(client.client == before, sourceLocation: place)
        }
        expectDeaf(to: [0, 1])
        client.start(at: 0)
        expectDeaf(to: [0, 2])
        client.advance(to: 5)
        expectDeaf(to: [0, 1, 2])
        client.advance(to: 6)
        expectDeaf(to: [0, 1, 3])
        client.opened(2, at: 7)
        expectDeaf(to: [0, 1, 3])
        #expect(client.opened(2, at: 7) == [])
        client.lost(2, at: 8)
        expectDeaf(to: [0, 1, 2, 3])
        client.stop(at: 8)
        expectDeaf(to: [0, 1, 2, 3])
    }

    // MARK: Resetting the counter

    @Test("a connection that lasts as long as the stable window resets the counter, one a nanosecond shorter does not")
    func stableWindow() {
        let policy = ClientPolicy(backoff: Self.doubling, reset: .init(afterSuccess: .afterStable(.seconds(10))))
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        client.opened(2, at: 1)
        #expect(client.nextDeadline == at(11))
        #expect(client.advance(to: at(11) - .nanoseconds(1)) == [])
        #expect(
            client.lost(2, at: at(11) - .nanoseconds(1)).first
                == .retryScheduled(at: at(13) - .nanoseconds(1), retry: 1)
        )
        client.advance(to: 13)
        client.opened(3, at: 13)
        #expect(client.advance(to: 23) == [])
        #expect(client.client.supervisor.retryCount == 0)
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.lost(3, at: 23).first == .retryScheduled(at: at(24), retry: 0))
    }

    @Test("the stable window of a lost connection does not reset the next one's counter")
    func staleStableWindow() {
        let policy = ClientPolicy(backoff: Self.doubling, reset: .init(afterSuccess: .afterStable(.seconds(10))))
        let client = TestClient.connected(policy)
        client.lost(1, at: 9)
        #expect(
            client.advance(to: 10) == [.phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: 2)]
        )
        #expect(client.client.supervisor.retryCount == 1)
        #expect(client.lost(2, at: 10).first == .retryScheduled(at: at(12), retry: 1))
    }

    @Test("a counter that is never reset grows over successes too")
    func neverReset() {
        let policy = ClientPolicy(backoff: Self.doubling, reset: .init(afterSuccess: .never))
        let client = TestClient.connected(policy)
        client.lost(1, at: 0)
        client.advance(to: 1)
        client.opened(2, at: 1)
        client.advance(to: 1_000)
        #expect(client.lost(2, at: 1_000).first == .retryScheduled(at: at(1_002), retry: 1))
    }

    @Test("decorrelated delays start over with the counter")
    func previousDelayReset() {
        let client = TestClient(
            ClientPolicy(backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .decorrelated))
        )
        client.start(at: 0)
        #expect(client.lost(1, at: 0).first == .retryScheduled(at: at(2), retry: 0))
        client.advance(to: 2)
        #expect(client.lost(2, at: 2).first == .retryScheduled(at: at(5.5), retry: 1))
        client.advance(to: 5.5)
        client.opened(3, at: 6)
        #expect(client.lost(3, at: 6).first == .retryScheduled(at: at(8), retry: 0))
    }

    // MARK: Gates

    @Test("going offline closes the transport, and coming back connects in the same instant from a fresh counter")
    func offlineImmediately() {
        let client = TestClient(
            ClientPolicy(backoff: Self.doubling, connectTimeout: .seconds(9), offline: .pauses)
        )
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        #expect(
            client.network(false, at: 2) == [
                .closeTransport(generation: 2, close: .goingAway), .phaseChanged(from: .connecting, to: .paused),
            ]
        )
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.network(false, at: 3) == [])
        #expect(client.advance(to: 100) == [])
        #expect(client.retryNow(at: 100) == [])
        #expect(
            client.network(true, at: 100) == [
                .phaseChanged(from: .paused, to: .connecting), .openTransport(generation: 3),
            ]
        )
        #expect(client.lost(3, at: 100).first == .retryScheduled(at: at(101), retry: 0))
    }

    @Test("resuming after the backoff waits its first delay, or the counter's where resuming does not reset it")
    func offlineAfterBackoff() {
        for (resets, due, retry) in [(true, 11.0, UInt32(0)), (false, 14, 2)] {
            let client = TestClient(
                ClientPolicy(
                    backoff: Self.doubling,
                    reset: .init(afterSuccess: .onOpen, onResume: resets),
                    offline: .pauses,
                    resume: .afterBackoff
                )
            )
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 1)
            client.lost(2, at: 1)
            #expect(client.network(false, at: 2) == [.phaseChanged(from: .waiting, to: .paused)])
            #expect(
                client.network(true, at: 10) == [
                    .retryScheduled(at: at(due), retry: retry), .phaseChanged(from: .paused, to: .waiting),
                ]
            )
            #expect(client.nextDeadline == at(due))
        }
    }

    @Test("a client held back by both gates resumes when the last one opens")
    func bothGates() {
        let client = TestClient.connected(
            ClientPolicy(backoff: Self.doubling, offline: .pauses, hidden: .pauses)
        )
        #expect(
            client.visible(false, at: 1) == [
                .closeTransport(generation: 1, close: .goingAway), .phaseChanged(from: .connected, to: .paused),
            ]
        )
        #expect(client.network(false, at: 2) == [])
        #expect(client.visible(true, at: 3) == [])
        #expect(
            client.network(true, at: 4) == [
                .phaseChanged(from: .paused, to: .connecting), .openTransport(generation: 2),
            ]
        )
    }

    @Test("gates the policy does not look at hold nobody back")
    func ignoredGates() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling))
        client.network(false, at: 0)
        client.visible(false, at: 0)
        #expect(client.start(at: 0).last == .openTransport(generation: 1))
        client.opened(1, at: 0)
        #expect(client.network(true, at: 1) == [] && client.network(false, at: 1) == [])
        #expect(client.visible(true, at: 1) == [] && client.visible(false, at: 1) == [])
    }

    @Test("a client started while held back pauses first")
    func startHeldBack() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, startSpread: .seconds(5), hidden: .pauses))
        #expect(client.visible(false, at: 0) == [])
        #expect(client.start(at: 1) == [.phaseChanged(from: .stopped, to: .paused)])
        #expect(client.random.draws == 0)
        #expect(client.visible(true, at: 2).last == .openTransport(generation: 1))
    }

    @Test("gates do not wake a client that was stopped or blocked")
    func gatesWakeNobody() {
        let block = CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)
        let client = TestClient(ClientPolicy(backoff: Self.doubling, offline: .pauses, closeRules: [block]))
        #expect(client.network(false, at: 0) == [] && client.network(true, at: 0) == [])
        client.start(at: 0)
        client.lost(1, .policyViolation, at: 0)
        #expect(client.phase == .blocked)
        #expect(client.network(false, at: 1) == [] && client.network(true, at: 2) == [])
        #expect(client.phase == .blocked)
    }

    // MARK: Close rules and hints

    @Test("a pause of one length is kept to the nanosecond and draws nothing; the counter rises")
    func fixedPause() {
        let rule = CloseRule(
            codes: 1013...1013,
            response: .pause(from: .nanoseconds(7_000_000_001), to: .nanoseconds(7_000_000_001))
        )
        let client = TestClient(
            ClientPolicy(backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full), closeRules: [rule])
        )
        client.start(at: 0)
        #expect(
            client.lost(1, .tryAgainLater, at: 0) == [
                .retryScheduled(at: Instant(nanoseconds: 7_000_000_001), retry: 0),
                .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        #expect(client.random.draws == 0)
        client.advance(to: 8)
        // Another code has the backoff, of the counter that rose.
        #expect(client.lost(2, .serviceRestart, at: 8).first == .retryScheduled(at: at(9), retry: 1))
        #expect(client.random.draws == 1)
    }

    @Test(
        "a ranged pause is spread over its range and floored to milliseconds",
        arguments: [
            (0.0, 5_000), (0.000_19, 5_001), (0.000_1, 5_001), (0.000_099, 5_000), (0.5, 10_000), (0.999_99, 14_999),
        ] as [(Double, Int64)]
    )
    func rangedPause(uniform: Double, milliseconds: Int64) {
        let rule = CloseRule(codes: 1012...1013, response: .pause(from: .seconds(5), to: .seconds(15)))
        for code in [UInt16(1012), 1013] {
            let client = TestClient(ClientPolicy(backoff: Self.doubling, closeRules: [rule]), uniforms: [uniform])
            client.start(at: 0)
            #expect(
                client.lost(1, Close(code: code), at: 0).first
                    == .retryScheduled(at: Instant(.milliseconds(milliseconds)), retry: 0)
            )
            #expect(client.random.draws == 1)
        }
    }

    @Test("the first rule that fits a code counts, and codes outside have none")
    func ruleOrder() {
        let rules = [
            CloseRule(codes: 4000...4000, response: .pause(from: .seconds(7), to: .seconds(7))),
            CloseRule(codes: 4000...4010, response: .stop),
        ]
        for (code, phase, deadline) in [
            (3999, .waiting, at(1)), (4000, .waiting, at(7)), (4001, .stopped, .distantFuture),
            (4010, .stopped, .distantFuture), (4011, .waiting, at(1)),
        ] as [(UInt16, ConnectionPhase, Instant)] {
            let client = TestClient(ClientPolicy(backoff: Self.doubling, closeRules: rules))
            client.start(at: 0)
            client.lost(1, Close(code: code), at: 0)
            #expect(client.phase == phase, "\(code)")
            #expect(client.nextDeadline == deadline, "\(code)")
        }
    }

    @Test("a rule that says stop ends it until the next start")
    func stopRule() {
        let client = TestClient.connected(
            ClientPolicy(backoff: Self.doubling, closeRules: [CloseRule(codes: 1000...1000, response: .stop)])
        )
        #expect(client.lost(1, .normal, at: 1) == [.phaseChanged(from: .connected, to: .stopped)])
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.retryNow(at: 2) == [] && client.credentialsRenewed(at: 2) == [])
        #expect(client.start(at: 3).last == .openTransport(generation: 2))
    }

    @Test("a blocked client waits for new credentials alone, and starts from a fresh counter")
    func blockRule() {
        let client = TestClient(
            ClientPolicy(
                backoff: Self.doubling,
                offline: .pauses,
                closeRules: [CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)]
            )
        )
        #expect(client.credentialsRenewed(at: 0) == [])
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        #expect(
            client.lost(2, .policyViolation, at: 1) == [
                .phaseChanged(from: .connecting, to: .blocked), .credentialsNeeded,
            ]
        )
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.retryNow(at: 2) == [] && client.start(at: 2) == [] && client.advance(to: 2) == [])
        #expect(
            client.credentialsRenewed(at: 3) == [
                .phaseChanged(from: .blocked, to: .connecting), .openTransport(generation: 3),
            ]
        )
        #expect(client.credentialsRenewed(at: 3) == [])
        #expect(client.lost(3, at: 3).first == .retryScheduled(at: at(4), retry: 0))
        client.advance(to: 4)
        client.lost(4, .policyViolation, at: 4)
        client.network(false, at: 5)
        #expect(client.credentialsRenewed(at: 5) == [.phaseChanged(from: .blocked, to: .paused)])
        #expect(client.network(true, at: 6).last == .openTransport(generation: 5))
    }

    @Test(
        "a server's hint is the wait where it is longer, spread where the policy says so",
        arguments: [
            (.ignore, 20, 4, 1), (.honour(jitterFraction: 0), 20, 20, 1), (.honour(jitterFraction: 0), 3, 4, 1),
            (.honour(jitterFraction: 0.1), 20, 21, 2), (.honour(jitterFraction: 0.1), 3, 4.15, 2),
            (.honour(jitterFraction: 0.1), nil, 4, 1), (.honour(jitterFraction: 0.1), 0, 4, 2),
        ] as [(RetryAfterRule, Double?, Double, Int)]
    )
    func retryAfter(rule: RetryAfterRule, hint: Double?, wait: Double, draws: Int) {
        let backoff = Backoff(growth: .fixed(.seconds(8)), jitter: .full)
        let client = TestClient(ClientPolicy(backoff: backoff, retryAfter: rule))
        client.start(at: 0)
        let close = Close(code: 1013, retryAfter: hint.map { Interval(seconds: $0) })
        #expect(client.lost(1, close, at: 0).first == .retryScheduled(at: at(wait), retry: 0))
        #expect(client.random.draws == draws)
    }

    @Test("a negative hint shortens no wait")
    func negativeHint() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, retryAfter: .honour(jitterFraction: 1)))
        client.start(at: 0)
        let close = Close(code: 1013, retryAfter: .seconds(-100))
        #expect(client.lost(1, close, at: 0).first == .retryScheduled(at: at(1), retry: 0))
    }

    @Test("a close rule's pause goes before the server's hint")
    func pauseBeforeHint() {
        let client = TestClient(
            ClientPolicy(
                backoff: Self.doubling,
                closeRules: [CloseRule(codes: 1013...1013, response: .pause(from: .seconds(5), to: .seconds(5)))],
                retryAfter: .honour(jitterFraction: 0)
            )
        )
        client.start(at: 0)
        #expect(
            client.lost(1, Close(code: 1013, retryAfter: .seconds(50)), at: 0).first
                == .retryScheduled(at: at(5), retry: 0)
        )
    }

    // MARK: Giving up and retrying by hand

    @Test("after as many retries as allowed the client gives up, once")
    func retryLimit() {
        let client = TestClient(ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))), retryLimit: 2))
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        #expect(client.lost(2, at: 1).first == .retryScheduled(at: at(2), retry: 1))
        client.advance(to: 2)
        #expect(client.lost(3, at: 2) == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.lost(3, at: 3) == [] && client.advance(to: 9) == [])
        #expect(
            client.start(at: 9) == [.phaseChanged(from: .exhausted, to: .connecting), .openTransport(generation: 4)]
        )
        #expect(client.lost(4, at: 9).first == .retryScheduled(at: at(10), retry: 0))
    }

    @Test("the retry limit counts for dropped connections too")
    func retryLimitOnDrops() {
        let client = TestClient.connected(
            ClientPolicy(backoff: Self.doubling, reset: .init(afterSuccess: .never), retryLimit: 1)
        )
        client.lost(1, at: 0)
        client.advance(to: 1)
        client.opened(2, at: 1)
        #expect(client.lost(2, at: 2) == [.phaseChanged(from: .connected, to: .exhausted), .gaveUp])
    }

    @Test("a limit of zero gives up after the first attempt")
    func retryLimitZero() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, retryLimit: 0))
        client.start(at: 0)
        #expect(client.lost(1, at: 0) == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
    }

    @Test("a client that gave up is woken by a resume")
    func exhaustedAndResumed() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, retryLimit: 0, offline: .pauses))
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.network(false, at: 1) == [.phaseChanged(from: .exhausted, to: .paused)])
        #expect(
            client.network(true, at: 2) == [
                .phaseChanged(from: .paused, to: .connecting), .openTransport(generation: 2),
            ]
        )
        #expect(client.lost(2, at: 2) == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
    }

    @Test("a retry by hand starts one attempt from waiting, connecting and exhausted, and no second one later")
    func manualRetry() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, retryLimit: 1))
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(
            client.retryNow(at: 0.5) == [.phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: 2)]
        )
        #expect(client.advance(to: 1) == [])
        #expect(
            client.retryNow(at: 2) == [
                .closeTransport(generation: 2, close: .goingAway), .openTransport(generation: 3),
            ]
        )
        #expect(client.lost(2, at: 2) == [])
        #expect(client.lost(3, at: 2).first == .retryScheduled(at: at(3), retry: 0))
        client.advance(to: 3)
        client.lost(4, at: 3)
        #expect(client.phase == .exhausted)
        #expect(
            client.retryNow(at: 4) == [.phaseChanged(from: .exhausted, to: .connecting), .openTransport(generation: 5)]
        )
        client.opened(5, at: 4)
        #expect(client.retryNow(at: 5) == [])
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("a retry by hand keeps the counter where the policy says so, and so gives up again")
    func manualRetryWithoutReset() {
        let client = TestClient(
            ClientPolicy(
                backoff: Self.doubling,
                reset: .init(afterSuccess: .onOpen, onManualRetry: false),
                retryLimit: 1
            )
        )
        client.start(at: 0)
        client.lost(1, at: 0)
        client.retryNow(at: 0)
        #expect(client.lost(2, at: 0) == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
        client.retryNow(at: 1)
        #expect(client.lost(3, at: 1) == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
    }

    @Test("a retry by hand does nothing while stopped, paused or blocked")
    func manualRetryElsewhere() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, hidden: .pauses))
        #expect(client.retryNow(at: 0) == [])
        client.visible(false, at: 0)
        client.start(at: 0)
        #expect(client.phase == .paused)
        #expect(client.retryNow(at: 0) == [])
        client.visible(true, at: 1)
        client.stop(at: 1)
        #expect(client.retryNow(at: 1) == [])
    }

    // MARK: The breaker around attempts

    private static func guarded(
        failures: Int = 2,
        successes: Int = 1,
        offline: ClientPolicy.Gate = .ignored
    ) -> ClientPolicy {
        ClientPolicy(
            backoff: Self.doubling,
            connectTimeout: .seconds(5),
            offline: offline,
            breaker: CircuitBreakerPolicy(
                failuresToOpen: failures,
                openFor: .seconds(100),
                successesToClose: successes
            )
        )
    }

    @Test("an open breaker puts the retry off to its end, and the client recovers by itself")
    func breakerRecovery() {
        let client = TestClient(Self.guarded())
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 1)
        #expect(
            client.lost(2, at: 1) == [
                .breakerOpened(until: at(101)), .retryScheduled(at: at(101), retry: 1),
                .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        #expect(client.nextDeadline == at(101))
        #expect(client.advance(to: at(101) - .nanoseconds(1)) == [])
        #expect(
            client.advance(to: 101) == [.phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: 3)]
        )
        // The probe fails by hanging; the next one succeeds.
        #expect(
            client.advance(to: 106) == [
                .closeTransport(generation: 3, close: .abnormal), .breakerOpened(until: at(206)),
                .retryScheduled(at: at(206), retry: 2), .phaseChanged(from: .connecting, to: .waiting),
            ]
        )
        client.advance(to: 206)
        #expect(client.opened(4, at: 206) == [.breakerClosed, .phaseChanged(from: .connecting, to: .connected)])
    }

    @Test("a delay that ends after the breaker's open period is kept")
    func delayBeyondBreaker() {
        var policy = Self.guarded()
        policy.backoff = Backoff(growth: .fixed(.seconds(300)))
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 300)
        #expect(client.lost(2, at: 300).contains(.retryScheduled(at: at(600), retry: 1)))
    }

    @Test("drops of a connection are no failures of attempts")
    func dropsDoNotCount() {
        let client = TestClient(Self.guarded(failures: 1))
        for generation in UInt32(1)...5 {
            if generation == 1 { client.start(at: 0) } else { client.advance(to: client.nextDeadline) }
            client.opened(generation, at: client.now.seconds)
            #expect(client.lost(generation, at: client.now).count == 2)
        }
        #expect(client.client.supervisor.breaker.state == .closed(consecutiveFailures: 0))
    }

    @Test("an impatient user does not get past an open breaker, and the timer stands")
    func manualRetryWhileOpen() {
        let client = TestClient(Self.guarded(failures: 1))
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.retryNow(at: 10) == [.attemptRefused(until: at(100))])
        #expect(client.phase == .waiting)
        #expect(client.nextDeadline == at(100))
        #expect(client.stop(at: 20) == [.phaseChanged(from: .waiting, to: .stopped)])
        #expect(
            client.start(at: 30) == [.attemptRefused(until: at(100)), .phaseChanged(from: .stopped, to: .waiting)]
        )
        #expect(client.nextDeadline == at(100))
        #expect(client.advance(to: 100).last == .openTransport(generation: 2))
    }

    @Test("a client that gave up and is woken waits for an open breaker")
    func exhaustedWhileOpen() {
        var policy = Self.guarded(failures: 1)
        policy.retryLimit = 0
        let client = TestClient(policy)
        client.start(at: 0)
        #expect(
            client.lost(1, at: 0) == [
                .breakerOpened(until: at(100)), .phaseChanged(from: .connecting, to: .exhausted), .gaveUp,
            ]
        )
        #expect(
            client.retryNow(at: 1) == [
                .attemptRefused(until: at(100)), .phaseChanged(from: .exhausted, to: .waiting),
            ]
        )
        #expect(client.nextDeadline == at(100))
    }

    @Test("a client paused, stopped or retried by hand while probing gives the probe's permission back")
    func permissionGivenBack() {
        for interruption in ["pause", "stop", "retry"] {
            let client = TestClient(Self.guarded(failures: 1, offline: .pauses))
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 100)
            #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 1, successes: 0))
            switch interruption {
            case "pause":
                client.network(false, at: 101)
                #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 0, successes: 0))
                #expect(client.network(true, at: 102).last == .openTransport(generation: 3))
            case "stop":
                client.stop(at: 101)
                #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 0, successes: 0))
                #expect(client.start(at: 102).last == .openTransport(generation: 3))
            default:
                #expect(client.retryNow(at: 102).last == .openTransport(generation: 3))
            }
            #expect(client.client.supervisor.breaker.state == .halfOpen(probesUnderWay: 1, successes: 0))
            #expect(client.opened(3, at: 103).first == .breakerClosed)
        }
    }

    @Test("a breaker that wants two successes sees two connections before it closes")
    func twoSuccesses() {
        let client = TestClient(Self.guarded(failures: 1, successes: 2))
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: 100)
        #expect(client.opened(2, at: 100) == [.phaseChanged(from: .connecting, to: .connected)])
        client.lost(2, at: 101)
        client.advance(to: 102)
        #expect(client.opened(3, at: 102) == [.breakerClosed, .phaseChanged(from: .connecting, to: .connected)])
    }

    @Test("resuming after the backoff waits for an open breaker too")
    func resumeWhileOpen() {
        var policy = Self.guarded(failures: 1, offline: .pauses)
        policy.resume = .afterBackoff
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        client.network(false, at: 1)
        #expect(
            client.network(true, at: 2) == [
                .retryScheduled(at: at(100), retry: 0), .phaseChanged(from: .paused, to: .waiting),
            ]
        )
    }

    @Test("the breaker's open period is drawn before the retry delay")
    func orderOfDraws() {
        var policy = Self.guarded(failures: 1)
        policy.breaker?.openJitterFraction = 1
        policy.backoff = Backoff(growth: .fixed(.seconds(1_000)), jitter: .full)
        let client = TestClient(policy, uniforms: [0.25, 0.5])
        client.start(at: 0)
        #expect(
            client.lost(1, at: 0).prefix(2) == [
                .breakerOpened(until: at(125)), .retryScheduled(at: at(500), retry: 0),
            ]
        )
        #expect(client.random.draws == 2)
    }
}
