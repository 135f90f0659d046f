import MonotonicTime
import Reconnection
import Testing

/// Messages of one client, from offer to end.
@Suite struct OutboxTests {
    private static func policy(_ outbox: OutboxPolicy, heartbeat: HeartbeatPolicy? = nil) -> ClientPolicy {
        ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))), heartbeat: heartbeat, outbox: outbox)
    }

    /// Doubling from 1 s, so that a wait tells how often a message has failed.
    private static let doubling = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)

    private static func message(
        _ key: Outbox.Key,
        offered seconds: Double = 0,
        resend: UInt32 = 0,
        generation: UInt32 = 1
    ) -> ClientAction {
        .sendMessage(generation: generation, key: key, offeredAt: at(seconds), resend: resend)
    }

    /// Only what concerns messages.
    private static func messages(_ actions: [ClientAction]) -> [ClientAction] {
        actions.filter { action in
            switch action {
            case .sendMessage, .messageAcknowledged, .messageFailed, .messageDiscarded: true
            case .openTransport, .closeTransport, .sendHeartbeat, .phaseChanged, .retryScheduled, .gaveUp,
                .breakerOpened, .breakerClosed, .prepareAttempt, .attemptRefused, .credentialsNeeded, .heartbeatMissed:
                false
            }
        }
    }

    // MARK: Order and window

    @Test("as many messages as the window allows are under way, and each acknowledgement lets the next one out")
    func window() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(window: 2)))
        #expect(client.send(at: 0) == [Self.message(1)])
        #expect(client.send(at: 1) == [Self.message(2, offered: 1)])
        #expect(client.send(at: 2) == [])
        #expect(client.send(at: 3) == [])
        #expect(client.client.outbox.underWay == 2)
        #expect(client.acknowledged(1, at: 4) == [.messageAcknowledged(key: 1), Self.message(3, offered: 2)])
        // Out of order is fine as well.
        #expect(client.acknowledged(3, at: 5) == [.messageAcknowledged(key: 3), Self.message(4, offered: 3)])
        #expect(client.acknowledged(4, at: 6) == [.messageAcknowledged(key: 4)])
        #expect(client.acknowledged(2, at: 6) == [.messageAcknowledged(key: 2)])
        #expect(client.client.outbox.entries.isEmpty)
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("messages of a disconnected client wait for the connection and go out in their order")
    func queueWhileDisconnected() {
        let client = TestClient(Self.policy(OutboxPolicy(window: 2)))
        for second in 0..<3 { #expect(client.send(at: Double(second)) == []) }
        client.start(at: 3)
        #expect(client.nextDeadline == .distantFuture)
        #expect(
            client.opened(1, at: 4) == [
                .phaseChanged(from: .connecting, to: .connected), Self.message(1), Self.message(2, offered: 1),
            ]
        )
        // Those under way when the connection drops go out again on the next one, before the third.
        #expect(Self.messages(client.lost(1, at: 5)).isEmpty)
        #expect(client.client.outbox.underWay == 0)
        client.advance(to: 6)
        #expect(
            Self.messages(client.opened(2, at: 6)) == [
                Self.message(1, generation: 2), Self.message(2, offered: 1, generation: 2),
            ]
        )
        #expect(client.acknowledged(1, at: 7).last == Self.message(3, offered: 2, generation: 2))
    }

    @Test("an acknowledgement of an earlier connection counts")
    func acknowledgementAcrossConnections() {
        let client = TestClient.connected(Self.policy(OutboxPolicy()))
        client.send(at: 0)
        client.lost(1, at: 1)
        #expect(client.acknowledged(1, at: 1) == [.messageAcknowledged(key: 1)])
        client.advance(to: 2)
        #expect(Self.messages(client.opened(2, at: 2)).isEmpty)
    }

    // MARK: Acknowledgements that do not come

    @Test("a message unacknowledged for the whole timeout waits its backoff and is sent again, with all behind it")
    func goBackN() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(window: 3, acknowledgementTimeout: .seconds(10), retry: Self.doubling))
        )
        for _ in 0..<4 { client.send(at: 0) }
        #expect(client.nextDeadline == at(10))
        #expect(client.advance(to: at(10) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 10) == [])
        #expect(client.client.outbox.underWay == 0)
        #expect(client.nextDeadline == at(11))
        #expect(client.advance(to: at(11) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 11) == [Self.message(1, resend: 1), Self.message(2), Self.message(3)])
        #expect(client.nextDeadline == at(21))
        client.advance(to: 21)
        #expect(client.nextDeadline == at(23))
        #expect(client.advance(to: 23) == [Self.message(1, resend: 2), Self.message(2), Self.message(3)])
        // The next one's own count starts at its own beginning.
        #expect(client.acknowledged(1, at: 24) == [.messageAcknowledged(key: 1), Self.message(4)])
        #expect(client.nextDeadline == at(34))
        client.advance(to: 34)
        #expect(client.nextDeadline == at(35))
        #expect(client.advance(to: 35) == [Self.message(2, resend: 1), Self.message(3), Self.message(4)])
    }

    @Test("an acknowledgement in the last nanosecond is in time, and one during the wait ends it")
    func acknowledgementBoundary() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(acknowledgementTimeout: .seconds(10), retry: Self.doubling))
        )
        client.send(at: 0)
        client.send(at: 0)
        client.advance(to: at(10) - .nanoseconds(1))
        #expect(client.acknowledged(1, at: 10) == [.messageAcknowledged(key: 1), Self.message(2)])
        #expect(client.nextDeadline == at(20))
        client.advance(to: 20)
        #expect(client.send(at: 20) == [])
        #expect(client.acknowledged(2, at: 20.5) == [.messageAcknowledged(key: 2), Self.message(3, offered: 20)])
    }

    @Test("a message fails when its retries would exceed their limit, and what is behind it goes on")
    func retryLimit() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(acknowledgementTimeout: .seconds(10), retry: Self.doubling, retryLimit: 1))
        )
        client.send(at: 0)
        client.send(at: 0)
        client.advance(to: 10)
        #expect(client.advance(to: 11) == [Self.message(1, resend: 1)])
        #expect(client.advance(to: 21) == [.messageFailed(key: 1, cause: .retriesExhausted), Self.message(2)])
        #expect(client.nextDeadline == at(31))
        #expect(client.acknowledged(1, at: 22) == [])
    }

    @Test("what is behind a message that fails does not wait for one still farther behind")
    func retryLimitBeforeAnothersWait() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(window: 3, retry: Backoff(growth: .fixed(.seconds(5))), retryLimit: 1))
        )
        for _ in 0..<3 { client.send(at: 0) }
        client.rejected(1, isRetryable: true, at: 0)
        #expect(client.advance(to: 5) == [Self.message(1, resend: 1), Self.message(2), Self.message(3)])
        #expect(client.rejected(3, isRetryable: true, at: 6) == [])
        #expect(
            client.rejected(1, isRetryable: true, at: 7) == [
                .messageFailed(key: 1, cause: .retriesExhausted), Self.message(2),
            ]
        )
        #expect(client.nextDeadline == at(11))
        #expect(client.advance(to: 11) == [Self.message(3, resend: 1)])
    }

    @Test("each message keeps its own wait, whichever was turned away first")
    func waitsOfTheirOwn() {
        for keys in [[Outbox.Key(2), 1], [3, 2, 1]] {
            // The first turned away waits 8 s, those before it less.
            let waits = Backoff(growth: .fixed(.seconds(8)), jitter: .full)
            let client = TestClient(
                Self.policy(OutboxPolicy(window: 3, acknowledgementTimeout: .seconds(60), retry: waits)),
                uniforms: [0.999_999_999, 0.5, 0.25]
            )
            client.start(at: 0)
            client.opened(1, at: 0)
            for _ in 0..<3 { client.send(at: 0) }
            for key in keys { #expect(client.rejected(key, isRetryable: true, at: 0) == []) }
            var sent: [Outbox.Key: Instant] = [:]
            while client.nextDeadline < at(30) {
                for case .sendMessage(_, let key, _, _) in client.advance(to: client.nextDeadline) {
                    sent[key] = client.now
                }
            }
            let last = at(7.999_999_992)
            #expect(sent == (keys.count == 2 ? [1: at(4), 2: last, 3: last] : [1: at(2), 2: at(4), 3: last]))
        }
    }

    @Test("lost connections do not count as retries of a message")
    func connectionsAreNoRetries() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(retryLimit: 0)))
        client.send(at: 0)
        for generation in UInt32(1)..<5 {
            client.lost(generation, at: client.now)
            client.advance(to: client.nextDeadline)
            #expect(
                Self.messages(client.opened(generation + 1, at: client.now.seconds)) == [
                    Self.message(1, generation: generation + 1)
                ]
            )
        }
    }

    @Test("a new connection does not wait for the backoff of the old one")
    func reconnectEndsTheWait() {
        let client = TestClient.connected(
            Self.policy(
                OutboxPolicy(acknowledgementTimeout: .seconds(1), retry: Backoff(growth: .fixed(.seconds(600))))
            )
        )
        client.send(at: 0)
        client.advance(to: 1)
        client.lost(1, at: 2)
        client.advance(to: 3)
        #expect(Self.messages(client.opened(2, at: 3)) == [Self.message(1, resend: 1, generation: 2)])
    }

    @Test("retry waits draw one number each if they are random, and sending none")
    func draws() {
        let retry = Backoff.exponential(base: .seconds(8), cap: .seconds(60), jitter: .full)
        let client = TestClient.connected(Self.policy(OutboxPolicy(acknowledgementTimeout: .seconds(10), retry: retry)))
        client.send(at: 0)
        #expect(client.random.draws == 0)
        client.advance(to: 10)
        #expect(client.random.draws == 1)
        #expect(client.nextDeadline == at(14))
    }

    // MARK: Rejections

    @Test("a message turned away for now waits its backoff, and all behind it with it")
    func retryableRejection() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(window: 3, retry: Self.doubling)))
        for _ in 0..<3 { client.send(at: 0) }
        #expect(client.rejected(1, isRetryable: true, at: 1) == [])
        #expect(client.nextDeadline == at(2))
        #expect(client.advance(to: 2) == [Self.message(1, resend: 1), Self.message(2), Self.message(3)])
        #expect(client.rejected(1, isRetryable: true, at: 2) == [])
        #expect(client.nextDeadline == at(4))
    }

    @Test("a message turned away behind others under way is sent again when its own wait is over")
    func rejectionBehindOthers() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(window: 4, acknowledgementTimeout: .seconds(60), retry: Self.doubling))
        )
        for _ in 0..<4 { client.send(at: 0) }
        #expect(client.rejected(3, isRetryable: true, at: 1) == [])
        #expect(client.client.outbox.underWay == 2)
        #expect(client.nextDeadline == at(2))
        #expect(client.advance(to: 2) == [Self.message(3, resend: 1), Self.message(4)])
        #expect(client.nextDeadline == at(60))
    }

    @Test("the acknowledgement of an earlier message does not cut the wait of one turned away short")
    func acknowledgementDuringAnothersWait() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(window: 3, acknowledgementTimeout: .seconds(60), retry: Self.doubling))
        )
        for _ in 0..<3 { client.send(at: 0) }
        client.rejected(2, isRetryable: true, at: 1)
        #expect(client.acknowledged(1, at: 1.5) == [.messageAcknowledged(key: 1)])
        #expect(client.nextDeadline == at(2))
        #expect(client.advance(to: 2) == [Self.message(2, resend: 1), Self.message(3)])
    }

    @Test("the end of a message that waits ends the wait of those behind it")
    func endOfTheWaitingMessage() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(window: 3, retry: Self.doubling)))
        for _ in 0..<3 { client.send(at: 0) }
        client.rejected(2, isRetryable: true, at: 1)
        #expect(client.acknowledged(2, at: 1.5) == [.messageAcknowledged(key: 2), Self.message(3)])
    }

    @Test("a message that waits already is not turned away a second time for the same try")
    func lateRejection() {
        let client = TestClient.connected(
            Self.policy(
                OutboxPolicy(window: 2, acknowledgementTimeout: .seconds(10), retry: Self.doubling, retryLimit: 1)
            )
        )
        for _ in 0..<3 { client.send(at: 0) }
        client.advance(to: 10)
        // Late: the first one has timed out; made up: the third one was never sent.
        for key in [Outbox.Key(1), 1, 2, 3] {
            #expect(client.rejected(key, isRetryable: true, at: 10.5) == [])
        }
        #expect(client.nextDeadline == at(11))
        #expect(client.advance(to: 11) == [Self.message(1, resend: 1), Self.message(2)])
    }

    @Test("a message refused for good fails once, and the window moves on")
    func permanentRejection() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(window: 2)))
        for _ in 0..<3 { client.send(at: 0) }
        #expect(
            client.rejected(2, isRetryable: false, at: 1) == [
                .messageFailed(key: 2, cause: .rejected), Self.message(3),
            ]
        )
        #expect(client.rejected(2, isRetryable: false, at: 1) == [])
        #expect(client.acknowledged(2, at: 1) == [])
        #expect(client.client.outbox.entries.map(\.key) == [1, 3])
    }

    @Test("rejections of another generation, or without a connection, are late and ignored")
    func rejectionOfAnotherGeneration() {
        let client = TestClient.connected(Self.policy(OutboxPolicy()))
        client.send(at: 0)
        #expect(client.rejected(1, generation: 0, isRetryable: false, at: 1) == [])
        #expect(client.rejected(1, generation: 2, isRetryable: false, at: 1) == [])
        client.lost(1, at: 1)
        #expect(client.rejected(1, generation: 1, isRetryable: false, at: 1) == [])
        #expect(client.client.outbox.holds(1))
    }

    @Test("acknowledgements of unknown keys, and repeated ones, change nothing")
    func strangeAcknowledgements() {
        let client = TestClient.connected(Self.policy(OutboxPolicy(window: 1)))
        #expect(client.acknowledged(1, at: 0) == [])
        client.send(at: 0)
        client.send(at: 0)
        #expect(client.acknowledged(1, at: 1).first == .messageAcknowledged(key: 1))
        let before = client.client
        for key in [Outbox.Key(0), 1, 3, .max] { #expect(client.acknowledged(key, at: 2) == []) }
        #expect(client.client == before)
    }

    // MARK: Time to live

    @Test("a message fails as expired when it is exactly as old as its time to live", arguments: [true, false])
    func timeToLive(isConnected: Bool) {
        let policy = Self.policy(OutboxPolicy(timeToLive: .seconds(30), acknowledgementTimeout: .seconds(600)))
        let client = isConnected ? TestClient.connected(policy) : TestClient(policy)
        client.send(at: 1)
        client.send(at: 2)
        #expect(client.nextDeadline == at(31))
        #expect(client.advance(to: at(31) - .nanoseconds(1)) == [])
        var expected: [ClientAction] = [.messageFailed(key: 1, cause: .expired)]
        if isConnected { expected.append(Self.message(2, offered: 2)) }
        #expect(client.advance(to: 31) == expected)
        #expect(client.acknowledged(1, at: 31) == [])
        #expect(client.nextDeadline == at(32))
        #expect(client.advance(to: 100) == [.messageFailed(key: 2, cause: .expired)])
        #expect(client.nextDeadline == .distantFuture)
    }

    @Test("expired messages are not sent on a new connection")
    func expiredOnOpening() {
        let client = TestClient(Self.policy(OutboxPolicy(timeToLive: .seconds(30), window: 2)))
        client.send(at: 0)
        client.send(at: 20)
        client.start(at: 40)
        #expect(
            Self.messages(client.opened(1, at: 40)) == [
                .messageFailed(key: 1, cause: .expired), Self.message(2, offered: 20),
            ]
        )
    }

    @Test("messages that live for ever have no deadline, before the origin of the clock either")
    func immortalMessages() {
        var client = ReconnectingClient()
        var actions = ClientActions()
        let policy = Self.policy(OutboxPolicy())
        client.send(at: Instant(.seconds(-5)), policy: policy, actions: &actions)
        #expect(client.nextDeadline(policy: policy) == .distantFuture)
    }

    // MARK: Overflow and disconnection

    @Test("a full outbox fails the newest message, or the oldest to make room, as the policy says")
    func overflow() {
        for (overflow, failed, held) in [
            (OutboxPolicy.Overflow.rejectNewest, Outbox.Key(3), [Outbox.Key(1), 2]), (.dropOldest, 1, [2, 3]),
        ] {
            let client = TestClient(Self.policy(OutboxPolicy(capacity: 2, overflow: overflow)))
            #expect(client.send(at: 0) == [] && client.send(at: 0) == [])
            #expect(client.send(at: 0) == [.messageFailed(key: failed, cause: .overflow)])
            #expect(client.client.outbox.entries.map(\.key) == held)
            #expect(client.client.outbox.nextKey == 4)
        }
    }

    @Test("an outbox that may hold nothing holds one message", arguments: OutboxPolicy.Overflow.allCases)
    func noCapacity(overflow: OutboxPolicy.Overflow) {
        let client = TestClient(Self.policy(OutboxPolicy(capacity: 0, overflow: overflow)))
        #expect(client.send(at: 0) == [])
        #expect(client.send(at: 0).count == 1)
        #expect(client.client.outbox.entries.count == 1)
    }

    @Test("dropping the oldest message under way lets the next one out, with a timer of its own")
    func dropOldestUnderWay() {
        let client = TestClient.connected(
            Self.policy(OutboxPolicy(capacity: 2, overflow: .dropOldest, acknowledgementTimeout: .seconds(10)))
        )
        client.send(at: 0)
        client.send(at: 1)
        #expect(
            client.send(at: 5) == [.messageFailed(key: 1, cause: .overflow), Self.message(2, offered: 1)]
        )
        #expect(client.nextDeadline == at(15))
    }

    @Test("an outbox that refuses fails messages at once without a connection, and those held when it drops")
    func refuse() {
        let client = TestClient(Self.policy(OutboxPolicy(whileDisconnected: .refuse, window: 1)))
        #expect(client.send(at: 0) == [.messageFailed(key: 1, cause: .notConnected)])
        client.start(at: 0)
        #expect(client.send(at: 0) == [.messageFailed(key: 2, cause: .notConnected)])
        #expect(Self.messages(client.opened(1, at: 1)).isEmpty)
        #expect(client.send(at: 1) == [Self.message(3, offered: 1)])
        #expect(client.send(at: 1) == [])
        #expect(
            client.lost(1, at: 2) == [
                .retryScheduled(at: at(3), retry: 0), .phaseChanged(from: .connected, to: .waiting),
                .messageFailed(key: 3, cause: .connectionLost), .messageFailed(key: 4, cause: .connectionLost),
            ]
        )
        #expect(client.acknowledged(3, at: 2) == [])
        #expect(client.client.outbox.entries.isEmpty)
    }

    @Test("an outbox that discards tells so, without a connection and when it drops")
    func discard() {
        let client = TestClient(Self.policy(OutboxPolicy(whileDisconnected: .discard)))
        #expect(client.send(at: 0) == [.messageDiscarded(key: 1)])
        client.start(at: 0)
        client.opened(1, at: 0)
        client.send(at: 0)
        #expect(Self.messages(client.stop(at: 1)) == [.messageDiscarded(key: 2)])
        #expect(client.client.outbox.entries.isEmpty)
    }

    @Test("whatever ends the connection returns messages to the queue", arguments: ["stop", "offline", "silence"])
    func everyEnd(end: String) {
        var policy = Self.policy(
            OutboxPolicy(acknowledgementTimeout: .seconds(600)),
            heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10))
        )
        policy.offline = .pauses
        let client = TestClient.connected(policy)
        client.send(at: 0)
        switch end {
        case "stop": client.stop(at: 1)
        case "offline": client.network(false, at: 1)
        default:
            client.advance(to: 30)
            client.advance(to: 40)
        }
        #expect(!client.client.outbox.isConnected)
        #expect(client.client.outbox.underWay == 0)
        #expect(client.client.outbox.holds(1))
        #expect(client.client.heartbeat.nextDeadline == .distantFuture)
    }
}
