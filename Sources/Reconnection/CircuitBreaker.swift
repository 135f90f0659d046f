public import MonotonicTime

/// Settings of a circuit breaker.
public struct CircuitBreakerPolicy: Sendable, Hashable {
    /// Which failures count towards opening.
    public enum Counting: Sendable, Hashable {
        /// Failures in a row; a success starts over.
        case consecutive
        /// Failures within this long before now; one exactly so old no longer counts. Successes change nothing.
        case slidingWindow(Interval)
    }

    /// Which failures count.
    public var counting: Counting
    /// So many counted failures open the breaker; at least 1.
    public var failuresToOpen: Int
    /// How long it stays open before probes are let through.
    public var openFor: Interval
    /// Spread of the open period: it lasts openFor + openFor · fraction · U. 0 draws nothing; clients tripped by the
    /// same outage then probe in the same instant.
    public var openJitterFraction: Double
    /// How many probes may be under way at once while half-open; at least 1.
    public var probeLimit: Int
    /// So many successful probes close it; at least 1.
    public var successesToClose: Int

    /// A breaker's settings; the defaults are those most libraries share.
    public init(
        counting: Counting = .consecutive,
        failuresToOpen: Int = 5,
        openFor: Interval = .seconds(30),
        openJitterFraction: Double = 0,
        probeLimit: Int = 1,
        successesToClose: Int = 1
    ) {
        self.counting = counting
        self.failuresToOpen = failuresToOpen
        self.openFor = openFor
        self.openJitterFraction = openJitterFraction
        self.probeLimit = probeLimit
        self.successesToClose = successesToClose
    }
}

/// Stops calls to something that keeps failing, and probes it now and then.
///
/// | state | event | next |
/// |---|---|---|
/// | closed | success | closed; consecutive counting starts over |
/// | closed | failure, fewer than `failuresToOpen` counted | closed |
/// | closed | failure, `failuresToOpen` counted | open until now + open period |
/// | open | permission asked, now < end | open: refused |
/// | open | permission asked, now ≥ end | half-open: granted |
/// | half-open | permission asked, `probeLimit` under way | half-open: refused |
/// | half-open | success, `successesToClose` reached | closed |
/// | half-open | failure | open until now + open period |
///
/// Each change of state starts a new epoch. A result belongs to the epoch of its permission; results of earlier
/// epochs are late and ignored, whatever they say.
public struct CircuitBreaker: Sendable, Hashable {
    /// The three states.
    public enum State: Sendable, Hashable {
        /// Calls pass. Goes to open.
        case closed(consecutiveFailures: Int)
        /// Calls are refused until the instant. Goes to half-open.
        case open(until: Instant)
        /// Some probes pass. Goes to closed or open.
        case halfOpen(probesUnderWay: Int, successes: Int)
    }

    /// The answer to a request to make a call.
    public enum Permission: Sendable, Hashable {
        /// Go ahead, and report the result with this epoch.
        case granted(epoch: UInt32)
        /// Do not call. Asking again makes sense from that instant; nil: after a probe under way has ended.
        case refused(until: Instant?)
    }

    /// What a result did to the breaker.
    public enum Transition: Sendable, Hashable {
        /// The state is the same, or the result was late.
        case none
        /// It opened, or opened again.
        case opened(until: Instant)
        /// It closed after probes succeeded.
        case closed
    }

    /// The current state.
    public private(set) var state: State = .closed(consecutiveFailures: 0)
    /// The current epoch.
    public private(set) var epoch: UInt32 = 0
    /// When the counted failures happened, oldest first; used by the sliding window alone.
    private var recentFailures: [Instant] = []

    /// A closed breaker.
    public init() {}

    /// Asks to make a call now.
    public mutating func requestPermission(at now: Instant, policy: CircuitBreakerPolicy) -> Permission {
        switch state {
        case .closed:
            return .granted(epoch: epoch)
        case .open(let until) where now < until:
            return .refused(until: until)
        case .open:
            enter(.halfOpen(probesUnderWay: 1, successes: 0))
            return .granted(epoch: epoch)
        case .halfOpen(let probes, let successes):
            guard probes < policy.probeLimit else { return .refused(until: nil) }
            state = .halfOpen(probesUnderWay: probes + 1, successes: successes)
            return .granted(epoch: epoch)
        }
    }

    /// Reports that a permitted call succeeded.
    public mutating func recordSuccess(epoch: UInt32, policy: CircuitBreakerPolicy) -> Transition {
        guard epoch == self.epoch else { return .none }
        switch state {
        case .closed:
            state = .closed(consecutiveFailures: 0)
            return .none
        case .halfOpen(let probes, let successes):
            guard successes + 1 >= policy.successesToClose else {
                state = .halfOpen(probesUnderWay: max(0, probes - 1), successes: successes + 1)
                return .none
            }
            recentFailures.removeAll()
            enter(.closed(consecutiveFailures: 0))
            return .closed
        case .open:
            // No permission carries the epoch of an open period: a caller made this one up. Harmless.
            return .none
        }
    }

    /// Reports that a permitted call failed. Draws one number if this opens the breaker and its period is spread.
    public mutating func recordFailure(
        epoch: UInt32,
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        guard epoch == self.epoch else { return .none }
        switch state {
        case .closed(let failures):
            guard countFailure(after: failures, at: now, policy: policy) >= policy.failuresToOpen else { return .none }
            return open(at: now, policy: policy, random: &random)
        case .halfOpen:
            return open(at: now, policy: policy, random: &random)
        case .open:
            return .none
        }
    }

    /// Gives a permission back whose call was abandoned: neither success nor failure.
    public mutating func cancelPermission(epoch: UInt32) {
        guard epoch == self.epoch, case .halfOpen(let probes, let successes) = state else { return }
        state = .halfOpen(probesUnderWay: max(0, probes - 1), successes: successes)
    }

    private mutating func countFailure(after failures: Int, at now: Instant, policy: CircuitBreakerPolicy) -> Int {
        switch policy.counting {
        case .consecutive:
            state = .closed(consecutiveFailures: failures + 1)
            return failures + 1
        case .slidingWindow(let window):
            recentFailures.removeAll { now - $0 >= window }
            recentFailures.append(now)
            return recentFailures.count
        }
    }

    private mutating func open(
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        let spread = policy.openJitterFraction > 0 ? policy.openJitterFraction * random.nextUniform() : 0
        let until = now + policy.openFor + policy.openFor.scaled(by: spread)
        recentFailures.removeAll()
        enter(.open(until: until))
        return .opened(until: until)
    }

    private mutating func enter(_ next: State) {
        state = next
        epoch &+= 1
    }
}
