import MonotonicTime
import Reconnection

/// What a driver sees of one client, kept as simply as possible, and the judge of every action it asks for.
///
/// A client without hazards is held to every rule. One with hazards breaks some on purpose; it is held to those that
/// no hazard excuses: phases follow from each other, generations rise, messages are neither lost nor made up, nothing
/// is due before it is armed, and nothing is sent without a connection.
struct ClientModel {
    /// A transport that the client has opened and that neither side has closed.
    struct Transport {
        let generation: UInt32
        var isPrepared: Bool
        var isOpen = false
    }

    let policy: ClientPolicy
    /// Whether no hazard excuses anything.
    let isStrict: Bool
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
    private(set) var connections = 0
    private(set) var gaveUp = 0
    private(set) var breakerOpenings = 0
    private var steps = 0
    private(set) var phase = ConnectionPhase.stopped
    private var breaker: BreakerModel?
    private var sentOnConnection: Set<Outbox.Key> = []
    /// Members of the group that are open, while there is a transport or one is closing.
    private var openMembers: Set<Int> = []
    private var isOnline = true
    private var isVisible = true
    private var isReady = true
    private var wokenUntil: Instant?
    private var hasCredentials = true
    private var isStopped = true
    private var isExhausted = false
    /// When the next attempt may be made, if the client waits for a time.
    private var waitsUntil: Instant?
    private var lastDeadline: Instant = .distantFuture

    init(_ policy: ClientPolicy) {
        self.policy = policy
        isStrict = policy.hazards.isEmpty && policy.transportRetry == nil
        breaker = policy.breaker.map { BreakerModel($0) }
    }

    /// What inputs of chance choose by.
    var known: RandomInputs.Known {
        RandomInputs.Known(
            lastGeneration: lastGeneration,
            lastBeat: lastBeat,
            offered: offered,
            held: held,
            isPreparing: transport?.isPrepared == false
        )
    }

    private var isHeldBack: Bool {
        !isReady || (policy.offline == .pauses && !isOnline)
            || (policy.hidden == .pauses && !isVisible && wokenUntil == nil)
    }

    private var holdsAttempts: Bool {
        (policy.offline == .holdsAttempts && !isOnline)
            || (policy.hidden == .holdsAttempts && !isVisible && wokenUntil == nil)
    }

    private func response(to close: Close) -> CloseRule.Response? {
        policy.closeRules.first { $0.applies(to: close) }?.response
    }

    // MARK: Judging

    /// Judges what a client did in answer to an input, and what it looks like afterwards.
    mutating func judge(
        _ input: ClientInput,
        at now: Instant,
        actions: [ClientAction],
        client: ReconnectingClient
    ) throws(BrokenRule) {
        steps += 1
        try demand(actions.isEmpty || !isLateReport(input), "a late report has effects: \(actions)")
        var expected = notice(input, at: now)
        var scheduled = 0
        for action in actions {
            if case .retryScheduled = action { scheduled += 1 }
            try judge(action, of: input, at: now, expected: &expected)
        }
        if input == .advance, let end = wokenUntil, end <= now {
            wokenUntil = nil
            if isHeldBack { isExhausted = false }
        }
        try demand(expected.acknowledged == nil, "the acknowledgement was not told")
        try judgeState(at: now, after: input, client)
        guard isStrict else { return }
        try demand(expected.breaker == .none, "the breaker did not do what it must: \(expected.breaker)")
        try demand(!expected.isLost || transport == nil, "a lost group keeps its transport")
        try demand(scheduled <= 1, "\(scheduled) retries were scheduled at once")
        try judgeStrictState(client)
    }

    /// What an input must lead to.
    private struct Expected {
        var breaker = BreakerModel.Change.none
        var acknowledged: Outbox.Key?
        var isLost = false
        /// A gate that closes connections takes an attempt for failed.
        var failsAttempt = false
    }

    private func isLateReport(_ input: ClientInput) -> Bool {
        switch input {
        case .heartbeatAnswered, .received:
            return true
        case .acknowledged(let key):
            return key == 0 || key > offered || !held.contains(key)
        case .rejected(let generation, let key, _):
            if key == 0 || key > offered || !held.contains(key) { return true }
            return isStrict && (generation != transport?.generation || transport?.isOpen != true)
        case .attemptPrepared(let generation):
            return isStrict && (generation != transport?.generation || transport?.isPrepared == true)
        case .opened(let generation, let member):
            guard isStrict else { return isElsewhere(generation) }
            if generation != transport?.generation || transport?.isPrepared == false { return true }
            return transport?.isOpen == true || (policy.group != nil && member != 0)
        case .lost(let generation, let member, let close):
            guard isStrict else { return isElsewhere(generation) }
            if phase == .closing { return generation != lastGeneration || !isLastToClose(member) }
            if generation == lastGeneration, isMember(member), isFurtherClose { return response(to: close) == nil }
            return generation != transport?.generation || !losesGroup(member, close)
        case .start, .stop, .retryNow, .reconnect, .credentialsRenewed, .credentialsWithdrawn, .send, .advance,
            .network, .visibility, .readiness, .wake:
            return false
        }
    }

    /// Whether a generation is not the client's, where it does not listen to others.
    private func isElsewhere(_ generation: UInt32) -> Bool {
        !policy.hazards.contains(.hearsReplacedTransports) && generation != lastGeneration
    }

    private func isMember(_ member: Int) -> Bool { policy.group.map { (0..<$0.members).contains(member) } ?? true }

    /// Whether a close of the last generation would be a further one of a group that was torn down.
    private var isFurtherClose: Bool {
        policy.group != nil && lastGeneration > 0 && (phase == .waiting || phase == .exhausted)
    }

    private func isLastToClose(_ member: Int) -> Bool {
        policy.group == nil || (isMember(member) && openMembers.subtracting([member]).isEmpty)
    }

    private func losesGroup(_ member: Int, _ close: Close) -> Bool {
        guard let group = policy.group else { return true }
        guard isMember(member) else { return false }
        if member == 0 || transport?.isOpen == false || group.grace == .zero { return true }
        return response(to: close).map { $0 != .backOff } ?? false
    }

    /// Takes in what the input says by itself, before any action.
    private mutating func notice(_ input: ClientInput, at now: Instant) -> Expected {
        var expected = Expected()
        switch input {
        case .start where isStopped || isExhausted:
            (isStopped, isExhausted) = (false, false)
        case .stop:
            (isStopped, isExhausted) = (true, false)
        case .retryNow, .reconnect:
            isExhausted = false
            waitsUntil = nil
        case .credentialsRenewed:
            hasCredentials = true
        case .credentialsWithdrawn:
            hasCredentials = false
            isExhausted = false
        case .network(let isOnline):
            expected.failsAttempt = policy.offline == .closes && self.isOnline && !isOnline && !isHeldBack
            if !self.isOnline, isOnline, policy.returnEndsWait { waitsUntil = nil }
            self.isOnline = isOnline
        case .visibility(let isVisible):
            expected.failsAttempt = policy.hidden == .closes && self.isVisible && !isVisible && !isHeldBack
            if !self.isVisible, isVisible, policy.returnEndsWait { waitsUntil = nil }
            self.isVisible = isVisible
        case .readiness(let isReady):
            self.isReady = isReady
        case .wake(let end):
            wokenUntil = end > now ? end : nil
        case .send:
            offered += 1
            held.append(offered)
        case .opened(let generation, let member) where generation == transport?.generation && isMember(member):
            guard transport?.isPrepared == true else { break }
            openMembers.insert(member)
            guard transport?.isOpen == false, policy.group == nil || member == 0 else { break }
            transport?.isOpen = true
            if let change = breaker?.success() { expected.breaker = change }
        case .lost(let generation, let member, let close):
            noticeLoss(generation, member, close, &expected)
        case .acknowledged(let key) where !isLateReport(input):
            expected.acknowledged = key
        case .start, .advance, .opened, .heartbeatAnswered, .received, .attemptPrepared, .acknowledged, .rejected:
            break
        }
        if isHeldBack { isExhausted = false }
        return expected
    }

    private mutating func noticeLoss(_ generation: UInt32, _ member: Int, _ close: Close, _ expected: inout Expected) {
        guard isStrict else { return }
        let isLoss = generation == transport?.generation && losesGroup(member, close)
        if generation == lastGeneration, isMember(member) { openMembers.remove(member) }
        let isFurther = generation == lastGeneration && isMember(member) && isFurtherClose
        guard isLoss || isFurther else { return }
        if isLoss {
            if transport?.isOpen == false, let change = breaker?.failure() { expected.breaker = change }
            expected.isLost = true
            if policy.group == nil || transport?.isPrepared == false { transport = nil }
        }
        switch response(to: close) {
        case .stop: (isStopped, isExhausted) = (true, false)
        case .blockUntilNewCredentials: (hasCredentials, isExhausted) = (false, false)
        case .pause, .backOff, nil: break
        }
    }

    private mutating func judge(
        _ action: ClientAction,
        of input: ClientInput,
        at now: Instant,
        expected: inout Expected
    ) throws(BrokenRule) {
        switch action {
        case .prepareAttempt(let generation):
            try demand(policy.preparesAttempts, "attempt \(generation) is prepared")
            try judgeAttempt(generation, of: input, at: now)
        case .openTransport(let generation):
            if policy.preparesAttempts {
                try demand(input == .attemptPrepared(generation: generation), "transport \(generation) is not prepared")
                transport?.isPrepared = true
            } else {
                try judgeAttempt(generation, of: input, at: now)
            }
        case .closeTransport(let generation, let close):
            try judgeClose(generation, close, of: input, &expected)
        case .sendHeartbeat(_, let beat):
            try demand(phase == .connected, "a beat without connection")
            try demand(beat == lastBeat &+ 1, "beat \(beat) follows \(lastBeat)")
            lastBeat = beat
        case .sendMessage(_, let key, _, _):
            try demand(phase == .connected, "sent without connection")
            try demand(held.contains(key), "sent message \(key), which has ended")
            if let before = held.last(where: { $0 < key }) {
                try demand(sentOnConnection.contains(before), "message \(key) overtakes \(before)")
            }
            sentOnConnection.insert(key)
        case .phaseChanged(let from, let to):
            try demand(from == phase && to != phase, "from \(from) to \(to) while \(phase)")
            phase = to
            if to != .waiting { waitsUntil = nil }
            if to == .connected {
                connections += 1
                sentOnConnection.removeAll(keepingCapacity: true)
            }
        case .retryScheduled(let due, let retry):
            try demand(due >= now, "a retry is scheduled for \(due)")
            try demand(retry < 1 << 31, "retry \(retry) is scheduled")
            waitsUntil = due
            if isStrict, policy.suspension == nil, let end = breaker?.openUntil {
                try demand(due >= end, "a retry at \(due) while the breaker is open until \(end)")
            }
        case .attemptRefused(let until):
            waitsUntil = until
            guard isStrict else { return }
            try demand(until != nil && breaker?.openUntil == until, "refused until \(String(describing: until))")
        case .credentialsNeeded:
            try demand(phase == .blocked, "credentials asked for while \(phase)")
        case .heartbeatMissed:
            try demand(phase == .connected, "a beat missed without connection")
        case .gaveUp:
            gaveUp += 1
            guard isStrict else { return }
            let mayGiveUp =
                policy.retryLimit != nil || policy.elapsedLimit < .max || !policy.retriesFirstConnect
                || policy.strategy != nil
            try demand(mayGiveUp && !isExhausted, "gave up twice, or without a limit")
            try demand(phase == .exhausted, "gave up while \(phase)")
            isExhausted = true
        case .breakerOpened(let end):
            breakerOpenings += 1
            guard isStrict else { return }
            expected.breaker = try noticeOpening(until: end, at: now, expected.breaker)
        case .breakerClosed:
            guard isStrict, breaker?.isExact == true else { return }
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

    private mutating func judgeAttempt(
        _ generation: UInt32,
        of input: ClientInput,
        at now: Instant
    ) throws(BrokenRule) {
        try demand(generation > lastGeneration, "generation \(generation) follows \(lastGeneration)")
        let wakesPaused: Hazards = [.hearsReplacedTransports, .stopIsADrop]
        if policy.hazards.isDisjoint(with: wakesPaused), policy.transportRetry == nil {
            try demand(!isHeldBack, "an attempt while held back")
        }
        defer {
            lastGeneration = generation
            transport = Transport(generation: generation, isPrepared: !policy.preparesAttempts)
            openMembers.removeAll(keepingCapacity: true)
            waitsUntil = nil
            attempts += 1
        }
        guard isStrict else { return }
        try demand(transport == nil, "transport \(generation) is opened beside another")
        try demand(!holdsAttempts, "an attempt while a gate holds attempts")
        try demand(!isStopped, "an attempt while stopped")
        try demand(hasCredentials, "an attempt while blocked")
        try demand(!isExhausted, "an attempt while exhausted")
        if input == .advance, policy.pollLoop == nil, let due = waitsUntil {
            try demand(now >= due, "an attempt before the retry that is due at \(due)")
        }
        if let end = breaker?.openUntil {
            try demand(now >= end, "an attempt while the breaker is open until \(end)")
            breaker?.probe()
        }
    }

    private mutating func judgeClose(
        _ generation: UInt32,
        _ close: CloseCode,
        of input: ClientInput,
        _ expected: inout Expected
    ) throws(BrokenRule) {
        guard isStrict else { return }
        try demand(transport?.generation == generation, "closed transport \(generation), which is not there")
        if transport?.isOpen == false {
            // An attempt cut off by its timeout, or by a gate, counts as a failure of its own.
            let isTimeout = input == .advance && close == .abnormal
            try demand(!isTimeout || policy.connectTimeout < .max, "an attempt ended without a timeout")
            if isTimeout || (expected.failsAttempt && !isHeldBack), let change = breaker?.failure() {
                expected.breaker = change
            }
        }
        transport = nil
    }

    private mutating func noticeOpening(
        until end: Instant,
        at now: Instant,
        _ change: BreakerModel.Change
    ) throws(BrokenRule) -> BreakerModel.Change {
        guard let settings = breaker?.policy else { throw BrokenRule(description: "a breaker that is not there opens") }
        if breaker?.isExact == true {
            try demand(change == .opens, "the breaker opens without reason")
            try demand(end >= now + settings.openFor, "the breaker opens only until \(end)")
            let longest = settings.openFor.scaled(by: 1 + settings.openJitterFraction)
            try demand(end <= now + longest, "it opens until \(end)")
        }
        breaker?.open(until: end)
        return .none
    }

    private mutating func end(_ key: Outbox.Key) throws(BrokenRule) {
        guard let index = held.firstIndex(of: key) else {
            throw BrokenRule(description: "message \(key) is unknown, or ends twice")
        }
        held.remove(at: index)
    }

    // MARK: The client's state

    private mutating func judgeState(
        at now: Instant,
        after input: ClientInput,
        _ client: ReconnectingClient
    ) throws(BrokenRule) {
        try demand(client.phase == phase, "phase \(client.phase), told \(phase)")
        let deadline = client.nextDeadline(policy: policy)
        try demand(deadline >= min(lastDeadline, now), "due at \(deadline), before it was armed")
        lastDeadline = deadline
        let outbox = client.outbox
        try demand(outbox.isConnected == (phase == .connected), "the outbox thinks otherwise than phase \(phase)")
        try demand(
            phase == .connected || client.heartbeat.nextDeadline == .distantFuture,
            "a heartbeat in phase \(phase)"
        )
        try demand(
            outbox.entries.count == held.count && outbox.entries.first?.key == held.first
                && outbox.entries.last?.key == held.last,
            "\(outbox.entries.count) held, not \(held.count)"
        )
        if steps & 63 == 0 { try demand(outbox.entries.map(\.key) == held, "other messages are held") }
        try demand(Int(offered) == acknowledged + failed + discarded + held.count, "messages are lost or made up")
        try demand(outbox.entries.count <= policy.outbox.capacity, "more messages held than fit")
        try demand(outbox.underWay <= policy.outbox.window, "more messages under way than the window allows")
    }

    private func judgeStrictState(_ client: ReconnectingClient) throws(BrokenRule) {
        try demand(
            (phase == .connecting || phase == .connected) == (transport != nil),
            "phase \(phase) and transport differ"
        )
        try demand((phase == .connected) == (transport?.isOpen == true), "phase \(phase) and connection differ")
        try demand((phase == .stopped || phase == .closing) == isStopped, "phase \(phase), stopped: \(isStopped)")
        try demand((phase == .blocked) == (!isStopped && !hasCredentials), "phase \(phase), \(hasCredentials)")
        try demand((phase == .exhausted) == isExhausted, "phase \(phase), exhausted: \(isExhausted)")
        try demand(
            (phase == .paused) == (isHeldBack && !isStopped && hasCredentials),
            "phase \(phase), held back: \(isHeldBack)"
        )
        let deadline = client.supervisor.nextDeadline
        switch phase {
        case .waiting:
            try demand(deadline < .distantFuture || holdsAttempts, "nothing will ever end phase \(phase)")
        case .connecting:
            try demand(
                deadline < .distantFuture || policy.connectTimeout == .max,
                "nothing will ever end phase \(phase)"
            )
        case .closing:
            try demand(deadline < .distantFuture, "nothing will ever end phase \(phase)")
        case .stopped, .paused, .exhausted, .blocked:
            guard policy.pollLoop == nil || phase == .stopped else { return }
            try demand(deadline == wokenUntil ?? .distantFuture, "phase \(phase) has a deadline at \(deadline)")
            try demand(client.group.graceDeadline == .distantFuture, "phase \(phase) has a grace")
        case .connected:
            break
        }
    }

    private func demand(_ holds: Bool, _ complaint: @autoclosure () -> String) throws(BrokenRule) {
        guard holds else { throw BrokenRule(description: complaint()) }
    }
}
