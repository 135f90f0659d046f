/// valtio-y's states.
///
/// | phase | state |
/// |---|---|
/// | connecting | connecting |
/// | connected | connected |
/// | waiting after a failed or refused attempt; exhausted; blocked | error |
/// | waiting after a lost connection or for any other reason; stopped; closing; paused | disconnected |
public enum ValtioYState: String, StateVocabulary {
    /// Nothing under way, or a connection was lost. The initial state.
    case disconnected
    /// An attempt is under way.
    case connecting
    /// Connected.
    case connected
    /// An attempt failed.
    case error

    /// valtio-y's word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = .connecting
        case .connected: self = .connected
        case .exhausted, .blocked: self = .error
        case .waiting: self = standing.cause == .failed || standing.cause == .refused ? .error : .disconnected
        case .stopped, .closing, .paused: self = .disconnected
        }
    }

    /// The quality shown to the user.
    public var quality: ConnectionQuality {
        switch self {
        case .connected: .excellent
        case .connecting: .good
        case .error: .poor
        case .disconnected: .offline
        }
    }
}

/// pl3xus' ready states.
///
/// | phase | state |
/// |---|---|
/// | connecting | connecting |
/// | connected | open |
/// | closing | closing |
/// | any other | closed |
///
/// A connection that ends is closed by way of closing, as the guide says; its code never showed that state.
public enum Pl3xusState: String, StateVocabulary {
    /// No socket. The initial state.
    case closed
    /// The socket is being opened.
    case connecting
    /// The socket is open.
    case open
    /// The socket is being closed.
    case closing

    /// pl3xus' word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = .connecting
        case .connected: self = .open
        case .closing: self = .closing
        case .stopped, .paused, .waiting, .exhausted, .blocked: self = .closed
        }
    }

    /// Closing lies between open and closed, and closed between two sockets.
    public static func between(_ old: ConnectionStanding, _ new: ConnectionStanding) -> Pl3xusState? {
        guard old.phase == .connected else { return nil }
        switch Pl3xusState(new) {
        case .closed: return .closing
        case .connecting: return .closed
        case .open, .closing: return nil
        }
    }

    /// The text shown to the user.
    public var label: String {
        switch self {
        case .closed: "offline"
        case .connecting: "connecting"
        case .open: "connected"
        case .closing: "closing"
        }
    }

    /// The colour shown to the user.
    public var colour: IndicatorColour {
        switch self {
        case .open: .green
        case .connecting: .yellow
        case .closed, .closing: .red
        }
    }
}

/// landale's states.
///
/// | phase | state |
/// |---|---|
/// | connecting | connecting |
/// | connected | connected |
/// | waiting with a retry armed, for a gate, or for its start | reconnecting |
/// | waiting or stopped because the breaker refused an attempt; exhausted; blocked | failed |
/// | stopped; closing; paused | disconnected |
///
/// A retry that waits for the end of the breaker's open period is armed, so the state is reconnecting. As built nothing
/// was armed (`Hazards.breakerArmsNothing`): such a client is stopped, and disconnected.
public enum LandaleState: String, StateVocabulary {
    /// No connection, and nothing armed. The initial state.
    case disconnected
    /// An attempt is under way.
    case connecting
    /// Connected.
    case connected
    /// A retry is armed.
    case reconnecting
    /// The breaker refused, or the retries are used up.
    case failed

    /// landale's word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = .connecting
        case .connected: self = .connected
        case .exhausted, .blocked: self = .failed
        case .waiting: self = standing.cause == .refused ? .failed : .reconnecting
        case .stopped: self = standing.cause == .refused ? .failed : .disconnected
        case .closing, .paused: self = .disconnected
        }
    }

    /// Whenever a transport is left, for whatever comes next, listeners hear that it is closed.
    public static func between(_ old: ConnectionStanding, _ new: ConnectionStanding) -> LandaleState? {
        switch (old.phase, new.phase) {
        case (.connecting, .connecting), (.connecting, .connected), (.connected, .connected): nil
        case (.connecting, _), (.connected, _): .disconnected
        default: nil
        }
    }
}

/// The chat SDK's states, as documented.
///
/// | phase | state |
/// |---|---|
/// | connecting, no retry since the last open | connecting |
/// | connecting, a later attempt; waiting | reconnecting |
/// | connected | connected |
/// | exhausted; blocked | failed |
/// | stopped; closing; paused | disconnected |
public enum ChatSDKState: String, StateVocabulary {
    /// No connection, and none wanted or possible. The initial state.
    case disconnected
    /// The first attempt is under way.
    case connecting
    /// Connected.
    case connected
    /// A later attempt is under way or waits.
    case reconnecting
    /// The client gave up.
    case failed

    /// The chat SDK's word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = standing.reconnectAttempts > 0 ? .reconnecting : .connecting
        case .waiting: self = .reconnecting
        case .connected: self = .connected
        case .exhausted, .blocked: self = .failed
        case .stopped, .closing, .paused: self = .disconnected
        }
    }

    /// The word as built: reconnecting and failed never occur, because the count they depend on is never raised.
    public init(asBuilt standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = .connecting
        case .connected: self = .connected
        case .stopped, .closing, .paused, .waiting, .exhausted, .blocked: self = .disconnected
        }
    }
}

/// The states of party table's supervisor, as planned.
///
/// | phase | state |
/// |---|---|
/// | connecting | connecting |
/// | connected | connected |
/// | waiting | cooldown |
/// | paused | offline |
/// | blocked | blocked-auth |
/// | stopped; closing; exhausted, which the plan without a limit has no word for | stopped |
public enum PartyTableState: String, StateVocabulary {
    /// Not running. The initial state.
    case stopped
    /// The server refused the credentials.
    case blockedAuth = "blocked-auth"
    /// Hidden, or no network.
    case offline
    /// Waiting for the next attempt.
    case cooldown
    /// An attempt is under way.
    case connecting
    /// Connected.
    case connected

    /// The plan's word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connecting: self = .connecting
        case .connected: self = .connected
        case .waiting: self = .cooldown
        case .paused: self = .offline
        case .blocked: self = .blockedAuth
        case .stopped, .closing, .exhausted: self = .stopped
        }
    }
}

/// The phases of party table's pure machine.
///
/// | phase | state |
/// |---|---|
/// | connecting; waiting; stopped, closing and blocked, for which its owner resets the machine | connecting |
/// | connected | connected |
/// | paused | paused |
/// | exhausted | abandoned |
public enum PartyTableMachinePhase: String, StateVocabulary {
    /// Connecting, waiting to, or fresh. The initial state.
    case connecting
    /// Connected.
    case connected
    /// Held back.
    case paused
    /// Given up.
    case abandoned

    /// The machine's word for a standing.
    public init(_ standing: ConnectionStanding) {
        switch standing.phase {
        case .connected: self = .connected
        case .paused: self = .paused
        case .exhausted: self = .abandoned
        case .connecting, .waiting, .stopped, .closing, .blocked: self = .connecting
        }
    }
}
