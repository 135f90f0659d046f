import Statistics
import Testing

@Suite struct BootstrapIntervalTests {
    static let values = [1.2, 3.4, 2.2, 8.9, 4.1, 2.7, 5.5, 3.0, 12.4, 1.9, 2.8, 6.1]

    static func mean(_ sample: [Double]) -> Double { sample.reduce(0, +) / Double(sample.count) }

    /// The first numbers of the authors' program for seed 1234567.
    @Test("the generator is SplitMix64")
    func generator() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(generator.next() == 9_817_491_932_198_370_423)
    }

    /// Reference: `scipy.stats.bootstrap` with 200,000 resamples; 20,000 here, so ends differ by up to 0.1.
    @Test("the interval of a mean agrees with the reference")
    func reference() throws {
        let interval = try #require(
            try bootstrapBCaInterval(of: Self.values, resamples: 20_000, seed: 3, statistic: Self.mean)
        )
        #expect(abs(interval.lower - 3.15) < 0.1)
        #expect(abs(interval.upper - 6.93) < 0.15)
        #expect(interval.method == .bootstrapBCa)
    }

    @Test("equal seeds give equal intervals, other seeds others")
    func reproducible() throws {
        func interval(_ seed: UInt64) throws -> ConfidenceInterval? {
            try bootstrapBCaInterval(of: Self.values, resamples: 500, seed: seed, statistic: Self.mean)
        }
        #expect(try interval(1) == interval(1))
        #expect(try interval(1) != interval(2))
    }

    @Test("equal values give a degenerate interval")
    func constant() throws {
        let interval = try #require(
            try bootstrapBCaInterval(of: [2, 2, 2], resamples: 50, seed: 1, statistic: Self.mean)
        )
        #expect(interval.lower == 2 && interval.upper == 2)
    }

    @Test("input without an interval is missing or an error, never a trap")
    func boundaries() throws {
        #expect(try bootstrapBCaInterval(of: [], seed: 1, statistic: Self.mean) == nil)
        #expect(try bootstrapBCaInterval(of: [1], seed: 1, statistic: Self.mean) == nil)
        #expect(try bootstrapBCaInterval(of: [1, 2], resamples: 1, seed: 1) { $0 == [1, 2] ? 0 : 1 } == nil)
        #expect(throws: StatisticsError.self) {
            try bootstrapBCaInterval(of: [1, .nan], seed: 1, statistic: Self.mean)
        }
        #expect(throws: StatisticsError.self) {
            try bootstrapBCaInterval(of: [1, 2], resamples: 0, seed: 1, statistic: Self.mean)
        }
        let error = #expect(throws: StatisticsError.self) {
            try bootstrapBCaInterval(of: [1, 2], seed: 1) { _ in .nan }
        }
        #expect(error?.code == .numericalFailure)
    }
}
