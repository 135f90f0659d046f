import MonotonicTime
import Reconnection

/// What no client should have: `transport-retry` and `hazards`.
extension PolicyReader {
    static func readFaults(_ section: SectionReader, into policy: inout ClientPolicy) {
        readOptional(section, "transport-retry", into: &policy.transportRetry) { keys, _ in
            var limit: Int?
            readLimit(keys, "limit", .atLeast(0), into: &limit)
            return TransportRetryPolicy(delay: keys.duration("delay", .atLeast(.zero)) ?? .zero, limit: limit)
        }
        guard section.isPresent("hazards") else { return }
        let names = section.list("hazards").compactMap { $0.choice() }
        policy.hazards = Hazards(Hazards.named.filter { names.contains($0.name) }.map(\.hazard))
    }
}
