public import MonotonicTime

/// Everything that can be told to a client, as a value: what a driver with one entry point, a log or a replay needs.
///
/// Each case is the method of `ReconnectingClient` of the same meaning; see there. A recorded list of inputs with their
/// times, replayed with the same policy and the same random numbers, gives the same actions again.
public enum ClientInput: Sendable, Hashable {
    /// `start`.
    case start
    /// `stop`.
    case stop
    /// `retryNow`.
    case retryNow
    /// `reconnect`.
    case reconnect
    /// `networkChanged`.
    case network(isOnline: Bool)
    /// `visibilityChanged`.
    case visibility(isVisible: Bool)
    /// `readinessChanged`.
    case readiness(isReady: Bool)
    /// `wake`.
    case wake(until: Instant)
    /// `credentialsRenewed`.
    case credentialsRenewed
    /// `credentialsWithdrawn`.
    case credentialsWithdrawn
    /// `send`.
    case send
    /// `attemptPrepared`.
    case attemptPrepared(generation: UInt32)
    /// `transportOpened`.
    case opened(generation: UInt32, member: Int = 0)
    /// `transportLost`.
    case lost(generation: UInt32, member: Int = 0, close: Close)
    /// `heartbeatAnswered`.
    case heartbeatAnswered(generation: UInt32, beat: UInt32)
    /// `received`.
    case received(generation: UInt32)
    /// `messageAcknowledged`.
    case acknowledged(key: Outbox.Key)
    /// `messageRejected`.
    case rejected(generation: UInt32, key: Outbox.Key, isRetryable: Bool)
    /// `advance`.
    case advance
}

extension ReconnectingClient {
    /// Delivers one input, whatever it is.
    public mutating func handle(
        _ input: ClientInput,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        switch input {
        case .start:
            start(at: now, policy: policy, random: &random, actions: &actions)
        case .stop:
            stop(at: now, policy: policy, actions: &actions)
        case .retryNow:
            retryNow(at: now, policy: policy, actions: &actions)
        case .reconnect:
            reconnect(at: now, policy: policy, actions: &actions)
        case .network(let isOnline):
            networkChanged(isOnline: isOnline, at: now, policy: policy, random: &random, actions: &actions)
        case .visibility(let isVisible):
            visibilityChanged(isVisible: isVisible, at: now, policy: policy, random: &random, actions: &actions)
        case .readiness(let isReady):
            readinessChanged(isReady: isReady, at: now, policy: policy, random: &random, actions: &actions)
        case .wake(let end):
            wake(until: end, at: now, policy: policy, random: &random, actions: &actions)
        case .credentialsRenewed:
            credentialsRenewed(at: now, policy: policy, actions: &actions)
        case .credentialsWithdrawn:
            credentialsWithdrawn(at: now, policy: policy, actions: &actions)
        case .send:
            send(at: now, policy: policy, actions: &actions)
        case .attemptPrepared(let generation):
            attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
        case .opened(let generation, let member):
            transportOpened(
                generation: generation,
                member: member,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        case .lost(let generation, let member, let close):
            transportLost(
                generation: generation,
                member: member,
                close: close,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        case .heartbeatAnswered(let generation, let beat):
            heartbeatAnswered(generation: generation, beat: beat, at: now, policy: policy)
        case .received(let generation):
            received(generation: generation, at: now, policy: policy)
        case .acknowledged(let key):
            messageAcknowledged(key: key, at: now, policy: policy, actions: &actions)
        case .rejected(let generation, let key, let isRetryable):
            messageRejected(
                generation: generation,
                key: key,
                isRetryable: isRetryable,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        case .advance:
            advance(to: now, policy: policy, random: &random, actions: &actions)
        }
    }
}
