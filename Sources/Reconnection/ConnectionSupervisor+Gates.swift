import MonotonicTime

/// What the supervisor makes of a network, a screen and an app that come and go.
extension ConnectionSupervisor {
    mutating func networkChanged(
        isOnline: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let change = Change(policy.offline, was: self.isOnline, is: isOnline)
        self.isOnline = isOnline
        gatesChanged(change, at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func visibilityChanged(
        isVisible: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let change = Change(policy.hidden, was: self.isVisible, is: isVisible)
        self.isVisible = isVisible
        gatesChanged(change, at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func readinessChanged(
        isReady: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        self.isReady = isReady
        gatesChanged(.other, at: now, policy: policy, random: &random, actions: &actions)
    }

    /// What a word from the system changes for a gate.
    enum Change {
        case closes, opens, other

        init(_ gate: ClientPolicy.Gate, was: Bool, is now: Bool) {
            self = was && !now && gate == .closes ? .closes : !was && now ? .opens : .other
        }
    }

    func isHeldBack(_ policy: ClientPolicy) -> Bool {
        guard isOnline || policy.offline != .pauses, isReady else { return true }
        return policy.hidden == .pauses && !isVisible && !isWoken
    }

    func holdsAttempts(_ policy: ClientPolicy) -> Bool {
        (policy.offline == .holdsAttempts && !isOnline) || (policy.hidden == .holdsAttempts && !isVisible && !isWoken)
    }

    mutating func gatesChanged(
        _ change: Change,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let heldBack = isHeldBack(policy)
        switch phase {
        case .waiting, .connecting, .connected, .exhausted:
            if heldBack {
                leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
                enter(.paused, &actions)
            } else if change == .closes, phase == .connecting || phase == .connected {
                actions.append(.closeTransport(generation: generation, close: .goingAway))
                lost(close: .goingAway, at: now, policy: policy, random: &random, actions: &actions)
            } else if phase == .waiting, !holdsAttempts(policy),
                attemptIsHeld || (change == .opens && policy.returnEndsWait)
            {
                attempt(at: now, policy: policy, actions: &actions)
            }
        case .paused:
            guard !heldBack else { return }
            if policy.reset.onResume { resetRetries(policy) }
            outageSince = now
            isSuspended = false
            switch policy.resume {
            case .immediately:
                attempt(at: now, policy: policy, actions: &actions)
            case .afterBackoff:
                scheduleRetry(
                    close: nil,
                    wasConnected: false,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
                if policy.hazards.contains(.resumeIgnoresItsDelay) {
                    attemptBesideTimer(at: now, policy: policy, actions: &actions)
                }
            }
        case .stopped, .closing, .blocked:
            break
        }
    }
}
