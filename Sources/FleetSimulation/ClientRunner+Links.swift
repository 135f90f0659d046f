import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// Packets between a client and its server, and links that come and go.
extension ClientRunner {
    // MARK: Packets

    /// Puts a packet on the link at `now`; it arrives a part of a round trip later, or is sent again if it is lost.
    ///
    /// - Parameter extraRoundTrips: further round trips the exchange takes before the packet counts as arrived.
    mutating func transmit(
        _ packet: LocalEvent,
        of client: Client,
        extraRoundTrips: Double = 0,
        at now: Instant
    ) {
        guard let arrival = arrival(of: packet, client, extraRoundTrips: extraRoundTrips, at: now) else { return }
        if packet.kind == .attemptUp {
            sendAttempt(packet, of: client, arrival: arrival)
        } else {
            post(packet, at: arrival, to: client)
        }
    }

    /// When a packet that is put on the link at `now` arrives, or nil: then it does not, and that is seen to.
    mutating func arrival(
        of packet: LocalEvent,
        _ client: Client,
        extraRoundTrips: Double = 0,
        at now: Instant
    ) -> Instant? {
        guard client.pointee.link.isUp else {
            retransmit(packet, of: client, at: now)
            return nil
        }
        let cohort = cohort(client)
        let isUp = packet.kind.isUpward
        let way: Interval
        if cohort.pointee.network.isDeterministic {
            if client.pointee.transport.isPathDead,
                isReset(packet, of: client, after: cohort.pointee.network.roundTrip.constant ?? .zero, at: now)
            {
                return nil
            }
            way =
                extraRoundTrips > 0
                ? self.way(cohort.pointee.network.roundTrip.constant ?? .zero, cohort, isUp: isUp, extraRoundTrips)
                : isUp ? cohort.pointee.network.wayUp : cohort.pointee.network.wayDown
        } else {
            // One block of random bits for both questions: how long is the way, and is the packet lost.
            let draws = RandomStream.pair(
                key: key,
                entity: client.pointee.number,
                purpose: Purpose.packet.number(),
                index: Self.packetPosition(packet)
            )
            let roundTrip = cohort.pointee.network.roundTrip
                .interval(atUniform: RandomStream.unitInterval(draws.even))
            if client.pointee.transport.isPathDead, isReset(packet, of: client, after: roundTrip, at: now) {
                return nil
            }
            if cohort.pointee.network.loss.isLossy {
                let isLost =
                    isUp
                    ? cohort.pointee.network.loss.loses(draws.odd, isBad: &client.pointee.link.isBadUp)
                    : cohort.pointee.network.loss.loses(draws.odd, isBad: &client.pointee.link.isBadDown)
                if isLost {
                    retransmit(packet, of: client, at: now)
                    return nil
                }
            }
            way = self.way(roundTrip, cohort, isUp: isUp, extraRoundTrips)
        }
        return inOrder(now + way, of: client, isUp: isUp)
    }

    /// When a packet arrives that would arrive then: later ones of a transport do not overtake earlier ones.
    @inline(__always)
    mutating func inOrder(_ time: Instant, of client: Client, isUp: Bool) -> Instant {
        let arrival: Instant
        if isUp {
            arrival = max(time, client.pointee.transport.lastArrivalUp)
            client.pointee.transport.lastArrivalUp = arrival
        } else {
            arrival = max(time, client.pointee.transport.lastArrivalDown)
            client.pointee.transport.lastArrivalDown = arrival
        }
        return arrival
    }

    /// How long a packet is under way, of a round trip of this length and so many more.
    @inline(__always)
    private func way(
        _ roundTrip: Interval,
        _ cohort: UnsafeMutablePointer<CohortSetting>,
        isUp: Bool,
        _ extraRoundTrips: Double
    ) -> Interval {
        let share = isUp ? cohort.pointee.network.uplinkShare : cohort.pointee.network.downlinkShare
        return roundTrip.scaled(by: share + extraRoundTrips)
    }

    /// A path that has forgotten the connection answers a packet on it with a reset.
    private mutating func isReset(
        _ packet: LocalEvent,
        of client: Client,
        after roundTrip: Interval,
        at now: Instant
    ) -> Bool {
        guard packet.kind == .pingUp || packet.kind == .messageUp else { return false }
        post(
            LocalEvent(
                kind: .closeDown,
                generation: packet.generation,
                argument: UInt32(Close.abnormal.code)
            ),
            at: now + roundTrip,
            to: client
        )
        return true
    }

    /// An attempt is on its way: to the tier, or to nobody if no server will be up when it arrives.
    mutating func sendAttempt(_ packet: LocalEvent, of client: Client, arrival: Instant) {
        if meetsNobody(client, at: arrival) {
            post(packet, at: arrival, to: client)
            return
        }
        client.pointee.hold = .arriving
        client.pointee.holdAt = arrival
        tell(
            TierEvent(
                kind: .attemptArrives,
                tries: packet.tries,
                client: client.pointee.number,
                generation: packet.generation
            ),
            at: arrival
        )
    }

    /// Whether no server is up when an attempt arrives, and that is certain already.
    mutating func meetsNobody(_ client: Client, at arrival: Instant) -> Bool {
        arrival < barrier && !statuses[cohort(client).pointee.server].hasInstanceUp
    }

    /// Where the packet's draws stand in its client's streams: by what it is, so that no other packet moves them.
    private static func packetPosition(_ packet: LocalEvent) -> UInt64 {
        UInt64(packet.generation & 0xff_ffff) << 40 | UInt64(packet.argument & 0xff_ffff) << 16
            | UInt64(packet.kind.rawValue) << 8 | UInt64(packet.resends)
    }

    /// The packet got nowhere: its sender's system sends it again later, or gives up.
    ///
    /// Connection attempts are sent again after 1, 2, 4, 8, 16, 32 s and given up after 127 s; data after 0.2 s,
    /// doubling up to 120 s, fifteen times (Linux: tcp_syn_retries 6, tcp_retries2 15).
    mutating func retransmit(_ packet: LocalEvent, of client: Client, at now: Instant) {
        var packet = packet
        let resends = packet.resends
        packet.tries = UInt8(resends + 1)
        if packet.kind == .attemptUp {
            let wait = Interval.seconds(1 << Int64(resends))
            guard resends < 6 else {
                post(LocalEvent(kind: .systemGivesUp, generation: packet.generation), at: now + wait, to: client)
                return
            }
            packet.isWaitingToBeSent = true
            post(packet, at: now + wait, to: client)
        } else {
            guard resends < 15 else { return }
            packet.isWaitingToBeSent = true
            post(packet, at: now + min(.milliseconds(200 << Int64(resends)), .seconds(120)), to: client)
        }
    }

    /// A packet's turn to be sent again has come, if anybody still wants it sent.
    mutating func sendAgain(_ packet: LocalEvent, of client: Client, at now: Instant) {
        var packet = packet
        packet.isWaitingToBeSent = false
        let transport = client.pointee.transport
        let isWanted: Bool
        switch packet.kind {
        case .attemptUp:
            isWanted = transport.phase == .dialing && transport.generation == packet.generation
        case .pingUp, .messageUp:
            isWanted = transport.phase == .established && transport.generation == packet.generation
        case .acceptDown, .pongDown, .acknowledgementDown, .beatDown:
            isWanted = transport.instance >= 0 && transport.serverGeneration == packet.generation
        default:
            isWanted = true
        }
        guard isWanted else { return }
        transmit(packet, of: client, at: now)
    }

    // MARK: Outages

    mutating func scheduleFirstOutages(_ client: Client) {
        for script in cohort(client).pointee.outages {
            let group = setting.outages[script].group(of: Int(client.pointee.number))
            let first = setting.outages[script].first.interval(atUniform: draw(.outageFirst, script, group, 0))
            scheduleOutage(script, of: client, occurrence: 0, at: .origin + first)
        }
    }

    private mutating func scheduleOutage(_ script: Int, of client: Client, occurrence: UInt32, at time: Instant) {
        post(
            LocalEvent(kind: .outageBegins, place: UInt16(truncatingIfNeeded: script), argument: occurrence),
            at: max(.origin, time),
            to: client
        )
    }

    /// An outage begins for a client's group, and its end and the next one are drawn. All members draw the same.
    mutating func outageBegins(_ event: LocalEvent, of client: Client, at now: Instant) {
        let script = Int(event.place)
        let member = Int(client.pointee.number)
        let group = setting.outages[script].group(of: member)
        // A group's outage is one event, however many live through it.
        if !setting.outages[script].isFirst(member) { events -= 1 }
        let occurrence = UInt64(event.argument)
        let length = setting.outages[script].down.interval(atUniform: draw(.outageDown, script, group, occurrence))
        if draw(.outageOccurs, script, group, occurrence) < setting.outages[script].outage.probability {
            let offset = setting.outages[script].outage.stagger.scaled(by: draw(.outageStagger, script, member, 0))
            let attachDraw = draw(.outageAttach, script, member, occurrence)
            let attach = setting.outages[script].attach?.interval(atUniform: attachDraw) ?? .zero
            let begin = now + offset
            if offset > .zero {
                post(LocalEvent(kind: .linkDown, place: event.place), at: begin, to: client)
            } else {
                linkGoesDown(client, script: script, at: now)
            }
            post(LocalEvent(kind: .linkUp, place: event.place), at: begin + length + attach, to: client)
        }
        if let up = setting.outages[script].up {
            // Drawn at least a nanosecond long, so that a script always gets on.
            let pause = up.interval(atUniform: draw(.outageUp, script, group, occurrence))
            scheduleOutage(
                script,
                of: client,
                occurrence: event.argument + 1,
                at: now + length + max(pause, Interval(nanoseconds: 1))
            )
        }
    }

    private func draw(_ purpose: Purpose, _ script: Int, _ entity: Int, _ position: UInt64) -> Double {
        RandomStream.uniform(key: key, entity: UInt32(entity), purpose: purpose.number(script), index: position)
    }

    mutating func linkGoesDown(_ client: Client, script: Int, at now: Instant) {
        if client.pointee.link.isUp {
            outageTakes(client, at: now)
            setting.linkTimes[Int(client.pointee.number)].downSince = now
        }
        switch setting.outages[script].outage.signal {
        case .silent:
            client.pointee.link.silentHolds += 1
            updateUsability(client, at: now)
        case .signalled:
            client.pointee.link.signalledHolds += 1
            updateUsability(client, at: now)
            guard client.pointee.link.signalledHolds == 1 else { return }
            setting.linkTimes[Int(client.pointee.number)].signalledSince = now
            drive(client, at: now) { client, policy, random, actions in
                client.networkChanged(isOnline: false, at: now, policy: policy, random: &random, actions: &actions)
            }
        }
    }

    mutating func linkComesUp(_ client: Client, script: Int, at now: Instant) {
        let isSignalled = setting.outages[script].outage.signal == .signalled
        if isSignalled { client.pointee.link.signalledHolds -= 1 } else { client.pointee.link.silentHolds -= 1 }
        let isBackOnline = isSignalled && client.pointee.link.signalledHolds == 0
        if isBackOnline {
            let away = now - setting.linkTimes[Int(client.pointee.number)].signalledSince
            probe.record.cohorts[Int(client.pointee.cohort)].wantedTime -= away.nanoseconds
        }
        if client.pointee.link.isUp {
            let gap = now - setting.linkTimes[Int(client.pointee.number)].downSince
            // An outage the system knows of took the address with it; a silent one kills what it outlasts.
            if client.pointee.transport.phase == .established,
                isSignalled || gap > cohort(client).pointee.network.survives
            {
                killPath(client, at: now)
            }
            outageReleases(client, at: now)
        }
        updateUsability(client, at: now)
        guard isBackOnline else { return }
        drive(client, at: now) { client, policy, random, actions in
            client.networkChanged(isOnline: true, at: now, policy: policy, random: &random, actions: &actions)
        }
    }

    /// The path under an established connection is gone for good; the server will find out by idling.
    mutating func killPath(_ client: Client, at now: Instant) {
        client.pointee.transport.isPathDead = true
        leaveGhost(client, at: now)
    }
}
