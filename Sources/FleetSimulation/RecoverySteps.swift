/// When clients that an outage had hit came back and fell away again, counted from its end.
///
/// Up to a limit each step is kept, in 8 bytes. With one more they become net changes in log-linear buckets: times then
/// err by at most `DurationSample.relativeError` of themselves, and what comes and goes within one bucket does not show.
/// What is held depends on the steps alone, not on their order or on how they were split before they were merged.
public struct RecoverySteps: Sendable {
    /// The most steps kept exactly.
    public let limit: Int
    /// The time in the upper 63 bits, and in the lowest whether a client fell away: sorted, they are in order of time.
    private var steps: [UInt64] = []
    private var sortedCount = 0
    private var sketch: LogLinearCounts?

    /// No steps.
    public init(limit: Int = DurationSample.standardLimit) { self.limit = limit }

    /// Adds a step.
    ///
    /// - Parameters:
    ///   - nanoseconds: since the end of the client's outage, not negative.
    ///   - isBack: whether its session works now, or does not any more.
    public mutating func append(after nanoseconds: Int64, isBack: Bool) {
        precondition(nanoseconds >= 0, "a step is \(nanoseconds) ns after the end of an outage")
        let step = UInt64(nanoseconds) << 1 | (isBack ? 0 : 1)
        if sketch == nil, steps.count < limit {
            steps.append(step)
        } else {
            convert()
            add(step)
        }
    }

    private mutating func add(_ step: UInt64) { sketch?.add(step & 1 == 0 ? 1 : -1, at: step >> 1) }

    private mutating func convert() {
        guard sketch == nil else { return }
        sketch = LogLinearCounts()
        for step in steps { add(step) }
        steps = []
        sortedCount = 0
    }

    /// Adds the steps of others with the same limit.
    public mutating func merge(_ other: RecoverySteps) {
        precondition(limit == other.limit, "steps to be merged have one limit")
        if sketch == nil, other.sketch == nil, steps.count + other.steps.count <= limit {
            steps += other.steps
            return
        }
        convert()
        if let counts = other.sketch {
            sketch?.merge(counts)
        } else {
            for step in other.steps { add(step) }
        }
    }

    /// Puts the steps in order, so that reading them need not.
    mutating func sort() {
        if sortedCount < steps.count {
            var scratch: [UInt64] = []
            radixSort(&steps, scratch: &scratch)
        }
        sortedCount = steps.count
    }

    /// The first times, in nanoseconds, at which at least so many were back at once; nil where that did not happen.
    ///
    /// Steps of one instant count together.
    ///
    /// - Parameter numbers: rising.
    /// - Complexity: linear in the steps, and their sorting if that has not been done.
    public func times(toReach numbers: [Int]) -> [Int64?] {
        var times: [Int64?] = []
        var back = 0
        func pass(_ time: Int64) {
            while times.count < numbers.count, back >= numbers[times.count] { times.append(time) }
        }
        if let sketch {
            for (bucket, change) in sketch.counts.enumerated() where change != 0 {
                back += change
                pass(LogLinearCounts.representative(of: bucket))
            }
        } else {
            let sorted = inOrder
            for index in sorted.indices {
                back += sorted[index] & 1 == 0 ? 1 : -1
                if index + 1 == sorted.count || sorted[index + 1] >> 1 != sorted[index] >> 1 {
                    pass(Int64(sorted[index] >> 1))
                }
            }
        }
        while times.count < numbers.count { times.append(nil) }
        return times
    }

    private var inOrder: [UInt64] {
        var copy = self
        copy.sort()
        return copy.steps
    }
}

extension RecoverySteps: Equatable {
    /// Whether the same steps were told, whatever their order.
    public static func == (left: RecoverySteps, right: RecoverySteps) -> Bool {
        left.limit == right.limit && left.sketch == right.sketch && left.inOrder == right.inOrder
    }
}
