import MonotonicTime
import Scenarios

/// Watches a replication and keeps its record.
///
/// Everything is told with its own time. Within a window of the simulation, tellings come in any order of time; after
/// `closeWindow(before:)` nothing earlier is told any more. Probes that have watched parts of a fleet may be added up:
/// however the tellings were split, the record is the same. At the end of each window the probe that closes it first
/// takes over the others' arrivals (`takeArrivals`); the rest is added once, at the end.
struct Probe: ~Copyable {
    var record: ReplicationRecord
    private var counts: RunningCounts
    private var backlog = 0
    private var arrivals = ArrivalLog()
    /// Whether more is recorded than the counters that must balance.
    let isRecording: Bool
    private let keepsInstants: Bool
    /// Messages offered before this are judged: later ones might still be on their way at the end.
    let graceStart: Instant

    /// A message offered less than this before the end of the observation is not judged (METRICS: edge bias).
    static let grace = Interval.seconds(60)

    /// A probe that has been told nothing.
    ///
    /// - Parameters:
    ///   - capacity: nominal, attempts a second.
    ///   - recording: how much is kept.
    ///   - sampleLimit: the most values that each sample keeps exactly.
    init(
        scenario: Scenario,
        replication: Int,
        capacity: Double,
        recording: Recording = .full,
        sampleLimit: Int = DurationSample.standardLimit
    ) {
        record = ReplicationRecord(
            replication: replication,
            duration: scenario.duration,
            capacity: capacity,
            cohorts: scenario.fleet.map {
                CohortRecord(name: $0.name, clients: $0.clients, sampleLimit: sampleLimit)
            },
            sampleLimit: sampleLimit
        )
        counts = RunningCounts(of: record)
        isRecording = recording != .countersOnly
        keepsInstants = recording == .everyInstant
        if keepsInstants { record.instants = AttemptInstants() }
        // A short observation keeps at least its first half.
        let half = Interval(nanoseconds: scenario.duration.nanoseconds / 2)
        graceStart = Instant(max(scenario.duration - Self.grace, half))
    }

    // MARK: Sessions and servers

    /// Working sessions came or went; the record holds changes a bin until it is finished.
    mutating func sessionsChanged(by change: Int, at now: Instant) {
        if isRecording { counts.add(Int32(change), to: .connectedNow, at: now) }
    }

    /// Handshakes were accepted or finished. Told in order of time, and to one probe only.
    mutating func backlogChanged(by change: Int, at now: Instant) {
        backlog += change
        record.backlogPeak = max(record.backlogPeak, backlog)
        if isRecording { counts.add(Int32(change), to: .backlog, at: now) }
    }

    mutating func handshakeBegan(after wait: Interval) {
        if isRecording { record.waits.append(wait.nanoseconds) }
    }

    // MARK: Attempts

    @inline(__always)
    mutating func launched(cohort: Int, at now: Instant) {
        counts.launched(cohort: cohort)
        guard isRecording else { return }
        counts.count(.launched, at: now)
        if keepsInstants { record.instants?.launches.append(now.nanoseconds) }
    }

    @inline(__always)
    mutating func arrived(cohort: Int, at now: Instant) {
        counts.arrived(cohort: cohort)
        guard isRecording else { return }
        counts.count(.arrived, at: now)
        arrivals.arrived(at: now)
        if keepsInstants { record.instants?.arrivals.append(now.nanoseconds) }
    }

    @inline(__always)
    mutating func refused(_ reason: RefusalReason, at now: Instant) {
        guard isRecording else { return }
        counts.count(CountGrid.Series(reason), at: now)
        if keepsInstants { record.instants?.refusals.append(Refusal(time: now.nanoseconds, reason: reason)) }
    }

    @inline(__always)
    mutating func ended(_ outcome: AttemptOutcome, cohort: Int, at now: Instant) {
        counts.ended(outcome, cohort: cohort)
        if isRecording { counts.add(1, to: TimelineRecord.Column(outcome), at: now) }
    }

    mutating func connected(cohort: Int, at now: Instant) {
        ended(.connected, cohort: cohort, at: now)
        guard isRecording else { return }
        counts.count(.connected, at: now)
        if keepsInstants { record.instants?.connects.append(now.nanoseconds) }
    }

    // MARK: Messages

    mutating func offered(cohort: Int, at now: Instant) {
        counts.offered(cohort: cohort, isJudged: now < graceStart)
    }

    /// A client sent a heartbeat or a message, or a server a heartbeat of its own.
    @inline(__always)
    mutating func sent(at now: Instant) {
        if isRecording { counts.add(1, to: .sent, at: now) }
    }

    mutating func received(cohort: Int, offeredAt: Instant, deadline: Interval, at now: Instant) {
        let latency = now - offeredAt
        record.cohorts[cohort].received(
            after: latency,
            isJudged: offeredAt < graceStart,
            isOnTime: latency <= deadline,
            isSampled: isRecording
        )
        if isRecording { counts.add(1, to: .delivered, at: now) }
    }

    /// The most messages that a client's outbox held, at the end.
    mutating func outboxPeaked(at peak: UInt32, cohort: Int) {
        if peak < RunningCounts.peaks {
            counts.outboxPeaked(at: Int(peak), cohort: cohort)
        } else {
            record.cohorts[cohort].outboxPeaks[peak, default: 0] += 1
        }
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

    /// A client whose recovery is watched got a working session (+1), or lost it again (-1).
    mutating func recoveryChanged(cohort: Int, after offset: Interval, by change: Int32) {
        if isRecording { record.cohorts[cohort].recovery.append(after: offset.nanoseconds, isBack: change > 0) }
    }

    /// The first working session after an outage.
    mutating func reconnected(cohort: Int, after lag: Interval) {
        if isRecording { record.cohorts[cohort].lags.append(lag.nanoseconds) }
    }

    /// There was none until the next outage, or the end.
    mutating func stayedAway(cohort: Int, for lag: Interval) {
        if isRecording { record.cohorts[cohort].censoredLags.append(lag.nanoseconds) }
    }

    // MARK: Windows and parts of a fleet

    /// Takes over the arrivals of the open window that another probe was told of, and the first outage it knows.
    ///
    /// To be called for every part before the window is closed here and there.
    mutating func takeArrivals(of other: inout Probe) {
        arrivals.take(from: &other.arrivals)
        if let down = other.record.firstDown { outageBegan(at: down) }
    }

    /// Nothing before `end` will be told any more.
    mutating func closeWindow(before end: Instant) {
        if isRecording { arrivals.closeWindow(before: end, firstDown: record.firstDown) }
    }

    /// Takes over what another probe was told about another part of the fleet; neither is finished, and the other is not
    /// to be told anything more.
    mutating func take(_ other: inout Probe) {
        precondition(!other.arrivals.hasCounted, "arrivals are taken over before their window is closed")
        takeArrivals(of: &other)
        backlog += other.backlog
        other.counts.moveInto(&record)
        record.add(other.record)
    }

    /// Nothing at all will be told any more.
    mutating func finish() {
        closeWindow(before: .distantFuture)
        counts.moveInto(&record)
        record.peaks = arrivals.peaks
        record.finish()
    }
}
