import Reconnection

/// Repeats a fixed list of numbers and counts how many were drawn.
struct CountingRandomSource: RandomSource {
    private var numbers: RepeatingRandomSource
    private(set) var draws = 0

    init(_ numbers: [Double]) {
        self.numbers = RepeatingRandomSource(numbers)
    }

    mutating func nextUniform() -> Double {
        draws += 1
        return numbers.nextUniform()
    }
}

/// Reproducible numbers from a seed.
///
/// - Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix: RandomSource, RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func next(below bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func nextUniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
