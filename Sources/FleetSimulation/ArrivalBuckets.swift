/// Instants in buckets of 8.4 ms, in no order within a bucket.
///
/// Putting an instant into its bucket is all that is done for most of them, so that is a handful of instructions. An empty
/// bucket costs 8 bytes and a bit, and nothing when it is passed over.
struct ArrivalBuckets: ~Copyable {
    /// A bucket is 2^bits ns wide.
    static let bits: Int64 = 23
    static let width: Int64 = 1 << bits
    /// There are at most 2^mostBits buckets at once.
    static let mostBits: Int64 = 13

    var blocks = ArrivalBlocks()
    /// The number of the first bucket: the whole widths before it.
    private(set) var first: Int64 = 0
    /// Buckets by their number modulo this power of two; none before there is something to put into them.
    private var capacity: Int64 = 0
    private var chains: UnsafeMutablePointer<ArrivalBlocks.Chain>
    /// A bit for each bucket that is not empty.
    private var occupied: UnsafeMutablePointer<UInt64>

    init() {
        chains = .allocate(capacity: 0)
        occupied = .allocate(capacity: 0)
    }

    deinit {
        chains.deallocate()
        occupied.deallocate()
    }

    /// The offset in its bucket of an instant or of what a bucket holds of it.
    @inline(__always)
    static func offset(_ value: UInt32) -> UInt32 { value & UInt32(width - 1) }

    /// Puts an instant that is not before the first bucket into its own.
    ///
    /// - Returns: false if it lies too far ahead.
    @inline(__always)
    mutating func add(_ time: Int64) -> Bool {
        let bucket = time >> Self.bits
        guard bucket &- first < capacity else { return addBeyond(time) }
        let slot = slot(bucket)
        if chains[slot].isFull {
            addWithNewBlock(UInt32(truncatingIfNeeded: time), slot)
        } else {
            chains[slot].append(UInt32(truncatingIfNeeded: time))
        }
        return true
    }

    @inline(never)
    private mutating func addBeyond(_ time: Int64) -> Bool {
        let bucket = time >> Self.bits
        guard bucket - first < 1 << Self.mostBits else { return false }
        grow(toHold: bucket - first)
        return add(time)
    }

    @inline(never)
    private mutating func addWithNewBlock(_ value: UInt32, _ slot: Int) {
        blocks.append(value, to: &chains[slot])
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    }

    @inline(__always)
    private func slot(_ bucket: Int64) -> Int { Int(truncatingIfNeeded: bucket & (capacity &- 1)) }

    private mutating func grow(toHold distance: Int64) {
        let old = (chains: chains, occupied: occupied, capacity: capacity)
        capacity = max(256, 1 << Int64(64 - distance.leadingZeroBitCount))
        chains = .allocate(capacity: Int(capacity))
        chains.initialize(repeating: ArrivalBlocks.Chain(), count: Int(capacity))
        occupied = .allocate(capacity: Int(capacity / 64))
        occupied.initialize(repeating: 0, count: Int(capacity / 64))
        for bucket in first..<first + old.capacity {
            let chain = old.chains[Int(bucket & (old.capacity - 1))]
            if !chain.isEmpty { put(chain, into: bucket) }
        }
        old.chains.deallocate()
        old.occupied.deallocate()
    }

    /// What is in a bucket.
    subscript(_ bucket: Int64) -> ArrivalBlocks.Chain { chains[slot(bucket)] }

    @inline(__always)
    private mutating func put(_ chain: ArrivalBlocks.Chain, into bucket: Int64) {
        let slot = slot(bucket)
        chains[slot] = chain
        let bit: UInt64 = 1 << UInt64(slot & 63)
        if chain.isEmpty { occupied[slot >> 6] &= ~bit } else { occupied[slot >> 6] |= bit }
    }

    /// The first bucket of a range that is not empty.
    @inline(__always)
    func next(from bucket: Int64, through last: Int64) -> Int64? {
        let last = min(last, first + capacity - 1)
        var bucket = bucket
        while bucket <= last {
            // Numbers of buckets agree with their places modulo 64.
            let rest = occupied[slot(bucket) >> 6] >> UInt64(bucket & 63)
            if rest != 0 {
                bucket += Int64(rest.trailingZeroBitCount)
                return bucket <= last ? bucket : nil
            }
            bucket = (bucket | 63) + 1
        }
        return nil
    }

    /// Empties a bucket and leaves what was in it to the caller.
    @inline(__always)
    mutating func take(_ bucket: Int64) -> ArrivalBlocks.Chain {
        let chain = self[bucket]
        put(ArrivalBlocks.Chain(), into: bucket)
        return chain
    }

    /// Empties all buckets before one, which must be empty, and begins with it.
    mutating func begin(with bucket: Int64) {
        assert(next(from: first, through: bucket - 1) == nil)
        first = bucket
    }

    /// Moves all that another has into these, which begin with the same bucket.
    mutating func take(allOf other: inout ArrivalBuckets) {
        assert(first == other.first)
        if other.capacity > capacity { grow(toHold: other.capacity - 1) }
        var bucket = first
        while let next = other.next(from: bucket, through: .max) {
            let taken = other.take(next)
            var chain = self[next]
            taken.forEachBlock { blocks.append($0, to: &chain) }
            put(chain, into: next)
            other.blocks.release(taken)
            bucket = next + 1
        }
    }

    /// Takes offsets out of a bucket.
    ///
    /// - Returns: how many.
    mutating func remove(from bucket: Int64, where isRemoved: (UInt32) -> Bool) -> Int {
        let chain = take(bucket)
        var kept = ArrivalBlocks.Chain()
        chain.forEachBlock { values in
            for value in values where !isRemoved(Self.offset(value)) {
                blocks.append(value, to: &kept)
            }
        }
        let removed = chain.count - kept.count
        put(kept, into: bucket)
        blocks.release(chain)
        return removed
    }

    /// How many bytes are held.
    var bytes: Int { blocks.bytes + Int(capacity) * MemoryLayout<ArrivalBlocks.Chain>.stride + Int(capacity) / 8 }
}
