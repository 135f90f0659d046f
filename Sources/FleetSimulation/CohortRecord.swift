import MonotonicTime

/// What one cohort did in one replication.
public struct CohortRecord: Sendable, Equatable {
    /// The cohort's name.
    public let name: String
    /// How many clients.
    public private(set) var clients: Int
    /// Attempts launched.
    public var launched = 0
    /// Attempts that reached the server tier.
    public var arrived = 0
    /// Ended attempts by `AttemptOutcome`.
    public var outcomes = [Int](repeating: 0, count: AttemptOutcome.allCases.count)
    /// Attempts given up before they had reached the server.
    public var cancelledBeforeArrival = 0
    /// Attempts still under way at the end.
    public var inFlight = 0
    /// Those of them that had arrived.
    public var inFlightArrived = 0
    /// Clients connected just before an outage that ended; one that had several counts once for each.
    public var referenceCount = 0
    /// How those came back.
    public var recovery: RecoverySteps
    /// Times from the end of an outage to the first working session.
    public var lags: DurationSample
    /// The same for those that did not come back, up to the next outage or the end.
    public var censoredLags: DurationSample
    /// Messages offered.
    public var offered = 0
    /// Those offered early enough to be judged.
    public var eligible = 0
    /// Messages received at least once.
    public var delivered = 0
    /// Judged ones received at least once.
    public var eligibleDelivered = 0
    /// Judged ones received within their deadline.
    public var eligibleOnTime = 0
    /// Copies received, first ones included.
    public var copies = 0
    /// Messages that failed for good and that the server has not received.
    public var failed = 0
    /// Messages that vanished and that the server has not received.
    public var lost = 0
    /// Messages waiting in an outbox at the end that the server has not received.
    public var pending = 0
    /// Times from offer to first receipt.
    public var latencies: DurationSample
    /// Number of clients by the fullest their outbox has been.
    public var outboxPeaks: [UInt32: Int] = [:]
    /// Clients whose outbox reached its bound.
    public var outboxesAtBound = 0
    /// Client time with a working session, nanoseconds.
    public var usableTime: Int64 = 0
    /// Client time in which one was wanted, nanoseconds.
    public var wantedTime: Int64 = 0
    /// Lost paths that clients noticed.
    public var detections = 0
    /// The sum of the times they took, nanoseconds.
    public var detectionTime: Int64 = 0
    /// Times a breaker opened.
    public var breakerOpenings = 0
    /// Clients that at the end had given up or been stopped or blocked.
    public var gaveUp = 0

    /// - Parameter sampleLimit: the most values that each sample keeps exactly.
    init(name: String, clients: Int, sampleLimit: Int = DurationSample.standardLimit) {
        self.name = name
        self.clients = clients
        recovery = RecoverySteps(limit: sampleLimit)
        lags = DurationSample(limit: sampleLimit)
        censoredLags = DurationSample(limit: sampleLimit)
        // Every message has one: exact up to a million, which is as good as exact behind the decimal point.
        latencies = DurationSample(limit: min(sampleLimit, 1 << 20))
    }
}

extension CohortRecord {
    /// Adds another cohort's record to this one; clients become those of both.
    public mutating func add(_ other: CohortRecord) {
        clients += other.clients
        addTellings(of: other)
        sort()
    }

    /// Adds what was told of other clients of the same cohort; how many there are stays.
    mutating func addTellings(of other: CohortRecord) {
        launched += other.launched
        arrived += other.arrived
        for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
        cancelledBeforeArrival += other.cancelledBeforeArrival
        inFlight += other.inFlight
        inFlightArrived += other.inFlightArrived
        referenceCount += other.referenceCount
        recovery.merge(other.recovery)
        lags.merge(other.lags)
        censoredLags.merge(other.censoredLags)
        offered += other.offered
        eligible += other.eligible
        delivered += other.delivered
        eligibleDelivered += other.eligibleDelivered
        eligibleOnTime += other.eligibleOnTime
        copies += other.copies
        failed += other.failed
        lost += other.lost
        pending += other.pending
        latencies.merge(other.latencies)
        outboxPeaks.merge(other.outboxPeaks, uniquingKeysWith: +)
        outboxesAtBound += other.outboxesAtBound
        usableTime += other.usableTime
        wantedTime += other.wantedTime
        detections += other.detections
        detectionTime += other.detectionTime
        breakerOpenings += other.breakerOpenings
        gaveUp += other.gaveUp
    }

    /// Puts the samples in order.
    mutating func sort() {
        recovery.sort()
        lags.sort()
        censoredLags.sort()
        latencies.sort()
    }

    /// A message was received for the first time.
    mutating func received(after latency: Interval, isJudged: Bool, isOnTime: Bool, isSampled: Bool) {
        delivered += 1
        if isSampled { latencies.append(latency.nanoseconds) }
        guard isJudged else { return }
        eligibleDelivered += 1
        if isOnTime { eligibleOnTime += 1 }
    }
}
