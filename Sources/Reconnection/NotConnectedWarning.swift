public import MonotonicTime

/// Decides whether to warn the user that an action was refused for want of a connection: not for a short gap, and not
/// for every click.
///
/// | state | event | next |
/// |---|---|---|
/// | any | connection opens | connected: nothing is warned of |
/// | connected | connection closes | in grace until now + `graceAfterClose` |
/// | never connected | started (again) | in grace until now + `graceBeforeFirstConnection` |
/// | in grace, now < end | refused | no warning |
/// | grace over, now ≥ end, none in the last `minimumGap` | refused | warning |
/// | grace over, last warning less than `minimumGap` ago | refused | no warning |
///
/// Only refusals are answered, so there is no timer. A close while not connected (a failed attempt) does not start a
/// new grace, or a client whose attempts fail every few seconds would never warn.
///
/// Draws: none.
///
/// - Source: the party-table app's intents: 10 s, 4 s, 2 s.
public struct NotConnectedWarning: Sendable, Hashable {
    /// Settings of the warning.
    public struct Policy: Sendable, Hashable {
        /// How long refusals go without a warning before there has been a connection.
        public var graceBeforeFirstConnection: Interval
        /// How long refusals go without a warning after a connection has closed.
        public var graceAfterClose: Interval
        /// The least time from one warning to the next.
        public var minimumGap: Interval

        /// The settings; by default those of the party-table app.
        public init(
            graceBeforeFirstConnection: Interval = .seconds(10),
            graceAfterClose: Interval = .seconds(4),
            minimumGap: Interval = .seconds(2)
        ) {
            self.graceBeforeFirstConnection = graceBeforeFirstConnection
            self.graceAfterClose = graceAfterClose
            self.minimumGap = minimumGap
        }
    }

    /// Whether there is a connection.
    public private(set) var isConnected = false
    /// Whether there has ever been one.
    public private(set) var hasEverConnected = false
    private var disconnectedSince: Instant
    private var lastWarning: Instant?

    /// A client that starts to connect now.
    public init(startedAt now: Instant) {
        disconnectedSince = now
    }

    /// The client starts to connect once more. Plays no part once it has been connected.
    public mutating func started(at now: Instant) {
        guard !hasEverConnected else { return }
        disconnectedSince = now
    }

    /// A connection opened.
    public mutating func connectionOpened() {
        isConnected = true
        hasEverConnected = true
    }

    /// The connection closed.
    public mutating func connectionClosed(at now: Instant) {
        guard isConnected else { return }
        isConnected = false
        disconnectedSince = now
    }

    /// An action was refused; answers whether to warn the user now.
    public mutating func refused(at now: Instant, policy: Policy = Policy()) -> Bool {
        guard !isConnected else { return false }
        let grace = hasEverConnected ? policy.graceAfterClose : policy.graceBeforeFirstConnection
        guard disconnectedSince + grace <= now else { return false }
        if let lastWarning, now < lastWarning + policy.minimumGap { return false }
        lastWarning = now
        return true
    }
}
