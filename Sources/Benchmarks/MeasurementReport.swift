/// What a child process that measured one replication prints: a name and a value a line.
///
/// Memory has a peak a process and start-up a cost a process, so that every measurement has a process to itself.
public enum MeasurementReport {
    /// The lines.
    public static func text(of measurement: ReplicationMeasurement) -> String {
        var lines = [
            "events \(measurement.events)",
            "user_s \(measurement.userSeconds)",
            "wall_s \(measurement.wallSeconds)",
            "peak_growth_bytes \(measurement.peakGrowth)",
        ]
        if let instructions = measurement.instructions { lines.append("instructions \(instructions)") }
        if let herd = measurement.herd {
            lines += [
                "attempts \(herd.attempts)", "outcomes \(herd.outcomes)", "timeouts \(herd.timeouts)",
                "connects \(herd.connects)", "heartbeats \(herd.heartbeats)", "first_second \(herd.firstSecond)",
                "peak \(herd.peak)",
            ]
            if let time = herd.medianTime { lines.append("t50_s \(time)") }
            if let time = herd.lateTime { lines.append("t99_s \(time)") }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The measurement in such lines; nil if a line or a number that must be there is not.
    public static func measurement(in text: String) -> ReplicationMeasurement? {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { return nil }
            values[String(words[0])] = String(words[1])
        }
        func whole(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
        func decimal(_ name: String) -> Double? { values[name].flatMap { Double($0) } }
        guard let events = whole("events"), let user = decimal("user_s"), let wall = decimal("wall_s"),
            let growth = whole("peak_growth_bytes")
        else { return nil }
        return ReplicationMeasurement(
            events: events,
            userSeconds: user,
            wallSeconds: wall,
            peakGrowth: growth,
            instructions: whole("instructions"),
            herd: HerdResult(
                attempts: whole("attempts"),
                outcomes: whole("outcomes"),
                timeouts: whole("timeouts"),
                connects: whole("connects"),
                heartbeats: whole("heartbeats"),
                firstSecond: whole("first_second"),
                peak: whole("peak"),
                medianTime: decimal("t50_s"),
                lateTime: decimal("t99_s")
            )
        )
    }
}

extension HerdResult {
    /// A result from its numbers; nil if one of those that are always there is not.
    init?(
        attempts: Int?,
        outcomes: Int?,
        timeouts: Int?,
        connects: Int?,
        heartbeats: Int?,
        firstSecond: Int?,
        peak: Int?,
        medianTime: Double?,
        lateTime: Double?
    ) {
        guard let attempts, let outcomes, let timeouts, let connects, let heartbeats, let firstSecond, let peak
        else { return nil }
        self.attempts = attempts
        self.outcomes = outcomes
        self.timeouts = timeouts
        self.connects = connects
        self.heartbeats = heartbeats
        self.firstSecond = firstSecond
        self.peak = peak
        self.medianTime = medianTime
        self.lateTime = lateTime
    }
}
