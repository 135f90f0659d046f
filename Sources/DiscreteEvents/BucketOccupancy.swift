/// Which buckets of a ring hold an event, one bit each, so that empty stretches are skipped 64 at a time.
@frozen
@usableFromInline
struct BucketOccupancy {
    @usableFromInline var words: [UInt64]

    @usableFromInline
    init(bucketCount: Int) {
        words = Array(repeating: 0, count: bucketCount / 64)
    }

    @inlinable
    mutating func mark(_ bucket: Int) { words[bucket >> 6] |= 1 << UInt64(bucket & 63) }

    @inlinable
    mutating func clear(_ bucket: Int) { words[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }

    /// The first occupied bucket at or after the given one, which may be one past the last.
    @inlinable
    func firstOccupied(from bucket: Int) -> Int? {
        var word = bucket >> 6
        guard word < words.count else { return nil }
        var bits = words[word] & (UInt64.max << UInt64(bucket & 63))
        while bits == 0 {
            word += 1
            guard word < words.count else { return nil }
            bits = words[word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }
}
