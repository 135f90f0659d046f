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
    case beatDown = 23

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
/// share one block of memory; a client holds the number of its first node, and the time of it.
struct Mailroom: ~Copyable {
    private struct Node: BitwiseCopyable {
        var time: Instant
        var event: LocalEvent
        var next: UInt32
    }

    /// No node.
    static let none = UInt32.max

    private var nodes: UnsafeMutablePointer<Node>
    private var capacity = 1024
    /// How many nodes have ever been used at once.
    private(set) var used = 0
    private var firstFree = Mailroom.none

    init() { nodes = .allocate(capacity: capacity) }

    deinit { nodes.deallocate() }

    /// Adds an event to a client's list.
    mutating func post(_ event: LocalEvent, at time: Instant, to client: UnsafeMutablePointer<VirtualClient>) {
        let number = takeNode()
        if time < client.pointee.mailAt {
            nodes[number] = Node(time: time, event: event, next: client.pointee.mail)
            client.pointee.mail = UInt32(truncatingIfNeeded: number)
            client.pointee.mailAt = time
            return
        }
        // Nothing is posted at the end of time, so an empty list has been dealt with above.
        var before = Int(client.pointee.mail)
        while nodes[before].next != Self.none, nodes[Int(nodes[before].next)].time <= time {
            before = Int(nodes[before].next)
        }
        nodes[number] = Node(time: time, event: event, next: nodes[before].next)
        nodes[before].next = UInt32(truncatingIfNeeded: number)
    }

    /// Adds an event to a client's list before others of the same time.
    mutating func postFirst(_ event: LocalEvent, at time: Instant, to client: UnsafeMutablePointer<VirtualClient>) {
        let number = takeNode()
        guard time > client.pointee.mailAt else {
            nodes[number] = Node(time: time, event: event, next: client.pointee.mail)
            client.pointee.mail = UInt32(truncatingIfNeeded: number)
            client.pointee.mailAt = time
            return
        }
        var before = Int(client.pointee.mail)
        while nodes[before].next != Self.none, nodes[Int(nodes[before].next)].time < time {
            before = Int(nodes[before].next)
        }
        nodes[number] = Node(time: time, event: event, next: nodes[before].next)
        nodes[before].next = UInt32(truncatingIfNeeded: number)
    }

    /// Removes the first event of a client's list, which must not be empty.
    mutating func takeFirst(of client: UnsafeMutablePointer<VirtualClient>) -> LocalEvent {
        let number = Int(client.pointee.mail)
        let node = nodes[number]
        client.pointee.mail = node.next
        client.pointee.mailAt = node.next == Self.none ? .distantFuture : nodes[Int(node.next)].time
        nodes[number].next = firstFree
        firstFree = UInt32(truncatingIfNeeded: number)
        return node.event
    }

    private mutating func takeNode() -> Int {
        if firstFree != Self.none {
            let number = Int(firstFree)
            firstFree = nodes[number].next
            return number
        }
        if used == capacity { grow() }
        used += 1
        return used - 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Node>.allocate(capacity: 2 * capacity)
        larger.update(from: nodes, count: used)
        nodes.deallocate()
        nodes = larger
        capacity *= 2
    }
}
