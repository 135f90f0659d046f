/// Whole counts in buckets of nanoseconds: 1,024 equally wide ones within each power of two.
///
/// Up to 2,047 ns each value has a bucket of its own. Above, a bucket's representative is its middle and differs from
/// each of its values by at most 2^-11 of that value (0.05 %). Counts add up bucket by bucket, so that a sum does not
/// depend on how it was split; they may be negative where they are net changes.
///
/// - Source: the layout of HdrHistogram (G. Tene) with 10 bits below the leading one.
struct LogLinearCounts: Sendable, Equatable {
    /// The most by which a representative differs from a value of its bucket, relative to the value.
    static let relativeError = 0x1p-11
    private static let digits = 10

    /// By bucket, as far as there are any.
    private(set) var counts: [Int] = []

    /// The bucket of a value.
    static func bucket(of value: UInt64) -> Int {
        let shift = max(0, 63 - digits - value.leadingZeroBitCount)
        return (shift << digits) + Int(value >> UInt64(shift))
    }

    /// The value that stands for those of a bucket.
    static func representative(of bucket: Int) -> Int64 {
        let shift = max(0, (bucket >> digits) - 1)
        return (Int64(bucket - (shift << digits)) << Int64(shift)) + (1 << Int64(shift)) / 2
    }

    mutating func add(_ change: Int, at value: UInt64) {
        let bucket = Self.bucket(of: value)
        grow(to: bucket + 1)
        counts[bucket] += change
    }

    mutating func merge(_ other: LogLinearCounts) {
        grow(to: other.counts.count)
        for bucket in other.counts.indices { counts[bucket] += other.counts[bucket] }
    }

    private mutating func grow(to buckets: Int) {
        guard buckets > counts.count else { return }
        counts.append(contentsOf: repeatElement(0, count: buckets - counts.count))
    }
}
