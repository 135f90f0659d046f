import MonotonicTime

/// When the supervisor tries again, and when it no longer does.
extension ConnectionSupervisor {
    func isAtLimit(_ wasConnected: Bool, _ policy: ClientPolicy) -> Bool {
        if !policy.retriesFirstConnect, !hasOpened { return true }
        guard let limit = policy.retryLimit else { return false }
        if wasConnected, policy.hazards.contains(.dropsIgnoreLimit) { return false }
        return retryCount >= UInt32(clamping: limit)
    }

    /// Sees to it that the suspension begins in time; where that time has passed unnoticed, it has begun.
    @inline(__always)
    mutating func armSuspension(at now: Instant, _ policy: ClientPolicy) {
        guard let suspension = policy.suspension, !isSuspended else { return }
        let begin = outageSince + suspension.after
        isSuspended = begin <= now
        milestone = isSuspended ? .distantFuture : begin
    }

    mutating func suspend(
        _ suspension: ClientPolicy.Suspension,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        guard phase == .waiting || phase == .connecting else { return }
        leaveTransport(close: .goingAway, at: now, policy: policy, actions: &actions)
        isSuspended = true
        phaseDeadline = now + suspension.retryEvery
        actions.append(.retryScheduled(at: phaseDeadline, retry: retryCount))
        enter(.waiting, &actions)
    }

    mutating func scheduleRetry(
        close: Close?,
        wasConnected: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        guard !ignoresRequest(policy) else {
            enter(.waiting, &actions)
            return
        }
        if outageSince == .distantPast { outageSince = now }
        armSuspension(at: now, policy)
        var pause: (from: Interval, to: Interval)?
        if !policy.closeRules.isEmpty, let close, case .pause(let from, let to) = Self.response(to: close, policy) {
            pause = (from, to)
        }
        let decided: Instant?
        if let pause {
            decided = now + Self.pause(pause.from, pause.to, &random)
        } else {
            decided = retryInstant(close, wasConnected, at: now, policy: policy, random: &random)
        }
        guard var due = decided, policy.elapsedLimit == .max || due - outageSince <= policy.elapsedLimit else {
            milestone = .distantFuture
            enter(.exhausted, &actions)
            actions.append(.gaveUp)
            return
        }
        // Whether it is open is asked first: it seldom is, and its policy is large.
        if let end = breaker.endOfOpenPeriod, let breakerPolicy = policy.breaker,
            !policy.hazards.contains(.breakerGuardsStartOnly), breaker.isOpen(at: now, policy: breakerPolicy)
        {
            let until = breakerPolicy.endsStrictlyAfter ? end + .nanoseconds(1) : end
            if policy.hazards.contains(.breakerArmsNothing) {
                milestone = .distantFuture
                enter(.stopped, &actions)
                return
            }
            due = max(due, until)
        }
        actions.append(.retryScheduled(at: due, retry: retryCount))
        let isFree = wasConnected && policy.afterDrop?.counts == false && pause == nil
        if !isFree, !policy.hazards.contains(.countsWhenRetrying) { retryCount &+= 1 }
        arm(due, policy)
        enter(.waiting, &actions)
    }

    /// When the next retry begins where no close rule says so; nil if the policy gives up.
    private mutating func retryInstant(
        _ close: Close?,
        _ wasConnected: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource
    ) -> Instant? {
        if isSuspended, let suspension = policy.suspension { return now + suspension.retryEvery }
        let due: Instant
        if wasConnected, let afterDrop = policy.afterDrop {
            due = dropRetry(afterDrop, at: now)
        } else if policy.hasStrategy, let custom = policy.strategy {
            let failure = RetryFailure(
                retry: Int(retryCount),
                close: close ?? .normal,
                wasConnected: wasConnected,
                elapsed: now - outageSince
            )
            var remembered = RetryStrategyMemory()
            remembered.value = memory.value
            let decision = custom.strategy.decision(after: failure, memory: &remembered, random: &random)
            memory.value = remembered.value
            guard case .wait(let delay) = decision else { return nil }
            due = end(of: max(.zero, delay), at: now, policy)
        } else {
            let delay = policy.backoff.delay(beforeRetry: Int(retryCount), memory: &memory, random: &random)
            due = end(of: delay, at: now, policy)
        }
        // A hint of less than nothing is the server's mistake and must not shorten the wait.
        guard let hint = close?.retryAfter, hint >= .zero, case .honour(let fraction) = policy.retryAfter else {
            return due
        }
        let spread = fraction > 0 ? hint.scaled(by: fraction * random.nextUniform()) : .zero
        return max(due, now + hint) + spread
    }

    /// When a delay is over; not before now.
    @inline(__always)
    private func end(of delay: Interval, at now: Instant, _ policy: ClientPolicy) -> Instant {
        let wait = policy.hazards.timer(delay)
        return policy.waitsFrom == .attemptStart ? endSinceAttempt(of: wait, at: now) : max(now, now + wait)
    }

    static func pause(_ from: Interval, _ to: Interval, _ random: inout some RandomSource) -> Interval {
        guard to > from else { return from }
        // In milliseconds, as JavaScript counts: the largest number still stays below the upper end.
        let width = Double((to - from).nanoseconds) / 1e6
        let part = Interval.milliseconds(Int64((random.nextUniform() * width).rounded(.down)))
        return (from + part).flooredToMilliseconds
    }

    static func response(to close: Close, _ policy: ClientPolicy) -> CloseRule.Response? {
        policy.closeRules.isEmpty ? nil : policy.closeRules.first { $0.applies(to: close) }?.response
    }
}
