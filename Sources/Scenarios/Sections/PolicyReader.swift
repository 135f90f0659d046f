import MonotonicTime
import Reconnection

/// Turns a policy section into a policy, on top of another one.
struct PolicyReader {
    /// What a policy is that extends nothing.
    static let plain = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full)
    )

    /// - Parameter strategies: those the program has registered, by name.
    static func read(
        _ section: SectionReader,
        onto base: ClientPolicy,
        strategies: [String: any RetryStrategy] = [:]
    ) -> ClientPolicy {
        var policy = base
        readStrategy(section, strategies, into: &policy.strategy)
        if let backoff = section.section("backoff") { policy.backoff = readBackoff(backoff, onto: base.backoff) }
        if let reset = section.section("reset") { readReset(reset, into: &policy.reset) }
        readLimit(section, "retry-limit", .atLeast(0), into: &policy.retryLimit)
        readOptionalDuration(section, "connect-timeout", into: &policy.connectTimeout)
        if let spread = section.duration("start-spread", .atLeast(.zero)) { policy.startSpread = spread }
        readOptionalDuration(section, "elapsed-limit", into: &policy.elapsedLimit)
        if let retries = section.boolean("retries-first-connect") { policy.retriesFirstConnect = retries }
        if let from = section.choice("waits-from").flatMap(ClientPolicy.WaitsFrom.init) { policy.waitsFrom = from }
        readOptional(section, "after-drop", into: &policy.afterDrop) { keys, _ in
            ClientPolicy.DropRetry(
                delay: keys.duration("delay", .atLeast(.zero)) ?? .zero,
                counts: keys.boolean("counts") ?? false,
                spacing: keys.duration("spacing", .atLeast(.zero)) ?? .zero
            )
        }
        readOptional(section, "suspension", into: &policy.suspension) { keys, _ in
            ClientPolicy.Suspension(
                after: keys.duration("after", .above(.zero)) ?? .seconds(1),
                retryEvery: keys.duration("retry-every", .above(.zero)) ?? .seconds(1)
            )
        }
        if let waits = section.boolean("starts-after-backoff") { policy.startsAfterBackoff = waits }
        if let prepares = section.boolean("prepares-attempts") { policy.preparesAttempts = prepares }
        if let closing = section.duration("closing-timeout", .atLeast(.zero)) { policy.closingTimeout = closing }
        readGates(section, into: &policy)
        if let ends = section.boolean("return-ends-wait") { policy.returnEndsWait = ends }
        if let resume = section.choice("resume").flatMap(ClientPolicy.Resume.init) { policy.resume = resume }
        readRetryAfter(section, into: &policy.retryAfter)
        if section.isPresent("close-rules") {
            policy.closeRules = section.list("close-rules").compactMap { node in
                node.section().flatMap { node.shape == .mapping ? readCloseRule($0) : nil }
            }
        }
        readBreaker(section, into: &policy.breaker)
        readHeartbeat(section, into: &policy.heartbeat)
        readOptional(section, "poll-loop", into: &policy.pollLoop, readPollLoop)
        readOptional(section, "group", into: &policy.group) { keys, _ in
            var grace = Interval.zero
            readOptionalDuration(keys, "grace", .atLeast(.zero), into: &grace)
            return ConnectionGroupPolicy(members: keys.count("members", .within(1...32)) ?? 1, grace: grace)
        }
        if let outbox = section.section("outbox") { readOutbox(outbox, into: &policy.outbox) }
        readOptional(section, "transport-retry", into: &policy.transportRetry) { keys, _ in
            var limit: Int?
            readLimit(keys, "limit", .atLeast(0), into: &limit)
            return TransportRetryPolicy(delay: keys.duration("delay", .atLeast(.zero)) ?? .zero, limit: limit)
        }
        if section.isPresent("hazards") {
            let names = section.list("hazards").compactMap { $0.choice() }
            policy.hazards = Hazards(Hazards.named.filter { names.contains($0.name) }.map(\.hazard))
        }
        return policy
    }

    private static func readStrategy(
        _ section: SectionReader,
        _ strategies: [String: any RetryStrategy],
        into strategy: inout CustomRetryStrategy?
    ) {
        guard section.isPresent("strategy") else { return }
        guard !isNone(section, "strategy") else {
            strategy = nil
            return
        }
        guard let name = section.name("strategy") else { return }
        guard let registered = strategies[name] else {
            let known = Suggestion.hint(for: name, among: strategies.keys.sorted(), called: "registered strategies")
            section.report("unknown strategy \(quoted(name))" + known, at: "strategy")
            return
        }
        strategy = CustomRetryStrategy(name, registered)
    }

    private static func readGates(_ section: SectionReader, into policy: inout ClientPolicy) {
        let lists: [(key: String, gate: ClientPolicy.Gate)] = [
            ("pause-when", .pauses), ("hold-when", .holdsAttempts), ("close-when", .closes),
        ]
        for (key, gate) in lists where section.isPresent(key) {
            let named = section.list(key).compactMap { $0.choice() }
            // A list says everything about its gate: what it leaves out is no longer behind that gate.
            policy.offline = named.contains("offline") ? gate : policy.offline == gate ? .ignored : policy.offline
            policy.hidden = named.contains("hidden") ? gate : policy.hidden == gate ? .ignored : policy.hidden
        }
        for situation in ["offline", "hidden"] {
            let naming = lists.filter { list in
                section.isPresent(list.key) && section.list(list.key).contains { $0.scalarText == situation }
            }
            if naming.count > 1 {
                section.report("'\(naming[0].key)' and '\(naming[1].key)' both name '\(situation)'", at: naming[1].key)
            }
        }
    }

    private static func readPollLoop(_ keys: SectionReader, _ inherited: PollLoopPolicy?) -> PollLoopPolicy {
        var loop = inherited ?? PollLoopPolicy()
        if let stale = keys.duration("stale-after", .above(.zero)) { loop.staleAfter = stale }
        if let growth = keys.factor("growth", .within(1...1_000)) { loop.growth = growth }
        if let jitter = keys.probability("jitter") { loop.jitter = jitter }
        if let delay = keys.duration("reopen-delay", .atLeast(.zero)) { loop.reopenDelay = delay }
        return loop
    }

    /// Reads a section that may also be the word 'none'; the closure gets what was inherited.
    private static func readOptional<Value>(
        _ section: SectionReader,
        _ key: String,
        into value: inout Value?,
        _ read: (SectionReader, Value?) -> Value
    ) {
        guard let node = section.node(key) else { return }
        guard node.shape == .mapping, let keys = node.section() else {
            if node.choice() != nil { value = nil }
            return
        }
        value = read(keys, value)
    }

    private static func isNone(_ section: SectionReader, _ key: String) -> Bool {
        section.node(key)?.scalarText == "none"
    }

    private static func readLimit(
        _ section: SectionReader,
        _ key: String,
        _ bounds: Bounds<Int>,
        into limit: inout Int?
    ) {
        if isNone(section, key) {
            limit = nil
        } else if let count = section.count(key, bounds) {
            limit = count
        }
    }

    private static func readOptionalDuration(
        _ section: SectionReader,
        _ key: String,
        _ bounds: Bounds<Interval> = .above(.zero),
        into value: inout Interval
    ) {
        if isNone(section, key) {
            value = .max
        } else if let duration = section.duration(key, bounds) {
            value = duration
        }
    }

    // MARK: Backoff

    private static func readBackoff(_ section: SectionReader, onto base: Backoff) -> Backoff {
        var backoff = base
        readGrowth(section, into: &backoff.growth)
        readOptionalDuration(section, "cap", into: &backoff.cap)
        if let order = section.choice("cap-applies").flatMap(Backoff.CapOrder.init) { backoff.capOrder = order }
        if let text = section.expression("jitter") {
            do throws(Complaint) {
                backoff.jitter = try JitterSyntax.parse(text)
            } catch {
                section.report(error.message, at: "jitter")
            }
        }
        if let floor = section.duration("floor", .atLeast(.zero)) { backoff.floor = floor }
        if let first = section.count("first-jittered", .within(0...1_000_000)) { backoff.firstJittered = first }
        if let draws = section.choice("draws").flatMap(Backoff.Draws.init) { backoff.draws = draws }
        readFirst(section, into: &backoff.first)
        readRounding(section, into: &backoff.rounding)
        if let first = firstDelay(backoff.growth), first > backoff.cap {
            let key = section.isPresent("cap") ? "cap" : "base"
            section.report(
                "'cap' (\(backoff.cap.scenarioText)) must be at least the first delay (\(first.scenarioText))",
                at: key
            )
        }
        return backoff
    }

    private static func readFirst(_ section: SectionReader, into first: inout Backoff.First?) {
        guard let node = section.node("first") else { return }
        if isNone(section, "first") {
            first = nil
        } else if node.shape == .mapping {
            guard let keys = node.section(), let from = keys.duration("from", .atLeast(.zero)),
                let to = keys.duration("to", .atLeast(from))
            else { return }
            first = Backoff.First(from: from, to: to)
        } else if let delay = section.duration("first", .atLeast(.zero)) {
            first = Backoff.First(from: delay, to: delay)
        }
    }

    private static func readRounding(_ section: SectionReader, into rounding: inout Backoff.Rounding) {
        guard let node = section.node("rounding") else { return }
        guard node.shape == .mapping, let keys = node.section() else {
            if node.choice() != nil { rounding = .nearestNanosecond }
            return
        }
        rounding = Backoff.Rounding(
            keys.choice("direction").flatMap(Backoff.Rounding.Direction.init) ?? .down,
            to: keys.duration("to", .above(.zero)) ?? .milliseconds(1),
            drawsUpperEnd: keys.boolean("draws-upper-end") ?? false,
            roundsGrowth: keys.boolean("rounds-growth") ?? false
        )
    }

    private static func firstDelay(_ growth: Backoff.Growth) -> Interval? {
        switch growth {
        case .fixed(let delay): delay
        case .linear(let base, _): base
        case .exponential(let base, _, _): base
        case .table(let delays): delays.first
        case .compounding(let base, _): base
        }
    }

    /// The keys each kind of growth uses, besides `growth` itself.
    private static let growthKeys: [String: Set<String>] = [
        "exponential": ["base", "factor", "exponent-offset"],
        "compounding": ["base", "factor"],
        "linear": ["base", "step"],
        "fixed": ["base"],
        "table": ["table"],
    ]

    private static func readGrowth(_ section: SectionReader, into growth: inout Backoff.Growth) {
        var base = Interval.seconds(1)
        var factor = 2.0
        var offset = 0
        var step = Interval.seconds(1)
        var table: [Interval] = []
        var kind = "exponential"
        switch growth {
        case .fixed(let delay): (kind, base) = ("fixed", delay)
        case .linear(let first, let by): (kind, base, step) = ("linear", first, by)
        case .exponential(let first, let times, let from): (base, factor, offset) = (first, times, from)
        case .table(let delays): (kind, table) = ("table", delays)
        case .compounding(let first, let times): (kind, base, factor) = ("compounding", first, times)
        }
        if let named = section.choice("growth") {
            kind = named
        } else if section.isPresent("table") {
            kind = "table"
        } else if kind == "table", section.isPresent("base") {
            kind = "exponential"
        }
        let used = growthKeys[kind] ?? []
        for key in ["base", "factor", "exponent-offset", "step", "table"]
        where section.isPresent(key) && !used.contains(key) {
            section.report("'\(key)' means nothing with growth '\(kind)'", at: key)
        }
        base = section.duration("base", .atLeast(.zero)) ?? base
        factor = section.factor("factor", .within(1...1_000)) ?? factor
        offset = section.count("exponent-offset", .within(0...64)) ?? offset
        step = section.duration("step", .atLeast(.zero)) ?? step
        if section.isPresent("table") {
            table = section.list("table").compactMap { $0.duration(.atLeast(.zero)) }
            if section.node("table")?.shape == .list, section.list("table").isEmpty {
                section.report("'table' must list at least one delay", at: "table")
            }
        }
        if kind == "table", !section.isPresent("table"), table.isEmpty {
            section.report("growth 'table' needs the key 'table'", at: "growth")
        }
        switch kind {
        case "fixed": growth = .fixed(base)
        case "linear": growth = .linear(base: base, step: step)
        case "table": growth = .table(table.isEmpty ? [.zero] : table)
        case "compounding": growth = .compounding(base: base, factor: factor)
        default: growth = .exponential(base: base, factor: factor, exponentOffset: offset)
        }
    }

    // MARK: The other parts

    private static func readReset(_ section: SectionReader, into reset: inout ClientPolicy.ResetRule) {
        let onOpen = section.boolean("on-open")
        let stable = section.duration("after-stable", .above(.zero))
        let quiet = section.duration("after-quiet", .above(.zero))
        if onOpen == true, stable != nil {
            section.report("'on-open' and 'after-stable' exclude each other", at: "after-stable")
        }
        if quiet != nil, onOpen == true || stable != nil {
            section.report(
                "'after-quiet' and '\(stable == nil ? "on-open" : "after-stable")' exclude each other",
                at: "after-quiet"
            )
        }
        if let stable {
            reset.afterSuccess = .afterStable(stable)
        } else if let quiet {
            reset.afterSuccess = .afterQuiet(quiet)
        } else if let onOpen {
            reset.afterSuccess = onOpen ? .onOpen : .never
        }
        if let onResume = section.boolean("on-resume") { reset.onResume = onResume }
        if let onManualRetry = section.boolean("on-manual-retry") { reset.onManualRetry = onManualRetry }
    }

    private static func readRetryAfter(_ section: SectionReader, into rule: inout RetryAfterRule) {
        guard let node = section.node("retry-after") else { return }
        if node.shape == .mapping {
            if let jitter = node.section()?.probability("jitter") { rule = .honour(jitterFraction: jitter) }
        } else if let word = node.choice() {
            rule = word == "honour" ? .honour(jitterFraction: 0) : .ignore
        }
    }

    private static func readCloseRule(_ section: SectionReader) -> CloseRule? {
        let response = readResponse(section)
        let codes = Bounds<Int>.within(0...65_535)
        let first = section.count("code", codes)
        let last = section.count("to", codes) ?? first
        guard let first, let last else { return nil }
        guard last >= first else {
            section.report("'to' must be at least 'code' (\(first))", at: "to")
            return nil
        }
        if section.isPresent("reason"), section.isPresent("reason-containing") {
            section.report("'reason' and 'reason-containing' exclude each other", at: "reason-containing")
        }
        let reason: CloseRule.ReasonMatch =
            section.text("reason").map { .equal($0) } ?? section.text("reason-containing").map { .containing($0) }
            ?? .any
        return response.map { CloseRule(codes: UInt16(first)...UInt16(last), reason: reason, response: $0) }
    }

    private static func readResponse(_ section: SectionReader) -> CloseRule.Response? {
        let isRange = section.isPresent("pause-from") || section.isPresent("pause-to")
        let answers = [section.isPresent("pause"), isRange, section.isPresent("then")].filter { $0 }.count
        guard answers == 1 else {
            section.report("a close rule has one of 'pause', 'pause-from' with 'pause-to', and 'then'")
            return nil
        }
        if let pause = section.duration("pause", .atLeast(.zero)) {
            return .pause(from: pause, to: pause)
        }
        if let then = section.choice("then") {
            return switch then {
            case "stop": .stop
            case "block": .blockUntilNewCredentials
            default: .backOff
            }
        }
        guard section.isPresent("pause-from"), section.isPresent("pause-to") else {
            if isRange { section.report("'pause-from' and 'pause-to' belong together") }
            return nil
        }
        guard let from = section.duration("pause-from", .atLeast(.zero)),
            let to = section.duration("pause-to", .atLeast(from))
        else { return nil }
        return .pause(from: from, to: to)
    }

    private static func readBreaker(_ section: SectionReader, into breaker: inout CircuitBreakerPolicy?) {
        guard let node = section.node("breaker") else { return }
        guard node.shape == .mapping, let keys = node.section() else {
            if node.choice() != nil { breaker = nil }
            return
        }
        var settings = breaker ?? CircuitBreakerPolicy()
        if let failures = keys.count("failures", .within(1...1_000_000)) { settings.failuresToOpen = failures }
        if isNone(keys, "within") {
            settings.counting = .consecutive
        } else if let window = keys.duration("within", .above(.zero)) {
            settings.counting = .slidingWindow(window)
        }
        if let open = keys.duration("open", .above(.zero)) { settings.openFor = open }
        if let jitter = keys.probability("open-jitter") { settings.openJitterFraction = jitter }
        if let probes = keys.count("probes", .within(1...1_000_000)) { settings.probeLimit = probes }
        if let successes = keys.count("successes", .within(1...1_000_000)) { settings.successesToClose = successes }
        breaker = settings
    }

    private static func readHeartbeat(_ section: SectionReader, into heartbeat: inout HeartbeatPolicy?) {
        guard let node = section.node("heartbeat") else { return }
        guard node.shape == .mapping, let keys = node.section() else {
            if node.choice() != nil { heartbeat = nil }
            return
        }
        var settings = heartbeat ?? HeartbeatPolicy(interval: .max, replyTimeout: .max)
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
        if heartbeat == nil, !keys.isPresent("every"), settings.silence == nil, settings.serverInterval == nil {
            keys.report("missing key 'every' in 'heartbeat'")
        }
        readOptionalDuration(keys, "every", .atLeast(.milliseconds(1)), into: &settings.interval)
        // Unless it says otherwise, a heartbeat with beats of its own waits for the answers as long as for the next beat.
        if heartbeat == nil, settings.silence == nil { settings.replyTimeout = settings.interval }
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
        heartbeat = settings
    }

    private static func readOutbox(_ section: SectionReader, into outbox: inout OutboxPolicy) {
        if let mode = section.choice("while-disconnected").flatMap(OutboxPolicy.WhileDisconnected.init) {
            outbox.whileDisconnected = mode
        }
        if let capacity = section.count("capacity", .within(1...100_000_000)) { outbox.capacity = capacity }
        if let overflow = section.choice("overflow").flatMap(OutboxPolicy.Overflow.init) { outbox.overflow = overflow }
        readOptionalDuration(section, "time-to-live", into: &outbox.timeToLive)
        // The receiver remembers the last 64 keys of a sender; a window beyond that could not be told from repeats.
        if let window = section.count("window", .within(1...64)) { outbox.window = window }
        if let timeout = section.duration("ack-timeout", .atLeast(.milliseconds(1))) {
            outbox.acknowledgementTimeout = timeout
        }
        if let retry = section.section("retry") { outbox.retry = readBackoff(retry, onto: outbox.retry) }
        readLimit(section, "retry-limit", .atLeast(0), into: &outbox.retryLimit)
    }
}
