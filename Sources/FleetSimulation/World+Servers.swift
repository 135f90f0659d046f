import DequeModule
import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// What reaches the servers, what they do with it, and how they go away and come back.
extension World {
    // MARK: Attempts

    mutating func attemptArrives(_ packet: FleetEvent, at now: Instant) {
        let index = Int(packet.client)
        guard clients[index].transport.phase == .dialing, clients[index].transport.generation == packet.generation
        else {
            // Given up on the way: a server would shake hands for nothing. It has left the client's books already.
            return
        }
        let cohort = Int(clients[index].cohort)
        let server = serverOfCohort[cohort]
        let key = self.key
        let chosen = servers[server].chooseInstance {
            RandomStream.uniform(
                key: key,
                entity: packet.client,
                purpose: Purpose.balancing.number(),
                index: UInt64(packet.generation)
            )
        }
        if chosen == nil, servers[server].dropsWhenDown {
            hold(packet, at: now)
            return
        }
        if !clients[index].transport.hasArrived {
            clients[index].transport.hasArrived = true
            probe.arrived(cohort: cohort, at: now)
        }
        guard let instance = chosen else {
            refuse(packet, .down, at: now)
            return
        }
        let tier = servers[server].tier
        if let limit = tier.connectionLimit, servers[server].instances[instance].load >= limit {
            refuse(packet, .limit, at: now)
            return
        }
        let handshake = Instance.Handshake(client: packet.client, generation: packet.generation, arrivedAt: now)
        if servers[server].instances[instance].inService.count < tier.handshake.workers {
            probe.backlogChanged(by: 1, at: now)
            begin(handshake, server, instance, at: now)
        } else if servers[server].instances[instance].waiting.count < tier.handshake.backlog {
            probe.backlogChanged(by: 1, at: now)
            servers[server].instances[instance].waiting.append(handshake)
        } else {
            probe.record.backlogOverflows += 1
            switch tier.handshake.whenFull {
            case .refuse: refuse(packet, .backlog, at: now)
            case .drop: hold(packet, at: now)
            }
        }
    }

    /// Turns an attempt away: with a reset where there is no server to say more, else with the tier's refusal.
    private mutating func refuse(_ packet: FleetEvent, _ reason: RefusalReason, at now: Instant) {
        probe.refused(reason, at: now)
        let refusal = servers[serverOfCohort[Int(clients[Int(packet.client)].cohort)]].tier.refusal
        let isDown = reason == .down
        transmit(
            FleetEvent(
                kind: .refuseDown,
                place: isDown ? 0 : 1,
                client: packet.client,
                generation: packet.generation,
                argument: UInt32(isDown ? Close.abnormal.code : refusal.close)
            ),
            at: now
        )
    }

    private mutating func begin(_ handshake: Instance.Handshake, _ server: Int, _ instance: Int, at now: Instant) {
        probe.handshakeBegan(after: now - handshake.arrivedAt)
        servers[server].instances[instance].inService.append(handshake)
        let draw = uniform(Int(handshake.client), .handshakeTime, UInt64(handshake.generation))
        let time = servers[server].handshakeTime.quantile(draw) / servers[server].speed(of: instance, at: now)
        queue.schedule(
            FleetEvent(
                kind: .handshakeDone,
                place: UInt16(truncatingIfNeeded: instance),
                client: handshake.client,
                generation: handshake.generation,
                number: servers[server].instances[instance].boot
            ),
            at: now + Interval(seconds: time)
        )
    }

    mutating func handshakeDone(_ event: FleetEvent, at now: Instant) {
        let index = Int(event.client)
        let server = serverOfCohort[Int(clients[index].cohort)]
        let instance = Int(event.place)
        guard servers[server].instances[instance].boot == event.number else { return }
        servers[server].instances[instance].inService.removeAll {
            $0.client == event.client && $0.generation == event.generation
        }
        probe.backlogChanged(by: -1, at: now)
        if clients[index].transport.phase == .dialing, clients[index].transport.generation == event.generation {
            leaveGhost(index, at: now)
            servers[server].instances[instance].connections += 1
            clients[index].transport.serverGeneration = event.generation
            clients[index].transport.instance = Int32(instance)
            if let interval = serverInterval(index) { scheduleBeat(index, event.generation, at: now + interval) }
            transmit(
                FleetEvent(kind: .acceptDown, client: event.client, generation: event.generation),
                extraRoundTrips: servers[server].tier.handshake.roundTrips - 1,
                at: now
            )
        } else {
            probe.record.wastedHandshakes += 1
        }
        guard let next = servers[server].instances[instance].waiting.popFirst() else { return }
        begin(next, server, instance, at: now)
    }

    // MARK: Heartbeats of the server's own

    /// How often the server sends something by itself, where the client's protocol asks for it.
    func serverInterval(_ index: Int) -> Interval? {
        policies[Int(clients[index].cohort)].policy.heartbeat?.serverInterval
    }

    mutating func scheduleBeat(_ index: Int, _ generation: UInt32, at due: Instant) {
        guard due < end else { return }
        queue.schedule(FleetEvent(kind: .beatDue, client: UInt32(index), generation: generation), at: due)
    }

    mutating func serverBeats(_ event: FleetEvent, at now: Instant) {
        let index = Int(event.client)
        let transport = clients[index].transport
        guard transport.instance >= 0, transport.serverGeneration == event.generation,
            let interval = serverInterval(index)
        else { return }
        scheduleBeat(index, event.generation, at: now + interval)
        // A path that has forgotten the connection swallows what comes down it.
        guard !transport.isPathDead else { return }
        probe.sent(at: now)
        // The number tells the draws of one beat from those of the next.
        let number = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000)
        transmit(
            FleetEvent(kind: .beatDown, client: event.client, generation: event.generation, argument: number),
            at: now
        )
    }

    // MARK: Connections

    /// The client has left in good order.
    mutating func releaseConnection(_ index: Int, generation: UInt32) {
        guard clients[index].transport.serverGeneration == generation, clients[index].transport.instance >= 0 else {
            return
        }
        let server = serverOfCohort[Int(clients[index].cohort)]
        servers[server].instances[Int(clients[index].transport.instance)].connections -= 1
        clients[index].transport.instance = -1
    }

    /// The client is gone but the server cannot know: the connection counts until it has idled out.
    mutating func leaveGhost(_ index: Int, at now: Instant) {
        let instance = clients[index].transport.instance
        guard instance >= 0 else { return }
        let server = serverOfCohort[Int(clients[index].cohort)]
        clients[index].transport.instance = -1
        queue.schedule(
            FleetEvent(
                kind: .ghostForgotten,
                place: UInt16(truncatingIfNeeded: instance),
                client: UInt32(index),
                number: servers[server].instances[Int(instance)].boot
            ),
            at: now + servers[server].tier.idleTimeout
        )
    }

    mutating func forgetGhost(_ event: FleetEvent) {
        let server = serverOfCohort[Int(clients[Int(event.client)].cohort)]
        guard servers[server].instances[Int(event.place)].boot == event.number else { return }
        servers[server].instances[Int(event.place)].connections -= 1
    }

    /// Whether the server has the connection a packet belongs to; if not, and the machine answers, it says so.
    private mutating func hasConnection(_ packet: FleetEvent, at now: Instant) -> Bool {
        let index = Int(packet.client)
        let transport = clients[index].transport
        if transport.instance >= 0, transport.serverGeneration == packet.generation { return true }
        let server = serverOfCohort[Int(clients[index].cohort)]
        if servers[server].instances.contains(where: { $0.isMachineUp }) {
            transmit(
                FleetEvent(
                    kind: .closeDown,
                    client: packet.client,
                    generation: packet.generation,
                    argument: UInt32(Close.abnormal.code)
                ),
                at: now
            )
        }
        return false
    }

    mutating func pingArrives(_ packet: FleetEvent, at now: Instant) {
        guard hasConnection(packet, at: now) else { return }
        transmit(
            FleetEvent(
                kind: .pongDown,
                client: packet.client,
                generation: packet.generation,
                argument: packet.argument
            ),
            at: now
        )
    }

    mutating func messageArrives(_ packet: FleetEvent, at now: Instant) {
        guard hasConnection(packet, at: now) else { return }
        let index = Int(packet.client)
        let cohort = Int(clients[index].cohort)
        probe.record.cohorts[cohort].copies += 1
        if clients[index].received.insert(packet.argument, held: clients[index].client.outbox.entries) {
            probe.received(
                cohort: cohort,
                offeredAt: Instant(nanoseconds: packet.number),
                deadline: scenario.fleet[cohort].workload?.deadline ?? .max,
                at: now
            )
            if !clients[index].client.outbox.holds(packet.argument) {
                // The client has given this message up already: it is not lost after all.
                let isDiscarded =
                    policies[cohort].policy.outbox.whileDisconnected == .discard
                    && clients[index].failedKeys.remove(packet.argument) == nil
                if isDiscarded {
                    probe.record.cohorts[cohort].lost -= 1
                } else {
                    probe.record.cohorts[cohort].failed -= 1
                }
            }
        }
        let server = serverOfCohort[cohort]
        let processing = servers[server].processingTime
            .interval(atUniform: uniform(index, .processingTime, UInt64(packet.argument)))
        transmit(
            FleetEvent(
                kind: .acknowledgementDown,
                client: packet.client,
                generation: packet.generation,
                argument: packet.argument
            ),
            at: now + processing
        )
    }

    // MARK: The timeline

    mutating func timelineEvent(_ entry: Int, at now: Instant) {
        switch scenario.timeline[entry].happening {
        case .restart(let restart): begin(restart, entry, at: now)
        case .disconnect(let disconnect): begin(disconnect, entry, at: now)
        }
    }

    private mutating func begin(_ disconnect: TimelineEvent.Disconnect, _ entry: Int, at now: Instant) {
        guard let cohort = scenario.fleet.firstIndex(where: { $0.name == disconnect.cohort }) else { return }
        for index in firstClient[cohort]..<firstClient[cohort] + scenario.fleet[cohort].clients {
            guard clients[index].transport.phase == .established,
                uniform(index, .disconnect, UInt64(entry)) < disconnect.share
            else { continue }
            outageTakes(index, at: now)
            killPath(index, at: now)
            updateUsability(index, at: now)
            outageReleases(index, at: now)
            guard !disconnect.isSilent else { continue }
            let packet = FleetEvent(
                kind: .closeDown,
                client: UInt32(index),
                generation: clients[index].transport.generation,
                argument: UInt32(Close.abnormal.code)
            )
            queue.schedule(packet, at: now)
        }
    }

    private mutating func begin(_ restart: TimelineEvent.Restart, _ entry: Int, at now: Instant) {
        guard let server = scenario.servers.firstIndex(where: { $0.name == restart.server }) else { return }
        let affected = 0..<(restart.instances ?? servers[server].instances.count)
        servers[server].dropsWhenDown = restart.meanwhile == .drop
        var code: UInt16? = Close.abnormal.code
        switch restart.ending {
        case .close(let given): code = given
        case .reset: break
        case .silent: code = nil
        }
        for instance in affected { end(instance, of: server, isSilent: code == nil, at: now) }
        for cohort in scenario.fleet.indices where serverOfCohort[cohort] == server {
            for index in firstClient[cohort]..<firstClient[cohort] + scenario.fleet[cohort].clients {
                cutOff(index, from: affected, code: code, at: now)
            }
        }
        let length = Distribution(restart.down).interval(
            atUniform: RandomStream.uniform(
                key: key,
                entity: UInt32(entry),
                purpose: Purpose.restart.number(),
                index: 0
            )
        )
        for instance in affected {
            queue.schedule(
                FleetEvent(
                    kind: .instancesUp,
                    place: UInt16(truncatingIfNeeded: instance),
                    client: UInt32(server),
                    number: servers[server].instances[instance].boot
                ),
                at: now + length
            )
        }
    }

    private mutating func end(_ instance: Int, of server: Int, isSilent: Bool, at now: Instant) {
        let handshakes =
            servers[server].instances[instance].inService + servers[server].instances[instance].waiting
        probe.backlogChanged(by: -handshakes.count, at: now)
        servers[server].instances[instance].isUp = false
        servers[server].instances[instance].isMachineUp = !isSilent
        servers[server].instances[instance].boot += 1
        servers[server].instances[instance].connections = 0
        servers[server].instances[instance].inService.removeAll()
        servers[server].instances[instance].waiting.removeAll()
        guard !isSilent else { return }
        for handshake in handshakes {
            transmit(
                FleetEvent(
                    kind: .refuseDown,
                    client: handshake.client,
                    generation: handshake.generation,
                    argument: UInt32(Close.abnormal.code)
                ),
                at: now
            )
        }
    }

    /// The server side of a client's connection ends with its instance.
    private mutating func cutOff(_ index: Int, from instances: Range<Int>, code: UInt16?, at now: Instant) {
        guard instances.contains(Int(clients[index].transport.instance)) else { return }
        outageTakes(index, at: now)
        clients[index].transport.instance = -1
        updateUsability(index, at: now)
        outageReleases(index, at: now)
        guard let code else { return }
        transmit(
            FleetEvent(
                kind: .closeDown,
                client: UInt32(index),
                generation: clients[index].transport.serverGeneration,
                argument: UInt32(code)
            ),
            at: now
        )
    }

    mutating func instancesComeUp(_ event: FleetEvent, at now: Instant) {
        let server = Int(event.client)
        let instance = Int(event.place)
        guard servers[server].instances[instance].boot == event.number else { return }
        servers[server].instances[instance].isUp = true
        servers[server].instances[instance].isMachineUp = true
        servers[server].instances[instance].upSince = now
        for cohort in scenario.fleet.indices where serverOfCohort[cohort] == server {
            for index in firstClient[cohort]..<firstClient[cohort] + scenario.fleet[cohort].clients {
                outageReleases(index, at: now)
            }
        }
    }
}
