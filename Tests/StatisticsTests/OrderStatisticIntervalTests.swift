import Statistics
import Testing

@Suite struct OrderStatisticIntervalTests {
    /// Reference: `scipy.stats.binom.ppf`. Ten values with ranks 2 and 9 stand in every table of median intervals.
    @Test(
        "ranks agree with the reference, also where GSL's continued fraction is too short",
        arguments: [
            (n: 6, q: 0.5, lower: 1, upper: 6),
            (n: 10, q: 0.5, lower: 2, upper: 9),
            (n: 20, q: 0.5, lower: 6, upper: 15),
            (n: 100, q: 0.5, lower: 40, upper: 61),
            (n: 100, q: 0.9, lower: 84, upper: 96),
            (n: 1_000_000, q: 0.5, lower: 499_020, upper: 500_981),
            (n: 1_000_000, q: 0.99, lower: 989_805, upper: 990_196),
            (n: 3_000_001, q: 0.3, lower: 898_445, upper: 901_557),
        ]
    )
    func ranks(n: Int, q: Double, lower: Int, upper: Int) throws {
        let values = [Double](unsafeUninitializedCapacity: n) { buffer, count in
            for index in 0..<n { buffer[index] = Double(index + 1) }
            count = n
        }
        let interval = try #require(try orderStatisticInterval(ofSorted: values, probability: q))
        #expect(interval.lower == Double(lower))
        #expect(interval.upper == Double(upper))
        #expect(interval.method == .orderStatistic)
    }

    @Test("samples too small for the interval have none")
    func tooSmall() throws {
        #expect(try medianInterval(ofSorted: []) == nil)
        #expect(try medianInterval(ofSorted: [1, 2, 3, 4, 5]) == nil)
        #expect(try medianInterval(ofSorted: [1, 2, 3, 4, 5, 6]) != nil)
        #expect(try orderStatisticInterval(ofSorted: (1...59).map(Double.init), probability: 0.95) == nil)
    }

    /// The exact coverage of the median of 51 values is 0.9511.
    @Test("the interval of a median covers it in 95 % of experiments, whatever the distribution")
    func covers() throws {
        var generator = SplitMix64(seed: 0x0DD)
        let share = try coverage(of: 0.125) {
            var values: [Double] = []
            for _ in 0..<51 {
                let uniform = generator.uniform()
                values.append(uniform * uniform * uniform)
            }
            values.sort()
            return try medianInterval(ofSorted: values)
        }
        #expect(coverageBand.contains(share), "\(share)")
    }

    @Test("infinite values may become ends; NaN there and probabilities out of range are errors")
    func boundaries() throws {
        let never = try #require(try medianInterval(ofSorted: [1, 2, 3, 4, 5, .infinity]))
        #expect(never.lower == 1 && never.upper == .infinity && never.halfWidth == .infinity)
        #expect(throws: StatisticsError.self) { try medianInterval(ofSorted: [1, 2, 3, 4, 5, .nan]) }
        for probability in [0, 1, -1, Double.nan] {
            #expect(throws: StatisticsError.self) {
                try orderStatisticInterval(ofSorted: [1, 2, 3], probability: probability)
            }
        }
    }
}
