import DiscreteEvents
import Testing

@Suite struct RandomStreamTests {
    @Test("Philox2x64-10 gives the published known answers")
    func knownAnswers() {
        typealias Row = (counter: Philox.Words, key: UInt64, answer: Philox.Words)
        let ones = UInt64.max
        let rows: [Row] = [
            ((0, 0), 0, (0xCA00_A045_9843_D731, 0x66C2_4222_C9A8_45B5)),
            ((ones, ones), ones, (0x65B0_21D6_0CD8_310F, 0x4D02_F322_2F86_DF20)),
            (
                (0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344), 0xA409_3822_299F_31D0,
                (0x0A5E_742C_2997_341C, 0xB0F8_83D3_8000_DE5D)
            ),
        ]
        for row in rows { #expect(Philox.block(counter: row.counter, key: row.key) == row.answer) }
    }

    @Test("a stream draws what is found at its indices, from any position on")
    func positions() {
        let key = RandomKey(seed: 42, replication: 7)
        let addressed = (0..<20).map { RandomStream.bits(key: key, entity: 3, purpose: 9, index: $0) }
        var stream = RandomStream(key: key, entity: 3, purpose: 9)
        let drawn = (0..<20).map { _ in stream.nextUInt64() }
        #expect(drawn == addressed)
        #expect(stream.position == 20)
        for start in 0..<20 {
            stream.position = UInt64(start)
            var other = RandomStream(key: key, entity: 3, purpose: 9, index: UInt64(start))
            for index in start..<20 {
                #expect(stream.nextUInt64() == addressed[index])
                let uniform = RandomStream.uniform(key: key, entity: 3, purpose: 9, index: UInt64(index))
                #expect(other.nextUniform() == uniform)
            }
        }
        // A position set in the middle of a block, after its lower half was drawn.
        stream.position = 4
        _ = stream.nextUInt64()
        stream.position = 11
        #expect(stream.nextUInt64() == addressed[11])
        let far = UInt64.max
        stream.position = far
        #expect(stream.nextUInt64() == RandomStream.bits(key: key, entity: 3, purpose: 9, index: far))
        #expect(stream.position == 0)
    }

    @Test("near seeds and replications give different keys")
    func keys() {
        var seen: Set<RandomKey> = []
        for seed in UInt64(0)..<64 {
            for replication in UInt32(0)..<64 { seen.insert(RandomKey(seed: seed, replication: replication)) }
        }
        #expect(seen.count == 64 * 64)
    }

    /// Fixed seeds make the test repeatable; a right generator fails a row with a probability below 1e-6: the statistic
    /// of 255 degrees of freedom has standard deviation sqrt(510), and the bound lies five of them above the mean.
    @Test("uniform numbers fill 256 cells evenly", arguments: [UInt64](1...4))
    func uniformity(seed: UInt64) {
        var cells = Array(repeating: 0.0, count: 256)
        var stream = RandomStream(key: RandomKey(seed: seed, replication: 0), entity: 1, purpose: 2)
        let draws = 51_200
        for _ in 0..<draws { cells[Int(stream.nextUniform() * 256)] += 1 }
        #expect(chiSquare(cells, expected: Double(draws) / 256) < 255 + 5 * 510.0.squareRoot())
    }

    /// Pairs of first draws fill 16 x 16 cells evenly if the streams are independent; bound as above.
    @Test("streams that differ in one coordinate only are independent", arguments: 0..<5)
    func independence(coordinate: Int) {
        var cells = Array(repeating: 0.0, count: 256)
        let pairs = 20_480
        for pair in 0..<UInt32(pairs) {
            let draw = { (offset: UInt32) in
                let number = 2 * pair + offset
                let key = RandomKey(
                    seed: coordinate == 0 ? UInt64(number) : 1,
                    replication: coordinate == 1 ? number : 0
                )
                return RandomStream.uniform(
                    key: key,
                    entity: coordinate == 2 ? number : 0,
                    purpose: coordinate == 3 ? number : 0,
                    index: coordinate == 4 ? UInt64(number) : 0
                )
            }
            cells[Int(draw(0) * 16) * 16 + Int(draw(1) * 16)] += 1
        }
        #expect(chiSquare(cells, expected: Double(pairs) / 256) < 255 + 5 * 510.0.squareRoot())
    }

    @Test("integers below a bound are in range and evenly spread", arguments: [1, 2, 7, 10, 3 << 62] as [UInt64])
    func integers(bound: UInt64) {
        var stream = RandomStream(key: RandomKey(seed: 5, replication: 0), entity: 0, purpose: 0)
        let cellCount = Int(min(bound, 10))
        var cells = Array(repeating: 0.0, count: cellCount)
        for _ in 0..<10_000 {
            let value = stream.uniform(below: bound)
            #expect(value < bound)
            cells[bound <= 10 ? Int(value) : Int(Double(value) / Double(bound) * 10)] += 1
        }
        let freedom = Double(cellCount - 1)
        #expect(chiSquare(cells, expected: 10_000 / Double(cellCount)) <= freedom + 6 * (2 * freedom).squareRoot())
    }

    private func chiSquare(_ cells: [Double], expected: Double) -> Double {
        cells.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    }
}
