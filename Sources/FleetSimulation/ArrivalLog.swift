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
/// An arrival is put into its bucket of 8.4 ms and not looked at again in most cases. When the window closes, the counts
/// of the buckets bound the number in every sliding window that ends in a bucket: those it contains for certain from
/// below, those it touches from above. Only buckets that might hold a new peak are sorted and counted arrival by arrival.
///
/// Memory is that of one window and one second, whatever the length of the observation. Arrivals before the first
/// outage do not count if there is one.
///
/// - Source: METRICS H2: max over real s of #arrivals in [s, s + width); the maximum is reached with an arrival as the
///   last one of its window.
struct ArrivalLog: ~Copyable {
    /// A width of sliding windows, and the buckets that belong to a window which ends in a bucket.
    private struct Width {
        let width: Int64
        /// So many buckets before the last one are touched by some window that ends in it.
        let touched: Int64
        /// So many before the last one are contained in each.
        let contained: Int64

        init(milliseconds: Int64) {
            width = milliseconds * 1_000_000
            touched = (width + ArrivalBuckets.width - 2) / ArrivalBuckets.width
            contained = width / ArrivalBuckets.width - 1
        }
    }

    private static let narrow = Width(milliseconds: 100)
    private static let wide = Width(milliseconds: 1_000)

    /// A bucket whose arrivals count.
    private struct Passed: BitwiseCopyable {
        let bucket: Int64
        let arrivals: ArrivalBlocks.Chain
        /// How many arrivals counted before it.
        let before: Int
        var isSorted = false
        /// How many of its arrivals there are in each slice, once that has been asked for.
        var slices: UnsafeMutablePointer<UInt32>?
    }

    /// The first of the passed buckets that are touched by, or contained in, windows which end in the last one.
    private struct Firsts: BitwiseCopyable {
        var narrowTouched = 0
        var narrowContained = 0
        var wideTouched = 0
        var wideContained = 0

        /// After so many buckets at the beginning have been let go.
        func without(_ count: Int) -> Firsts {
            Firsts(
                narrowTouched: max(0, narrowTouched - count),
                narrowContained: max(0, narrowContained - count),
                wideTouched: max(0, wideTouched - count),
                wideContained: max(0, wideContained - count)
            )
        }
    }

    /// A passed bucket in which a peak might be, with the first bucket that its windows touch and how many they can hold.
    private struct Candidate: BitwiseCopyable {
        let place: Int
        let narrowFirst: Int
        let narrowMost: Int
        let wideFirst: Int
        let wideMost: Int
    }

    private var most = ArrivalPeaks()
    /// Whether a window with arrivals has been closed here.
    private(set) var hasCounted = false
    /// The end of the last closed window.
    private var base: Int64 = 0
    /// Where counting began: the first outage, once it is known.
    private var start: Int64?
    /// Nothing before this counts.
    private var countsFrom: Int64 = 0

    private var open = ArrivalBuckets()
    /// Arrivals further ahead than that reaches, by the stretch of time in which they fall.
    private var far: [Int64: [Int64]] = [:]
    private static let stretchBits = ArrivalBuckets.bits + ArrivalBuckets.mostBits

    /// What has passed of the last second, in order of time; more while a window is being closed.
    private var passed: UnsafeMutablePointer<Passed> = .allocate(capacity: 0)
    private var passedCount = 0
    private var passedCapacity = 0
    /// How many arrivals there are in `passed`, and have been before.
    private var total = 0
    private var firsts = Firsts()
    private var candidates: [Candidate] = []

    deinit { passed.deallocate() }

    // MARK: Open arrivals

    @inline(__always)
    mutating func arrived(at time: Instant) {
        precondition(time.nanoseconds >= base, "an arrival is told after its window was closed")
        if !open.add(time.nanoseconds) { arrivedFar(at: time.nanoseconds) }
    }

    @inline(never)
    private mutating func arrivedFar(at time: Int64) { far[time >> Self.stretchBits, default: []].append(time) }

    /// Takes over the open arrivals of a log that has been told of another part of the fleet, and leaves it empty.
    mutating func take(from other: inout ArrivalLog) {
        if other.base == base, !other.hasCounted {
            open.take(allOf: &other.open)
        } else {
            let otherBase = other.base
            var bucket = other.open.first
            while let next = other.open.next(from: bucket, through: .max) {
                _ = other.open.remove(from: next) { offset in
                    let time = next << ArrivalBuckets.bits + Int64(offset)
                    // What has been counted there is not open.
                    guard time >= otherBase else { return false }
                    arrived(at: Instant(nanoseconds: time))
                    return true
                }
                bucket = next + 1
            }
        }
        for times in other.far.values { for time in times { arrived(at: Instant(nanoseconds: time)) } }
        other.far.removeAll()
    }

    // MARK: The end of a window

    /// Counts what arrived before `end`: nothing earlier will be told any more.
    ///
    /// - Parameter firstDown: the beginning of the first outage, if there has been one before `end`.
    mutating func closeWindow(before end: Instant, firstDown: Instant?) {
        if let firstDown, firstDown.nanoseconds != start {
            // It has been told since the last window was closed: all that has passed was before it.
            start = firstDown.nanoseconds
            countsFrom = max(firstDown.nanoseconds, base)
            forgetPassed()
        }
        let end = end.nanoseconds
        guard end > base else { return }
        if !far.isEmpty { dealIn(before: end) }
        pass(before: end)
    }

    /// Puts far arrivals into buckets, as those come near.
    private mutating func dealIn(before end: Int64) {
        for stretch in far.keys.sorted() where stretch << Self.stretchBits < end {
            let begin = stretch << Self.stretchBits
            if begin > base { pass(before: begin) }
            for time in far.removeValue(forKey: stretch) ?? [] {
                let isNear = open.add(time)
                precondition(isNear, "the buckets are as long as a stretch")
            }
        }
    }

    private mutating func forgetPassed() {
        most = ArrivalPeaks()
        for place in 0..<passedCount { release(passed[place]) }
        passedCount = 0
        firsts = Firsts()
        drop(before: base)
    }

    /// Lets open arrivals go that do not count.
    private mutating func drop(before time: Int64) {
        var bucket = open.first
        while let next = open.next(from: bucket, through: (time - 1) >> ArrivalBuckets.bits) {
            let begin = next << ArrivalBuckets.bits
            if open.remove(from: next, where: { begin + Int64($0) < time }) > 0 { hasCounted = true }
            bucket = next + 1
        }
    }

    /// Counts the arrivals in whole buckets. One within which the window ends stays open as a whole.
    private mutating func pass(before end: Int64) {
        if countsFrom > base { drop(before: min(countsFrom, end)) }
        let last = end >> ArrivalBuckets.bits
        var bucket = open.first
        while let next = open.next(from: bucket, through: last - 1) {
            hasCounted = true
            let arrivals = open.take(next)
            addPassed(next, arrivals, count: arrivals.count)
            bucket = next + 1
        }
        lookIntoCandidates(before: end)
        base = end
        open.begin(with: last)
        releaseOld()
        if !hasCounted { hasCounted = countInOpenBucket > 0 }
    }

    /// How many arrivals before the end of the last closed window there are in the bucket within which it ended.
    private var countInOpenBucket: Int {
        let isEmpty = open.next(from: open.first, through: open.first) == nil
        return isEmpty ? 0 : Self.count(open[open.first], before: base)
    }

    /// The fullest windows over the arrivals of the windows of the simulation that have been closed.
    var peaks: ArrivalPeaks {
        mutating get {
            let count = countInOpenBucket
            if count > 0 {
                addPassed(open.first, open[open.first], count: count)
                lookIntoCandidates(before: base)
                // It will pass again as a whole, and windows that have been counted will be as full as they are.
                passedCount -= 1
                total -= count
            }
            return most
        }
    }

    /// Adds a bucket to what has passed, and looks whether windows that end in it might hold a new peak.
    @inline(__always)
    private mutating func addPassed(_ bucket: Int64, _ arrivals: ArrivalBlocks.Chain, count: Int) {
        if passedCount == passedCapacity { growPassed() }
        let passed = passed
        passed[passedCount] = Passed(bucket: bucket, arrivals: arrivals, before: total)
        total &+= count
        passedCount &+= 1
        while passed[firsts.narrowTouched].bucket < bucket &- Self.narrow.touched { firsts.narrowTouched &+= 1 }
        while passed[firsts.wideTouched].bucket < bucket &- Self.wide.touched { firsts.wideTouched &+= 1 }
        let narrowMost = total &- passed[firsts.narrowTouched].before
        let wideMost = total &- passed[firsts.wideTouched].before
        if narrowMost > most.in100Milliseconds || wideMost > most.in1Second {
            addCandidate(bucket, narrowMost: narrowMost, wideMost: wideMost)
        }
    }

    /// Raises the peaks to what windows that end in the bucket passed last have at least.
    private mutating func addCandidate(_ bucket: Int64, narrowMost: Int, wideMost: Int) {
        while passed[firsts.narrowContained].bucket < bucket - Self.narrow.contained { firsts.narrowContained += 1 }
        while passed[firsts.wideContained].bucket < bucket - Self.wide.contained { firsts.wideContained += 1 }
        most.in100Milliseconds = max(most.in100Milliseconds, total - passed[firsts.narrowContained].before)
        most.in1Second = max(most.in1Second, total - passed[firsts.wideContained].before)
        guard narrowMost > most.in100Milliseconds || wideMost > most.in1Second else { return }
        candidates.append(
            Candidate(
                place: passedCount - 1,
                narrowFirst: firsts.narrowTouched,
                narrowMost: narrowMost,
                wideFirst: firsts.wideTouched,
                wideMost: wideMost
            )
        )
    }

    private mutating func lookIntoCandidates(before end: Int64) {
        for candidate in candidates { lookInto(candidate, before: end) }
        candidates.removeAll(keepingCapacity: true)
    }

    private mutating func growPassed() {
        passedCapacity = max(64, 2 * passedCapacity)
        let larger: UnsafeMutablePointer<Passed> = .allocate(capacity: passedCapacity)
        larger.initialize(from: passed, count: passedCount)
        passed.deallocate()
        passed = larger
    }

    private static func count(_ chain: ArrivalBlocks.Chain, before end: Int64) -> Int {
        let limit = UInt32(end & (ArrivalBuckets.width - 1))
        var count = 0
        chain.forEachBlock { for value in $0 where ArrivalBuckets.offset(value) < limit { count += 1 } }
        return count
    }

    /// Lets go what no window will touch any more, now and then.
    private mutating func releaseOld() {
        let oldest = open.first - Self.wide.touched
        var count = 0
        while count < passedCount, passed[count].bucket < oldest { count += 1 }
        guard count >= 64 || count == passedCount else { return }
        for place in 0..<count { release(passed[place]) }
        passedCount -= count
        passed.update(from: passed + count, count: passedCount)
        firsts = firsts.without(count)
    }

    // MARK: A look into buckets

    /// Counts all windows that end in a bucket, unless a new peak there has been ruled out meanwhile.
    private mutating func lookInto(_ candidate: Candidate, before end: Int64) {
        var isNarrow = candidate.narrowMost > most.in100Milliseconds
        var isWide = candidate.wideMost > most.in1Second
        let isWhole = passed[candidate.place].bucket < end >> ArrivalBuckets.bits
        if isWhole, passed[candidate.place].arrivals.count >= Self.leastToSlice {
            isNarrow =
                isNarrow
                && mightExceed(most.in100Milliseconds, candidate.place, Self.narrow, from: candidate.narrowFirst)
            isWide = isWide && mightExceed(most.in1Second, candidate.place, Self.wide, from: candidate.wideFirst)
        }
        guard isNarrow || isWide else { return }
        sort(candidate.place)
        let entry = passed[candidate.place]
        let count = entry.arrivals.count
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { ends in
            Self.gather(entry.arrivals, into: ends)
            var ends = UnsafeMutableBufferPointer(rebasing: ends[...])
            if !isWhole {
                // Sorted: what is still open comes last.
                ends = UnsafeMutableBufferPointer(rebasing: ends[..<Self.count(entry.arrivals, before: end)])
            }
            if isNarrow {
                let found = mostEnding(in: ends, of: entry, Self.narrow, from: candidate.narrowFirst)
                most.in100Milliseconds = max(most.in100Milliseconds, found)
            }
            if isWide {
                let found = mostEnding(in: ends, of: entry, Self.wide, from: candidate.wideFirst)
                most.in1Second = max(most.in1Second, found)
            }
        }
    }

    /// The most arrivals in a window that ends with one of a bucket's, told in order.
    ///
    /// - Parameter first: the first of `passed` that such a window touches.
    private mutating func mostEnding(
        in ends: UnsafeMutableBufferPointer<UInt32>,
        of entry: Passed,
        _ width: Width,
        from first: Int
    ) -> Int {
        var edge = first
        while passed[edge].bucket < entry.bucket - width.contained {
            sort(edge)
            edge += 1
        }
        let count = passed[edge].before - passed[first].before
        // One more, which is never reached.
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: count + 1) { beginnings in
            var filled = 0
            for place in first..<edge {
                // From here on an arrival is not in the window that ends with an offset in the bucket.
                let shift = Int32((passed[place].bucket - entry.bucket) << ArrivalBuckets.bits + width.width)
                passed[place].arrivals.forEachBlock { values in
                    for value in values {
                        beginnings[filled] = Int32(truncatingIfNeeded: value) &+ shift
                        filled &+= 1
                    }
                }
            }
            beginnings[filled] = .max
            var gone = 0
            var most = -count
            for (number, end) in ends.enumerated() {
                while beginnings[gone] <= Int32(truncatingIfNeeded: end) { gone &+= 1 }
                most = max(most, number &- gone)
            }
            return most + 1 + entry.before - passed[first].before
        }
    }

    /// Brings a bucket's arrivals into order of time, and reduces them to their offsets.
    private mutating func sort(_ place: Int) {
        guard !passed[place].isSorted else { return }
        passed[place].isSorted = true
        let chain = passed[place].arrivals
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * chain.count) { buffer in
            let values = UnsafeMutableBufferPointer(rebasing: buffer[..<chain.count])
            Self.gather(chain, into: values)
            sortOffsets(values, scratch: .init(rebasing: buffer[chain.count...]), bits: Int(ArrivalBuckets.bits))
            var place = 0
            chain.forEachBlock { block in
                _ = block.update(fromContentsOf: values[place..<place + block.count])
                place += block.count
            }
        }
    }

    private static func gather(_ chain: ArrivalBlocks.Chain, into values: UnsafeMutableBufferPointer<UInt32>) {
        var place = 0
        chain.forEachBlock { block in
            for value in block {
                values[place] = ArrivalBuckets.offset(value)
                place &+= 1
            }
        }
    }

    // MARK: Slices

    /// A slice of a bucket is 2^sliceBits ns wide: 0.26 ms.
    private static let sliceCountBits: Int64 = 5
    private static let sliceBits = ArrivalBuckets.bits - sliceCountBits
    private static let slicesPerBucket: Int64 = 1 << sliceCountBits
    /// Fewer arrivals than this are counted as fast as they are bounded.
    private static let leastToSlice = 64

    /// Whether a bucket can hold the end of a window that is fuller than a peak, by the counts of slices.
    ///
    /// - Parameter first: the first of `passed` that such a window touches.
    private mutating func mightExceed(_ peak: Int, _ place: Int, _ width: Width, from first: Int) -> Bool {
        let entry = passed[place]
        let ends = slices(place)
        // All arrivals before this slice are gone from windows that end in the first slice of the bucket.
        var slice = (entry.bucket << ArrivalBuckets.bits - width.width + 1) >> Self.sliceBits
        var edge = first
        while passed[edge].bucket < slice >> Self.sliceCountBits { edge += 1 }
        var most = entry.before - passed[edge].before
        if passed[edge].bucket == slice >> Self.sliceCountBits {
            let beginnings = slices(edge)
            for number in 0..<Int(slice & (Self.slicesPerBucket - 1)) { most -= Int(beginnings[number]) }
        }
        for number in 0..<Int(Self.slicesPerBucket) {
            most &+= Int(ends[number])
            if most > peak { return true }
            while passed[edge].bucket < slice >> Self.sliceCountBits { edge &+= 1 }
            if passed[edge].bucket == slice >> Self.sliceCountBits {
                most &-= Int(slices(edge)[Int(slice & (Self.slicesPerBucket - 1))])
            }
            slice &+= 1
        }
        return false
    }

    @inline(__always)
    private mutating func slices(_ place: Int) -> UnsafeMutablePointer<UInt32> {
        passed[place].slices ?? countSlices(place)
    }

    @inline(never)
    private mutating func countSlices(_ place: Int) -> UnsafeMutablePointer<UInt32> {
        let count = Int(Self.slicesPerBucket)
        let slices = open.blocks.takeBlock().bindMemory(to: UInt32.self, capacity: count)
        slices.initialize(repeating: 0, count: count)
        passed[place].arrivals.forEachBlock { values in
            for value in values { slices[Int(ArrivalBuckets.offset(value) >> UInt32(Self.sliceBits))] &+= 1 }
        }
        passed[place].slices = slices
        return slices
    }

    private mutating func release(_ entry: Passed) {
        open.blocks.release(entry.arrivals)
        if let slices = entry.slices { open.blocks.giveBack(UnsafeMutableRawPointer(slices)) }
    }

    // MARK: Memory

    /// How many bytes are held.
    var bytes: Int {
        open.bytes + far.values.reduce(0) { $0 + $1.capacity * MemoryLayout<Int64>.stride }
            + passedCapacity * MemoryLayout<Passed>.stride + candidates.capacity * MemoryLayout<Candidate>.stride
    }
}
