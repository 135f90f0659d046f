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
/// Arrivals of the open window wait, 4 bytes each if it is shorter than 34 s. When it closes they are sorted and pass by two counters that remember
/// the last second: memory is that of one window and one second, whatever the length of the observation. Arrivals before
/// the first outage do not count if there is one.
///
/// - Source: METRICS H2: max over real s of #arrivals in [s, s + width), by two pointers over sorted times.
struct ArrivalLog: Sendable {
    private(set) var peaks = ArrivalPeaks()
    /// The end of the last closed window.
    private var base: Int64 = 0
    /// Open arrivals by the 2^32 ns after `base` in which they fall, counted from the beginning of those.
    private var near: [[UInt32]]
    /// All later ones.
    private var far: [UInt64] = []
    private var nearScratch: [UInt32] = []
    private var farScratch: [UInt64] = []
    private var kept: [UInt64] = []
    private var window = SlidingCounts()
    /// Where counting began: the first outage, once it is known.
    private var start: Int64?
    /// Whether a window with arrivals has been closed here.
    private(set) var hasCounted = false

    init() { near = Array(repeating: [], count: 8) }

    mutating func arrived(at time: Instant) {
        let offset = time.nanoseconds - base
        precondition(offset >= 0, "an arrival is told after its window was closed")
        let part = Int(offset >> 32)
        if part < near.count {
            near[part].append(UInt32(truncatingIfNeeded: offset))
        } else {
            far.append(UInt64(time.nanoseconds))
        }
    }

    /// Takes over the open arrivals of a log that has been told of another part of the fleet, and leaves it empty.
    mutating func take(from other: inout ArrivalLog) {
        for part in near.indices {
            if other.base == base {
                near[part] += other.near[part]
            } else {
                for offset in other.near[part] { arrived(at: Instant(nanoseconds: other.time(part, offset))) }
            }
            other.near[part].removeAll(keepingCapacity: true)
        }
        for time in other.far { arrived(at: Instant(nanoseconds: Int64(time))) }
        other.far.removeAll(keepingCapacity: true)
    }

    private func time(_ part: Int, _ offset: UInt32) -> Int64 { base + (Int64(part) << 32) + Int64(offset) }

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
        for part in near.indices where !near[part].isEmpty {
            radixSort(&near[part], scratch: &nearScratch)
            for offset in near[part] {
                let time = time(part, offset)
                if time < end { pass(time) } else { kept.append(UInt64(time)) }
            }
            near[part].removeAll(keepingCapacity: true)
        }
        radixSort(&far, scratch: &farScratch)
        for time in far {
            if time < end { pass(Int64(time)) } else { kept.append(time) }
        }
        far.removeAll(keepingCapacity: true)
        base = end
        for time in kept { arrived(at: Instant(nanoseconds: Int64(time))) }
        kept.removeAll(keepingCapacity: true)
    }

    private mutating func pass(_ time: Int64) {
        hasCounted = true
        if let start, time < start { return }
        let counts = window.add(time)
        peaks.in100Milliseconds = max(peaks.in100Milliseconds, counts.in100Milliseconds)
        peaks.in1Second = max(peaks.in1Second, counts.in1Second)
    }

    /// How many arrivals there is room for.
    var capacity: Int {
        near.reduce(nearScratch.capacity + far.capacity + farScratch.capacity + kept.capacity + window.capacity) {
            $0 + $1.capacity
        }
    }
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
