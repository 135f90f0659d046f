public import MonotonicTime

/// How an attempt ended.
public enum AttemptOutcome: Int, Sendable, CaseIterable {
    /// It became a session.
    case connected
    /// It was refused: by a full queue or limit, a reset, or a server that went away.
    case refused
    /// The client's deadline passed after it had reached the server.
    case timeout
    /// It never reached the server.
    case lost
    /// The client gave it up for another reason.
    case cancelled
}

/// Why a server tier refused an attempt.
public enum RefusalReason: String, Sendable, CaseIterable {
    /// No instance was up.
    case down
    /// The instance held as many connections as it may.
    case limit
    /// The backlog of handshakes was full.
    case backlog
}

/// An attempt that a server tier refused.
public struct Refusal: Sendable, Hashable {
    /// When, in nanoseconds.
    public var time: Int64
    /// Why.
    public var reason: RefusalReason
}

/// A change in the number of recovered clients, some time after the end of the outage that hit them.
public struct RecoveryStep: Sendable, Hashable {
    /// Nanoseconds since the end of the client's outage.
    public var offset: Int64
    /// +1: its session works; -1: it does not any more.
    public var change: Int32
}

/// What one cohort did in one replication, unreduced.
public struct CohortRecord: Sendable {
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
    public var recovery: [RecoveryStep] = []
    /// Times from the end of an outage to the first working session, nanoseconds.
    public var lags: [Int64] = []
    /// The same for those that did not come back, up to the next outage or the end.
    public var censoredLags: [Int64] = []
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
    /// Times from offer to first receipt, nanoseconds, in the order of receipt.
    public var latencies: [Int64] = []
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

    init(name: String, clients: Int) {
        self.name = name
        self.clients = clients
    }
}

/// Counts in equal bins from the start of the observation.
public struct TimelineRecord: Sendable {
    /// The width of a bin.
    public let bin: Interval
    /// Attempts launched.
    public var launched: [Int]
    /// Attempts that arrived at the server tier.
    public var arrived: [Int]
    /// Ended attempts by `AttemptOutcome`, then by bin.
    public var outcomes: [[Int]]
    /// Messages received for the first time.
    public var delivered: [Int]
    /// Heartbeats, messages and attempts that clients sent.
    public var sent: [Int]
    /// Working sessions at the end of the bin.
    public var connectedNow: [Int]
    /// Handshakes accepted and not finished at the end of the bin.
    public var backlog: [Int]

    init(bin: Interval, duration: Interval) {
        self.bin = bin
        let bins = max(1, Int((duration.nanoseconds + bin.nanoseconds - 1) / bin.nanoseconds))
        let zeros = [Int](repeating: 0, count: bins)
        launched = zeros
        arrived = zeros
        outcomes = Array(repeating: zeros, count: AttemptOutcome.allCases.count)
        delivered = zeros
        sent = zeros
        connectedNow = zeros
        backlog = zeros
    }

    /// How many bins there are.
    public var count: Int { launched.count }
}

/// Everything one replication has to tell, unreduced: metrics are computed from it, not in it.
public struct ReplicationRecord: Sendable {
    /// The number of the replication, from 0.
    public let replication: Int
    /// How long was observed.
    public let duration: Interval
    /// Nominal admission capacity of all server tiers, attempts per second.
    public let capacity: Double
    /// Events processed.
    public internal(set) var events = 0
    /// One record a cohort, in the scenario's order.
    public internal(set) var cohorts: [CohortRecord]
    /// One-second bins.
    public internal(set) var timeline: TimelineRecord
    /// When attempts were launched, nanoseconds, rising.
    public internal(set) var launches: [Int64] = []
    /// When attempts arrived at the server tier, nanoseconds, rising.
    public internal(set) var arrivals: [Int64] = []
    /// When attempts became sessions, nanoseconds, rising.
    public internal(set) var connects: [Int64] = []
    /// Arriving attempts that were refused, in the order of time.
    public internal(set) var refusals: [Refusal] = []
    /// How long handshakes waited before they began, nanoseconds.
    public internal(set) var waits: [Int64] = []
    /// Most handshakes accepted and not finished.
    public internal(set) var backlogPeak = 0
    /// Attempts that found the backlog full.
    public internal(set) var backlogOverflows = 0
    /// Handshakes for clients that had given up.
    public internal(set) var wastedHandshakes = 0
    /// When the first outage began that took a client; nil if none did.
    public internal(set) var firstDown: Instant?
    /// When the first outage ended.
    public internal(set) var firstUp: Instant?
    /// When the last outage ended.
    public internal(set) var lastUp: Instant?

    /// What does not add up; empty if all is well.
    ///
    /// Attempts: launched = ended + in flight, and arrived = launched − those that never arrived. Messages:
    /// offered = delivered + pending + failed + lost. Each side is counted on its own.
    public var conservationFaults: [String] {
        cohorts.flatMap { cohort -> [String] in
            var faults: [String] = []
            let ended = cohort.outcomes.reduce(0, +)
            if cohort.launched != ended + cohort.inFlight {
                faults.append(
                    "\(cohort.name): \(cohort.launched) launched, \(ended) ended, \(cohort.inFlight) in flight"
                )
            }
            let neverArrived =
                cohort.outcomes[AttemptOutcome.lost.rawValue] + cohort.cancelledBeforeArrival
                + cohort.inFlight - cohort.inFlightArrived
            if cohort.arrived != cohort.launched - neverArrived {
                faults.append(
                    "\(cohort.name): \(cohort.arrived) arrived of \(cohort.launched), \(neverArrived) did not"
                )
            }
            let accounted = cohort.delivered + cohort.pending + cohort.failed + cohort.lost
            if cohort.offered != accounted {
                faults.append(
                    "\(cohort.name): \(cohort.offered) messages offered, \(cohort.delivered) delivered, "
                        + "\(cohort.pending) pending, \(cohort.failed) failed, \(cohort.lost) lost"
                )
            }
            return faults
        }
    }
}

extension CohortRecord {
    /// Adds another cohort's record to this one; clients become those of both.
    public mutating func add(_ other: CohortRecord) {
        clients += other.clients
        launched += other.launched
        arrived += other.arrived
        for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
        cancelledBeforeArrival += other.cancelledBeforeArrival
        inFlight += other.inFlight
        inFlightArrived += other.inFlightArrived
        referenceCount += other.referenceCount
        recovery += other.recovery
        lags += other.lags
        censoredLags += other.censoredLags
        offered += other.offered
        eligible += other.eligible
        delivered += other.delivered
        eligibleDelivered += other.eligibleDelivered
        eligibleOnTime += other.eligibleOnTime
        copies += other.copies
        failed += other.failed
        lost += other.lost
        pending += other.pending
        latencies += other.latencies
        outboxPeaks.merge(other.outboxPeaks, uniquingKeysWith: +)
        outboxesAtBound += other.outboxesAtBound
        usableTime += other.usableTime
        wantedTime += other.wantedTime
        detections += other.detections
        detectionTime += other.detectionTime
        breakerOpenings += other.breakerOpenings
        gaveUp += other.gaveUp
    }
}
