public import MonotonicTime

/// What a user interface shows about a connection.
///
/// A pure function of a snapshot: `IndicatorStyle` says which. `IndicatorFilter` keeps it from flickering.
public struct ConnectionIndicator: Sendable, Hashable {
    /// How much a person should care, least first.
    public enum Severity: UInt8, Sendable, Hashable, CaseIterable, Comparable {
        /// Nothing to worry about.
        case ok
        /// Something goes on and needs nobody.
        case working
        /// Something is wrong and will be tried again by itself.
        case warning
        /// Something is wrong and stays so for long, or until somebody acts.
        case error

        /// Whether the left one matters less.
        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// The message, apart from its words, so that an app can say it in its user's language.
    public enum Message: Sendable, Hashable {
        /// A word of the system whose style it is.
        case state(String)
        /// A word of the system with the number of the attempt.
        case stateWithAttempt(String, attempt: Int)
        /// The breaker is open (landale).
        case circuitOpen
        /// Connected, and all is well.
        case connected
        /// Connected, but answers are missing.
        case unstable
        /// The first attempt is under way.
        case connecting
        /// A later attempt is under way, or about to begin.
        case reconnecting
        /// The next attempt begins in so many seconds.
        case retrying(inSeconds: Int64)
        /// The server has failed so often that it is left alone; the next attempt begins in so many seconds.
        case unavailable(retryInSeconds: Int64?)
        /// There is no network.
        case noNetwork
        /// An attempt waits for something other than time and network.
        case waiting
        /// The app closes the connection.
        case disconnecting
        /// There is no connection, and nothing will change that by itself.
        case disconnected
        /// The client gave up: a button to try again belongs here.
        case gaveUp
        /// New credentials are needed.
        case signInNeeded

        /// What an indicator shows apart from its numbers: messages of one kind replace each other at once.
        var kind: Message {
            switch self {
            case .stateWithAttempt(let state, _): .stateWithAttempt(state, attempt: 0)
            case .retrying: .retrying(inSeconds: 0)
            case .unavailable: .unavailable(retryInSeconds: nil)
            default: self
            }
        }
    }

    /// What to say.
    public var message: Message
    /// How much it matters.
    public var severity: Severity
    /// How good the connection is.
    public var quality: ConnectionQuality
    /// Its colour.
    public var colour: IndicatorColour
    /// Whether it should be shown at all.
    public var isVisible: Bool

    /// An indicator made of its parts.
    public init(
        message: Message,
        severity: Severity,
        quality: ConnectionQuality,
        colour: IndicatorColour,
        isVisible: Bool
    ) {
        self.message = message
        self.severity = severity
        self.quality = quality
        self.colour = colour
        self.isVisible = isVisible
    }

    /// The message in English. Allocates where it is longer than fifteen bytes.
    public var label: String {
        switch message {
        case .state(let state): state
        case .stateWithAttempt(let state, let attempt): "\(state) (attempt \(attempt))"
        case .circuitOpen: "circuit breaker open"
        case .connected: "Connected"
        case .unstable: "Connection unstable"
        case .connecting: "Connecting…"
        case .reconnecting: "Reconnecting…"
        case .retrying(let seconds): "Reconnecting in \(seconds) s"
        case .unavailable(let seconds?): "Server unavailable, next attempt in \(seconds) s"
        case .unavailable(nil): "Server unavailable"
        case .noNetwork: "No network"
        case .waiting: "Waiting to reconnect"
        case .disconnecting: "Disconnecting…"
        case .disconnected: "Disconnected"
        case .gaveUp: "Could not reconnect"
        case .signInNeeded: "Sign in again"
        }
    }
}

/// How a system turns a snapshot into an indicator.
public enum IndicatorStyle: String, Sendable, Hashable, CaseIterable {
    /// Ours, made for people.
    ///
    /// The first row that fits counts. Seconds until the next attempt are rounded up, so that "1 s" is never followed
    /// by a wait of almost two; with none left the attempt is as good as under way.
    ///
    /// | standing | message | severity | quality | colour | shown |
    /// |---|---|---|---|---|---|
    /// | connected, nothing missing | connected | ok | excellent | green | no |
    /// | connected, signs of life missing | unstable | warning | fair | yellow | yes |
    /// | closing | disconnecting | working | offline | grey | no |
    /// | stopped by the app | disconnected | ok | offline | grey | no |
    /// | stopped otherwise, breaker open | unavailable | error | offline | red | yes |
    /// | stopped otherwise | disconnected | error | offline | red | yes |
    /// | blocked | sign-in needed | error | offline | red | yes |
    /// | exhausted | gave up | error | offline | red | yes |
    /// | waiting or paused, no network | no network | warning | offline | grey | yes |
    /// | paused | waiting | working | offline | grey | no: nobody looks, or the app is not ready |
    /// | waiting, breaker open | unavailable, countdown | error | offline | red | yes |
    /// | waiting, attempt due in > 0 | retrying, countdown | warning | poor | yellow | yes |
    /// | waiting, attempt due | reconnecting | working | poor | yellow | yes |
    /// | waiting, nothing to wait for that is known | waiting | warning | offline | yellow | yes |
    /// | connecting, never connected and no retry | connecting | working | good | yellow | yes |
    /// | connecting | reconnecting | working | poor | yellow | yes |
    case standard
    /// landale's: shown in debug mode, or when not connected, or when heartbeat failures > 0, breaker open, or
    /// attempts > 0. Red when the breaker is open, failed or disconnected; yellow when connecting or reconnecting;
    /// green when connected. The text says "circuit breaker open" first, else the state, with the attempt number
    /// while reconnecting. Severity follows the colour.
    ///
    /// Heartbeat failures are never cleared, so after the first one it is shown for ever.
    case landale
    /// pl3xus': its label and colour, always shown. Severity follows the colour.
    case pl3xus
    /// valtio-y's: the quality as its label, always shown. It has no colours: excellent is green, good yellow, poor
    /// red and offline grey. Severity: ok, working, error, warning.
    case valtioY = "valtio-y"

    /// The indicator for a snapshot.
    ///
    /// - Parameters:
    ///   - snapshot: of the instant `now`.
    ///   - now: what a countdown counts from.
    ///   - isDebug: landale's debug mode; other styles have none.
    public func indicator(
        for snapshot: ConnectionHealth.Snapshot,
        at now: Instant,
        isDebug: Bool = false
    ) -> ConnectionIndicator {
        switch self {
        case .standard: Self.standard(snapshot, now)
        case .landale: Self.landale(snapshot, isDebug)
        case .pl3xus: Self.pl3xus(snapshot)
        case .valtioY: Self.valtioY(snapshot)
        }
    }

    // MARK: Countdown

    /// Whole seconds from now to an instant, rounded up; 0 once it has come, nil if it never does.
    public static func secondsLeft(until instant: Instant, at now: Instant) -> Int64? {
        guard instant != .distantFuture else { return nil }
        let left = instant - now
        guard left > .zero else { return 0 }
        let second = Interval.seconds(1).nanoseconds
        return left.nanoseconds / second + (left.nanoseconds % second == 0 ? 0 : 1)
    }

    /// When the seconds left change next: `.distantFuture` once there are none, or if there never are any.
    public static func nextCountdownChange(until instant: Instant, at now: Instant) -> Instant {
        guard let seconds = secondsLeft(until: instant, at: now), seconds > 0 else { return .distantFuture }
        return instant - .seconds(seconds - 1)
    }

    // MARK: The styles

    private static func standard(_ snapshot: ConnectionHealth.Snapshot, _ now: Instant) -> ConnectionIndicator {
        let standing = snapshot.standing
        switch standing.phase {
        case .connected:
            return snapshot.missesInARow == 0
                ? show(.connected, .ok, .excellent, .green, isVisible: false)
                : show(.unstable, .warning, .fair, .yellow)
        case .closing:
            return show(.disconnecting, .working, .offline, .grey, isVisible: false)
        case .stopped:
            guard standing.cause != .app else { return show(.disconnected, .ok, .offline, .grey, isVisible: false) }
            let message: Message = standing.isCircuitOpen ? .unavailable(retryInSeconds: nil) : .disconnected
            return show(message, .error, .offline, .red)
        case .blocked:
            return show(.signInNeeded, .error, .offline, .red)
        case .exhausted:
            return show(.gaveUp, .error, .offline, .red)
        case .paused:
            return standing.isOnline
                ? show(.waiting, .working, .offline, .grey, isVisible: false)
                : show(.noNetwork, .warning, .offline, .grey)
        case .waiting:
            return waiting(standing, now)
        case .connecting:
            let isFirst = snapshot.counters.successfulConnects == 0 && standing.reconnectAttempts == 0
            return isFirst
                ? show(.connecting, .working, .good, .yellow) : show(.reconnecting, .working, .poor, .yellow)
        }
    }

    private static func waiting(_ standing: ConnectionStanding, _ now: Instant) -> ConnectionIndicator {
        guard standing.isOnline else { return show(.noNetwork, .warning, .offline, .grey) }
        let seconds = secondsLeft(until: standing.nextAttempt, at: now)
        guard !standing.isCircuitOpen else {
            return show(.unavailable(retryInSeconds: seconds), .error, .offline, .red)
        }
        switch seconds {
        case nil: return show(.waiting, .warning, .offline, .yellow)
        case 0: return show(.reconnecting, .working, .poor, .yellow)
        case let seconds?: return show(.retrying(inSeconds: seconds), .warning, .poor, .yellow)
        }
    }

    private static func landale(_ snapshot: ConnectionHealth.Snapshot, _ isDebug: Bool) -> ConnectionIndicator {
        let state = LandaleState(snapshot.standing)
        let isOpen = snapshot.standing.isCircuitOpen
        let attempts = snapshot.standing.reconnectAttempts
        let colour: IndicatorColour
        switch state {
        case .disconnected, .failed: colour = .red
        case .connecting, .reconnecting: colour = isOpen ? .red : .yellow
        case .connected: colour = isOpen ? .red : .green
        }
        let message: Message =
            isOpen
            ? .circuitOpen
            : state == .reconnecting
                ? .stateWithAttempt(state.rawValue, attempt: attempts) : .state(state.rawValue)
        return show(
            message,
            severity(colour),
            ValtioYState(snapshot.standing).quality,
            colour,
            isVisible: isDebug || state != .connected || snapshot.counters.heartbeatFailures > 0 || isOpen
                || attempts > 0
        )
    }

    private static func pl3xus(_ snapshot: ConnectionHealth.Snapshot) -> ConnectionIndicator {
        let state = Pl3xusState(snapshot.standing)
        let quality = ValtioYState(snapshot.standing).quality
        return show(.state(state.label), severity(state.colour), quality, state.colour)
    }

    private static func valtioY(_ snapshot: ConnectionHealth.Snapshot) -> ConnectionIndicator {
        let state = ValtioYState(snapshot.standing)
        let message = Message.state(state.quality.rawValue)
        switch state {
        case .connected: return show(message, .ok, state.quality, .green)
        case .connecting: return show(message, .working, state.quality, .yellow)
        case .error: return show(message, .error, state.quality, .red)
        case .disconnected: return show(message, .warning, state.quality, .grey)
        }
    }

    private typealias Message = ConnectionIndicator.Message

    private static func severity(_ colour: IndicatorColour) -> ConnectionIndicator.Severity {
        switch colour {
        case .green: .ok
        case .yellow: .working
        case .red: .error
        case .grey: .warning
        }
    }

    private static func show(
        _ message: Message,
        _ severity: ConnectionIndicator.Severity,
        _ quality: ConnectionQuality,
        _ colour: IndicatorColour,
        isVisible: Bool = true
    ) -> ConnectionIndicator {
        ConnectionIndicator(
            message: message,
            severity: severity,
            quality: quality,
            colour: colour,
            isVisible: isVisible
        )
    }
}
