import Statistics
import Testing

@Suite struct StudentTIntervalTests {
    /// Reference: `scipy.stats.ttest_1samp`.
    @Test(
        "ends agree with the reference",
        arguments: [
            (level: 0.95, lower: 6.433705667701818, upper: 20.309151475155325),
            (level: 0.9, lower: 7.861934499587381, upper: 18.88092264326976),
        ]
    )
    func reference(level: Double, lower: Double, upper: Double) throws {
        let values = [10.5, 12.1, 9.8, 11.4, 30.2, 10.9, 8.7]
        let interval = try #require(try studentTInterval(of: values, level: level))
        #expect(agree(interval.lower, lower))
        #expect(agree(interval.upper, upper))
        #expect(agree(interval.halfWidth, (upper - lower) / 2))
        #expect(interval.level == level)
        #expect(interval.method == .studentT)
    }

    @Test("a 95 % interval of normal data covers the mean in 95 % of experiments", arguments: [2, 10])
    func covers(replications: Int) throws {
        var generator = SplitMix64(seed: 0x7E57)
        let share = try coverage(of: 100) {
            var values: [Double] = []
            for _ in 0..<replications { values.append(100 + 15 * (try normal(&generator))) }
            return try studentTInterval(of: values)
        }
        #expect(coverageBand.contains(share), "\(share)")
    }

    @Test("below two values there is no interval, and without spread its width is 0")
    func boundaries() throws {
        #expect(try studentTInterval(of: []) == nil)
        #expect(try studentTInterval(of: [3]) == nil)
        let degenerate = try #require(try studentTInterval(of: [0.1, 0.1, 0.1]))
        #expect(degenerate.lower == 0.1 && degenerate.upper == 0.1 && degenerate.halfWidth == 0)
    }

    @Test("a spread that overflows gives an infinite interval")
    func overflow() throws {
        let interval = try #require(try studentTInterval(of: [-1e308, 1e308, 0]))
        #expect(interval.lower == -.infinity && interval.upper == .infinity)
        #expect(interval.halfWidth == .infinity)
    }

    @Test("values that are not finite are errors", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) {
        #expect(throws: StatisticsError.self) { try studentTInterval(of: [1, 2, value]) }
    }

    @Test("a level outside 0 to 1 is an error", arguments: [0, 1, -0.5, 95, .nan, .infinity])
    func level(level: Double) {
        #expect(throws: StatisticsError.self) { try studentTInterval(of: [1, 2], level: level) }
        #expect(throws: StatisticsError.self) { try pairedDifference([1, 2], [2, 1], level: level) }
        #expect(throws: StatisticsError.self) { try wilsonInterval(successes: 1, trials: 2, level: level) }
        #expect(throws: StatisticsError.self) { try clopperPearsonInterval(successes: 1, trials: 2, level: level) }
        #expect(throws: StatisticsError.self) { try zeroEventsUpperLimit(trials: 2, level: level) }
        #expect(throws: StatisticsError.self) { try medianInterval(ofSorted: [1, 2], level: level) }
        #expect(throws: StatisticsError.self) {
            try proportionInterval(perReplication: [(1, 2), (2, 2)], units: 2, level: level)
        }
        #expect(throws: StatisticsError.self) {
            try bootstrapBCaInterval(of: [1, 2], level: level, seed: 1) { $0[0] }
        }
    }
}
