public import MonotonicTime

/// One client, whole: a supervisor, a heartbeat and an outbox that act as one.
///
/// The client is a value without clock, I/O or generator. **The driver's duty**, for the simulator and for an app
/// alike, is this loop:
///
/// 1. Empty `actions`. Deliver one input at the current time: a method of this type. Time never runs backwards from
///    one call to the next.
/// 2. Carry the actions out in their order. Nothing may be delivered to the client before all are carried out;
///    reports that arise meanwhile wait for the next round.
/// 3. Read `nextDeadline(policy:)` and see to it that `advance(to:)` is called at that instant or as soon after as
///    the system allows. A call too early, or one too many, does nothing.
/// 4. Report what becomes of a transport with the generation it was opened with. Late and repeated reports are
///    harmless: those of another generation are ignored.
///
/// The policy is handed to every call, since a fleet shares one, and must be the same one each time.
public struct ReconnectingClient: Sendable, Hashable {
    /// Decides when to connect.
    public internal(set) var supervisor = ConnectionSupervisor()
    /// Notices dead connections.
    public internal(set) var heartbeat = Heartbeat()
    /// Keeps messages until they are acknowledged.
    public internal(set) var outbox = Outbox()
    // In this order they leave no gaps.

    /// A stopped client without messages.
    public init() {}

    /// Where the client stands.
    public var phase: ConnectionPhase { supervisor.phase }

    /// Which sockets of a group are open; an idle group where there is only one.
    public var group: ConnectionGroup { supervisor.group }

    /// The next instant at which `advance` has something to do; `.distantFuture` if only an input can change anything.
    public func nextDeadline(policy: ClientPolicy) -> Instant {
        var outbox = outbox
        let ofOutbox = outbox.nextDeadlineInPlace(policy.outbox.timeToLive, policy.outbox.window)
        let ofConnection = min(min(supervisor.nextDeadline, group.graceDeadline), heartbeat.nextDeadline)
        return min(ofConnection, ofOutbox)
    }

    /// `nextDeadline` for drivers that hold their clients through pointers. Changes nothing; but a call that might is
    /// given the address of the client, and any other a copy.
    package mutating func nextDeadlineInPlace(policy: ClientPolicy) -> Instant {
        var deadline = min(supervisor.phaseDeadline, supervisor.milestone)
        if !supervisor.rare.isEmpty { deadline = min(deadline, supervisor.rareDeadline) }
        deadline = min(deadline, heartbeat.nextDeadline)
        return min(deadline, outbox.nextDeadlineInPlace(policy.outbox.timeToLive, policy.outbox.window))
    }

    /// How many messages are held, read as `nextDeadlineInPlace` is.
    package mutating func messageCountInPlace() -> Int { outbox.count }

    /// Whether a message is held, read as `nextDeadlineInPlace` is.
    package mutating func holdsMessageInPlace(_ key: Outbox.Key) -> Bool { outbox.holds(key) }

    /// The key of the oldest message held, read as `nextDeadlineInPlace` is.
    package mutating func oldestMessageInPlace() -> Outbox.Key? { outbox.oldestKey }

    // MARK: What the app and its system say

    /// The app wants a connection. Ignored unless stopped or exhausted.
    public mutating func start(
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        supervisor.start(at: now, policy: policy, random: &random, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The app wants no connection any more.
    public mutating func stop(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        supervisor.stop(at: now, policy: policy, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The system says whether there is a network.
    public mutating func networkChanged(
        isOnline: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        supervisor.networkChanged(isOnline: isOnline, at: now, policy: policy, random: &random, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The system says whether the app is visible.
    public mutating func visibilityChanged(
        isVisible: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        supervisor.visibilityChanged(isVisible: isVisible, at: now, policy: policy, random: &random, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The user asks for an attempt now. Ignored while connected, stopped, paused or blocked.
    public mutating func retryNow(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        supervisor.retryNow(at: now, policy: policy, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The app wants a fresh connection, whatever the present one looks like. Ignored while stopped, paused or blocked.
    public mutating func reconnect(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        supervisor.reconnect(isManual: true, at: now, policy: policy, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// New credentials are there: a blocked client connects.
    public mutating func credentialsRenewed(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        supervisor.credentialsRenewed(at: now, policy: policy, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// There are no credentials any more, or none yet: the client is blocked until `credentialsRenewed`.
    public mutating func credentialsWithdrawn(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        supervisor.credentialsWithdrawn(at: now, policy: policy, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The app says whether it is ready for a connection, having read its saved state for example. A client that is not
    /// is paused, whatever its gates say.
    public mutating func readinessChanged(
        isReady: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        supervisor.readinessChanged(isReady: isReady, at: now, policy: policy, random: &random, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The system has woken the app to work unseen, for a background run or for a push message: the gate for hidden
    /// apps stands open until `end`. An `end` that is not after `now` ends it.
    public mutating func wake(
        until end: Instant,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        supervisor.wake(until: end, at: now, policy: policy, random: &random, actions: &actions)
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The app offers a message; answers with the key under which its fate will be told.
    @discardableResult
    public mutating func send(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) -> Outbox.Key {
        let generation = supervisor.generation
        return outbox.offer(at: now, policy: policy.outbox) { Self.tell($0, generation, &actions) }
    }

    // MARK: What the transport says

    /// The app has prepared the attempt of this generation, as `prepareAttempt` asked.
    public mutating func attemptPrepared(
        generation: UInt32,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        supervisor.attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
    }

    /// The transport of this generation is usable, or in a group: one member of it.
    ///
    /// - Parameter member: which socket of the policy's group; 0 where there is only one.
    public mutating func transportOpened(
        generation: UInt32,
        member: Int = 0,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if let groupPolicy = policy.group {
            guard generation == supervisor.generation, groupPolicy.memberNumbers.contains(member),
                phase == .connecting || phase == .connected, !supervisor.isPreparing
            else { return }
            let effect = supervisor.group.opened(member, isConnected: phase == .connected, at: now, policy: groupPolicy)
            supervisor.memberOpened(policy)
            guard effect == .connected else { return }
        }
        let isCurrent = supervisor.transportOpened(
            generation: generation,
            at: now,
            policy: policy,
            random: &random,
            actions: &actions
        )
        guard isCurrent else { return }
        if let heartbeatPolicy = policy.heartbeat {
            heartbeat.connectionOpened(at: now, policy: heartbeatPolicy, random: &random)
        }
        outbox.connectionOpened(at: now, policy: policy.outbox) { Self.tell($0, generation, &actions) }
    }

    /// The attempt of this generation failed, or its connection closed; in a group: one member of it.
    ///
    /// - Parameter member: which socket of the policy's group; 0 where there is only one.
    public mutating func transportLost(
        generation: UInt32,
        member: Int = 0,
        close: Close,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        if let groupPolicy = policy.group, generation == supervisor.generation {
            guard groupPolicy.memberNumbers.contains(member) else { return }
            switch phase {
            case .connecting, .connected:
                guard isLost(member, by: close, at: now, groupPolicy, policy) else { return }
                if !supervisor.isPreparing {
                    actions.append(.closeTransport(generation: generation, close: .goingAway))
                }
            case .closing:
                guard supervisor.group.closedAsAsked(member, policy: groupPolicy) else { return }
            case .stopped, .paused, .waiting, .exhausted, .blocked:
                supervisor.furtherClose(
                    generation: generation,
                    close: close,
                    policy: policy,
                    at: now,
                    random: &random,
                    actions: &actions
                )
                return
            }
        }
        _ = supervisor.transportLost(
            generation: generation,
            close: close,
            at: now,
            policy: policy,
            random: &random,
            actions: &actions
        )
        settle(at: now, policy: policy, actions: &actions)
    }

    /// The reply to a heartbeat arrived.
    public mutating func heartbeatAnswered(generation: UInt32, beat: UInt32, at now: Instant, policy: ClientPolicy) {
        guard isCurrent(generation) else { return }
        if let heartbeatPolicy = policy.heartbeat {
            let isSignOfLife = !policy.hazards.contains(.frozenHeartbeat)
            heartbeat.replyReceived(beat: beat, at: now, policy: heartbeatPolicy, isSignOfLife: isSignOfLife)
        }
        supervisor.heard(generation: generation, at: now)
    }

    /// Anything else came from the server: its own heartbeat, or data. Only policies with a rule for silence or a poll
    /// loop look at it.
    public mutating func received(generation: UInt32, at now: Instant, policy: ClientPolicy) {
        guard isCurrent(generation), !policy.hazards.contains(.frozenHeartbeat) else { return }
        if let heartbeatPolicy = policy.heartbeat { heartbeat.heard(at: now, policy: heartbeatPolicy) }
        supervisor.heard(generation: generation, at: now)
    }

    /// The other side has the message. Counts whatever the generation: the key says all.
    public mutating func messageAcknowledged(
        key: Outbox.Key,
        at now: Instant,
        policy: ClientPolicy,
        actions: inout ClientActions
    ) {
        let generation = supervisor.generation
        // Told before anything that its going lets out: the receiver of the actions sees cause, then effect.
        guard outbox.holds(key) else { return }
        actions.append(.messageAcknowledged(key: key))
        _ = outbox.acknowledged(key: key, at: now, policy: policy.outbox) { Self.tell($0, generation, &actions) }
    }

    /// The other side turned the message away, for now or for good.
    public mutating func messageRejected(
        generation: UInt32,
        key: Outbox.Key,
        isRetryable: Bool,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        guard isCurrent(generation) else { return }
        outbox.rejected(key: key, isRetryable: isRetryable, at: now, policy: policy.outbox, random: &random) {
            Self.tell($0, generation, &actions)
        }
    }

    // MARK: Time

    /// Time has come to `now`: whatever is due by then happens.
    public mutating func advance(
        to now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        // Nothing is due at the end of time, where deadlines stand that are none.
        guard now < .distantFuture else { return }
        if let beat = beatIfNothingElseIsDue(at: now, policy: policy) {
            actions.append(.sendHeartbeat(generation: beat.generation, beat: beat.number))
            return
        }
        if supervisor.nextDeadline <= now {
            supervisor.advance(to: now, policy: policy, random: &random, actions: &actions)
            // A connection that has just ended takes its grace and its beats along.
            settle(at: now, policy: policy, actions: &actions)
        }
        if !supervisor.rare.isEmpty, supervisor.rare[0].group.graceDeadline <= now {
            lose(.goingAway, at: now, policy: policy, random: &random, actions: &actions)
            settle(at: now, policy: policy, actions: &actions)
        }
        if heartbeat.nextDeadline <= now, let heartbeatPolicy = policy.heartbeat {
            beat(heartbeatPolicy, at: now, policy: policy, random: &random, actions: &actions)
        }
        settle(at: now, policy: policy, actions: &actions)
        guard !outbox.isEmpty else { return }
        let generation = supervisor.generation
        outbox.advance(to: now, policy: policy.outbox, random: &random) { Self.tell($0, generation, &actions) }
    }

    // MARK: Steps

    /// Whether the close of a member loses its group: by the group's rules, or by a close rule.
    private mutating func isLost(
        _ member: Int,
        by close: Close,
        at now: Instant,
        _ groupPolicy: ConnectionGroupPolicy,
        _ policy: ClientPolicy
    ) -> Bool {
        let rule = policy.closeRules.first { $0.applies(to: close) }
        let isDecisive = rule.map { $0.response != .backOff } ?? false
        let effect = supervisor.group.closed(member, isConnected: phase == .connected, at: now, policy: groupPolicy)
        return effect == .lost || isDecisive
    }

    private mutating func beat(
        _ heartbeatPolicy: HeartbeatPolicy,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        while heartbeat.nextDeadline <= now {
            let due = heartbeat.advance(to: now, policy: heartbeatPolicy)
            switch due {
            case .nothing:
                break
            case .send(let beat):
                actions.append(.sendHeartbeat(generation: supervisor.generation, beat: beat))
            case .missed(let inARow):
                actions.append(.heartbeatMissed(inARow: inARow))
            case .connectionDead, .connectionSilent:
                guard !policy.hazards.contains(.deadConnectionIsIgnored) else { continue }
                if due == .connectionSilent, heartbeatPolicy.silence?.reconnectsAtOnce == true {
                    supervisor.reconnect(isManual: false, at: now, policy: policy, actions: &actions)
                } else {
                    lose(.goingAway, at: now, policy: policy, random: &random, actions: &actions)
                }
            }
        }
    }

    /// Closes a connection that the client itself has found to be dead.
    private mutating func lose(
        _ close: CloseCode,
        at now: Instant,
        policy: ClientPolicy,
        random: inout some RandomSource,
        actions: inout ClientActions
    ) {
        let generation = supervisor.generation
        actions.append(.closeTransport(generation: generation, close: close))
        _ = supervisor.transportLost(
            generation: generation,
            close: .abnormal,
            at: now,
            policy: policy,
            random: &random,
            actions: &actions
        )
    }

    private func isCurrent(_ generation: UInt32) -> Bool {
        generation == supervisor.generation && supervisor.phase == .connected
    }

    /// Tells heartbeat and outbox if the supervisor has just let go of the connection.
    private mutating func settle(at now: Instant, policy: ClientPolicy, actions: inout ClientActions) {
        if policy.group != nil {
            supervisor.group.follow(supervisor.generation, phase)
        }
        guard supervisor.phase != .connected, outbox.isConnected else { return }
        heartbeat.connectionClosed()
        let generation = supervisor.generation
        outbox.connectionClosed(policy: policy.outbox) { Self.tell($0, generation, &actions) }
    }

    private static func tell(_ output: Outbox.Output, _ generation: UInt32, _ actions: inout ClientActions) {
        switch output {
        case .send(let entry):
            actions.append(
                .sendMessage(
                    generation: generation,
                    key: entry.key,
                    offeredAt: entry.offeredAt,
                    resend: entry.failures
                )
            )
        case .failed(let key, let cause):
            actions.append(.messageFailed(key: key, cause: cause))
        case .discarded(let key):
            actions.append(.messageDiscarded(key: key))
        }
    }
}
