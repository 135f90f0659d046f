import MonotonicTime
import Reconnection

/// How a dead connection is noticed: `heartbeat` and `poll-loop`.
extension PolicyReader {
    static func readHeartbeat(_ keys: SectionReader, _ inherited: HeartbeatPolicy?) -> HeartbeatPolicy {
        var settings = inherited ?? HeartbeatPolicy(interval: .max, replyTimeout: .max)
        readOptional(keys, "silence", into: &settings.silence) { keys, _ in
            var period: Interval?
            if !isNone(keys, "checked-every") { period = keys.duration("checked-every", .atLeast(.milliseconds(1))) }
            return HeartbeatPolicy.Silence(
                longest: keys.duration("longest", .atLeast(.milliseconds(1))) ?? .seconds(60),
                checkedEvery: period,
                strikes: keys.count("strikes", .within(1...10_000)) ?? 1,
                reconnectsAtOnce: keys.boolean("reconnects-at-once") ?? false
            )
        }
        if isNone(keys, "server-every") {
            settings.serverInterval = nil
        } else if let interval = keys.duration("server-every", .atLeast(.milliseconds(1))) {
            settings.serverInterval = interval
        }
        readOptionalDuration(keys, "every", .atLeast(.milliseconds(1)), into: &settings.interval)
        let says = ["every", "silence", "server-every"].filter { keys.isPresent($0) && !isNone(keys, $0) }
        if says.isEmpty, settings.interval == .max, settings.silence == nil, settings.serverInterval == nil {
            keys.report("'heartbeat' needs 'every', 'silence' or 'server-every'")
        }
        // Unless it says otherwise, a heartbeat with beats of its own waits for the answers as long as for the next beat,
        // if nothing else would notice that the other side is dead.
        if inherited.map({ $0.interval == .max }) ?? true, settings.silence == nil {
            settings.replyTimeout = settings.interval
        }
        readOptionalDuration(keys, "timeout", .atLeast(.milliseconds(1)), into: &settings.replyTimeout)
        if settings.replyTimeout < .max, settings.replyTimeout > settings.interval {
            if keys.isPresent("timeout") {
                keys.report(
                    "'timeout' (\(settings.replyTimeout.scenarioText)) must be at most 'every' "
                        + "(\(settings.interval.scenarioText))",
                    at: "timeout"
                )
            }
            settings.replyTimeout = settings.interval
        }
        settings.missedAllowed = keys.count("missed-allowed", .within(0...10_000)) ?? settings.missedAllowed
        settings.randomFirstPhase = keys.boolean("random-first-phase") ?? settings.randomFirstPhase
        return settings
    }

    static func readPollLoop(_ keys: SectionReader, _ inherited: PollLoopPolicy?) -> PollLoopPolicy {
        var loop = inherited ?? PollLoopPolicy()
        if let stale = keys.duration("stale-after", .above(.zero)) { loop.staleAfter = stale }
        if let growth = keys.factor("growth", .within(1...1_000)) { loop.growth = growth }
        if let jitter = keys.probability("jitter") { loop.jitter = jitter }
        if let delay = keys.duration("reopen-delay", .atLeast(.zero)) { loop.reopenDelay = delay }
        return loop
    }
}
