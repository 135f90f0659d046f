import CGSL
import Statistics
import Testing

@Suite struct SampleQuantileTests {
    @Test("finite data give GSL's quantile")
    func model() throws {
        var generator = SplitMix64(seed: 7)
        for count in 1...60 {
            var values: [Double] = []
            for _ in 0..<count { values.append(try normal(&generator)) }
            values.sort()
            for probability in [0, 0.05, 0.5, 0.55, 0.9, 0.999, 1, generator.uniform()] {
                let quantile = try #require(sampleQuantile(ofSorted: values, probability: probability))
                let model = gsl_stats_quantile_from_sorted_data(values, 1, count, probability)
                #expect(abs(quantile - model) < 1e-12, "\(count) values, probability \(probability)")
            }
        }
    }

    @Test(
        "infinite neighbours of positive weight make the quantile infinite, others do not matter",
        arguments: [
            (values: [1, 2, .infinity], probability: 0.5, quantile: 2.0),
            (values: [1, 2, .infinity], probability: 0.51, quantile: .infinity),
            (values: [-.infinity, 2, 3], probability: 0.5, quantile: 2),
            (values: [-.infinity, 2, 3], probability: 0.49, quantile: -.infinity),
            (values: [-.infinity, .infinity], probability: 0.5, quantile: .infinity),
            (values: [-.infinity, .infinity], probability: 0, quantile: -.infinity),
            (values: [.infinity, .infinity], probability: 0.3, quantile: .infinity),
            (values: [.infinity], probability: 1, quantile: .infinity),
        ] as [(values: [Double], probability: Double, quantile: Double)]
    )
    func infinities(values: [Double], probability: Double, quantile: Double) {
        #expect(sampleQuantile(ofSorted: values, probability: probability) == quantile)
    }

    @Test("a position that rounding moved off a whole number does not reach its infinite neighbour")
    func rounding() {
        let values = (0...100).map { $0 <= 7 ? Double($0) : .infinity }
        #expect(0.07 * 100 > 7)
        #expect(sampleQuantile(ofSorted: values, probability: 0.07) == 7)
    }

    @Test("whole numbers are interpolated, at the ends of their range too")
    func integers() {
        #expect(sampleQuantile(ofSorted: [10, 20, 40] as [Int64], probability: 0.75) == 30)
        #expect(sampleQuantile(ofSorted: [.min, .max] as [Int64], probability: 0.5) == 0)
        #expect(sampleQuantile(ofSorted: [] as [Int64], probability: 0.5) == nil)
    }

    @Test("input without a quantile gives nothing", arguments: [-0.1, 1.1, .nan, .infinity])
    func missing(probability: Double) {
        #expect(sampleQuantile(ofSorted: [1, 2] as [Double], probability: probability) == nil)
        #expect(sampleQuantile(ofSorted: [1, 2] as [Int64], probability: probability) == nil)
        #expect(sampleQuantile(ofSorted: [] as [Double], probability: 0.5) == nil)
        #expect(sampleQuantile(ofSorted: [1, .nan], probability: 0.5) == nil)
    }

    @Test("values asked for by rank give the same quantiles, bit by bit")
    func byRank() {
        let finite = [1.1, 2.7, 2.7, 9.03, 1e6 / 3]
        for values in [[], [4.2], finite, finite + [.infinity], finite + [.infinity, .infinity]] {
            for probability in [0, 0.1, 0.5, 0.75, 0.8, 0.99, 1, 1.5] {
                let byRank = sampleQuantile(count: values.count, probability: probability) { values[$0] }
                #expect(byRank == sampleQuantile(ofSorted: values, probability: probability))
            }
        }
    }
}
