import MonotonicTime
import Reconnection

/// Something that was told to a client.
enum ClientInput: Hashable {
    case start, stop, retryNow, credentialsRenewed, send, advance
    case network(Bool)
    case visibility(Bool)
    case opened(UInt32)
    case lost(UInt32, Close)
    case answered(UInt32, beat: UInt32)
    case acknowledged(Outbox.Key)
    case rejected(UInt32, Outbox.Key, isRetryable: Bool)
}

/// A rule of the client that was broken.
struct BrokenRule: Error, CustomStringConvertible {
    let description: String
}

/// What a driver sees of one client, kept as simply as possible, and the judge of every action it asks for.
struct ClientModel {
    /// A transport that the client has opened and that neither side has closed.
    struct Transport {
        let generation: UInt32
        var isOpen = false
        /// Keys of messages sent on it.
        var sent: Set<Outbox.Key> = []
    }

    /// The breaker of a policy with consecutive counting, as its table has it.
    private struct Breaker {
        let policy: CircuitBreakerPolicy
        var failures = 0
        var successes = 0
        var openUntil: Instant?
        var isHalfOpen = false

        /// Whether a failure at this moment must open it.
        mutating func opensOnFailure() -> Bool {
            failures += 1
            return isHalfOpen || failures >= policy.failuresToOpen
        }

        /// Whether a success at this moment must close it.
        mutating func closesOnSuccess() -> Bool {
            failures = 0
            guard isHalfOpen else { return false }
            successes += 1
            guard successes >= policy.successesToClose else { return false }
            isHalfOpen = false
            return true
        }
    }

    let policy: ClientPolicy
    private(set) var transport: Transport?
    private(set) var lastGeneration: UInt32 = 0
    private(set) var offered: UInt32 = 0
    private(set) var lastBeat: UInt32 = 0
    /// Keys neither acknowledged nor given up, in the order of their offers.
    private(set) var held: [Outbox.Key] = []
    private(set) var acknowledged = 0
    private(set) var failed = 0
    private(set) var discarded = 0
    private(set) var attempts = 0
    private(set) var gaveUp = 0
    private(set) var breakerOpenings = 0
    private var ended: Set<Outbox.Key> = []
    private var phase = ConnectionPhase.stopped
    private var breaker: Breaker?
    private var isOnline = true
    private var isVisible = true
    private var isStopped = true
    private var isBlocked = false
    private var isExhausted = false

    init(_ policy: ClientPolicy) {
        self.policy = policy
        breaker = policy.breaker.map { Breaker(policy: $0) }
    }

    private var isHeldBack: Bool {
        (policy.offline == .pauses && !isOnline) || (policy.hidden == .pauses && !isVisible)
    }

    // MARK: Judging

    /// Judges what a client did in answer to an input, and what it looks like afterwards.
    mutating func judge(
        _ input: ClientInput,
        at now: Instant,
        actions: [ClientAction],
        client: ReconnectingClient
    ) throws(BrokenRule) {
        let isLate = isLateReport(input)
        try demand(!isLate || actions.isEmpty, "a late report has effects: \(actions)")
        var expected = notice(input)
        var scheduled = 0
        for action in actions {
            if case .retryScheduled = action { scheduled += 1 }
            try judge(action, of: input, at: now, expected: &expected)
        }
        try demand(expected.breaker == .none, "the breaker did not do what it must: \(expected.breaker)")
        try demand(expected.acknowledged == nil, "the acknowledgement was not told")
        try demand(scheduled <= 1, "\(scheduled) retries were scheduled at once")
        try judgeState(at: now, after: input, client)
    }

    /// What an input must lead to.
    private struct Expected {
        enum BreakerChange { case none, opens, closes }
        var breaker = BreakerChange.none
        var acknowledged: Outbox.Key?
    }

    private func isLateReport(_ input: ClientInput) -> Bool {
        switch input {
        case .opened(let generation):
            generation != transport?.generation || transport?.isOpen == true
        case .lost(let generation, _):
            generation != transport?.generation
        case .answered:
            true
        case .rejected(let generation, let key, _):
            generation != transport?.generation || transport?.isOpen != true || ended.contains(key) || key > offered
        case .acknowledged(let key):
            key == 0 || key > offered || ended.contains(key)
        case .start, .stop, .retryNow, .credentialsRenewed, .send, .advance, .network, .visibility:
            false
        }
    }

    /// Takes in what the input says by itself, before any action.
    private mutating func notice(_ input: ClientInput) -> Expected {
        var expected = Expected()
        switch input {
        case .start where isStopped || isExhausted:
            (isStopped, isExhausted) = (false, false)
        case .stop:
            (isStopped, isBlocked, isExhausted) = (true, false, false)
        case .retryNow:
            isExhausted = false
        case .credentialsRenewed:
            isBlocked = false
        case .network(let isOnline):
            self.isOnline = isOnline
            if isHeldBack { isExhausted = false }
        case .visibility(let isVisible):
            self.isVisible = isVisible
            if isHeldBack { isExhausted = false }
        case .send:
            offered += 1
            held.append(offered)
        case .opened(let generation) where generation == transport?.generation && transport?.isOpen == false:
            transport?.isOpen = true
            if breaker?.closesOnSuccess() == true { expected.breaker = .closes }
        case .lost(let generation, let close) where generation == transport?.generation:
            if transport?.isOpen == false, breaker?.opensOnFailure() == true { expected.breaker = .opens }
            transport = nil
            switch policy.closeRules.first(where: { $0.codes.contains(close.code) })?.response {
            case .stop: isStopped = true
            case .blockUntilNewCredentials: isBlocked = true
            case .pause, .backOff, nil: break
            }
        case .acknowledged(let key) where !isLateReport(input):
            expected.acknowledged = key
        case .start, .advance, .opened, .lost, .answered, .acknowledged, .rejected:
            break
        }
        return expected
    }

    private mutating func judge(
        _ action: ClientAction,
        of input: ClientInput,
        at now: Instant,
        expected: inout Expected
    ) throws(BrokenRule) {
        switch action {
        case .openTransport(let generation):
            try judgeAttempt(generation, at: now)
        case .closeTransport(let generation, let close):
            try demand(transport?.generation == generation, "closed transport \(generation), which is not there")
            // An attempt cut off by its timeout is the only failure a client finds out by itself.
            if input == .advance, transport?.isOpen == false {
                try demand(close == .abnormal && policy.connectTimeout < .max, "an attempt ended without a timeout")
                if breaker?.opensOnFailure() == true { expected.breaker = .opens }
            }
            transport = nil
        case .sendHeartbeat(let generation, let beat):
            try demand(generation == transport?.generation && transport?.isOpen == true, "a beat without connection")
            try demand(beat == lastBeat &+ 1, "beat \(beat) follows \(lastBeat)")
            lastBeat = beat
        case .sendMessage(let generation, let key, _, _):
            try demand(generation == transport?.generation && transport?.isOpen == true, "sent without connection")
            try demand(held.contains(key), "sent message \(key), which has ended")
            if let before = held.last(where: { $0 < key }) {
                try demand(transport?.sent.contains(before) == true, "message \(key) overtakes \(before)")
            }
            transport?.sent.insert(key)
        case .phaseChanged(let from, let to):
            try demand(from == phase && to != phase, "from \(from) to \(to) while \(phase)")
            phase = to
        case .retryScheduled(let due, _):
            try demand(due >= now, "a retry is scheduled for \(due)")
            if let end = breaker?.openUntil {
                try demand(due >= end, "a retry at \(due) while the breaker is open until \(end)")
            }
        case .attemptRefused(let until):
            try demand(breaker?.openUntil == until, "an attempt refused until \(String(describing: until))")
        case .credentialsNeeded:
            try demand(phase == .blocked, "credentials asked for while \(phase)")
        case .prepareAttempt, .heartbeatMissed:
            break
        case .gaveUp:
            try demand(policy.retryLimit != nil && !isExhausted, "gave up twice, or without a limit")
            try demand(phase == .exhausted, "gave up while \(phase)")
            isExhausted = true
            gaveUp += 1
        case .breakerOpened(let end):
            try demand(expected.breaker == .opens, "the breaker opens without reason")
            expected.breaker = .none
            try noticeOpening(until: end, at: now)
        case .breakerClosed:
            try demand(expected.breaker == .closes, "the breaker closes without reason")
            expected.breaker = .none
        case .messageAcknowledged(let key):
            try demand(expected.acknowledged == key, "message \(key) acknowledged out of the blue")
            expected.acknowledged = nil
            try end(key)
            acknowledged += 1
        case .messageFailed(let key, _):
            try end(key)
            failed += 1
        case .messageDiscarded(let key):
            try demand(policy.outbox.whileDisconnected == .discard, "message \(key) discarded")
            try end(key)
            discarded += 1
        }
    }

    private mutating func judgeAttempt(_ generation: UInt32, at now: Instant) throws(BrokenRule) {
        try demand(transport == nil, "transport \(generation) is opened beside another")
        try demand(generation > lastGeneration, "generation \(generation) follows \(lastGeneration)")
        try demand(!isHeldBack, "an attempt while held back")
        try demand(!isStopped, "an attempt while stopped")
        try demand(!isBlocked, "an attempt while blocked")
        try demand(!isExhausted, "an attempt while exhausted")
        if let end = breaker?.openUntil {
            try demand(now >= end, "an attempt while the breaker is open until \(end)")
            breaker?.openUntil = nil
            breaker?.isHalfOpen = true
            breaker?.successes = 0
        }
        lastGeneration = generation
        transport = Transport(generation: generation)
        attempts += 1
    }

    private mutating func noticeOpening(until end: Instant, at now: Instant) throws(BrokenRule) {
        guard let period = breaker?.policy else { throw BrokenRule(description: "a breaker opens that is not there") }
        try demand(end >= now + period.openFor, "the breaker opens only until \(end)")
        try demand(end <= now + period.openFor.scaled(by: 1 + period.openJitterFraction), "it opens until \(end)")
        breaker?.openUntil = end
        breaker?.isHalfOpen = false
        breaker?.failures = 0
        breakerOpenings += 1
    }

    private mutating func end(_ key: Outbox.Key) throws(BrokenRule) {
        try demand(ended.insert(key).inserted, "message \(key) ends twice")
        guard let index = held.firstIndex(of: key) else { throw BrokenRule(description: "message \(key) is unknown") }
        held.remove(at: index)
    }

    private func judgeState(
        at now: Instant,
        after input: ClientInput,
        _ client: ReconnectingClient
    ) throws(BrokenRule) {
        try demand(client.phase == phase, "phase \(client.phase), told \(phase)")
        try demand(
            (phase == .connecting || phase == .connected) == (transport != nil),
            "phase \(phase) and transport differ"
        )
        try demand((phase == .connected) == (transport?.isOpen == true), "phase \(phase) and connection differ")
        try demand((phase == .stopped) == isStopped, "phase \(phase), stopped: \(isStopped)")
        try demand((phase == .blocked) == isBlocked, "phase \(phase), blocked: \(isBlocked)")
        try demand((phase == .exhausted) == isExhausted, "phase \(phase), exhausted: \(isExhausted)")
        try demand(
            (phase == .paused) == (isHeldBack && !isStopped && !isBlocked),
            "phase \(phase), held back: \(isHeldBack)"
        )
        let deadline = client.nextDeadline(policy: policy)
        if phase == .waiting || (phase == .connecting && policy.connectTimeout < .max) {
            try demand(deadline < .distantFuture, "nothing will ever end phase \(phase)")
        }
        if input == .advance { try demand(deadline >= now, "the next deadline, \(deadline), has passed") }
        try demand(client.outbox.entries.map(\.key) == held, "\(client.outbox.entries.count) held, not \(held.count)")
        try demand(Int(offered) == acknowledged + failed + discarded + held.count, "messages are lost or made up")
        try demand(client.outbox.entries.count <= policy.outbox.capacity, "more messages held than fit")
        try demand(client.outbox.underWay <= policy.outbox.window, "more messages under way than the window allows")
    }

    private func demand(_ holds: Bool, _ complaint: @autoclosure () -> String) throws(BrokenRule) {
        guard holds else { throw BrokenRule(description: complaint()) }
    }
}
