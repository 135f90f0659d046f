import MonotonicTime
import Reconnection

/// Policies in which every setting is left to chance: the same seed always gives the same ones (splitmix64).
struct PolicyChoices {
    private var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private mutating func flag() -> Bool { below(2) == 1 }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// A share in thousandths, 0 ... 1.
    private mutating func share() -> Double { Double(below(1_001)) / 1_000 }

    /// From a nanosecond to hours, as round or as odd as may be.
    private mutating func length() -> Interval {
        pick([.nanoseconds(1 + Int64(below(2_000_000_000))), .milliseconds(1 + Int64(below(90_000))), .minutes(90)])
    }

    private mutating func lengthOrNone() -> Interval { flag() ? .max : length() }

    private mutating func sometimes<Value>(_ make: (inout PolicyChoices) -> Value) -> Value? {
        flag() ? make(&self) : nil
    }

    mutating func policy() -> ClientPolicy {
        var policy = ClientPolicy(backoff: backoff())
        policy.strategy = sometimes { _ in CustomRetryStrategy("ours", ConstantStrategy()) }
        policy.reset = ClientPolicy.ResetRule(
            afterSuccess: pick([.onOpen, .afterStable(length()), .afterQuiet(length()), .never]),
            onResume: flag(),
            onManualRetry: flag()
        )
        policy.retryLimit = sometimes { $0.below(100) }
        policy.elapsedLimit = lengthOrNone()
        policy.retriesFirstConnect = flag()
        policy.waitsFrom = pick(ClientPolicy.WaitsFrom.allCases)
        policy.afterDrop = sometimes {
            ClientPolicy.DropRetry(delay: $0.length(), counts: $0.flag(), spacing: $0.flag() ? .zero : $0.length())
        }
        policy.suspension = sometimes { ClientPolicy.Suspension(after: $0.length(), retryEvery: $0.length()) }
        policy.connectTimeout = lengthOrNone()
        policy.startSpread = flag() ? .zero : length()
        policy.startsAfterBackoff = flag()
        policy.preparesAttempts = flag()
        policy.closingTimeout = flag() ? .zero : length()
        policy.offline = pick(ClientPolicy.Gate.allCases)
        policy.hidden = pick(ClientPolicy.Gate.allCases)
        policy.resume = pick(ClientPolicy.Resume.allCases)
        policy.returnEndsWait = flag()
        for _ in 0..<below(4) { policy.closeRules.append(closeRule()) }
        policy.retryAfter = flag() ? .ignore : .honour(jitterFraction: share())
        policy.breaker = sometimes { $0.breaker() }
        policy.heartbeat = sometimes { $0.heartbeat() }
        policy.pollLoop = sometimes {
            PollLoopPolicy(
                staleAfter: $0.length(),
                growth: 1 + Double($0.below(500)) / 100,
                jitter: $0.share(),
                reopenDelay: $0.length()
            )
        }
        policy.group = sometimes {
            ConnectionGroupPolicy(members: 1 + $0.below(32), grace: $0.flag() ? .zero : $0.lengthOrNone())
        }
        policy.outbox = outbox()
        policy.transportRetry = sometimes { choices in
            TransportRetryPolicy(delay: choices.length(), limit: choices.sometimes { $0.below(10) })
        }
        for (_, hazard) in Hazards.named where below(5) == 0 { policy.hazards.insert(hazard) }
        return policy
    }

    private mutating func backoff() -> Backoff {
        let base = length()
        let factor = 1 + Double(below(300)) / 100
        var backoff = Backoff(
            growth: pick([
                .fixed(base), .linear(base: base, step: length()),
                .exponential(base: base, factor: factor, exponentOffset: below(5)),
                .table([base, length(), length()]), .compounding(base: base, factor: factor),
            ])
        )
        // A cap below the first delay is refused.
        backoff.cap = flag() ? .max : base + length()
        backoff.capOrder = pick(Backoff.CapOrder.allCases)
        backoff.floor = flag() ? .zero : length()
        let least = length()
        backoff.jitter = pick([
            .none, .full, .equal, .decorrelated, .smoothDecorrelated, .symmetric(fraction: 3 * share()),
            .symmetricPercent(below(101)), .additive(fraction: 3 * share()), .subtractive(fraction: share()),
            .additiveConstant(upTo: length()), .additiveRange(from: least, to: least + length()),
            .minimumPlusFull(minimum: length()), .fullAbove(minimum: length()), .signFromDigit(fraction: share()),
        ])
        backoff.firstJittered = below(3)
        backoff.draws = pick(Backoff.Draws.allCases)
        backoff.first = sometimes {
            let from = $0.length()
            return Backoff.First(from: from, to: $0.flag() ? from : from + $0.length())
        }
        if flag() {
            backoff.rounding = Backoff.Rounding(
                pick(Backoff.Rounding.Direction.allCases),
                to: length(),
                drawsUpperEnd: flag(),
                roundsGrowth: flag()
            )
        }
        return backoff
    }

    private mutating func closeRule() -> CloseRule {
        let code = UInt16(below(5_000))
        let text = pick(["", "rate limited", "a: {b}, \"c\" # 'd'", "\\ é\n", "none", "1012", " x. "])
        let from = length()
        return CloseRule(
            codes: code...code + UInt16(below(3)),
            reason: pick([.any, .equal(text), .containing(text.isEmpty ? "x" : text)]),
            response: pick([
                .pause(from: from, to: from), .pause(from: from, to: from + length()), .stop,
                .blockUntilNewCredentials, .backOff,
            ])
        )
    }

    private mutating func breaker() -> CircuitBreakerPolicy {
        let failed = CircuitBreakerPolicy.FailureShare(share(), isStrict: flag())
        var breaker = CircuitBreakerPolicy(
            counting: pick([
                .consecutive, .slidingWindow(length()), .consecutiveWithin(length()),
                .failureShare(failed, ofLast: 1 + below(100), minimumCalls: 1 + below(10)),
                .failureShareWithin(failed, window: length(), slices: 1 + below(20), minimumCalls: 1 + below(10)),
            ])
        )
        switch breaker.counting {
        case .consecutive, .consecutiveWithin, .slidingWindow: breaker.failuresToOpen = 1 + below(20)
        case .failureShare, .failureShareWithin: break
        }
        breaker.openFor = length()
        breaker.openJitterFraction = share()
        breaker.openGrowth = sometimes { $0.backoff() }
        breaker.endsStrictlyAfter = flag()
        breaker.probeLimit = 1 + below(5)
        breaker.successesToClose = 1 + below(5)
        breaker.probeShare = sometimes { CircuitBreakerPolicy.FailureShare($0.share(), isStrict: $0.flag()) }
        for (_, hazard) in CircuitBreakerHazards.named where flag() { breaker.hazards.insert(hazard) }
        return breaker
    }

    private mutating func heartbeat() -> HeartbeatPolicy {
        let interval = flag() ? .max : length() + .milliseconds(1)
        var heartbeat = HeartbeatPolicy(interval: interval, replyTimeout: .max)
        if interval < .max, flag() {
            heartbeat.replyTimeout = max(.milliseconds(1), interval.scaled(by: share()))
        }
        heartbeat.missedAllowed = below(4)
        heartbeat.randomFirstPhase = flag()
        heartbeat.silence = sometimes { choices in
            HeartbeatPolicy.Silence(
                longest: choices.length() + .milliseconds(1),
                checkedEvery: choices.sometimes { $0.length() + .milliseconds(1) },
                strikes: 1 + choices.below(5),
                reconnectsAtOnce: choices.flag()
            )
        }
        // A heartbeat without any rule is refused.
        let needsServer = interval == .max && heartbeat.silence == nil
        if needsServer || flag() { heartbeat.serverInterval = length() + .milliseconds(1) }
        return heartbeat
    }

    private mutating func outbox() -> OutboxPolicy {
        OutboxPolicy(
            whileDisconnected: pick(OutboxPolicy.WhileDisconnected.allCases),
            capacity: 1 + below(5_000),
            overflow: pick(OutboxPolicy.Overflow.allCases),
            timeToLive: lengthOrNone(),
            window: 1 + below(64),
            acknowledgementTimeout: length() + .milliseconds(1),
            retry: backoff(),
            retryLimit: sometimes { $0.below(20) }
        )
    }
}
