import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// The driver's half of the loop contract of `ReconnectingClient`: inputs in, actions out, one wake-up each.
extension ClientRunner {
    /// Delivers one input to a client's code and leaves what it answers in `actions`.
    @inline(__always)
    mutating func withClient(
        _ client: Client,
        _ body: (inout ReconnectingClient, ClientPolicy, inout ClientRandom, inout ClientActions) -> Void
    ) {
        actions.removeAll()
        var random = ClientRandom(
            key: key,
            client: client.pointee.number,
            position: client.pointee.randomPosition
        )
        cohort(client).pointee.withPolicy { body(&client.pointee.client, $0, &random, &actions) }
        client.pointee.randomPosition = random.position
    }

    /// Delivers one input, carries out what the client asks for, and sees to its next wake-up.
    ///
    /// - Parameter isQuiet: whether the input leaves everything about the connection as it was, unless the client says
    ///   otherwise.
    @inline(__always)
    mutating func drive(
        _ client: Client,
        at now: Instant,
        isQuiet: Bool = false,
        _ body: (inout ReconnectingClient, ClientPolicy, inout ClientRandom, inout ClientActions) -> Void
    ) {
        withClient(client, body)
        followUp(client, at: now, isQuiet: isQuiet)
    }

    /// Does what an input has left to be done.
    @inline(__always)
    private mutating func followUp(_ client: Client, at now: Instant, isQuiet: Bool) {
        let touchesConnection = perform(client, at: now)
        if touchesConnection || !isQuiet { updateUsability(client, at: now) }
        rearm(client, at: now)
    }

    /// Notes when the client's code has something to do next.
    func rearm(_ client: Client, at now: Instant) {
        let deadline = cohort(client).pointee.withPolicy { client.pointee.client.nextDeadlineInPlace(policy: $0) }
        client.pointee.wake = max(now, deadline)
    }

    mutating func wake(_ client: Client, at now: Instant) {
        if retriesShortly(client, at: now) || beatsShortly(client, at: now) { return }
        drive(client, at: now, isQuiet: true) { client, policy, random, actions in
            client.advance(to: now, policy: policy, random: &random, actions: &actions)
        }
    }

    /// The app is started.
    mutating func launch(_ client: Client, at now: Instant) {
        drive(client, at: now) { client, policy, random, actions in
            client.start(at: now, policy: policy, random: &random, actions: &actions)
        }
        scheduleOffer(client, after: now, isFirst: true)
    }

    /// Carries out what the client has asked for; answers whether that touches the connection.
    private mutating func perform(_ client: Client, at now: Instant) -> Bool {
        var touchesConnection = false
        for position in 0..<actions.count {
            switch actions[position] {
            case .openTransport(let generation):
                openTransport(client, generation, at: now)
                touchesConnection = true
            case .closeTransport(let generation, let close):
                closeTransport(client, generation, close, at: now)
                touchesConnection = true
            case .sendHeartbeat(let generation, let beat):
                probe.sent(at: now)
                transmit(LocalEvent(kind: .pingUp, generation: generation, argument: beat), of: client, at: now)
            case .sendMessage(let generation, let messageKey, let offeredAt, _):
                probe.sent(at: now)
                transmit(
                    LocalEvent(kind: .messageUp, generation: generation, argument: messageKey, offeredAt: offeredAt),
                    of: client,
                    at: now
                )
            case .phaseChanged(let from, _):
                if from == .connected { noticeLoss(client, at: now) }
                touchesConnection = true
            case .breakerOpened:
                probe.record.cohorts[Int(client.pointee.cohort)].breakerOpenings += 1
            case .messageFailed(let messageKey, _):
                guard !hasReceived(messageKey, from: client) else { continue }
                probe.record.cohorts[Int(client.pointee.cohort)].failed += 1
                if cohort(client).pointee.discardsMessages {
                    rareKeys.noteFailure(of: messageKey, of: client.pointee.number)
                }
            case .messageDiscarded(let messageKey):
                if !hasReceived(messageKey, from: client) {
                    probe.record.cohorts[Int(client.pointee.cohort)].lost += 1
                }
            case .prepareAttempt(let generation):
                // The app has what it needs: nothing in a scenario makes it fetch a token.
                post(LocalEvent(kind: .attemptPrepared, generation: generation), at: now, to: client)
            case .retryScheduled, .attemptRefused, .credentialsNeeded, .heartbeatMissed, .gaveUp, .breakerClosed,
                .messageAcknowledged:
                break
            }
        }
        return touchesConnection
    }

    // MARK: Transports

    /// All sockets of a generation open together: a scenario's links know one path a client.
    static func open(
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

    mutating func attemptPrepared(_ client: Client, _ generation: UInt32, at now: Instant) {
        drive(client, at: now) { client, policy, _, actions in
            client.attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
        }
    }

    private mutating func openTransport(_ client: Client, _ generation: UInt32, at now: Instant) {
        abandonTransport(client, at: now)
        noteLaunch(client, generation, at: now)
        if client.pointee.link.signalledHolds > 0 {
            // The system knows that there is no network and says so at once.
            post(LocalEvent(kind: .localFailure, generation: generation), at: now + .milliseconds(1), to: client)
        } else {
            transmit(LocalEvent(kind: .attemptUp, generation: generation), of: client, at: now)
        }
    }

    /// An attempt begins.
    @inline(__always)
    mutating func noteLaunch(_ client: Client, _ generation: UInt32, at now: Instant) {
        probe.launched(cohort: Int(client.pointee.cohort), at: now)
        client.pointee.transport.phase = .dialing
        client.pointee.transport.generation = generation
        client.pointee.transport.hasArrived = false
        client.pointee.transport.isPathDead = false
        client.pointee.transport.lastArrivalUp = .distantPast
        client.pointee.transport.lastArrivalDown = .distantPast
    }

    /// A client with a hazard opens a transport while it has another, which it forgets without closing it.
    private mutating func abandonTransport(_ client: Client, at now: Instant) {
        switch client.pointee.transport.phase {
        case .none: return
        case .dialing: endAttempt(client, .cancelled, at: now)
        case .established: break
        }
        leaveGhost(client, at: now)
        client.pointee.transport.phase = .none
    }

    private mutating func closeTransport(_ client: Client, _ generation: UInt32, _ close: CloseCode, at now: Instant) {
        guard generation == client.pointee.transport.generation else { return }
        let cohort = cohort(client)
        if cohort.pointee.policy.hazards.contains(.hearsReplacedTransports), client.pointee.transport.phase != .none {
            // The socket's own close event comes when the closing handshake is over.
            let roundTrip = cohort.pointee.network.roundTrip
                .interval(atUniform: uniform(client, .closingHandshake, UInt64(generation)))
            post(
                LocalEvent(kind: .lateClose, generation: generation),
                at: now + max(.milliseconds(1), roundTrip),
                to: client
            )
        }
        switch client.pointee.transport.phase {
        case .none:
            return
        case .dialing:
            // Only its own deadline makes a client close an attempt as abnormal.
            endAttempt(client, close == .abnormal ? .timeout : .cancelled, at: now)
            // The server may have accepted it already, and the client has not heard of it yet.
            if client.pointee.transport.serverGeneration == generation { depart(client, generation, at: now) }
        case .established:
            depart(client, generation, at: now)
        }
        client.pointee.transport.phase = .none
    }

    /// Tells the server that the client is gone; a server that cannot be told finds out by idling.
    private mutating func depart(_ client: Client, _ generation: UInt32, at now: Instant) {
        if client.pointee.link.isUp, !client.pointee.transport.isPathDead {
            transmit(LocalEvent(kind: .departureUp, generation: generation), of: client, at: now)
        } else {
            leaveGhost(client, at: now)
        }
    }

    /// Ends the attempt under way. One that never arrived did not time out: it was lost.
    mutating func endAttempt(_ client: Client, _ outcome: AttemptOutcome, at now: Instant) {
        let cohort = Int(client.pointee.cohort)
        let hasArrived = client.pointee.transport.hasArrived
        if outcome == .cancelled, !hasArrived { probe.record.cohorts[cohort].cancelledBeforeArrival += 1 }
        probe.ended(outcome == .timeout && !hasArrived ? .lost : outcome, cohort: cohort, at: now)
        client.pointee.transport.phase = .none
        if client.pointee.hold == .waiting, self.cohort(client).pointee.leavesBacklog {
            tell(
                TierEvent(
                    kind: .handshakeAbandoned,
                    instance: client.pointee.instance,
                    client: client.pointee.number,
                    generation: client.pointee.transport.generation
                ),
                at: now
            )
        }
        // Whatever the tier makes of the attempt, it does not touch this client any more.
        client.pointee.hold = .none
    }

    /// The client's own system ends an attempt that never reached a server.
    mutating func attemptFailedLocally(_ client: Client, _ generation: UInt32, at now: Instant) {
        guard client.pointee.transport.phase == .dialing, client.pointee.transport.generation == generation else {
            return
        }
        endAttempt(client, .timeout, at: now)
        lose(client, generation, .abnormal, at: now)
    }

    mutating func lose(_ client: Client, _ generation: UInt32, _ close: Close, at now: Instant) {
        drive(client, at: now) { client, policy, random, actions in
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

    mutating func packetReachesClient(_ packet: LocalEvent, of client: Client, at now: Instant) {
        guard client.pointee.link.isUp else {
            retransmit(packet, of: client, at: now)
            return
        }
        let generation = packet.generation
        guard generation == client.pointee.transport.generation else { return }
        switch (packet.kind, client.pointee.transport.phase) {
        case (.acceptDown, .dialing):
            probe.connected(cohort: Int(client.pointee.cohort), at: now)
            client.pointee.transport.phase = .established
            drive(client, at: now) { client, policy, random, actions in
                Self.open(&client, generation, at: now, policy, &random, &actions)
            }
        case (.refuseDown, .dialing), (.closeDown, .dialing):
            endAttempt(client, .refused, at: now)
            let close = close(of: packet, client)
            if close.retryAfter == nil, failsShortly(client, generation, at: now) { return }
            lose(client, generation, close, at: now)
        case (.closeDown, .established):
            client.pointee.transport.phase = .none
            lose(client, generation, close(of: packet, client), at: now)
        case (.pongDown, .established):
            cohort(client).pointee.withPolicy { policy in
                client.pointee.client.heartbeatAnswered(
                    generation: generation,
                    beat: packet.argument,
                    at: now,
                    policy: policy
                )
            }
            rearm(client, at: now)
        case (.beatDown, .established):
            cohort(client).pointee.withPolicy { policy in
                client.pointee.client.received(generation: generation, at: now, policy: policy)
            }
            rearm(client, at: now)
        case (.acknowledgementDown, .established):
            if acknowledgesShortly(client, packet.argument, at: now) { return }
            drive(client, at: now, isQuiet: true) { client, policy, _, actions in
                client.messageAcknowledged(key: packet.argument, at: now, policy: policy, actions: &actions)
            }
        default:
            // Late: the client has moved on.
            break
        }
    }

    func close(of packet: LocalEvent, _ client: Client) -> Close {
        let hint = packet.place == 1 ? cohort(client).pointee.refusal.retryAfter : nil
        return Close(code: UInt16(truncatingIfNeeded: packet.argument), retryAfter: hint)
    }

    // MARK: Messages

    mutating func offerMessage(_ client: Client, at now: Instant) {
        probe.offered(cohort: Int(client.pointee.cohort), at: now)
        if sendsShortly(client, at: now) { return }
        withClient(client) { client, policy, _, actions in
            client.send(at: now, policy: policy, actions: &actions)
        }
        let held = UInt32(client.pointee.client.messageCountInPlace())
        if held > client.pointee.marks.outboxPeak { client.pointee.marks.outboxPeak = held }
        followUp(client, at: now, isQuiet: true)
        scheduleOffer(client, after: now, isFirst: false)
    }

    mutating func scheduleOffer(_ client: Client, after now: Instant, isFirst: Bool) {
        let cohort = cohort(client)
        guard let workload = cohort.pointee.workload else { return }
        let draw = uniform(client, .messageGap, UInt64(client.pointee.offers))
        client.pointee.offers += 1
        // Poisson clocks have no memory; a periodic one starts anywhere in its period.
        let isPhase = isFirst && workload.rhythm == .periodic
        let gap = isPhase ? workload.every.scaled(by: draw) : cohort.pointee.messageGap.interval(atUniform: draw)
        client.pointee.nextOffer = now + gap
    }
}
