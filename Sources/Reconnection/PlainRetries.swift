package import MonotonicTime

/// Retries for which nothing counts but backoff, limit and a breaker that counts failures in a row: what most policies
/// are about most of the time, prepared once for all clients of a policy.
///
/// A driver of many clients may take these short ways instead of `advance` and `transportLost`. Each ends where the
/// general way ends, to the bit, or does nothing and says so. What they leave out are the actions: their driver knows
/// what they would be.
package struct PlainRetries: ~Copyable {
    /// Whether the policy's retries are such; if not, no short way is ever taken.
    package let arePlain: Bool
    /// Whether each delay draws a number.
    package let drawsNumber: Bool
    fileprivate let connectTimeout: Interval
    /// `UInt32.max` for no limit.
    fileprivate let retryLimit: UInt32
    /// The failures in a row that open the breaker; nil without one.
    fileprivate let failuresToOpen: Int?
    fileprivate let timeToLive: Interval
    /// The spreads of the first delays. A retry beyond them goes the general way.
    fileprivate let spreads: UnsafeMutableBufferPointer<Backoff.Spread>

    private static let mostRetries = 64

    /// The retries of a policy.
    package init(_ policy: ClientPolicy) {
        let isPlain =
            policy.hazards.isEmpty && !policy.hasStrategy && policy.closeRules.isEmpty && policy.pollLoop == nil
            && policy.group == nil && policy.suspension == nil && policy.transportRetry == nil
            && policy.elapsedLimit == .max && policy.retriesFirstConnect && policy.waitsFrom == .failure
            && !policy.preparesAttempts && policy.offline != .holdsAttempts && policy.hidden != .holdsAttempts
        let breaksPlainly = policy.breaker.map { $0.counting == .consecutive && $0.hazards.isEmpty } ?? true
        var isAfterQuiet = false
        if case .afterQuiet = policy.reset.afterSuccess { isAfterQuiet = true }
        let spreads = policy.backoff.spreads(ofRetries: Self.mostRetries) ?? []
        arePlain = isPlain && breaksPlainly && !isAfterQuiet && !spreads.isEmpty
        drawsNumber = policy.backoff.isJittered
        connectTimeout = policy.connectTimeout
        retryLimit = policy.retryLimit.map { UInt32(clamping: $0) } ?? .max
        failuresToOpen = policy.breaker.map { $0.failuresToOpen }
        timeToLive = policy.outbox.timeToLive
        self.spreads = .allocate(capacity: spreads.count)
        _ = self.spreads.initialize(from: spreads)
    }

    deinit { spreads.deallocate() }
}

extension ReconnectingClient {
    /// An attempt that has begun.
    package struct BegunAttempt: BitwiseCopyable {
        package let generation: UInt32
        /// When the client has something to do next.
        package let nextDeadline: Instant
    }

    /// Makes the attempt that is due, as `advance` does, if the way is short. The actions left out are `phaseChanged`
    /// and `openTransport`.
    package mutating func beginRetry(at now: Instant, _ retries: borrowing PlainRetries) -> BegunAttempt? {
        guard retries.arePlain, supervisor.canBeginRetry(at: now) else { return nil }
        let expiry = outbox.nextExpiry(retries.timeToLive)
        guard expiry > now else { return nil }
        supervisor.beginRetry(at: now, retries)
        return BegunAttempt(
            generation: supervisor.generation,
            nextDeadline: min(supervisor.phaseDeadline, expiry)
        )
    }

    /// The attempt of this generation has failed, as `transportLost` hears of it, with a close that asks for nothing, if
    /// the way is short. The actions left out are `retryScheduled` and `phaseChanged`.
    ///
    /// - Parameter uniform: a number drawn for the delay where `drawsNumber` says so, else any finite number. It is used
    ///   up unless there was no short way.
    /// - Returns: when the client has something to do next; nil, and nothing has changed, if the way is not short.
    package mutating func failRetry(
        generation: UInt32,
        at now: Instant,
        _ retries: borrowing PlainRetries,
        uniform: Double
    ) -> Instant? {
        guard retries.arePlain, supervisor.canFailRetry(generation: generation, retries) else { return nil }
        supervisor.failRetry(at: now, retries, uniform: uniform)
        return min(supervisor.phaseDeadline, outbox.nextExpiry(retries.timeToLive))
    }
}

extension ConnectionSupervisor {
    @inline(__always)
    fileprivate func canBeginRetry(at now: Instant) -> Bool {
        phase == .waiting && phaseDeadline <= now && milestone > now && rare.isEmpty && breaker.failuresInARow != nil
    }

    @inline(__always)
    fileprivate mutating func beginRetry(at now: Instant, _ retries: borrowing PlainRetries) {
        attemptIsHeld = false
        breakerEpoch = breaker.epoch
        lastGeneration &+= 1
        generation = lastGeneration
        if outageSince == .distantPast { outageSince = now }
        phaseDeadline = now + retries.connectTimeout
        enterSilently(.connecting)
    }

    @inline(__always)
    fileprivate func canFailRetry(generation: UInt32, _ retries: borrowing PlainRetries) -> Bool {
        guard generation == self.generation, phase == .connecting, rare.isEmpty,
            retryCount < min(retries.retryLimit, UInt32(retries.spreads.count))
        else { return false }
        guard let limit = retries.failuresToOpen else { return true }
        guard let failures = breaker.failuresInARow else { return false }
        return failures + 1 < limit && breakerEpoch == breaker.epoch
    }

    @inline(__always)
    fileprivate mutating func failRetry(at now: Instant, _ retries: borrowing PlainRetries, uniform: Double) {
        if retries.failuresToOpen != nil { breaker.countFailureInARow() }
        if outageSince == .distantPast { outageSince = now }
        let spread = retries.spreads[Int(retryCount)]
        let delay = Interval(roundingNanoseconds: spread.least + uniform * spread.width)
        phaseDeadline = now + delay
        milestone = .distantFuture
        retryCount &+= 1
        enterSilently(.waiting)
    }
}
