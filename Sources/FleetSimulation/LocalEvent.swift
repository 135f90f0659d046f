import MonotonicTime

/// What happens to one client and to nobody else: its packets, its timers, its link.
enum LocalEventKind: UInt8 {
    // The client itself.
    case launch
    case attemptPrepared
    case localFailure
    case systemGivesUp

    // Packets on their way to the server. A packet's raw value is part of where its random numbers stand.
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

    // Links: an outage of the client or of its group begins; its own link goes and comes.
    case outageBegins
    case linkDown
    case linkUp

    // The rest.
    case lateClose
    case beatDue
    case beatDown

    /// Whether this is a packet from client to server.
    var isUpward: Bool { rawValue >= Self.attemptUp.rawValue && rawValue <= Self.departureUp.rawValue }
}

/// A pending event of one client.
struct LocalEvent: BitwiseCopyable {
    var kind: LocalEventKind
    /// How often a packet has been sent again; with the top bit set the packet waits to be sent, else it arrives.
    var tries: UInt8 = 0
    /// Outage script, or whether a refusal carries the tier's hint.
    var place: UInt16 = 0
    /// The transport's generation.
    var generation: UInt32 = 0
    /// Message key, beat, close code or occurrence.
    var argument: UInt32 = 0
    /// The node behind this one in its mailroom; stands where there would be a gap.
    var next = Mailroom.none
    /// When a message was offered.
    var offeredAt: Instant = .origin

    /// Whether the packet still has to be put on the link.
    var isWaitingToBeSent: Bool {
        get { tries & 0x80 != 0 }
        set { tries = newValue ? tries | 0x80 : tries & 0x7f }
    }

    /// How often the packet has been sent again.
    var resends: Int { Int(tries & 0x7f) }
}

/// The pending events of many clients: a list each, earliest first, equal times in order of insertion.
///
/// Lists are short (a client rarely has more than two packets under way), so a place is found by walking. All lists
/// share the same blocks of memory; a client holds the number of its first node, and the time of it. Blocks are never
/// moved, so that a moment in which every client has an event costs their room once, and not once more for a copy.
struct Mailroom: ~Copyable {
    private struct Node: BitwiseCopyable {
        var time: Instant
        var event: LocalEvent
    }

    /// No node.
    static let none = UInt32.max
    private static let blockBits = 12

    private var blocks: [UnsafeMutablePointer<Node>] = []
    /// How many nodes have ever been used at once.
    private(set) var used = 0
    private var firstFree = Mailroom.none

    init() {}

    deinit { for block in blocks { block.deallocate() } }

    private func node(_ number: UInt32) -> UnsafeMutablePointer<Node> {
        blocks[Int(number >> UInt32(Self.blockBits))] + Int(number & (1 << UInt32(Self.blockBits) - 1))
    }

    /// Adds an event to a client's list, behind others of the same time.
    mutating func post(_ event: LocalEvent, at time: Instant, to client: UnsafeMutablePointer<VirtualClient>) {
        insert(event, at: time, to: client) { $0 <= time }
    }

    /// Adds an event to a client's list, before others of the same time.
    mutating func postFirst(_ event: LocalEvent, at time: Instant, to client: UnsafeMutablePointer<VirtualClient>) {
        insert(event, at: time, to: client) { $0 < time }
    }

    @inline(__always)
    private mutating func insert(
        _ event: LocalEvent,
        at time: Instant,
        to client: UnsafeMutablePointer<VirtualClient>,
        behind isBefore: (Instant) -> Bool
    ) {
        let number = takeNode()
        node(number).initialize(to: Node(time: time, event: event))
        // An empty list has its first event at the end of time, where nothing is posted.
        guard isBefore(client.pointee.mailAt) else {
            node(number).pointee.event.next = client.pointee.mail
            client.pointee.mail = number
            client.pointee.mailAt = time
            return
        }
        var before = node(client.pointee.mail)
        while before.pointee.event.next != Self.none, isBefore(node(before.pointee.event.next).pointee.time) {
            before = node(before.pointee.event.next)
        }
        node(number).pointee.event.next = before.pointee.event.next
        before.pointee.event.next = number
    }

    /// Removes the first event of a client's list, which must not be empty.
    mutating func takeFirst(of client: UnsafeMutablePointer<VirtualClient>) -> LocalEvent {
        let number = client.pointee.mail
        let first = node(number)
        let event = first.pointee.event
        client.pointee.mail = event.next
        client.pointee.mailAt = event.next == Self.none ? .distantFuture : node(event.next).pointee.time
        first.pointee.event.next = firstFree
        firstFree = number
        return event
    }

    private mutating func takeNode() -> UInt32 {
        if firstFree != Self.none {
            let number = firstFree
            firstFree = node(number).pointee.event.next
            return number
        }
        if used == blocks.count << Self.blockBits { blocks.append(.allocate(capacity: 1 << Self.blockBits)) }
        used += 1
        return UInt32(used - 1)
    }
}
