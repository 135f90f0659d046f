import FleetSimulation
import MonotonicTime
import Scenarios
import Testing

@testable import Experiments
@testable import FleetSimulation

/// Metrics of records small enough to be reckoned by hand.
@Suite struct MetricComputationTests {
    // MARK: Counting

    private static let peaks: [(times: [Double], peak: Double)] = [
        (times: [], peak: 0),
        (times: [5], peak: 1),
        (times: [0, 1, 2, 3], peak: 1),
        (times: [0.9, 1, 1.1], peak: 3),
        (times: [0.5, 1, 1.499, 1.5, 1.6, 9], peak: 4),
        (times: [2, 2, 2, 2], peak: 4),
    ]

    @Test("the peak rate is that of the fullest window, wherever it begins; windows are half-open", arguments: peaks)
    func peakRate(times: [Double], peak: Double) {
        let nanoseconds = times.map { seconds($0) }
        #expect(MetricComputation.peakRate(nanoseconds[...], width: .seconds(1)) == peak)
    }

    @Test("a rate over a tenth of a second is ten times its count")
    func peakRateWidth() {
        let times = [1.0, 1.05, 1.09, 1.1, 1.3].map { seconds($0) }
        #expect(abs(MetricComputation.peakRate(times[...], width: .milliseconds(100)) - 30) < 1e-9)
    }

    @Test("the peak rate agrees with a look at every window that begins with an event", arguments: 0..<20)
    func peakRateAgainstAll(seed: Int) {
        var state = UInt64(seed)
        let times = (0..<200).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % seconds(40)
        }.sorted()
        let naive = times.map { begin in times.count { $0 >= begin && $0 < begin + seconds(1) } }.max()
        #expect(MetricComputation.peakRate(times[...], width: .seconds(1)) == naive.map(Double.init))
    }

    @Test("counts fall into half-open bins; what lies outside is left out")
    func counts() {
        let times = [1.0, 1.999, 2.0, 3.5, 4.2, 9].map { seconds($0) }
        let bins = MetricComputation.counts(times[...], from: seconds(1), to: seconds(4.5), width: .seconds(1))
        #expect(bins == [2, 1, 1, 1])
        #expect(MetricComputation.counts(times[...], from: seconds(4), to: seconds(4), width: .seconds(1)) == [])
    }

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
            return Int64(Double(state >> 11) * 0x1p-53 * 20_000e9)
        }.sorted()
        let counts = MetricComputation.counts(times[...], from: 0, to: seconds(20_000), width: .seconds(1))
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
        cohort.recovery = steps.map { RecoveryStep(offset: seconds($0.0), change: $0.1) }
        return cohort
    }

    @Test("a share is reached when so many are connected at the same time; a second drop counts")
    func secondDrop() {
        // Two come, one of them drops, then both others come, then the dropped one again.
        let curve = RecoveryCurve(
            Self.cohort(of: 4, steps: [(1, 1), (2, 1), (3, -1), (4, 1), (5, 1), (9, 1)])
        )
        #expect(curve.time(toReach: 0.25) == 1)
        #expect(curve.time(toReach: 0.5) == 2)
        #expect(curve.time(toReach: 0.75) == 5)
        #expect(curve.time(toReach: 1) == 9)
    }

    @Test("steps of the same instant count together, in whatever order they were written")
    func sameInstant() {
        let curve = RecoveryCurve(Self.cohort(of: 2, steps: [(3, 1), (1, 1), (3, -1), (6, 1)]))
        #expect(curve.time(toReach: 1) == 6)
    }

    @Test("a share that was never reached has no time; 99 % of 50 clients are all 50")
    func unreachable() {
        let steps = (1...49).map { (Double($0), Int32(1)) }
        let curve = RecoveryCurve(Self.cohort(of: 50, steps: steps))
        #expect(curve.time(toReach: 0.95) == 48)
        #expect(curve.time(toReach: 0.99) == nil)
        // 0.55 times 100 is a little more than 55 in binary: rounding must not ask for one client more.
        let hundred = RecoveryCurve(Self.cohort(of: 100, steps: (1...55).map { (Double($0), Int32(1)) }))
        #expect(hundred.time(toReach: 0.55) == 55)
        #expect(hundred.time(toReach: 0.56) == nil)
    }

    @Test("metrics of recovery: times not reached are infinite, and so are quantiles among clients that did not return")
    func censoredLags() throws {
        var cohort = Self.cohort(of: 10, steps: (1...8).map { (Double($0), 1) })
        cohort.lags = (1...8).map { seconds(Double($0)) }
        cohort.censoredLags = [seconds(20), seconds(20)]
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
        cohort.lags = [seconds(1.5), seconds(2.5), seconds(4)]
        var record = emptyRecord(cohorts: [cohort], capacity: 2)
        record.firstDown = Instant(.seconds(10))
        record.firstUp = Instant(.seconds(20))
        record.lastUp = Instant(.seconds(20))
        // One before the outage, three during it, seven after, one of them after the recovery.
        record.arrivals = [5, 11, 11.5, 12.2, 20.1, 20.2, 20.3, 21, 22, 23.5, 40].map { seconds($0) }
        record.connects = [5, 21.5, 22.5, 24].map { seconds($0) }
        let refusals: [(Double, RefusalReason)] = [
            (11, .down), (11.5, .down), (12.2, .down), (20.1, .backlog), (20.2, .limit), (40, .backlog),
        ]
        record.refusals = refusals.map { Refusal(time: seconds($0.0), reason: $0.1) }
        let metrics = MetricComputation(record).metrics
        #expect(try metrics.value("peak-attempt-rate-1s") == 4)
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
        #expect(abs(ratio - 4 / 1.5) < 1e-9)
    }

    @Test("the burst index before the outage looks at whole seconds of the last minute alone")
    func allanFactorBefore() throws {
        var record = emptyRecord(cohorts: [CohortRecord(name: "phones", clients: 1)])
        record.firstDown = Instant(.milliseconds(70_500))
        // Wild until 10 s and from 70 s on, alternating in between.
        for bin in 0..<100 { record.timeline.sent[bin] = bin < 10 || bin >= 70 ? 1_000 * (bin % 3) : 4 + 2 * (bin % 2) }
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
        cohort.latencies = [5, 1, 2, 3, 4, 6, 7, 8, 9].map { seconds($0) }
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
