/// Durations of which quantiles are asked: exact up to a limit, beyond it a mergeable sketch of fixed size.
///
/// As long as there are at most `limit` values each is kept, in 4 bytes up to 4.29 s and in 8 beyond. With one more they
/// become counts in log-linear buckets: order statistics then err by at most `relativeError` of themselves, while count,
/// least, greatest and sum stay exact. What a sample holds depends on its values alone, not on their order or on how
/// they were split over samples that were merged.
public struct DurationSample: Sendable {
    /// The most values kept exactly unless another limit is given.
    public static let standardLimit = 10_000_000
    /// The most by which an order statistic of a sketched sample differs from the true one, relative to it.
    public static let relativeError = LogLinearCounts.relativeError

    /// The most values kept exactly.
    public let limit: Int
    /// Values kept exactly, those that fit into 32 bits apart from the rest.
    private var short: [UInt32] = []
    private var long: [UInt64] = []
    private var sortedShort = 0
    private var sortedLong = 0
    /// How many values may be kept exactly: the limit, or none once there is a sketch.
    private var room: Int
    private var sketch: DurationSketch?

    /// A sample without values.
    public init(limit: Int = standardLimit) {
        self.limit = limit
        room = limit
    }

    /// How many values there are.
    public var count: Int { sketch?.count ?? short.count + long.count }
    /// Whether each value is kept.
    public var isExact: Bool { sketch == nil }

    /// Adds a duration, in nanoseconds and not negative.
    public mutating func append(_ nanoseconds: Int64) {
        guard short.count + long.count < room, nanoseconds >= 0 else {
            appendToSketch(nanoseconds)
            return
        }
        if nanoseconds <= Int64(UInt32.max) {
            short.append(UInt32(truncatingIfNeeded: nanoseconds))
        } else {
            long.append(UInt64(nanoseconds))
        }
    }

    @inline(never)
    private mutating func appendToSketch(_ nanoseconds: Int64) {
        precondition(nanoseconds >= 0, "a duration is \(nanoseconds) ns")
        convert()
        sketch?.add(UInt64(nanoseconds))
    }

    /// Turns kept values into a sketch, if they are not one already.
    private mutating func convert() {
        guard sketch == nil else { return }
        var counts = DurationSketch()
        for value in short { counts.add(UInt64(value)) }
        for value in long { counts.add(value) }
        sketch = counts
        room = 0
        short = []
        long = []
        sort()
    }

    /// Adds the values of another sample with the same limit.
    public mutating func merge(_ other: DurationSample) {
        precondition(limit == other.limit, "samples to be merged have one limit")
        if sketch == nil, other.sketch == nil, count + other.count <= limit {
            short += other.short
            long += other.long
            return
        }
        convert()
        if let counts = other.sketch {
            sketch?.merge(counts)
        } else {
            for value in other.short { sketch?.add(UInt64(value)) }
            for value in other.long { sketch?.add(value) }
        }
    }

    /// Puts kept values in order, so that `ordered` need not.
    mutating func sort() {
        if sortedShort < short.count {
            var scratch: [UInt32] = []
            radixSort(&short, scratch: &scratch)
        }
        if sortedLong < long.count {
            var scratch: [UInt64] = []
            radixSort(&long, scratch: &scratch)
        }
        sortedShort = short.count
        sortedLong = long.count
    }

    /// The values in rising order.
    public var ordered: OrderedDurations {
        if let sketch { return OrderedDurations(sketch) }
        var sample = self
        sample.sort()
        return OrderedDurations(short: sample.short, long: sample.long)
    }

    /// The greatest value, in nanoseconds; nil without any.
    public var max: Int64? {
        if let sketch { return Int64(sketch.greatest) }
        return long.max().map { Int64($0) } ?? short.max().map { Int64($0) }
    }

    /// The mean, in nanoseconds, from the exact sum; nil without values.
    public var mean: Double? {
        guard count > 0 else { return nil }
        var sum = sketch?.sum ?? WideSum()
        for value in short { sum.add(UInt64(value)) }
        for value in long { sum.add(value) }
        return sum.value / Double(count)
    }
}

extension DurationSample: Equatable {
    /// Whether two samples hold the same values, whatever their order.
    public static func == (left: DurationSample, right: DurationSample) -> Bool {
        left.limit == right.limit && left.count == right.count && left.sketch == right.sketch
            && left.ordered == right.ordered
    }
}

/// What remains of durations beyond the limit.
struct DurationSketch: Sendable, Equatable {
    private(set) var buckets = LogLinearCounts()
    private(set) var count = 0
    private(set) var least = UInt64.max
    private(set) var greatest: UInt64 = 0
    private(set) var sum = WideSum()

    mutating func add(_ value: UInt64) {
        buckets.add(1, at: value)
        count += 1
        least = min(least, value)
        greatest = max(greatest, value)
        sum.add(value)
    }

    mutating func merge(_ other: DurationSketch) {
        buckets.merge(other.buckets)
        count += other.count
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
        sum.add(other.sum)
    }
}

/// A sum that no number of nanoseconds overflows: 10^10 durations of a day are more than 64 bits hold.
struct WideSum: Sendable, Equatable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// The sum, rounded.
    var value: Double { Double(high) * 0x1p64 + Double(low) }

    mutating func add(_ value: UInt64) {
        let (partial, overflow) = low.addingReportingOverflow(value)
        low = partial
        if overflow { high += 1 }
    }

    mutating func add(_ other: WideSum) {
        add(other.low)
        high += other.high
    }
}
