import MonotonicTime

/// The same queue as `EventQueue` by the plainest means: a binary heap ordered by time, then by a sequence number.
///
/// Obviously right and several times slower: the reference for differential tests and benchmarks.
@frozen
public struct BinaryHeapEventQueue<Payload: BitwiseCopyable>: ~Copyable {
    @usableFromInline var reached: Instant
    @usableFromInline var entries: [Entry] = []
    @usableFromInline var nextSequence: UInt64 = 0

    @frozen
    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var time: Instant
        @usableFromInline var sequence: UInt64
        @usableFromInline var payload: Payload

        @inlinable
        init(time: Instant, sequence: UInt64, payload: Payload) {
            self.time = time
            self.sequence = sequence
            self.payload = payload
        }

        @inlinable
        static func < (left: Entry, right: Entry) -> Bool {
            left.time < right.time || left.time == right.time && left.sequence < right.sequence
        }
    }

    /// An empty queue.
    ///
    /// - Parameter start: no event may be scheduled before it; may be negative.
    @inlinable
    public init(startingAt start: Instant = .origin) {
        reached = start
    }

    /// The time of the event popped last; before the first, the start.
    @inlinable
    public var now: Instant { reached }

    /// How many events are pending.
    @inlinable
    public var count: Int { entries.count }

    /// Whether no event is pending.
    @inlinable
    public var isEmpty: Bool { entries.isEmpty }

    /// When the earliest event is due, in nanoseconds since `Instant.distantPast`; the queue must not be empty.
    @inlinable
    var earliestOrdinal: UInt64 { ordinal(of: entries[0].time) }

    /// Adds an event, behind those already scheduled at the same time.
    ///
    /// A time before `now` is a mistake of the caller and ends the process with a message that names both times.
    ///
    /// - Complexity: O(log n) for n pending events.
    @inlinable
    public mutating func schedule(_ payload: Payload, at time: Instant) {
        guard time >= now else { rejectPastEvent(at: time, now: now) }
        let entry = Entry(time: time, sequence: nextSequence, payload: payload)
        nextSequence &+= 1
        var hole = entries.count
        entries.append(entry)
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard entry < entries[parent] else { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = entry
    }

    /// Removes and returns the earliest event, or nothing if none is pending up to and including the limit.
    ///
    /// Events at `Instant.distantFuture` are never popped.
    ///
    /// - Complexity: O(log n) for n pending events.
    @inlinable
    public mutating func popNext(notAfter limit: Instant) -> (time: Instant, payload: Payload)? {
        guard let earliest = entries.first, earliest.time <= limit, earliest.time < .distantFuture else { return nil }
        reached = earliest.time
        let last = entries.removeLast()
        guard !entries.isEmpty else { return (reached, earliest.payload) }
        var hole = 0
        while 2 * hole + 1 < entries.count {
            var child = 2 * hole + 1
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < last else { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = last
        return (reached, earliest.payload)
    }
}
