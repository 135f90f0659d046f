import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// A network profile with its distributions ready to be drawn from.
struct RunningNetwork {
    let roundTrip: Distribution
    let loss: LossModel
    let survives: Interval

    init(_ profile: NetworkProfile) {
        roundTrip = Distribution(profile.roundTrip)
        loss = profile.loss
        survives = profile.survives
    }
}

/// An outage script of a cohort with its distributions ready to be drawn from.
struct RunningOutage {
    let outage: LinkOutage
    let first: Distribution
    let down: Distribution
    let up: Distribution?
    let attach: Distribution?
    /// The clients of the cohort.
    let members: Range<Int>
    /// How many of them share the same times.
    let sharers: Int

    init(_ outage: LinkOutage, members: Range<Int>, groupSize: Int) {
        self.outage = outage
        first = Distribution(outage.first)
        down = Distribution(outage.down)
        up = outage.up.map { Distribution($0) }
        attach = outage.attach.map { Distribution($0) }
        self.members = members
        switch outage.sharedBy {
        case .client: sharers = 1
        case .group: sharers = groupSize
        case .cohort: sharers = members.count
        }
    }

    /// How many sets of clients with times of their own there are.
    var groupCount: Int { (members.count + sharers - 1) / sharers }

    func members(of group: Int) -> Range<Int> {
        let first = members.lowerBound + group * sharers
        return first..<min(members.upperBound, first + sharers)
    }
}

/// Packets between clients and servers, and links that come and go.
extension World {
    // MARK: Packets

    /// Puts a packet on the link at `now`; it arrives half a round trip later, or is sent again if it is lost.
    ///
    /// - Parameter extraRoundTrips: further round trips the exchange takes before the packet counts as arrived.
    mutating func transmit(_ packet: FleetEvent, extraRoundTrips: Double = 0, at now: Instant) {
        let index = Int(packet.client)
        guard clients[index].link.isUp else {
            hold(packet, at: now)
            return
        }
        let network = networks[Int(clients[index].cohort)]
        let position = packetPosition(packet)
        let roundTrip = network.roundTrip.interval(atUniform: uniform(index, .roundTrip, position))
        if clients[index].transport.isPathDead, packet.kind == .pingUp || packet.kind == .messageUp {
            // The path has forgotten the connection: a reset comes back.
            queue.schedule(
                FleetEvent(
                    kind: .closeDown,
                    client: packet.client,
                    generation: packet.generation,
                    argument: UInt32(Close.abnormal.code)
                ),
                at: now + roundTrip
            )
            return
        }
        let isUp = packet.kind.isUpward
        if network.loss != .none, isLost(index, network.loss, isUp: isUp, position) {
            hold(packet, at: now)
            return
        }
        var arrival = now + roundTrip.scaled(by: 0.5 + extraRoundTrips)
        if isUp {
            arrival = max(arrival, clients[index].transport.lastArrivalUp)
            clients[index].transport.lastArrivalUp = arrival
        } else {
            arrival = max(arrival, clients[index].transport.lastArrivalDown)
            clients[index].transport.lastArrivalDown = arrival
        }
        queue.schedule(packet, at: arrival)
    }

    /// Where the packet's draws stand in its client's streams: by what it is, so that no other packet moves them.
    private func packetPosition(_ packet: FleetEvent) -> UInt64 {
        UInt64(packet.generation & 0xff_ffff) << 40 | UInt64(packet.argument & 0xff_ffff) << 16
            | UInt64(packet.kind.rawValue) << 8 | UInt64(packet.resends)
    }

    private mutating func isLost(_ index: Int, _ loss: LossModel, isUp: Bool, _ position: UInt64) -> Bool {
        switch loss {
        case .none:
            return false
        case .bernoulli(let probability):
            return uniform(index, .packetLoss, position) < probability
        case .gilbertElliott(let toBad, let toGood, let lossWhenGood, let lossWhenBad):
            // One 64-bit draw has bits for both questions: does the state change, and is the packet lost.
            let bits = RandomStream.bits(
                key: key,
                entity: UInt32(index),
                purpose: Purpose.packetLoss.number(),
                index: position
            )
            let move = Double(bits >> 32) * 0x1p-32
            let fate = Double(bits & 0xffff_ffff) * 0x1p-32
            var isBad = isUp ? clients[index].link.isBadUp : clients[index].link.isBadDown
            isBad = isBad ? !(move < toGood) : move < toBad
            if isUp { clients[index].link.isBadUp = isBad } else { clients[index].link.isBadDown = isBad }
            return fate < (isBad ? lossWhenBad : lossWhenGood)
        }
    }

    /// The packet got nowhere: its sender's system sends it again later, or gives up.
    ///
    /// Connection attempts are sent again after 1, 2, 4, 8, 16, 32 s and given up after 127 s; data after 0.2 s,
    /// doubling up to 120 s, fifteen times (Linux: tcp_syn_retries 6, tcp_retries2 15).
    mutating func hold(_ packet: FleetEvent, at now: Instant) {
        var packet = packet
        let resends = packet.resends
        packet.tries = UInt8(resends + 1)
        if packet.kind == .attemptUp {
            let wait = Interval.seconds(1 << Int64(resends))
            guard resends < 6 else {
                let failure = FleetEvent(
                    kind: .systemGivesUp,
                    client: packet.client,
                    generation: packet.generation
                )
                queue.schedule(failure, at: now + wait)
                return
            }
            packet.isWaitingToBeSent = true
            queue.schedule(packet, at: now + wait)
        } else {
            guard resends < 15 else { return }
            packet.isWaitingToBeSent = true
            queue.schedule(packet, at: now + min(.milliseconds(200 << Int64(resends)), .seconds(120)))
        }
    }

    /// A packet's turn to be sent again has come, if anybody still wants it sent.
    mutating func sendAgain(_ packet: FleetEvent, at now: Instant) {
        var packet = packet
        packet.isWaitingToBeSent = false
        let transport = clients[Int(packet.client)].transport
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
        transmit(packet, at: now)
    }

    // MARK: Outages

    mutating func scheduleFirstOutages(_ script: Int) {
        for group in 0..<outages[script].groupCount {
            let first = outages[script].first.interval(atUniform: draw(.outageFirst, script, group, 0))
            scheduleOutage(script, group, occurrence: 0, at: .origin + first)
        }
    }

    private mutating func scheduleOutage(_ script: Int, _ group: Int, occurrence: UInt32, at time: Instant) {
        guard time < end else { return }
        queue.schedule(
            FleetEvent(
                kind: .outageBegins,
                place: UInt16(truncatingIfNeeded: script),
                client: UInt32(group),
                argument: occurrence
            ),
            at: max(time, queue.now)
        )
    }

    /// An outage begins for a group, and its end and the next one are drawn.
    mutating func outageBegins(_ event: FleetEvent, at now: Instant) {
        let script = Int(event.place)
        let group = Int(event.client)
        let occurrence = UInt64(event.argument)
        let running = outages[script]
        let length = running.down.interval(atUniform: draw(.outageDown, script, group, occurrence))
        if draw(.outageOccurs, script, group, occurrence) < running.outage.probability {
            for member in running.members(of: group) {
                let offset = running.outage.stagger.scaled(by: draw(.outageStagger, script, member, 0))
                let attachDraw = draw(.outageAttach, script, member, occurrence)
                let attach = running.attach?.interval(atUniform: attachDraw) ?? .zero
                let begin = now + offset
                if offset > .zero {
                    let event = FleetEvent(kind: .linkDown, place: event.place, client: UInt32(member))
                    queue.schedule(event, at: begin)
                } else {
                    linkGoesDown(member, script: script, at: now)
                }
                queue.schedule(
                    FleetEvent(kind: .linkUp, place: event.place, client: UInt32(member)),
                    at: begin + length + attach
                )
            }
        }
        if let up = running.up {
            // Drawn at least a nanosecond long, so that a script always gets on.
            let pause = up.interval(atUniform: draw(.outageUp, script, group, occurrence))
            scheduleOutage(
                script,
                group,
                occurrence: event.argument + 1,
                at: now + length + max(pause, Interval(nanoseconds: 1))
            )
        }
    }

    private func draw(_ purpose: Purpose, _ script: Int, _ entity: Int, _ position: UInt64) -> Double {
        RandomStream.uniform(key: key, entity: UInt32(entity), purpose: purpose.number(script), index: position)
    }

    mutating func linkGoesDown(_ index: Int, script: Int, at now: Instant) {
        if clients[index].link.isUp {
            outageTakes(index, at: now)
            clients[index].link.downSince = now
        }
        switch outages[script].outage.signal {
        case .silent:
            clients[index].link.silentHolds += 1
            updateUsability(index, at: now)
        case .signalled:
            clients[index].link.signalledHolds += 1
            updateUsability(index, at: now)
            guard clients[index].link.signalledHolds == 1 else { return }
            clients[index].link.signalledSince = now
            drive(index, at: now) { client, policy, random, actions in
                client.networkChanged(isOnline: false, at: now, policy: policy, random: &random, actions: &actions)
            }
        }
    }

    mutating func linkComesUp(_ index: Int, script: Int, at now: Instant) {
        let isSignalled = outages[script].outage.signal == .signalled
        if isSignalled { clients[index].link.signalledHolds -= 1 } else { clients[index].link.silentHolds -= 1 }
        let isBackOnline = isSignalled && clients[index].link.signalledHolds == 0
        if isBackOnline {
            let away = now - clients[index].link.signalledSince
            probe.record.cohorts[Int(clients[index].cohort)].wantedTime -= away.nanoseconds
        }
        if clients[index].link.isUp {
            let gap = now - clients[index].link.downSince
            // An outage the system knows of took the address with it; a silent one kills what it outlasts.
            if clients[index].transport.phase == .established,
                isSignalled || gap > networks[Int(clients[index].cohort)].survives
            {
                killPath(index, at: now)
            }
            outageReleases(index, at: now)
        }
        updateUsability(index, at: now)
        guard isBackOnline else { return }
        drive(index, at: now) { client, policy, random, actions in
            client.networkChanged(isOnline: true, at: now, policy: policy, random: &random, actions: &actions)
        }
    }

    /// The path under an established connection is gone for good; the server will find out by idling.
    mutating func killPath(_ index: Int, at now: Instant) {
        clients[index].transport.isPathDead = true
        leaveGhost(index, at: now)
    }
}

extension FleetEvent.Kind {
    /// Whether this is a packet from client to server.
    var isUpward: Bool {
        switch self {
        case .attemptUp, .pingUp, .messageUp, .departureUp: true
        default: false
        }
    }
}
