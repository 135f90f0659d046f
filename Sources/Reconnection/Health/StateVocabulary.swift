public import MonotonicTime

/// The names one system has for where a client stands; the raw values are its own words.
///
/// A vocabulary is a function of the standing alone. Systems have fewer words than there are phases, so each says how
/// the phases share them.
public protocol StateVocabulary: RawRepresentable<String>, Sendable, Hashable, CaseIterable {
    /// The word for a standing.
    init(_ standing: ConnectionStanding)

    /// A state that the system's listeners are told of on the way from one standing to another, though the client
    /// takes the way in one step; nil if there is none.
    static func between(_ old: ConnectionStanding, _ new: ConnectionStanding) -> Self?
}

extension StateVocabulary {
    /// Nothing lies between two standings, unless a system says otherwise.
    public static func between(_ old: ConnectionStanding, _ new: ConnectionStanding) -> Self? { nil }

    /// The system's initial state, before the client is started.
    public static var initial: Self { Self(ConnectionStanding()) }
}

/// A state that differs from the one before: landale's event.
public struct StateChange<State: StateVocabulary>: Sendable, Hashable {
    /// What was wrong.
    public enum Problem: Sendable, Hashable {
        /// The transport failed or closed, and this is why.
        case closed(Close)
        /// The breaker refused an attempt.
        case breakerOpen
        /// The retries are used up.
        case exhausted
    }

    /// The state left.
    public var old: State
    /// The state reached.
    public var new: State
    /// What was wrong, if anything.
    public var problem: Problem?
    /// When it happened.
    public var time: Instant

    /// A change made of its parts.
    public init(old: State, new: State, problem: Problem? = nil, time: Instant) {
        self.old = old
        self.new = new
        self.problem = problem
        self.time = time
    }
}

/// Lets listeners hear a state only when it differs from the current one.
///
/// | told | listeners hear |
/// |---|---|
/// | a standing with the current word | nothing |
/// | a standing with another word | a change |
/// | the same, and the system has a state in between | two changes of the same time |
public struct StateListener<State: StateVocabulary>: Sendable, Hashable {
    /// The state listeners heard last.
    public private(set) var state = State.initial
    private var standing = ConnectionStanding()

    /// A listener to a client that was not started yet.
    public init() {}

    /// The client stands there now.
    ///
    /// - Parameters:
    ///   - standing: from `ConnectionHealth.standing(at:)`, after each observed call.
    ///   - close: why a transport failed or closed in that call, if one did. Told with the first change, except that
    ///     a refusal by the breaker and used-up retries say so themselves where they are reached.
    ///   - now: the time of the call.
    ///   - tell: hears each change, in order.
    public mutating func observe(
        _ standing: ConnectionStanding,
        close: Close? = nil,
        at now: Instant,
        tell: (StateChange<State>) -> Void
    ) {
        let between = State.between(self.standing, standing)
        self.standing = standing
        var closed = close.map { StateChange<State>.Problem.closed($0) }
        if let between, between != state, between != State(standing) {
            move(to: between, problem: closed, at: now, tell)
            closed = nil
        }
        let problem: StateChange<State>.Problem? =
            standing.cause == .refused ? .breakerOpen : standing.phase == .exhausted ? .exhausted : closed
        move(to: State(standing), problem: problem, at: now, tell)
    }

    private mutating func move(
        to new: State,
        problem: StateChange<State>.Problem?,
        at now: Instant,
        _ tell: (StateChange<State>) -> Void
    ) {
        guard new != state else { return }
        let change = StateChange(old: state, new: new, problem: problem, time: now)
        state = new
        tell(change)
    }
}

/// How good a connection looks to its user, best first: the words of valtio-y and of the chat SDK.
public enum ConnectionQuality: String, Sendable, Hashable, CaseIterable {
    /// Nothing to complain about.
    case excellent
    /// Usable, or about to be.
    case good
    /// Usable with patience.
    case fair
    /// Something is wrong.
    case poor
    /// There is no connection.
    case offline
}

/// The colours of indicators.
public enum IndicatorColour: String, Sendable, Hashable, CaseIterable {
    /// All is well.
    case green
    /// Wait.
    case yellow
    /// Something is wrong.
    case red
    /// Nothing is wrong, and nothing goes on.
    case grey
}
