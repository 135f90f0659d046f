package import MonotonicTime

/// Short ways on a healthy connection, for drivers of many clients. Each ends where the general way ends, or does nothing
/// and answers nil. Their answers stand for the actions that they leave out.
///
/// For short ways without a connection see `PlainRetries`.
extension ReconnectingClient {
    /// A heartbeat to be sent.
    package struct DueBeat: BitwiseCopyable {
        package let generation: UInt32
        package let number: UInt32
        /// When the client has something to do next.
        package let nextDeadline: Instant
    }

    /// The usual case, by a short way to the same end: on a connection a beat is due, and nothing else.
    package mutating func beatIfNothingElseIsDue(at now: Instant, policy: ClientPolicy) -> DueBeat? {
        guard heartbeat.nextBeat <= now, heartbeat.signDeadline > now,
            let interval = policy.heartbeat?.interval, let replyTimeout = policy.heartbeat?.replyTimeout,
            replyTimeout > .zero
        else { return nil }
        var other = min(supervisor.phaseDeadline, supervisor.milestone)
        if !supervisor.rare.isEmpty { other = min(other, supervisor.rareDeadline) }
        other = min(other, outbox.nextDeadlineInPlace(policy.outbox.timeToLive, policy.outbox.window))
        guard other > now else { return nil }
        let number = heartbeat.sendBeat(at: now, every: interval, replyTimeout: replyTimeout)
        let next = min(other, heartbeat.nextDeadline)
        return DueBeat(generation: supervisor.generation, number: number, nextDeadline: next)
    }

    /// A message to be sent.
    package struct DueMessage: BitwiseCopyable {
        package let generation: UInt32
        package let key: Outbox.Key
        /// How many messages are held, this one included.
        package let count: Int
        /// When the client has something to do next.
        package let nextDeadline: Instant
    }

    /// The app offers a message that can be sent at once, as `send` does: the action left out is `sendMessage`.
    package mutating func sendAtOnce(at now: Instant, policy: ClientPolicy) -> DueMessage? {
        let key = outbox.sendAtOnce(
            at: now,
            window: policy.outbox.window,
            capacity: policy.outbox.capacity,
            acknowledgementTimeout: policy.outbox.acknowledgementTimeout
        )
        guard let key else { return nil }
        return DueMessage(
            generation: supervisor.generation,
            key: key,
            count: outbox.count,
            nextDeadline: nextDeadlineInPlace(policy: policy)
        )
    }

    /// The other side has the oldest message, and none waits for its place, as `messageAcknowledged` hears of it: the
    /// action left out is `messageAcknowledged`.
    ///
    /// - Returns: when the client has something to do next.
    package mutating func acknowledgeOldest(key: Outbox.Key, at now: Instant, policy: ClientPolicy) -> Instant? {
        guard outbox.acknowledgeOldest(key, at: now, policy.outbox.acknowledgementTimeout) else { return nil }
        return nextDeadlineInPlace(policy: policy)
    }
}
