import DiscreteEvents
import MonotonicTime
import Reconnection

/// A client of the fleet: the real client code, and the state of the world right around it.
///
/// Not copyable, so that looking at it through a pointer never copies it.
struct VirtualClient: ~Copyable {
    /// Who says when the client's life goes on.
    enum Hold: UInt8 {
        /// Nobody: it depends on nothing that others do too.
        case none
        /// Its attempt is on its way to the server tier: it may live on until that arrives, at `holdAt`.
        case arriving
        /// The tier has accepted its attempt: it lives step by step in the order of the tier's events.
        case waiting
    }

    // In this order the parts leave hardly a gap between them.

    /// When its app offers the next message.
    var nextOffer: Instant = .distantFuture
    /// When its own code has something to do.
    var wake: Instant = .distantFuture
    /// When the first of its pending events comes, and where the list of them begins.
    var mailAt: Instant = .distantFuture
    var holdAt: Instant = .distantFuture
    var mail = Mailroom.none
    /// Its place in the fleet.
    let number: UInt32
    /// How many messages its app has offered.
    var offers: UInt32 = 0
    /// How many numbers of its random stream the client has used.
    var randomPosition: UInt32 = 0
    var transport = TransportState()
    var hold = Hold.none
    let cohort: UInt16
    /// The instance that has accepted its attempt, while it waits for its handshake.
    var instance: UInt16 = 0
    var link = LinkState()
    /// The code an app ships.
    var client = ReconnectingClient()
    var marks = ClientMarks()
    /// What the server has received from it.
    var received = ReceivedKeys()

    init(number: UInt32, cohort: UInt16) {
        self.number = number
        self.cohort = cohort
    }

    /// What stands before the heartbeat and the outbox, of which an attempt that is refused takes no notice.
    static let frontSize = 192

    /// When something happens to it next.
    var next: Instant { min(mailAt, min(nextOffer, wake)) }
}

/// Whether packets pass between a client and the network.
struct LinkState {
    /// Silent outages going on.
    var silentHolds: UInt16 = 0
    /// Signalled outages going on.
    var signalledHolds: UInt16 = 0
    /// Whether the loss model is in its bad state, upwards and downwards.
    var isBadUp = false
    var isBadDown = false

    var isUp: Bool { silentHolds == 0 && signalledHolds == 0 }
}

/// Since when a client's link is down: kept apart, for fleets whose links ever are.
struct LinkTimes {
    var downSince: Instant = .distantPast
    var signalledSince: Instant = .distantPast
}

/// The transport a client has, as its system and its server see it.
struct TransportState {
    enum Phase: UInt8 { case none, dialing, established }

    /// When the last packet of this transport arrives, each way: later ones do not overtake it.
    var lastArrivalUp: Instant = .distantPast
    var lastArrivalDown: Instant = .distantPast
    /// The generation that dials or is established.
    var generation: UInt32 = 0
    /// The generation the server holds a connection of, and on which instance; -1 for none.
    var serverGeneration: UInt32 = 0
    var instance: Int16 = -1
    var phase: Phase = .none
    /// Whether the attempt has reached the server tier.
    var hasArrived = false
    /// Whether the path under an established connection is gone for good: the next packet is answered by a reset.
    var isPathDead = false
}

/// What the probe remembers of a client.
struct ClientMarks {
    /// When that outage ended whose recovery is being watched.
    var upAt: Instant = .origin
    /// Since when the session works from end to end, or since when the path is lost of a connection that the client
    /// still believes in.
    var since: Instant = .origin
    /// The fullest its outbox has been.
    var outboxPeak: UInt32 = 0
    private var flags: UInt8 = 0

    /// Whether the session works from end to end.
    var isUsable: Bool {
        get { has(0) }
        set { mark(0, newValue) }
    }
    /// Whether the client believes in a connection whose path is lost.
    var isLost: Bool {
        get { has(1) }
        set { mark(1, newValue) }
    }
    /// The client was connected when an outage took it, which is not over yet.
    var awaitsEnd: Bool {
        get { has(2) }
        set { mark(2, newValue) }
    }
    /// An outage of the client is over, and its recovery is being watched.
    var isRecovering: Bool {
        get { has(3) }
        set { mark(3, newValue) }
    }
    /// It has not had a working session since.
    var isLagOpen: Bool {
        get { has(4) }
        set { mark(4, newValue) }
    }

    private func has(_ bit: UInt8) -> Bool { flags & 1 << bit != 0 }
    private mutating func mark(_ bit: UInt8, _ isSet: Bool) {
        flags = isSet ? flags | 1 << bit : flags & ~(1 << bit)
    }
}

/// A client's own random stream, continued where it stopped.
struct ClientRandom: RandomSource {
    private var stream: RandomStream

    init(key: RandomKey, client: UInt32, position: UInt32) {
        stream = RandomStream(
            key: key,
            entity: client,
            purpose: Purpose.clientJitter.number(),
            index: UInt64(position)
        )
    }

    var position: UInt32 { UInt32(truncatingIfNeeded: stream.position) }

    mutating func nextUniform() -> Double { stream.nextUniform() }
}
