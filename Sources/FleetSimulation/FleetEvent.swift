import MonotonicTime
import Reconnection

/// One entry of the event queue: what happens, to whom, and the few numbers that go with it.
///
/// Flat and small on purpose: millions of them are pending at once, and moving them is most of the engine's work.
struct FleetEvent: BitwiseCopyable {
    enum Kind: UInt8 {
        // The client itself.
        case wake
        case offer
        case localFailure
        case systemGivesUp

        // Packets on their way to the server.
        case attemptUp
        case pingUp
        case messageUp
        case departureUp

        // Packets on their way to the client.
        case acceptDown
        case refuseDown
        case pongDown
        case acknowledgementDown
        case closeDown

        // Links: an outage begins for those who share it, and for a single client.
        case outageBegins
        case linkDown
        case linkUp

        // Servers.
        case handshakeDone
        case ghostForgotten
        case timeline
        case instancesUp

        // Added behind the others: a packet's kind is part of where its draws stand.
        case attemptPrepared
        case lateClose
        case beatDue
        case beatDown
    }

    var kind: Kind
    /// How often a packet has been sent again; with the top bit set the packet waits to be sent, else it arrives.
    var tries: UInt8 = 0
    /// Instance, script or hint, as the kind has it.
    var place: UInt16 = 0
    /// The client, or the group or timeline entry.
    var client: UInt32
    /// The transport's generation.
    var generation: UInt32 = 0
    /// Message key, beat, close code or occurrence.
    var argument: UInt32 = 0
    /// When a message was offered, or the boot of an instance.
    var number: Int64 = 0

    /// Whether the packet still has to be put on the link.
    var isWaitingToBeSent: Bool {
        get { tries & 0x80 != 0 }
        set { tries = newValue ? tries | 0x80 : tries & 0x7f }
    }

    /// How often the packet has been sent again.
    var resends: Int { Int(tries & 0x7f) }
}

/// What random numbers are for: each purpose draws from its own streams, so that a new draw for one moves no other.
enum Purpose: UInt32 {
    case clientJitter = 1
    case connectionAge
    case roundTrip
    case packetLoss
    case handshakeTime
    case processingTime
    case messageGap
    case balancing
    case restart
    case disconnect
    case outageOccurs
    case outageFirst
    case outageDown
    case outageUp
    case outageAttach
    case outageStagger
    case serverBeat

    /// The purpose's number in the random streams, with an index where there are several of the kind.
    func number(_ index: Int = 0) -> UInt32 { rawValue << 16 | UInt32(index & 0xffff) }
}
