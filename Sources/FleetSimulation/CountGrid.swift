public import MonotonicTime

/// How many attempts did what in each narrow bin of the observation.
///
/// Bins are half-open and begin at the start of the observation. A kind of event that never happens costs nothing.
public struct CountGrid: Sendable, Equatable {
    /// What is counted.
    public enum Series: Int, Sendable, CaseIterable {
        case launched
        case arrived
        case connected
        case refusedDown
        case refusedLimit
        case refusedBacklog

        /// The refusals of a reason.
        public init(_ reason: RefusalReason) {
            self =
                switch reason {
                case .down: .refusedDown
                case .limit: .refusedLimit
                case .backlog: .refusedBacklog
                }
        }
    }

    /// The most bins that an observation may have below a second.
    private static let mostNarrowBins: Int64 = 4_000_000
    private static let least = Interval.milliseconds(10)

    /// The widths below a second in which an observation is counted and exported, widest first: 0.1 s and 0.01 s, as far
    /// as that makes at most 4,000,000 bins.
    public static func narrowWidths(of duration: Interval) -> [Interval] {
        [.milliseconds(100), least].filter { duration.nanoseconds / $0.nanoseconds <= mostNarrowBins }
    }

    /// The width of a bin: 0.01 s, or the next of 0.1 s and 1 s that makes at most 4,000,000 bins.
    public let width: Interval
    /// How many bins there are.
    public let count: Int
    /// Bins of 0.01 s in one of these.
    private let leastBins: Int64
    private var launched: [UInt32] = []
    private var arrived: [UInt32] = []
    private var connected: [UInt32] = []
    private var refused: [[UInt32]] = [[], [], []]

    init(duration: Interval) {
        width = Self.narrowWidths(of: duration).last ?? .seconds(1)
        count = max(1, Int((duration.nanoseconds + width.nanoseconds - 1) / width.nanoseconds))
        leastBins = width.nanoseconds / Self.least.nanoseconds
    }

    /// The bin of an instant; the last one for whatever comes later.
    public func bin(_ time: Instant) -> Int { min(place(of: time), count - 1) }

    /// The bin of an instant if there were bins for ever.
    @inline(__always)
    func place(of time: Instant) -> Int {
        // Dividing by a constant is a multiplication.
        let bin = time.nanoseconds / Self.least.nanoseconds
        return Int(leastBins > 1 ? bin / leastBins : bin)
    }

    /// Counts something so many times more.
    mutating func add(_ more: UInt32, to series: Series, bin: Int) {
        switch series {
        case .launched: Self.add(more, to: &launched, bin, of: count)
        case .arrived: Self.add(more, to: &arrived, bin, of: count)
        case .connected: Self.add(more, to: &connected, bin, of: count)
        case .refusedDown: Self.add(more, to: &refused[0], bin, of: count)
        case .refusedLimit: Self.add(more, to: &refused[1], bin, of: count)
        case .refusedBacklog: Self.add(more, to: &refused[2], bin, of: count)
        }
    }

    private static func add(_ more: UInt32, to bins: inout [UInt32], _ bin: Int, of count: Int) {
        if bins.isEmpty { bins = [UInt32](repeating: 0, count: count) }
        bins[bin] += more
    }

    /// Adds the counts of another grid of the same observation.
    mutating func add(_ other: CountGrid) {
        precondition(width == other.width && count == other.count, "grids to be added are of one observation")
        Self.add(other.launched, to: &launched)
        Self.add(other.arrived, to: &arrived)
        Self.add(other.connected, to: &connected)
        for series in refused.indices { Self.add(other.refused[series], to: &refused[series]) }
    }

    private static func add(_ counts: [UInt32], to sums: inout [UInt32]) {
        if sums.isEmpty {
            sums = counts
        } else if !counts.isEmpty {
            for bin in sums.indices { sums[bin] += counts[bin] }
        }
    }

    private func bins(_ series: Series) -> [UInt32] {
        switch series {
        case .launched: launched
        case .arrived: arrived
        case .connected: connected
        case .refusedDown: refused[0]
        case .refusedLimit: refused[1]
        case .refusedBacklog: refused[2]
        }
    }

    /// How many there were in a range of bins.
    public func total(_ series: Series, in range: Range<Int>) -> Int {
        let bins = bins(series)
        return bins.isEmpty ? 0 : bins[range].reduce(0) { $0 + Int($1) }
    }

    /// How many there were.
    public func total(_ series: Series) -> Int { total(series, in: 0..<count) }

    /// The counts of a range of bins in wider bins that begin with it; the last one may be cut short by its end.
    ///
    /// - Returns: nil if the wider bins are not made of whole ones.
    public func counts(_ series: Series, in range: Range<Int>, width: Interval) -> [Int]? {
        guard width.nanoseconds % self.width.nanoseconds == 0, width >= self.width else { return nil }
        let factor = Int(width.nanoseconds / self.width.nanoseconds)
        var counts = [Int](repeating: 0, count: (range.count + factor - 1) / factor)
        let bins = bins(series)
        guard !bins.isEmpty else { return counts }
        for wide in counts.indices {
            let first = range.lowerBound + wide * factor
            var sum = 0
            for bin in first..<min(first + factor, range.upperBound) { sum += Int(bins[bin]) }
            counts[wide] = sum
        }
        return counts
    }

    /// The counts of the whole observation in wider bins.
    public func counts(_ series: Series, width: Interval) -> [Int]? { counts(series, in: 0..<count, width: width) }
}
