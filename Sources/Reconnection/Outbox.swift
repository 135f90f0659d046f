public import MonotonicTime

/// Settings of an outbox.
public struct OutboxPolicy: Sendable, Hashable {
    /// What happens to messages while there is no connection.
    public enum WhileDisconnected: String, Sendable, Hashable, CaseIterable {
        /// They wait for the next connection, and those under way when it drops are sent again on the next one.
        case queue
        /// They fail at once with a cause, and so do those under way when the connection drops.
        case refuse
        /// They vanish without a word. Real libraries do this (nats.js, pl3xus); nobody should want it.
        case discard
    }

    /// What happens to a message offered to a full outbox.
    public enum Overflow: String, Sendable, Hashable, CaseIterable {
        /// The new message fails.
        case rejectNewest = "reject-newest"
        /// The oldest message fails and makes room.
        case dropOldest = "drop-oldest"
    }

    /// What happens while there is no connection.
    public var whileDisconnected: WhileDisconnected
    /// The most messages held, at least 1.
    public var capacity: Int
    /// What happens beyond that.
    public var overflow: Overflow
    /// How long a message may wait before it fails as expired; `Interval.max` means for ever.
    public var timeToLive: Interval
    /// How many messages may be under way without an acknowledgement; 1 sends one after another.
    public var window: Int
    /// How long the acknowledgement of the oldest message under way may take before it is sent again.
    public var acknowledgementTimeout: Interval
    /// The wait before a message that timed out, or was turned away for now, is sent again.
    public var retry: Backoff
    /// A message whose retries would exceed this number fails; nil means no limit. Lost connections do not count.
    public var retryLimit: Int?

    /// An outbox's settings.
    public init(
        whileDisconnected: WhileDisconnected = .queue,
        capacity: Int = 1_000,
        overflow: Overflow = .rejectNewest,
        timeToLive: Interval = .max,
        window: Int = 1,
        acknowledgementTimeout: Interval = .seconds(10),
        retry: Backoff = .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full),
        retryLimit: Int? = nil
    ) {
        self.whileDisconnected = whileDisconnected
        self.capacity = capacity
        self.overflow = overflow
        self.timeToLive = timeToLive
        self.window = window
        self.acknowledgementTimeout = acknowledgementTimeout
        self.retry = retry
        self.retryLimit = retryLimit
    }
}

/// Keeps messages until the other side has acknowledged them.
///
/// - Order: messages go out in the order in which they were offered. When the oldest one under way must be sent
///   again, all behind it are sent again after it (go-back-n), so the receiver never sees a later one first. Each
///   message keeps its own wait: one behind another that waits less still waits to its own end.
/// - Idempotency: each message has a key, unique within this outbox and kept over resends; a receiver that
///   remembers keys sees each message once, even if only the acknowledgement was lost.
/// - Every message ends once: acknowledged, failed with one cause, or (if the policy says so) discarded.
///
/// | state of the oldest message | event | what follows |
/// |---|---|---|
/// | waiting | connected, no retry wait, window free | sent |
/// | under way | acknowledged | gone; the next one's acknowledgement timer starts |
/// | under way | acknowledgement overdue or turned away for now | waits its backoff, or fails beyond `retryLimit` |
/// | waiting | turned away for now | as it was: late |
/// | under way | connection drops | waiting again (`queue`), failed (`refuse`), discarded (`discard`) |
/// | any | older than `timeToLive` | failed as expired |
///
/// Draws: one number for each retry wait whose backoff has jitter.
public struct Outbox: Sendable, Hashable {
    /// Names a message within its outbox, and for the receiver together with the sender's name; counts from 1.
    public typealias Key = UInt32

    /// A message held.
    public struct Entry: Sendable, Hashable {
        /// Its key.
        public let key: Key
        /// How often it has timed out or been turned away.
        public let failures: UInt32
        /// When the app offered it.
        public let offeredAt: Instant
    }

    /// Why a message failed for good.
    public enum FailureCause: String, Sendable, Hashable, CaseIterable, BitwiseCopyable {
        /// The outbox was full.
        case overflow
        /// It waited longer than its time to live.
        case expired
        /// It was retried as often as allowed.
        case retriesExhausted = "retries-exhausted"
        /// The receiver refused it for good.
        case rejected
        /// There was no connection, and the policy does not queue.
        case notConnected = "not-connected"
        /// The connection dropped while it was under way, and the policy does not queue.
        case connectionLost = "connection-lost"
    }

    /// Something the outbox wants done or told.
    enum Output {
        case send(Entry)
        case failed(Key, FailureCause)
        case discarded(Key)
    }

    /// What few messages have: failures, and a wait before the next try.
    private struct Setback: Sendable, Hashable {
        let key: Key
        var failures: UInt32 = 0
        /// When it may be sent again.
        var mayGoAt: Instant = .distantPast
    }

    private var messages = MessageList()
    private var sent: UInt32 = 0
    /// Of messages held, in no order.
    private var setbacks: [Setback] = []
    private var acknowledgementDeadline: Instant = .distantFuture
    /// The key the next message will get.
    public private(set) var nextKey: Key = 1
    /// Whether there is a connection to send on.
    public private(set) var isConnected = false

    /// An empty outbox without a connection.
    public init() {}

    /// The messages held, oldest first.
    public var entries: [Entry] { (0..<messages.count).map { entry(at: $0) } }

    /// How many of them, counted from the oldest, are under way.
    public var underWay: Int { Int(sent) }

    /// Whether no message is held.
    public var isEmpty: Bool { messages.isEmpty }

    /// How many messages are held.
    public var count: Int { messages.count }

    /// The keys of the messages held, rising.
    public var keys: [Key] { messages.keys }

    /// The key of the oldest message held.
    public var oldestKey: Key? { messages.isEmpty ? nil : messages.oldestKey }

    /// The next instant at which `advance` has something to do.
    public func nextDeadline(policy: OutboxPolicy) -> Instant {
        var outbox = self
        return outbox.nextDeadlineInPlace(policy.timeToLive, policy.window)
    }

    /// The same without a copy of the outbox or of its policy: it is asked for after every event.
    mutating func nextDeadlineInPlace(_ timeToLive: Interval, _ window: Int) -> Instant {
        guard !messages.isEmpty else { return .distantFuture }
        var deadline = messages.oldestOfferedAt + timeToLive
        guard isConnected else { return deadline }
        if sent > 0 { deadline = min(deadline, acknowledgementDeadline) }
        // Whatever may be sent has been sent already, unless it waits.
        if underWay < min(window, messages.count) { deadline = min(deadline, mayGoAt(underWay)) }
        return deadline
    }

    /// When the oldest message expires.
    mutating func nextExpiry(_ timeToLive: Interval) -> Instant {
        timeToLive == .max || messages.isEmpty ? .distantFuture : messages.oldestOfferedAt + timeToLive
    }

    /// Whether a message is held: neither acknowledged nor given up.
    public func holds(_ key: Key) -> Bool { messages.index(of: key) != nil }

    private func entry(at index: Int) -> Entry {
        let key = messages.key(at: index)
        return Entry(key: key, failures: setback(of: key)?.failures ?? 0, offeredAt: messages.offeredAt(index))
    }

    private func setback(of key: Key) -> Setback? {
        setbacks.isEmpty ? nil : setbacks.first { $0.key == key }
    }

    private func mayGoAt(_ index: Int) -> Instant {
        setbacks.isEmpty ? .distantPast : setback(of: messages.key(at: index))?.mayGoAt ?? .distantPast
    }

    /// The app offers a message; answers with its key.
    mutating func offer(at now: Instant, policy: OutboxPolicy, emit: (Output) -> Void) -> Key {
        let key = nextKey
        nextKey &+= 1
        if !isConnected {
            switch policy.whileDisconnected {
            case .queue: break
            case .refuse:
                emit(.failed(key, .notConnected))
                return key
            case .discard:
                emit(.discarded(key))
                return key
            }
        }
        // A capacity below 1 is a mistake of the policy; it is taken for 1, since an outbox that holds nothing sends nothing.
        if messages.count >= max(1, policy.capacity) {
            switch policy.overflow {
            case .rejectNewest:
                emit(.failed(key, .overflow))
                return key
            case .dropOldest:
                let oldest = remove(at: 0, now: now, policy: policy)
                emit(.failed(oldest, .overflow))
            }
        }
        messages.append(key, offeredAt: now)
        sendWhatMay(at: now, policy: policy, emit: emit)
        return key
    }

    /// The same for a message that can be sent at once, if it can: it is to be sent, and nothing else is to be done.
    mutating func sendAtOnce(
        at now: Instant,
        window: Int,
        capacity: Int,
        acknowledgementTimeout: Interval
    ) -> Key? {
        guard isConnected, setbacks.isEmpty, underWay == messages.count, underWay < min(window, capacity) else {
            return nil
        }
        let key = nextKey
        nextKey &+= 1
        messages.append(key, offeredAt: now)
        if sent == 0 { acknowledgementDeadline = now + acknowledgementTimeout }
        sent += 1
        return key
    }

    /// The receiver acknowledged a message: if that was the oldest and none waits for its place, it is gone, and nothing
    /// else is to be done.
    mutating func acknowledgeOldest(_ key: Key, at now: Instant, _ acknowledgementTimeout: Interval) -> Bool {
        guard setbacks.isEmpty, !messages.isEmpty, messages.oldestKey == key, underWay == messages.count else {
            return false
        }
        _ = messages.remove(at: 0)
        sent -= 1
        acknowledgementDeadline = sent > 0 ? now + acknowledgementTimeout : .distantFuture
        return true
    }

    /// A connection opened: whatever waited for one goes out now.
    mutating func connectionOpened(at now: Instant, policy: OutboxPolicy, emit: (Output) -> Void) {
        isConnected = true
        sent = 0
        for index in setbacks.indices { setbacks[index].mayGoAt = .distantPast }
        expire(at: now, policy: policy, emit: emit)
        sendWhatMay(at: now, policy: policy, emit: emit)
    }

    /// The connection closed.
    mutating func connectionClosed(policy: OutboxPolicy, emit: (Output) -> Void) {
        isConnected = false
        sent = 0
        acknowledgementDeadline = .distantFuture
        guard policy.whileDisconnected != .queue else { return }
        while !messages.isEmpty {
            let key = messages.remove(at: 0)
            emit(policy.whileDisconnected == .refuse ? .failed(key, .connectionLost) : .discarded(key))
        }
        setbacks.removeAll(keepingCapacity: true)
    }

    /// The receiver acknowledged a message; answers whether it was still held. A key that is not held is harmless:
    /// the message failed before its acknowledgement came, or the acknowledgement came twice.
    mutating func acknowledged(
        key: Key,
        at now: Instant,
        policy: OutboxPolicy,
        emit: (Output) -> Void
    ) -> Bool {
        guard let index = messages.index(of: key) else { return false }
        _ = remove(at: index, now: now, policy: policy)
        sendWhatMay(at: now, policy: policy, emit: emit)
        return true
    }

    /// The receiver turned a message away, for now or for good.
    mutating func rejected(
        key: Key,
        isRetryable: Bool,
        at now: Instant,
        policy: OutboxPolicy,
        random: inout some RandomSource,
        emit: (Output) -> Void
    ) {
        guard let index = messages.index(of: key) else { return }
        if isRetryable {
            // Late: it waits for another try already, and one try fails once.
            guard index < underWay else { return }
            retry(at: index, now: now, policy: policy, random: &random, emit: emit)
        } else {
            _ = remove(at: index, now: now, policy: policy)
            emit(.failed(key, .rejected))
        }
        sendWhatMay(at: now, policy: policy, emit: emit)
    }

    /// Time has come to `now`: expires, retries and sends what is due.
    mutating func advance(
        to now: Instant,
        policy: OutboxPolicy,
        random: inout some RandomSource,
        emit: (Output) -> Void
    ) {
        expire(at: now, policy: policy, emit: emit)
        if isConnected, underWay > 0, acknowledgementDeadline <= now {
            retry(at: 0, now: now, policy: policy, random: &random, emit: emit)
        }
        sendWhatMay(at: now, policy: policy, emit: emit)
    }

    /// Lets go of a message; answers with its key.
    private mutating func remove(at index: Int, now: Instant, policy: OutboxPolicy) -> Key {
        let key = messages.remove(at: index)
        if !setbacks.isEmpty, let place = setbacks.firstIndex(where: { $0.key == key }) { setbacks.remove(at: place) }
        if index < underWay { sent -= 1 }
        if index == 0 {
            acknowledgementDeadline = sent > 0 ? now + policy.acknowledgementTimeout : .distantFuture
        }
        return key
    }

    private mutating func expire(at now: Instant, policy: OutboxPolicy, emit: (Output) -> Void) {
        guard policy.timeToLive < .max else { return }
        while !messages.isEmpty, messages.oldestOfferedAt + policy.timeToLive <= now {
            emit(.failed(remove(at: 0, now: now, policy: policy), .expired))
        }
    }

    /// Lets the message wait for another try, and with it all behind it; or ends it.
    private mutating func retry(
        at index: Int,
        now: Instant,
        policy: OutboxPolicy,
        random: inout some RandomSource,
        emit: (Output) -> Void
    ) {
        let key = messages.key(at: index)
        let failures = setback(of: key)?.failures ?? 0
        if let limit = policy.retryLimit, failures >= UInt32(clamping: limit) {
            _ = remove(at: index, now: now, policy: policy)
            emit(.failed(key, .retriesExhausted))
            sent = min(sent, UInt32(index))
        } else {
            sent = min(sent, UInt32(index))
            let wait = policy.retry.delay(beforeRetry: Int(failures), previous: nil, random: &random)
            let setback = Setback(key: key, failures: failures + 1, mayGoAt: now + wait)
            if let place = setbacks.firstIndex(where: { $0.key == key }) {
                setbacks[place] = setback
            } else {
                setbacks.append(setback)
            }
        }
        if sent == 0 { acknowledgementDeadline = .distantFuture }
    }

    private mutating func sendWhatMay(at now: Instant, policy: OutboxPolicy, emit: (Output) -> Void) {
        guard isConnected else { return }
        while underWay < min(policy.window, messages.count), mayGoAt(underWay) <= now {
            if sent == 0 { acknowledgementDeadline = now + policy.acknowledgementTimeout }
            emit(.send(entry(at: underWay)))
            sent += 1
        }
    }
}
