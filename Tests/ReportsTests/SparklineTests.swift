import Testing

@testable import Reports

@Suite("Sparkline")
struct SparklineTests {
    @Test(
        "height follows the value, and nothing is told from a little",
        arguments: [
            ([0, 1, 2, 3, 4, 5, 6, 7, 8], 8, " ▂▃▄▅▆▇██"), ([0, 1e-9, 1], 1, " ▁█"), ([0.5], 1, "▅"), ([3], 2, "█"),
            ([], 1, ""), ([0, 0], 0, "  "), ([1], 0, "▁"), ([-1, .nan], 1, "  "),
        ] as [([Double], Double, String)]
    )
    func draw(values: [Double], top: Double, line: String) {
        #expect(Sparkline.draw(values, top: top) == line)
    }

    @Test("squeezing takes every value into account exactly once", arguments: [1, 7, 64, 65, 100, 640, 641])
    func squeeze(count: Int) {
        let values = (0..<count).map { Double($0) }
        let squeezed = Sparkline.squeeze(values, columns: 64) { $0.reduce(0, +) }
        #expect(squeezed.count == min(count, 64))
        #expect(squeezed.reduce(0, +) == values.reduce(0, +))
    }

    @Test("a peak of one bin survives squeezing")
    func peak() {
        var values = [Double](repeating: 1, count: 600)
        values[311] = 99
        let squeezed = Sparkline.squeeze(values, columns: 60) { $0.max() ?? 0 }
        #expect(squeezed == (0..<60).map { $0 == 31 ? 99 : 1 })
    }
}
