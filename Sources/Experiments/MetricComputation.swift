import FleetSimulation
import MonotonicTime
import Scenarios
import Statistics

/// Computes every metric of a replication from its record. The definitions are those of `MetricDefinition`.
struct MetricComputation {
    private let record: ReplicationRecord
    private let whole: CohortRecord
    private let window: ClosedRange<Int64>?

    init(_ record: ReplicationRecord) {
        self.record = record
        whole = CohortRecord.merged(record.cohorts)
        window = Self.recoveryWindow(record, whole)
    }

    /// The metrics of the whole fleet, then, if there are several, of each cohort.
    var metrics: ReplicationMetrics {
        let fleet = fleetValues()
        var values = [Self.ordered(fleet.merging(Self.cohortValues(whole, record)) { first, _ in first })]
        var units = [Self.units(whole)]
        if record.cohorts.count > 1 {
            for cohort in record.cohorts {
                values.append(Self.ordered(Self.cohortValues(cohort, record)))
                units.append(Self.units(cohort))
            }
        }
        return ReplicationMetrics(
            replication: record.replication,
            values: values,
            units: units,
            outage: outage,
            events: record.events
        )
    }

    private var outage: ClosedRange<Double>? {
        guard let down = record.firstDown, let up = record.lastUp else { return nil }
        return down.seconds...max(down, up).seconds
    }

    private static func ordered(_ values: [String: MetricValue]) -> [MetricValue] {
        MetricDefinition.all.map { values[$0.id] ?? .missing }
    }

    private static func units(_ cohort: CohortRecord) -> Int {
        cohort.referenceCount > 0 ? cohort.referenceCount : cohort.clients
    }

    /// W: from the first end of an outage to recovery-time-99 after the last, or to the end of the observation.
    private static func recoveryWindow(_ record: ReplicationRecord, _ whole: CohortRecord) -> ClosedRange<Int64>? {
        guard let first = record.firstUp, let last = record.lastUp else { return nil }
        let recovered = RecoveryCurve(whole).time(toReach: 0.99) ?? .infinity
        let end = Double(last.nanoseconds) + recovered * 1e9
        let horizon = record.duration.nanoseconds
        return first.nanoseconds...max(first.nanoseconds, end < Double(horizon) ? Int64(end.rounded(.up)) : horizon)
    }

    // MARK: The whole fleet

    private func fleetValues() -> [String: MetricValue] {
        let fromOutage = record.firstDown.map { record.arrivals.suffix(from: $0.nanoseconds) } ?? record.arrivals[...]
        let capacity = record.capacity
        let peak100 = Self.peakRate(fromOutage, width: .milliseconds(100))
        let peak1000 = Self.peakRate(fromOutage, width: .seconds(1))
        let waits = record.waits.sorted()
        var values: [String: MetricValue] = [
            "peak-attempt-rate-100ms": MetricValue(peak100),
            "peak-attempt-rate-1s": MetricValue(peak1000),
            "peak-to-capacity-100ms": MetricValue(peak100 / capacity),
            "peak-to-capacity-1s": MetricValue(peak1000 / capacity),
            "backlog-peak": MetricValue(Double(record.backlogPeak)),
            "backlog-overflows": MetricValue(Double(record.backlogOverflows)),
            "queue-wait-p99": MetricValue(sampleQuantile(ofSorted: waits, probability: 0.99).map { $0 / 1e9 }),
            "queue-wait-max": MetricValue(waits.last.map { Double($0) / 1e9 }),
            "wasted-handshakes": MetricValue(Double(record.wastedHandshakes)),
            "allan-factor-before-1s": MetricValue(allanFactorBefore()),
        ]
        let bins = Self.counts(
            fromOutage,
            from: record.firstDown?.nanoseconds ?? 0,
            to: record.duration.nanoseconds,
            width: .seconds(1)
        )
        values["peak-attempt-rate-1s-binned"] = MetricValue(Double(bins.max() ?? 0))
        values["overload-time"] = MetricValue(Double(bins.count { Double($0) > capacity }))
        values["overload-work"] = MetricValue(bins.reduce(0) { $0 + max(0, Double($1) - capacity) })
        if let firstUp = record.firstUp, let firstDown = record.firstDown {
            values["retry-amplification"] = amplification(from: firstUp)
            values["retry-amplification-incident"] = amplification(from: firstDown)
        }
        if let window {
            let inWindow = record.arrivals.suffix(from: window.lowerBound).prefix { $0 <= window.upperBound }
            let refused = record.refusals.filter { window.contains($0.time) }
            let length = Double(window.upperBound - window.lowerBound) / 1e9
            let mean = length > 0 ? Double(inWindow.count) / length : 0
            values["peak-to-mean-1s"] = MetricValue(mean > 0 ? peak1000 / mean : nil)
            values["rejection-share"] = MetricValue(share: refused.count, of: inWindow.count)
            for reason in RefusalReason.allCases {
                let count = refused.count { $0.reason == reason }
                values["rejection-share-\(reason.rawValue)"] = MetricValue(share: count, of: inWindow.count)
            }
            for (id, width) in [
                ("allan-factor-100ms", Interval.milliseconds(100)), ("allan-factor-1s", .seconds(1)),
            ] {
                let counts = Self.counts(inWindow, from: window.lowerBound, to: window.upperBound, width: width)
                values[id] = MetricValue(Self.allanFactor(counts[...]))
            }
        }
        return values
    }

    /// Attempts arriving from a time on per attempt that became a session from then on.
    private func amplification(from time: Instant) -> MetricValue {
        let connects = record.connects.suffix(from: time.nanoseconds).count
        guard connects > 0 else { return .missing }
        return MetricValue(Double(record.arrivals.suffix(from: time.nanoseconds).count) / Double(connects))
    }

    /// Burstiness of what clients sent in the last minute before the first outage; nil with less than 10 s of it.
    private func allanFactorBefore() -> Double? {
        guard let down = record.firstDown else { return nil }
        let bins = Int(down.nanoseconds / record.timeline.bin.nanoseconds)
        let minute = record.timeline.sent.prefix(bins).suffix(60)
        return minute.count >= 10 ? Self.allanFactor(minute) : nil
    }

    /// The most times in any window of the width, over the width in seconds. Times rise.
    static func peakRate(_ times: ArraySlice<Int64>, width: Interval) -> Double {
        var first = times.startIndex
        var most = 0
        for last in times.indices {
            while times[last] - times[first] >= width.nanoseconds { first += 1 }
            most = max(most, last - first + 1)
        }
        return Double(most) / width.seconds
    }

    /// Counts in half-open bins from `from` to the last bin that begins before `to`.
    static func counts(_ times: ArraySlice<Int64>, from: Int64, to: Int64, width: Interval) -> [Int] {
        guard to > from else { return [] }
        var counts = [Int](repeating: 0, count: Int((to - from + width.nanoseconds - 1) / width.nanoseconds))
        for time in times {
            let bin = Int((time - from) / width.nanoseconds)
            if counts.indices.contains(bin) { counts[bin] += 1 }
        }
        return counts
    }

    /// Mean squared difference of neighbouring counts over twice the mean count (Allan 1966); nil without events or
    /// with fewer than three bins.
    static func allanFactor(_ counts: ArraySlice<Int>) -> Double? {
        guard counts.count >= 3 else { return nil }
        let mean = Double(counts.reduce(0, +)) / Double(counts.count)
        guard mean > 0 else { return nil }
        var squares = 0.0
        for (left, right) in zip(counts, counts.dropFirst()) {
            squares += Double(right - left) * Double(right - left)
        }
        return squares / Double(counts.count - 1) / (2 * mean)
    }

    // MARK: A cohort

    private static func cohortValues(_ cohort: CohortRecord, _ record: ReplicationRecord) -> [String: MetricValue] {
        var values: [String: MetricValue] = [
            "attempts": MetricValue(Double(cohort.launched)),
            "delivery-rate": MetricValue(share: cohort.eligibleDelivered, of: cohort.eligible),
            "on-time-delivery-rate": MetricValue(share: cohort.eligibleOnTime, of: cohort.eligible),
            "duplicate-share": MetricValue(
                cohort.delivered > 0 ? Double(cohort.copies - cohort.delivered) / Double(cohort.delivered) : nil
            ),
            "permanent-failures": MetricValue(Double(cohort.failed)),
            "silent-losses": MetricValue(Double(cohort.lost)),
            "outbox-bound-share": MetricValue(share: cohort.outboxesAtBound, of: cohort.clients),
            "connected-share": MetricValue(
                cohort.wantedTime > 0 ? Double(cohort.usableTime) / Double(cohort.wantedTime) : nil
            ),
            "detection-delay-mean": MetricValue(
                cohort.detections > 0 ? Double(cohort.detectionTime) / Double(cohort.detections) / 1e9 : nil
            ),
            "breaker-openings": MetricValue(Double(cohort.breakerOpenings)),
            "gave-up-share": MetricValue(share: cohort.gaveUp, of: cohort.clients),
        ]
        addRecovery(cohort, record, to: &values)
        addLatencies(cohort, to: &values)
        let peaks = cohort.outboxPeaks.sorted { $0.key < $1.key }
        values["outbox-peak-max"] = MetricValue(peaks.last.map { Double($0.key) })
        let sum = peaks.reduce(0.0) { $0 + Double($1.key) * Double($1.value) }
        values["outbox-peak-mean"] = MetricValue(sum / Double(max(1, cohort.clients)))
        let expanded = peaks.flatMap { [Double](repeating: Double($0.key), count: $0.value) }
        values["outbox-peak-p99"] = MetricValue(sampleQuantile(ofSorted: expanded, probability: 0.99))
        return values
    }

    private static func addRecovery(
        _ cohort: CohortRecord,
        _ record: ReplicationRecord,
        to values: inout [String: MetricValue]
    ) {
        guard cohort.referenceCount > 0 else { return }
        let curve = RecoveryCurve(cohort)
        for (suffix, share) in MetricDefinition.recoveryShares {
            values["recovery-time-\(suffix)"] = MetricValue(curve.time(toReach: share) ?? .infinity)
        }
        let absent = [Double](repeating: .infinity, count: cohort.censoredLags.count)
        let lags = cohort.lags.sorted().map { Double($0) / 1e9 } + absent
        for (suffix, probability) in MetricDefinition.lagQuantiles {
            values["reconnect-lag-\(suffix)"] = MetricValue(sampleQuantile(ofSorted: lags, probability: probability))
        }
        values["reconnect-lag-max"] = MetricValue(lags.last)
        let times = cohort.lags.map { Double($0) / 1e9 } + cohort.censoredLags.map { Double($0) / 1e9 }
        let isCensored =
            [Bool](repeating: false, count: cohort.lags.count)
            + [Bool](repeating: true, count: cohort.censoredLags.count)
        let estimate = try? kaplanMeier(times: times, censored: isCensored)
        let horizon = times.max() ?? 0
        values["reconnect-lag-mean"] = MetricValue(estimate?.restrictedMean(to: horizon))
    }

    private static func addLatencies(_ cohort: CohortRecord, to values: inout [String: MetricValue]) {
        let latencies = cohort.latencies.sorted()
        for (suffix, probability) in MetricDefinition.latencyQuantiles {
            let quantile = sampleQuantile(ofSorted: latencies, probability: probability)
            values["delivery-latency-\(suffix)"] = MetricValue(quantile.map { $0 / 1e9 })
        }
        values["delivery-latency-max"] = MetricValue(latencies.last.map { Double($0) / 1e9 })
        let undelivered = cohort.eligible - cohort.eligibleDelivered
        let all = latencies.map { Double($0) / 1e9 } + [Double](repeating: .infinity, count: max(0, undelivered))
        values["delivery-latency-p99-all"] = MetricValue(sampleQuantile(ofSorted: all, probability: 0.99))
    }
}

/// How many of those hit by an outage were back, by the time since it ended.
struct RecoveryCurve {
    private let steps: [RecoveryStep]
    private let population: Int

    init(_ cohort: CohortRecord) {
        steps = cohort.recovery.sorted { $0.offset < $1.offset }
        population = cohort.referenceCount
    }

    /// The first time, in seconds, at which at least that share was back; nil if that did not happen.
    func time(toReach share: Double) -> Double? {
        let needed = (share * Double(population) - 1e-9).rounded(.up)
        var back = 0
        var index = steps.startIndex
        while index < steps.endIndex {
            let offset = steps[index].offset
            while index < steps.endIndex, steps[index].offset == offset {
                back += Int(steps[index].change)
                index += 1
            }
            if Double(back) >= needed { return Double(offset) / 1e9 }
        }
        return nil
    }
}

extension CohortRecord {
    /// The records of several cohorts as one.
    static func merged(_ cohorts: [CohortRecord]) -> CohortRecord {
        guard var whole = cohorts.first else { preconditionFailure("a scenario has at least one cohort") }
        for cohort in cohorts.dropFirst() { whole.add(cohort) }
        return whole
    }
}

extension [Int64] {
    /// The part of rising times that begins at a time.
    func suffix(from time: Int64) -> ArraySlice<Int64> {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < time { low = middle + 1 } else { high = middle }
        }
        return self[low...]
    }
}
