import FleetSimulation
import MonotonicTime
import Scenarios
import Statistics

/// Computes every metric of a replication from its record. The definitions are those of `MetricDefinition`.
struct MetricComputation {
    private let record: ReplicationRecord
    private let whole: CohortRecord
    /// The bins of the recovery window.
    private let window: Range<Int>?

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

    /// W: from the bin of the first end of an outage to that of recovery-time-99 after the last, or to the end of the
    /// observation.
    private static func recoveryWindow(_ record: ReplicationRecord, _ whole: CohortRecord) -> Range<Int>? {
        guard let first = record.firstUp, let last = record.lastUp else { return nil }
        let recovered = whole.recovery.times(toReach: [RecoveryCurve.needed(0.99, of: whole.referenceCount)])[0]
        let end = recovered.map { last + Interval(nanoseconds: $0) } ?? .distantFuture
        let begin = record.grid.bin(first)
        return begin..<max(begin, record.grid.bin(end)) + 1
    }

    // MARK: The whole fleet

    private func fleetValues() -> [String: MetricValue] {
        let capacity = record.capacity
        let peak100 = Double(record.peaks.in100Milliseconds) / Interval.milliseconds(100).seconds
        let peak1000 = Double(record.peaks.in1Second)
        var values: [String: MetricValue] = [
            "peak-attempt-rate-100ms": MetricValue(peak100),
            "peak-attempt-rate-1s": MetricValue(peak1000),
            "peak-to-capacity-100ms": MetricValue(peak100 / capacity),
            "peak-to-capacity-1s": MetricValue(peak1000 / capacity),
            "backlog-peak": MetricValue(Double(record.backlogPeak)),
            "backlog-overflows": MetricValue(Double(record.backlogOverflows)),
            "queue-wait-p99": MetricValue(record.waits.ordered.quantile(0.99).map { $0 / 1e9 }),
            "queue-wait-max": MetricValue(record.waits.max.map { Double($0) / 1e9 }),
            "wasted-handshakes": MetricValue(Double(record.wastedHandshakes)),
            "allan-factor-before-1s": MetricValue(allanFactorBefore()),
        ]
        let fromOutage = (record.firstDown.map(record.grid.bin) ?? 0)..<record.grid.count
        let seconds = record.grid.counts(.arrived, in: fromOutage, width: .seconds(1)) ?? []
        values["peak-attempt-rate-1s-binned"] = MetricValue(Double(seconds.max() ?? 0))
        values["overload-time"] = MetricValue(Double(seconds.count { Double($0) > capacity }))
        values["overload-work"] = MetricValue(seconds.reduce(0) { $0 + max(0, Double($1) - capacity) })
        if let firstUp = record.firstUp, let firstDown = record.firstDown {
            values["retry-amplification"] = amplification(from: firstUp)
            values["retry-amplification-incident"] = amplification(from: firstDown)
        }
        if let window { addHerd(in: window, peak: peak1000, to: &values) }
        return values
    }

    private func addHerd(in window: Range<Int>, peak: Double, to values: inout [String: MetricValue]) {
        let arrived = record.grid.total(.arrived, in: window)
        let mean = Double(arrived) / (Double(window.count) * record.grid.width.seconds)
        values["peak-to-mean-1s"] = MetricValue(mean > 0 ? peak / mean : nil)
        var refused = 0
        for reason in RefusalReason.allCases {
            let count = record.grid.total(CountGrid.Series(reason), in: window)
            values["rejection-share-\(reason.rawValue)"] = MetricValue(share: count, of: arrived)
            refused += count
        }
        values["rejection-share"] = MetricValue(share: refused, of: arrived)
        for (id, width) in [("allan-factor-100ms", Interval.milliseconds(100)), ("allan-factor-1s", .seconds(1))] {
            let counts = record.grid.counts(.arrived, in: window, width: width)
            values[id] = MetricValue(counts.flatMap { Self.allanFactor($0[...]) })
        }
    }

    /// Attempts arriving from the bin of a time on per attempt that became a session from then on.
    private func amplification(from time: Instant) -> MetricValue {
        let bins = record.grid.bin(time)..<record.grid.count
        let connects = record.grid.total(.connected, in: bins)
        guard connects > 0 else { return .missing }
        return MetricValue(Double(record.grid.total(.arrived, in: bins)) / Double(connects))
    }

    /// Burstiness of what clients sent in the last minute before the first outage; nil with less than 10 s of it.
    private func allanFactorBefore() -> Double? {
        guard let down = record.firstDown else { return nil }
        let bins = Int(down.nanoseconds / TimelineRecord.bin.nanoseconds)
        let minute = record.timeline[.sent].prefix(bins).suffix(60)
        return minute.count >= 10 ? Self.allanFactor(minute) : nil
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
        addOutboxPeaks(cohort, to: &values)
        return values
    }

    private static func addOutboxPeaks(_ cohort: CohortRecord, to values: inout [String: MetricValue]) {
        let peaks = cohort.outboxPeaks.sorted { $0.key < $1.key }
        values["outbox-peak-max"] = MetricValue(peaks.last.map { Double($0.key) })
        let sum = peaks.reduce(0.0) { $0 + Double($1.key) * Double($1.value) }
        values["outbox-peak-mean"] = MetricValue(sum / Double(max(1, cohort.clients)))
        let quantile = sampleQuantile(count: peaks.reduce(0) { $0 + $1.value }, probability: 0.99) { rank in
            var above = rank
            for (peak, clients) in peaks {
                if above < clients { return Double(peak) }
                above -= clients
            }
            return .nan
        }
        values["outbox-peak-p99"] = MetricValue(quantile)
    }

    private static func addRecovery(
        _ cohort: CohortRecord,
        _ record: ReplicationRecord,
        to values: inout [String: MetricValue]
    ) {
        guard cohort.referenceCount > 0 else { return }
        let curve = RecoveryCurve(cohort, shares: MetricDefinition.recoveryShares.map(\.share))
        for ((suffix, _), time) in zip(MetricDefinition.recoveryShares, curve.times) {
            values["recovery-time-\(suffix)"] = MetricValue(time ?? .infinity)
        }
        let lags = cohort.lags.ordered
        let absent = cohort.censoredLags.count
        for (suffix, probability) in MetricDefinition.lagQuantiles {
            values["reconnect-lag-\(suffix)"] = MetricValue(lags.quantile(probability, thenNever: absent))
        }
        values["reconnect-lag-max"] = MetricValue(
            absent > 0 ? .infinity : cohort.lags.max.map { Double($0) / 1e9 }
        )
        let observations = observations(lags, cut: cohort.censoredLags.ordered)
        let estimate = kaplanMeier(ofSorted: observations)
        values["reconnect-lag-mean"] = MetricValue(estimate.restrictedMean(to: estimate.lastTime ?? 0))
    }

    /// Lags, and where those that did not end were cut off, by time.
    private static func observations(_ lags: OrderedDurations, cut: OrderedDurations) -> [KaplanMeierObservations] {
        var ended: [KaplanMeierObservations] = []
        lags.forEachDistinct { time, count in
            ended.append(KaplanMeierObservations(time: Double(time) / 1e9, events: count, censored: 0))
        }
        var all: [KaplanMeierObservations] = []
        var next = ended[...]
        cut.forEachDistinct { time, count in
            let seconds = Double(time) / 1e9
            while let first = next.first, first.time < seconds { all.append(next.removeFirst()) }
            let events = next.first?.time == seconds ? next.removeFirst().events : 0
            all.append(KaplanMeierObservations(time: seconds, events: events, censored: count))
        }
        return all + next
    }

    private static func addLatencies(_ cohort: CohortRecord, to values: inout [String: MetricValue]) {
        let latencies = cohort.latencies.ordered
        for (suffix, probability) in MetricDefinition.latencyQuantiles {
            values["delivery-latency-\(suffix)"] = MetricValue(latencies.quantile(probability).map { $0 / 1e9 })
        }
        values["delivery-latency-max"] = MetricValue(cohort.latencies.max.map { Double($0) / 1e9 })
        let undelivered = max(0, cohort.eligible - cohort.eligibleDelivered)
        values["delivery-latency-p99-all"] = MetricValue(latencies.quantile(0.99, thenNever: undelivered))
    }
}

/// How many of those hit by an outage were back, by the time since it ended.
struct RecoveryCurve {
    /// The first times, in seconds, at which at least the given shares were back; nil where that did not happen.
    let times: [Double?]

    /// - Parameter shares: rising.
    init(_ cohort: CohortRecord, shares: [Double]) {
        let needed = shares.map { Self.needed($0, of: cohort.referenceCount) }
        times = cohort.recovery.times(toReach: needed).map { $0.map { Double($0) / 1e9 } }
    }

    /// How many clients a share of them is, rounded up.
    static func needed(_ share: Double, of population: Int) -> Int {
        Int((share * Double(population) - 1e-9).rounded(.up))
    }
}

extension OrderedDurations {
    /// The type-7 quantile, in nanoseconds; nil without values.
    func quantile(_ probability: Double) -> Double? {
        sampleQuantile(count: count, probability: probability) { Double(self[$0]) }
    }

    /// The type-7 quantile, in seconds, with further values that are infinite.
    func quantile(_ probability: Double, thenNever further: Int) -> Double? {
        sampleQuantile(count: count + further, probability: probability) { rank in
            rank < count ? Double(self[rank]) / 1e9 : .infinity
        }
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
