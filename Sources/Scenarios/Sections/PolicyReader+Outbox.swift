import MonotonicTime
import Reconnection

/// What becomes of messages: `outbox`.
extension PolicyReader {
    static func readOutbox(_ section: SectionReader, into outbox: inout OutboxPolicy) {
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
