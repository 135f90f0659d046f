import MonotonicTime
import Scenarios

/// Watches a replication and keeps its record.
///
/// Everything is told with its own time. Within a window of the simulation, tellings come in any order of time; after
/// `closeWindow(before:)` nothing earlier is told any more. Two probes that have watched parts of a fleet may be added up.
struct Probe {
    var record: ReplicationRecord
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
        // A short observation keeps at least its first half.
        let half = Interval(nanoseconds: scenario.duration.nanoseconds / 2)
        graceStart = Instant(max(scenario.duration - Self.grace, half))
    }

    private func bin(_ now: Instant) -> Int {
        min(Int(now.nanoseconds / record.timeline.bin.nanoseconds), record.timeline.count - 1)
    }

    // MARK: Sessions and servers

    /// Working sessions came or went; the record holds changes a bin until it is finished.
    mutating func sessionsChanged(by change: Int, at now: Instant) {
        record.timeline.connectedNow[bin(now)] += change
    }

    /// Handshakes were accepted or finished. Told in order of time.
    mutating func backlogChanged(by change: Int, at now: Instant) {
        backlog += change
        record.backlogPeak = max(record.backlogPeak, backlog)
        record.timeline.backlog[bin(now)] += change
    }

    mutating func handshakeBegan(after wait: Interval) { record.waits.append(wait.nanoseconds) }

    // MARK: Attempts

    mutating func launched(cohort: Int, at now: Instant) {
        record.cohorts[cohort].launched += 1
        record.launches.append(now.nanoseconds)
        let bin = bin(now)
        record.timeline.launched[bin] += 1
        record.timeline.sent[bin] += 1
    }

    mutating func arrived(cohort: Int, at now: Instant) {
        record.cohorts[cohort].arrived += 1
        record.arrivals.append(now.nanoseconds)
        record.timeline.arrived[bin(now)] += 1
    }

    mutating func refused(_ reason: RefusalReason, at now: Instant) {
        record.refusals.append(Refusal(time: now.nanoseconds, reason: reason))
    }

    mutating func ended(_ outcome: AttemptOutcome, cohort: Int, at now: Instant) {
        record.cohorts[cohort].outcomes[outcome.rawValue] += 1
        record.timeline.outcomes[outcome.rawValue][bin(now)] += 1
    }

    mutating func connected(cohort: Int, at now: Instant) {
        record.connects.append(now.nanoseconds)
        ended(.connected, cohort: cohort, at: now)
    }

    // MARK: Messages

    mutating func offered(cohort: Int, at now: Instant) {
        record.cohorts[cohort].offered += 1
        if now < graceStart { record.cohorts[cohort].eligible += 1 }
    }

    /// A client sent a heartbeat or a message, or a server a heartbeat of its own.
    mutating func sent(at now: Instant) { record.timeline.sent[bin(now)] += 1 }

    mutating func received(cohort: Int, offeredAt: Instant, deadline: Interval, at now: Instant) {
        let latency = now - offeredAt
        record.cohorts[cohort].delivered += 1
        record.cohorts[cohort].latencies.append(latency.nanoseconds)
        record.timeline.delivered[bin(now)] += 1
        guard offeredAt < graceStart else { return }
        record.cohorts[cohort].eligibleDelivered += 1
        if latency <= deadline { record.cohorts[cohort].eligibleOnTime += 1 }
    }

    // MARK: Outages

    mutating func outageBegan(at now: Instant) {
        record.firstDown = min(record.firstDown ?? now, now)
    }

    /// A client's outage is over, and its recovery is watched.
    mutating func outageEnded(cohort: Int, at now: Instant) {
        record.cohorts[cohort].referenceCount += 1
        record.firstUp = min(record.firstUp ?? now, now)
        record.lastUp = max(record.lastUp ?? now, now)
    }

    /// A client whose recovery is watched got a working session, or lost it again.
    mutating func recoveryChanged(cohort: Int, after offset: Interval, by change: Int32) {
        record.cohorts[cohort].recovery.append(RecoveryStep(offset: offset.nanoseconds, change: change))
    }

    /// The first working session after an outage.
    mutating func reconnected(cohort: Int, after lag: Interval) {
        record.cohorts[cohort].lags.append(lag.nanoseconds)
    }

    /// There was none until the next outage, or the end.
    mutating func stayedAway(cohort: Int, for lag: Interval) {
        record.cohorts[cohort].censoredLags.append(lag.nanoseconds)
    }

    // MARK: Windows

    /// Nothing before `end` will be told any more.
    mutating func closeWindow(before end: Instant) {}

    /// Nothing at all will be told any more: changes become the values at the ends of the bins.
    mutating func finish() {
        record.launches.sort()
        record.arrivals.sort()
        record.connects.sort()
        record.refusals.sort { $0.time < $1.time }
        for bin in record.timeline.connectedNow.indices.dropFirst() {
            record.timeline.connectedNow[bin] += record.timeline.connectedNow[bin - 1]
            record.timeline.backlog[bin] += record.timeline.backlog[bin - 1]
        }
    }
}
