import MonotonicTime

/// What few clients need: retries beside the one of `phaseDeadline`, a poll loop, a wake-up in the background, a group of
/// sockets, and instants that few policies look at.
///
/// One in which nothing was noted yet is as good as none: it may be made at any time.
struct RareState: Sendable, Hashable {
    /// Who armed a timer.
    enum Owner: UInt8, Sendable, Hashable {
        /// The client, under a hazard.
        case client
        /// The transport below it.
        case transport
        /// The app's own close, which looks like a loss.
        case stop
        /// A pause that ended, though the client connects already.
        case resume
        /// A stale connection that was closed.
        case reopen
    }

    struct Timer: Sendable, Hashable {
        var due: Instant
        var owner: Owner
    }

    /// Timers beyond this number are not armed: hazards that double them at each failure must not fill the memory.
    static let mostTimers = 256

    var timers: [Timer] = []
    var transportRetries = 0
    /// The app has closed the socket, which never retries by itself again.
    var transportIsOff = false
    /// After a forced reconnect under `forcedReconnectIsLast`.
    var isLastConnection = false
    /// The current transport lives, though a late loss of another was taken for its end.
    var isLeftOpen = false
    var pollAt: Instant = .distantFuture
    var lastHeard: Instant = .distantPast
    var droppedAt: Instant = .distantPast
    /// When the last retry under a rule of its own for drops was due.
    var dropRetryAt: Instant = .distantPast
    var wokenUntil: Instant = .distantFuture
    var isWoken = false
    /// When the last attempt began; for waits counted from there.
    var attemptStartedAt: Instant = .distantPast
    /// When the last failure was; for retries that begin anew after a quiet time.
    var lastFailureAt: Instant = .distantPast
    /// The sockets, where there are several.
    var group = ConnectionGroup()

    /// Of the supervisor: that of the group is the client's.
    var nextDeadline: Instant {
        var next = min(pollAt, wokenUntil)
        for timer in timers where timer.due < next { next = timer.due }
        return next
    }
}

/// What the hazards change, the transport's own retries, the poll loop and the wake-up.
extension ConnectionSupervisor {
    // MARK: Guards that hazards remove

    /// A late success marks the client connected.
    mutating func adoptsLateOpening(of generation: UInt32, _ policy: ClientPolicy) -> Bool {
        guard policy.hazards.contains(.hearsReplacedTransports), generation > 0, generation <= lastGeneration else {
            return false
        }
        guard phase != .connected, phase != .closing else { return false }
        // A client that was stopped shows the connection, and makes no other.
        if phase == .stopped, !policy.hazards.contains(.stopIsADrop) {
            needRareState()
            rare[0].isLastConnection = true
        }
        self.generation = generation
        return true
    }

    /// A late loss is taken for one of the connection there is.
    func hearsLateLoss(of generation: UInt32, _ policy: ClientPolicy) -> Bool {
        guard policy.hazards.contains(.hearsReplacedTransports), generation > 0, generation <= lastGeneration else {
            return false
        }
        switch phase {
        case .waiting, .connecting, .connected: return true
        case .stopped: return policy.hazards.contains(.stopIsADrop)
        case .closing, .paused, .exhausted, .blocked: return false
        }
    }

    /// A retry is asked for while one is pending that nothing cancels.
    func ignoresRequest(_ policy: ClientPolicy) -> Bool {
        policy.hazards.contains(.successKeepsTimer) && !policy.hazards.contains(.timersAccumulate) && hasClientTimer
    }

    /// Whether something will still make an attempt.
    var isRetryPending: Bool { phase == .waiting && (phaseDeadline < .distantFuture || hasClientTimer) }

    private var hasClientTimer: Bool { rare.first?.timers.contains { $0.owner == .client } ?? false }

    /// Whether the connection there is, or was, is the last one.
    var isLastConnection: Bool { rare.first?.isLastConnection ?? false }

    /// Whether the app was woken to do something unseen.
    var isWoken: Bool { rare.first?.isWoken ?? false }

    func bypassesBreaker(_ policy: ClientPolicy) -> Bool {
        policy.hazards.contains(.breakerGuardsStartOnly) && phase == .waiting
    }

    // MARK: Timers

    /// Arms the client's retry.
    mutating func arm(_ due: Instant, _ policy: ClientPolicy) {
        guard !policy.hazards.isDisjoint(with: .ofTimers) else {
            phaseDeadline = due
            retryIsUncounted = policy.hazards.contains(.countsWhenRetrying)
            return
        }
        needRareState()
        guard rare[0].timers.count < RareState.mostTimers else { return }
        rare[0].timers.append(RareState.Timer(due: due, owner: .client))
    }

    /// Arms the transport's own retry, if it has one left.
    mutating func armTransportRetry(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        guard let own = policy.transportRetry else { return }
        needRareState()
        let used = rare[0].transportRetries
        guard !rare[0].transportIsOff, used < own.limit ?? .max,
            !rare[0].timers.contains(where: { $0.owner == .transport })
        else { return }
        rare[0].transportRetries = used + 1
        let due = now + policy.hazards.timer(own.delay)
        rare[0].timers.append(RareState.Timer(due: due, owner: .transport))
        actions.append(.retryScheduled(at: due, retry: UInt32(clamping: used)))
    }

    /// An attempt of the client's own begins the transport's retries anew, and cancels the one it has pending.
    mutating func restartTransportRetries() {
        guard !rare.isEmpty else { return }
        rare[0].transportRetries = 0
        rare[0].isLeftOpen = false
        rare[0].timers.removeAll { $0.owner == .transport }
    }

    /// Connects at once, though a delay is armed.
    mutating func attemptBesideTimer(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        guard phase == .waiting, phaseDeadline < .distantFuture else { return }
        let due = phaseDeadline
        needRareState()
        rare[0].timers.append(RareState.Timer(due: due, owner: .resume))
        attempt(at: now, policy: policy, actions: &actions)
    }

    mutating func cancelTimers(_ policy: ClientPolicy) {
        guard !rare.isEmpty, !policy.hazards.contains(.stopIsADrop) else { return }
        rare[0].timers.removeAll()
    }

    // MARK: What the supervisor's steps note

    /// For policies that count waits from the start of an attempt.
    @inline(never)
    mutating func noteAttempt(at now: Instant) {
        needRareState()
        rare[0].attemptStartedAt = now
    }

    /// When a wait is over that counts from the last attempt noted; not before now.
    @inline(never)
    func endSinceAttempt(of wait: Interval, at now: Instant) -> Instant {
        max(now, (rare.first?.attemptStartedAt ?? .distantPast) + wait)
    }

    /// Notes a failure; answers how long ago the last one was.
    @inline(never)
    mutating func noteFailure(at now: Instant) -> Interval {
        needRareState()
        defer { rare[0].lastFailureAt = now }
        return now - rare[0].lastFailureAt
    }

    /// Which sockets are open; an idle group where there is only one.
    var group: ConnectionGroup {
        get { rare.first?.group ?? ConnectionGroup() }
        set {
            needRareState()
            rare[0].group = newValue
        }
    }

    /// When the rare state has something to do, or the group is lost. Not for supervisors without rare state.
    @inline(never) var rareDeadline: Instant { min(rare[0].nextDeadline, rare[0].group.graceDeadline) }

    mutating func startRareState(at now: Instant, policy: ClientPolicy, random: inout some RandomSource) {
        guard policy.pollLoop != nil || !rare.isEmpty else { return }
        needRareState()
        rare[0].transportRetries = 0
        rare[0].isLastConnection = false
        guard let loop = policy.pollLoop else { return }
        rare[0].lastHeard = now
        rare[0].droppedAt = .distantPast
        rare[0].pollAt = now + loop.period(staleLooks: 0, random: &random)
    }

    mutating func noteOpening(at now: Instant, policy: ClientPolicy) {
        guard !rare.isEmpty else { return }
        if !policy.hazards.contains(.successKeepsTimer) { rare[0].timers.removeAll() }
        rare[0].lastHeard = now
        rare[0].droppedAt = .distantPast
        rare[0].isLeftOpen = false
    }

    /// A loss was heard that is not the current transport's; or it is, and that one is gone.
    mutating func noteLateLoss(of generation: UInt32) {
        needRareState()
        rare[0].isLeftOpen =
            generation != self.generation && (isLeftOpen || phase == .connecting || phase == .connected)
    }

    private var isLeftOpen: Bool { rare.first?.isLeftOpen ?? false }

    mutating func noteDrop(at now: Instant) {
        if !rare.isEmpty { rare[0].droppedAt = now }
    }

    /// When the retry after the loss of a connection is due that has a rule of its own.
    mutating func dropRetry(_ rule: ClientPolicy.DropRetry, at now: Instant) -> Instant {
        guard rule.spacing > .zero else { return now + rule.delay }
        needRareState()
        rare[0].dropRetryAt = max(now + rule.delay, rare[0].dropRetryAt + rule.spacing)
        return rare[0].dropRetryAt
    }

    /// A stopped client looks at nothing.
    mutating func endPolling() {
        if !rare.isEmpty { rare[0].pollAt = .distantFuture }
    }

    /// An attempt takes the place of one that waits for a stale connection's close.
    mutating func forgetReopening() {
        if !rare.isEmpty { rare[0].timers.removeAll { $0.owner == .reopen } }
    }

    mutating func noteStop(at now: Instant, policy: ClientPolicy) {
        endPolling()
        if policy.transportRetry != nil, policy.hazards.contains(.stopIsADrop) {
            needRareState()
            rare[0].transportIsOff = true
        }
        // A client that hears the late close of its own socket hears of the drop that way.
        guard policy.hazards.contains(.stopIsADrop), !policy.hazards.contains(.hearsReplacedTransports) else { return }
        needRareState()
        rare[0].timers.append(RareState.Timer(due: now, owner: .stop))
    }

    mutating func noteForcedReconnect(_ policy: ClientPolicy) {
        guard policy.hazards.contains(.forcedReconnectIsLast) else { return }
        needRareState()
        rare[0].isLastConnection = true
    }

    /// Something came from the server.
    mutating func heard(generation: UInt32, at now: Instant) {
        guard generation == self.generation, phase == .connected, !rare.isEmpty else { return }
        rare[0].lastHeard = now
    }

    private mutating func needRareState() {
        if rare.isEmpty { rare.append(RareState()) }
    }

    // MARK: A wake-up in the background

    /// The app may work unseen until then.
    mutating func wake(
        until end: Instant,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        needRareState()
        rare[0].isWoken = end > now
        rare[0].wokenUntil = end > now ? end : .distantFuture
        gatesChanged(.other, at: now, policy: policy, random: &random, actions: &actions)
    }

    // MARK: Time

    mutating func advanceRareState(
        to now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if rare[0].wokenUntil <= now {
            wake(until: now, at: now, policy: policy, random: &random, actions: &actions)
        }
        // Those armed by what they do themselves come due in the next call.
        let pending = rare[0].timers.count
        for _ in 0..<pending {
            guard let index = earliestTimer(dueBy: now) else { break }
            let timer = rare[0].timers.remove(at: index)
            fire(timer.owner, at: now, policy: policy, random: &random, actions: &actions)
        }
        if let loop = policy.pollLoop, rare[0].pollAt <= now {
            look(loop, at: now, policy: policy, actions: &actions)
            rare[0].pollAt = now + loop.period(staleLooks: retryCount, random: &random)
        }
    }

    private func earliestTimer(dueBy now: Instant) -> Int? {
        var earliest: Int?
        for (index, timer) in rare[0].timers.enumerated() where timer.due <= now {
            if let other = earliest, rare[0].timers[other].due <= timer.due { continue }
            earliest = index
        }
        return earliest
    }

    private mutating func fire(
        _ owner: RareState.Owner,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        switch owner {
        case .stop:
            guard phase == .stopped else { return }
            scheduleRetry(
                close: .normal,
                wasConnected: true,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        case .resume:
            guard phase == .connecting else { return }
            replaceTransport(at: now, policy: policy, actions: &actions)
        case .reopen:
            guard phase == .waiting else { return }
            attempt(at: now, policy: policy, actions: &actions)
        case .client:
            if policy.hazards.contains(.countsWhenRetrying) { retryCount &+= 1 }
            replaceTransport(at: now, policy: policy, actions: &actions)
        case .transport:
            closeLiveTransport(policy, &actions)
            rare[0].isLeftOpen = false
            breakerEpoch = breaker.epoch
            openTransport(at: now, policy: policy, actions: &actions)
        }
    }

    private mutating func replaceTransport(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        closeLiveTransport(policy, &actions)
        // Its result will not be heard, and a probe that is never answered would keep everybody out for ever.
        if phase == .connecting { breaker.cancelPermission(epoch: breakerEpoch) }
        attempt(at: now, policy: policy, actions: &actions)
    }

    private func closeLiveTransport(_ policy: ClientPolicy, _ actions: inout ClientActions) {
        guard phase == .connecting || phase == .connected || rare[0].isLeftOpen,
            !policy.hazards.contains(.opensBeside)
        else { return }
        actions.append(.closeTransport(generation: generation, close: .goingAway))
    }

    /// Looks whether the connection is stale.
    private mutating func look(
        _ loop: PollLoopPolicy,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        guard phase == .waiting || phase == .connecting || phase == .connected,
            now - rare[0].lastHeard > loop.staleAfter
        else { return }
        retryCount &+= 1
        if rare[0].droppedAt != .distantPast, now - rare[0].droppedAt < loop.staleAfter { return }
        switch phase {
        case .waiting:
            attempt(at: now, policy: policy, actions: &actions)
        case .connected:
            actions.append(.closeTransport(generation: generation, close: .goingAway))
            rare[0].droppedAt = now
            forgetMilestone()
            rare[0].timers.append(RareState.Timer(due: now + loop.reopenDelay, owner: .reopen))
            enter(.waiting, &actions)
        default:
            // A socket that is still connecting is not replaced.
            break
        }
    }
}
