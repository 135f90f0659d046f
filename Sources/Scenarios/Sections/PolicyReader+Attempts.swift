import MonotonicTime
import Reconnection

/// How an attempt and a connection begin and end: `connect-timeout`, `start-spread`, `starts-after-backoff`,
/// `prepares-attempts`, `closing-timeout` and `group`.
extension PolicyReader {
    static func readAttempts(_ section: SectionReader, into policy: inout ClientPolicy) {
        readOptionalDuration(section, "connect-timeout", into: &policy.connectTimeout)
        if let spread = section.duration("start-spread", .atLeast(.zero)) { policy.startSpread = spread }
        if let waits = section.boolean("starts-after-backoff") { policy.startsAfterBackoff = waits }
        if let prepares = section.boolean("prepares-attempts") { policy.preparesAttempts = prepares }
        if let closing = section.duration("closing-timeout", .atLeast(.zero)) { policy.closingTimeout = closing }
        readOptional(section, "group", into: &policy.group) { keys, _ in
            var grace = Interval.zero
            readOptionalDuration(keys, "grace", .atLeast(.zero), into: &grace)
            return ConnectionGroupPolicy(members: keys.count("members", .within(1...32)) ?? 1, grace: grace)
        }
    }
}
