import MonotonicTime
import Reconnection
import Testing

/// What each fault of real clients costs: a short story with it, and the same without it.
@Suite struct HazardTests {
    private static let doubling = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)
    )

    /// Tells one story to a client with the hazards and to one without.
    private func tell<Answer>(
        _ hazards: Hazards,
        _ policy: ClientPolicy = doubling,
        _ story: (TestClient) -> Answer
    ) -> (with: Answer, without: Answer) {
        (story(TestClient(policy.with { $0.hazards = hazards })), story(TestClient(policy)))
    }

    @Test("a late close marks a healthy connection lost")
    func lateClose() {
        let policy = Self.doubling.with { $0.connectTimeout = .seconds(5) }
        let (with, without) = tell(.hearsReplacedTransports, policy) { client in
            client.start(at: 0)
            client.advance(to: 5)
            client.advance(to: 6)
            client.opened(2, at: 7)
            return client.lost(1, at: 8)
        }
        #expect(with == [.retry(9, 0), .phase(.connected, .waiting)])
        #expect(without == [])
    }

    @Test("a late success marks a stopped client connected")
    func lateSuccess() {
        let (with, without) = tell(.hearsReplacedTransports) { client in
            client.start(at: 0)
            client.stop(at: 1)
            return client.opened(1, at: 2)
        }
        #expect(with == [.phase(.stopped, .connected)])
        #expect(without == [])
    }

    @Test("reports about transports that never were are made up, whatever a client hears")
    func madeUpTransports() {
        let client = TestClient(Self.doubling.with { $0.hazards = .hearsReplacedTransports })
        #expect(client.opened(0, at: 0) == [] && client.opened(3, at: 0) == [] && client.lost(0, at: 0) == [])
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.opened(0, at: 0) == [] && client.opened(2, at: 0) == [] && client.lost(.max, at: 0) == [])
    }

    /// A connection that opens while a retry is pending: the network came back in between.
    private func openBesideTimer(_ client: TestClient) -> [ClientAction] {
        client.start(at: 0)
        client.lost(1, at: 0)
        client.network(false, at: 0.1)
        client.network(true, at: 0.2)
        client.opened(2, at: 0.3)
        return client.advance(to: 1)
    }

    @Test("a retry that a success does not cancel closes the healthy connection")
    func successKeepsTimer() {
        let (with, without) = tell(
            .successKeepsTimer,
            Self.doubling.with { $0.returnEndsWait = true },
            openBesideTimer
        )
        #expect(with == [.close(2), .phase(.connected, .connecting), .open(3)])
        #expect(without == [])
    }

    @Test("a retry beside a living transport opens a second one")
    func opensBeside() {
        let (with, without) = tell(
            [.successKeepsTimer, .opensBeside],
            Self.doubling.with { $0.returnEndsWait = true },
            openBesideTimer
        )
        #expect(with == [.phase(.connected, .connecting), .open(3)])
        #expect(without == [])
    }

    @Test("a failure handled twice counts twice and waits its second delay; with timers that add up both are made")
    func handlesFailureTwice() {
        func story(_ client: TestClient) -> [[ClientAction]] {
            client.start(at: 0)
            return [client.lost(1, at: 0), client.advance(to: 1), client.advance(to: 2)]
        }
        let twice: [ClientAction] = [.retry(1, 0), .phase(.connecting, .waiting), .retry(2, 1)]
        let (with, without) = tell(.handlesFailureTwice, Self.doubling, story)
        #expect(with == [twice, [], [.phase(.waiting, .connecting), .open(2)]])
        #expect(
            without == [
                [.retry(1, 0), .phase(.connecting, .waiting)], [.phase(.waiting, .connecting), .open(2)], [],
            ]
        )
        #expect(
            tell([.handlesFailureTwice, .timersAccumulate], Self.doubling, story).with == [
                twice, [.phase(.waiting, .connecting), .open(2)], [.close(2), .open(3)],
            ]
        )
    }

    @Test("a failure handled twice gives up three times, the first while the last retry is pending")
    func givesUpThrice() {
        let (with, without) = tell(.handlesFailureTwice, Self.doubling.with { $0.retryLimit = 1 }) { client in
            client.start(at: 0)
            let first = client.lost(1, at: 0)
            client.advance(to: 1)
            return [first, client.lost(2, at: 1)]
        }
        #expect(
            with == [
                [.retry(1, 0), .phase(.connecting, .waiting), .gaveUp],
                [.phase(.connecting, .exhausted), .gaveUp, .gaveUp],
            ]
        )
        #expect(
            without == [[.retry(1, 0), .phase(.connecting, .waiting)], [.phase(.connecting, .exhausted), .gaveUp]]
        )
    }

    @Test("timers that add up are bounded, however many failures there are")
    func timersAreBounded() {
        let client = TestClient(
            ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1)))).with {
                $0.hazards = [.handlesFailureTwice, .timersAccumulate, .hearsReplacedTransports]
            }
        )
        client.start(at: 0)
        var most = 0
        for _ in 0..<260 {
            client.lost(client.client.supervisor.generation, at: client.now)
            let actions = client.advance(to: client.nextDeadline)
            var attempts: [UInt32] = []
            for case .openTransport(let generation) in actions { attempts.append(generation) }
            for generation in attempts { client.lost(generation, at: client.now) }
            most = max(most, attempts.count)
        }
        #expect(most == 256)
    }

    @Test("lost connections are retried beyond the limit")
    func dropsIgnoreLimit() {
        let (with, without) = tell(.dropsIgnoreLimit, Self.doubling.with { $0.retryLimit = 0 }) { client in
            client.start(at: 0)
            client.opened(1, at: 0)
            return client.lost(1, at: 1)
        }
        #expect(with == [.retry(2, 0), .phase(.connected, .waiting)])
        #expect(without == [.phase(.connected, .exhausted), .gaveUp])
    }

    @Test("a client that the app closed comes back")
    func stopIsADrop() {
        let (with, without) = tell(.stopIsADrop) { client in
            client.start(at: 0)
            client.opened(1, at: 0)
            client.stop(at: 1)
            return [client.advance(to: 1), client.advance(to: 2)]
        }
        #expect(
            with == [[.retry(2, 0), .phase(.stopped, .waiting)], [.phase(.waiting, .connecting), .open(2)]]
        )
        #expect(without == [[], []])
    }

    private static let guarded = doubling.with {
        $0.breaker = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(100))
    }

    @Test("an open breaker leaves the client down until somebody starts it")
    func breakerArmsNothing() {
        let (with, without) = tell(.breakerArmsNothing, Self.guarded) { client in
            client.start(at: 0)
            return (client.lost(1, at: 0), client.nextDeadline, client.start(at: 50), client.start(at: 100))
        }
        #expect(with.0 == [.breakerOpened(until: at(100)), .phase(.connecting, .stopped)])
        #expect(with.1 == .distantFuture)
        #expect(with.2 == [.attemptRefused(until: at(100))])
        #expect(with.3 == [.phase(.stopped, .connecting), .open(2)])
        #expect(without.0 == [.breakerOpened(until: at(100)), .retry(100, 0), .phase(.connecting, .waiting)])
        #expect(without.1 == at(100))
    }

    @Test("a breaker asked at the start only lets every retry through")
    func breakerGuardsStartOnly() {
        let (with, without) = tell(.breakerGuardsStartOnly, Self.guarded) { client in
            client.start(at: 0)
            client.lost(1, at: 0)
            let retry = client.advance(to: 1)
            client.stop(at: 2)
            return [retry, client.start(at: 2)]
        }
        let refused: [ClientAction] = [.attemptRefused(until: at(100)), .phase(.stopped, .waiting)]
        #expect(with == [[.phase(.waiting, .connecting), .open(2)], refused])
        #expect(without == [[], refused])
    }

    /// When the first attempts after the first are due, if each fails at once.
    private func attempts(_ client: TestClient) -> [Double] {
        client.start(at: 0)
        return (1...4).map { generation in
            client.lost(UInt32(generation), at: client.now)
            client.advance(to: client.nextDeadline)
            return client.now.seconds
        }
    }

    @Test("attempts that reset the counter keep the first delay for ever, and reach no limit")
    func attemptResetsCounter() {
        let (with, without) = tell(.attemptResetsCounter, Self.doubling.with { $0.retryLimit = 4 }, attempts)
        #expect(with == [1, 2, 3, 4])
        #expect(without == [1, 3, 7, 15])
    }

    @Test("counting when retrying gives retries armed in between the same delay, and else none of its own")
    func countsWhenRetrying() {
        let alone = tell(.countsWhenRetrying, Self.doubling, attempts)
        #expect(alone.with == alone.without)
        let twice: Hazards = [.handlesFailureTwice, .timersAccumulate]
        let (with, _) = tell(twice.union(.countsWhenRetrying)) { client in
            client.start(at: 0)
            return [client.lost(1, at: 0), client.advance(to: 1)]
        }
        #expect(
            with == [
                [.retry(1, 0), .phase(.connecting, .waiting), .retry(1, 0)],
                [.phase(.waiting, .connecting), .open(2), .close(2), .open(3)],
            ]
        )
    }

    @Test("the connection after a forced reconnect is the last one")
    func forcedReconnectIsLast() {
        let (with, without) = tell(.forcedReconnectIsLast) { client in
            client.start(at: 0)
            client.opened(1, at: 0)
            client.reconnect(at: 1)
            client.opened(2, at: 2)
            let loss = client.lost(2, at: 3)
            client.start(at: 4)
            return [loss, client.lost(3, at: 4)]
        }
        #expect(with == [[.phase(.connected, .stopped)], [.retry(5, 0), .phase(.connecting, .waiting)]])
        #expect(without.first == [.retry(4, 0), .phase(.connected, .waiting)])
    }

    @Test("a resume that ignores its delay throws a slow attempt away when the delay is over, but not a fast one")
    func resumeIgnoresItsDelay() {
        let policy = ClientPolicy(
            backoff: Backoff(growth: .fixed(.seconds(4))),
            offline: .pauses,
            resume: .afterBackoff
        )
        for isFast in [true, false] {
            let (with, without) = tell(.resumeIgnoresItsDelay, policy) { client in
                client.network(false, at: 0)
                client.start(at: 0)
                let resume = client.network(true, at: 10)
                if isFast { client.opened(1, at: 11) }
                return [resume, client.advance(to: 14)]
            }
            let wait: [ClientAction] = [.retry(14, 0), .phase(.paused, .waiting)]
            #expect(
                with == [
                    wait + [.phase(.waiting, .connecting), .open(1)], isFast ? [] : [.close(1), .open(2)],
                ]
            )
            #expect(without == [wait, [.phase(.waiting, .connecting), .open(1)]])
        }
    }

    @Test("an attempt thrown away while probing gives its permission back, so that the next one is made")
    func abandonedProbe() {
        let policy = ClientPolicy(
            backoff: Backoff(growth: .fixed(.seconds(4))),
            offline: .pauses,
            resume: .afterBackoff,
            breaker: CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(5))
        ).with { $0.hazards = .resumeIgnoresItsDelay }
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        client.network(false, at: 1)
        #expect(client.network(true, at: 10).last == .open(2))
        #expect(client.advance(to: 14) == [.close(2), .open(3)])
        #expect(client.opened(3, at: 15).first == .breakerClosed)
    }

    @Test("a start while connecting opens a second transport")
    func startOpensAnother() {
        let (with, without) = tell(.startOpensAnother) { client in
            client.start(at: 0)
            return client.start(at: 1)
        }
        #expect(with == [.open(2)])
        #expect(without == [])
    }

    @Test("delays beyond 2³¹ − 1 ms are no delays in a browser")
    func browserTimerOverflow() {
        for (extra, overflows) in [(Int64(0), false), (1, true)] {
            let delay = Interval.milliseconds(2_147_483_647) + .nanoseconds(extra)
            let (with, without) = tell(
                .browserTimerOverflow,
                ClientPolicy(backoff: Backoff(growth: .fixed(delay)))
            ) { client in
                client.start(at: 0)
                client.lost(1, at: 0)
                return client.nextDeadline
            }
            #expect(with == (overflows ? .origin : Instant(delay)))
            #expect(without == Instant(delay))
        }
    }

    @Test("a dead connection that is ignored stays for ever")
    func deadConnectionIsIgnored() {
        let policy = Self.doubling.with {
            $0.heartbeat = HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10))
        }
        let (with, without) = tell(.deadConnectionIsIgnored, policy) { client in
            client.start(at: 0)
            client.opened(1, at: 0)
            client.advance(to: 30)
            return (client.advance(to: 40), client.nextDeadline, client.phase)
        }
        #expect(with == ([], .distantFuture, .connected))
        #expect(without == ([.close(1), .retry(41, 0), .phase(.connected, .waiting)], at(41), .waiting))
    }

    // MARK: Two owners of retries

    @Test("the transport's own retries come so long after each loss, as often as they may, beside the client's")
    func transportRetry() {
        let policy = Self.doubling.with { $0.transportRetry = TransportRetryPolicy(delay: .seconds(3), limit: 1) }
        let client = TestClient(policy)
        client.start(at: 0)
        #expect(client.lost(1, at: 0) == [.retry(1, 0), .phase(.connecting, .waiting), .retry(3, 0)])
        // An attempt of the client's own cancels what the transport has pending, and gives it new retries.
        client.advance(to: 1)
        #expect(client.lost(2, at: 1.5) == [.retry(3.5, 1), .phase(.connecting, .waiting), .retry(4.5, 0)])
        client.advance(to: 3.5)
        #expect(client.lost(3, at: 3.5) == [.retry(7.5, 2), .phase(.connecting, .waiting), .retry(6.5, 0)])
        // At the 4 s step the transport's 3 s win; its limit is one.
        #expect(client.advance(to: 6.5) == [.phase(.waiting, .connecting), .open(4)])
        #expect(client.lost(4, at: 6.6) == [.retry(14.6, 3), .phase(.connecting, .waiting)])
        // Stopping cancels them.
        client.stop(at: 7)
        #expect(client.nextDeadline == .distantFuture)
        client.start(at: 8)
        #expect(client.lost(5, at: 8).last == .retry(11, 0))
        client.advance(to: 9)
        client.opened(6, at: 9.5)
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("the transport's own retry knows nothing of an open breaker, and replaces an attempt under way")
    func transportRetryPastBreaker() {
        let policy = Self.guarded.with { $0.transportRetry = TransportRetryPolicy(delay: .seconds(3)) }
        let client = TestClient(policy)
        client.start(at: 0)
        client.lost(1, at: 0)
        #expect(client.advance(to: 3) == [.phase(.waiting, .connecting), .open(2)])
        #expect(client.lost(2, at: 3.5).last == .retry(6.5, 1))
        // A loss that is not its own is heard, and the attempt under way is believed lost: both owners arm a retry.
        let slow = TestClient(
            Self.doubling.with {
                $0.transportRetry = TransportRetryPolicy(delay: .milliseconds(500))
                $0.hazards = .hearsReplacedTransports
            }
        )
        slow.start(at: 0)
        slow.lost(1, at: 0)
        slow.advance(to: 0.5)
        #expect(slow.lost(1, at: 0.6).last == .retry(1.1, 1))
        let replaced = slow.advance(to: 1.1)
        #expect(replaced.first == .close(2) && replaced.last == .open(3))
    }

    @Test("every hazard has a name of its own and a bit of its own")
    func names() {
        let names = Hazards.named.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Hazards.named.map(\.hazard.rawValue) == names.indices.map { 1 << UInt32($0) })
    }
}
