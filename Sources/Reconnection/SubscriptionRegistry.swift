public import MonotonicTime

/// A client's live subscriptions: shared between their users, restored on every connection, measured until the last
/// one is back.
///
/// One subscription a topic, however many users; ids count from 0, are kept over reconnects and never used again.
///
/// | state of a topic | event | next |
/// |---|---|---|
/// | unknown | first user | unsent, with a new id; on a connection: requested, subscribe is sent |
/// | known | another user | as it was: one more user, nothing is sent |
/// | any | last user gone | forgotten; unsubscribe is sent where the connection has seen the subscribe |
/// | any | connection opens | requested: subscribe is sent, in the order of first subscription, with the old id |
/// | requested | confirmation or snapshot | confirmed |
/// | requested | unconfirmed for `resendInterval` since the last subscribe of any topic | requested: sent again |
/// | requested, confirmed | rejected | waiting for its rejoin delay; failed if the policy has no `rejoin` |
/// | requested | unconfirmed for `joinTimeout` | the same, after an unsubscribe: a late join must not stay behind |
/// | waiting | delay over | requested: subscribe is sent |
/// | any | connection closes | unsent; what waits or has failed is tried again on the next opening |
///
/// **One subscribe for each (connection, id).** A second one follows only where the server has not taken the first: on
/// the policy's `resendInterval`, or after a rejection or timeout. A confirmed subscription is never sent again on its
/// connection.
///
/// **Before any user traffic.** The driver calls `connectionOpened` when it carries out the client's action
/// `.phaseChanged(from: _, to: .connected)`, with the client's generation, and carries the registry's actions out
/// before it goes on. `ReconnectingClient` puts that action before the first `.sendMessage` of the connection, so every
/// subscribe is on the wire before the outbox sends anything. Likewise `connectionClosed` belongs to
/// `.phaseChanged(from: .connected, to: _)`.
///
/// **A snapshot replaces.** `snapshotReceived` and `acceptsUpdate` say what to do with data: an app that obeys them
/// never shows rows that were removed while it was away. See `SnapshotVerdict`.
///
/// Harmless by rule: opening twice with the same generation does nothing, with another one it first closes the old
/// connection; reports with another generation than the open one, for unknown ids or for topics that are neither
/// requested nor confirmed are ignored; releasing a use twice does nothing; time that runs backwards only makes timers
/// late.
///
/// Draws: one number for each rejoin delay whose backoff has jitter, topics due together in the order of first
/// subscription.
///
/// - Source: pl3xus connection management guide for ids, order and reference counts; phoenix.js `channel.js` for rejoin
///   and join timeout, with its leave after a timeout; Action Cable `subscription_guarantor.js` for the resend.
public struct SubscriptionRegistry<Topic: Hashable & Sendable>: Sendable, Hashable {
    /// Names a subscription, on every connection; counts from 0.
    public typealias ID = UInt32

    /// One user's share in a subscription, to be given back with `release`.
    public struct Use: Sendable, Hashable {
        /// The subscription's id.
        public let id: ID
        fileprivate let number: UInt64
    }

    /// How far a subscription has come on the open connection.
    public enum State: Sendable, Hashable {
        /// Not sent on this connection, or there is none.
        case unsent
        /// Sent, and neither confirmed nor rejected yet; overdue from the instant.
        case requested(overdueAt: Instant)
        /// Confirmed, by a confirmation or a snapshot.
        case confirmed(hasSnapshot: Bool)
        /// Turned away or timed out; sent again at the instant.
        case waiting(until: Instant)
        /// Turned away or timed out, and not tried again on this connection.
        case failed
    }

    /// A live subscription.
    public struct Subscription: Sendable, Hashable {
        /// Its id.
        public let id: ID
        /// What it is for.
        public let topic: Topic
        /// How it came about; its first user decides.
        public let style: SubscriptionStyle
        /// How many users share it, at least 1.
        public fileprivate(set) var userCount = 1
        /// How far it has come.
        public fileprivate(set) var state: State = .unsent
        fileprivate let firstUse: UInt64
        fileprivate var hasItsFirstUser = true
        /// Rejections and timeouts since the connection opened or the last confirmation.
        fileprivate var failures = 0
        fileprivate var lastDelay: Interval?
        /// Whether this connection's restore waits for it.
        fileprivate var awaitsRestore = false
    }

    /// The live subscriptions, in the order in which they were first subscribed, which is that of their ids.
    public private(set) var subscriptions: [Subscription] = []
    /// The generation of the open connection; nil without one.
    public private(set) var generation: UInt32?
    /// How many of the subscriptions that were live when the connection opened are not confirmed yet.
    public private(set) var unrestoredCount = 0
    /// The id the next new topic will get.
    public private(set) var nextID: ID = 0

    private var idOfTopic: [Topic: ID] = [:]
    private var idOfUse: [UInt64: ID] = [:]
    private var nextUse: UInt64 = 0
    private var restoredCount: UInt32 = 0
    /// The first drop since everything was last restored.
    private var droppedAt: Instant?
    private var resendAt: Instant = .distantFuture

    /// A registry without topics and without a connection.
    public init() {}

    /// The next instant at which `advance` has something to do.
    ///
    /// - Complexity: O(1) where the policy has neither `joinTimeout` nor `rejoin`, else one look at each subscription.
    public func nextDeadline(policy: SubscriptionPolicy) -> Instant {
        guard generation != nil else { return .distantFuture }
        guard policy.joinTimeout < .max || policy.rejoin != nil else { return resendAt }
        return subscriptions.reduce(resendAt) { deadline, subscription in
            switch subscription.state {
            case .requested(let overdueAt): min(deadline, overdueAt)
            case .waiting(let until): min(deadline, until)
            case .unsent, .confirmed, .failed: deadline
            }
        }
    }

    /// The live subscription to a topic.
    public subscript(topic: Topic) -> Subscription? {
        idOfTopic[topic].flatMap(index(of:)).map { subscriptions[$0] }
    }

    // MARK: What the app says

    /// Someone starts to use a topic. Its first user subscribes it, at once if there is a connection.
    public mutating func subscribe(
        to topic: Topic,
        style: SubscriptionStyle = .watched,
        at now: Instant,
        policy: SubscriptionPolicy,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) -> Use {
        let number = nextUse
        nextUse += 1
        if let id = idOfTopic[topic], let index = index(of: id) {
            subscriptions[index].userCount += 1
            idOfUse[number] = id
            return Use(id: id, number: number)
        }
        let id = nextID
        nextID &+= 1
        idOfTopic[topic] = id
        idOfUse[number] = id
        subscriptions.append(Subscription(id: id, topic: topic, style: style, firstUse: number))
        send(at: subscriptions.count - 1, now: now, policy: policy, actions: &actions)
        return Use(id: id, number: number)
    }

    /// A user no longer needs its topic. The last one unsubscribes it, and it is forgotten.
    public mutating func release(
        _ use: Use,
        at now: Instant,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard idOfUse[use.number] == use.id, let index = index(of: use.id) else { return }
        idOfUse[use.number] = nil
        subscriptions[index].userCount -= 1
        if subscriptions[index].firstUse == use.number { subscriptions[index].hasItsFirstUser = false }
        guard subscriptions[index].userCount == 0 else { return }

        let gone = subscriptions.remove(at: index)
        idOfTopic[gone.topic] = nil
        if let generation {
            switch gone.state {
            case .requested, .confirmed:
                actions.append(.unsubscribe(id: gone.id, topic: gone.topic, generation: generation))
            case .unsent, .waiting, .failed:
                break
            }
        }
        disarmResendIfIdle()
        if subscriptions.isEmpty { droppedAt = nil }
        if gone.awaitsRestore { restoreStepDone(at: now, actions: &actions) }
    }

    // MARK: What the connection says

    /// A connection of this generation opened: all live topics are sent again. To be called before anything else is
    /// sent on it.
    public mutating func connectionOpened(
        generation: UInt32,
        at now: Instant,
        policy: SubscriptionPolicy,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        if let old = self.generation {
            guard old != generation else { return }
            connectionClosed(generation: old, at: now)
        }
        self.generation = generation
        restoredCount = 0
        unrestoredCount = subscriptions.count
        for index in subscriptions.indices {
            subscriptions[index].awaitsRestore = true
            guard mayRestore(subscriptions[index], policy: policy) else { continue }
            send(at: index, now: now, policy: policy, actions: &actions)
        }
    }

    /// The connection of this generation closed.
    public mutating func connectionClosed(generation: UInt32, at now: Instant) {
        guard generation == self.generation else { return }
        self.generation = nil
        resendAt = .distantFuture
        unrestoredCount = 0
        // Nobody sees old data where there is none.
        if droppedAt == nil, !subscriptions.isEmpty { droppedAt = now }
        for index in subscriptions.indices {
            subscriptions[index].state = .unsent
            subscriptions[index].failures = 0
            subscriptions[index].lastDelay = nil
            subscriptions[index].awaitsRestore = false
        }
    }

    /// The server confirmed a subscription, without data.
    public mutating func confirmed(
        id: ID,
        generation: UInt32,
        at now: Instant,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard let index = index(of: id, generation: generation), case .requested = subscriptions[index].state
        else { return }
        confirm(at: index, hasSnapshot: false, now: now, actions: &actions)
    }

    /// The server sent everything a subscription covers. Confirms it, and answers what to do with the data.
    public mutating func snapshotReceived(
        id: ID,
        generation: UInt32,
        at now: Instant,
        policy: SubscriptionPolicy,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) -> SnapshotVerdict {
        guard let index = index(of: id, generation: generation) else { return .ignore }
        switch subscriptions[index].state {
        case .requested: confirm(at: index, hasSnapshot: true, now: now, actions: &actions)
        case .confirmed: subscriptions[index].state = .confirmed(hasSnapshot: true)
        case .unsent, .waiting, .failed: return .ignore
        }
        return policy.hazards.contains(.keepsStaleData) ? .merge : .replace
    }

    /// Whether an update may be applied: not before the connection's first snapshot of that subscription, not for an
    /// unknown id, not of another generation.
    public func acceptsUpdate(id: ID, generation: UInt32) -> Bool {
        guard let index = index(of: id, generation: generation) else { return false }
        return subscriptions[index].state == .confirmed(hasSnapshot: true)
    }

    /// The server refused a subscription, or ended one it had confirmed (Phoenix: its channel crashed).
    public mutating func rejected(
        id: ID,
        generation: UInt32,
        at now: Instant,
        policy: SubscriptionPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard let index = index(of: id, generation: generation) else { return }
        switch subscriptions[index].state {
        case .requested, .confirmed: break
        case .unsent, .waiting, .failed: return
        }
        fail(at: index, cause: .rejected, now: now, policy: policy, random: &random, actions: &actions)
        disarmResendIfIdle()
    }

    // MARK: Time

    /// Time has come to `now`: overdue subscriptions fail, those whose wait is over are sent, and unconfirmed ones are
    /// sent again where the policy says so. Each topic once, in the order of first subscription.
    public mutating func advance(
        to now: Instant,
        policy: SubscriptionPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard let generation, nextDeadline(policy: policy) <= now else { return }
        let isResendDue = resendAt <= now
        for index in subscriptions.indices {
            switch subscriptions[index].state {
            case .requested(let overdueAt) where overdueAt <= now:
                let subscription = subscriptions[index]
                actions.append(
                    .unsubscribe(id: subscription.id, topic: subscription.topic, generation: generation)
                )
                fail(at: index, cause: .timedOut, now: now, policy: policy, random: &random, actions: &actions)
            case .requested where isResendDue:
                resend(at: index, now: now, policy: policy, actions: &actions)
            case .waiting(let until) where until <= now:
                send(at: index, now: now, policy: policy, actions: &actions)
            case .unsent, .requested, .confirmed, .waiting, .failed:
                break
            }
        }
        disarmResendIfIdle()
    }

    // MARK: Steps

    private func index(of id: ID) -> Int? {
        // Ids rise from front to back.
        var low = 0
        var high = subscriptions.count
        while low < high {
            let middle = (low + high) / 2
            if subscriptions[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < subscriptions.count && subscriptions[low].id == id ? low : nil
    }

    private func index(of id: ID, generation: UInt32) -> Int? {
        generation == self.generation ? index(of: id) : nil
    }

    private func mayRestore(_ subscription: Subscription, policy: SubscriptionPolicy) -> Bool {
        if policy.hazards.contains(.restoreBelongsToFirstUser), !subscription.hasItsFirstUser { return false }
        if policy.hazards.contains(.storesAreSentOnlyOnce), subscription.style == .store { return false }
        return true
    }

    /// Subscribes if there is a connection; its join timeout starts.
    private mutating func send(
        at index: Int,
        now: Instant,
        policy: SubscriptionPolicy,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard generation != nil else { return }
        subscriptions[index].state = .requested(overdueAt: now + policy.joinTimeout)
        resend(at: index, now: now, policy: policy, actions: &actions)
    }

    /// Subscribes, with the join timeout running on.
    private mutating func resend(
        at index: Int,
        now: Instant,
        policy: SubscriptionPolicy,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        guard let generation else { return }
        let subscription = subscriptions[index]
        actions.append(.subscribe(id: subscription.id, topic: subscription.topic, generation: generation))
        resendAt = policy.resendInterval.map { now + $0 } ?? .distantFuture
    }

    private mutating func confirm(
        at index: Int,
        hasSnapshot: Bool,
        now: Instant,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        subscriptions[index].state = .confirmed(hasSnapshot: hasSnapshot)
        subscriptions[index].failures = 0
        subscriptions[index].lastDelay = nil
        disarmResendIfIdle()
        guard subscriptions[index].awaitsRestore else { return }
        subscriptions[index].awaitsRestore = false
        restoredCount += 1
        restoreStepDone(at: now, actions: &actions)
    }

    /// One subscription fewer to wait for: it came back, or nobody wants it any more.
    private mutating func restoreStepDone(
        at now: Instant,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        unrestoredCount -= 1
        guard unrestoredCount == 0, let generation else { return }
        let sinceDrop = droppedAt.map { now - $0 }
        droppedAt = nil
        // Nothing came back if each was released first.
        guard restoredCount > 0 else { return }
        actions.append(.allRestored(generation: generation, count: restoredCount, sinceDrop: sinceDrop))
    }

    private mutating func fail(
        at index: Int,
        cause: SubscriptionFailureCause,
        now: Instant,
        policy: SubscriptionPolicy,
        random: inout some RandomSource,
        actions: inout ActionBuffer<SubscriptionAction<Topic>>
    ) {
        let subscription = subscriptions[index]
        guard let rejoin = policy.rejoin else {
            subscriptions[index].state = .failed
            actions.append(.failed(id: subscription.id, topic: subscription.topic, cause: cause, retryAt: nil))
            return
        }
        let delay = rejoin.delay(
            beforeRetry: subscription.failures,
            previous: subscription.lastDelay,
            random: &random
        )
        subscriptions[index].failures += 1
        subscriptions[index].lastDelay = delay
        subscriptions[index].state = .waiting(until: now + delay)
        actions.append(.failed(id: subscription.id, topic: subscription.topic, cause: cause, retryAt: now + delay))
    }

    private mutating func disarmResendIfIdle() {
        guard resendAt < .distantFuture else { return }
        let isAnyRequested = subscriptions.contains { subscription in
            guard case .requested = subscription.state else { return false }
            return true
        }
        if !isAnyRequested { resendAt = .distantFuture }
    }
}

/// What a registry wants sent, or told.
public enum SubscriptionAction<Topic: Hashable & Sendable>: Sendable, Hashable {
    /// Send a subscribe on the connection of this generation.
    case subscribe(id: UInt32, topic: Topic, generation: UInt32)
    /// Send an unsubscribe on the connection of this generation.
    case unsubscribe(id: UInt32, topic: Topic, generation: UInt32)
    /// A subscribe was refused or timed out, or the server ended its subscription; it is sent again at `retryAt`, or on
    /// the next opening where that is nil.
    case failed(id: UInt32, topic: Topic, cause: SubscriptionFailureCause, retryAt: Instant?)
    /// All `count` subscriptions that were live when the connection opened, and still are, have been confirmed. Told
    /// once a connection at most, and never if none was live. `sinceDrop` is the time from the first drop since
    /// everything was last restored: the time the user saw old data; nil on a first connection.
    case allRestored(generation: UInt32, count: UInt32, sinceDrop: Interval?)
}

/// Why a subscribe came to nothing.
public enum SubscriptionFailureCause: String, Sendable, Hashable, CaseIterable {
    /// The server refused it, or ended it after it was confirmed.
    case rejected
    /// Neither confirmation nor snapshot came in time.
    case timedOut = "timed-out"
}

/// What to do with a snapshot.
public enum SnapshotVerdict: String, Sendable, Hashable, CaseIterable {
    /// Forget all that is held for this subscription, then take the snapshot.
    case replace
    /// Put the snapshot over what is held: rows removed on the server meanwhile stay. Only with a hazard.
    case merge
    /// Throw it away: it is late, or nobody wants it any more.
    case ignore
}

/// How a subscription came about.
public enum SubscriptionStyle: String, Sendable, Hashable, CaseIterable {
    /// A view watches one component type.
    case watched
    /// A store is filled for as long as a page is mounted.
    case store
}

/// Settings of a subscription registry.
public struct SubscriptionPolicy: Sendable, Hashable {
    /// How long a subscribe may go unconfirmed before it fails; `Interval.max`: for ever (Phoenix: 10 s).
    public var joinTimeout: Interval
    /// The wait before a refused or overdue subscribe is sent again on the same connection; nil: it is not. The retry
    /// count starts at 0 on every opening and after each confirmation.
    public var rejoin: Backoff?
    /// How long after the last subscribe all unconfirmed ones are sent again; nil: they are not (Action Cable: 500 ms).
    public var resendInterval: Interval?
    /// Faults to reproduce.
    public var hazards: SubscriptionHazards

    /// A registry's settings; by default a subscribe is sent once a connection and waited for.
    public init(
        joinTimeout: Interval = .max,
        rejoin: Backoff? = nil,
        resendInterval: Interval? = nil,
        hazards: SubscriptionHazards = []
    ) {
        self.joinTimeout = joinTimeout
        self.rejoin = rejoin
        self.resendInterval = resendInterval
        self.hazards = hazards
    }

    /// Channels of phoenix.js: 10 s for a join, then a ladder of 1, 2, 5 and from then on 10 s, without jitter.
    public static let phoenixChannels = SubscriptionPolicy(
        joinTimeout: .seconds(10),
        rejoin: Backoff(growth: .table([.seconds(1), .seconds(2), .seconds(5), .seconds(10)]))
    )
    /// Action Cable: unconfirmed subscriptions are sent again every 500 ms.
    public static let actionCable = SubscriptionPolicy(resendInterval: .milliseconds(500))
}

/// Faults of real systems in the handling of subscriptions, off by default.
///
/// A further one needs no switch: pl3xus' server keeps a repeated subscribe beside the first and sends every update
/// twice. That is the server's doing; the client provokes it whenever it repeats a subscribe that was taken, for
/// instance through `resendInterval` with confirmations slower than the interval.
public struct SubscriptionHazards: OptionSet, Sendable, Hashable {
    /// The switches as bits.
    public var rawValue: UInt8

    /// Switches from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The restore belongs to a topic's first user: once that one has gone, the topic is not sent on a new connection,
    /// although others still use it (pl3xus as built). They show old data for ever, and `allRestored` is never told.
    public static let restoreBelongsToFirstUser = SubscriptionHazards(rawValue: 1 << 0)
    /// Subscriptions of style `.store` are sent when they come about and never again: lost if there is no connection
    /// then, and not restored (pl3xus as built). Their data freezes at the first drop; `allRestored` is never told.
    public static let storesAreSentOnlyOnce = SubscriptionHazards(rawValue: 1 << 1)
    /// Snapshots are merged into what is held (pl3xus as built): what was removed while the client was away stays on
    /// screen until the app is restarted.
    public static let keepsStaleData = SubscriptionHazards(rawValue: 1 << 2)
}
