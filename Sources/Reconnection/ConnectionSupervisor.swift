public import MonotonicTime

/// Decides when one client connects, waits, gives up and stays away.
///
/// | phase | event | guard | next phase | actions |
/// |---|---|---|---|---|
/// | stopped | start | not held back | connecting, or waiting for the start spread | open a transport |
/// | any but stopped | stop | | stopped | close the transport, forget timers |
/// | connecting | opened | current generation | connected | reset on open, or arm the stable window |
/// | connecting | failed, or connect timeout | current generation | see *lost* | breaker counts a failure |
/// | connected | closed, or heartbeat dead | current generation | see *lost* | |
/// | connected | stable window over | | connected | retry counter ← 0 |
/// | waiting | delay over | breaker grants | connecting | open a transport |
/// | waiting | delay over | breaker refuses | waiting | wait for the end of its open period |
/// | any active | offline or hidden | policy pauses | paused | close the transport, forget timers |
/// | paused | online and visible | | connecting or waiting | counter ← 0 if the policy says so |
/// | any but stopped, connected | manual retry | not held back | connecting | counter ← 0 if the policy says so |
/// | blocked | new credentials | | connecting | counter ← 0 |
///
/// *lost*: a close rule may stop or block the client; else, with the counter at the retry limit, exhausted; else
/// waiting for the rule's pause, the server's hint or the backoff, and the counter rises by one. An open breaker
/// puts the wait off until its end: there is always a timer, so nobody stays down for ever.
///
/// Every transport has a generation of its own. Reports about another generation are late and ignored.
///
/// Draws, in this order where they happen together: breaker's open period, retry delay. See their types.
public struct ConnectionSupervisor: Sendable, Hashable {
    /// Where the client stands.
    public private(set) var phase: ConnectionPhase = .stopped
    /// The generation of the current, or last, transport; rises by one for each.
    public private(set) var generation: UInt32 = 0
    /// Retries scheduled since the last reset.
    public private(set) var retryCount: UInt32 = 0
    /// The breaker around attempts; looked at only if the policy has one.
    public private(set) var breaker = CircuitBreaker()
    /// Whether the system says that there is a network.
    public private(set) var isOnline = true
    /// Whether the app is visible.
    public private(set) var isVisible = true
    /// In `waiting`: when the delay is over. In `connecting`: when the attempt has failed.
    private var phaseDeadline: Instant = .distantFuture
    private var stableAt: Instant = .distantFuture
    private var previousDelay: Interval?
    private var breakerEpoch: UInt32 = 0

    /// A stopped supervisor.
    public init() {}

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant { min(phaseDeadline, stableAt) }

    // MARK: What the app and its system say

    mutating func start(
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        guard phase == .stopped || phase == .exhausted else { return }
        resetRetries()
        if isHeldBack(policy) {
            enter(.paused, &actions)
        } else if policy.startSpread > .zero {
            enter(.waiting, &actions)
            phaseDeadline = now + policy.startSpread.scaled(by: random.nextUniform())
        } else {
            attempt(at: now, policy: policy, actions: &actions)
        }
    }

    mutating func stop(close: Close = .normal, actions: inout ClientActions) {
        leaveTransport(close: close, actions: &actions)
        enter(.stopped, &actions)
    }

    mutating func networkChanged(
        isOnline: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        self.isOnline = isOnline
        gatesChanged(at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func visibilityChanged(
        isVisible: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        self.isVisible = isVisible
        gatesChanged(at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func retryNow(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        switch phase {
        case .waiting, .exhausted, .connecting:
            if policy.reset.onManualRetry { resetRetries() }
            leaveTransport(close: .goingAway, actions: &actions)
            attempt(at: now, policy: policy, actions: &actions)
        case .stopped, .paused, .connected, .blocked:
            // Nothing a retry could mend: closed on purpose, held back, fine already, or refused.
            break
        }
    }

    mutating func credentialsRenewed(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        guard phase == .blocked else { return }
        resetRetries()
        if isHeldBack(policy) {
            enter(.paused, &actions)
        } else {
            attempt(at: now, policy: policy, actions: &actions)
        }
    }

    // MARK: What the transport says

    /// Answers whether the report was about the current attempt.
    mutating func transportOpened(
        generation: UInt32,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) -> Bool {
        guard generation == self.generation, phase == .connecting else { return false }
        if let breakerPolicy = policy.breaker,
            breaker.recordSuccess(epoch: breakerEpoch, policy: breakerPolicy) == .closed
        {
            actions.append(.breakerClosed)
        }
        phaseDeadline = .distantFuture
        switch policy.reset.afterSuccess {
        case .onOpen: resetRetries()
        case .afterStable(let window): stableAt = now + window
        case .never: break
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
        guard generation == self.generation, phase == .connecting || phase == .connected else { return false }
        lost(close: close, at: now, policy: policy, random: &random, actions: &actions)
        return true
    }

    // MARK: Time

    mutating func advance(
        to now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if stableAt <= now {
            stableAt = .distantFuture
            resetRetries()
        }
        guard phaseDeadline <= now else { return }
        phaseDeadline = .distantFuture
        switch phase {
        case .waiting:
            attempt(at: now, policy: policy, actions: &actions)
        case .connecting:
            actions.append(.closeTransport(generation: generation, close: .abnormal))
            lost(close: .abnormal, at: now, policy: policy, random: &random, actions: &actions)
        case .stopped, .paused, .connected, .exhausted, .blocked:
            // These phases clear the deadline when they are entered.
            break
        }
    }

    // MARK: Steps

    private func isHeldBack(_ policy: ClientPolicy) -> Bool {
        (policy.pausesOffline && !isOnline) || (policy.pausesHidden && !isVisible)
    }

    private mutating func gatesChanged(
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let heldBack = isHeldBack(policy)
        switch phase {
        case .waiting, .connecting, .connected, .exhausted:
            guard heldBack else { return }
            leaveTransport(close: .goingAway, actions: &actions)
            enter(.paused, &actions)
        case .paused:
            guard !heldBack else { return }
            if policy.reset.onResume { resetRetries() }
            switch policy.resume {
            case .immediately: attempt(at: now, policy: policy, actions: &actions)
            case .afterBackoff:
                scheduleRetry(close: nil, at: now, policy: policy, random: &random, actions: &actions)
            }
        case .stopped, .blocked:
            break
        }
    }

    /// Makes an attempt, or waits for the breaker to allow one.
    private mutating func attempt(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        if let breakerPolicy = policy.breaker {
            switch breaker.requestPermission(at: now, policy: breakerPolicy) {
            case .granted(let epoch):
                breakerEpoch = epoch
            case .refused(let until):
                // One attempt at a time: a probe of our own cannot be under way here, so there is always an end.
                phaseDeadline = until ?? now + breakerPolicy.openFor
                enter(.waiting, &actions)
                return
            }
        }
        generation &+= 1
        phaseDeadline = now + policy.connectTimeout
        enter(.connecting, &actions)
        actions.append(.openTransport(generation: generation))
    }

    private mutating func lost(
        close: Close,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if phase == .connecting, let breakerPolicy = policy.breaker {
            let transition = breaker.recordFailure(
                epoch: breakerEpoch,
                at: now,
                policy: breakerPolicy,
                random: &random
            )
            if case .opened(let until) = transition { actions.append(.breakerOpened(until: until)) }
        }
        phaseDeadline = .distantFuture
        stableAt = .distantFuture
        switch Self.response(to: close, policy) {
        case .stop:
            enter(.stopped, &actions)
        case .blockUntilNewCredentials:
            resetRetries()
            enter(.blocked, &actions)
        case .pause, nil:
            if let limit = policy.retryLimit, retryCount >= UInt32(clamping: limit) {
                enter(.exhausted, &actions)
                actions.append(.gaveUp)
            } else {
                scheduleRetry(close: close, at: now, policy: policy, random: &random, actions: &actions)
            }
        }
    }

    private mutating func scheduleRetry(
        close: Close?,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let delay = retryDelay(close: close, policy: policy, random: &random)
        var due = now + delay
        if policy.breaker != nil, case .open(let until) = breaker.state { due = max(due, until) }
        actions.append(.retryScheduled(at: due, retry: retryCount))
        retryCount &+= 1
        phaseDeadline = due
        enter(.waiting, &actions)
    }

    private mutating func retryDelay(
        close: Close?,
        policy: ClientPolicy,
        random: inout some RandomSource
    ) -> Interval {
        if let close, case .pause(let from, let to) = Self.response(to: close, policy) {
            guard to > from else { return from }
            return (from + (to - from).scaled(by: random.nextUniform())).flooredToMilliseconds
        }
        let own = policy.backoff.delay(beforeRetry: Int(retryCount), previous: previousDelay, random: &random)
        previousDelay = own
        // A hint of less than nothing is the server's mistake and must not shorten the wait.
        guard let hint = close?.retryAfter, hint >= .zero, case .honour(let fraction) = policy.retryAfter else {
            return own
        }
        let spread = fraction > 0 ? hint.scaled(by: fraction * random.nextUniform()) : .zero
        return max(own, hint) + spread
    }

    private static func response(to close: Close, _ policy: ClientPolicy) -> CloseRule.Response? {
        policy.closeRules.first { $0.codes.contains(close.code) }?.response
    }

    private mutating func resetRetries() {
        retryCount = 0
        previousDelay = nil
    }

    /// Closes whatever transport there is, gives a probe's permission back, and forgets the timers.
    private mutating func leaveTransport(close: Close, actions: inout ClientActions) {
        if phase == .connecting || phase == .connected {
            actions.append(.closeTransport(generation: generation, close: close))
        }
        if phase == .connecting { breaker.cancelPermission(epoch: breakerEpoch) }
        phaseDeadline = .distantFuture
        stableAt = .distantFuture
    }

    private mutating func enter(_ next: ConnectionPhase, _ actions: inout ClientActions) {
        guard next != phase else { return }
        actions.append(.phaseChanged(from: phase, to: next))
        phase = next
    }
}
