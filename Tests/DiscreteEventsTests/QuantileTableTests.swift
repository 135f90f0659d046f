import DiscreteEvents
import MonotonicTime
import Testing

/// Tabulated quantiles against the functions they stand for.
@Suite struct QuantileTableTests {
    /// Of every kind, in seconds: as scenarios have them, and hard to tabulate.
    static let samples: [Distribution] = DistributionTests.samples + further

    private static let further: [Distribution] = [
        .constant(0), .constant(-0.25), .uniform(lower: 0.02, upper: 0.2), .uniform(lower: 0, upper: 1e-9),
        .uniform(lower: 1, upper: 1), .exponential(mean: 0), .exponential(mean: 3_600),
        .lognormal(median: 0.026, quantile: 0.06, probability: 0.99), .lognormal(median: 1, sigma: 0),
        .lognormal(median: 0.001, sigma: 4), .weibull(shape: 1e9, scale: 1), .weibull(shape: 0.2, scale: 1e-3),
        .truncated(lower: 0.02, upper: 0.021, base: .exponential(mean: 1)),
        .truncated(lower: 5, upper: 5, base: .constant(5)),
        .truncated(lower: 0, upper: 0.1, base: .lognormal(median: 0.08, sigma: 0.3)),
        // Nothing, and then a jump in the middle of a cell.
        .empirical(sorted: [0, 0, 0, 1]),
        zigzag(1_024),
        // More corners than cells, of which a look at a few points of a cell sees none.
        zigzag(8_192),
        .truncated(lower: 1.25, upper: 1.75, base: zigzag(16_384)),
    ]

    /// Values from 1 to 2 of which every other one lies above the line.
    private static func zigzag(_ steps: Int) -> Distribution {
        var values: [Double] = []
        for step in 0...steps {
            let place = Double(step) + (step % 2 == 0 ? 0 : 0.9)
            values.append(1 + place / Double(steps))
        }
        return .empirical(sorted: values)
    }

    /// Probabilities at the edges of the cells and within them, and far out in both tails; rising.
    static let probabilities: [Double] = {
        var all: [Double] = []
        for cell in 0..<1_024 {
            let start = Double(cell) / 1_024
            if cell > 0 { all.append(start - 0x1p-53) }
            for part in [0, 0x1p-43, 0.09, 0.125, 0.21, 0.25, 0.375, 0.5, 0.65, 0.79, 0.875, 0.96] {
                all.append(start + part / 1_024)
            }
        }
        for exponent in 11...53 {
            let tail = Double(sign: .plus, exponent: -exponent, significand: 1)
            all += [tail, 1 - tail]
        }
        return all.sorted()
    }()

    @Test("draws lie within a millionth of the quantile and never out of order", arguments: samples)
    func bound(distribution: Distribution) throws {
        try distribution.validate()
        let table = QuantileTable(distribution)
        var previous = Int64.min
        var worst = (error: 0.0, probability: 0.0)
        for probability in Self.probabilities {
            let drawn = table.interval(atUniform: probability).nanoseconds
            let exact = distribution.interval(atUniform: probability).nanoseconds
            if drawn < previous { Issue.record("falls to \(drawn) ns at \(probability)") }
            previous = drawn
            // Both are rounded to whole nanoseconds.
            let error = (Double(abs(drawn - exact)) - 1) / max(1, Double(exact.magnitude))
            if error > worst.error { worst = (error, probability) }
        }
        #expect(worst.error <= 1e-6, "at \(worst.probability)")
        #expect(QuantileTable.relativeError == 1e-6)
    }

    @Test("a constant is itself, and whether there is one is known")
    func constants() {
        for seconds in [0, 0.1, 1e-9, 3_600, -2.5, 1e30] {
            let table = QuantileTable(.constant(seconds))
            #expect(table.constant == Interval(seconds: seconds))
            for probability in [0, 0.3, 1 - 0x1p-53] {
                #expect(table.interval(atUniform: probability) == Interval(seconds: seconds))
            }
        }
        #expect(QuantileTable(.uniform(lower: 1, upper: 2)).constant == nil)
    }

    /// An increasing function is off its mean over a block by at most half a step times its rise over the block; blocks
    /// that halve towards 1 keep that small however steep the end.
    @Test("the mean over a fine grid is that of the distribution", arguments: samples)
    func mean(distribution: Distribution) {
        let table = QuantileTable(distribution)
        let steps = 1_024
        let largest = 1 - 0x1p-53
        var sum = 0.0
        var slack = 0.0
        for block in 1...40 {
            let width = block == 40 ? 0x1p-39 : Double(sign: .plus, exponent: -block, significand: 1)
            let start = block == 40 ? 1 - 0x1p-39 : 1 - 2 * width
            var blockSum = 0.0
            for step in 0..<steps {
                let probability = min(start + width * (Double(step) + 0.5) / Double(steps), largest)
                blockSum += table.interval(atUniform: probability).seconds
            }
            sum += width * blockSum / Double(steps)
            let rise = distribution.quantile(min(start + width, largest)) - distribution.quantile(start)
            slack += width * rise / Double(2 * steps)
        }
        let expected = distribution.mean
        // What the table adds, what rounding adds, and what the grid is short of.
        #expect(abs(sum - expected) <= slack + 1e-6 * abs(expected) + 1e-9)
        // Nor does the grid excuse everything.
        #expect(slack <= 0.02 * abs(expected) + 1e-9)
    }
}
