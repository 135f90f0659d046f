import MonotonicTime

/// A distribution of durations made ready for many draws.
///
/// The quantile function is tabulated at 1025 evenly spaced probabilities and joined by straight lines where that stays
/// within one millionth of the value; elsewhere, in the tails, it is evaluated as it is. So a draw is off by less than a
/// millionth of itself, never out of order (the function stays increasing), and usually costs one look at the table.
/// A constant is itself and needs no draw.
///
/// Not copyable: it is made once, and a draw must not cost the counting of references.
public struct QuantileTable: ~Copyable {
    /// A straight piece, in nanoseconds; its start is not a number where the function is not straight enough.
    @usableFromInline
    struct Cell: BitwiseCopyable {
        @usableFromInline var start: Double
        @usableFromInline var rise: Double
    }

    /// The distribution.
    public let distribution: Distribution
    /// The value that is always drawn, if there is one.
    public let constant: Interval?
    @usableFromInline let cells: UnsafeMutablePointer<Cell>

    /// The largest relative error of a tabulated draw.
    public static let relativeError = 1e-6
    @usableFromInline static var cellCount: Int { 1024 }

    /// A table of a distribution in seconds.
    public init(_ distribution: Distribution) {
        self.distribution = distribution
        cells = .allocate(capacity: Self.cellCount)
        if case .constant(let value) = distribution {
            constant = Interval(seconds: value)
            return
        }
        constant = nil
        if Self.hasManyCorners(distribution) {
            cells.initialize(repeating: Cell(start: .nan, rise: 0), count: Self.cellCount)
            return
        }
        for cell in 0..<Self.cellCount { (cells + cell).initialize(to: Self.cell(cell, of: distribution)) }
    }

    deinit { cells.deallocate() }

    /// Whether a line through measured values may have several corners within a cell, which the points tried would miss.
    private static func hasManyCorners(_ distribution: Distribution) -> Bool {
        switch distribution {
        case .constant, .uniform, .exponential, .lognormal, .weibull: false
        // A truncated one has fewer to a cell.
        case .truncated(_, _, let base): hasManyCorners(base)
        case .empirical(let values): values.count > cellCount + 1
        }
    }

    private static func cell(_ number: Int, of distribution: Distribution) -> Cell {
        let exact = { (part: Double) in
            distribution.quantile(min((Double(number) + part) / Double(cellCount), 1 - 0x1p-53)) * 1e9
        }
        let start = exact(0)
        let rise = exact(1) - start
        let isStraight = [0.25, 0.5, 0.75].allSatisfy { part in
            // Half the bound at the points tried leaves room for what lies between them.
            abs(start + part * rise - exact(part)) <= relativeError / 2 * abs(exact(part))
        }
        return Cell(start: isStraight ? start : .nan, rise: rise)
    }

    /// The duration below which a sample lies with probability `uniform`, rounded to whole nanoseconds.
    ///
    /// - Parameter uniform: in [0, 1).
    @inlinable
    @inline(__always)
    public func interval(atUniform uniform: Double) -> Interval {
        if let constant { return constant }
        let place = uniform * Double(Self.cellCount)
        let number = Int(place)
        let cell = cells[number]
        guard cell.start.isFinite else { return exactInterval(atUniform: uniform) }
        return Interval(roundingNanoseconds: cell.start + (place - Double(number)) * cell.rise)
    }

    @usableFromInline
    @inline(never)
    func exactInterval(atUniform uniform: Double) -> Interval { distribution.interval(atUniform: uniform) }
}
