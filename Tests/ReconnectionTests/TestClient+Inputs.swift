import MonotonicTime
import Reconnection

/// What few clients are told.
extension TestClient {
    @discardableResult
    func ready(_ isReady: Bool, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.readinessChanged(
                isReady: isReady,
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }

    @discardableResult
    func wake(until end: Double, at seconds: Double) -> [ClientAction] {
        deliver(at(seconds)) {
            $0.client.wake(
                until: Instant(Interval(seconds: end)),
                at: $0.now,
                policy: $0.policy,
                random: &$0.random,
                actions: &$0.actions
            )
        }
    }
}

/// Short words for the actions that stories are full of.
extension ClientAction {
    static func phase(_ from: ConnectionPhase, _ to: ConnectionPhase) -> ClientAction {
        .phaseChanged(from: from, to: to)
    }

    static func open(_ generation: UInt32) -> ClientAction { .openTransport(generation: generation) }

    static func close(_ generation: UInt32, _ close: CloseCode = .goingAway) -> ClientAction {
        .closeTransport(generation: generation, close: close)
    }

    static func retry(_ seconds: Double, _ retry: UInt32) -> ClientAction {
        .retryScheduled(at: Instant(Interval(seconds: seconds)), retry: retry)
    }
}
