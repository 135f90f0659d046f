import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// The driver's half of the loop contract of `ReconnectingClient`: inputs in, actions out, one wake-up each.
extension World {
    /// Brings a client into its steady state: connected for a random age, heartbeat and message clock in random phase.
    ///
    /// The client's own code lives through its age alone with a perfect network; nothing is set from outside.
    mutating func establish(_ index: Int) {
        let cohort = Int(clients[index].cohort)
        let policy = policies[cohort].policy
        let age = uniform(index, .connectionAge, 0)
        var settled = Interval.seconds(60)
        if case .afterStable(let window) = policy.reset.afterSuccess { settled = settled + window }
        if let heartbeat = policy.heartbeat, let rhythm = Self.rhythm(of: heartbeat) {
            settled = settled + rhythm.scaled(by: 1 + age)
        }
        var now = Instant.origin - settled - policy.startSpread
        withClient(index) { client, policy, random, actions in
            client.start(at: now, policy: policy, random: &random, actions: &actions)
        }
        var isOpen = false
        var isPreparing = false
        // A policy that asks for more steps than this before its first minute is over beats without end: let it.
        for _ in 0..<100_000 {
            for action in actions.list {
                switch action {
                case .prepareAttempt:
                    isPreparing = true
                case .openTransport(let generation):
                    isOpen = true
                    clients[index].transport.generation = generation
                case .sendHeartbeat(let generation, let beat):
                    clients[index].client.heartbeatAnswered(
                        generation: generation,
                        beat: beat,
                        at: now,
                        policy: policy
                    )
                default: break
                }
            }
            if isPreparing {
                isPreparing = false
                withClient(index) { client, policy, _, actions in
                    let generation = client.supervisor.generation
                    client.attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
                }
                continue
            }
            if isOpen, clients[index].client.phase == .connecting {
                let generation = clients[index].client.supervisor.generation
                withClient(index) { client, policy, random, actions in
                    Self.open(&client, generation, at: now, policy, &random, &actions)
                }
                continue
            }
            let deadline = clients[index].client.nextDeadline(policy: policy)
            guard deadline < .origin else { break }
            now = max(now, deadline)
            withClient(index) { client, policy, random, actions in
                client.received(generation: client.supervisor.generation, at: now, policy: policy)
                client.advance(to: now, policy: policy, random: &random, actions: &actions)
            }
        }
        hearServerBefore(.origin, index, notBefore: now)
        connectAtStart(index)
        if messageGaps[cohort] != nil { scheduleOffer(index, after: .origin, isFirst: true) }
        rearm(index)
    }

    /// The period in which a heartbeat repeats itself on a healthy connection, if it has one.
    private static func rhythm(of heartbeat: HeartbeatPolicy) -> Interval? {
        if heartbeat.interval < .max { return heartbeat.interval }
        return heartbeat.silence?.checkedEvery ?? heartbeat.serverInterval
    }

    /// The server has gone on beating while the client grew old: the last beat came one interval before the next.
    private mutating func hearServerBefore(_ start: Instant, _ index: Int, notBefore earliest: Instant) {
        guard clients[index].client.phase == .connected, let interval = serverInterval(index) else { return }
        let longest = policies[Int(clients[index].cohort)].policy.heartbeat?.silence?.longest ?? .max
        // A silence that has lasted too long by the start is found at the start.
        let last = max(start - longest, start + interval.scaled(by: uniform(index, .serverBeat, 0)) - interval)
        guard last > earliest else { return }
        withClient(index) { client, policy, _, _ in
            client.received(generation: client.supervisor.generation, at: last, policy: policy)
        }
    }

    private mutating func connectAtStart(_ index: Int) {
        guard clients[index].client.phase == .connected else { return }
        let server = serverOfCohort[Int(clients[index].cohort)]
        let key = self.key
        let choice = servers[server].chooseInstance {
            RandomStream.uniform(key: key, entity: UInt32(index), purpose: Purpose.balancing.number(), index: 0)
        }
        guard let instance = choice else { return }
        servers[server].instances[instance].connections += 1
        clients[index].transport.phase = .established
        clients[index].transport.serverGeneration = clients[index].transport.generation
        clients[index].transport.instance = Int32(instance)
        if let interval = serverInterval(index) {
            scheduleBeat(
                index,
                clients[index].transport.generation,
                at: .origin + interval.scaled(by: uniform(index, .serverBeat, 0))
            )
        }
        updateUsability(index, at: .origin)
    }

    // MARK: Driving one client

    /// Delivers one input to a client's code and leaves what it answers in `actions`.
    private mutating func withClient(
        _ index: Int,
        _ body: (inout ReconnectingClient, ClientPolicy, inout ClientRandom, inout ClientActions) -> Void
    ) {
        actions.removeAll()
        var random = ClientRandom(key: key, client: UInt32(index), position: clients[index].randomPosition)
        body(&clients[index].client, policies[Int(clients[index].cohort)].policy, &random, &actions)
        clients[index].randomPosition = random.position
    }

    /// Delivers one input, carries out what the client asks for, and sees to its next wake-up.
    mutating func drive(
        _ index: Int,
        at now: Instant,
        _ body: (inout ReconnectingClient, ClientPolicy, inout ClientRandom, inout ClientActions) -> Void
    ) {
        withClient(index, body)
        perform(index, at: now)
        rearm(index)
    }

    private mutating func rearm(_ index: Int) {
        let deadline = clients[index].client.nextDeadline(policy: policies[Int(clients[index].cohort)].policy)
        guard deadline < clients[index].wake, deadline < end else { return }
        clients[index].wake = deadline
        queue.schedule(FleetEvent(kind: .wake, client: UInt32(index)), at: deadline)
    }

    mutating func wake(_ index: Int, at now: Instant) {
        // A wake-up that a nearer deadline has overtaken is void; the nearer one has armed the next.
        guard clients[index].wake == now else { return }
        clients[index].wake = .distantFuture
        drive(index, at: now) { client, policy, random, actions in
            guard client.nextDeadline(policy: policy) <= now else { return }
            client.advance(to: now, policy: policy, random: &random, actions: &actions)
        }
    }

    private mutating func perform(_ index: Int, at now: Instant) {
        let cohort = Int(clients[index].cohort)
        for position in actions.list.indices {
            switch actions.list[position] {
            case .openTransport(let generation):
                openTransport(index, generation, at: now)
            case .closeTransport(let generation, let close):
                closeTransport(index, generation, close, at: now)
            case .sendHeartbeat(let generation, let beat):
                probe.sent(at: now)
                transmit(
                    FleetEvent(kind: .pingUp, client: UInt32(index), generation: generation, argument: beat),
                    at: now
                )
            case .sendMessage(let generation, let messageKey, let offeredAt, _):
                probe.sent(at: now)
                transmit(
                    FleetEvent(
                        kind: .messageUp,
                        client: UInt32(index),
                        generation: generation,
                        argument: messageKey,
                        number: offeredAt.nanoseconds
                    ),
                    at: now
                )
            case .phaseChanged(let from, _):
                if from == .connected { noticeLoss(index, at: now) }
            case .breakerOpened:
                probe.record.cohorts[cohort].breakerOpenings += 1
            case .messageFailed(let messageKey, _):
                guard !clients[index].received.contains(messageKey) else { continue }
                probe.record.cohorts[cohort].failed += 1
                if policies[cohort].policy.outbox.whileDisconnected == .discard {
                    clients[index].failedKeys.insert(messageKey)
                }
            case .messageDiscarded(let messageKey):
                if !clients[index].received.contains(messageKey) { probe.record.cohorts[cohort].lost += 1 }
            case .prepareAttempt(let generation):
                // The app has what it needs: nothing in a scenario makes it fetch a token.
                queue.schedule(
                    FleetEvent(kind: .attemptPrepared, client: UInt32(index), generation: generation),
                    at: now
                )
            case .retryScheduled, .attemptRefused, .credentialsNeeded, .heartbeatMissed, .gaveUp, .breakerClosed,
                .messageAcknowledged:
                break
            }
        }
        updateUsability(index, at: now)
    }

    // MARK: Transports

    /// All sockets of a generation open together: a scenario's links know one path a client.
    private static func open(
        _ client: inout ReconnectingClient,
        _ generation: UInt32,
        at now: Instant,
        _ policy: ClientPolicy,
        _ random: inout ClientRandom,
        _ actions: inout ClientActions
    ) {
        for member in 0..<(policy.group?.members ?? 1) {
            client.transportOpened(
                generation: generation,
                member: member,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        }
    }

    mutating func attemptPrepared(_ index: Int, _ generation: UInt32, at now: Instant) {
        drive(index, at: now) { client, policy, _, actions in
            client.attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
        }
    }

    private mutating func openTransport(_ index: Int, _ generation: UInt32, at now: Instant) {
        abandonTransport(index, at: now)
        probe.launched(cohort: Int(clients[index].cohort), at: now)
        clients[index].transport.phase = .dialing
        clients[index].transport.generation = generation
        clients[index].transport.hasArrived = false
        clients[index].transport.isPathDead = false
        clients[index].transport.lastArrivalUp = .distantPast
        clients[index].transport.lastArrivalDown = .distantPast
        if clients[index].link.signalledHolds > 0 {
            // The system knows that there is no network and says so at once.
            queue.schedule(
                FleetEvent(kind: .localFailure, client: UInt32(index), generation: generation),
                at: now + .milliseconds(1)
            )
        } else {
            transmit(FleetEvent(kind: .attemptUp, client: UInt32(index), generation: generation), at: now)
        }
    }

    /// A client with a hazard opens a transport while it has another, which it forgets without closing it.
    private mutating func abandonTransport(_ index: Int, at now: Instant) {
        switch clients[index].transport.phase {
        case .none: return
        case .dialing: endAttempt(index, .cancelled, at: now)
        case .established: break
        }
        leaveGhost(index, at: now)
        clients[index].transport.phase = .none
    }

    private mutating func closeTransport(_ index: Int, _ generation: UInt32, _ close: Close, at now: Instant) {
        guard generation == clients[index].transport.generation else { return }
        let cohort = Int(clients[index].cohort)
        if policies[cohort].policy.hazards.contains(.hearsReplacedTransports), clients[index].transport.phase != .none {
            // The socket's own close event comes when the closing handshake is over.
            let roundTrip = networks[cohort].roundTrip
                .interval(atUniform: uniform(index, .roundTrip, UInt64(generation) << 40))
            queue.schedule(
                FleetEvent(kind: .lateClose, client: UInt32(index), generation: generation),
                at: now + max(.milliseconds(1), roundTrip)
            )
        }
        switch clients[index].transport.phase {
        case .none:
            return
        case .dialing:
            // Only its own deadline makes a client close an attempt as abnormal.
            endAttempt(index, close == .abnormal ? .timeout : .cancelled, at: now)
            // The server may have accepted it already, and the client has not heard of it yet.
            if clients[index].transport.serverGeneration == generation { depart(index, generation, at: now) }
        case .established:
            depart(index, generation, at: now)
        }
        clients[index].transport.phase = .none
    }

    /// Tells the server that the client is gone; a server that cannot be told finds out by idling.
    private mutating func depart(_ index: Int, _ generation: UInt32, at now: Instant) {
        if clients[index].link.isUp, !clients[index].transport.isPathDead {
            transmit(FleetEvent(kind: .departureUp, client: UInt32(index), generation: generation), at: now)
        } else {
            leaveGhost(index, at: now)
        }
    }

    /// Ends the attempt under way. One that never arrived did not time out: it was lost.
    private mutating func endAttempt(_ index: Int, _ outcome: AttemptOutcome, at now: Instant) {
        let cohort = Int(clients[index].cohort)
        let hasArrived = clients[index].transport.hasArrived
        if outcome == .cancelled, !hasArrived { probe.record.cohorts[cohort].cancelledBeforeArrival += 1 }
        probe.ended(outcome == .timeout && !hasArrived ? .lost : outcome, cohort: cohort, at: now)
        clients[index].transport.phase = .none
    }

    /// The client's own system ends an attempt that never reached a server.
    mutating func attemptFailedLocally(_ index: Int, _ generation: UInt32, at now: Instant) {
        guard clients[index].transport.phase == .dialing, clients[index].transport.generation == generation else {
            return
        }
        endAttempt(index, .timeout, at: now)
        lose(index, generation, .abnormal, at: now)
    }

    mutating func lose(_ index: Int, _ generation: UInt32, _ close: Close, at now: Instant) {
        drive(index, at: now) { client, policy, random, actions in
            client.transportLost(
                generation: generation,
                close: close,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
        }
    }

    // MARK: What reaches the client

    mutating func packetReachesClient(_ packet: FleetEvent, at now: Instant) {
        let index = Int(packet.client)
        guard clients[index].link.isUp else {
            hold(packet, at: now)
            return
        }
        let generation = packet.generation
        guard generation == clients[index].transport.generation else { return }
        switch (packet.kind, clients[index].transport.phase) {
        case (.acceptDown, .dialing):
            probe.connected(cohort: Int(clients[index].cohort), at: now)
            clients[index].transport.phase = .established
            drive(index, at: now) { client, policy, random, actions in
                Self.open(&client, generation, at: now, policy, &random, &actions)
            }
        case (.refuseDown, .dialing), (.closeDown, .dialing):
            endAttempt(index, .refused, at: now)
            lose(index, generation, close(of: packet), at: now)
        case (.closeDown, .established):
            clients[index].transport.phase = .none
            lose(index, generation, close(of: packet), at: now)
        case (.pongDown, .established):
            clients[index].client.heartbeatAnswered(
                generation: generation,
                beat: packet.argument,
                at: now,
                policy: policies[Int(clients[index].cohort)].policy
            )
        case (.beatDown, .established):
            clients[index].client.received(
                generation: generation,
                at: now,
                policy: policies[Int(clients[index].cohort)].policy
            )
        case (.acknowledgementDown, .established):
            drive(index, at: now) { client, policy, _, actions in
                client.messageAcknowledged(key: packet.argument, at: now, policy: policy, actions: &actions)
            }
        default:
            // Late: the client has moved on.
            break
        }
    }

    private func close(of packet: FleetEvent) -> Close {
        let server = serverOfCohort[Int(clients[Int(packet.client)].cohort)]
        let hint = packet.place == 1 ? servers[server].tier.refusal.retryAfter : nil
        return Close(code: UInt16(truncatingIfNeeded: packet.argument), retryAfter: hint)
    }

    // MARK: Messages

    mutating func offerMessage(_ index: Int, at now: Instant) {
        let cohort = Int(clients[index].cohort)
        probe.offered(cohort: cohort, at: now)
        withClient(index) { client, policy, _, actions in
            client.send(at: now, policy: policy, actions: &actions)
        }
        let held = UInt32(clients[index].client.outbox.entries.count)
        if held > clients[index].marks.outboxPeak { clients[index].marks.outboxPeak = held }
        perform(index, at: now)
        rearm(index)
        scheduleOffer(index, after: now, isFirst: false)
    }

    private mutating func scheduleOffer(_ index: Int, after now: Instant, isFirst: Bool) {
        let cohort = Int(clients[index].cohort)
        guard let workload = scenario.fleet[cohort].workload, let gap = messageGaps[cohort] else { return }
        let draw = uniform(index, .messageGap, UInt64(clients[index].offers))
        clients[index].offers += 1
        // Poisson clocks have no memory; a periodic one starts anywhere in its period.
        let isPhase = isFirst && workload.rhythm == .periodic
        let next = now + (isPhase ? workload.every.scaled(by: draw) : gap.interval(atUniform: draw))
        guard next < end else { return }
        queue.schedule(FleetEvent(kind: .offer, client: UInt32(index)), at: next)
    }

    // MARK: Random numbers

    /// The number at an index of a client's stream for a purpose.
    func uniform(_ index: Int, _ purpose: Purpose, _ position: UInt64) -> Double {
        RandomStream.uniform(key: key, entity: UInt32(index), purpose: purpose.number(), index: position)
    }
}
