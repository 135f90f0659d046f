public import FleetSimulation
import MonotonicTime

/// What a replication of the workload HERD computed, in HERD's own terms.
public struct HerdResult: Sendable, Hashable {
    /// Attempts started.
    public var attempts: Int
    /// Attempts whose fate was decided at the server.
    public var outcomes: Int
    /// Clients that left the queue because they had waited too long.
    public var timeouts: Int
    /// Clients connected.
    public var connects: Int
    /// Heartbeats sent.
    public var heartbeats: Int
    /// Attempts started in the first second.
    public var firstSecond: Int
    /// Most attempts started in a second.
    public var peak: Int
    /// Seconds until half of the clients were connected; nil if they never were.
    public var medianTime: Double?
    /// Seconds until 99 of 100 clients were connected; nil if they never were.
    public var lateTime: Double?

    /// The canonical number of events: it depends on the model, not on who computes it, so that ns per event compare.
    public var events: Int { attempts + outcomes + timeouts + connects + heartbeats }

    /// Reads a record.
    ///
    /// Times are interpolated within the seconds of the timeline, within which clients are connected evenly.
    public init(_ record: ReplicationRecord) {
        let cohorts = record.cohorts
        let timeline = record.timeline
        func ended(_ outcome: AttemptOutcome) -> Int { cohorts.reduce(0) { $0 + $1.outcomes[outcome.rawValue] } }
        attempts = cohorts.reduce(0) { $0 + $1.launched }
        outcomes = cohorts.reduce(0) { $0 + $1.arrived }
        timeouts = ended(.timeout)
        connects = ended(.connected)
        // Without messages a client sends attempts and heartbeats.
        heartbeats = timeline[.sent].reduce(0, +) - timeline[.launched].reduce(0, +)
        firstSecond = timeline[.launched].first ?? 0
        peak = timeline[.launched].max() ?? 0
        let clients = cohorts.reduce(0) { $0 + $1.clients }
        let connected = timeline[.connected]
        let second = TimelineRecord.bin.seconds
        func time(ofShare percent: Int) -> Double? {
            let goal = (percent * clients + 99) / 100
            var before = 0
            for (bin, count) in connected.enumerated() {
                if before + count >= goal { return (Double(bin) + Double(goal - before) / Double(count)) * second }
                before += count
            }
            return nil
        }
        medianTime = time(ofShare: 50)
        lateTime = time(ofShare: 99)
    }

    /// The expectation of one client's attempts in the first second: each starts at least one.
    ///
    /// With full jitter from base 1 s, at least j attempts start before 1 s with probability
    /// (1 - 0.05 (j - 1))^j / (j! · 1 · 2 · … · 2^(j - 1)); the sum over j.
    public static let firstSecondMean = 1.241155
    /// The standard deviation of the same.
    public static let firstSecondDeviation = 0.46341

    /// Why this is not HERD; nil if it may be.
    ///
    /// The first second does not depend on the server, and its attempts are known exactly. A right program is refused
    /// once in more than a million times: farther out than 5 standard deviations.
    public func refusal(clients: Int) -> String? {
        let mean = Self.firstSecondMean * Double(clients)
        let deviation = Self.firstSecondDeviation * Double(clients).squareRoot()
        guard abs(Double(firstSecond) - mean) > 5 * deviation else { return nil }
        return "this is not HERD: \(firstSecond) attempts of \(clients) clients in the first second, "
            + "where \(Int(mean.rounded())) ± \(Int((5 * deviation).rounded(.up))) are right"
    }
}
