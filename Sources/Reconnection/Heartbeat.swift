public import MonotonicTime

/// Settings of a heartbeat: how a client finds out that its connection is dead.
///
/// Two rules, of which a policy may have either or both: an answer to each beat within a time, and a longest silence.
public struct HeartbeatPolicy: Sendable, Hashable {
    /// A limit to how long nothing may be heard, whatever the answers to beats.
    public struct Silence: Sendable, Hashable {
        /// The longest silence put up with.
        public var longest: Interval
        /// How often it is looked at; a look finds silence strictly longer than `longest`. nil: a timer ends exactly
        /// when the silence has lasted so long.
        public var checkedEvery: Interval?
        /// So many looks must find silence before the connection counts as dead; looks of one connection add up until
        /// something is heard. At least 1.
        public var strikes: Int
        /// Whether the client then reconnects at once, instead of treating it as a loss with its wait (landale's
        /// forced reconnect).
        public var reconnectsAtOnce: Bool

        /// A limit made of its parts.
        public init(
            longest: Interval,
            checkedEvery: Interval? = nil,
            strikes: Int = 1,
            reconnectsAtOnce: Bool = false
        ) {
            self.longest = longest
            self.checkedEvery = checkedEvery
            self.strikes = strikes
            self.reconnectsAtOnce = reconnectsAtOnce
        }
    }

    /// Time between two beats that the client sends; `Interval.max`: it sends none.
    public var interval: Interval
    /// How long an answer may take; at most the interval. `Interval.max`: answers are not waited for.
    public var replyTimeout: Interval
    /// How many beats in a row may stay unanswered before the connection counts as dead; 0: the first one kills it.
    public var missedAllowed: Int
    /// Whether the first beat comes after interval · U instead of after the whole interval, so that connections made
    /// in the same second do not beat together for ever (Discord's gateway asks for it). Draws one number on opening,
    /// if beats are sent at all.
    public var randomFirstPhase: Bool
    /// The longest silence; nil means that silence is no sign.
    public var silence: Silence?
    /// How often the server sends something by itself, as in protocols where the server pings; nil means never. The
    /// client does nothing with it: it is what its server is told to do.
    public var serverInterval: Interval?

    /// A heartbeat whose beats must be answered.
    public init(interval: Interval, replyTimeout: Interval, missedAllowed: Int = 0, randomFirstPhase: Bool = false) {
        self.interval = interval
        self.replyTimeout = replyTimeout
        self.missedAllowed = missedAllowed
        self.randomFirstPhase = randomFirstPhase
    }

    /// A watch over silence.
    ///
    /// - Parameters:
    ///   - silence: the longest silence.
    ///   - interval: time between two beats the client sends; their answers are not waited for. None by default.
    ///   - serverInterval: time between two beats of the server's.
    public init(silence: Silence, interval: Interval = .max, serverInterval: Interval? = nil) {
        self.init(interval: interval, replyTimeout: .max)
        self.silence = silence
        self.serverInterval = serverInterval
    }
}

/// Notices that a connection no longer answers.
///
/// | state | event | next |
/// |---|---|---|
/// | idle | connection opens | first beat due after the interval (or a random part of it); silence begins |
/// | beating | beat due | a beat is sent, its reply due after `replyTimeout`; next beat due one interval later |
/// | awaiting a reply | reply to the last beat | nothing missed |
/// | awaiting a reply | reply overdue, missed ≤ `missedAllowed` | one more missed; wait for the next beat |
/// | awaiting a reply | reply overdue, missed > `missedAllowed` | dead: idle until the next opening |
/// | beating | anything heard | silence begins anew, no strikes |
/// | beating | look at the silence, ≤ longest | next look one period later |
/// | beating | look at the silence, > longest | one more strike; silent, and idle, once there are `strikes` |
/// | any | connection closes | idle |
///
/// Periods below a millisecond count as one. Only a beat that was sent can be answered: an answer to a number above the last one's is made up, and ignored.
public struct Heartbeat: Sendable, Hashable {
    /// What is due.
    public enum Due: Sendable, Hashable {
        /// Nothing.
        case nothing
        /// Send this beat.
        case send(beat: UInt32)
        /// A sign of life is missing; the connection is given another chance. The number counts those in a row.
        case missed(inARow: UInt16)
        /// Too many answers are missing.
        case connectionDead
        /// The silence has lasted too long.
        case connectionSilent
    }

    /// When the next beat is due; `.distantFuture` while idle.
    public private(set) var nextBeat: Instant = .distantFuture
    /// When the reply to the last beat is due; `.distantFuture` if none is awaited.
    public private(set) var replyDeadline: Instant = .distantFuture
    /// When the silence is looked at next; `.distantFuture` while idle or without such a rule.
    public private(set) var nextLook: Instant = .distantFuture
    /// When something was heard last, or the connection opened.
    public private(set) var lastHeard: Instant = .distantPast
    /// The number of the last beat sent.
    public private(set) var lastBeat: UInt32 = 0
    /// How many beats in a row have stayed unanswered.
    public private(set) var missed: UInt16 = 0
    /// How many looks have found too long a silence.
    public private(set) var strikes: UInt16 = 0
    /// How many answers were overdue in all its connections, the fatal ones included; wraps round.
    public private(set) var overdueAnswers: UInt32 = 0
    /// How many looks found too long a silence in all its connections, the fatal ones included; wraps round.
    public private(set) var silentLooks: UInt32 = 0

    /// An idle heartbeat.
    public init() {}

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant { min(nextBeat, min(replyDeadline, nextLook)) }

    /// The connection opened.
    public mutating func connectionOpened(
        at now: Instant,
        policy: HeartbeatPolicy,
        random: inout some RandomSource
    ) {
        connectionClosed()
        let sendsBeats = policy.interval < .max
        let isRandom = policy.randomFirstPhase && sendsBeats
        nextBeat = now + (isRandom ? policy.interval.scaled(by: random.nextUniform()) : policy.interval)
        lastHeard = now
        if let silence = policy.silence { nextLook = now + (silence.checkedEvery ?? silence.longest) }
    }

    /// The connection closed.
    public mutating func connectionClosed() {
        nextBeat = .distantFuture
        replyDeadline = .distantFuture
        nextLook = .distantFuture
        lastHeard = .distantPast
        missed = 0
        strikes = 0
    }

    /// A reply arrived. Replies to earlier beats also prove that the other side lives, and count.
    ///
    /// - Parameter isSignOfLife: whether silence begins anew; false only under `Hazards.frozenHeartbeat`.
    public mutating func replyReceived(
        beat: UInt32,
        at now: Instant,
        policy: HeartbeatPolicy,
        isSignOfLife: Bool = true
    ) {
        guard isRunning, beat <= lastBeat else { return }
        if isSignOfLife { heard(at: now, policy: policy) }
        missed = 0
        if beat == lastBeat { replyDeadline = .distantFuture }
    }

    /// Anything else arrived: silence begins anew. An answer that is awaited still must come.
    public mutating func heard(at now: Instant, policy: HeartbeatPolicy) {
        guard isRunning else { return }
        lastHeard = now
        strikes = 0
        if let silence = policy.silence, silence.checkedEvery == nil { nextLook = now + silence.longest }
    }

    /// Beats and looks without a pause between them would never end.
    private static func period(_ interval: Interval) -> Interval { max(interval, .milliseconds(1)) }

    private var isRunning: Bool { lastHeard != .distantPast }

    /// Time has come to `now`; answers with one thing that is due. Call again until nothing is.
    public mutating func advance(to now: Instant, policy: HeartbeatPolicy) -> Due {
        // An overdue reply comes before a beat of the same instant: the verdict on the old beat must not be lost.
        if replyDeadline <= now {
            replyDeadline = .distantFuture
            missed &+= 1
            overdueAnswers &+= 1
            guard Int(missed) <= policy.missedAllowed else {
                connectionClosed()
                return .connectionDead
            }
            return .missed(inARow: missed)
        }
        if nextLook <= now, let silence = policy.silence {
            if let verdict = look(at: now, silence) { return verdict }
        }
        guard nextBeat <= now else { return .nothing }
        return .send(beat: sendBeat(at: now, every: policy.interval, replyTimeout: policy.replyTimeout))
    }

    /// Sends the beat that is due; answers with its number.
    mutating func sendBeat(at now: Instant, every interval: Interval, replyTimeout: Interval) -> UInt32 {
        lastBeat &+= 1
        replyDeadline = now + replyTimeout
        // Beats keep their rhythm; after a sleep that swallowed several, the rhythm starts anew instead of catching up.
        let period = Self.period(interval)
        let following = nextBeat + period
        nextBeat = following > now ? following : now + period
        return lastBeat
    }

    private mutating func look(at now: Instant, _ silence: HeartbeatPolicy.Silence) -> Due? {
        let isSilent: Bool
        if let checkedEvery = silence.checkedEvery {
            let period = Self.period(checkedEvery)
            let following = nextLook + period
            nextLook = following > now ? following : now + period
            isSilent = now - lastHeard > silence.longest
        } else {
            nextLook = now + Self.period(silence.longest)
            isSilent = true
        }
        guard isSilent else { return nil }
        strikes &+= 1
        silentLooks &+= 1
        guard Int(strikes) < silence.strikes else {
            connectionClosed()
            return .connectionSilent
        }
        return .missed(inARow: strikes)
    }
}
