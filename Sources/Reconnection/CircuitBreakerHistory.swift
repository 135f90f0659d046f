import MonotonicTime

/// What a breaker remembers beyond counting in a row: nothing that the common policies need.
struct CircuitBreakerHistory: Sendable, Hashable {
    /// When the counted failures happened; for counting failures within a time.
    private var failures: [Instant] = []
    /// The last results; for shares of the last so many calls.
    private var results = ResultRing()
    /// Calls by slice of time, oldest first; for shares within a time.
    private var slices: [Slice] = []
    /// The last open period; for growing ones.
    var lastOpenPeriod: Interval?
    /// Openings since a success last closed the breaker, or with `noHalfOpen` since the last success; for growing open
    /// periods. Means nothing in a breaker that a success has closed.
    var openingsInARow: UInt32 = 0
    /// Failures while not closed; for `probeShare` and the hazards that keep them.
    var keptFailures: UInt32 = 0

    /// Calls whose results came within one slice of time.
    private struct Slice: Sendable, Hashable {
        let start: Instant
        var calls = 0
        var failures = 0
    }

    /// Forgets the results; the storage stays for those to come.
    mutating func removeResults() {
        failures.removeAll(keepingCapacity: true)
        results.removeAll()
        slices.removeAll(keepingCapacity: true)
    }

    /// Adds a failure. How many are younger than the window then, this one included.
    mutating func addFailure(at now: Instant, within window: Interval) -> Int {
        failures.removeAll { now - $0 >= window }
        failures.append(now)
        return failures.count
    }

    /// Adds a result to the last so many. How many of how many failed.
    mutating func addResult(isFailure: Bool, toLast size: Int) -> (failures: Int, calls: Int) {
        results.append(isFailure: isFailure, size: max(1, size))
        return (results.failures, results.count)
    }

    /// Adds a result to its slice; one without a time belongs to the last slice, or to none if there is none. How
    /// many of how many within the window failed.
    mutating func addResult(
        isFailure: Bool,
        at now: Instant?,
        within window: Interval,
        slices sliceCount: Int
    ) -> (failures: Int, calls: Int) {
        if let now {
            let length = Interval.nanoseconds(window.nanoseconds / Int64(max(1, sliceCount)))
            slices.removeAll { now - $0.start >= window }
            if slices.last.map({ now - $0.start >= length }) ?? true { slices.append(Slice(start: now)) }
        }
        guard !slices.isEmpty else { return (0, 0) }
        slices[slices.count - 1].calls += 1
        if isFailure { slices[slices.count - 1].failures += 1 }
        return slices.reduce(into: (0, 0)) { sums, slice in
            sums.0 += slice.failures
            sums.1 += slice.calls
        }
    }
}

/// The last so many results, a bit each.
private struct ResultRing: Sendable, Hashable {
    /// Set bits are failures. Grows with the results, up to the size of the ring.
    private var words: [UInt64] = []
    private var size = 0
    private var next = 0
    /// How many results there are; at most the size.
    private(set) var count = 0
    /// How many of them failed.
    private(set) var failures = 0

    mutating func removeAll() {
        words.removeAll(keepingCapacity: true)
        next = 0
        count = 0
        failures = 0
    }

    /// Adds a result, in place of the oldest when full. Another size than the last time starts over.
    mutating func append(isFailure: Bool, size newSize: Int) {
        if newSize != size {
            removeAll()
            size = newSize
        }
        let word = next >> 6
        let bit: UInt64 = 1 << UInt64(next & 63)
        if word == words.count { words.append(0) }
        if count < size {
            count += 1
        } else if words[word] & bit != 0 {
            failures -= 1
        }
        if isFailure {
            words[word] |= bit
            failures += 1
        } else {
            words[word] &= ~bit
        }
        next = next + 1 == size ? 0 : next + 1
    }
}
