/// The values of a `DurationSample` in rising order, each or its representative.
public struct OrderedDurations: Sendable, Equatable {
    /// How many there are.
    public let count: Int
    private let short: [UInt32]
    private let long: [UInt64]
    /// Of a sketched sample: its occupied buckets by their representatives, and how many values lie up to each.
    private let representatives: [Int64]
    private let ranks: [Int]
    /// The exact ends of a sketched sample.
    private let least: Int64
    private let greatest: Int64

    init(short: [UInt32], long: [UInt64]) {
        count = short.count + long.count
        self.short = short
        self.long = long
        representatives = []
        ranks = []
        least = 0
        greatest = 0
    }

    init(_ sketch: DurationSketch) {
        count = sketch.count
        short = []
        long = []
        var representatives: [Int64] = []
        var ranks: [Int] = []
        let range = Int64(sketch.least)...Int64(max(sketch.least, sketch.greatest))
        for (bucket, values) in sketch.buckets.counts.enumerated() where values > 0 {
            let middle = LogLinearCounts.representative(of: bucket)
            representatives.append(min(max(middle, range.lowerBound), range.upperBound))
            ranks.append((ranks.last ?? 0) + values)
        }
        self.representatives = representatives
        self.ranks = ranks
        least = range.lowerBound
        greatest = range.upperBound
    }

    /// The value of a rank, 0 the least, in nanoseconds; the first and the last are exact even of a sketched sample.
    ///
    /// - Complexity: constant, or logarithmic in the number of buckets.
    public subscript(rank: Int) -> Int64 {
        precondition(rank >= 0 && rank < count, "rank \(rank) of \(count) values")
        guard !ranks.isEmpty else {
            return rank < short.count ? Int64(short[rank]) : Int64(long[rank - short.count])
        }
        if rank == 0 { return least }
        if rank == count - 1 { return greatest }
        var low = 0
        var high = ranks.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ranks[middle] > rank { high = middle } else { low = middle + 1 }
        }
        return representatives[low]
    }

    /// Every distinct value in rising order, with how often it occurs.
    ///
    /// - Complexity: linear.
    public func forEachDistinct(_ body: (_ nanoseconds: Int64, _ count: Int) -> Void) {
        var previous = 0
        for (value, rank) in zip(representatives, ranks) {
            body(value, rank - previous)
            previous = rank
        }
        Self.forEachRun(short, body)
        Self.forEachRun(long, body)
    }

    private static func forEachRun<Value: BinaryInteger>(_ values: [Value], _ body: (Int64, Int) -> Void) {
        var first = 0
        for index in values.indices where index + 1 == values.count || values[index + 1] != values[index] {
            body(Int64(values[index]), index + 1 - first)
            first = index + 1
        }
    }

    /// Every value, in nanoseconds.
    public var values: [Int64] { (0..<count).map { self[$0] } }
}
