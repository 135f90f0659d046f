import MonotonicTime
import Reconnection

/// Whether and when the client tries again: `backoff`, `strategy`, `reset`, `retry-limit`, `elapsed-limit`,
/// `retries-first-connect`, `waits-from`, `after-drop` and `suspension`.
extension PolicyReader {
    static func readRetrying(
        _ section: SectionReader,
        strategies: [String: any RetryStrategy],
        into policy: inout ClientPolicy
    ) {
        if let backoff = section.section("backoff") { policy.backoff = readBackoff(backoff, onto: policy.backoff) }
        readStrategy(section, strategies, into: &policy.strategy)
        if let reset = section.section("reset") { readReset(reset, into: &policy.reset) }
        readLimit(section, "retry-limit", .atLeast(0), into: &policy.retryLimit)
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
}
