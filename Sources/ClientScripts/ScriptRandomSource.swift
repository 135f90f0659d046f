import Reconnection

/// The random numbers of a script: those it lists, then those of a generator if it names a seed.
///
/// The generator is SplitMix64, ten lines in any language; a number is its top 53 bits divided by 2^53.
///
/// - Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct ScriptRandomSource: RandomSource {
    /// How many numbers have been handed out.
    private(set) var used = 0
    /// Whether a number was asked for when there was none.
    private(set) var hasRunOut = false
    private var queue: [Double] = []
    private var position = 0
    private var generator: GeneratorRandomSource<SplitMix64>?

    init(seed: UInt64?) {
        generator = seed.map { GeneratorRandomSource(SplitMix64(state: $0)) }
    }

    mutating func append(_ numbers: [Double]) {
        queue.removeFirst(position)
        position = 0
        queue += numbers
    }

    mutating func seed(_ seed: UInt64) {
        generator = GeneratorRandomSource(SplitMix64(state: seed))
    }

    mutating func nextUniform() -> Double {
        used += 1
        if position < queue.count {
            defer { position += 1 }
            return queue[position]
        }
        if let number = generator?.nextUniform() { return number }
        // A source cannot fail; the player looks after each step, and throws the step away.
        hasRunOut = true
        return 0
    }
}

private struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
