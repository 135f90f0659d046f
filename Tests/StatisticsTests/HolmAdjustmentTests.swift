import Statistics
import Testing

@Suite struct HolmAdjustmentTests {
    @Test(
        "adjusted values follow the definition",
        arguments: [
            (p: [], adjusted: []),
            (p: [0.03], adjusted: [0.03]),
            (p: [0.01, 0.04, 0.03, 0.005], adjusted: [0.03, 0.06, 0.06, 0.02]),
            (p: [0.5, 0.6, 0.7], adjusted: [1, 1, 1]),
            (p: [0.02, 0.02], adjusted: [0.04, 0.04]),
            (p: [0, 1], adjusted: [0, 1]),
        ] as [(p: [Double], adjusted: [Double])]
    )
    func table(p: [Double], adjusted: [Double]) {
        let result = holmAdjusted(p)
        #expect(result.count == adjusted.count)
        #expect(zip(result, adjusted).allSatisfy { agree($0, $1) }, "\(result)")
    }

    @Test("an undefined p-value stays undefined and still counts")
    func undefined() {
        let result = holmAdjusted([.nan, 0.01, 0.02])
        #expect(result[0].isNaN)
        #expect(agree(result[1], 0.03))
        #expect(agree(result[2], 0.04))
    }
}
