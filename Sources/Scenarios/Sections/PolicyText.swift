import MonotonicTime
public import Reconnection

extension ScenarioFile {
    /// A policy spelled out as scenario files write it; reading the text gives the same policy again.
    ///
    /// - Parameters:
    ///   - policy: the policy.
    ///   - name: the name it is given.
    /// - Returns: YAML with the name as its only key.
    public static func text(of policy: ClientPolicy, named name: String) -> String {
        var lines = ["\(name):"]
        func add(_ key: String, _ value: String) { lines.append("  \(key): \(value)") }
        add("backoff", flow(backoff(policy.backoff)))
        add("reset", flow(reset(policy.reset)))
        add("retry-limit", policy.retryLimit.map { "\($0)" } ?? "none")
        add("connect-timeout", orNone(policy.connectTimeout))
        add("start-spread", policy.startSpread.scenarioText)
        let pauses = [policy.pausesOffline ? "offline" : nil, policy.pausesHidden ? "hidden" : nil].compactMap { $0 }
        add("pause-when", "[\(pauses.joined(separator: ", "))]")
        add("resume", policy.resume.rawValue)
        switch policy.retryAfter {
        case .ignore: add("retry-after", "ignore")
        case .honour(let jitterFraction): add("retry-after", flow([("jitter", "\(jitterFraction)")]))
        }
        if policy.closeRules.isEmpty {
            add("close-rules", "[]")
        } else {
            lines.append("  close-rules:")
            lines += policy.closeRules.map { "    - " + flow(closeRule($0)) }
        }
        add("breaker", policy.breaker.map { flow(breaker($0)) } ?? "none")
        add("heartbeat", policy.heartbeat.map { flow(heartbeat($0)) } ?? "none")
        lines.append("  outbox:")
        lines += outbox(policy.outbox).map { "    \($0): \($1)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private typealias Pairs = [(String, String)]

    private static func flow(_ pairs: Pairs) -> String {
        "{ " + pairs.map { "\($0): \($1)" }.joined(separator: ", ") + " }"
    }

    private static func orNone(_ interval: Interval) -> String { interval == .max ? "none" : interval.scenarioText }

    private static func backoff(_ backoff: Backoff) -> Pairs {
        var pairs: Pairs
        switch backoff.growth {
        case .fixed(let delay):
            pairs = [("growth", "fixed"), ("base", delay.scenarioText)]
        case .linear(let base, let step):
            pairs = [("growth", "linear"), ("base", base.scenarioText), ("step", step.scenarioText)]
        case .exponential(let base, let factor, let exponentOffset):
            pairs = [
                ("growth", "exponential"), ("base", base.scenarioText), ("factor", "\(factor)"),
                ("exponent-offset", "\(exponentOffset)"),
            ]
        case .table(let delays):
            let table = delays.map(\.scenarioText).joined(separator: ", ")
            pairs = [("growth", "table"), ("table", "[\(table)]")]
        }
        return pairs + [
            ("cap", orNone(backoff.cap)), ("cap-applies", backoff.capOrder.rawValue),
            ("jitter", JitterSyntax.text(backoff.jitter)), ("whole-milliseconds", "\(backoff.floorsToMilliseconds)"),
        ]
    }

    private static func reset(_ reset: ClientPolicy.ResetRule) -> Pairs {
        var pairs: Pairs
        switch reset.afterSuccess {
        case .onOpen: pairs = [("on-open", "true")]
        case .afterStable(let window): pairs = [("after-stable", window.scenarioText)]
        case .never: pairs = [("on-open", "false")]
        }
        pairs += [("on-resume", "\(reset.onResume)"), ("on-manual-retry", "\(reset.onManualRetry)")]
        return pairs
    }

    private static func closeRule(_ rule: CloseRule) -> Pairs {
        var pairs = [("code", "\(rule.codes.lowerBound)")]
        if rule.codes.count > 1 { pairs.append(("to", "\(rule.codes.upperBound)")) }
        switch rule.response {
        case .pause(let from, let to) where from == to: pairs.append(("pause", from.scenarioText))
        case .pause(let from, let to):
            pairs += [("pause-from", from.scenarioText), ("pause-to", to.scenarioText)]
        case .stop: pairs.append(("then", "stop"))
        case .blockUntilNewCredentials: pairs.append(("then", "block"))
        }
        return pairs
    }

    private static func breaker(_ breaker: CircuitBreakerPolicy) -> Pairs {
        var within = "none"
        if case .slidingWindow(let window) = breaker.counting { within = window.scenarioText }
        return [
            ("failures", "\(breaker.failuresToOpen)"), ("within", within), ("open", breaker.openFor.scenarioText),
            ("open-jitter", "\(breaker.openJitterFraction)"), ("probes", "\(breaker.probeLimit)"),
            ("successes", "\(breaker.successesToClose)"),
        ]
    }

    private static func heartbeat(_ heartbeat: HeartbeatPolicy) -> Pairs {
        [
            ("every", heartbeat.interval.scenarioText), ("timeout", heartbeat.replyTimeout.scenarioText),
            ("missed-allowed", "\(heartbeat.missedAllowed)"), ("random-first-phase", "\(heartbeat.randomFirstPhase)"),
        ]
    }

    private static func outbox(_ outbox: OutboxPolicy) -> Pairs {
        [
            ("while-disconnected", outbox.whileDisconnected.rawValue), ("capacity", "\(outbox.capacity)"),
            ("overflow", outbox.overflow.rawValue), ("time-to-live", orNone(outbox.timeToLive)),
            ("window", "\(outbox.window)"), ("ack-timeout", outbox.acknowledgementTimeout.scenarioText),
            ("retry", flow(backoff(outbox.retry))), ("retry-limit", outbox.retryLimit.map { "\($0)" } ?? "none"),
        ]
    }
}
