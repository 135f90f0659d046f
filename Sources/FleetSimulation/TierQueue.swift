import DiscreteEvents
import MonotonicTime

/// The pending events of the tiers: the queue made for them, or the plain heap that it is compared with in tests.
struct TierQueue: ~Copyable {
    enum Kind { case buckets, heap }

    private let kind: Kind
    private var buckets: EventQueue<TierEvent>
    private var heap = BinaryHeapEventQueue<TierEvent>()

    /// An empty queue.
    ///
    /// - Parameter clients: how many there are: the more, the narrower the buckets, so that some tens of events lie in each
    ///   while a storm goes on.
    init(_ kind: Kind, clients: Int) {
        self.kind = kind
        let width = (1 << 40) / Int64(max(1, clients))
        buckets = EventQueue(bucketWidth: Interval(nanoseconds: min(max(width, 1 << 16), 1 << 26)))
    }

    mutating func schedule(_ event: TierEvent, at time: Instant) {
        switch kind {
        case .buckets: buckets.schedule(event, at: time)
        case .heap: heap.schedule(event, at: time)
        }
    }

    mutating func popNext(notAfter limit: Instant) -> (time: Instant, payload: TierEvent)? {
        switch kind {
        case .buckets: buckets.popNext(notAfter: limit)
        case .heap: heap.popNext(notAfter: limit)
        }
    }

    /// Tells of events that come soon, each once, as far as they are known at no cost.
    @inline(__always)
    func forEachSoon(_ body: (TierEvent) -> Void) {
        guard kind == .buckets else { return }
        if buckets.hasBegunBucket {
            for ahead in 0..<FleetSetting.prefetchDistance {
                guard let event = buckets.upcoming(ahead) else { return }
                body(event)
            }
        }
        if let event = buckets.upcoming(FleetSetting.prefetchDistance) { body(event) }
    }
}
