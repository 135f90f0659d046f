import MonotonicTime
import Reconnection

/// Turns a policy section into a policy, on top of another one.
///
/// The keys are read by subject, each in a file `PolicyReader+Subject.swift`; here is what the subjects share.
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
        readRetrying(section, strategies: strategies, into: &policy)
        readAttempts(section, into: &policy)
        readGates(section, into: &policy)
        readCloses(section, into: &policy)
        readOptional(section, "breaker", into: &policy.breaker, readBreaker)
        readOptional(section, "heartbeat", into: &policy.heartbeat, readHeartbeat)
        readOptional(section, "poll-loop", into: &policy.pollLoop, readPollLoop)
        if let outbox = section.section("outbox") { readOutbox(outbox, into: &policy.outbox) }
        readFaults(section, into: &policy)
        return policy
    }

    /// Reads a section that may also be the word 'none'; the closure gets what was inherited.
    static func readOptional<Value>(
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

    /// Whether the value of a key is the word 'none'.
    static func isNone(_ section: SectionReader, _ key: String) -> Bool {
        section.node(key)?.scalarText == "none"
    }

    /// Reads a number of times that may also be 'none', for no limit.
    static func readLimit(
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

    /// Reads a duration that may also be 'none', for one without end.
    static func readOptionalDuration(
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
}
