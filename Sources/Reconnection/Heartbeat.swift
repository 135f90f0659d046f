public import MonotonicTime

/// Settings of a heartbeat.
public struct HeartbeatPolicy: Sendable, Hashable {
    /// Time between two beats.
    public var interval: Interval
    /// How long a reply may take; at most the interval.
    public var replyTimeout: Interval
    /// How many beats in a row may stay unanswered before the connection counts as dead; 0: the first one kills it.
    public var missedAllowed: Int
    /// Whether the first beat comes after interval · U instead of after the whole interval, so that connections made
    /// in the same second do not beat together for ever (Discord's gateway asks for it). Draws one number on opening.
    public var randomFirstPhase: Bool

    /// A heartbeat's settings.
    public init(interval: Interval, replyTimeout: Interval, missedAllowed: Int = 0, randomFirstPhase: Bool = false) {
        self.interval = interval
        self.replyTimeout = replyTimeout
        self.missedAllowed = missedAllowed
        self.randomFirstPhase = randomFirstPhase
    }
}

/// Notices that a connection no longer answers.
///
/// | state | event | next |
/// |---|---|---|
/// | idle | connection opens | first beat due after the interval (or a random part of it) |
/// | beating | beat due | a beat is sent, its reply due after `replyTimeout`; next beat due one interval later |
/// | awaiting a reply | reply to the last beat | nothing missed |
/// | awaiting a reply | reply overdue, missed ≤ `missedAllowed` | one more missed; wait for the next beat |
/// | awaiting a reply | reply overdue, missed > `missedAllowed` | dead: idle until the next opening |
/// | any | connection closes | idle |
public struct Heartbeat: Sendable, Hashable {
    /// What is due.
    public enum Due: Sendable, Hashable {
        /// Nothing.
        case nothing
        /// Send this beat.
        case send(beat: UInt32)
        /// Too many replies are missing.
        case connectionDead
    }

    /// When the next beat is due; `.distantFuture` while idle.
    public private(set) var nextBeat: Instant = .distantFuture
    /// When the reply to the last beat is due; `.distantFuture` if none is awaited.
    public private(set) var replyDeadline: Instant = .distantFuture
    /// The number of the last beat sent.
    public private(set) var lastBeat: UInt32 = 0
    /// How many beats in a row have stayed unanswered.
    public private(set) var missed: UInt16 = 0

    /// An idle heartbeat.
    public init() {}

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant { min(nextBeat, replyDeadline) }

    /// The connection opened.
    public mutating func connectionOpened(
        at now: Instant,
        policy: HeartbeatPolicy,
        random: inout some RandomSource
    ) {
        let wait = policy.randomFirstPhase ? policy.interval.scaled(by: random.nextUniform()) : policy.interval
        nextBeat = now + wait
        replyDeadline = .distantFuture
        missed = 0
    }

    /// The connection closed.
    public mutating func connectionClosed() {
        nextBeat = .distantFuture
        replyDeadline = .distantFuture
        missed = 0
    }

    /// A reply arrived. Replies to earlier beats also prove that the other side lives, and count.
    public mutating func replyReceived(beat: UInt32) {
        guard nextBeat != .distantFuture, beat == lastBeat || missed > 0 else { return }
        missed = 0
        if beat == lastBeat { replyDeadline = .distantFuture }
    }

    /// Time has come to `now`; answers with one thing that is due. Call again until nothing is.
    public mutating func advance(to now: Instant, policy: HeartbeatPolicy) -> Due {
        // An overdue reply comes before a beat of the same instant: the verdict on the old beat must not be lost.
        if replyDeadline <= now {
            replyDeadline = .distantFuture
            missed += 1
            guard Int(missed) <= policy.missedAllowed else {
                connectionClosed()
                return .connectionDead
            }
        }
        guard nextBeat <= now else { return .nothing }
        lastBeat &+= 1
        replyDeadline = now + policy.replyTimeout
        // Beats keep their rhythm; after a sleep that swallowed several, the rhythm starts anew instead of catching up.
        let following = nextBeat + policy.interval
        nextBeat = following > now ? following : now + policy.interval
        return .send(beat: lastBeat)
    }
}
