import MonotonicTime
import Scenarios

/// Watches a replication and keeps its record.
struct Probe {
    var record: ReplicationRecord
    /// When the current one-second bin ends.
    private(set) var binEnd: Instant
    /// The current bin.
    private(set) var bin = 0
    private var connectedNow = 0
    private var backlog = 0
    /// Messages offered before this are judged: later ones might still be on their way at the end.
    let graceStart: Instant

    /// A message offered less than this before the end of the observation is not judged (METRICS: edge bias).
    static let grace = Interval.seconds(60)

    init(scenario: Scenario, replication: Int, capacity: Double) {
        record = ReplicationRecord(
            replication: replication,
            duration: scenario.duration,
            capacity: capacity,
            cohorts: scenario.fleet.map { CohortRecord(name: $0.name, clients: $0.clients) },
            timeline: TimelineRecord(bin: .seconds(1), duration: scenario.duration)
        )
        binEnd = .origin + .seconds(1)
        // A short observation keeps at least its first half.
        let half = Interval(nanoseconds: scenario.duration.nanoseconds / 2)
        graceStart = Instant(max(scenario.duration - Self.grace, half))
    }

    /// Ends all bins that lie wholly before `now`, writing down what holds at their ends.
    mutating func closeBins(before now: Instant) {
        while binEnd <= now, bin < record.timeline.count {
            record.timeline.connectedNow[bin] = connectedNow
            record.timeline.backlog[bin] = backlog
            if bin + 1 == record.timeline.count {
                binEnd = .distantFuture
                return
            }
            bin += 1
            binEnd += .seconds(1)
        }
        // The last bin may be cut short by the end of the observation.
        if now.sinceOrigin >= record.duration, bin < record.timeline.count {
            record.timeline.connectedNow[bin] = connectedNow
            record.timeline.backlog[bin] = backlog
        }
    }

    mutating func sessionsChanged(by change: Int) { connectedNow += change }

    mutating func backlogChanged(by change: Int) {
        backlog += change
        record.backlogPeak = max(record.backlogPeak, backlog)
    }

    mutating func launched(cohort: Int, at now: Instant) {
        record.cohorts[cohort].launched += 1
        record.launches.append(now.nanoseconds)
        record.timeline.launched[bin] += 1
        record.timeline.sent[bin] += 1
    }

    mutating func arrived(cohort: Int, at now: Instant) {
        record.cohorts[cohort].arrived += 1
        record.arrivals.append(now.nanoseconds)
        record.timeline.arrived[bin] += 1
    }

    mutating func refused(_ reason: RefusalReason, at now: Instant) {
        record.refusals.append(Refusal(time: now.nanoseconds, reason: reason))
    }

    mutating func ended(_ outcome: AttemptOutcome, cohort: Int) {
        record.cohorts[cohort].outcomes[outcome.rawValue] += 1
        record.timeline.outcomes[outcome.rawValue][bin] += 1
    }

    mutating func connected(cohort: Int, at now: Instant) {
        record.connects.append(now.nanoseconds)
        ended(.connected, cohort: cohort)
    }

    mutating func sent() { record.timeline.sent[bin] += 1 }

    mutating func received(cohort: Int, offeredAt: Instant, deadline: Interval, at now: Instant) {
        let latency = now - offeredAt
        record.cohorts[cohort].delivered += 1
        record.cohorts[cohort].latencies.append(latency.nanoseconds)
        record.timeline.delivered[bin] += 1
        guard offeredAt < graceStart else { return }
        record.cohorts[cohort].eligibleDelivered += 1
        if latency <= deadline { record.cohorts[cohort].eligibleOnTime += 1 }
    }

    mutating func outageBegan(at now: Instant) {
        if record.firstDown == nil { record.firstDown = now }
    }

    mutating func outageEnded(at now: Instant) {
        if record.firstUp == nil { record.firstUp = now }
        record.lastUp = now
    }
}
