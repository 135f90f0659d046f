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

/// The keys a server remembers of a client: the highest, which of the 64 up to it have come, and stragglers.
///
/// The sliding window of IPsec's replay check (RFC 4303, section 3.4.3). A lost packet is sent again while later ones
/// pass, so a key can leave the window before it comes: it is remembered apart if its sender still holds it. Any other
/// key below the window has been received, or has been given up.
struct ReceivedKeys {
    private var window: UInt64 = 0
    /// What few clients need; none or one.
    private var rare: [Rare] = []

    private struct Rare {
        /// Keys below the window that have not come and were not given up when they left it.
        var stragglers: [UInt32] = []
        /// Messages that failed under a policy that discards, and have not come: not all that ends is discarded.
        var failed: Set<UInt32> = []
    }

    private var highest: UInt32 = 0

    /// Whether the key has been received.
    func contains(_ key: UInt32) -> Bool {
        guard key <= highest else { return false }
        let age = highest - key
        guard age < 64 else { return rare.isEmpty || !rare[0].stragglers.contains(key) }
        return window >> UInt64(age) & 1 == 1
    }

    /// Notes a key; answers whether it is new.
    ///
    /// - Parameter outbox: of its sender.
    mutating func insert(_ key: UInt32, heldBy outbox: Outbox) -> Bool {
        if key > highest, key >= 64, let oldest = outbox.oldestKey, oldest <= key - 64 {
            rememberStragglers(outbox, upTo: key - 64)
        }
        return insert(key)
    }

    /// Notes a key, of a sender that holds no message 64 or more keys older; answers whether it is new.
    mutating func insert(_ key: UInt32) -> Bool {
        if key > highest {
            let step = key - highest
            window = step >= 64 ? 1 : window << UInt64(step) | 1
            highest = key
            return true
        }
        guard !contains(key) else { return false }
        if highest - key < 64 {
            window |= 1 << UInt64(highest - key)
        } else {
            rare[0].stragglers.removeAll { $0 == key }
        }
        return true
    }

    /// Notes that a message which has not come has failed.
    mutating func noteFailure(of key: UInt32) {
        needRare()
        rare[0].failed.insert(key)
    }

    /// Whether a message had failed; it no longer counts as such.
    mutating func forgetFailure(of key: UInt32) -> Bool { !rare.isEmpty && rare[0].failed.remove(key) != nil }

    private mutating func needRare() {
        if rare.isEmpty { rare.append(Rare()) }
    }

    private mutating func rememberStragglers(_ outbox: Outbox, upTo last: UInt32) {
        for key in outbox.keys {
            guard key <= last else { break }
            let isKnown = highest >= 64 && key <= highest - 64
            if !isKnown, !contains(key) {
                needRare()
                rare[0].stragglers.append(key)
            }
        }
    }
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
