import FleetSimulation
import MonotonicTime
import Scenarios
import Testing

@testable import Experiments
@testable import FleetSimulation

/// Metrics of records small enough to be reckoned by hand.
@Suite struct MetricComputationTests {
    // MARK: Counting

    private static let series: [(counts: [Int], factor: Double)] = [
        (counts: [3, 3, 3, 3], factor: 0),
        // Squared differences 4, 4, 4 and a mean of 1.
        (counts: [0, 2, 0, 2], factor: 2),
        // Squared differences 1, 4, 16, 1, 4: their mean is 5.2; the mean count is 2.5.
        (counts: [1, 2, 0, 4, 5, 3], factor: 1.04),
    ]

    @Test("the Allan factor of small series", arguments: series)
    func allanFactor(counts: [Int], factor: Double) throws {
        let value = try #require(MetricComputation.allanFactor(counts[...]))
        #expect(abs(value - factor) < 1e-12)
    }

    @Test("a straight ramp barely raises the Allan factor, alternation does")
    func allanFactorOfTrends() throws {
        let ramp = try #require(MetricComputation.allanFactor((0..<100).map { 100 + $0 }[...]))
        #expect(ramp < 0.01)
        let alternating = try #require(MetricComputation.allanFactor((0..<100).map { $0 % 2 == 0 ? 50 : 150 }[...]))
        #expect(abs(alternating - 50) < 1e-9)
    }

    @Test("the Allan factor of Poisson counts is 1 within its error")
    func allanFactorOfPoisson() throws {
        // 20,000 bins of 40,000 uniform times: counts of mean 2, Poisson but for the fixed sum.
        var state: UInt64 = 42
        let times = (0..<40_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(Double(state >> 11) * 0x1p-53 * 20_000)
        }
        var counts = [Int](repeating: 0, count: 20_000)
        for time in times { counts[Int(time)] += 1 }
        let factor = try #require(MetricComputation.allanFactor(counts[...]))
        // Variance (3 + 1/(2 mean)... ) / bins for small means; 3.5/20,000 bounds it.
        #expect(abs(factor - 1) < 4 * (3.5 / 20_000).squareRoot())
    }

    @Test("too few bins, or none with an event, have no Allan factor")
    func noAllanFactor() {
        #expect(MetricComputation.allanFactor([5, 7]) == nil)
        #expect(MetricComputation.allanFactor([0, 0, 0, 0]) == nil)
    }

    // MARK: Recovery

    private static func cohort(of clients: Int, steps: [(Double, Int32)]) -> CohortRecord {
        var cohort = CohortRecord(name: "phones", clients: clients)
        cohort.referenceCount = clients
        for (time, change) in steps { cohort.recovery.append(after: seconds(time), isBack: change > 0) }
        return cohort
    }

    @Test("a share is reached when so many are connected at the same time; a second drop counts")
    func secondDrop() {
        // Two come, one of them drops, then both others come, then the dropped one again.
        let curve = RecoveryCurve(
            Self.cohort(of: 4, steps: [(1, 1), (2, 1), (3, -1), (4, 1), (5, 1), (9, 1)]),
            shares: [0.25, 0.5, 0.75, 1]
        )
        #expect(curve.times == [1, 2, 5, 9])
    }

    @Test("steps of the same instant count together, in whatever order they were written")
    func sameInstant() {
        let curve = RecoveryCurve(Self.cohort(of: 2, steps: [(3, 1), (1, 1), (3, -1), (6, 1)]), shares: [1])
        #expect(curve.times == [6])
    }

    @Test("a share that was never reached has no time; 99 % of 50 clients are all 50")
    func unreachable() {
        let steps = (1...49).map { (Double($0), Int32(1)) }
        #expect(RecoveryCurve(Self.cohort(of: 50, steps: steps), shares: [0.95, 0.99]).times == [48, nil])
        // 0.55 times 100 is a little more than 55 in binary: rounding must not ask for one client more.
        let hundred = Self.cohort(of: 100, steps: (1...55).map { (Double($0), Int32(1)) })
        #expect(RecoveryCurve(hundred, shares: [0.55, 0.56]).times == [55, nil])
    }

    @Test("metrics of recovery: times not reached are infinite, and so are quantiles among clients that did not return")
    func censoredLags() throws {
        var cohort = Self.cohort(of: 10, steps: (1...8).map { (Double($0), 1) })
        cohort.lags = sample((1...8).map { Double($0) })
        cohort.censoredLags = sample([20, 20])
        var record = emptyRecord(cohorts: [cohort])
        record.firstDown = Instant(.seconds(70))
        record.firstUp = Instant(.seconds(80))
        record.lastUp = Instant(.seconds(80))
        let metrics = MetricComputation(record).metrics
        #expect(try metrics.value("recovery-time-50") == 5)
        #expect(try metrics.value("recovery-time-95") == .infinity)
        #expect(try metrics.value("recovery-time-100") == .infinity)
        // Type 7 at 4.5 among ten: between the fifth and the sixth.
        #expect(try metrics.value("reconnect-lag-p50") == 5.5)
        #expect(try metrics.value("reconnect-lag-p90") == .infinity)
        #expect(try metrics.value("reconnect-lag-max") == .infinity)
        // Kaplan-Meier up to 20 s: (36 + 2 * 20) / 10.
        let mean = try #require(try metrics.value("reconnect-lag-mean"))
        #expect(abs(mean - 7.6) < 1e-9)
        #expect(metrics.outage == 70.0...80.0)
        #expect(metrics.units == [10])
    }

    @Test("without an outage nothing is said about recovery")
    func noOutage() throws {
        let metrics = MetricComputation(emptyRecord(cohorts: [CohortRecord(name: "phones", clients: 5)])).metrics
        for id in [
            "recovery-time-99", "reconnect-lag-p50", "reconnect-lag-mean", "retry-amplification", "rejection-share",
        ] {
            #expect(try metrics.value(id) == nil, "\(id)")
        }
        #expect(try metrics.value("attempts") == 0)
        #expect(metrics.outage == nil)
        #expect(metrics.units == [5])
    }

    // MARK: The herd

    @Test("rates, overload, amplification and refusals of an incident")
    func incident() throws {
        var cohort = Self.cohort(of: 3, steps: [(1.5, 1), (2.5, 1), (4, 1)])
        cohort.lags = sample([1.5, 2.5, 4])
        var record = emptyRecord(cohorts: [cohort], capacity: 2)
        record.firstDown = Instant(.seconds(10))
        record.firstUp = Instant(.seconds(20))
        record.lastUp = Instant(.seconds(20))
        // One before the outage, three during it, seven after, one of them after the recovery.
        for time in [5, 11, 11.5, 12.2, 20.1, 20.2, 20.3, 21, 22, 23.5, 40] {
            record.grid.count(.arrived, at: instant(time))
        }
        // Not what these arrivals would make it, so that it must be taken from here.
        record.peaks = ArrivalPeaks(in100Milliseconds: 3, in1Second: 4)
        for time in [5, 21.5, 22.5, 24] { record.grid.count(.connected, at: instant(time)) }
        let refusals: [(Double, RefusalReason)] = [
            (11, .down), (11.5, .down), (12.2, .down), (20.1, .backlog), (20.2, .limit), (40, .backlog),
        ]
        for (time, reason) in refusals { record.grid.count(CountGrid.Series(reason), at: instant(time)) }
        let metrics = MetricComputation(record).metrics
        #expect(try metrics.value("peak-attempt-rate-1s") == 4)
        #expect(try metrics.value("peak-attempt-rate-100ms") == 30)
        #expect(try metrics.value("peak-to-capacity-1s") == 2)
        // Bins from 10 s: two in [11, 12), three in [20, 21).
        #expect(try metrics.value("peak-attempt-rate-1s-binned") == 3)
        #expect(try metrics.value("overload-time") == 1)
        #expect(try metrics.value("overload-work") == 1)
        #expect(try metrics.value("retry-amplification") == 7.0 / 3)
        #expect(try metrics.value("retry-amplification-incident") == 10.0 / 3)
        // W reaches from 20 s to 24 s: six arrive, two are refused; 1.5 a second on average.
        #expect(try metrics.value("rejection-share") == 2.0 / 6)
        #expect(try metrics.value("rejection-share-backlog") == 1.0 / 6)
        #expect(try metrics.value("rejection-share-limit") == 1.0 / 6)
        #expect(try metrics.value("rejection-share-down") == 0)
        let ratio = try #require(try metrics.value("peak-to-mean-1s"))
        // Both ends with the whole of their 0.01 s.
        #expect(abs(ratio - 4 / (6 / 4.01)) < 1e-9)
    }

    @Test("windows begin with the bin that holds their beginning and end with the one that holds their end")
    func windowsOfBins() throws {
        var cohort = Self.cohort(of: 1, steps: [(1, 1)])
        cohort.lags = sample([1])
        var record = emptyRecord(cohorts: [cohort])
        record.firstDown = instant(10.004)
        record.firstUp = instant(20.004)
        record.lastUp = instant(20.004)
        // Recovered at 21.004 s. The second and the last but one share their bins with the ends, the others do not.
        for time in [19.9999, 20.001, 21.009, 21.0101] {
            record.grid.count(.arrived, at: instant(time))
            record.grid.count(CountGrid.Series(.limit), at: instant(time))
        }
        for time in [10.001, 21.003] {
            record.grid.count(.arrived, at: instant(time))
            record.grid.count(.connected, at: instant(time))
        }
        let metrics = MetricComputation(record).metrics
        #expect(try metrics.value("rejection-share-limit") == 2.0 / 3)
        #expect(try metrics.value("retry-amplification") == 4)
        #expect(try metrics.value("retry-amplification-incident") == 3)
    }

    @Test("an observation of many days is counted by the second, and has no burst index at 100 ms")
    func secondsOnly() throws {
        var cohort = Self.cohort(of: 1, steps: [(9.5, 1)])
        cohort.lags = sample([9.5])
        var record = emptyRecord(cohorts: [cohort], duration: .seconds(500_000))
        record.firstDown = instant(10)
        record.firstUp = instant(20)
        record.lastUp = instant(20)
        for time in 0..<20 { record.grid.count(.arrived, at: instant(20.5 + Double(time / 2))) }
        let metrics = MetricComputation(record).metrics
        #expect(try metrics.value("allan-factor-100ms") == nil)
        #expect(try metrics.value("allan-factor-1s") == 0)
        #expect(try metrics.value("peak-attempt-rate-1s-binned") == 2)
    }

    @Test("the burst index before the outage looks at whole seconds of the last minute alone")
    func allanFactorBefore() throws {
        var record = emptyRecord(cohorts: [CohortRecord(name: "phones", clients: 1)])
        record.firstDown = Instant(.milliseconds(70_500))
        // Wild until 10 s and from 70 s on, alternating in between.
        let sent = (0..<100).map { $0 < 10 || $0 >= 70 ? 1_000 * ($0 % 3) : 4 + 2 * ($0 % 2) }
        record.timeline.add(sent, to: .sent)
        let factor = try #require(try MetricComputation(record).metrics.value("allan-factor-before-1s"))
        #expect(abs(factor - 4.0 / 10) < 1e-12)
        record.firstDown = Instant(.seconds(9))
        #expect(try MetricComputation(record).metrics.value("allan-factor-before-1s") == nil)
    }

    // MARK: Delivery and cohorts

    @Test("delivery metrics of one cohort")
    func delivery() throws {
        var cohort = CohortRecord(name: "phones", clients: 4)
        cohort.offered = 12
        cohort.eligible = 10
        cohort.delivered = 9
        cohort.eligibleDelivered = 8
        cohort.eligibleOnTime = 6
        cohort.copies = 12
        cohort.failed = 1
        cohort.lost = 1
        cohort.latencies = sample([5, 1, 2, 3, 4, 6, 7, 8, 9])
        cohort.outboxPeaks = [0: 1, 2: 2, 7: 1]
        cohort.outboxesAtBound = 1
        cohort.usableTime = seconds(300)
        cohort.wantedTime = seconds(400)
        cohort.detections = 4
        cohort.detectionTime = seconds(30)
        cohort.gaveUp = 2
        let metrics = MetricComputation(emptyRecord(cohorts: [cohort])).metrics
        let expected: [(String, Double)] = [
            ("delivery-rate", 0.8), ("on-time-delivery-rate", 0.6), ("duplicate-share", 3.0 / 9),
            ("permanent-failures", 1), ("silent-losses", 1), ("delivery-latency-p50", 5), ("delivery-latency-max", 9),
            ("delivery-latency-p99-all", .infinity), ("outbox-peak-max", 7), ("outbox-peak-mean", 11.0 / 4),
            ("outbox-bound-share", 0.25), ("connected-share", 0.75), ("detection-delay-mean", 7.5),
            ("gave-up-share", 0.5),
        ]
        for (id, value) in expected { #expect(try metrics.value(id) == value, "\(id)") }
    }

    @Test("the whole fleet is the sum of its cohorts, and each has values of its own")
    func cohorts() throws {
        var one = CohortRecord(name: "one", clients: 2)
        one.launched = 5
        one.eligible = 10
        one.eligibleDelivered = 10
        var two = CohortRecord(name: "two", clients: 6)
        two.launched = 7
        two.eligible = 30
        two.eligibleDelivered = 15
        let metrics = MetricComputation(emptyRecord(cohorts: [one, two])).metrics
        #expect(try metrics.value("attempts") == 12)
        #expect(try metrics.value("attempts", cohort: 1) == 5)
        #expect(try metrics.value("attempts", cohort: 2) == 7)
        // A ratio of sums, not the mean of 100 % and 50 %.
        #expect(try metrics.value("delivery-rate") == 25.0 / 40)
        #expect(try metrics.value("delivery-rate", cohort: 2) == 0.5)
        // What belongs to the servers has no value for a cohort.
        #expect(try metrics.value("backlog-peak") == 0)
        #expect(try metrics.value("backlog-peak", cohort: 1) == nil)
        #expect(metrics.units == [8, 2, 6])
    }
}
