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

/// Everything one replication has to tell: metrics are computed from it, not in it.
///
/// It grows with the bins of the observation and, up to the limits of samples, with messages and recoveries, and not with
/// anything else. Records of parts of a fleet add up to that of the whole.
public struct ReplicationRecord: Sendable, Equatable {
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
    /// Attempts in narrow bins.
    public internal(set) var grid: CountGrid
    /// The fullest windows of arrivals, from the first outage on if there was one.
    public internal(set) var peaks = ArrivalPeaks()
    /// How long handshakes waited before they began.
    public internal(set) var waits: DurationSample
    /// The instants of attempts, where they are recorded.
    public internal(set) var instants: AttemptInstants?
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

    init(
        replication: Int,
        duration: Interval,
        capacity: Double,
        cohorts: [CohortRecord],
        sampleLimit: Int = DurationSample.standardLimit
    ) {
        self.replication = replication
        self.duration = duration
        self.capacity = capacity
        self.cohorts = cohorts
        timeline = TimelineRecord(duration: duration)
        grid = CountGrid(duration: duration)
        waits = DurationSample(limit: sampleLimit)
    }

    /// Adds the record of another part of the same fleet in the same replication. Peaks are those of this one.
    mutating func add(_ other: ReplicationRecord) {
        precondition(replication == other.replication && cohorts.count == other.cohorts.count, "parts of one fleet")
        events += other.events
        for cohort in cohorts.indices { cohorts[cohort].addTellings(of: other.cohorts[cohort]) }
        timeline.add(other.timeline)
        grid.add(other.grid)
        waits.merge(other.waits)
        if let further = other.instants { instants?.add(further) }
        backlogPeak = max(backlogPeak, other.backlogPeak)
        backlogOverflows += other.backlogOverflows
        wastedHandshakes += other.wastedHandshakes
        firstDown = [firstDown, other.firstDown].compactMap { $0 }.min()
        firstUp = [firstUp, other.firstUp].compactMap { $0 }.min()
        lastUp = [lastUp, other.lastUp].compactMap { $0 }.max()
    }

    /// Completes the record when nothing more will be told: samples in order, changes as the values at the ends of bins,
    /// and in seconds what was counted in narrow bins alone.
    mutating func finish() {
        for cohort in cohorts.indices { cohorts[cohort].sort() }
        waits.sort()
        instants?.sort()
        timeline.accumulate(.connectedNow)
        timeline.accumulate(.backlog)
        for (series, column) in [(CountGrid.Series.launched, TimelineRecord.Column.launched), (.arrived, .arrived)] {
            if let counts = grid.counts(series, width: TimelineRecord.bin) { timeline.add(counts, to: column) }
        }
        // An attempt is something sent, too.
        timeline.add(timeline[.launched], to: .sent)
    }

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
