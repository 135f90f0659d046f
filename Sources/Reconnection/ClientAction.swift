public import MonotonicTime

/// Something a client wants its driver to do, or to know.
///
/// Flat, without references: moving actions about is part of the cost of every input.
public enum ClientAction: Sendable, Hashable, BitwiseCopyable {
    /// Open a transport, and name this generation in everything reported about it.
    case openTransport(generation: UInt32)
    /// Prepare the attempt of this generation, by fetching a token for example, and report `attemptPrepared`, or
    /// `transportLost` if that fails.
    case prepareAttempt(generation: UInt32)
    /// Close or abandon the transport of this generation. Nothing about it needs to be reported any more, except
    /// that it has closed while the client's phase is `closing`.
    case closeTransport(generation: UInt32, close: CloseCode)
    /// Send a heartbeat.
    case sendHeartbeat(generation: UInt32, beat: UInt32)
    /// Send a message; `resend` counts the times it has timed out or been turned away.
    case sendMessage(generation: UInt32, key: Outbox.Key, offeredAt: Instant, resend: UInt32)
    /// The client is in another phase now.
    case phaseChanged(from: ConnectionPhase, to: ConnectionPhase)
    /// A retry waits until the instant; `retry` counts from 0.
    case retryScheduled(at: Instant, retry: UInt32)
    /// The breaker refused an attempt; nothing was sent. It will be asked again then, if ever.
    case attemptRefused(until: Instant?)
    /// The client waits for new credentials.
    case credentialsNeeded
    /// A sign of life is missing, and the connection is given another chance; counted in a row.
    case heartbeatMissed(inARow: UInt16)
    /// The client has used up its retries. Told once for each time it gives up.
    case gaveUp
    /// The breaker around attempts opened (or opened again).
    case breakerOpened(until: Instant)
    /// The breaker closed.
    case breakerClosed
    /// A message arrived for certain.
    case messageAcknowledged(key: Outbox.Key)
    /// A message will not be sent any more. Told once.
    case messageFailed(key: Outbox.Key, cause: Outbox.FailureCause)
    /// A message vanished because the policy discards. An app would not be told; an observer is.
    case messageDiscarded(key: Outbox.Key)
}

/// What a client asked for, in order.
public typealias ClientActions = ActionBuffer<ClientAction>

/// Where a client stands.
public enum ConnectionPhase: String, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    /// Closed by the app; only `start` leads out. A close rule that says stop leads here.
    case stopped
    /// Closed by the app, and the transport is still closing. Ends when it has, or after the closing timeout.
    case closing
    /// Held back: no network, or not visible. Ends when that ends.
    case paused
    /// Waiting for the next attempt.
    case waiting
    /// An attempt is under way.
    case connecting
    /// Connected.
    case connected
    /// Retries are used up. A manual retry, a resume or `start` leads out.
    case exhausted
    /// The server refused the credentials. Only new ones lead out.
    case blocked
}
