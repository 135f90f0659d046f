/// Where a machine's randomness comes from: uniform numbers, handed over by the caller.
///
/// No machine in this library owns a generator. An app passes one seeded by its system, the simulator a
/// reproducible stream, a test the exact numbers it wants to see used. Each machine's documentation says how many
/// numbers it draws, and in which order.
public protocol RandomSource {
    /// The next number, uniform in 0 ..< 1.
    mutating func nextUniform() -> Double
}

/// A random source that repeats a fixed list of numbers: exact tests, and checks of a policy by hand.
public struct RepeatingRandomSource: RandomSource, Sendable {
    /// The numbers, in the order in which they are handed out; each in 0 ..< 1.
    public let numbers: [Double]
    private var position = 0

    /// A source that yields `numbers` in turn, again and again; an empty list yields 0.
    public init(_ numbers: [Double]) {
        self.numbers = numbers.isEmpty ? [0] : numbers
    }

    /// The next number of the list, starting over after the last.
    public mutating func nextUniform() -> Double {
        defer { position = (position + 1) % numbers.count }
        return numbers[position]
    }
}

/// A random source for apps, over any generator of the standard library.
public struct GeneratorRandomSource<Generator: RandomNumberGenerator>: RandomSource {
    private var generator: Generator

    /// A source that draws from `generator`, such as `SystemRandomNumberGenerator()`.
    public init(_ generator: Generator) {
        self.generator = generator
    }

    /// The top 53 bits of the generator's next number, as a fraction.
    public mutating func nextUniform() -> Double {
        Double(generator.next() >> 11) * 0x1p-53
    }
}
