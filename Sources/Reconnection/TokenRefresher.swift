public import MonotonicTime

/// From when to when a token is good. The token itself stays with the caller.
public struct TokenLifetime: Sendable, Hashable {
    /// When it was issued.
    public var issuedAt: Instant
    /// When it ends: at this instant it is no longer good. `.distantFuture` means never.
    public var expiresAt: Instant

    /// A lifetime between two instants; one that ends before it begins has no length.
    public init(issuedAt: Instant, expiresAt: Instant) {
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// The length, zero or more; `Interval.max` for a token without end.
    public var length: Interval {
        expiresAt == .distantFuture ? .max : max(.zero, expiresAt - issuedAt)
    }
}

/// Why there is no usable token any more.
public enum TokenExpiryCause: String, Sendable, Hashable, CaseIterable {
    /// Its lifetime is over. A refresh under way may still bring a new one, and the next caller may ask for one.
    case lifetimeOver = "lifetime-over"
    /// The server refused to refresh it (401, or 400 with `invalid_grant`): the user must log in.
    case refused
    /// Its time has come and there is nothing to refresh it with: the user must log in.
    case noRefreshToken = "no-refresh-token"
    /// A refresh failed. Only with the hazard `failureExpires`.
    case refreshFailed = "refresh-failed"
}

/// Something a token refresher wants done or told.
public enum TokenRefreshAction: Sendable, Hashable {
    /// Ask the server for a new token, and report the end of it with this number.
    case refresh(attempt: UInt32)
    /// The new token is in force, under this epoch. Whoever waited for a refresh may go on.
    case refreshed(epoch: UInt32)
    /// That attempt failed for now. Whoever waited for it may ask again, or give up.
    case failed(attempt: UInt32)
    /// There is no usable token.
    case expired(TokenExpiryCause)
    /// Nothing is to be done until then.
    case waiting(until: Instant)
}

/// Keeps a token fresh: decides when it is refreshed, for whom, and when it is lost.
///
/// | state | event | next |
/// |---|---|---|
/// | stopped | start with a token | waiting for the planned refresh; epoch + 1 |
/// | stopped | start without a token | running without a token, until somebody needs one; epoch + 1 |
/// | waiting | planned instant | refreshing: `refresh` |
/// | waiting, or without a token | token needed, `demand` met | refreshing: `refresh` |
/// | waiting | token refused by the server | refreshing, if `refreshesAfterRejection` |
/// | refreshing | token needed, `demand` met | refreshing: the caller shares the attempt under way |
/// | refreshing | success | waiting for the new token's planned refresh; epoch + 1: `refreshed` |
/// | refreshing | failed for now, next try before expiry | waiting for the next try: `failed`, `waiting` |
/// | refreshing | failed for now, otherwise | no timer; the next caller tries again after the wait: `failed` |
/// | refreshing | refused for good | ended: `expired` |
/// | running | token expires, refresh token there | the same without a usable token: `expired` |
/// | running | token expires, no refresh token | ended: `expired` |
/// | ended | anything but start and stop | ended: nobody gets a token |
/// | any | start | as from stopped: somebody else logged in |
/// | any | stop | stopped, token forgotten; epoch + 1 |
///
/// A result belongs to an attempt under way, by its number. Results after a stop, a start or an end, repeated ones and
/// made-up ones are ignored; logging out during a refresh therefore stays logged out. Each attempt must be reported
/// once: the driver's request needs a time-out of its own, since only the driver knows whether an answer that comes
/// late carried a refresh token that replaces the old one.
///
/// The planned refresh of a token stands at p (see `TokenRefreshPolicy.Schedule`), is put off by
/// U · min(spread, expiry − margin − p), is not in the past, and comes no sooner after another refresh than
/// `minimumPause`. Where both fall together the refresh begins before the expiry is announced.
///
/// Draws: one number for each token taken over, if the policy refreshes by itself and `spread` is above zero, whether
/// there is room for it or not; one for each failure for now whose `retry` has jitter.
public struct TokenRefresher: Sendable, Hashable {
    /// The answer to a caller who needs a token.
    public enum Answer: Sendable, Hashable {
        /// Use the token of this epoch, the current one.
        case useCurrent(epoch: UInt32)
        /// Wait for `refreshed`, `failed` with this number, or `expired`.
        case waitForRefresh(attempt: UInt32)
        /// There is no usable token, and none is on its way: the request fails.
        case noToken
    }

    /// How a refresh failed.
    public enum Failure: Sendable, Hashable {
        /// For now: no network, no answer, too busy, a server's fault.
        case transient
        /// For good: 401, or 400 with `invalid_grant`.
        case refused
    }

    /// The current token's lifetime; nil if there is none.
    public private(set) var token: TokenLifetime?
    /// Numbers the tokens: rises with each token, start and stop.
    public private(set) var epoch: UInt32 = 0
    /// Whether somebody is logged in.
    public private(set) var isRunning = false
    /// Why there will be no token until the next start; nil if there may be one.
    public private(set) var ended: TokenExpiryCause?
    /// The number of the last attempt.
    public private(set) var lastAttempt: UInt32 = 0
    /// How many attempts have failed since the last success or start.
    public private(set) var failures = 0
    /// When the next refresh begins by itself; `.distantFuture` if none is planned.
    public private(set) var nextRefresh: Instant = .distantFuture
    /// When the end of the token is to be announced; `.distantFuture` if it is not, or no more.
    public private(set) var nextExpiry: Instant = .distantFuture
    /// The attempts under way, oldest first; more than one only if callers do not share.
    public private(set) var attemptsUnderWay: [UInt32] = []

    private var hasRefreshToken = false
    /// Whether the server refused the current token.
    private var isRejected = false
    /// Callers cause no refresh before this instant, because of the schedule.
    private var demandFrom: Instant = .distantPast
    /// Callers cause no refresh before this instant, because of the last one.
    private var pauseEnd: Instant = .distantPast
    /// The last delay before a retry.
    private var previousDelay: Interval?

    /// A stopped refresher.
    public init() {}

    /// The next instant at which `advance` has something to do; `.distantFuture` if there is none.
    public var nextDeadline: Instant { min(nextRefresh, nextExpiry) }

    // MARK: What the app says

    /// Somebody logged in, or a session was restored.
    ///
    /// - Parameters:
    ///   - token: the token at hand; nil if one is still to be fetched by the first caller.
    ///   - hasRefreshToken: whether there is anything to get a new one with.
    public mutating func start(
        token: TokenLifetime?,
        hasRefreshToken: Bool = true,
        at now: Instant,
        policy: TokenRefreshPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) {
        reset(policy: policy)
        isRunning = true
        self.hasRefreshToken = hasRefreshToken
        guard let token else { return }
        adopt(token, earliest: now, at: now, policy: policy, random: &random, actions: &actions)
    }

    /// Somebody logged out. Ignored while stopped.
    public mutating func stop(policy: TokenRefreshPolicy) {
        guard isRunning else { return }
        reset(policy: policy)
    }

    /// Somebody needs a token now.
    public mutating func tokenNeeded(
        at now: Instant,
        policy: TokenRefreshPolicy,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) -> Answer {
        guard isRunning, ended == nil else { return .noToken }
        if isUsable(at: now), !isDemandMet(at: now, policy: policy) { return .useCurrent(epoch: epoch) }
        if let attempt = attempt(forCallerAt: now, isAllowed: policy.demand != .never, policy: policy, &actions) {
            return .waitForRefresh(attempt: attempt)
        }
        return isUsable(at: now) ? .useCurrent(epoch: epoch) : .noToken
    }

    /// The server refused a request because of its token (HTTP 401).
    ///
    /// - Parameters:
    ///   - epoch: that of the token used. If there is a newer one, the answer is as if a token were needed.
    ///   - isRepeat: whether the request has been repeated for this reason before; it is repeated once at most.
    /// - Returns: with which token to repeat the request; `noToken`: not at all.
    public mutating func tokenRejected(
        epoch: UInt32,
        isRepeat: Bool,
        at now: Instant,
        policy: TokenRefreshPolicy,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) -> Answer {
        guard isRunning, ended == nil, !isRepeat, policy.refreshesAfterRejection else { return .noToken }
        guard epoch == self.epoch else { return tokenNeeded(at: now, policy: policy, actions: &actions) }
        isRejected = true
        guard let attempt = attempt(forCallerAt: now, isAllowed: true, policy: policy, &actions) else {
            return .noToken
        }
        return .waitForRefresh(attempt: attempt)
    }

    // MARK: What becomes of attempts

    /// An attempt brought a new token.
    public mutating func refreshSucceeded(
        attempt: UInt32,
        token: TokenLifetime,
        at now: Instant,
        policy: TokenRefreshPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) {
        guard end(attempt) else { return }
        // Only a stop that leaves refreshes running lets one of them come here while stopped.
        isRunning = true
        hasRefreshToken = true
        failures = 0
        previousDelay = nil
        pauseEnd = now + pause(policy)
        epoch &+= 1
        actions.append(.refreshed(epoch: epoch))
        adopt(token, earliest: pauseEnd, at: now, policy: policy, random: &random, actions: &actions)
    }

    /// An attempt failed.
    public mutating func refreshFailed(
        attempt: UInt32,
        _ failure: Failure,
        at now: Instant,
        policy: TokenRefreshPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) {
        guard end(attempt), isRunning else { return }
        if failure == .refused {
            finish(.refused, actions: &actions)
            return
        }
        if policy.hazards.contains(.failureExpires) {
            finish(.refreshFailed, actions: &actions)
            return
        }
        actions.append(.failed(attempt: attempt))
        guard let retry = policy.retry else {
            pauseEnd = now + pause(policy)
            return
        }
        let delay = retry.delay(beforeRetry: failures, previous: previousDelay, random: &random)
        failures += 1
        previousDelay = delay
        pauseEnd = now + max(delay, pause(policy))
        // What expires without announcement is not refreshed by itself either.
        guard nextExpiry != .distantFuture, pauseEnd < nextExpiry else { return }
        nextRefresh = pauseEnd
        actions.append(.waiting(until: nextRefresh))
    }

    /// Does what is due: first a refresh, then the announcement of an end.
    public mutating func advance(
        to now: Instant,
        policy: TokenRefreshPolicy,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) {
        if nextRefresh <= now {
            if hasRefreshToken {
                begin(&actions)
            } else {
                finish(.noRefreshToken, actions: &actions)
            }
        }
        if nextExpiry <= now {
            nextExpiry = .distantFuture
            if hasRefreshToken {
                actions.append(.expired(.lifetimeOver))
            } else {
                finish(.noRefreshToken, actions: &actions)
            }
        }
    }

    // MARK: Steps

    /// Takes a token over and plans its refresh.
    private mutating func adopt(
        _ token: TokenLifetime,
        earliest: Instant,
        at now: Instant,
        policy: TokenRefreshPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<TokenRefreshAction>
    ) {
        self.token = token
        isRejected = false
        nextRefresh = .distantFuture
        nextExpiry = .distantFuture
        demandFrom = .distantPast
        guard let planned = plannedRefresh(of: token, policy: policy) else { return }
        let uniform = policy.spread > .zero ? random.nextUniform() : 0
        demandFrom = planned
        nextExpiry = token.expiresAt
        // Without a refresh token only the document's sketch has anything planned: the end, and too early.
        guard hasRefreshToken || policy.hazards.contains(.failureExpires), planned != .distantFuture else { return }
        let room = max(.zero, token.expiresAt - policy.expiryMargin - planned)
        let wished = planned + min(policy.spread, room).scaled(by: uniform)
        let overflows =
            policy.hazards.contains(.browserTimerOverflow)
            && (wished - now).flooredToMilliseconds > TokenRefreshPolicy.browserTimerLimit
        nextRefresh = max(earliest, overflows ? now : wished)
        actions.append(.waiting(until: nextRefresh))
    }

    /// When a token's refresh is planned, before any jitter; nil if it is not.
    private func plannedRefresh(of token: TokenLifetime, policy: TokenRefreshPolicy) -> Instant? {
        guard token.expiresAt != .distantFuture else {
            return policy.schedule == .onDemandOnly ? nil : .distantFuture
        }
        switch policy.schedule {
        case .beforeExpiry(let lead):
            return token.expiresAt - lead
        case .laterOfHalfLifetimeAndBeforeExpiry(let lead):
            let half = Interval(nanoseconds: token.length.nanoseconds / 2)
            return max(token.issuedAt + half, token.expiresAt - lead)
        case .onDemandOnly:
            return nil
        }
    }

    private func isUsable(at now: Instant) -> Bool {
        guard let token, !isRejected else { return false }
        return now < token.expiresAt
    }

    private func isDemandMet(at now: Instant, policy: TokenRefreshPolicy) -> Bool {
        guard let token, token.expiresAt != .distantFuture, demandFrom <= now else { return false }
        let left = token.expiresAt - now
        switch policy.demand {
        case .never: return false
        case .atMost(let limit): return left <= limit
        case .below(let limit): return left < limit
        }
    }

    /// The attempt a caller waits for: the one under way, or a new one if allowed; nil: none.
    private mutating func attempt(
        forCallerAt now: Instant,
        isAllowed: Bool,
        policy: TokenRefreshPolicy,
        _ actions: inout ActionBuffer<TokenRefreshAction>
    ) -> UInt32? {
        if !policy.hazards.contains(.callersDoNotShare), let shared = attemptsUnderWay.last { return shared }
        guard isAllowed, hasRefreshToken, pauseEnd <= now else { return nil }
        begin(&actions)
        return lastAttempt
    }

    private mutating func begin(_ actions: inout ActionBuffer<TokenRefreshAction>) {
        nextRefresh = .distantFuture
        lastAttempt &+= 1
        attemptsUnderWay.append(lastAttempt)
        actions.append(.refresh(attempt: lastAttempt))
    }

    private mutating func end(_ attempt: UInt32) -> Bool {
        guard let index = attemptsUnderWay.firstIndex(of: attempt) else { return false }
        attemptsUnderWay.remove(at: index)
        return true
    }

    private func pause(_ policy: TokenRefreshPolicy) -> Interval {
        policy.hazards.contains(.noMinimumPause) ? .zero : policy.minimumPause
    }

    /// No token until the next start.
    private mutating func finish(_ cause: TokenExpiryCause, actions: inout ActionBuffer<TokenRefreshAction>) {
        ended = cause
        nextRefresh = .distantFuture
        nextExpiry = .distantFuture
        attemptsUnderWay.removeAll(keepingCapacity: true)
        actions.append(.expired(cause))
    }

    /// Stopped and without a token, in an epoch of its own.
    private mutating func reset(policy: TokenRefreshPolicy) {
        isRunning = false
        ended = nil
        token = nil
        isRejected = false
        epoch &+= 1
        failures = 0
        previousDelay = nil
        demandFrom = .distantPast
        pauseEnd = .distantPast
        nextRefresh = .distantFuture
        nextExpiry = .distantFuture
        if !policy.hazards.contains(.stopLeavesRefreshRunning) { attemptsUnderWay.removeAll(keepingCapacity: true) }
    }
}
