import MonotonicTime

/// The pending events of a simulation, popped in order of time; equal times in the order they were scheduled.
///
/// A calendar of three levels. A ring of 4096 fine buckets, each one bucket width wide, covers the present
/// *epoch*; a ring of 1024 coarse buckets, each one epoch wide, covers the present *era*; later events wait in an
/// overflow list. All limits are aligned to multiples of their width, so at any moment the time of an event alone
/// decides where it belongs. When an epoch begins, its coarse bucket is dealt into the fine ring; when an era
/// begins, the overflow list is dealt into the coarse ring. Buckets are in order of insertion and whole buckets
/// are dealt at once, before anything can be scheduled behind them: events of equal times never overtake one
/// another, and no event carries a sequence number while it waits. A fine bucket is sorted when it is reached;
/// what is scheduled afterwards into the part of time already reached waits in a small heap beside it.
///
/// Events at `Instant.distantFuture` are never popped; they stay pending and are counted.
///
/// - Complexity: O(1) expected to schedule and to pop while a bucket holds a moderate number of events; O(log m) for
///   the m events scheduled into the bucket being drained. Storage is recycled: no allocation once the largest
///   number of pending events and the fullest bucket have been seen. An event that waits alone in its bucket
///   occupies a chunk of eight; at most 5121 chunks are not full.
/// - Source: R. Brown, "Calendar queues", Communications of the ACM 31(10), 1988, with the aligned levels of
///   G. Varghese and A. Lauck, "Hashed and hierarchical timing wheels", SOSP 1987.
@frozen
public struct EventQueue<Payload: BitwiseCopyable>: ~Copyable {
    @usableFromInline var reached: Instant
    @usableFromInline var pending = 0
    @usableFromInline let widthShift: UInt64
    /// The first fine bucket not yet reached, counted from `Instant.distantPast`.
    @usableFromInline var nextBucket: UInt64
    /// The epoch that the fine ring covers, counted likewise. `nextBucket` lies in it, or right behind it once the
    /// last of its buckets has been reached.
    @usableFromInline var epoch: UInt64

    @usableFromInline var pool = EventChunkPool<Payload>()
    @usableFromInline var fine: [EventChain]
    @usableFromInline var fineOccupancy: BucketOccupancy
    @usableFromInline var coarse: [EventChain]
    @usableFromInline var coarseOccupancy: BucketOccupancy
    @usableFromInline var overflow = EventChain()
    @usableFromInline var earliestOverflow = UInt64.max

    /// The bucket being drained: sorted keys (offset in the bucket, place of the payload), and the payloads.
    @usableFromInline var keys: [UInt64] = []
    @usableFromInline var payloads: [Payload] = []
    @usableFromInline var position = 0
    @usableFromInline var bucketStart: UInt64 = 0
    @usableFromInline var sorter = KeySorter()
    /// Events scheduled into the part of time already reached.
    @usableFromInline var late = BinaryHeapEventQueue<Payload>(startingAt: .distantPast)

    /// An empty queue.
    ///
    /// - Parameters:
    ///   - bucketWidth: the width of a fine bucket, rounded up to a power of two nanoseconds in 2 ... 2^32. Best where
    ///     a bucket holds some tens of events; several times off costs little. Default: 2^20 ns, about a millisecond, so that an epoch is 4.3 s
    ///     and an era 73 minutes.
    ///   - start: no event may be scheduled before it; may be negative.
    public init(bucketWidth: Interval = Interval(nanoseconds: 1 << 20), startingAt start: Instant = .origin) {
        let width = UInt64(Swift.min(Swift.max(bucketWidth.nanoseconds, 2), 1 << 32))
        widthShift = UInt64(UInt64.bitWidth - (width - 1).leadingZeroBitCount)
        reached = start
        nextBucket = ordinal(of: start) >> widthShift
        epoch = nextBucket >> fineBits
        fine = Array(repeating: EventChain(), count: 1 << fineBits)
        fineOccupancy = BucketOccupancy(bucketCount: 1 << fineBits)
        coarse = Array(repeating: EventChain(), count: 1 << coarseBits)
        coarseOccupancy = BucketOccupancy(bucketCount: 1 << coarseBits)
    }

    /// The time of the event popped last; before the first, the start.
    @inlinable
    public var now: Instant { reached }

    /// How many events are pending.
    @inlinable
    public var count: Int { pending }

    /// Whether no event is pending.
    @inlinable
    public var isEmpty: Bool { pending == 0 }

    /// Adds an event, behind those already scheduled at the same time.
    ///
    /// A time before `now` is a mistake of the caller and ends the process with a message that names both times.
    ///
    /// - Complexity: O(1); O(log m) in the bucket being drained.
    @inlinable
    public mutating func schedule(_ payload: Payload, at time: Instant) {
        guard time >= now else { rejectPastEvent(at: time, now: now) }
        pending &+= 1
        let event = PendingEvent(ordinal: ordinal(of: time), payload: payload)
        let bucket = event.ordinal >> widthShift
        if bucket < nextBucket {
            late.schedule(payload, at: time)
        } else if bucket >> fineBits == epoch {
            appendToFine(event)
        } else if bucket >> (fineBits + coarseBits) == epoch >> coarseBits {
            appendToCoarse(event)
        } else {
            appendToOverflow(event)
        }
    }

    /// Removes and returns the earliest event, or nothing if none is pending up to and including the limit.
    ///
    /// After nothing was returned, events may still be scheduled at any time from `now` on, earlier than the limit
    /// too.
    ///
    /// - Parameter limit: the last instant of interest.
    /// - Complexity: O(1) expected. Each era that holds an event looks once at every event in the overflow list, so
    ///   the bucket width should make an era longer than most delays; empty eras are skipped in one step.
    @inlinable
    public mutating func popNext(notAfter limit: Instant) -> (time: Instant, payload: Payload)? {
        let lastOrdinal = Swift.min(ordinal(of: limit), UInt64.max - 1)
        repeat {
            if position < keys.count {
                let key = keys[position]
                let next = bucketStart &+ key >> placeBits
                // An event of the sorted bucket was scheduled before any that came late: it goes first.
                if late.isEmpty || next <= late.earliestOrdinal {
                    guard next <= lastOrdinal else { return nil }
                    position &+= 1
                    pending &-= 1
                    reached = instant(at: next)
                    return (reached, payloads[Int(truncatingIfNeeded: key & placeMask)])
                }
            }
            if !late.isEmpty {
                guard let event = late.popNext(notAfter: limit) else { return nil }
                pending &-= 1
                reached = event.time
                return event
            }
        } while reachNextBucket(notAfter: lastOrdinal)
        return nil
    }

    /// What will be popped so many events after the next one, as far as that can be told at no cost: a hint what to
    /// prefetch. Nothing at the end of a bucket, and not the truth where something is scheduled in between.
    @inlinable
    public func upcoming(_ ahead: Int) -> Payload? {
        guard position &+ ahead < keys.count else { return nil }
        return payloads[Int(truncatingIfNeeded: keys[position &+ ahead] & placeMask)]
    }

    /// Whether the event popped last was the first of its bucket, so that none of those behind it has been upcoming yet.
    @inlinable
    public var hasBegunBucket: Bool { position == 1 }

    /// Sorts the next bucket that holds an event, unless it begins after the limit.
    @inlinable
    mutating func reachNextBucket(notAfter lastOrdinal: UInt64) -> Bool {
        guard pending > 0 else { return false }
        while true {
            if nextBucket >> fineBits == epoch,
                let index = fineOccupancy.firstOccupied(from: Int(truncatingIfNeeded: nextBucket & fineMask))
            {
                let bucket = epoch << fineBits | UInt64(truncatingIfNeeded: index)
                guard bucket << widthShift <= lastOrdinal else { return false }
                sortBucket(bucket)
                return true
            }
            if let index = coarseOccupancy.firstOccupied(from: Int(truncatingIfNeeded: epoch & coarseMask) + 1) {
                let next = epoch & ~coarseMask | UInt64(truncatingIfNeeded: index)
                guard next << (fineBits + widthShift) <= lastOrdinal else { return false }
                beginEpoch(next)
                continue
            }
            guard overflow.isOccupied, earliestOverflow <= lastOrdinal else { return false }
            beginEra(earliestOverflow >> (widthShift + fineBits + coarseBits))
        }
    }

    @inlinable
    mutating func sortBucket(_ bucket: UInt64) {
        nextBucket = bucket &+ 1
        bucketStart = bucket << widthShift
        position = 0
        keys.removeAll(keepingCapacity: true)
        payloads.removeAll(keepingCapacity: true)
        let index = Int(truncatingIfNeeded: bucket & fineMask)
        var rest = fine[index].takeAll()
        fineOccupancy.clear(index)
        var previous: UInt64 = 0
        var isSorted = true
        while let slots = pool.takeSlots(of: &rest) {
            for slot in slots {
                let event = pool.events[slot]
                let place = UInt64(truncatingIfNeeded: payloads.count)
                let key = (event.ordinal &- bucketStart) << placeBits | place
                isSorted = isSorted && previous <= key
                previous = key
                keys.append(key)
                payloads.append(event.payload)
            }
            pool.releaseChunk(holding: slots)
        }
        if !isSorted { sorter.sort(&keys, digitsFrom: placeBits, to: placeBits + widthShift) }
    }

    @inlinable
    mutating func beginEpoch(_ next: UInt64) {
        epoch = next
        nextBucket = next << fineBits
        let index = Int(truncatingIfNeeded: next & coarseMask)
        guard coarse[index].isOccupied else { return }
        var rest = coarse[index].takeAll()
        coarseOccupancy.clear(index)
        while let slots = pool.takeSlots(of: &rest) {
            for slot in slots { appendToFine(pool.events[slot]) }
            pool.releaseChunk(holding: slots)
        }
    }

    @inlinable
    mutating func beginEra(_ era: UInt64) {
        var rest = overflow.takeAll()
        earliestOverflow = .max
        while let slots = pool.takeSlots(of: &rest) {
            for slot in slots {
                let event = pool.events[slot]
                if event.ordinal >> (widthShift + fineBits + coarseBits) == era {
                    appendToCoarse(event)
                } else {
                    appendToOverflow(event)
                }
            }
            pool.releaseChunk(holding: slots)
        }
        beginEpoch(era << coarseBits)
    }

    @inlinable
    mutating func appendToFine(_ event: PendingEvent<Payload>) {
        let index = Int(truncatingIfNeeded: event.ordinal >> widthShift & fineMask)
        pool.append(event, to: &fine[index])
        fineOccupancy.mark(index)
    }

    @inlinable
    mutating func appendToCoarse(_ event: PendingEvent<Payload>) {
        let index = Int(truncatingIfNeeded: event.ordinal >> (widthShift + fineBits) & coarseMask)
        pool.append(event, to: &coarse[index])
        coarseOccupancy.mark(index)
    }

    @inlinable
    mutating func appendToOverflow(_ event: PendingEvent<Payload>) {
        pool.append(event, to: &overflow)
        earliestOverflow = Swift.min(earliestOverflow, event.ordinal)
    }
}

/// The logarithms of the sizes of the rings, and of the most events that one fine bucket can hold.
@usableFromInline let fineBits: UInt64 = 12
@usableFromInline let coarseBits: UInt64 = 10
@usableFromInline let placeBits: UInt64 = 32
@usableFromInline let fineMask: UInt64 = 1 << 12 - 1
@usableFromInline let coarseMask: UInt64 = 1 << 10 - 1
@usableFromInline let placeMask: UInt64 = 1 << 32 - 1

/// Nanoseconds since `Instant.distantPast`: the same order as the instants, and shifting it cannot go wrong at a sign.
@inlinable
func ordinal(of time: Instant) -> UInt64 { UInt64(bitPattern: time.nanoseconds) ^ 1 << 63 }

@inlinable
func instant(at ordinal: UInt64) -> Instant { Instant(nanoseconds: Int64(bitPattern: ordinal ^ 1 << 63)) }

@usableFromInline
func rejectPastEvent(at time: Instant, now: Instant) -> Never {
    fatalError("An event was scheduled at \(time), before the time already reached, \(now).")
}
