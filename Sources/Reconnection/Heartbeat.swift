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
    /// When a sign of life is looked for next: `replyDeadline` or `nextLook`, whichever is earlier.
    private(set) var signDeadline: Instant = .distantFuture
    /// None or one: made for a rule about silence, or for counts beyond all reason.
    private var rare: [RareHeartbeat] = []
    /// The number of the last beat sent.
    public private(set) var lastBeat: UInt32 = 0
    /// The lower 8 bits of `missed`, and above them the lower 24 of `overdueAnswers`: more than any client sees, but
    /// those that do find the rest in `rare`.
    private var counts: UInt32 = 0

    /// What most heartbeats do without.
    private struct RareHeartbeat: Sendable, Hashable {
        var replyDeadline: Instant
        var nextLook: Instant = .distantFuture
        var lastHeard: Instant = .distantPast
        var silentLooks: UInt32 = 0
        /// The upper bits of `overdueAnswers`.
        var overdueAbove: UInt32 = 0
        var strikes: UInt16 = 0
        /// The upper bits of `missed`.
        var missedAbove: UInt16 = 0
    }

    /// An idle heartbeat.
    public init() {}

    /// When the reply to the last beat is due; `.distantFuture` if none is awaited.
    public var replyDeadline: Instant { rare.isEmpty ? signDeadline : rare[0].replyDeadline }

    /// When the silence is looked at next; `.distantFuture` while idle or without such a rule.
    public var nextLook: Instant { rare.isEmpty ? .distantFuture : rare[0].nextLook }

    /// When something was heard last, or the connection opened; `.distantPast` while idle or without a rule about
    /// silence.
    public var lastHeard: Instant { rare.isEmpty ? .distantPast : rare[0].lastHeard }

    /// How many beats in a row have stayed unanswered.
    public var missed: UInt16 { UInt16(counts & 0xFF) | (rare.isEmpty ? 0 : rare[0].missedAbove) }

    /// How many looks have found too long a silence.
    public var strikes: UInt16 { rare.isEmpty ? 0 : rare[0].strikes }

    /// How many answers were overdue in all its connections, the fatal ones included; wraps round.
    public var overdueAnswers: UInt32 { counts >> 8 | (rare.isEmpty ? 0 : rare[0].overdueAbove) }

    /// How many looks found too long a silence in all its connections, the fatal ones included; wraps round.
    public var silentLooks: UInt32 { rare.isEmpty ? 0 : rare[0].silentLooks }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant { min(nextBeat, signDeadline) }

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
        guard let silence = policy.silence else { return }
        changeRare {
            $0.lastHeard = now
            $0.nextLook = now + (silence.checkedEvery ?? silence.longest)
        }
    }

    /// The connection closed.
    public mutating func connectionClosed() {
        nextBeat = .distantFuture
        signDeadline = .distantFuture
        counts &= ~0xFF
        if !rare.isEmpty { endRare() }
    }

    @inline(never)
    private mutating func endRare() {
        changeRare {
            $0.replyDeadline = .distantFuture
            $0.nextLook = .distantFuture
            $0.lastHeard = .distantPast
            $0.strikes = 0
            $0.missedAbove = 0
        }
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
        // An idle heartbeat has missed nothing and waits for nothing: the same steps leave it as it is.
        guard beat <= lastBeat else { return }
        counts &= ~0xFF
        if !rare.isEmpty {
            noteRareReply(isLast: beat == lastBeat, at: now, policy: policy, isSignOfLife: isSignOfLife)
        } else if beat == lastBeat {
            signDeadline = .distantFuture
        }
    }

    @inline(never)
    private mutating func noteRareReply(
        isLast: Bool,
        at now: Instant,
        policy: HeartbeatPolicy,
        isSignOfLife: Bool
    ) {
        if isSignOfLife { endSilence(at: now, policy: policy) }
        changeRare {
            $0.missedAbove = 0
            if isLast { $0.replyDeadline = .distantFuture }
        }
    }

    /// Anything else arrived: silence begins anew. An answer that is awaited still must come.
    public mutating func heard(at now: Instant, policy: HeartbeatPolicy) {
        if !rare.isEmpty { endSilence(at: now, policy: policy) }
    }

    @inline(never)
    private mutating func endSilence(at now: Instant, policy: HeartbeatPolicy) {
        guard let silence = policy.silence, lastHeard != .distantPast else { return }
        changeRare {
            $0.lastHeard = now
            $0.strikes = 0
            if silence.checkedEvery == nil { $0.nextLook = now + silence.longest }
        }
    }

    /// Beats and looks without a pause between them would never end.
    private static func period(_ interval: Interval) -> Interval { max(interval, .milliseconds(1)) }

    /// Time has come to `now`; answers with one thing that is due. Call again until nothing is.
    public mutating func advance(to now: Instant, policy: HeartbeatPolicy) -> Due {
        if signDeadline <= now, let verdict = lookForSign(at: now, policy) { return verdict }
        guard nextBeat <= now else { return .nothing }
        return .send(beat: sendBeat(at: now, every: policy.interval, replyTimeout: policy.replyTimeout))
    }

    /// Sends the beat that is due; answers with its number.
    mutating func sendBeat(at now: Instant, every interval: Interval, replyTimeout: Interval) -> UInt32 {
        lastBeat &+= 1
        // Beats keep their rhythm; after a sleep that swallowed several, the rhythm starts anew instead of catching up.
        let period = Self.period(interval)
        let following = nextBeat + period
        nextBeat = following > now ? following : now + period
        awaitReply(until: now + replyTimeout)
        return lastBeat
    }

    @inline(never)
    private mutating func lookForSign(at now: Instant, _ policy: HeartbeatPolicy) -> Due? {
        // An overdue reply comes before a beat of the same instant: the verdict on the old beat must not be lost.
        if replyDeadline <= now {
            awaitReply(until: .distantFuture)
            let inARow = countOverdueAnswer()
            guard Int(inARow) <= policy.missedAllowed else {
                connectionClosed()
                return .connectionDead
            }
            return .missed(inARow: inARow)
        }
        guard nextLook <= now, let silence = policy.silence else { return nil }
        return look(at: now, silence)
    }

    @inline(__always)
    private mutating func awaitReply(until deadline: Instant) {
        if rare.isEmpty {
            signDeadline = deadline
        } else {
            awaitRareReply(until: deadline)
        }
    }

    @inline(never)
    private mutating func awaitRareReply(until deadline: Instant) { changeRare { $0.replyDeadline = deadline } }

    /// Answers how many were overdue in a row then.
    private mutating func countOverdueAnswer() -> UInt16 {
        let inARow = missed &+ 1
        let inAll = overdueAnswers &+ 1
        counts = UInt32(inARow & 0xFF) | inAll << 8
        if !rare.isEmpty || inARow > 0xFF || inAll > 0xFF_FFFF {
            changeRare {
                $0.missedAbove = inARow & ~0xFF
                $0.overdueAbove = inAll & ~0xFF_FFFF
            }
        }
        return inARow
    }

    private mutating func look(at now: Instant, _ silence: HeartbeatPolicy.Silence) -> Due? {
        let isSilent: Bool
        let following: Instant
        if let checkedEvery = silence.checkedEvery {
            let period = Self.period(checkedEvery)
            let inRhythm = nextLook + period
            following = inRhythm > now ? inRhythm : now + period
            isSilent = now - lastHeard > silence.longest
        } else {
            following = now + Self.period(silence.longest)
            isSilent = true
        }
        changeRare {
            $0.nextLook = following
            guard isSilent else { return }
            $0.strikes &+= 1
            $0.silentLooks &+= 1
        }
        guard isSilent else { return nil }
        guard Int(strikes) < silence.strikes else {
            connectionClosed()
            return .connectionSilent
        }
        return .missed(inARow: strikes)
    }

    /// Changes what is rare, which is made if there is none.
    private mutating func changeRare(_ change: (inout RareHeartbeat) -> Void) {
        if rare.isEmpty { rare.append(RareHeartbeat(replyDeadline: signDeadline)) }
        change(&rare[0])
        signDeadline = min(rare[0].replyDeadline, rare[0].nextLook)
    }
}
