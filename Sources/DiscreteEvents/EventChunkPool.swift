/// An event as it waits in a bucket.
@frozen
@usableFromInline
struct PendingEvent<Payload: BitwiseCopyable>: BitwiseCopyable {
    /// Nanoseconds since `Instant.distantPast`.
    @usableFromInline var ordinal: UInt64
    @usableFromInline var payload: Payload

    @inlinable
    init(ordinal: UInt64, payload: Payload) {
        self.ordinal = ordinal
        self.payload = payload
    }
}

/// A list of events in order of insertion: its first chunk, and the slot behind its last event.
@frozen
@usableFromInline
struct EventChain: BitwiseCopyable {
    @usableFromInline var firstChunk: UInt32 = 0
    @usableFromInline var end: UInt32 = 0

    @inlinable
    init() {}

    /// Slot 0 is in the first chunk, so no list with an event ends there.
    @inlinable
    var isOccupied: Bool { end != 0 }

    /// Empties the list; its chunks now belong to the list returned.
    @inlinable
    mutating func takeAll() -> EventChain {
        let all = self
        self = EventChain()
        return all
    }
}

/// The storage of all lists of a queue: one array cut into chunks of eight slots, which lists borrow and return.
///
/// A chunk holds neighbours of one list, so that reading a list in order reads memory in order; chunks returned last
/// are lent first, while they are in the cache.
@frozen
@usableFromInline
struct EventChunkPool<Payload: BitwiseCopyable> {
    @usableFromInline var events: [PendingEvent<Payload>] = []
    /// For each chunk the one that follows it in its list, or in the list of free chunks.
    @usableFromInline var followers: [UInt32] = []
    @usableFromInline var firstFree = noChunk

    @inlinable
    init() {}

    @inlinable
    mutating func append(_ event: PendingEvent<Payload>, to chain: inout EventChain) {
        if chain.end & chunkMask == 0 { extend(&chain, filler: event) }
        events[Int(chain.end)] = event
        chain.end += 1
    }

    @inlinable
    mutating func extend(_ chain: inout EventChain, filler: PendingEvent<Payload>) {
        let chunk: UInt32
        if firstFree == noChunk {
            chunk = UInt32(followers.count)
            followers.append(noChunk)
            for _ in 0...chunkMask { events.append(filler) }
        } else {
            chunk = firstFree
            firstFree = followers[Int(chunk)]
        }
        if chain.isOccupied {
            followers[Int((chain.end - 1) >> chunkBits)] = chunk
        } else {
            chain.firstChunk = chunk
        }
        chain.end = chunk << chunkBits
    }

    /// The slots in use of the first chunk of a list, which is shortened by them; the caller releases the chunk.
    @inlinable
    func takeSlots(of chain: inout EventChain) -> Range<Int>? {
        guard chain.isOccupied else { return nil }
        let chunk = chain.firstChunk
        let start = Int(chunk << chunkBits)
        guard (chain.end - 1) >> chunkBits != chunk else {
            let end = Int(chain.end)
            chain = EventChain()
            return start..<end
        }
        chain.firstChunk = followers[Int(chunk)]
        return start..<start + Int(chunkMask) + 1
    }

    /// Gives back the chunk that begins with these slots.
    @inlinable
    mutating func releaseChunk(holding slots: Range<Int>) {
        let chunk = UInt32(slots.lowerBound) >> chunkBits
        followers[Int(chunk)] = firstFree
        firstFree = chunk
    }
}

@usableFromInline let chunkBits: UInt32 = 3
@usableFromInline let chunkMask: UInt32 = 1 << 3 - 1
@usableFromInline let noChunk = UInt32.max
