/// A line of history in a terminal: one character a column, higher for more.
enum Sparkline {
    private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// Draws values between 0 and `top`; a value above zero is always told from zero.
    static func draw(_ values: [Double], top: Double) -> String {
        String(
            values.map { value -> Character in
                guard top > 0, value > 0 else { return value > 0 ? "▁" : " " }
                return levels[min(7, Int(value / top * 8))]
            }
        )
    }

    /// Squeezes values into at most so many columns.
    static func squeeze(_ values: [Double], columns: Int, by reduce: (ArraySlice<Double>) -> Double) -> [Double] {
        guard values.count > columns else { return values }
        return (0..<columns).map { column in
            reduce(values[column * values.count / columns..<(column + 1) * values.count / columns])
        }
    }
}
