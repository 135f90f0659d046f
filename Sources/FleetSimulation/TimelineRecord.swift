public import MonotonicTime

/// What happened in each second of the observation.
public struct TimelineRecord: Sendable, Equatable {
    /// What is told of a bin.
    public enum Column: Int, Sendable, CaseIterable {
        /// Attempts launched.
        case launched
        /// Attempts that arrived at the server tier.
        case arrived
        /// Ended attempts by `AttemptOutcome`.
        case connected, refused, timeout, lost, cancelled
        /// Messages received for the first time.
        case delivered
        /// Heartbeats, messages and attempts that clients sent.
        case sent
        /// Working sessions at the end of the bin.
        case connectedNow
        /// Handshakes accepted and not finished at the end of the bin.
        case backlog

        /// Attempts that ended so.
        public init(_ outcome: AttemptOutcome) {
            self =
                switch outcome {
                case .connected: .connected
                case .refused: .refused
                case .timeout: .timeout
                case .lost: .lost
                case .cancelled: .cancelled
                }
        }
    }

    /// The width of a bin.
    public static let bin = Interval.seconds(1)
    private static let columns = Column.allCases.count

    /// How many bins there are.
    public let count: Int
    /// All columns of a bin, then those of the next: what happens at one time stands in one place.
    private var values: [Int32]

    init(duration: Interval) {
        count = max(1, Int((duration.nanoseconds + Self.bin.nanoseconds - 1) / Self.bin.nanoseconds))
        values = [Int32](repeating: 0, count: count * Self.columns)
    }

    /// Adds to a bin.
    mutating func add(_ change: Int32, to column: Column, bin: Int) {
        values[bin * Self.columns + column.rawValue] += change
    }

    /// Adds the values of another timeline of the same observation.
    mutating func add(_ other: TimelineRecord) {
        precondition(count == other.count, "timelines to be added are of one observation")
        for index in values.indices { values[index] += other.values[index] }
    }

    /// Adds counts to a column.
    mutating func add(_ counts: [Int], to column: Column) {
        for (bin, count) in counts.enumerated() { values[bin * Self.columns + column.rawValue] += Int32(count) }
    }

    /// Turns changes within the bins into the values at their ends.
    mutating func accumulate(_ column: Column) {
        for bin in 1..<max(1, count) {
            values[bin * Self.columns + column.rawValue] += values[(bin - 1) * Self.columns + column.rawValue]
        }
    }

    /// A column, by bin.
    public subscript(column: Column) -> [Int] {
        (0..<count).map { Int(values[$0 * Self.columns + column.rawValue]) }
    }
}
