public import MonotonicTime

/// Something a request wants its driver to do, or to know.
public enum RequestRetryAction: Sendable, Hashable {
    /// Send the request, and name this attempt in everything reported about it. The first attempt is number 1.
    case sendAttempt(UInt32)
    /// Stop working on this attempt. Nothing about it needs to be reported any more.
    case abandonAttempt(UInt32)
    /// The next attempt waits until the instant.
    case waiting(until: Instant)
    /// The request has ended. Told exactly once, as the last action.
    case finished(RequestRetry.Outcome)
}

/// One request with its retries: the only retry layer it should have. Two layers multiply, see the tests.
///
/// | state | event | next |
/// |---|---|---|
/// | idle | start | attempting: `sendAttempt(1)` |
/// | attempting | success | finished: succeeded |
/// | attempting | failure that may be retried | waiting: `waiting(until:)` |
/// | attempting | any other failure | finished: failed |
/// | attempting | attempt timeout | as a failure of kind `timeout`, after `abandonAttempt` |
/// | attempting | deadline of the request | finished: failed(timeout, deadline), after `abandonAttempt` |
/// | waiting | wait over, deadline still ahead | attempting: `sendAttempt(n + 1)` |
/// | waiting | wait over, deadline passed meanwhile (the device slept) | finished: failed(last kind, deadline) |
/// | attempting, waiting | cancel | finished: failed(cancelled, cancelled) |
///
/// A failure may be retried if, in this order: its kind has a budget; the budget is not used up; the server did not
/// forbid it; the wait would end before the deadline (at the deadline is too late); and the retry budget of the client
/// allows it, which is asked last, so that tokens are never taken for a retry that is not made.
///
/// The number of the attempt is the epoch: results of any attempt but the running one are late or made up, and are
/// ignored. So are a second start, and anything after the end. A success of the running attempt is taken even at or
/// after the deadline, as long as `advance` has not ended the request. An instant before an earlier one is
/// taken as it is and only makes the wait start from there.
///
/// Draws for each failure with budget left: what the backoff draws (one number, unless it has no jitter), then one for
/// the jitter of an honoured hint, if there is a hint of zero or more and its fraction is above 0. Pushback draws
/// nothing.
public struct RequestRetry: Sendable, Hashable {
    /// How a request ended.
    public enum Outcome: Sendable, Hashable {
        /// An attempt succeeded.
        case succeeded
        /// The last attempt failed with this kind, and there was no other for this reason.
        case failed(FailureKind, Reason)
    }

    /// Why a failed request was not tried again.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Failures of its kind are never retried.
        case notRetryable = "not-retryable"
        /// It was retried as often as its kind allows.
        case retriesExhausted = "retries-exhausted"
        /// The server forbade it.
        case forbiddenByServer = "forbidden-by-server"
        /// The deadline of the whole request has come, or would before the next attempt.
        case deadline
        /// The client's retry budget had nothing left.
        case refusedByBudget = "refused-by-budget"
        /// The caller cancelled it.
        case cancelled
    }

    /// Where a request stands.
    public enum State: Sendable, Hashable {
        /// Not started. Goes to attempting.
        case idle
        /// An attempt is under way, until this instant at most. Goes to waiting or finished.
        case attempting(until: Instant)
        /// The next attempt waits, after a failure of this kind. Goes to attempting or finished.
        case waiting(until: Instant, after: FailureKind)
        /// Ended.
        case finished(Outcome)
    }

    /// Where the request stands.
    public private(set) var state: State = .idle
    /// The number of the latest attempt, from 1; 0 before the first.
    public private(set) var attempt: UInt32 = 0
    /// When the whole request ends at the latest.
    public private(set) var deadline: Instant = .distantFuture
    private var used = RequestRetryPolicy.Budgets()
    /// How far the growth of the backoff has come.
    private var growth = 0
    private var previousDelay: Interval?

    /// A request that has not been sent.
    public init() {}

    /// How many retries were made or are waiting.
    public var retryCount: Int { used.total }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: Instant {
        switch state {
        case .idle, .finished: .distantFuture
        case .attempting(let until): min(until, deadline)
        case .waiting(let until, _): until
        }
    }

    /// Sends the request for the first time.
    public mutating func start(
        at now: Instant,
        policy: RequestRetryPolicy,
        actions: inout ActionBuffer<RequestRetryAction>
    ) {
        guard case .idle = state else { return }
        deadline = now + policy.deadline
        sendAttempt(at: now, policy: policy, actions: &actions)
    }

    /// An attempt was answered.
    public mutating func attemptSucceeded(
        _ attempt: UInt32,
        actions: inout ActionBuffer<RequestRetryAction>
    ) {
        guard case .attempting = state, attempt == self.attempt else { return }
        finish(.succeeded, &actions)
    }

    /// An attempt failed.
    ///
    /// - Parameters:
    ///   - attempt: its number.
    ///   - kind: why.
    ///   - now: the current time.
    ///   - policy: the settings.
    ///   - random: where jitter comes from.
    ///   - actions: what to do now is added here.
    ///   - mayRetry: asks the client's retry budget, and takes from it where it says yes; called at most once, only
    ///     when everything else speaks for a retry.
    public mutating func attemptFailed(
        _ attempt: UInt32,
        kind: FailureKind,
        at now: Instant,
        policy: RequestRetryPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<RequestRetryAction>,
        mayRetry: (FailureKind) -> Bool = { _ in true }
    ) {
        guard case .attempting = state, attempt == self.attempt else { return }
        failed(kind, at: now, policy: policy, random: &random, actions: &actions, mayRetry: mayRetry)
    }

    /// The caller no longer wants the answer.
    public mutating func cancel(actions: inout ActionBuffer<RequestRetryAction>) {
        switch state {
        case .idle, .finished:
            return
        case .attempting:
            actions.append(.abandonAttempt(attempt))
        case .waiting:
            break
        }
        finish(.failed(.cancelled, .cancelled), &actions)
    }

    /// Time has come to `now`: ends what took too long, sends what waited long enough. See `attemptFailed` for the
    /// parameters.
    public mutating func advance(
        to now: Instant,
        policy: RequestRetryPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<RequestRetryAction>,
        mayRetry: (FailureKind) -> Bool = { _ in true }
    ) {
        guard nextDeadline <= now else { return }
        switch state {
        case .idle, .finished:
            return
        case .attempting:
            actions.append(.abandonAttempt(attempt))
            guard now < deadline else { return finish(.failed(.timeout, .deadline), &actions) }
            failed(.timeout, at: now, policy: policy, random: &random, actions: &actions, mayRetry: mayRetry)
        case .waiting(_, let kind):
            guard now < deadline else { return finish(.failed(kind, .deadline), &actions) }
            sendAttempt(at: now, policy: policy, actions: &actions)
        }
    }

    private mutating func sendAttempt(
        at now: Instant,
        policy: RequestRetryPolicy,
        actions: inout ActionBuffer<RequestRetryAction>
    ) {
        attempt &+= 1
        state = .attempting(until: now + policy.attemptTimeout)
        actions.append(.sendAttempt(attempt))
    }

    private mutating func failed(
        _ kind: FailureKind,
        at now: Instant,
        policy: RequestRetryPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<RequestRetryAction>,
        mayRetry: (FailureKind) -> Bool
    ) {
        let budget = policy.budget(for: kind)
        guard budget > 0 else {
            return finish(.failed(kind, .notRetryable), &actions)
        }
        guard (policy.counting == .byKind ? used[kind] : retryCount) < budget else {
            return finish(.failed(kind, .retriesExhausted), &actions)
        }
        guard let wait = wait(after: kind, policy: policy, random: &random) else {
            return finish(.failed(kind, .forbiddenByServer), &actions)
        }
        let until = now + wait
        // A deadline of "never" is never too near, however long the wait.
        guard until < deadline || deadline == .distantFuture else {
            return finish(.failed(kind, .deadline), &actions)
        }
        guard mayRetry(kind) else {
            return finish(.failed(kind, .refusedByBudget), &actions)
        }
        used[kind] += 1
        state = .waiting(until: until, after: kind)
        actions.append(.waiting(until: until))
    }

    /// The wait before the next attempt; nil if the server forbids one.
    private mutating func wait(
        after kind: FailureKind,
        policy: RequestRetryPolicy,
        random: inout some RandomSource
    ) -> Interval? {
        if case .pushback = policy.serverHint, let hint = kind.retryAfter {
            guard hint >= .zero else { return nil }
            growth = 0
            previousDelay = nil
            return hint
        }
        let own = ownDelay(after: kind, policy: policy, random: &random)
        guard let hint = kind.retryAfter, hint >= .zero else { return own }
        switch policy.serverHint {
        case .retryAfter(.honour(let fraction)):
            let spread = fraction > 0 ? hint.scaled(by: fraction * random.nextUniform()) : .zero
            return max(own, hint) + spread
        case .within(let most):
            return max(own, min(hint, own + most))
        case .retryAfter(.ignore), .pushback:
            return own
        }
    }

    private mutating func ownDelay(
        after kind: FailureKind,
        policy: RequestRetryPolicy,
        random: inout some RandomSource
    ) -> Interval {
        var backoff = policy.backoff
        if case .rateLimited = kind, let slower = policy.rateLimitedBackoff { backoff = slower }
        let delay = backoff.delay(beforeRetry: growth, previous: previousDelay, random: &random)
        growth += 1
        previousDelay = delay
        return delay
    }

    private mutating func finish(_ outcome: Outcome, _ actions: inout ActionBuffer<RequestRetryAction>) {
        state = .finished(outcome)
        actions.append(.finished(outcome))
    }
}
