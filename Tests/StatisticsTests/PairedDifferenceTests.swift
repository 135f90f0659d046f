import Statistics
import Testing

@Suite struct PairedDifferenceTests {
    /// Reference: `scipy.stats.ttest_rel`, `numpy.corrcoef`.
    @Test("difference, interval, p-value, correlation and variance ratio agree with the reference")
    func reference() throws {
        let candidate = [10.5, 12.1, 9.8, 11.4, 30.2, 10.9, 8.7]
        let baseline = [11.2, 13.9, 9.9, 12.0, 28.8, 12.5, 9.9]
        let difference = try #require(try pairedDifference(candidate, baseline))
        #expect(difference.pairs == 7)
        #expect(agree(difference.meanDifference, -0.6571428571428574))
        #expect(agree(difference.interval.lower, -1.6587372000121166))
        #expect(agree(difference.interval.upper, 0.3444514857264017))
        #expect(agree(difference.pValue, 0.15952603029217471))
        #expect(agree(try #require(difference.correlation), 0.9952242220638674))
        #expect(agree(try #require(difference.varianceRatio), 0.011643408214204669))
    }

    @Test("equal policies are declared different at 5 % in about 5 % of experiments")
    func negativeControl() throws {
        var generator = SplitMix64(seed: 0xA11CE)
        var rejections = 0
        for _ in 0..<experiments {
            var candidate: [Double] = []
            var baseline: [Double] = []
            for _ in 0..<6 {
                let shared = try normal(&generator)
                candidate.append(shared + 0.5 * (try normal(&generator)))
                baseline.append(shared + 0.5 * (try normal(&generator)))
            }
            let difference = try #require(try pairedDifference(candidate, baseline))
            #expect((difference.pValue < 0.05) == !difference.interval.contains(0))
            rejections += difference.pValue < 0.05 ? 1 : 0
        }
        let share = 1 - Double(rejections) / Double(experiments)
        #expect(coverageBand.contains(share), "\(share)")
    }

    @Test("differences without spread decide by themselves")
    func noSpread() throws {
        let same = try #require(try pairedDifference([1, 2, 3], [1, 2, 3]))
        #expect(same.pValue == 1 && same.interval.lower == 0 && same.interval.upper == 0)
        #expect(agree(try #require(same.correlation), 1))
        #expect(same.varianceRatio == 0)
        let shifted = try #require(try pairedDifference([2, 3, 4], [1, 2, 3]))
        #expect(shifted.pValue == 0 && shifted.meanDifference == 1)
        let constant = try #require(try pairedDifference([2, 2], [1, 1]))
        #expect(constant.correlation == nil && constant.varianceRatio == nil && constant.pValue == 0)
        let oneSided = try #require(try pairedDifference([2, 3], [1, 1]))
        #expect(oneSided.correlation == nil && oneSided.varianceRatio == 1)
    }

    @Test("input that cannot be compared is missing or an error, never a trap")
    func boundaries() throws {
        #expect(try pairedDifference([], []) == nil)
        #expect(try pairedDifference([1], [2]) == nil)
        #expect(throws: StatisticsError.self) { try pairedDifference([1, 2], [1]) }
        #expect(throws: StatisticsError.self) { try pairedDifference([1, .nan], [1, 2]) }
        #expect(throws: StatisticsError.self) { try pairedDifference([1, 2], [1, .infinity]) }
        #expect(throws: StatisticsError.self) { try pairedDifference([1.5e308, 2], [-1.5e308, 1]) }
        let huge = try #require(try pairedDifference([8e307, -8e307], [-8e307, 8e307]))
        #expect(huge.pValue == 1 && huge.interval.upper == .infinity && huge.varianceRatio == nil)
    }
}
