public import MonotonicTime

/// Watches one client and keeps the numbers that people and monitoring ask for.
///
/// The driver calls `observe` after every call to the client, with the actions of that call, and `heard` for every
/// answer and message of the current connection. It decides nothing: a client behaves the same watched or not.
///
/// | phase goes from | to | counted as |
/// |---|---|---|
/// | any | connected | `successfulConnects`; ends an outage |
/// | connected | waiting, exhausted, blocked | `lostConnections`; begins an outage |
/// | connected | stopped | `lostConnections`, unless the app stopped it (its transport is closed as normal) |
/// | connected | connecting | `forcedReconnects`; begins an outage |
/// | connected | paused | begins an outage, as people see it; nobody lost anything |
/// | connected | closing | the app's own end |
/// | stopped, closing | any other but connected | begins an outage: the first connect |
/// | any but connected | stopped, closing | ends an outage without a connection |
///
/// landale's nine metrics, where the document and the code differ with both:
///
/// | landale | here | exactly |
/// |---|---|---|
/// | `connectionState` | `LandaleState(snapshot.standing)` | the current state |
/// | `reconnectAttempts` | `reconnectAttempts` | retries armed since the last open; kept when giving up |
/// | `totalReconnects`, built | `totalReconnects` | retries armed, ever |
/// | `totalReconnects`, as its name says | `successfulReconnects` | opens that ended an outage after a connection |
/// | `failedReconnects` | `failedReconnects` | times the client gave up; again for each later run that fails |
/// | `successfulConnects` | `successfulConnects` | opens, the first one included |
/// | `heartbeatFailures`, documented | `heartbeatFailures` | missing signs of life, fatal ones included; never cleared |
/// | `heartbeatFailures`, built | `staleTicks` | those of them that looks at the silence found |
/// | `circuitBreakerTrips` | `circuitBreakerTrips` | openings, those from half-open or while open included |
/// | `lastHeartbeat`, documented | `lastHeartbeat` | the last sign of life: an answer, a message, or the opening |
/// | `lastHeartbeat`, built | `lastOpenOrAttempt` | the last opening or beginning of an attempt |
/// | `isCircuitOpen` | `standing.isCircuitOpen` | the open period is running: from the opening to just before its end |
///
/// landale's Python client counts differently: its total reconnects are `lostConnections`, its failed reconnects
/// `failedReconnects`, its heartbeat stamp `lastReply`, its consecutive failures `consecutiveFailures`, its open-until
/// `circuitOpenUntil`, its health check `isHealthy`.
///
/// Time that runs backwards stands still. Actions that were not shown are not counted, but the phase is always the
/// client's: an observer that comes late takes what it finds for something that has just happened. `observe` and
/// `heard` allocate nothing.
public struct ConnectionHealth: Sendable, Hashable {
    /// What is counted. All from the first observation on, unless said otherwise.
    public struct Counters: Sendable, Hashable {
        /// Retries armed since the last open. A wait that is made longer, because another member of a group names a
        /// longer pause, is no other retry; nor is the end of the breaker's open period that an attempt waits for.
        public internal(set) var reconnectAttempts = 0
        /// Retries armed, ever.
        public internal(set) var totalReconnects = 0
        /// Retries armed by the transport below the client, for policies that have such a second owner. In none of the
        /// numbers above, as the client knew nothing of them in the system that had them (landale).
        public internal(set) var transportRetries = 0
        /// Opens that ended an outage which had begun with a connection.
        public internal(set) var successfulReconnects = 0
        /// Times the client gave up, because of any limit.
        public internal(set) var failedReconnects = 0
        /// Opens.
        public internal(set) var successfulConnects = 0
        /// Signs of life that were missing, the fatal ones included: overdue answers, and looks that found silence.
        public internal(set) var heartbeatFailures = 0
        /// Looks that found too long a silence, the fatal ones included.
        public internal(set) var staleTicks = 0
        /// Openings of the breaker.
        public internal(set) var circuitBreakerTrips = 0
        /// Connections that ended against the app's will (see the table of `ConnectionHealth`).
        public internal(set) var lostConnections = 0
        /// Connections exchanged for an attempt at once: by hand, by a heartbeat's rule, or under hazards by a timer.
        public internal(set) var forcedReconnects = 0
        /// Attempts begun, with their preparation.
        public internal(set) var attempts = 0
        /// Attempts that the breaker refused: nothing was sent.
        public internal(set) var refusedAttempts = 0
        /// Times the app was asked for new credentials.
        public internal(set) var credentialsNeeded = 0
        /// Messages handed to the transport, each time anew when sent again.
        public internal(set) var messagesSent = 0
        /// Messages that arrived for certain.
        public internal(set) var messagesAcknowledged = 0
        /// Messages that failed for good.
        public internal(set) var messagesFailed = 0
        /// Messages that vanished because the policy discards.
        public internal(set) var messagesDiscarded = 0

        /// Nothing counted.
        public init() {}
    }

    /// What kind of time passes.
    public enum Spell: String, Sendable, Hashable, CaseIterable {
        /// Stopped or closing, whoever wanted it.
        case idle
        /// A connection is wanted, and there is none.
        case down
        /// Connected.
        case connected

        init(_ phase: ConnectionPhase) {
            switch phase {
            case .stopped, .closing: self = .idle
            case .paused, .waiting, .connecting, .exhausted, .blocked: self = .down
            case .connected: self = .connected
            }
        }
    }

    /// Everything there is to know at one instant; nothing in it changes by itself.
    public struct Snapshot: Sendable, Hashable {
        /// Where the client stands.
        public var standing = ConnectionStanding()
        /// What was counted.
        public var counters = Counters()
        /// Failures the breaker has counted in a row, 0 after a success that it counted. For breakers that count in a
        /// row; goes on through openings.
        public var consecutiveFailures = 0
        /// Until when the breaker stays, or stayed, open; nil while closed and while probes pass.
        public var circuitOpenUntil: Instant?
        /// When something was last heard, or the connection opened.
        public var lastHeartbeat: Instant?
        /// When something was last heard, on this connection or an earlier one.
        public var lastReply: Instant?
        /// When a connection last opened or an attempt last began.
        public var lastOpenOrAttempt: Instant?
        /// Signs of life that are missing in a row now; 0 as soon as something is heard.
        public var missesInARow = 0
        /// What kind of time passes now.
        public var spell = Spell.idle
        /// When that began; nil before the first observation.
        public var spellSince: Instant?
        /// How long it has lasted.
        public var spellLength = Interval.zero
        /// Time connected, in total.
        public var timeConnected = Interval.zero
        /// Time down, in total. Time idle is in neither.
        public var timeDown = Interval.zero
        /// The longest time down without a break, the present one included.
        public var longestOutage = Interval.zero
        /// From leaving a connection to the next one that opened, last time; nil before the first. Outages that the app
        /// ended by stopping do not count, here and in the averages, nor does the first connect.
        public var timeToReconnect: Interval?
        /// The mean of all of them, rounded towards zero.
        public var meanTimeToReconnect: Interval?
        /// Their moving average: the first one, then an eighth of the way towards each next one, rounded towards zero.
        ///
        /// - Source: RFC 6298 section 2, the smoothed round-trip time and its weight.
        public var smoothedTimeToReconnect: Interval?

        /// What is known of a client that was never observed.
        public init() {}

        /// landale's Python health check: connected, breaker not open, and the last answer, if there was any yet, not
        /// older than two intervals. Exactly two are still healthy.
        ///
        /// Taken by the letter, a client that is back after a long outage is unhealthy until something is heard, since
        /// the last answer is from before.
        ///
        /// - Parameters:
        ///   - now: the time of the check.
        ///   - interval: that of the heartbeat.
        ///   - openingCounts: whether an opening is as good as an answer, which mends that.
        public func isHealthy(at now: Instant, interval: Interval, openingCounts: Bool = false) -> Bool {
            guard standing.phase == .connected, !standing.isCircuitOpen else { return false }
            guard let last = openingCounts ? lastHeartbeat : lastReply else { return true }
            return now - last <= interval * 2
        }
    }

    /// What was counted so far.
    public private(set) var counters = Counters()
    private var standing = ConnectionStanding()
    private var circuitOpenUntil: Instant = .distantPast
    private var consecutiveFailures = 0
    private var missesInARow = 0
    private var lastHeartbeat: Instant = .distantPast
    private var lastReply: Instant = .distantPast
    private var lastOpenOrAttempt: Instant = .distantPast
    /// The latest instant told; `.distantPast` before the first.
    private var latest: Instant = .distantPast
    private var spellSince: Instant = .distantPast
    private var timeConnected: Interval = .zero
    private var timeDown: Interval = .zero
    private var longestOutage: Interval = .zero
    /// Whether the present outage began with a connection.
    private var isAfterConnection = false
    private var timeToReconnect: Interval = .zero
    private var totalTimeToReconnect: Interval = .zero
    private var smoothedTimeToReconnect: Interval = .zero
    // What the client's own counts were when last seen.
    private var seenGeneration: UInt32 = 0
    private var seenOverdueAnswers: UInt32 = 0
    private var seenSilentLooks: UInt32 = 0
    private var seenRetryCount: UInt32 = 0
    private var seenTransportRetries = 0

    /// An observer of a client that has not been used yet.
    public init() {}

    // MARK: What the driver tells

    /// The client has been called, and these are the actions of that call.
    ///
    /// - Parameters:
    ///   - actions: all actions of the call, and of no other.
    ///   - client: the client as the call left it.
    ///   - now: the time of the call.
    public mutating func observe(_ actions: ClientActions, of client: ReconnectingClient, at now: Instant) {
        pass(to: now)
        countRetries(actions, client.supervisor)
        var call = Call()
        for action in actions.list {
            switch action {
            case .openTransport(let generation), .prepareAttempt(let generation):
                beginAttempt(generation)
            case .closeTransport(_, let close):
                call.isClosedByApp = close == .normal
            case .phaseChanged(_, let phase):
                enter(phase, in: call)
            case .attemptRefused:
                counters.refusedAttempts += 1
                call.isRefused = true
                standing.cause = .refused
            case .credentialsNeeded:
                counters.credentialsNeeded += 1
            case .heartbeatMissed(let inARow):
                missesInARow = Int(inARow)
            case .gaveUp:
                counters.failedReconnects += 1
            case .breakerOpened:
                counters.circuitBreakerTrips += 1
                consecutiveFailures += 1
            case .sendMessage:
                counters.messagesSent += 1
            case .messageAcknowledged:
                counters.messagesAcknowledged += 1
            case .messageFailed:
                counters.messagesFailed += 1
            case .messageDiscarded:
                counters.messagesDiscarded += 1
            case .sendHeartbeat, .retryScheduled, .breakerClosed:
                break
            }
        }
        enter(client.phase, in: call)
        look(at: client)
    }

    /// Something came from the server on the current connection. Ignored while there is none.
    public mutating func heard(at now: Instant) {
        pass(to: now)
        guard standing.phase == .connected else { return }
        lastHeartbeat = latest
        lastReply = latest
        missesInARow = 0
    }

    // MARK: What it answers

    /// Where the client stands at an instant.
    public func standing(at now: Instant) -> ConnectionStanding {
        var standing = standing
        standing.isCircuitOpen = circuitOpenUntil != .distantPast && now < circuitOpenUntil
        standing.reconnectAttempts = counters.reconnectAttempts
        return standing
    }

    /// Everything at an instant. One before the last observation counts as that.
    public func snapshot(at now: Instant) -> Snapshot {
        guard latest != .distantPast else { return Snapshot() }
        var later = self
        later.pass(to: now)
        return later.snapshot
    }

    private var snapshot: Snapshot {
        var snapshot = Snapshot()
        snapshot.standing = standing(at: latest)
        snapshot.counters = counters
        snapshot.consecutiveFailures = consecutiveFailures
        snapshot.circuitOpenUntil = Self.known(circuitOpenUntil)
        snapshot.lastHeartbeat = Self.known(lastHeartbeat)
        snapshot.lastReply = Self.known(lastReply)
        snapshot.lastOpenOrAttempt = Self.known(lastOpenOrAttempt)
        snapshot.missesInARow = missesInARow
        snapshot.spell = Spell(standing.phase)
        snapshot.spellSince = Self.known(spellSince)
        snapshot.spellLength = spellLength
        snapshot.timeConnected = timeConnected
        snapshot.timeDown = timeDown
        snapshot.longestOutage = snapshot.spell == .down ? max(longestOutage, spellLength) : longestOutage
        guard counters.successfulReconnects > 0 else { return snapshot }
        snapshot.timeToReconnect = timeToReconnect
        snapshot.meanTimeToReconnect = Interval(
            nanoseconds: totalTimeToReconnect.nanoseconds / Int64(counters.successfulReconnects)
        )
        snapshot.smoothedTimeToReconnect = smoothedTimeToReconnect
        return snapshot
    }

    // MARK: Steps

    /// What earlier actions of a call say about its later ones.
    private struct Call {
        /// A transport was closed in the normal way, as only the app's stop does.
        var isClosedByApp = false
        /// The breaker refused an attempt.
        var isRefused = false
    }

    /// The distant past stands for "never".
    private static func known(_ instant: Instant) -> Instant? { instant == .distantPast ? nil : instant }

    private var spellLength: Interval { spellSince == .distantPast ? .zero : latest - spellSince }

    private mutating func pass(to now: Instant) {
        guard latest != .distantPast else {
            latest = now
            spellSince = now
            return
        }
        guard now > latest else { return }
        switch Spell(standing.phase) {
        case .idle: break
        case .down: timeDown += now - latest
        case .connected: timeConnected += now - latest
        }
        latest = now
    }

    /// Counts the retries among the actions, and tells those that the client armed from others.
    private mutating func countRetries(_ actions: ClientActions, _ supervisor: ConnectionSupervisor) {
        var armed = 0
        var isMoved = standing.phase == .waiting && supervisor.retryCount == seenRetryCount
        for action in actions.list {
            switch action {
            case .retryScheduled(_, let retry):
                armed += 1
                // The same retry, later: a new one raises the count, or has the number that the count stands at.
                isMoved = isMoved && retry == supervisor.retryCount &- 1
            case .phaseChanged:
                isMoved = false
            default:
                break
            }
        }
        seenRetryCount = supervisor.retryCount
        // The transport arms its retry after the client, at most one in a call; starting the client sets it to zero.
        let transportRetries = supervisor.rare.first?.transportRetries ?? 0
        if transportRetries > seenTransportRetries {
            armed -= 1
            counters.transportRetries += 1
        }
        seenTransportRetries = transportRetries
        guard !isMoved else { return }
        let retries = max(0, armed)
        counters.reconnectAttempts += retries
        counters.totalReconnects += retries
    }

    private mutating func beginAttempt(_ generation: UInt32) {
        // A prepared attempt is told twice: when its preparation begins, and when its transport may open.
        guard generation != seenGeneration else { return }
        seenGeneration = generation
        counters.attempts += 1
        lastOpenOrAttempt = latest
    }

    private mutating func enter(_ phase: ConnectionPhase, in call: Call) {
        let before = standing.phase
        guard phase != before else { return }
        standing.phase = phase
        standing.cause = Self.cause(of: phase, after: before, in: call)
        if before == .connected {
            missesInARow = 0
            switch phase {
            case .waiting, .exhausted, .blocked: counters.lostConnections += 1
            case .stopped: if !call.isClosedByApp { counters.lostConnections += 1 }
            case .connecting: counters.forcedReconnects += 1
            case .paused, .closing, .connected: break
            }
        }
        changeSpell(from: Spell(before), to: Spell(phase))
        guard phase == .connected else { return }
        counters.successfulConnects += 1
        counters.reconnectAttempts = 0
        missesInARow = 0
        lastHeartbeat = latest
        lastOpenOrAttempt = latest
    }

    private static func cause(
        of phase: ConnectionPhase,
        after before: ConnectionPhase,
        in call: Call
    ) -> ConnectionStanding.Cause {
        switch phase {
        case .connecting, .connected, .closing:
            return .app
        case .paused:
            return .device
        case .exhausted:
            return before == .connected ? .lost : .failed
        case .stopped, .waiting, .blocked:
            guard !call.isRefused else { return .refused }
            guard !call.isClosedByApp else { return .app }
            switch before {
            case .connected: return .lost
            case .connecting: return .failed
            case .paused: return phase == .waiting ? .device : .app
            case .stopped, .closing, .waiting, .exhausted, .blocked: return .app
            }
        }
    }

    private mutating func changeSpell(from before: Spell, to spell: Spell) {
        guard spell != before else { return }
        let length = spellLength
        spellSince = latest
        if before == .down {
            longestOutage = max(longestOutage, length)
            if spell == .connected, isAfterConnection { reconnected(after: length) }
        }
        isAfterConnection = before == .connected
    }

    private mutating func reconnected(after length: Interval) {
        counters.successfulReconnects += 1
        timeToReconnect = length
        totalTimeToReconnect += length
        guard counters.successfulReconnects > 1 else {
            smoothedTimeToReconnect = length
            return
        }
        let distance = length - smoothedTimeToReconnect
        smoothedTimeToReconnect += Interval(nanoseconds: distance.nanoseconds / 8)
    }

    /// Takes over what the client shows of itself.
    private mutating func look(at client: ReconnectingClient) {
        let supervisor = client.supervisor
        standing.isOnline = supervisor.isOnline
        standing.nextAttempt = supervisor.nextAttempt
        let heartbeat = client.heartbeat
        let staleTicks = Int(heartbeat.silentLooks &- seenSilentLooks)
        counters.staleTicks += staleTicks
        counters.heartbeatFailures += staleTicks + Int(heartbeat.overdueAnswers &- seenOverdueAnswers)
        seenSilentLooks = heartbeat.silentLooks
        seenOverdueAnswers = heartbeat.overdueAnswers
        switch supervisor.breaker.state {
        case .closed(let failures):
            circuitOpenUntil = .distantPast
            consecutiveFailures = failures
        case .open(let until):
            circuitOpenUntil = until
        case .halfOpen:
            circuitOpenUntil = .distantPast
        }
    }
}
