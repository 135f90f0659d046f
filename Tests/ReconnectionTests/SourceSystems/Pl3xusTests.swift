import MonotonicTime
import Reconnection
import Testing

/// pl3xus' sync connection, row by row: the guide with what its users would want, and as built.
///
/// Subscriptions, requests and error kinds are machines of their own, with tests of their own.
@Suite struct Pl3xusTests {
    private static let accepting = Story.Server.accepts(after: .milliseconds(20))

    @Test("the guide's delays: doubling from 1 s to 30 s, without limit")
    func delays() throws {
        var random = RepeatingRandomSource([0.5])
        let delays = RetrySchedule(try named("pl3xus"), count: 200, random: &random).retries.map(\.delay)
        #expect(delays.prefix(7) == [1, 2, 4, 8, 16, 30, 30].map { Interval.seconds($0) }[...])
        #expect(delays.count == 200 && delays.suffix(195).allSatisfy { $0 == .seconds(30) })
    }

    @Test("nothing happens until it is opened; open resets the delay to 1 s")
    func openIntent() throws {
        let story = try Story(preset: "pl3xus", server: .refuses(after: .zero))
        story.run(until: 100)
        #expect(story.attempts == [] && story.client.phase == .stopped)
        story.start()
        story.run(until: 104)
        story.server = .accepts(after: .zero)
        story.run(until: 110)
        #expect(story.attempts == [100, 101, 103, 107])
        story.dropAll()
        story.run(until: 112)
        #expect(story.attempts.last == 111)
    }

    @Test("closed by the user: closing, then closed, and no retry until it is opened, which restores retrying")
    func closeIntent() throws {
        let client = TestClient(try named("pl3xus"))
        client.start(at: 0)
        client.opened(1, at: 0)
        #expect(
            client.stop(at: 1) == [
                .closeTransport(generation: 1, close: .normal), .phaseChanged(from: .connected, to: .closing),
            ]
        )
        #expect(client.lost(1, .normal, at: 1.5) == [.phaseChanged(from: .closing, to: .stopped)])
        #expect(client.nextDeadline == .distantFuture)
        client.start(at: 2)
        client.opened(2, at: 2)
        client.lost(2, at: 3)
        #expect(client.nextDeadline == at(4))
    }

    @Test("a close that never ends counts as closed after five seconds, at the boundary and not before")
    func closingTimeout() throws {
        let client = TestClient(try named("pl3xus"))
        client.start(at: 0)
        client.opened(1, at: 0)
        client.stop(at: 1)
        client.advance(to: Instant(.seconds(6)) - .nanoseconds(1))
        #expect(client.phase == .closing)
        client.advance(to: 6)
        #expect(client.phase == .stopped)
        // Late: the next connection has a generation of its own.
        client.start(at: 7)
        #expect(client.lost(1, at: 8) == [])
        #expect(client.phase == .connecting)
    }

    @Test("sends fail while there is no connection, and those cut off by the drop fail as lost")
    func sends() throws {
        let client = TestClient(try named("pl3xus"))
        #expect(client.send(at: 0) == [.messageFailed(key: 1, cause: .notConnected)])
        client.start(at: 0)
        client.opened(1, at: 0)
        client.send(at: 1)
        #expect(client.lost(1, at: 2).contains(.messageFailed(key: 2, cause: .connectionLost)))
    }

    @Test("as built sends vanish without a word")
    func sendsAsBuilt() throws {
        let client = TestClient(try named("pl3xus-as-built"))
        #expect(client.send(at: 0) == [.messageDiscarded(key: 1)])
    }

    @Test("an outage of five seconds: documented, one connection; as built a healthy client reconnects for ever")
    func twoOwners() throws {
        let documented = try Story(preset: "pl3xus", server: Self.accepting)
        documented.start()
        documented.run(until: 1)
        documented.server = .refuses(after: .zero)
        documented.dropAll()
        documented.run(until: 6)
        documented.server = Self.accepting
        documented.run(until: 120)
        // 1, 2 and 4 s after the drop and the failures.
        #expect(documented.attempts == [0, 2, 4, 8])

        // Slower than the closing handshake, as an opening handshake is.
        let slow = Story.Server.accepts(after: .milliseconds(80))
        let built = try Story(preset: "pl3xus-as-built", server: slow)
        built.start()
        built.run(until: 1)
        built.server = .refuses(after: .zero)
        built.dropAll()
        built.run(until: 6)
        built.server = slow
        built.run(until: 120)
        // At the 4 s step the socket's own retry, 3 s after the failure, wins.
        #expect(built.attempts.prefix(4) == [0, 2, 4, 7])
        // Then the loop's timer closes the healthy socket, whose late close arms the loop again, every two seconds.
        #expect(built.attempts[4] == 8)
        let gaps = zip(built.attempts.dropFirst(5), built.attempts.dropFirst(4)).map { $0 - $1 }
        #expect(gaps.count > 50, "\(built.attempts)")
        #expect(gaps.allSatisfy { abs($0 - 2.05) < 0.001 }, "\(gaps)")
    }

    @Test("as built a manual close reopens after a second")
    func stopIsADrop() throws {
        let story = try Story(preset: "pl3xus-as-built", server: Self.accepting)
        story.start()
        story.run(until: 5)
        story.tell { $0.stop(at: 5) }
        story.run(until: 6.5)
        // The close event, 50 ms later, is taken for a drop.
        #expect(story.attempts == [0, 6.05])
        #expect(story.client.phase == .connected)
    }

    @Test("as built the socket's own retry stays off for good after a manual close, even after a later open")
    func transportStaysOff() throws {
        // The transport's retries alone: a loop that never comes due.
        let policy = try named("pl3xus-as-built").with { $0.backoff = Backoff(growth: .fixed(.hours(1_000))) }
        for (stops, attempts) in [(false, [0.0, 13]), (true, [0, 7])] {
            let story = Story(policy, server: Self.accepting)
            story.start()
            story.run(until: 5)
            if stops { story.tell { $0.stop(at: 5) } }
            story.run(until: 7)
            story.tell { $0.retryNow(at: 7) }
            story.run(until: 10)
            story.dropAll()
            story.run(until: 100)
            #expect(story.attempts == attempts, "\(stops)")
        }
    }

    @Test("one closed per attempt; a loop that reacts to error and close arms two timers")
    func handledTwice() throws {
        let once = TestClient(try named("pl3xus"))
        let twice = TestClient(try named("pl3xus-as-built").with { $0.hazards.insert(.handlesFailureTwice) })
        for (client, count) in [(once, 1), (twice, 2)] {
            client.start(at: 0)
            let armed = client.lost(1, at: 0).filter {
                if case .retryScheduled(let due, _) = $0 { due == at(1) } else { false }
            }
            #expect(armed.count == count)
        }
    }

    @Test("the socket's own retries: three, three seconds apart, until somebody opens it")
    func transportRetries() throws {
        // The transport's retries alone: a loop that never comes due.
        let policy = try named("pl3xus-as-built").with { $0.backoff = Backoff(growth: .fixed(.hours(1_000))) }
        let story = Story(policy, server: .refuses(after: .zero))
        story.start()
        story.run(until: 100)
        #expect(story.attempts == [0, 3, 6, 9])
    }
}
