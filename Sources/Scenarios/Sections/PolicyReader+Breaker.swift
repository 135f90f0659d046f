import MonotonicTime
import Reconnection

/// When attempts are not even made: `breaker`.
extension PolicyReader {
    static func readBreaker(_ keys: SectionReader, _ inherited: CircuitBreakerPolicy?) -> CircuitBreakerPolicy {
        var settings = inherited ?? CircuitBreakerPolicy()
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
        return settings
    }
}
