import MonotonicTime
import Reconnection

// The code of the article "Resilient reconnection in twenty lines", word by word; `TwentyLinesTests` compares the two and
// runs it. Change both together.

// article: driver
actor Connection {
    let policy: ClientPolicy, network: any Network
    let start = ContinuousClock.now
    var client = ReconnectingClient(), actions = ClientActions(), timer: Task<Void, any Error>?
    var random = GeneratorRandomSource(SystemRandomNumberGenerator())

    init(_ network: any Network, policy: ClientPolicy = .standard) {
        (self.network, self.policy) = (network, policy)
    }

    func handle(_ input: ClientInput) {
        timer?.cancel()
        actions.removeAll()
        let now = Instant(Interval(start.duration(to: .now)))
        client.handle(input, at: now, policy: policy, random: &random, actions: &actions)
        for action in actions.list { network.perform(action, for: self) }
        let deadline = client.nextDeadline(policy: policy)
        guard deadline < .distantFuture else { return }
        timer = Task {
            try await Task.sleep(until: start + .nanoseconds(deadline.nanoseconds), clock: .continuous)
            handle(.advance)
        }
    }
}
// article: end

// article: network
protocol Network: Sendable {
    /// Carries an action out, and later tells the connection what came of it; must not wait for it here.
    func perform(_ action: ClientAction, for connection: Connection)
}
// article: end

// article: sockets
extension Network where Self: Sockets {
    func perform(_ action: ClientAction, for connection: Connection) {
        switch action {
        case .openTransport(let generation):
            open(generation) { input in Task { await connection.handle(input) } }
        case .closeTransport(let generation, let close):
            self.close(generation, code: close.code)
        case .sendHeartbeat(let generation, let beat):
            ping(generation, beat: beat)
        case .sendMessage(let generation, let key, _, _):
            transmit(generation, key: key)
        case .messageFailed(let key, let cause):
            tellUser("message \(key) was not sent: \(cause.rawValue)")
        default:
            break
        }
    }
}
// article: end

/// What the app's own networking offers.
protocol Sockets {
    func open(_ generation: UInt32, report: @escaping @Sendable (ClientInput) -> Void)
    func close(_ generation: UInt32, code: UInt16)
    func ping(_ generation: UInt32, beat: UInt32)
    func transmit(_ generation: UInt32, key: Outbox.Key)
    func tellUser(_ text: String)
}
