public import MonotonicTime

/// Where a client stands and why, as far as people and listeners care: what state names and indicators are made of.
public struct ConnectionStanding: Sendable, Hashable {
    /// What led to the phase, where the phase alone does not say it.
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// The app: started, stopped, asked for an attempt; or nothing yet.
        case app
        /// A connection that had opened ended.
        case lost
        /// An attempt failed or was given up.
        case failed
        /// The breaker refused an attempt.
        case refused
        /// The device: a pause began or ended.
        case device
    }

    /// The client's phase.
    public var phase: ConnectionPhase
    /// What led to it. An attempt and a connection have the cause `app`, whoever made them.
    public var cause: Cause
    /// Whether the breaker's open period is running. Not while it lets probes through.
    public var isCircuitOpen: Bool
    /// Whether the system says that there is a network.
    public var isOnline: Bool
    /// When the next attempt begins (see `ConnectionSupervisor.nextAttempt`); `.distantFuture` if only an input can say.
    public var nextAttempt: Instant
    /// Retries armed since the last connection opened.
    public var reconnectAttempts: Int

    /// A standing made of its parts; what is left out is as for a client that was never started.
    public init(
        phase: ConnectionPhase = .stopped,
        cause: Cause = .app,
        isCircuitOpen: Bool = false,
        isOnline: Bool = true,
        nextAttempt: Instant = .distantFuture,
        reconnectAttempts: Int = 0
    ) {
        self.phase = phase
        self.cause = cause
        self.isCircuitOpen = isCircuitOpen
        self.isOnline = isOnline
        self.nextAttempt = nextAttempt
        self.reconnectAttempts = reconnectAttempts
    }
}
