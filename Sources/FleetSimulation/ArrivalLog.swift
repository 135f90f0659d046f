import MonotonicTime

/// The fullest sliding windows over the arrivals of attempts.
public struct ArrivalPeaks: Sendable, Equatable {
    /// The most attempts that arrived within any 100 ms.
    public internal(set) var in100Milliseconds = 0
    /// The most that arrived within any second.
    public internal(set) var in1Second = 0
}

/// Finds the fullest sliding windows exactly, from arrivals told in any order within a window of the simulation.
///
/// Arrivals of the open window wait, 4 bytes each. When it closes they are sorted and pass by two counters that remember
/// the last second: memory is that of one window and one second, whatever the length of the observation. Arrivals before
/// the first outage do not count if there is one.
///
/// - Source: METRICS H2: max over real s of #arrivals in [s, s + width), by two pointers over sorted times.
struct ArrivalLog: Sendable {
    private(set) var peaks = ArrivalPeaks()
    /// The end of the last closed window.
    private var base: Int64 = 0
    /// Open arrivals less than 2^32 ns after `base`, counted from there.
    private var near: [UInt32] = []
    /// All later ones; there are none where windows are shorter than 4.29 s.
    private var far: [UInt64] = []
    private var nearScratch: [UInt32] = []
    private var farScratch: [UInt64] = []
    private var window = SlidingCounts()
    /// Where counting began: the first outage, once it is known.
    private var start: Int64?
    /// Whether a window with arrivals has been closed here.
    private(set) var hasCounted = false

    mutating func arrived(at time: Instant) {
        let offset = time.nanoseconds - base
        precondition(offset >= 0, "an arrival is told after its window was closed")
        if offset <= Int64(UInt32.max) {
            near.append(UInt32(truncatingIfNeeded: offset))
        } else {
            far.append(UInt64(time.nanoseconds))
        }
    }

    /// Takes over the open arrivals of a log that has been told of another part of the fleet, and leaves it empty.
    mutating func take(from other: inout ArrivalLog) {
        if other.base == base {
            near += other.near
            far += other.far
        } else {
            for offset in other.near { arrived(at: Instant(nanoseconds: other.base + Int64(offset))) }
            for time in other.far { arrived(at: Instant(nanoseconds: Int64(time))) }
        }
        other.near.removeAll(keepingCapacity: true)
        other.far.removeAll(keepingCapacity: true)
    }

    /// Counts what arrived before `end`: nothing earlier will be told any more.
    ///
    /// - Parameter firstDown: the beginning of the first outage, if there has been one before `end`.
    mutating func closeWindow(before end: Instant, firstDown: Instant?) {
        if let firstDown, firstDown.nanoseconds != start {
            // It has been told since the last window was closed: all that has passed was before it.
            start = firstDown.nanoseconds
            peaks = ArrivalPeaks()
            window.removeAll()
        }
        let end = end.nanoseconds
        guard end > base else { return }
        radixSort(&near, scratch: &nearScratch)
        radixSort(&far, scratch: &farScratch)
        let closedNear = Self.partition(near, at: UInt32(clamping: end - base))
        // Everything near is over where the bound itself did not fit.
        let nearCount = end - base > Int64(UInt32.max) ? near.count : closedNear
        let farCount = Self.partition(far, at: UInt64(end))
        for offset in near[..<nearCount] { pass(base + Int64(offset)) }
        for time in far[..<farCount] { pass(Int64(time)) }
        rest(from: end, nearCount, farCount)
    }

    /// Keeps what is still open, counted from the new base.
    private mutating func rest(from end: Int64, _ nearCount: Int, _ farCount: Int) {
        let shift = end - base
        let open = near[nearCount...].map { UInt32($0 - UInt32(shift)) }
        near.removeAll(keepingCapacity: true)
        near += open
        base = end
        let reachable = Self.partition(far, at: UInt64(end) + UInt64(UInt32.max) + 1)
        for time in far[farCount..<max(farCount, reachable)] { near.append(UInt32(Int64(time) - end)) }
        far.removeSubrange(..<max(farCount, reachable))
    }

    private mutating func pass(_ time: Int64) {
        hasCounted = true
        if let start, time < start { return }
        let counts = window.add(time)
        peaks.in100Milliseconds = max(peaks.in100Milliseconds, counts.in100Milliseconds)
        peaks.in1Second = max(peaks.in1Second, counts.in1Second)
    }

    /// How many of rising values lie below a bound.
    private static func partition<Value: Comparable>(_ values: [Value], at bound: Value) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How many arrivals there is room for.
    var capacity: Int { near.capacity + far.capacity + nearScratch.capacity + farScratch.capacity + window.capacity }
}

/// The times of the last second, told in rising order.
private struct SlidingCounts {
    /// Times by their number modulo the capacity, a power of two.
    private var ring = [Int64](repeating: 0, count: 64)
    private var next = 0
    private var first100 = 0
    private var first1000 = 0

    var capacity: Int { ring.count }

    /// Adds a time and answers how many there are in the windows that end with it.
    mutating func add(_ time: Int64) -> ArrivalPeaks {
        let mask = ring.count - 1
        while first1000 < next, time - ring[first1000 & mask] >= 1_000_000_000 { first1000 += 1 }
        first100 = max(first100, first1000)
        while first100 < next, time - ring[first100 & mask] >= 100_000_000 { first100 += 1 }
        if next - first1000 == ring.count { grow() }
        ring[next & (ring.count - 1)] = time
        next += 1
        return ArrivalPeaks(in100Milliseconds: next - first100, in1Second: next - first1000)
    }

    private mutating func grow() {
        var larger = [Int64](repeating: 0, count: 2 * ring.count)
        for number in first1000..<next { larger[number & (larger.count - 1)] = ring[number & (ring.count - 1)] }
        ring = larger
    }

    mutating func removeAll() {
        first100 = next
        first1000 = next
    }
}
