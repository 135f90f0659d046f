import DiscreteEvents
import MonotonicTime

/// The pending events of the tiers: the queue made for them, or the plain heap that it is compared with in tests.
struct TierQueue: ~Copyable {
    enum Kind { case buckets, heap }

    private let kind: Kind
    private var buckets = EventQueue<TierEvent>()
    private var heap = BinaryHeapEventQueue<TierEvent>()

    init(_ kind: Kind) { self.kind = kind }

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

    /// An event that comes soon, if it is known at no cost.
    var soon: TierEvent? { kind == .buckets ? buckets.upcoming(FleetSetting.prefetchDistance) : nil }
}
