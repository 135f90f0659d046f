public import MonotonicTime

/// Holds the edits made while offline and hands them over as one merged payload when the network is back.
///
/// While online nothing is held: edits take the ordinary way, also while a flush is under way or has failed, since the
/// merge of edits is meant to commute (a CRDT). The payload is the caller's: the action says how many edits, counted
/// from the oldest in `pending`, are to be merged into it.
///
/// | state | event | next |
/// |---|---|---|
/// | offline | edit | held |
/// | online | edit | not held |
/// | any, no flush under way | online event, edits held | online; one flush with all of them |
/// | any, no flush under way | online event, nothing held | online |
/// | flushing | online event | flushing; remembered until the flush ends |
/// | any | offline event | offline; no retry waits any more, a flush under way goes on |
/// | flushing | success | its edits are gone, and only they |
/// | flushing | failure | its edits are held on; a retry waits if online and the policy has one |
/// | flush ended, online event remembered, still online | – | the next flush, at once and in place of a retry's wait |
/// | retry waits | its instant | one flush with all that is held |
///
/// An online event is every call `networkChanged(isOnline: true)`, also without an offline one before it. Without a
/// `retry` in the policy there is no timer: a failed flush is tried again on the next online event only.
///
/// The caller reports the end of every flush, a lost connection as a failure: nothing else ends it. Results carry the
/// flush's number; those of any but the last flush, and repeated ones, are ignored.
///
/// Draws: one number for each retry wait whose backoff has jitter.
///
/// - Source: the offline pattern of valtio-y's error-handling document, with its two faults as hazards.
public struct MergeBuffer<Edit> {
    /// What the caller must do.
    public enum Action: Sendable, Hashable {
        /// Nothing.
        case none
        /// Merge the first `count` edits of `pending` into one payload, send it, and report how it ended under this
        /// number. They stay where they are meanwhile.
        case flush(number: UInt32, count: Int)
    }

    /// What became of an edit.
    public enum Acceptance: Sendable, Hashable {
        /// It is held for the next flush.
        case held
        /// It is not: the client is online, and the edit goes the ordinary way.
        case notHeld
    }

    /// The edits held, oldest first. Those of a flush under way are the first ones.
    public private(set) var pending: [Edit] = []
    /// Whether the environment says online.
    public private(set) var isOnline: Bool
    /// How many of the pending edits are in the flush under way; 0 if there is none.
    public private(set) var inFlightCount = 0
    /// How many payloads were to be sent.
    public private(set) var payloadsSent = 0
    /// How many edits were in payloads that arrived.
    public private(set) var editsFlushed = 0
    /// How many times an edit was sent while an earlier payload with it was still under way. Only with a hazard.
    public private(set) var editsSentTwice = 0
    /// How many edits were wiped without having been sent. Only with a hazard.
    public private(set) var editsLost = 0

    private var lastFlush: UInt32 = 0
    private var owesFlush = false
    private var retryAt: Instant = .distantFuture
    private var failures = 0
    private var lastDelay: Interval?

    /// An empty buffer.
    public init(isOnline: Bool = true) {
        self.isOnline = isOnline
    }

    /// How many edits are held, those under way included.
    public var pendingCount: Int { pending.count }

    /// Whether a flush is under way.
    public var isFlushing: Bool { inFlightCount > 0 }

    /// The next instant at which `advance` has something to do; always `.distantFuture` without a retry in the policy.
    public var nextDeadline: Instant { retryAt }

    /// The user made an edit.
    public mutating func edited(_ edit: Edit) -> Acceptance {
        guard !isOnline else { return .notHeld }
        pending.append(edit)
        return .held
    }

    /// The environment says online or offline.
    public mutating func networkChanged(isOnline: Bool, policy: MergeBufferPolicy) -> Action {
        self.isOnline = isOnline
        endWait()
        failures = 0
        lastDelay = nil
        owesFlush = false
        guard isOnline else { return .none }
        if isFlushing, !policy.hazards.contains(.flushesOverlap) {
            owesFlush = true
            return .none
        }
        return flush()
    }

    /// A flush arrived.
    public mutating func flushSucceeded(number: UInt32, policy: MergeBufferPolicy) -> Action {
        guard isFlushing, number == lastFlush else { return .none }
        editsFlushed += inFlightCount
        if policy.hazards.contains(.successWipesEverything) {
            editsLost += pending.count - inFlightCount
            pending.removeAll(keepingCapacity: true)
        } else {
            pending.removeFirst(inFlightCount)
        }
        inFlightCount = 0
        return flushOwed()
    }

    /// A flush did not arrive, as far as anyone can tell.
    public mutating func flushFailed(
        number: UInt32,
        at now: Instant,
        policy: MergeBufferPolicy,
        random: inout some RandomSource
    ) -> Action {
        guard isFlushing, number == lastFlush else { return .none }
        inFlightCount = 0
        if !owesFlush, isOnline, let retry = policy.retry {
            let delay = retry.delay(beforeRetry: failures, previous: lastDelay, random: &random)
            failures += 1
            lastDelay = delay
            retryAt = now + delay
        }
        return flushOwed()
    }

    /// Time has come to `now`: a flush whose wait is over is tried again.
    public mutating func advance(to now: Instant) -> Action {
        guard retryAt <= now else { return .none }
        endWait()
        return flush()
    }

    private mutating func flushOwed() -> Action {
        guard owesFlush else { return .none }
        owesFlush = false
        return flush()
    }

    private mutating func flush() -> Action {
        guard !pending.isEmpty else { return .none }
        editsSentTwice += inFlightCount
        inFlightCount = pending.count
        payloadsSent += 1
        lastFlush &+= 1
        return .flush(number: lastFlush, count: pending.count)
    }

    private mutating func endWait() {
        retryAt = .distantFuture
    }
}

extension MergeBuffer: Sendable where Edit: Sendable {}
extension MergeBuffer: Equatable where Edit: Equatable {}
extension MergeBuffer: Hashable where Edit: Hashable {}

/// Settings of a merge buffer.
public struct MergeBufferPolicy: Sendable, Hashable {
    /// The wait before a failed flush is tried again while online; nil: the next online event tries again. The retry
    /// count starts at 0 on every network event.
    public var retry: Backoff?
    /// Faults to reproduce.
    public var hazards: MergeBufferHazards

    /// A buffer's settings; the default is the documented pattern, with no timer.
    public init(retry: Backoff? = nil, hazards: MergeBufferHazards = []) {
        self.retry = retry
        self.hazards = hazards
    }
}

/// Faults of real systems in flushing offline edits, off by default.
public struct MergeBufferHazards: OptionSet, Sendable, Hashable {
    /// The switches as bits.
    public var rawValue: UInt8

    /// Switches from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The success of a flush empties the list (valtio-y's document): edits queued during the flush, because the client
    /// had gone offline again, are lost. Counted in `editsLost`.
    public static let successWipesEverything = MergeBufferHazards(rawValue: 1 << 0)
    /// An online event during a flush starts another one with the same edits (valtio-y's document): the server gets
    /// them twice. Counted in `editsSentTwice`. Only the last flush's result counts.
    public static let flushesOverlap = MergeBufferHazards(rawValue: 1 << 1)
}
