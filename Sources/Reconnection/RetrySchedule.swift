public import MonotonicTime

/// The retries a policy makes while every attempt fails at once: what a configuration really says.
///
/// Driven through the client itself, so that rounding, exponent offset, limits, poll loops and the order of draws are
/// those of the real thing. The breaker is left out: it puts attempts off, but the delays are the backoff's.
public struct RetrySchedule: Sendable, Hashable {
    /// What the first failure is.
    public enum Beginning: String, Sendable, Hashable, CaseIterable {
        /// The first attempt fails: nothing was ever connected.
        case failedAttempt = "failed-attempt"
        /// A connection that has just opened is lost; every attempt after it fails.
        case lostConnection = "lost-connection"
    }

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
    public init(
        _ policy: ClientPolicy,
        count: Int,
        from beginning: Beginning = .failedAttempt,
        random: inout some RandomSource
    ) {
        let policy = policy.with {
            $0.breaker = nil
            $0.startSpread = .zero
            $0.startsAfterBackoff = false
            $0.preparesAttempts = false
            $0.group = nil
        }
        var client = ReconnectingClient()
        var actions = ClientActions()
        var now = Instant.origin
        var retries: [Retry] = []
        client.start(at: now, policy: policy, random: &random, actions: &actions)
        if beginning == .lostConnection {
            let generation = client.supervisor.generation
            client.transportOpened(generation: generation, at: now, policy: policy, random: &random, actions: &actions)
        }
        while retries.count < count {
            client.transportLost(
                generation: client.supervisor.generation,
                close: .abnormal,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
            let failedAt = now
            repeat {
                let deadline = client.nextDeadline(policy: policy)
                guard client.phase == .waiting, deadline < .distantFuture else { break }
                now = max(now, deadline)
                actions.removeAll()
                client.advance(to: now, policy: policy, random: &random, actions: &actions)
            } while client.phase == .waiting
            guard client.phase == .connecting else { break }
            retries.append(Retry(number: retries.count + 1, delay: now - failedAt, elapsed: now - .origin))
        }
        self.retries = retries
    }
}
