/// The generator behind resampling: 64 bits of state, the same sequence on every machine.
///
/// - Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix64: Sendable {
    private var state: UInt64

    /// A generator whose sequence depends on the seed alone; every seed is allowed.
    package init(seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A whole number from 0 up to but excluding a positive bound; one draw, with a bias below bound / 2^64.
    package mutating func index(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number between 0 and 1, ends excluded: the middle of one of 2^53 cells; one draw.
    package mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }
}
