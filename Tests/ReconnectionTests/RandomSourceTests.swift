import Reconnection
import Testing

@Suite struct RandomSourceTests {
    @Test("a repeating source hands out its numbers in turn, and zero if it has none")
    func repeating() {
        var random = RepeatingRandomSource([0.1, 0.2, 0.3])
        #expect((0..<7).map { _ in random.nextUniform() } == [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1])
        var empty = RepeatingRandomSource([])
        #expect((0..<2).map { _ in empty.nextUniform() } == [0, 0])
    }

    @Test("a generator's top 53 bits become a fraction below one")
    func generator() {
        struct Constant: RandomNumberGenerator {
            var value: UInt64
            mutating func next() -> UInt64 { value }
        }
        for (value, expected) in [(0, 0), (1 << 63, 0.5), (.max, 1 - 0x1p-53), (1 << 11, 0x1p-53), (2_047, 0)]
            as [(UInt64, Double)]
        {
            var random = GeneratorRandomSource(Constant(value: value))
            #expect(random.nextUniform() == expected)
        }
    }
}
