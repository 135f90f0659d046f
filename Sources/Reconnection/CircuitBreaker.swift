public import MonotonicTime

/// Stops calls to something that keeps failing, and probes it now and then.
///
/// | state | event | next |
/// |---|---|---|
/// | closed | success | closed; counting in a row starts over |
/// | closed | failure, not enough counted | closed |
/// | closed | result, enough counted (see `Counting`) | open until now + open period |
/// | open | permission asked, not over | open: refused |
/// | open | permission asked, over | half-open: granted |
/// | half-open | permission asked, `probeLimit` under way | half-open: refused |
/// | half-open | success, `successesToClose` reached | closed |
/// | half-open | failure | open until now + open period |
///
/// With `probeShare` the last three rows read:
///
/// | state | event | next |
/// |---|---|---|
/// | half-open | permission asked, `probeLimit` under way or answered | half-open: refused |
/// | half-open | `probeLimit` results, the share failed | open until now + open period |
/// | half-open | `probeLimit` results, less failed | closed |
///
/// Each change of state starts a new epoch. A result belongs to the epoch of its permission; results of other epochs
/// are late, or made up, and ignored, whatever they say. `CircuitBreakerHazards` says how real breakers differ.
///
/// Every `Transition.opened` is one opening, or trip: from closed, from half-open, or, with
/// `failuresWhileOpenExtend`, an open period begun anew. A caller who counts trips counts those.
public struct CircuitBreaker: Sendable, Hashable {
    /// The three states.
    public enum State: Sendable, Hashable {
        /// Calls pass. Goes to open. The number is kept by `Counting.consecutive` alone, otherwise 0.
        case closed(consecutiveFailures: Int)
        /// Calls are refused until the instant (see `CircuitBreakerPolicy.endsStrictlyAfter`). Goes to half-open.
        case open(until: Instant)
        /// Some probes pass. Goes to closed or open.
        case halfOpen(probesUnderWay: Int, successes: Int)
    }

    /// The state without its payload.
    private enum Kind: UInt8 {
        /// Openings in a row start over.
        case closed
        /// The end of the open period alone closed it, under `noHalfOpen`: openings in a row go on.
        case closedByLook
        case open
        case halfOpen

        @inline(__always) var isClosed: Bool { rawValue <= Kind.closedByLook.rawValue }
    }

    // Millions of clients carry a breaker each: the state's payload takes one word, its case one byte.

    /// Closed: the failures in a row. Open: when the open period ends, in nanoseconds. Half-open: the probes under way
    /// in the lower half, the successes in the upper one.
    private var payload: Int64 = 0
    /// No element or one: allocated when a policy first needs it, because millions of breakers never do.
    private var history: [CircuitBreakerHistory] = []
    /// The current epoch.
    public private(set) var epoch: UInt32 = 0
    private var kind: Kind = .closed

    /// A closed breaker.
    public init() {}

    /// The current state.
    public var state: State {
        switch kind {
        case .closed, .closedByLook: .closed(consecutiveFailures: Int(payload))
        case .open: .open(until: Instant(nanoseconds: payload))
        case .halfOpen: .halfOpen(probesUnderWay: probesUnderWay, successes: successes)
        }
    }

    /// When the open period ends; nil unless open.
    var endOfOpenPeriod: Instant? { kind == .open ? Instant(nanoseconds: payload) : nil }

    private var probesUnderWay: Int { Int(UInt32(truncatingIfNeeded: payload)) }
    private var successes: Int { Int(UInt32(truncatingIfNeeded: payload >> 32)) }

    private mutating func setHalfOpen(probesUnderWay: Int, successes: Int) {
        kind = .halfOpen
        payload = Int64(UInt32(clamping: probesUnderWay)) | Int64(UInt32(clamping: successes)) << 32
    }

    /// Asks to make a call now.
    public mutating func requestPermission(at now: Instant, policy: CircuitBreakerPolicy) -> Permission {
        if kind.isClosed { return .granted(epoch: epoch) }
        return requestProbe(at: now, policy: policy)
    }

    @inline(never)
    private mutating func requestProbe(at now: Instant, policy: CircuitBreakerPolicy) -> Permission {
        switch kind {
        case .closed, .closedByLook:
            return .granted(epoch: epoch)
        case .open:
            let until = Instant(nanoseconds: payload)
            guard Self.isOver(until, at: now, policy: policy) else {
                return .refused(until: policy.endsStrictlyAfter ? until + .nanoseconds(1) : until)
            }
            guard !policy.hazards.contains(.noHalfOpen) else {
                closeByLook()
                return .granted(epoch: epoch)
            }
            if policy.probeShare != nil || !policy.hazards.contains(.openingKeepsCount) { forgetKeptFailures() }
            beginHalfOpen(probesUnderWay: 1)
            return .granted(epoch: epoch)
        case .halfOpen:
            let answered = policy.probeShare == nil ? 0 : successes + keptFailures
            guard probesUnderWay + answered < policy.probeLimit || policy.hazards.contains(.unlimitedProbes) else {
                return .refused(until: nil)
            }
            setHalfOpen(probesUnderWay: probesUnderWay + 1, successes: successes)
            return .granted(epoch: epoch)
        }
    }

    /// Whether the open period is still running: a look without the wish to call, such as a metric makes.
    ///
    /// Changes nothing, unless `noHalfOpen` is set: then a look after the end closes the breaker.
    public mutating func isOpen(at now: Instant, policy: CircuitBreakerPolicy) -> Bool {
        guard let until = endOfOpenPeriod else { return false }
        guard Self.isOver(until, at: now, policy: policy) else { return true }
        if policy.hazards.contains(.noHalfOpen) { closeByLook() }
        return false
    }

    /// Reports that a permitted call succeeded, for policies that count no shares.
    ///
    /// Without an instant nothing can be opened. A share of the last calls counts the success but is decided by the
    /// next result that has a time, a share within a time counts it in its last slice, and a `probeShare` that should
    /// open the breaker lets another `probeLimit` calls pass. Policies with shares want `recordSuccess(epoch:at:…)`.
    public mutating func recordSuccess(epoch: UInt32, policy: CircuitBreakerPolicy) -> Transition {
        // Nearly every result ends here: short enough to be inlined, as the rest is not.
        if kind.isClosed, case .consecutive = policy.counting, epoch == self.epoch {
            kind = .closed
            payload = 0
            return .none
        }
        return succeed(epoch: epoch, policy: policy)
    }

    @inline(never)
    private mutating func succeed(epoch: UInt32, policy: CircuitBreakerPolicy) -> Transition {
        switch countSuccess(epoch: epoch, at: nil, policy: policy) {
        case .stays:
            return .none
        case .closes:
            return close()
        case .opens:
            forgetKeptFailures()
            beginHalfOpen(probesUnderWay: 0)
            return .none
        }
    }

    /// Reports that a permitted call succeeded now. Draws only if this opens the breaker: by a share of the last calls
    /// or by `probeShare`. See `CircuitBreakerPolicy.openGrowth`.
    public mutating func recordSuccess(
        epoch: UInt32,
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        switch countSuccess(epoch: epoch, at: now, policy: policy) {
        case .stays: .none
        case .closes: close()
        case .opens: open(at: now, policy: policy, random: &random)
        }
    }

    /// Reports that a permitted call failed. Draws one number if this opens the breaker and its period is spread, or
    /// what `openGrowth` draws.
    public mutating func recordFailure(
        epoch: UInt32,
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        if kind.isClosed, case .consecutive = policy.counting, epoch == self.epoch,
            Int(payload) + 1 < policy.failuresToOpen
        {
            payload += 1
            return .none
        }
        return fail(epoch: epoch, at: now, policy: policy, random: &random)
    }

    /// The failures in a row of a closed breaker that counts those; nil for one that is not closed.
    var failuresInARow: Int? {
        kind.isClosed ? Int(payload) : nil
    }

    /// Counts a failure that does not open the breaker, which must be closed and count failures in a row.
    mutating func countFailureInARow() {
        if kind.isClosed { payload += 1 }
    }

    @inline(never)
    private mutating func fail(
        epoch: UInt32,
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        guard epoch == self.epoch || policy.hazards.contains(.lateResultsCount) else { return .none }
        switch kind {
        case .closed, .closedByLook:
            guard countFailure(at: now, policy: policy) else { return .none }
            return open(at: now, policy: policy, random: &random)
        case .halfOpen:
            if epoch == self.epoch { endProbe() }
            keepFailure(policy)
            switch probeResult(policy) {
            case .stays: return .none
            case .closes: return close()
            case .opens: return open(at: now, policy: policy, random: &random)
            }
        case .open:
            // No permission carries the epoch of an open period: a caller made the call without one.
            guard policy.hazards.contains(.failuresWhileOpenExtend) else { return .none }
            keepFailure(policy)
            guard keptFailures >= policy.failuresToOpen else { return .none }
            return open(at: now, policy: policy, random: &random)
        }
    }

    /// Gives a permission back whose call was abandoned: neither success nor failure.
    public mutating func cancelPermission(epoch: UInt32) {
        guard kind == .halfOpen, epoch == self.epoch else { return }
        endProbe()
    }

    // MARK: Counting

    /// What a counted result asks for.
    private enum Outcome {
        case stays, closes, opens
    }

    private mutating func countSuccess(epoch: UInt32, at now: Instant?, policy: CircuitBreakerPolicy) -> Outcome {
        guard epoch == self.epoch || policy.hazards.contains(.lateResultsCount) else { return .stays }
        switch kind {
        case .closed, .closedByLook:
            kind = .closed
            return countSuccessWhileClosed(at: now, policy: policy) ? .opens : .stays
        case .halfOpen:
            if epoch == self.epoch { endProbe() }
            setHalfOpen(probesUnderWay: probesUnderWay, successes: successes + 1)
            guard policy.probeShare == nil else { return probeResult(policy) }
            forgetKeptFailures()
            return successes >= policy.successesToClose ? .closes : .stays
        case .open:
            if policy.hazards.contains(.successWhileOpenCloses) { return .closes }
            if policy.hazards.contains(.lateResultsCount) { forgetKeptFailures() }
            return .stays
        }
    }

    /// Whether a success while closed opens the breaker.
    private mutating func countSuccessWhileClosed(at now: Instant?, policy: CircuitBreakerPolicy) -> Bool {
        switch policy.counting {
        case .consecutive:
            payload = 0
            return false
        case .slidingWindow:
            return false
        case .consecutiveWithin:
            removeResults()
            return false
        case .failureShare(let share, let size, let minimum):
            let (failures, calls) = withHistory { $0.addResult(isFailure: false, toLast: size) }
            return now != nil && calls >= min(minimum, size) && share.isReached(failures: failures, calls: calls)
        case .failureShareWithin(_, let window, let slices, _):
            _ = withHistory { $0.addResult(isFailure: false, at: now, within: window, slices: slices) }
            return false
        }
    }

    /// Whether a failure while closed opens the breaker.
    private mutating func countFailure(at now: Instant, policy: CircuitBreakerPolicy) -> Bool {
        switch policy.counting {
        case .consecutive:
            payload += 1
            return Int(payload) >= policy.failuresToOpen
        case .slidingWindow(let window), .consecutiveWithin(let window):
            return withHistory { $0.addFailure(at: now, within: window) } >= policy.failuresToOpen
        case .failureShare(let share, let size, let minimum):
            let (failures, calls) = withHistory { $0.addResult(isFailure: true, toLast: size) }
            return calls >= min(minimum, size) && share.isReached(failures: failures, calls: calls)
        case .failureShareWithin(let share, let window, let slices, let minimum):
            let (failures, calls) = withHistory {
                $0.addResult(isFailure: true, at: now, within: window, slices: slices)
            }
            return calls >= minimum && share.isReached(failures: failures, calls: calls)
        }
    }

    /// What a failure while half-open asks for, or any result where `probeShare` decides.
    private func probeResult(_ policy: CircuitBreakerPolicy) -> Outcome {
        let failures = keptFailures
        if let share = policy.probeShare {
            guard successes + failures >= policy.probeLimit else { return .stays }
            return share.isReached(failures: failures, calls: successes + failures) ? .opens : .closes
        }
        return policy.hazards.contains(.openingKeepsCount) && failures < policy.failuresToOpen ? .stays : .opens
    }

    private mutating func endProbe() {
        setHalfOpen(probesUnderWay: max(0, probesUnderWay - 1), successes: successes)
    }

    /// Failures while not closed; kept only for policies that look at them. Open: `failuresToOpen`, whatever opened it,
    /// and those since; none after a late success. Half-open: the failed probes of `probeShare`, or what
    /// `openingKeepsCount` kept.
    private var keptFailures: Int { Int(history.first?.keptFailures ?? 0) }

    private static func keepsFailures(_ policy: CircuitBreakerPolicy) -> Bool {
        policy.probeShare != nil || !policy.hazards.isDisjoint(with: [.failuresWhileOpenExtend, .openingKeepsCount])
    }

    private mutating func keepFailure(_ policy: CircuitBreakerPolicy) {
        guard Self.keepsFailures(policy) else { return }
        withHistory { if $0.keptFailures < .max { $0.keptFailures += 1 } }
    }

    private mutating func forgetKeptFailures() {
        if !history.isEmpty { history[0].keptFailures = 0 }
    }

    // MARK: Changing state

    private static func isOver(_ until: Instant, at now: Instant, policy: CircuitBreakerPolicy) -> Bool {
        policy.endsStrictlyAfter ? now > until : now >= until
    }

    private mutating func open(
        at now: Instant,
        policy: CircuitBreakerPolicy,
        random: inout some RandomSource
    ) -> Transition {
        let until = now + openPeriod(policy: policy, random: &random)
        if Self.keepsFailures(policy) {
            withHistory { $0.keptFailures = UInt32(clamping: policy.failuresToOpen) }
        }
        removeResults()
        // An open period begun anew is no change of state.
        if kind != .open { epoch &+= 1 }
        kind = .open
        payload = until.nanoseconds
        return .opened(until: until)
    }

    private mutating func openPeriod(policy: CircuitBreakerPolicy, random: inout some RandomSource) -> Interval {
        guard let growth = policy.openGrowth else {
            let spread = policy.openJitterFraction > 0 ? policy.openJitterFraction * random.nextUniform() : 0
            return policy.openFor + policy.openFor.scaled(by: spread)
        }
        let openings = kind == .closed ? 0 : history.first?.openingsInARow ?? 0
        let last = openings == 0 ? nil : history.first?.lastOpenPeriod
        let period = growth.delay(beforeRetry: Int(openings), previous: last, random: &random)
        withHistory {
            $0.lastOpenPeriod = period
            $0.openingsInARow = openings < .max ? openings + 1 : openings
        }
        return period
    }

    private mutating func close() -> Transition {
        forgetKeptFailures()
        removeResults()
        enterClosed(.closed)
        return .closed
    }

    /// Closes because the open period is over; no success has said so, and openings in a row go on.
    private mutating func closeByLook() {
        forgetKeptFailures()
        enterClosed(.closedByLook)
    }

    private mutating func enterClosed(_ closed: Kind) {
        kind = closed
        payload = 0
        epoch &+= 1
    }

    private mutating func beginHalfOpen(probesUnderWay: Int) {
        setHalfOpen(probesUnderWay: probesUnderWay, successes: 0)
        epoch &+= 1
    }

    // MARK: Rare state

    private mutating func withHistory<Result>(_ body: (inout CircuitBreakerHistory) -> Result) -> Result {
        if history.isEmpty { history.append(CircuitBreakerHistory()) }
        return body(&history[0])
    }

    private mutating func removeResults() {
        guard !history.isEmpty else { return }
        history[0].removeResults()
    }
}
