/// The key of all random numbers of one replication of a study.
@frozen
public struct RandomKey: Sendable, Hashable, BitwiseCopyable {
    @usableFromInline let bits: UInt64

    /// Mixes a seed and the number of a replication into a key.
    ///
    /// Two rounds of splitmix64, so that near seeds and near replications give unrelated keys. With the seed fixed,
    /// different replications have different keys; with the replication fixed, so have different seeds.
    ///
    /// - Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    public init(seed: UInt64, replication: UInt32) {
        let goldenRatio: UInt64 = 0x9E37_79B9_7F4A_7C15
        bits = splitMix(splitMix(seed &+ goldenRatio) &+ goldenRatio &* (UInt64(replication) + 1))
    }
}

private func splitMix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
}

/// A sequence of random numbers that belongs to a key, an entity and a purpose, and to nothing else.
///
/// Draw number i is a pure function of (key, entity, purpose, i): streams do not disturb one another, need no
/// storage beyond the index of their next draw, and are the same on any number of threads and in any order of
/// events. Philox counter words, least significant first: index / 2, then the entity and the purpose in one; an even
/// index is the lower half of the block and an odd one the upper half.
@frozen
public struct RandomStream: Sendable {
    @usableFromInline let key: RandomKey
    @usableFromInline let entity: UInt32
    @usableFromInline let purpose: UInt32
    @usableFromInline var index: UInt64
    /// The upper half of the block drawn last, if it is the next draw.
    @usableFromInline var upperHalf: UInt64 = 0
    @usableFromInline var hasUpperHalf = false

    /// The stream of a purpose of an entity, from a given draw on.
    ///
    /// - Parameters:
    ///   - key: from the seed and the replication.
    ///   - entity: whose numbers these are, such as the number of a client.
    ///   - purpose: what they are for; purposes that share a number share their draws.
    ///   - index: the number of the next draw; the first is 0.
    @inlinable
    public init(key: RandomKey, entity: UInt32, purpose: UInt32, index: UInt64 = 0) {
        self.key = key
        self.entity = entity
        self.purpose = purpose
        self.index = index
    }

    /// The number of the next draw.
    ///
    /// All that an owner has to store to continue the stream later; may be set to continue anywhere.
    @inlinable
    public var position: UInt64 {
        get { index }
        set {
            index = newValue
            hasUpperHalf = false
        }
    }

    /// The next 64 random bits. Consumes one draw.
    @inlinable
    public mutating func nextUInt64() -> UInt64 {
        if hasUpperHalf {
            hasUpperHalf = false
            index &+= 1
            return upperHalf
        }
        let (lower, upper) = Self.pair(key: key, entity: entity, purpose: purpose, index: index >> 1)
        let isEven = index & 1 == 0
        hasUpperHalf = isEven
        upperHalf = upper
        index &+= 1
        return isEven ? lower : upper
    }

    /// The next uniform number in [0, 1), a multiple of 2^-53. Consumes one draw.
    @inlinable
    public mutating func nextUniform() -> Double { Self.unitInterval(nextUInt64()) }

    /// An unbiased integer in 0 ..< bound, which must be positive.
    ///
    /// Consumes one draw, and another with a probability below bound / 2^64.
    ///
    /// - Source: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
    @inlinable
    public mutating func uniform(below bound: UInt64) -> UInt64 {
        guard bound > 0 else { fatalError("There is no integer below 0 to draw.") }
        var product = nextUInt64().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = nextUInt64().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// The 64 random bits at an index of a stream; the index may have a meaning, such as the number of an attempt.
    @inlinable
    public static func bits(key: RandomKey, entity: UInt32, purpose: UInt32, index: UInt64) -> UInt64 {
        let (lower, upper) = pair(key: key, entity: entity, purpose: purpose, index: index >> 1)
        return index & 1 == 0 ? lower : upper
    }

    /// The uniform number in [0, 1) at an index of a stream; equal to what the stream draws at that position.
    @inlinable
    public static func uniform(key: RandomKey, entity: UInt32, purpose: UInt32, index: UInt64) -> Double {
        unitInterval(bits(key: key, entity: entity, purpose: purpose, index: index))
    }

    /// The top 53 bits as a uniform number in [0, 1).
    @inlinable
    public static func unitInterval(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }

    /// The draws at an even index of a stream and at the odd one behind it, which together cost as much as one.
    ///
    /// - Parameter index: half the even index.
    @inlinable
    @inline(__always)
    public static func pair(
        key: RandomKey,
        entity: UInt32,
        purpose: UInt32,
        index: UInt64
    ) -> (even: UInt64, odd: UInt64) {
        let words = Philox.block(counter: (index, UInt64(purpose) << 32 | UInt64(entity)), key: key.bits)
        return (words.0, words.1)
    }
}
