import MonotonicTime
import Reconnection
import Testing

/// What network, screen, readiness and wake-ups do to a client.
@Suite struct GateTests {
    private static func policy(
        offline: ClientPolicy.Gate = .ignored,
        hidden: ClientPolicy.Gate = .ignored
    ) -> ClientPolicy {
        ClientPolicy(
            backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .none),
            offline: offline,
            hidden: hidden
        )
    }

    // MARK: A gate that holds attempts

    @Test("a gate that holds attempts keeps the connection, and lets a held attempt go when it opens")
    func holdsAttempts() {
        let client = TestClient.connected(Self.policy(offline: .holdsAttempts))
        #expect(client.network(false, at: 1) == [])
        #expect(client.phase == .connected)
        #expect(client.lost(1, at: 2) == [.retry(3, 0), .phase(.connected, .waiting)])
        #expect(client.nextDeadline == at(3))
        #expect(client.advance(to: 3) == [])
        #expect(client.phase == .waiting)
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.retryNow(at: 4) == [] && client.reconnect(at: 4) == [] && client.advance(to: 5) == [])
        #expect(client.network(true, at: 10) == [.phase(.waiting, .connecting), .open(2)])
    }

    @Test("a gate that opens before the delay is over lets nothing go before its time")
    func opensEarly() {
        let client = TestClient.connected(Self.policy(hidden: .holdsAttempts))
        client.visible(false, at: 1)
        client.lost(1, at: 2)
        #expect(client.visible(true, at: 2.5) == [])
        #expect(client.nextDeadline == at(3))
        #expect(client.advance(to: 3) == [.phase(.waiting, .connecting), .open(2)])
    }

    @Test("both gates must be open before a held attempt goes")
    func bothGates() {
        let client = TestClient(Self.policy(offline: .holdsAttempts, hidden: .holdsAttempts))
        client.network(false, at: 0)
        client.visible(false, at: 0)
        #expect(client.start(at: 0) == [.phase(.stopped, .waiting)])
        #expect(client.network(true, at: 1) == [])
        #expect(client.visible(true, at: 2) == [.phase(.waiting, .connecting), .open(1)])
    }

    @Test("an attempt held when the client stops is forgotten")
    func stopWhileHeld() {
        let client = TestClient(Self.policy(offline: .holdsAttempts).with { $0.startSpread = .seconds(8) })
        client.network(false, at: 0)
        client.start(at: 0)
        client.advance(to: 4)
        client.stop(at: 5)
        client.start(at: 5)
        #expect(client.network(true, at: 6) == [])
        #expect(client.nextDeadline == at(9))
    }

    // MARK: A gate that closes

    @Test("a gate that closes the connection makes a loss of it, and attempts go on")
    func closes() {
        let client = TestClient.connected(Self.policy(offline: .closes))
        #expect(client.network(false, at: 1) == [.close(1), .retry(2, 0), .phase(.connected, .waiting)])
        #expect(client.network(false, at: 1.5) == [])
        #expect(client.advance(to: 2) == [.phase(.waiting, .connecting), .open(2)])
        // Already offline, it is not closed again.
        #expect(client.network(false, at: 3) == [])
        #expect(client.network(true, at: 4) == [])
        #expect(client.network(false, at: 5) == [.close(2), .retry(7, 1), .phase(.connecting, .waiting)])
        #expect(client.lost(2, at: 6) == [])
        #expect(client.network(true, at: 6) == [] && client.network(false, at: 6) == [])
        #expect(client.nextDeadline == at(7))
    }

    // MARK: Returns that end waits

    @Test("a return that ends waits makes an attempt at once, another word of the same kind none")
    func returnEndsWait() {
        for isNetwork in [true, false] {
            let client = TestClient(Self.policy().with { $0.returnEndsWait = true })
            func tell(_ isGood: Bool, at seconds: Double) -> [ClientAction] {
                isNetwork ? client.network(isGood, at: seconds) : client.visible(isGood, at: seconds)
            }
            client.start(at: 0)
            client.lost(1, at: 0)
            #expect(tell(true, at: 0.1) == [] && tell(false, at: 0.2) == [] && tell(false, at: 0.3) == [])
            #expect(tell(true, at: 0.4) == [.phase(.waiting, .connecting), .open(2)])
            #expect(client.nextDeadline == .distantFuture)
            #expect(tell(false, at: 0.5) == [] && tell(true, at: 0.6) == [])
            // Without the rule the wait goes on.
            let patient = TestClient(Self.policy())
            patient.start(at: 0)
            patient.lost(1, at: 0)
            #expect(patient.network(false, at: 0.2) == [] && patient.network(true, at: 0.4) == [])
            #expect(patient.nextDeadline == at(1))
        }
    }

    // MARK: Readiness

    @Test("an app that is not ready holds its client back, whatever the gates")
    func readiness() {
        let client = TestClient(Self.policy())
        #expect(client.ready(false, at: 0) == [])
        #expect(client.start(at: 0) == [.phase(.stopped, .paused)])
        #expect(client.retryNow(at: 1) == [] && client.reconnect(at: 1) == [])
        #expect(client.ready(true, at: 2) == [.phase(.paused, .connecting), .open(1)])
        #expect(client.ready(true, at: 2) == [])
        client.opened(1, at: 3)
        #expect(client.ready(false, at: 4) == [.close(1), .phase(.connected, .paused)])
        #expect(client.nextDeadline == .distantFuture)
    }

    // MARK: Wake-ups

    @Test("a wake-up opens the gate for hidden apps until its end")
    func wake() {
        let client = TestClient.connected(Self.policy(hidden: .pauses))
        client.visible(false, at: 1)
        #expect(client.wake(until: 31, at: 10) == [.phase(.paused, .connecting), .open(2)])
        #expect(client.nextDeadline == at(31))
        client.opened(2, at: 11)
        #expect(client.advance(to: at(31) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 31) == [.close(2), .phase(.connected, .paused)])
        #expect(client.nextDeadline == .distantFuture)
        // Cut short by one that has ended already, or by the network.
        client.wake(until: 60, at: 40)
        #expect(client.wake(until: 50, at: 50) == [.close(3), .phase(.connecting, .paused)])
        #expect(client.wake(until: 49, at: 51) == [])
    }

    @Test("a screen that comes on during a wake-up keeps the connection beyond its end")
    func visibleDuringWake() {
        let client = TestClient.connected(Self.policy(hidden: .pauses))
        client.visible(false, at: 1)
        client.wake(until: 31, at: 10)
        client.opened(2, at: 11)
        #expect(client.visible(true, at: 20) == [] && client.advance(to: 31) == [])
        #expect(client.phase == .connected)
        #expect(client.visible(false, at: 40) == [.close(2), .phase(.connected, .paused)])
    }

    @Test("a wake-up lets a held attempt go, and opens no other gate")
    func wakeAndOtherGates() {
        let held = TestClient(Self.policy(hidden: .holdsAttempts))
        held.visible(false, at: 0)
        held.start(at: 0)
        #expect(held.wake(until: 9, at: 5) == [.phase(.waiting, .connecting), .open(1)])
        let offline = TestClient(Self.policy(offline: .pauses, hidden: .pauses))
        offline.network(false, at: 0)
        offline.visible(false, at: 0)
        offline.start(at: 0)
        #expect(offline.wake(until: 9, at: 5) == [])
        #expect(offline.phase == .paused)
    }

    // MARK: What else happens in that instant

    @Test("a pause told before the time counts the stable window that had passed")
    func stableWindowBeforePause() {
        for (seconds, retry) in [(9.9, UInt32(1)), (10, 0)] {
            let policy = Self.policy(offline: .pauses).with {
                $0.reset = ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(10)), onResume: false)
                $0.resume = .afterBackoff
            }
            let client = TestClient(policy)
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 1)
            client.opened(2, at: 1)
            client.network(false, at: 1 + seconds)
            #expect(client.network(true, at: 20).first == .retry(retry == 0 ? 21 : 22, retry))
        }
    }

    @Test("a wake-up that ends as a beat comes due sends no beat on the closed connection")
    func wakeEndsAtABeat() {
        var policy = Self.policy(hidden: .pauses)
        policy.heartbeat = HeartbeatPolicy(interval: .seconds(10), replyTimeout: .seconds(10))
        let client = TestClient.connected(policy)
        client.visible(false, at: 1)
        client.wake(until: 20, at: 5)
        client.opened(2, at: 10)
        #expect(client.advance(to: 20) == [.close(2), .phase(.connected, .paused)])
        #expect(client.nextDeadline == .distantFuture)
    }
}
