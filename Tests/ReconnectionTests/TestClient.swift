import MonotonicTime
import Reconnection

/// The instant so many seconds after the origin.
func at(_ seconds: Double) -> Instant { Instant(Interval(seconds: seconds)) }

/// A client with its policy, its clock and its random numbers. Each input answers with all actions it caused.
final class TestClient {
    var client = ReconnectingClient()
    let policy: ClientPolicy
    var random: CountingRandomSource
    var actions = ClientActions()
    private(set) var now = Instant.origin

    init(_ policy: ClientPolicy, uniforms: [Double] = [0.5]) {
        self.policy = policy
        random = CountingRandomSource(uniforms)
    }

    var phase: ConnectionPhase { client.phase }
    var nextDeadline: Instant { client.nextDeadline(policy: policy) }

    /// Started at time 0, and connected at once.
    static func connected(_ policy: ClientPolicy, uniforms: [Double] = [0.5]) -> TestClient {
        let client = TestClient(policy, uniforms: uniforms)
        client.start(at: 0)
        if policy.preparesAttempts { client.prepared(1, at: 0) }
        client.opened(1, at: 0)
        return client
    }

    @discardableResult
    func start(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.start(at: $0.now, policy: $0.policy, random: &$0.random, actions: &$0.actions)
        }
    }

    @discardableResult
    func stop(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.stop(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func network(_ isOnline: Bool, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.networkChanged(
                isOnline: isOnline,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func visible(_ isVisible: Bool, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.visibilityChanged(
                isVisible: isVisible,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func retryNow(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.retryNow(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func reconnect(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.reconnect(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func credentialsRenewed(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.credentialsRenewed(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func credentialsWithdrawn(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.credentialsWithdrawn(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func prepared(_ generation: UInt32, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.attemptPrepared(generation: generation, at: $0.now, policy: $0.policy, actions: &$0.actions)
        }
    }

    @discardableResult
    func received(_ generation: UInt32, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.received(generation: generation, at: $0.now, policy: $0.policy) }
    }

    /// Answers the last beat, if one was sent.
    func answerBeats() {
        let heartbeat = client.heartbeat
        guard heartbeat.replyDeadline < .distantFuture else { return }
        answered(client.supervisor.generation, beat: heartbeat.lastBeat, at: now.seconds)
    }

    @discardableResult
    func opened(_ generation: UInt32, member: Int = 0, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.transportOpened(
                generation: generation,
                member: member,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func lost(
        _ generation: UInt32,
        member: Int = 0,
        _ close: Close = .abnormal,
        at seconds: Double
    ) -> [ClientAction] {
        lost(generation, member: member, close, at: Instant(Interval(seconds: seconds)))
    }

    @discardableResult
    func lost(
        _ generation: UInt32,
        member: Int = 0,
        _ close: Close = .abnormal,
        at time: Instant
    ) -> [ClientAction] {
        deliver(time) {
            $0.client.transportLost(
                generation: generation,
                member: member,
                close: close,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func answered(_ generation: UInt32, beat: UInt32, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.heartbeatAnswered(generation: generation, beat: beat, at: $0.now, policy: $0.policy)
        }
    }

    @discardableResult
    func send(at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) { $0.client.send(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    @discardableResult
    func acknowledged(_ key: Outbox.Key, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.messageAcknowledged(key: key, at: $0.now, policy: $0.policy, actions: &$0.actions)
        }
    }

    @discardableResult
    func rejected(
        _ key: Outbox.Key,
        generation: UInt32 = 1,
        isRetryable: Bool,
        at seconds: Double
    ) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.messageRejected(
                generation: generation,
                key: key,
                isRetryable: isRetryable,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func advance(to seconds: Double) -> [ClientAction] {
        advance(to: at(seconds))
    }

    @discardableResult
    func advance(to time: Instant) -> [ClientAction] {
        deliver(time) { $0.client.advance(to: $0.now, policy: $0.policy, random: &$0.random, actions: &$0.actions) }
    }

    func deliver(_ time: Instant, _ input: (TestClient) -> Void) -> [ClientAction] {
        precondition(time >= now, "a test's clock runs backwards from \(now) to \(time)")
        now = time
        actions.removeAll()
        input(self)
        return Array(actions.list)
    }
}
