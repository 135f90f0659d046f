/// The counter-based generator Philox4x32-10: a keyed bijection of 128-bit counters that looks random.
///
/// - Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
public enum Philox {
    /// Four 32-bit words, the first the least significant.
    public typealias Words = (UInt32, UInt32, UInt32, UInt32)

    /// The random block that belongs to a counter under a key; ten rounds, no state.
    @inlinable
    public static func block(counter: Words, key: (UInt32, UInt32)) -> Words {
        var words = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(0xD251_1F53) &* UInt64(words.0)
            let second = UInt64(0xCD9E_8D57) &* UInt64(words.2)
            words = (
                UInt32(truncatingIfNeeded: second >> 32) ^ words.1 ^ key.0,
                UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ words.3 ^ key.1,
                UInt32(truncatingIfNeeded: first)
            )
            key.0 &+= 0x9E37_79B9
            key.1 &+= 0xBB67_AE85
        }
        return words
    }
}
