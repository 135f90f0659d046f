import Statistics
import Testing

@Suite struct SampleSummaryTests {
    @Test("moments agree with the reference")
    func moments() throws {
        let summary = try SampleSummary([10.5, 12.1, 9.8, 11.4, 30.2, 10.9, 8.7])
        #expect(summary.count == 7)
        #expect(agree(try #require(summary.mean), 13.371428571428572))
        #expect(agree(try #require(summary.variance), 56.272380952380956))
        #expect(agree(try #require(summary.standardDeviation), 7.501491915104685))
        #expect(agree(try #require(summary.skewness), 1.546550240501094))
        #expect(summary.minimum == 8.7)
        #expect(summary.maximum == 30.2)
    }

    @Test("what a small sample does not define is missing")
    func small() throws {
        let empty = try SampleSummary([])
        #expect(empty.count == 0)
        #expect(empty.mean == nil && empty.minimum == nil && empty.maximum == nil && empty.variance == nil)
        let one = try SampleSummary([4])
        #expect(one.mean == 4 && one.minimum == 4 && one.maximum == 4)
        #expect(one.variance == nil && one.standardDeviation == nil && one.skewness == nil)
        #expect(try SampleSummary([4, 5]).variance == 0.5)
        #expect(try SampleSummary([4, 5]).skewness == nil)
    }

    @Test("equal values have no spread and no skewness")
    func constant() throws {
        let summary = try SampleSummary([0.1, 0.1, 0.1, 0.1])
        #expect(summary.variance == 0)
        #expect(summary.skewness == nil)
    }

    @Test("values that are not finite are errors", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) {
        let error = #expect(throws: StatisticsError.self) { try SampleSummary([1, value]) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a spread beyond the range of a number is infinite, not a trap")
    func overflow() throws {
        let summary = try SampleSummary([-1e308, 1e308, 1e308])
        #expect(summary.variance == .infinity)
        #expect(summary.skewness == nil)
    }
}
