import Statistics
import Testing

@Suite struct KaplanMeierTests {
    /// The 6-MP group of Freireich et al., Blood 21 (1963), as in every textbook; + marks censored times.
    static let remissions: [(time: Double, censored: Bool)] = [
        (6, false), (6, false), (6, false), (6, true), (7, false), (9, true), (10, false), (10, true), (11, true),
        (13, false), (16, false), (17, true), (19, true), (20, true), (22, false), (23, false), (25, true), (32, true),
        (32, true), (34, true), (35, true),
    ]

    @Test("the published survival of the leukaemia trial")
    func published() throws {
        // Reversed, because the order of the observations must not matter.
        let data = Self.remissions.reversed()
        let estimate = try kaplanMeier(times: data.map(\.time), censored: data.map(\.censored))
        #expect(estimate.steps.map(\.time) == [6, 7, 10, 13, 16, 22, 23])
        let survival = [0.85714286, 0.80672269, 0.75294118, 0.69019608, 0.62745098, 0.53781513, 0.44817927]
        #expect(zip(estimate.steps, survival).allSatisfy { abs($0.survival - $1) < 1e-8 })
        #expect(agree(try #require(estimate.restrictedMean(to: 35)), 23.287394957983192))
        #expect(agree(try #require(estimate.restrictedMean(to: 20)), 16.116526610644257))
        #expect(estimate.censoredShare == 12.0 / 21)
        #expect(estimate.lastTime == 35)
    }

    @Test("without censoring the restricted mean is the mean of the times cut at the horizon")
    func uncensored() throws {
        let times = [1.0, 4, 2, 8, 8, 3]
        let estimate = try kaplanMeier(times: times, censored: times.map { _ in false })
        #expect(estimate.steps.last?.survival == 0)
        for horizon in [0, 0.5, 3, 5, 8, 100] {
            let model = times.map { min($0, horizon) }.reduce(0, +) / Double(times.count)
            #expect(agree(try #require(estimate.restrictedMean(to: horizon)), model))
        }
    }

    @Test("those who never recover last to any horizon")
    func never() throws {
        let estimate = try kaplanMeier(times: [1, .infinity], censored: [false, false])
        #expect(estimate.restrictedMean(to: 10) == 5.5)
        let censored = try kaplanMeier(times: [3, 3], censored: [true, true])
        #expect(censored.steps.isEmpty)
        #expect(censored.restrictedMean(to: 10) == 10)
    }

    @Test("input without an estimate is missing or an error, never a trap")
    func boundaries() throws {
        let empty = try kaplanMeier(times: [], censored: [])
        #expect(empty.restrictedMean(to: 1) == nil && empty.censoredShare == nil && empty.lastTime == nil)
        let one = try kaplanMeier(times: [1], censored: [false])
        for horizon in [-1, Double.nan, .infinity] { #expect(one.restrictedMean(to: horizon) == nil) }
        #expect(throws: StatisticsError.self) { try kaplanMeier(times: [1], censored: []) }
        #expect(throws: StatisticsError.self) { try kaplanMeier(times: [-1], censored: [false]) }
        #expect(throws: StatisticsError.self) { try kaplanMeier(times: [.nan], censored: [false]) }
    }
}
