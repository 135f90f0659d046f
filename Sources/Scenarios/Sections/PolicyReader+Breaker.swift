import MonotonicTime
import Reconnection

/// When attempts are not even made: `breaker`.
extension PolicyReader {
    static func readBreaker(_ keys: SectionReader, _ inherited: CircuitBreakerPolicy?) -> CircuitBreakerPolicy {
        var settings = inherited ?? CircuitBreakerPolicy()
        if let failures = keys.count("failures", .within(1...1_000_000)) { settings.failuresToOpen = failures }
        readCounting(keys, into: &settings.counting)
        switch settings.counting {
        case .consecutive, .consecutiveWithin, .slidingWindow: break
        // A number that plays no part is not inherited: equal breakers are then written alike.
        case .failureShare, .failureShareWithin: settings.failuresToOpen = CircuitBreakerPolicy().failuresToOpen
        }
        if let open = keys.duration("open", .above(.zero)) { settings.openFor = open }
        if let jitter = keys.probability("open-jitter") { settings.openJitterFraction = jitter }
        readOptional(keys, "open-growth", into: &settings.openGrowth) { keys, inherited in
            readBackoff(keys, onto: inherited ?? plain.backoff)
        }
        if let strictly = keys.boolean("ends-strictly-after") { settings.endsStrictlyAfter = strictly }
        if let probes = keys.count("probes", .within(1...1_000_000)) { settings.probeLimit = probes }
        if let successes = keys.count("successes", .within(1...1_000_000)) { settings.successesToClose = successes }
        readOptional(keys, "probe-share", into: &settings.probeShare) { keys, _ in readShare(keys) }
        if keys.isPresent("hazards") {
            let names = keys.list("hazards").compactMap { $0.choice() }
            let hazards = CircuitBreakerHazards.named.filter { names.contains($0.name) }.map(\.hazard)
            settings.hazards = CircuitBreakerHazards(hazards)
        }
        return settings
    }

    private static func readCounting(_ keys: SectionReader, into counting: inout CircuitBreakerPolicy.Counting) {
        var window: Interval?
        var clears = false
        switch counting {
        case .slidingWindow(let inherited): window = inherited
        case .consecutiveWithin(let inherited): (window, clears) = (inherited, true)
        case .consecutive, .failureShare, .failureShareWithin: break
        }
        if keys.isPresent("share"), !isNone(keys, "share") {
            for key in ["failures", "within", "success-clears"] where keys.isPresent(key) && !isNone(keys, key) {
                keys.report("'\(key)' means nothing with 'share'", at: key)
            }
            if let node = keys.node("share"), node.shape == .mapping, let share = node.section() {
                counting = readShareCounting(share) ?? counting
            } else {
                _ = keys.choice("share")
            }
            return
        }
        let saysNothing = !["share", "failures", "within", "success-clears"].contains { keys.isPresent($0) }
        guard !saysNothing else { return }
        if isNone(keys, "within") {
            window = nil
        } else if let duration = keys.duration("within", .above(.zero)) {
            window = duration
        }
        clears = keys.boolean("success-clears") ?? clears
        counting = window.map { clears ? .consecutiveWithin($0) : .slidingWindow($0) } ?? .consecutive
    }

    private static func readShareCounting(_ keys: SectionReader) -> CircuitBreakerPolicy.Counting? {
        let share = readShare(keys)
        let counts = Bounds<Int>.within(1...1_000_000)
        let last = keys.count("of-last", counts)
        let window = keys.duration("within", .above(.zero))
        let slices = keys.count("slices", .within(1...10_000)) ?? 10
        let leastCalls = keys.count("least-calls", counts) ?? 1
        guard keys.isPresent("of-last") != keys.isPresent("within") else {
            keys.report("'share' needs either 'of-last' or 'within'")
            return nil
        }
        if keys.isPresent("of-last"), keys.isPresent("slices") {
            keys.report("'slices' means nothing with 'of-last'", at: "slices")
        }
        if let window {
            return .failureShareWithin(share, window: window, slices: slices, minimumCalls: leastCalls)
        }
        return last.map { .failureShare(share, ofLast: $0, minimumCalls: leastCalls) }
    }

    private static func readShare(_ keys: SectionReader) -> CircuitBreakerPolicy.FailureShare {
        CircuitBreakerPolicy.FailureShare(
            keys.probability("failed") ?? 0.5,
            isStrict: keys.boolean("exceeded") ?? false
        )
    }
}
