import MonotonicTime

/// A distribution of durations made ready for many draws.
///
/// The quantile function is tabulated in 1024 cells of equal probability: a parabola through both ends and the middle of
/// each, or a straight line where the distribution is made of lines, wherever that stays within one millionth of the
/// value; elsewhere, in the tails, it is evaluated as it is. So a draw is off by less than a millionth of itself, never
/// out of order (the function stays increasing), and usually costs one look at the table. A constant is itself and needs
/// no draw.
///
/// Not copyable: it is made once, and a draw must not cost the counting of references.
public struct QuantileTable: ~Copyable {
    /// A piece of a parabola, in nanoseconds; its start is not a number where the function is not like one.
    @usableFromInline
    struct Cell: BitwiseCopyable {
        @usableFromInline var start: Double
        @usableFromInline var rise: Double
        @usableFromInline var bend: Double

        /// The value at a part of the cell, from 0 to 1.
        @inlinable
        @inline(__always)
        func value(at part: Double) -> Double { start + part * (rise + (part - 1) * bend) }
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
            cells.initialize(repeating: Cell(start: .nan, rise: 0, bend: 0), count: Self.cellCount)
            return
        }
        let isSmooth = Self.isSmooth(distribution)
        for number in 0..<Self.cellCount {
            (cells + number).initialize(to: Self.cell(number, of: distribution, isSmooth: isSmooth))
        }
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

    private static func isSmooth(_ distribution: Distribution) -> Bool {
        switch distribution {
        case .constant, .uniform, .exponential, .lognormal, .weibull: true
        case .truncated(_, _, let base): isSmooth(base)
        case .empirical: false
        }
    }

    private static func cell(_ number: Int, of distribution: Distribution, isSmooth: Bool) -> Cell {
        let exact = { (part: Double) in
            distribution.quantile(min((Double(number) + part) / Double(cellCount), 1 - 0x1p-53)) * 1e9
        }
        let start = exact(0)
        let rise = exact(1) - start
        let bend = isSmooth ? 4 * (start + rise / 2 - exact(0.5)) : 0
        var cell = Cell(start: start, rise: rise, bend: bend)
        let isClose = (1..<8).allSatisfy { eighth in
            // Half the bound at the points tried leaves room for what lies between them.
            let part = Double(eighth) / 8
            return abs(cell.value(at: part) - exact(part)) <= relativeError / 2 * abs(exact(part))
        }
        // A parabola rises from end to end if it does at both ends.
        if !isClose || abs(bend) > rise { cell.start = .nan }
        return cell
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
        return Interval(roundingNanoseconds: cell.value(at: place - Double(number)))
    }

    @usableFromInline
    @inline(never)
    func exactInterval(atUniform uniform: Double) -> Interval { distribution.interval(atUniform: uniform) }
}
