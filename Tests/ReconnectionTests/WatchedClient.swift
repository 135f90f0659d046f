import MonotonicTime
import Reconnection

/// A client with its policy, its clock, its random numbers and an observer that sees every call.
final class WatchedClient {
    private(set) var client = ReconnectingClient()
    private(set) var health = ConnectionHealth()
    private(set) var now = Instant.origin
    private(set) var last: [ClientAction] = []
    private let policy: ClientPolicy
    private var random: RepeatingRandomSource
    private var actions = ClientActions()
    private var observers: [(WatchedClient, Close?) -> Void] = []

    init(_ policy: ClientPolicy, uniforms: [Double] = [0.5]) {
        self.policy = policy
        random = RepeatingRandomSource(uniforms)
    }

    convenience init(preset: String) throws {
        struct NoSuchPreset: Error {}
        guard let preset = PolicyPreset.named(preset) else { throw NoSuchPreset() }
        self.init(preset.policy)
    }

    var snapshot: ConnectionHealth.Snapshot { health.snapshot(at: now) }
    var counters: ConnectionHealth.Counters { health.counters }
    var nextDeadline: Instant { client.nextDeadline(policy: policy) }

    /// Has something done after each observed call.
    func afterEachCall(_ body: @escaping (WatchedClient, Close?) -> Void) { observers.append(body) }

    func start(_ seconds: Double) {
        call(seconds) { $0.client.start(at: $0.now, policy: $0.policy, random: &$0.random, actions: &$0.actions) }
    }

    func stop(_ seconds: Double) {
        call(seconds) { $0.client.stop(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    func retryNow(_ seconds: Double) {
        call(seconds) { $0.client.retryNow(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    func reconnect(_ seconds: Double) {
        call(seconds) { $0.client.reconnect(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    func withdrawCredentials(_ seconds: Double) {
        call(seconds) { $0.client.credentialsWithdrawn(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    func network(_ isOnline: Bool, _ seconds: Double) {
        call(seconds) {
            $0.client.networkChanged(
                isOnline: isOnline,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    /// The current transport opens, or a member of it.
    func open(_ seconds: Double, member: Int = 0) {
        call(seconds) {
            $0.client.transportOpened(
                generation: $0.client.supervisor.generation,
                member: member,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    /// The current transport fails or closes, or a member of it.
    func lose(_ seconds: Double, _ close: Close = .abnormal, member: Int = 0, generation: UInt32? = nil) {
        lose(at: at(seconds), close, member: member, generation: generation)
    }

    func lose(at time: Instant, _ close: Close = .abnormal, member: Int = 0, generation: UInt32? = nil) {
        call(time, close: close) {
            $0.client.transportLost(
                generation: generation ?? $0.client.supervisor.generation,
                member: member,
                close: close,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    func prepared(_ seconds: Double) {
        call(seconds) {
            $0.client.attemptPrepared(
                generation: $0.client.supervisor.generation,
                at: $0.now,
                policy: $0.policy,
                actions: &$0.actions
            )
        }
    }

    func answer(_ seconds: Double, beat: UInt32) {
        call(seconds) {
            $0.client.heartbeatAnswered(
                generation: $0.client.supervisor.generation,
                beat: beat,
                at: $0.now,
                policy: $0.policy
            )
        }
        health.heard(at: now)
    }

    func send(_ seconds: Double) {
        call(seconds) { $0.client.send(at: $0.now, policy: $0.policy, actions: &$0.actions) }
    }

    func acknowledge(_ key: Outbox.Key, _ seconds: Double) {
        call(seconds) {
            $0.client.messageAcknowledged(key: key, at: $0.now, policy: $0.policy, actions: &$0.actions)
        }
    }

    func advance(_ seconds: Double) { advance(to: at(seconds)) }

    func advance(to time: Instant) {
        call(time) { $0.client.advance(to: $0.now, policy: $0.policy, random: &$0.random, actions: &$0.actions) }
    }

    /// Goes from deadline to deadline, and answers with the instants at which an attempt began.
    @discardableResult
    func run(until seconds: Double) -> [Double] {
        var attempts: [Double] = []
        while nextDeadline <= at(seconds) {
            let before = counters.attempts
            advance(to: max(now, nextDeadline))
            if counters.attempts > before { attempts.append(now.seconds) }
        }
        return attempts
    }

    private func call(_ seconds: Double, _ input: (WatchedClient) -> Void) { call(at(seconds), input) }

    private func call(_ time: Instant, close: Close? = nil, _ input: (WatchedClient) -> Void) {
        precondition(time >= now, "a test's clock runs backwards from \(now) to \(time)")
        now = time
        actions.removeAll()
        input(self)
        last = Array(actions.list)
        health.observe(actions, of: client, at: now)
        for observer in observers { observer(self, close) }
    }
}
