public import MonotonicTime

/// Decides when one client connects, waits, gives up and stays away.
///
/// | phase | event | guard | next phase | actions |
/// |---|---|---|---|---|
/// | stopped | start | not held back | connecting, or waiting for the start spread or a first backoff | open a transport |
/// | stopped, exhausted | start | no credentials | blocked | tell that they are needed |
/// | any but stopped, closing | stop | | stopped; from connected by way of closing | close the transport, forget timers |
/// | closing | closed, or closing timeout | | stopped | |
/// | connecting | prepared | current generation | connecting | open a transport |
/// | connecting | opened | current generation, prepared | connected | reset on open, or arm the stable window |
/// | connecting | failed, or connect timeout | current generation | see *lost* | breaker counts a failure |
/// | connected | closed, or heartbeat dead | current generation | see *lost* | |
/// | connected | stable window over | | connected | retry counter ← 0 |
/// | waiting | delay over | breaker grants | connecting | open a transport |
/// | waiting | delay over | breaker refuses | waiting | wait for the end of its open period |
/// | waiting | delay over | a gate holds attempts | waiting | attempt when the gate opens |
/// | waiting | a longer pause of the same loss | group | waiting | the longest pause wins |
/// | waiting, connecting | outage has lasted as long as the suspension says | | waiting | a fixed wait from now on |
/// | any active | offline or hidden | the gate pauses | paused | close the transport, forget timers |
/// | connecting, connected | offline or hidden | the gate closes | see *lost* | close the transport |
/// | waiting | online or visible | the return ends waits | connecting | open a transport |
/// | paused | online and visible | | connecting or waiting | counter ← 0 if the policy says so |
/// | any but stopped, connected | manual retry | not held back | connecting | counter ← 0 if the policy says so |
/// | any active | forced reconnect | not held back | connecting | close the transport, open another |
/// | any | credentials withdrawn | | blocked | close the transport; counter ← 0 |
/// | blocked | new credentials | | connecting | counter ← 0 |
///
/// *lost*: a close rule may stop or block the client; else, with the counter at the retry limit, the elapsed time at its
/// limit, or the very first connection not to be retried, exhausted; else waiting for the rule's pause, the server's
/// hint or the backoff, and the counter rises by one. An open breaker puts the wait off until its end: there is always a
/// timer, so nobody stays down for ever.
///
/// Every transport has a generation of its own. Reports about another generation are late and ignored.
///
/// A breaker that counts shares may open at a success; the connection stays, and the next attempt waits.
///
/// Draws, in this order where they happen together: breaker's open period, retry delay. See their types.
///
/// Network, screen and app stand in `ConnectionSupervisor+Gates.swift`, delays and limits in `+Retries.swift`, what
/// `Hazards` changes in `+Hazards.swift`.
public struct ConnectionSupervisor: Sendable, Hashable {
    // Ordered so that a fleet of millions has no gaps in it: the breaker leaves three bytes of its last word.

    /// The breaker around attempts; looked at only if the policy has one.
    public internal(set) var breaker = CircuitBreaker()
    /// Where the client stands.
    public private(set) var phase: ConnectionPhase = .stopped
    var flags = Flags.initial
    /// Whether the retry that waits has not been counted, under `countsWhenRetrying`.
    var retryIsUncounted = false
    /// In `waiting`: when the delay is over. In `connecting`: when the attempt has failed. In `closing`: when it is over.
    var phaseDeadline: Instant = .distantFuture
    /// In `connected`: when it counts as stable. Else: when the outage becomes a suspension.
    var milestone: Instant = .distantFuture
    var memory = Backoff.Memory()
    /// When the outage began: at the loss, or at the first attempt or wait; `.distantPast` while there is none.
    var outageSince: Instant = .distantPast
    /// State that few clients need; none or one.
    var rare: [RareState] = []
    /// The generation of the current, or last, transport.
    public internal(set) var generation: UInt32 = 0
    /// The highest generation so far; rises by one for each transport.
    var lastGeneration: UInt32 = 0
    /// Retries scheduled since the last reset.
    public internal(set) var retryCount: UInt32 = 0
    var breakerEpoch: UInt32 = 0

    /// A stopped supervisor.
    public init() {}

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant {
        let usual = min(phaseDeadline, milestone)
        return rare.isEmpty ? usual : min(usual, rare[0].nextDeadline)
    }

    /// When the next attempt begins if nothing else happens, for people who wait; `.distantFuture` unless waiting, and
    /// while waiting for something other than time: a gate that holds attempts, or what a poll loop finds.
    public var nextAttempt: Instant {
        guard phase == .waiting else { return .distantFuture }
        var next = phaseDeadline
        guard let rare = rare.first else { return next }
        for timer in rare.timers where timer.due < next { next = timer.due }
        return next
    }

    // MARK: What the app and its system say

    mutating func start(
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if phase == .connecting, policy.hazards.contains(.startOpensAnother) {
            openTransport(at: now, policy: policy, actions: &actions)
        }
        guard phase == .stopped || phase == .exhausted || phase == .closing else { return }
        if phase == .closing {
            phaseDeadline = .distantFuture
            enter(.stopped, &actions)
        }
        forgetOutage(policy)
        hasOpened = false
        startRareState(at: now, policy: policy, random: &random)
        if !hasCredentials {
            block(&actions)
        } else if isHeldBack(policy) {
            enter(.paused, &actions)
        } else if policy.startsAfterBackoff {
            scheduleRetry(
                close: nil,
                wasConnected: false,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        } else if policy.startSpread > .zero {
            enter(.waiting, &actions)
            phaseDeadline = now + policy.startSpread.scaled(by: random.nextUniform())
        } else {
            attempt(at: now, policy: policy, actions: &actions)
        }
    }

    mutating func stop(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        guard phase != .closing else { return }
        let wasConnected = phase == .connected
        leaveTransport(close: .normal, at: now, policy: policy, actions: &actions)
        if wasConnected, policy.closingTimeout > .zero {
            phaseDeadline = now + policy.closingTimeout
            enter(.closing, &actions)
        } else {
            if phase != .stopped { noteStop(at: now, policy: policy) }
            enter(.stopped, &actions)
        }
    }

    mutating func retryNow(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        switch phase {
        case .waiting, .exhausted, .connecting:
            reconnect(isManual: true, at: now, policy: policy, actions: &actions)
        case .stopped, .closing, .paused, .connected, .blocked:
            // Nothing a retry could mend: closed on purpose, held back, fine already, or refused.
            break
        }
    }

    /// Closes what there is and connects anew, whatever the phase, unless stopped, held back or refused.
    mutating func reconnect(
        isManual: Bool,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        switch phase {
        case .waiting, .exhausted, .connecting, .connected:
            if isManual, policy.reset.onManualRetry { forgetOutage(policy) }
            leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
            noteForcedReconnect(policy)
            attempt(at: now, policy: policy, actions: &actions)
        case .stopped, .closing, .paused, .blocked:
            break
        }
    }

    mutating func credentialsRenewed(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        hasCredentials = true
        guard phase == .blocked else { return }
        forgetOutage(policy)
        if isHeldBack(policy) {
            enter(.paused, &actions)
        } else {
            attempt(at: now, policy: policy, actions: &actions)
        }
    }

    mutating func credentialsWithdrawn(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        hasCredentials = false
        guard phase != .stopped, phase != .closing, phase != .blocked else { return }
        leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
        resetRetries(policy)
        block(&actions)
    }

    // MARK: What the transport says

    /// The app has prepared the attempt.
    mutating func attemptPrepared(
        generation: UInt32,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        guard generation == self.generation, phase == .connecting, isPreparing else { return }
        isPreparing = false
        phaseDeadline = now + policy.connectTimeout
        actions.append(.openTransport(generation: generation))
    }

    /// Answers whether the report was about the current attempt.
    mutating func transportOpened(
        generation: UInt32,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) -> Bool {
        if isPreparing, generation == self.generation { return false }
        if generation != self.generation || phase != .connecting {
            guard adoptsLateOpening(of: generation, policy) else { return false }
        }
        if let breakerPolicy = policy.breaker {
            let transition = breaker.recordSuccess(
                epoch: breakerEpoch,
                at: now,
                policy: breakerPolicy,
                random: &random
            )
            switch transition {
            case .closed: actions.append(.breakerClosed)
            case .opened(let until): actions.append(.breakerOpened(until: until))
            case .none: break
            }
        }
        phaseDeadline = .distantFuture
        milestone = .distantFuture
        hasOpened = true
        isPreparing = false
        attemptIsHeld = false
        isSuspended = false
        outageSince = .distantPast
        noteOpening(at: now, policy: policy)
        switch policy.reset.afterSuccess {
        case .onOpen: resetRetries(policy)
        case .afterStable(let window): milestone = now + window
        case .afterQuiet, .never: break
        }
        enter(.connected, &actions)
        return true
    }

    /// The attempt failed or the connection closed; answers whether the report was about the current transport.
    mutating func transportLost(
        generation: UInt32,
        close: Close,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) -> Bool {
        if generation == self.generation, phase == .closing {
            phaseDeadline = .distantFuture
            noteStop(at: now, policy: policy)
            enter(.stopped, &actions)
            return true
        }
        let isLate = generation != self.generation || (phase != .connecting && phase != .connected)
        guard !isLate || hearsLateLoss(of: generation, policy) else { return false }
        if isLate { noteLateLoss(of: generation) }
        lost(close: close, isLate: isLate, at: now, policy: policy, random: &random, actions: &actions)
        return true
    }

    /// Another member of the group that was torn down says why: the longest pause wins.
    mutating func furtherClose(
        generation: UInt32,
        close: Close,
        policy: ClientPolicy,
        at now: Instant,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        guard generation == self.generation, phase == .waiting || phase == .exhausted,
            !policy.hazards.contains(.firstCloseDecides)
        else { return }
        switch Self.response(to: close, policy) {
        case .pause(let from, let to):
            let due = now + Self.pause(from, to, &random)
            guard phase == .waiting, due > phaseDeadline, phaseDeadline < .distantFuture else { return }
            phaseDeadline = due
            actions.append(.retryScheduled(at: due, retry: retryCount > 0 ? retryCount - 1 : 0))
        case .stop:
            leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
            endPolling()
            enter(.stopped, &actions)
        case .blockUntilNewCredentials:
            leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
            hasCredentials = false
            resetRetries(policy)
            block(&actions)
        case .backOff, nil:
            break
        }
    }

    /// A member of the group opened, and another still hangs.
    mutating func memberOpened(_ policy: ClientPolicy) {
        if phase == .connecting, policy.hazards.contains(.anyMemberEndsTimeout) { phaseDeadline = .distantFuture }
    }

    // MARK: Time

    mutating func advance(
        to now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if milestone <= now {
            milestone = .distantFuture
            if phase == .connected {
                resetRetries(policy)
            } else if let suspension = policy.suspension {
                suspend(suspension, at: now, policy: policy, actions: &actions)
            }
        }
        if phaseDeadline <= now {
            phaseDeadline = .distantFuture
            switch phase {
            case .waiting:
                attempt(at: now, policy: policy, actions: &actions)
            case .connecting:
                actions.append(.closeTransport(generation: generation, close: .abnormal))
                lost(close: .abnormal, at: now, policy: policy, random: &random, actions: &actions)
            case .closing:
                noteStop(at: now, policy: policy)
                enter(.stopped, &actions)
            case .stopped, .paused, .connected, .exhausted, .blocked:
                // These phases clear the deadline when they are entered.
                break
            }
        }
        if !rare.isEmpty { advanceRareState(to: now, policy: policy, random: &random, actions: &actions) }
    }

    // MARK: Steps

    /// Makes an attempt, or waits for the breaker or a gate to allow one.
    mutating func attempt(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        phaseDeadline = .distantFuture
        if retryIsUncounted {
            retryIsUncounted = false
            retryCount &+= 1
        }
        guard !holdsAttempts(policy) else {
            attemptIsHeld = true
            if outageSince != .distantPast { armSuspension(at: now, policy) }
            enter(.waiting, &actions)
            return
        }
        if let breakerPolicy = policy.breaker, !bypassesBreaker(policy) {
            switch breaker.requestPermission(at: now, policy: breakerPolicy) {
            case .granted(let epoch):
                breakerEpoch = epoch
            case .refused(let until):
                actions.append(.attemptRefused(until: until))
                if policy.hazards.contains(.breakerArmsNothing) {
                    milestone = .distantFuture
                    enter(.stopped, &actions)
                } else {
                    // One attempt at a time: a probe of our own cannot be under way here, so there is always an end.
                    phaseDeadline = until ?? now + breakerPolicy.openFor
                    if outageSince != .distantPast { armSuspension(at: now, policy) }
                    enter(.waiting, &actions)
                }
                return
            }
        } else {
            breakerEpoch = breaker.epoch
        }
        restartTransportRetries()
        openTransport(at: now, policy: policy, actions: &actions)
    }

    /// Begins an attempt without asking anybody.
    mutating func openTransport(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        if policy.hazards.contains(.attemptResetsCounter) { resetRetries(policy) }
        attemptIsHeld = false
        isPreparing = policy.preparesAttempts
        lastGeneration &+= 1
        generation = lastGeneration
        if policy.waitsFrom == .attemptStart { noteAttempt(at: now) }
        forgetReopening()
        if outageSince == .distantPast { outageSince = now }
        armSuspension(at: now, policy)
        phaseDeadline = now + policy.connectTimeout
        enter(.connecting, &actions)
        actions.append(
            isPreparing ? .prepareAttempt(generation: generation) : .openTransport(generation: generation)
        )
    }

    mutating func lost(
        close: Close,
        isLate: Bool = false,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let wasConnected = phase == .connected
        // The attempt that is taken for failed is forgotten, and its permission with it.
        if phase == .connecting, isLate { breaker.cancelPermission(epoch: breakerEpoch) }
        if phase == .connecting, !isLate, let breakerPolicy = policy.breaker {
            let transition = breaker.recordFailure(
                epoch: breakerEpoch,
                at: now,
                policy: breakerPolicy,
                random: &random
            )
            if case .opened(let until) = transition { actions.append(.breakerOpened(until: until)) }
        }
        noteStability(at: now, policy)
        if case .afterQuiet(let quiet) = policy.reset.afterSuccess, noteFailure(at: now) > quiet {
            resetRetries(policy)
        }
        if wasConnected || outageSince == .distantPast { outageSince = now }
        phaseDeadline = .distantFuture
        milestone = .distantFuture
        isPreparing = false
        if wasConnected { noteDrop(at: now) }
        let response = policy.closeRules.isEmpty ? nil : Self.response(to: close, policy)
        if response == .stop || isLastConnection {
            endPolling()
            enter(.stopped, &actions)
        } else if response == .blockUntilNewCredentials {
            resetRetries(policy)
            hasCredentials = false
            block(&actions)
        } else if policy.pollLoop != nil {
            armSuspension(at: now, policy)
            enter(.waiting, &actions)
        } else {
            let isTwice = !wasConnected && !isLate && policy.hazards.contains(.handlesFailureTwice)
            for _ in 0..<(isTwice ? 2 : 1) {
                if isAtLimit(wasConnected, policy) {
                    if !isRetryPending { enter(.exhausted, &actions) }
                    actions.append(.gaveUp)
                } else {
                    scheduleRetry(
                        close: close,
                        wasConnected: wasConnected,
                        at: now,
                        policy: policy,
                        random: &random,
                        actions: &actions
                    )
                }
            }
            armTransportRetry(at: now, policy: policy, actions: &actions)
        }
    }

    /// A stable window that has passed counts, even where the end of the connection is told before the time.
    mutating func noteStability(at now: Instant, _ policy: ClientPolicy) {
        if phase == .connected, milestone <= now { resetRetries(policy) }
    }

    /// The next failure is the first of a new outage.
    private mutating func forgetOutage(_ policy: ClientPolicy) {
        resetRetries(policy)
        isSuspended = false
        outageSince = .distantPast
    }

    mutating func resetRetries(_ policy: ClientPolicy) {
        retryCount = 0
        if !policy.hasStrategy { policy.backoff.reset(&memory) } else { memory.value = 0 }
    }

    /// Closes whatever transport there is, gives a probe's permission back, and forgets the timers.
    mutating func leaveTransport(
        close: CloseCode,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        noteStability(at: now, policy)
        if phase == .connecting || phase == .connected {
            actions.append(.closeTransport(generation: generation, close: close))
        }
        if phase == .connecting { breaker.cancelPermission(epoch: breakerEpoch) }
        phaseDeadline = .distantFuture
        milestone = .distantFuture
        isPreparing = false
        attemptIsHeld = false
        retryIsUncounted = false
        cancelTimers(policy)
    }

    /// The connection has ended: nothing is to become of it any more.
    mutating func forgetMilestone() { milestone = .distantFuture }

    private mutating func block(_ actions: inout ClientActions) {
        enter(.blocked, &actions)
        actions.append(.credentialsNeeded)
    }

    /// Enters a phase for a caller who knows that it does.
    mutating func enterSilently(_ next: ConnectionPhase) { phase = next }

    mutating func enter(_ next: ConnectionPhase, _ actions: inout ClientActions) {
        guard next != phase else { return }
        actions.append(.phaseChanged(from: phase, to: next))
        phase = next
    }
}
