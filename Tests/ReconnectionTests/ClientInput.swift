import MonotonicTime
import Reconnection

/// Something that was told to a client.
enum ClientInput: Hashable {
    case start, stop, retryNow, reconnect, credentialsRenewed, credentialsWithdrawn, send, advance
    case network(Bool)
    case visibility(Bool)
    case readiness(Bool)
    case wake(until: Instant)
    case prepared(UInt32)
    case opened(UInt32, member: Int)
    case lost(UInt32, member: Int, Close)
    case answered(UInt32, beat: UInt32)
    case received(UInt32)
    case acknowledged(Outbox.Key)
    case rejected(UInt32, Outbox.Key, isRetryable: Bool)
}

/// A rule of the client that was broken.
struct BrokenRule: Error, CustomStringConvertible {
    let description: String
}
