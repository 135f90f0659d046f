public import MonotonicTime

/// The retries a policy makes while every attempt fails at once: what a configuration really says.
///
/// Driven through the supervisor itself, so that rounding, exponent offset, limits and the order of draws are those of
/// the real thing. The breaker is left out: it puts attempts off, but the delays are the backoff's.
public struct RetrySchedule: Sendable, Hashable {
    /// One retry.
    public struct Retry: Sendable, Hashable {
        /// Its number, from 1.
        public let number: Int
        /// The delay before it.
        public let delay: Interval
        /// The time from the first failure to this retry.
        public let elapsed: Interval
    }

    /// The retries; fewer than asked for if the policy gives up before.
    public let retries: [Retry]

    /// The first `count` retries of a policy.
    public init(_ policy: ClientPolicy, count: Int, random: inout some RandomSource) {
        var policy = policy
        policy.breaker = nil
        policy.startSpread = .zero
        var client = ReconnectingClient()
        var actions = ClientActions()
        var now = Instant.origin
        var retries: [Retry] = []
        client.start(at: now, policy: policy, random: &random, actions: &actions)
        while retries.count < count {
            actions.removeAll()
            client.transportLost(
                generation: client.supervisor.generation,
                close: .abnormal,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
            let scheduled = actions.list.lazy.compactMap { action -> Instant? in
                guard case .retryScheduled(let due, _) = action else { return nil }
                return due
            }
            guard let due = scheduled.first else { break }
            retries.append(Retry(number: retries.count + 1, delay: due - now, elapsed: due - Instant.origin))
            now = due
            actions.removeAll()
            client.advance(to: now, policy: policy, random: &random, actions: &actions)
        }
        self.retries = retries
    }
}
