import MonotonicTime
import Reconnection
import Testing

/// The steps before and after a connection: preparing, closing, credentials, forced reconnects.
@Suite struct AttemptStepTests {
    private static let doubling = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)

    // MARK: Preparing

    private static let prepared = ClientPolicy(backoff: doubling, connectTimeout: .seconds(5))
        .with { $0.preparesAttempts = true }

    @Test("an attempt is prepared by the app first; its transport then has a timeout of its own")
    func preparing() {
        let client = TestClient(Self.prepared)
        #expect(client.start(at: 0) == [.phase(.stopped, .connecting), .prepareAttempt(generation: 1)])
        #expect(client.nextDeadline == at(5))
        // There is no transport that could open.
        #expect(client.opened(1, at: 1) == [] && client.prepared(0, at: 1) == [] && client.prepared(2, at: 1) == [])
        #expect(client.prepared(1, at: 2) == [.open(1)])
        #expect(client.nextDeadline == at(7))
        #expect(client.prepared(1, at: 3) == [])
        #expect(client.opened(1, at: 4) == [.phase(.connecting, .connected)])
        #expect(client.prepared(1, at: 5) == [])
    }

    @Test("a preparation that fails is a failed attempt, and its late success means nothing")
    func preparationFails() {
        let client = TestClient(Self.prepared)
        client.start(at: 0)
        #expect(client.lost(1, at: 1) == [.retry(2, 0), .phase(.connecting, .waiting)])
        #expect(client.prepared(1, at: 1.5) == [])
        #expect(client.advance(to: 2) == [.phase(.waiting, .connecting), .prepareAttempt(generation: 2)])
        #expect(client.prepared(1, at: 2) == [])
        #expect(client.lost(2, at: 3).first == .retry(5, 1))
    }

    @Test("a preparation that takes too long is abandoned, and so is one that is interrupted")
    func preparationTimesOut() {
        let client = TestClient(Self.prepared)
        client.start(at: 0)
        #expect(client.advance(to: at(5) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 5) == [.close(1, .abnormal), .retry(6, 0), .phase(.connecting, .waiting)])
        client.advance(to: 6)
        #expect(client.stop(at: 7) == [.close(2, .normal), .phase(.connecting, .stopped)])
        #expect(client.prepared(2, at: 8) == [])
        #expect(client.start(at: 9).last == .prepareAttempt(generation: 3))
    }

    @Test("a group whose preparation fails has no sockets to close")
    func groupPreparationFails() {
        let client = TestClient(Self.prepared.with { $0.group = ConnectionGroupPolicy(members: 2) })
        client.start(at: 0)
        #expect(client.opened(1, member: 1, at: 0) == [])
        #expect(client.client.group.openMembers == 0)
        #expect(client.lost(1, member: 0, at: 1) == [.retry(2, 0), .phase(.connecting, .waiting)])
    }

    // MARK: Closing

    private static let closing = ClientPolicy(backoff: doubling).with { $0.closingTimeout = .seconds(5) }

    @Test("a connection that the app closes is closing until it has closed")
    func closing() {
        let client = TestClient.connected(Self.closing)
        #expect(client.stop(at: 1) == [.close(1, .normal), .phase(.connected, .closing)])
        #expect(client.nextDeadline == at(6))
        #expect(client.stop(at: 2) == [] && client.retryNow(at: 2) == [] && client.reconnect(at: 2) == [])
        #expect(client.lost(0, at: 2) == [] && client.opened(1, at: 2) == [] && client.network(false, at: 2) == [])
        #expect(client.lost(1, at: 3) == [.phase(.closing, .stopped)])
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.lost(1, at: 3) == [])
    }

    @Test("a close that does not come is taken for done when its timeout ends, and not before")
    func closingTimesOut() {
        let client = TestClient.connected(Self.closing)
        client.stop(at: 1)
        #expect(client.advance(to: at(6) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 6) == [.phase(.closing, .stopped)])
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("a start while closing connects beside the closing transport, whose close then means nothing")
    func startWhileClosing() {
        let client = TestClient.connected(Self.closing)
        client.stop(at: 1)
        #expect(
            client.start(at: 2) == [.phase(.closing, .stopped), .phase(.stopped, .connecting), .open(2)]
        )
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.lost(1, at: 3) == [] && client.advance(to: 6) == [])
        #expect(client.phase == .connecting)
    }

    @Test("a start while closing that leads nowhere leaves no deadline behind", arguments: ["blocked", "paused"])
    func startWhileClosingInVain(phase: String) {
        let client = TestClient.connected(Self.closing)
        client.stop(at: 1)
        if phase == "blocked" { client.credentialsWithdrawn(at: 1) } else { client.ready(false, at: 1) }
        client.start(at: 2)
        #expect(client.phase.rawValue == phase)
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("attempts and waits are stopped at once, with nothing to close")
    func nothingToClose() {
        let client = TestClient(Self.closing)
        client.start(at: 0)
        #expect(client.stop(at: 1) == [.close(1, .normal), .phase(.connecting, .stopped)])
        client.start(at: 2)
        client.lost(2, at: 2)
        #expect(client.stop(at: 2) == [.phase(.waiting, .stopped)])
    }

    // MARK: Credentials

    @Test("a client whose credentials are withdrawn closes and is blocked until there are new ones")
    func credentialsWithdrawn() {
        let client = TestClient.connected(ClientPolicy(backoff: Self.doubling))
        #expect(client.credentialsWithdrawn(at: 1) == [.close(1), .phase(.connected, .blocked), .credentialsNeeded])
        #expect(client.credentialsWithdrawn(at: 1) == [])
        #expect(client.start(at: 2) == [] && client.retryNow(at: 2) == [] && client.reconnect(at: 2) == [])
        #expect(client.lost(1, at: 2) == [])
        #expect(client.nextDeadline == .distantFuture)
        #expect(client.credentialsRenewed(at: 3) == [.phase(.blocked, .connecting), .open(2)])
        #expect(client.credentialsRenewed(at: 3) == [])
        client.lost(2, at: 3)
        #expect(client.credentialsWithdrawn(at: 3) == [.phase(.waiting, .blocked), .credentialsNeeded])
        #expect(client.nextDeadline == .distantFuture)
        client.credentialsRenewed(at: 4)
        #expect(client.lost(3, at: 4).first == .retry(5, 0))
    }

    @Test("credentials withdrawn from a stopped client are missed when it starts")
    func withdrawnWhileStopped() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling))
        #expect(client.credentialsWithdrawn(at: 0) == [])
        #expect(client.start(at: 1) == [.phase(.stopped, .blocked), .credentialsNeeded])
        #expect(client.credentialsRenewed(at: 2) == [.phase(.blocked, .connecting), .open(1)])
    }

    // MARK: Forced reconnects

    @Test("a forced reconnect closes whatever there is and connects from a fresh counter")
    func reconnect() {
        let client = TestClient(ClientPolicy(backoff: Self.doubling, retryLimit: 1))
        #expect(client.reconnect(at: 0) == [])
        client.start(at: 0)
        #expect(client.reconnect(at: 1) == [.close(1), .open(2)])
        client.lost(2, at: 1)
        #expect(client.reconnect(at: 1.5) == [.phase(.waiting, .connecting), .open(3)])
        #expect(client.nextDeadline == .distantFuture)
        client.opened(3, at: 2)
        #expect(client.reconnect(at: 3) == [.close(3), .phase(.connected, .connecting), .open(4)])
        #expect(client.lost(3, at: 3) == [])
        client.lost(4, at: 3)
        client.advance(to: 4)
        client.lost(5, at: 4)
        #expect(client.phase == .exhausted)
        #expect(client.reconnect(at: 5) == [.phase(.exhausted, .connecting), .open(6)])
        #expect(client.client.supervisor.retryCount == 0)
    }
}
