import Reconnection

/// What happened, counted.
struct ScriptMetrics {
    private var attempts = 0
    private var opens = 0
    private var failedAttempts = 0
    private var losses = 0
    private var retriesScheduled = 0
    private var timesGivenUp = 0
    private var breakerOpenings = 0
    private var heartbeatsSent = 0
    private var messagesSent = 0
    private var acknowledged = 0
    private var failed = 0
    private var discarded = 0

    mutating func count(_ action: ClientAction) {
        switch action {
        case .openTransport: attempts += 1
        case .sendHeartbeat: heartbeatsSent += 1
        case .sendMessage: messagesSent += 1
        case .retryScheduled: retriesScheduled += 1
        case .gaveUp: timesGivenUp += 1
        case .breakerOpened: breakerOpenings += 1
        case .messageAcknowledged: acknowledged += 1
        case .messageFailed: failed += 1
        case .messageDiscarded: discarded += 1
        case .phaseChanged(_, to: .connected): opens += 1
        case .phaseChanged(from: .connecting, let to) where Self.isLoss(to): failedAttempts += 1
        case .phaseChanged(from: .connected, let to) where Self.isLoss(to): losses += 1
        default: break
        }
    }

    /// Whether a transport that is left for this phase was lost, and not let go on purpose. A close rule that says
    /// stop leads to `stopped` just as the app does, and is not counted either.
    private static func isLoss(_ phase: ConnectionPhase) -> Bool {
        phase == .waiting || phase == .exhausted || phase == .blocked
    }

    func add(to line: inout OutputLine) {
        line.add("attempts", attempts)
        line.add("failed-attempts", failedAttempts)
        line.add("opens", opens)
        line.add("losses", losses)
        line.add("retries-scheduled", retriesScheduled)
        line.add("gave-up", timesGivenUp)
        line.add("breaker-openings", breakerOpenings)
        line.add("heartbeats-sent", heartbeatsSent)
        line.add("messages-sent", messagesSent)
        line.add("acknowledged", acknowledged)
        line.add("failed", failed)
        line.add("discarded", discarded)
    }
}
