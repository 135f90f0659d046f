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
        add("strategy", policy.strategy?.name ?? "none")
        add("reset", flow(reset(policy.reset)))
        add("retry-limit", policy.retryLimit.map { "\($0)" } ?? "none")
        add("elapsed-limit", orNone(policy.elapsedLimit))
        add("retries-first-connect", "\(policy.retriesFirstConnect)")
        add("waits-from", policy.waitsFrom.rawValue)
        add("after-drop", policy.afterDrop.map { flow(afterDrop($0)) } ?? "none")
        add("suspension", policy.suspension.map { flow(suspension($0)) } ?? "none")
        add("starts-after-backoff", "\(policy.startsAfterBackoff)")
        add("prepares-attempts", "\(policy.preparesAttempts)")
        add("closing-timeout", policy.closingTimeout.scenarioText)
        add("connect-timeout", orNone(policy.connectTimeout))
        add("start-spread", policy.startSpread.scenarioText)
        for (key, gate) in [
            ("pause-when", ClientPolicy.Gate.pauses), ("hold-when", .holdsAttempts), ("close-when", .closes),
        ] {
            let situations = [policy.offline == gate ? "offline" : nil, policy.hidden == gate ? "hidden" : nil]
            add(key, "[\(situations.compactMap { $0 }.joined(separator: ", "))]")
        }
        add("resume", policy.resume.rawValue)
        add("return-ends-wait", "\(policy.returnEndsWait)")
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
        add("poll-loop", policy.pollLoop.map { flow(pollLoop($0)) } ?? "none")
        add("group", policy.group.map { flow([("members", "\($0.members)"), ("grace", orNone($0.grace))]) } ?? "none")
        lines.append("  outbox:")
        lines += outbox(policy.outbox).map { "    \($0): \($1)" }
        add("transport-retry", policy.transportRetry.map { flow(transportRetry($0)) } ?? "none")
        let hazards = Hazards.named.filter { policy.hazards.contains($0.hazard) }.map(\.name)
        add("hazards", "[\(hazards.joined(separator: ", "))]")
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
        case .compounding(let base, let factor):
            pairs = [("growth", "compounding"), ("base", base.scenarioText), ("factor", "\(factor)")]
        }
        let jitter = JitterSyntax.text(backoff.jitter)
        pairs += [
            ("cap", orNone(backoff.cap)), ("cap-applies", backoff.capOrder.rawValue),
            // A comma would end the value in a flow mapping.
            ("jitter", jitter.contains(",") ? "\"\(jitter)\"" : jitter),
        ]
        // What few policies set is left out where it is off, to keep the line readable.
        if backoff.floor > .zero { pairs.append(("floor", backoff.floor.scenarioText)) }
        if backoff.firstJittered > 0 { pairs.append(("first-jittered", "\(backoff.firstJittered)")) }
        if backoff.draws != .perRetry { pairs.append(("draws", backoff.draws.rawValue)) }
        if let first = backoff.first {
            let range = flow([("from", first.from.scenarioText), ("to", first.to.scenarioText)])
            pairs.append(("first", first.from == first.to ? first.from.scenarioText : range))
        }
        if backoff.rounding != .nearestNanosecond { pairs.append(("rounding", flow(rounding(backoff.rounding)))) }
        return pairs
    }

    private static func rounding(_ rounding: Backoff.Rounding) -> Pairs {
        [
            ("to", rounding.unit.scenarioText), ("direction", rounding.direction.rawValue),
            ("draws-upper-end", "\(rounding.drawsUpperEnd)"), ("rounds-growth", "\(rounding.roundsGrowth)"),
        ]
    }

    private static func afterDrop(_ rule: ClientPolicy.DropRetry) -> Pairs {
        [
            ("delay", rule.delay.scenarioText), ("counts", "\(rule.counts)"),
            ("spacing", rule.spacing.scenarioText),
        ]
    }

    private static func suspension(_ rule: ClientPolicy.Suspension) -> Pairs {
        [("after", rule.after.scenarioText), ("retry-every", rule.retryEvery.scenarioText)]
    }

    private static func pollLoop(_ loop: PollLoopPolicy) -> Pairs {
        [
            ("stale-after", loop.staleAfter.scenarioText), ("growth", "\(loop.growth)"),
            ("jitter", "\(loop.jitter)"), ("reopen-delay", loop.reopenDelay.scenarioText),
        ]
    }

    private static func transportRetry(_ retry: TransportRetryPolicy) -> Pairs {
        [("delay", retry.delay.scenarioText), ("limit", retry.limit.map { "\($0)" } ?? "none")]
    }

    private static func reset(_ reset: ClientPolicy.ResetRule) -> Pairs {
        var pairs: Pairs
        switch reset.afterSuccess {
        case .onOpen: pairs = [("on-open", "true")]
        case .afterStable(let window): pairs = [("after-stable", window.scenarioText)]
        case .afterQuiet(let quiet): pairs = [("after-quiet", quiet.scenarioText)]
        case .never: pairs = [("on-open", "false")]
        }
        pairs += [("on-resume", "\(reset.onResume)"), ("on-manual-retry", "\(reset.onManualRetry)")]
        return pairs
    }

    private static func closeRule(_ rule: CloseRule) -> Pairs {
        var pairs = [("code", "\(rule.codes.lowerBound)")]
        if rule.codes.count > 1 { pairs.append(("to", "\(rule.codes.upperBound)")) }
        switch rule.reason {
        case .any: break
        case .equal(let text): pairs.append(("reason", quotedScalar(text)))
        case .containing(let text): pairs.append(("reason-containing", quotedScalar(text)))
        }
        switch rule.response {
        case .pause(let from, let to) where from == to: pairs.append(("pause", from.scenarioText))
        case .pause(let from, let to):
            pairs += [("pause-from", from.scenarioText), ("pause-to", to.scenarioText)]
        case .stop: pairs.append(("then", "stop"))
        case .blockUntilNewCredentials: pairs.append(("then", "block"))
        case .backOff: pairs.append(("then", "back-off"))
        }
        return pairs
    }

    private static func breaker(_ breaker: CircuitBreakerPolicy) -> Pairs {
        var pairs = counting(breaker)
        pairs += [
            ("open", breaker.openFor.scenarioText), ("open-jitter", "\(breaker.openJitterFraction)"),
            ("probes", "\(breaker.probeLimit)"), ("successes", "\(breaker.successesToClose)"),
        ]
        if let growth = breaker.openGrowth { pairs.append(("open-growth", flow(backoff(growth)))) }
        if breaker.endsStrictlyAfter { pairs.append(("ends-strictly-after", "true")) }
        if let probeShare = breaker.probeShare { pairs.append(("probe-share", flow(share(probeShare)))) }
        let hazards = CircuitBreakerHazards.named.filter { breaker.hazards.contains($0.hazard) }.map(\.name)
        if !hazards.isEmpty { pairs.append(("hazards", "[\(hazards.joined(separator: ", "))]")) }
        return pairs
    }

    private static func counting(_ breaker: CircuitBreakerPolicy) -> Pairs {
        let failures = ("failures", "\(breaker.failuresToOpen)")
        switch breaker.counting {
        case .consecutive:
            return [failures, ("within", "none")]
        case .slidingWindow(let window):
            return [failures, ("within", window.scenarioText)]
        case .consecutiveWithin(let window):
            return [failures, ("within", window.scenarioText), ("success-clears", "true")]
        case .failureShare(let failed, let count, let leastCalls):
            let rule = share(failed) + [("of-last", "\(count)"), ("least-calls", "\(leastCalls)")]
            return [("share", flow(rule))]
        case .failureShareWithin(let failed, let window, let slices, let leastCalls):
            let rule =
                share(failed) + [
                    ("within", window.scenarioText), ("slices", "\(slices)"), ("least-calls", "\(leastCalls)"),
                ]
            return [("share", flow(rule))]
        }
    }

    private static func share(_ share: CircuitBreakerPolicy.FailureShare) -> Pairs {
        [("failed", "\(share.share)"), ("exceeded", "\(share.isStrict)")]
    }

    private static func heartbeat(_ heartbeat: HeartbeatPolicy) -> Pairs {
        var pairs = [
            ("every", orNone(heartbeat.interval)), ("timeout", orNone(heartbeat.replyTimeout)),
            ("missed-allowed", "\(heartbeat.missedAllowed)"), ("random-first-phase", "\(heartbeat.randomFirstPhase)"),
        ]
        if let silence = heartbeat.silence {
            let rule = [
                ("longest", silence.longest.scenarioText),
                ("checked-every", silence.checkedEvery?.scenarioText ?? "none"), ("strikes", "\(silence.strikes)"),
                ("reconnects-at-once", "\(silence.reconnectsAtOnce)"),
            ]
            pairs.append(("silence", flow(rule)))
        }
        if let interval = heartbeat.serverInterval { pairs.append(("server-every", interval.scenarioText)) }
        return pairs
    }

    /// A text between double quotes, as YAML and JSON read it.
    private static func quotedScalar(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
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
