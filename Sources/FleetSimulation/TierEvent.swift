import MonotonicTime

/// Something that a client has told the tiers, and when it happens there.
struct ToldEvent: BitwiseCopyable {
    let time: Instant
    let event: TierEvent
}

/// What clients have in common: an event of a server tier, processed in exact order of time.
struct TierEvent: BitwiseCopyable {
    enum Kind: UInt8 {
        /// A connection has ended in good order.
        case connectionEnded
        /// A connection whose client vanished has idled out.
        case ghostForgotten
        /// A client that waits for its handshake has given up, and the tier drops it.
        case handshakeAbandoned
        /// A handshake is finished.
        case handshakeDone
        /// A connection attempt arrives.
        case attemptArrives
        /// A client that waits for its handshake has something to do itself.
        case clientVisit
    }

    var kind: Kind
    /// How often the packet of an attempt has been sent again.
    var tries: UInt8 = 0
    /// The instance.
    var instance: UInt16 = 0
    /// The client.
    var client: UInt32
    /// The transport's generation.
    var generation: UInt32 = 0
    /// The boot of the instance.
    var boot: UInt32 = 0

    /// The order of events of one instant: by client, then by kind, so that it does not depend on who told them first.
    func precedes(_ other: TierEvent) -> Bool {
        (client, kind.rawValue, generation, instance) < (
            other.client, other.kind.rawValue, other.generation, other.instance
        )
    }
}
