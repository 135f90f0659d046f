import MonotonicTime
import Reconnection
import Testing

/// The three machines acting as one.
@Suite struct ReconnectingClientTests {
    private static let policy = ClientPolicy(
        backoff: Backoff(growth: .fixed(.seconds(1))),
        connectTimeout: .seconds(5),
        heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10)),
        outbox: OutboxPolicy(acknowledgementTimeout: .seconds(25))
    )

    @Test("a connection that no longer answers its heartbeat is closed and made anew")
    func silentConnection() {
        let client = TestClient.connected(Self.policy)
        #expect(client.nextDeadline == at(30))
        #expect(client.advance(to: 30) == [.sendHeartbeat(generation: 1, beat: 1)])
        client.answered(1, beat: 1, at: 31)
        #expect(client.advance(to: 60) == [.sendHeartbeat(generation: 1, beat: 2)])
        // An answer in another generation's name proves nothing.
        client.answered(0, beat: 2, at: 61)
        client.answered(2, beat: 2, at: 61)
        #expect(
            client.advance(to: 70) == [
                .closeTransport(generation: 1, close: .goingAway), .retryScheduled(at: at(71), retry: 0),
                .phaseChanged(from: .connected, to: .waiting),
            ]
        )
        #expect(client.nextDeadline == at(71))
        #expect(client.lost(1, at: 70.5) == [])
        client.advance(to: 71)
        client.opened(2, at: 72)
        #expect(client.nextDeadline == at(102))
    }

    @Test("the next deadline is the earliest of attempt, heartbeat and outbox")
    func earliestDeadline() {
        let client = TestClient(Self.policy)
        client.send(at: 0)
        #expect(client.nextDeadline == .distantFuture)
        client.start(at: 1)
        #expect(client.nextDeadline == at(6))
        client.opened(1, at: 2)
        #expect(client.nextDeadline == at(27))
        client.acknowledged(1, at: 3)
        #expect(client.nextDeadline == at(32))
    }

    @Test("a call too early or one too many does nothing")
    func spuriousCalls() {
        let client = TestClient.connected(Self.policy)
        client.send(at: 0)
        for seconds in [0, 1, 24.9] {
            let before = client.client
            #expect(client.advance(to: seconds) == [])
            #expect(client.client == before)
        }
        client.advance(to: 25)
        let before = client.client
        #expect(client.advance(to: 25) == [])
        #expect(client.client == before)
    }

    @Test("after a long sleep everything overdue happens in one go")
    func sleep() {
        let client = TestClient.connected(Self.policy)
        client.send(at: 0)
        client.advance(to: 30)
        #expect(
            client.advance(to: 10_000) == [
                .closeTransport(generation: 1, close: .goingAway), .retryScheduled(at: at(10_001), retry: 0),
                .phaseChanged(from: .connected, to: .waiting),
            ]
        )
    }

    @Test("a million clients' state stays small")
    func size() {
        // A simulated fleet holds ten million: eight bytes more are 80 MB more, and more lines of cache to fetch for each
        // event. What few policies need belongs into one of the boxes that most clients never have.
        #expect(MemoryLayout<ConnectionSupervisor>.size == 80)
        #expect(MemoryLayout<Heartbeat>.size == 32)
        #expect(MemoryLayout<ReconnectingClient>.size <= 165)
    }
}
