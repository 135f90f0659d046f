import Testing

@testable import FleetSimulation

/// Samples of durations: exact up to their limit, within the stated error beyond it, and the same however they were split.
@Suite struct DurationSampleTests {
    /// Durations of all sizes, many of them equal.
    private static func durations(_ count: Int, _ choices: inout Choices) -> [Int64] {
        (0..<count).map { _ in
            let value = Int64(choices.next() >> UInt64(20 + choices.below(43)))
            return choices.below(4) == 0 ? value / 1_000_000 * 1_000_000 : value
        }
    }

    private static func sample(_ values: some Sequence<Int64>, limit: Int) -> DurationSample {
        var sample = DurationSample(limit: limit)
        for value in values { sample.append(value) }
        return sample
    }

    @Test("up to the limit every value is kept", arguments: 0..<20)
    func exact(seed: Int) throws {
        var choices = Choices(seed: seed)
        let values = Self.durations(choices.below(2_000), &choices)
        let sample = Self.sample(values, limit: values.count)
        #expect(sample.isExact && sample.count == values.count)
        #expect(sample.ordered.values == values.sorted())
        #expect(sample.max == values.max())
        if let mean = sample.mean {
            let expected = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
            #expect(abs(mean - expected) <= 1e-12 * expected)
        }
    }

    @Test(
        "beyond the limit order statistics err by no more than stated; the ends, the count and the sum are exact",
        arguments: 0..<40
    )
    func sketched(seed: Int) throws {
        var choices = Choices(seed: seed)
        let values = Self.durations(200 + choices.below(3_000), &choices).sorted()
        let sample = Self.sample(values, limit: choices.below(values.count))
        #expect(!sample.isExact && sample.count == values.count)
        let ordered = sample.ordered
        for (rank, value) in values.enumerated() {
            let error = abs(Double(ordered[rank] - value))
            #expect(
                error <= DurationSample.relativeError * Double(value),
                "rank \(rank): \(ordered[rank]) for \(value)"
            )
        }
        #expect(ordered[0] == values[0] && ordered[values.count - 1] == values.last)
        #expect(sample.max == values.last)
        let exact = try #require(Self.sample(values, limit: values.count).mean)
        #expect(sample.mean == exact)
    }

    @Test("a bucket's representative is within the stated error of its ends, and buckets have no gaps")
    func buckets() {
        var choices = Choices(seed: 1)
        let edges = (0..<63).flatMap { [UInt64(1) << UInt64($0), (UInt64(1) << UInt64($0)) - 1] }
        for value in edges + (0..<20_000).map({ _ in choices.next() >> UInt64(1 + choices.below(63)) }) {
            let bucket = LogLinearCounts.bucket(of: value)
            let middle = UInt64(LogLinearCounts.representative(of: bucket))
            #expect(LogLinearCounts.bucket(of: middle) == bucket)
            let error = Double(max(middle, value) - min(middle, value))
            #expect(error <= LogLinearCounts.relativeError * Double(value))
            let next = LogLinearCounts.bucket(of: value + 1)
            #expect(next == bucket || next == bucket + 1)
        }
    }

    @Test(
        "what a sample holds depends on its values alone, not on order, splits or the order of merging",
        arguments: 0..<60
    )
    func merging(seed: Int) {
        var choices = Choices(seed: seed)
        let values = Self.durations(100 + choices.below(400), &choices)
        // Below, at and above the number of values.
        let limit = values.count + [-choices.below(values.count), -1, 0, choices.below(50)][seed % 4]
        let whole = Self.sample(values, limit: limit)
        #expect(whole.isExact == (values.count <= limit))
        var parts = Array(repeating: DurationSample(limit: limit), count: 1 + choices.below(6))
        for value in values.reversed() { parts[choices.below(parts.count)].append(value) }
        var forth = DurationSample(limit: limit)
        for part in parts { forth.merge(part) }
        var back = DurationSample(limit: limit)
        for part in parts.reversed() { back.merge(part) }
        var pairs = parts
        while pairs.count > 1 {
            let last = pairs.removeLast()
            pairs[choices.below(pairs.count)].merge(last)
        }
        #expect(forth == whole && back == whole && pairs[0] == whole)
        var further = whole
        further.append(7)
        #expect(further != whole)
    }

    @Test("distinct values come in rising order with their numbers", arguments: [10, 1_000])
    func distinct(limit: Int) {
        let values: [Int64] = [5, 5, 9_000_000_000, 7, 9_000_000_000, 5, 4_294_967_295, 4_294_967_296]
        var seen: [Int64] = []
        var total = 0
        Self.sample(values + Array(repeating: 7, count: limit / 20), limit: limit).ordered.forEachDistinct {
            seen.append($0)
            total += $1
        }
        #expect(seen == [5, 7, 4_294_967_295, 4_294_967_296, 9_000_000_000])
        #expect(total == values.count + limit / 20)
    }

    @Test("a sum beyond 64 bits is exact")
    func wideSum() throws {
        let sample = Self.sample(Array(repeating: Int64.max, count: 8), limit: 4)
        #expect(sample.mean == Double(Int64.max))
    }

    // MARK: Recovery

    /// First times at which so many are back, by looking at every instant.
    private static func naive(_ steps: [(Int64, Bool)], _ numbers: [Int]) -> [Int64?] {
        let times = Set(steps.map(\.0)).sorted()
        return numbers.map { number in
            times.first { time in steps.reduce(0) { $0 + ($1.0 <= time ? $1.1 ? 1 : -1 : 0) } >= number }
        }
    }

    @Test(
        "times of recovery are exact up to the limit and within the error beyond it, however split",
        arguments: 0..<40
    )
    func recovery(seed: Int) throws {
        var choices = Choices(seed: seed)
        var steps: [(Int64, Bool)] = []
        for _ in 0..<40 {
            let time = Int64(choices.below(60_000)) * 500_000
            steps.append((time, true))
            guard choices.below(4) == 0 else { continue }
            // Long enough away for a sketch to see it.
            steps.append((time + time / 100 + 1, false))
            steps.append((time + time / 10 + 2, true))
        }
        let numbers = [1, 20, 36, 38, 39, 40, 41]
        let expected = Self.naive(steps, numbers)
        for limit in [steps.count, steps.count / 3] {
            var whole = RecoverySteps(limit: limit)
            for (time, isBack) in steps { whole.append(after: time, isBack: isBack) }
            var parts = Array(repeating: RecoverySteps(limit: limit), count: 3)
            for (time, isBack) in steps.reversed() { parts[choices.below(3)].append(after: time, isBack: isBack) }
            var merged = parts[1]
            merged.merge(parts[2])
            merged.merge(parts[0])
            #expect(merged == whole)
            let times = whole.times(toReach: numbers)
            if limit == steps.count {
                #expect(times == expected)
                continue
            }
            #expect(times[6] == nil)
            for (time, exact) in zip(times, expected) {
                guard let time, let exact else {
                    #expect(time == exact)
                    continue
                }
                #expect(abs(Double(time - exact)) <= DurationSample.relativeError * Double(exact))
            }
        }
    }

    // MARK: Sorting

    @Test("sorting by radix is sorting", arguments: 0..<20)
    func radix(seed: Int) {
        var choices = Choices(seed: seed)
        let shift = UInt64(choices.below(60))
        var scratch32: [UInt32] = []
        var scratch64: [UInt64] = []
        for _ in 0..<4 {
            let values = (0..<choices.below(3_000)).map { _ in choices.next() >> shift }
            var long = values
            radixSort(&long, scratch: &scratch64)
            #expect(long == values.sorted())
            let narrow = values.map { UInt32(truncatingIfNeeded: $0) }
            var short = narrow
            radixSort(&short, scratch: &scratch32)
            #expect(short == narrow.sorted())
        }
    }
}
