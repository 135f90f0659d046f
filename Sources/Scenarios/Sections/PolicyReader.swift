import MonotonicTime
import Reconnection

/// Turns a policy section into a policy, on top of another one.
struct PolicyReader {
    /// What a policy is that extends nothing.
    static let plain = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full)
    )

    static func read(_ section: SectionReader, onto base: ClientPolicy) -> ClientPolicy {
        var policy = base
        if let backoff = section.section("backoff") { policy.backoff = readBackoff(backoff, onto: base.backoff) }
        if let reset = section.section("reset") { readReset(reset, into: &policy.reset) }
        readLimit(section, "retry-limit", .atLeast(0), into: &policy.retryLimit)
        readOptionalDuration(section, "connect-timeout", into: &policy.connectTimeout)
        if let spread = section.duration("start-spread", .atLeast(.zero)) { policy.startSpread = spread }
        if section.isPresent("pause-when") {
            let pauses = section.list("pause-when").compactMap { $0.choice() }
            policy.pausesOffline = pauses.contains("offline")
            policy.pausesHidden = pauses.contains("hidden")
        }
        if let resume = section.choice("resume").flatMap(ClientPolicy.Resume.init) { policy.resume = resume }
        readRetryAfter(section, into: &policy.retryAfter)
        if section.isPresent("close-rules") {
            policy.closeRules = section.list("close-rules").compactMap { node in
                node.section().flatMap { node.shape == .mapping ? readCloseRule($0) : nil }
            }
        }
        readBreaker(section, into: &policy.breaker)
        readHeartbeat(section, into: &policy.heartbeat)
        if let outbox = section.section("outbox") { readOutbox(outbox, into: &policy.outbox) }
        return policy
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

    private static func readOptionalDuration(_ section: SectionReader, _ key: String, into value: inout Interval) {
        if isNone(section, key) {
            value = .max
        } else if let duration = section.duration(key, .above(.zero)) {
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
        if let floors = section.boolean("whole-milliseconds") { backoff.floorsToMilliseconds = floors }
        if let first = firstDelay(backoff.growth), first > backoff.cap {
            let key = section.isPresent("cap") ? "cap" : "base"
            section.report(
                "'cap' (\(backoff.cap.scenarioText)) must be at least the first delay (\(first.scenarioText))",
                at: key
            )
        }
        return backoff
    }

    private static func firstDelay(_ growth: Backoff.Growth) -> Interval? {
        switch growth {
        case .fixed(let delay): delay
        case .linear(let base, _): base
        case .exponential(let base, _, _): base
        case .table(let delays): delays.first
        }
    }

    /// The keys each kind of growth uses, besides `growth` itself.
    private static let growthKeys: [String: Set<String>] = [
        "exponential": ["base", "factor", "exponent-offset"],
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
        default: growth = .exponential(base: base, factor: factor, exponentOffset: offset)
        }
    }

    // MARK: The other parts

    private static func readReset(_ section: SectionReader, into reset: inout ClientPolicy.ResetRule) {
        let onOpen = section.boolean("on-open")
        let stable = section.duration("after-stable", .above(.zero))
        if onOpen == true, stable != nil {
            section.report("'on-open' and 'after-stable' exclude each other", at: "after-stable")
        }
        if let stable {
            reset.afterSuccess = .afterStable(stable)
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
        return response.map { CloseRule(codes: UInt16(first)...UInt16(last), response: $0) }
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
            return then == "stop" ? .stop : .blockUntilNewCredentials
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
        if heartbeat == nil, !keys.isPresent("every") { keys.report("missing key 'every' in 'heartbeat'") }
        let interval = keys.duration("every", .atLeast(.milliseconds(1))) ?? heartbeat?.interval ?? .seconds(30)
        let inherited = min(heartbeat?.replyTimeout ?? interval, interval)
        let timeout = keys.duration("timeout", .atLeast(.milliseconds(1))) ?? inherited
        if timeout > interval {
            keys.report(
                "'timeout' (\(timeout.scenarioText)) must be at most 'every' (\(interval.scenarioText))",
                at: "timeout"
            )
        }
        heartbeat = HeartbeatPolicy(
            interval: interval,
            replyTimeout: min(timeout, interval),
            missedAllowed: keys.count("missed-allowed", .within(0...10_000)) ?? heartbeat?.missedAllowed ?? 0,
            randomFirstPhase: keys.boolean("random-first-phase") ?? heartbeat?.randomFirstPhase ?? false
        )
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
