import DequeModule
import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// What the server tiers do, in exact order of time.
extension World {
    mutating func handle(_ event: TierEvent, at now: Instant) {
        let client = setting.clients + Int(event.client)
        switch event.kind {
        case .attemptArrives:
            attemptArrives(event, of: client, at: now)
        case .handshakeDone:
            handshakeDone(event, of: client, at: now)
        case .clientVisit:
            // Of a client that has something nearer to do, or is free again, another word has come since.
            guard client.pointee.hold == .waiting, client.pointee.next == now else { return }
            runner(of: client).pointee.step(client, at: now)
            resume(client)
        case .connectionEnded, .ghostForgotten:
            first.pointee.events += 1
            connectionEnds(event, of: client)
        case .handshakeAbandoned:
            handshakeAbandoned(event, of: client, at: now)
        }
    }

    // MARK: Attempts

    private mutating func attemptArrives(_ event: TierEvent, of client: ClientRunner.Client, at now: Instant) {
        first.pointee.events += 1
        guard client.pointee.transport.phase == .dialing, client.pointee.transport.generation == event.generation
        else {
            // Given up on the way: a server would shake hands for nothing. It has left the client's books already.
            return
        }
        client.pointee.hold = .none
        let server = server(of: client)
        let packet = LocalEvent(kind: .attemptUp, tries: event.tries, generation: event.generation)
        guard let instance = chooseInstance(for: event.client, of: server, event.generation) else {
            runner(of: client).pointee.attemptMeetsNobody(packet, of: client, at: now)
            resume(client)
            return
        }
        runner(of: client).pointee.noteArrival(client, at: now)
        if let limit = servers[server].connectionLimit, servers[server].load(of: instance) >= limit {
            runner(of: client).pointee.refuse(event.generation, of: client, .limit, at: now)
            resume(client)
            return
        }
        client.pointee.instance = UInt16(truncatingIfNeeded: instance)
        let handshake = Instance.Handshake(client: event.client, generation: event.generation, arrivedAt: now)
        if servers[server].instances[instance].inService.count < servers[server].workers {
            first.pointee.probe.backlogChanged(by: 1, at: now)
            client.pointee.hold = .waiting
            begin(handshake, server, instance, at: now)
        } else if servers[server].instances[instance].waitingCount < servers[server].backlog {
            first.pointee.probe.backlogChanged(by: 1, at: now)
            client.pointee.hold = .waiting
            servers[server].instances[instance].waiting.append(handshake)
        } else {
            first.pointee.probe.record.backlogOverflows += 1
            switch servers[server].tier.handshake.whenFull {
            case .refuse: runner(of: client).pointee.refuse(event.generation, of: client, .backlog, at: now)
            case .drop: runner(of: client).pointee.retransmit(packet, of: client, at: now)
            }
        }
        resume(client)
    }

    /// The instance a client's connection goes to; nil if none is up.
    mutating func chooseInstance(for client: UInt32, of server: Int, _ generation: UInt32) -> Int? {
        let key = setting.key
        return servers[server].chooseInstance {
            RandomStream.uniform(
                key: key,
                entity: client,
                purpose: Purpose.balancing.number(),
                index: UInt64(generation)
            )
        }
    }

    private mutating func begin(_ handshake: Instance.Handshake, _ server: Int, _ instance: Int, at now: Instant) {
        first.pointee.probe.handshakeBegan(after: now - handshake.arrivedAt)
        servers[server].instances[instance].inService.append(handshake)
        let draw = RandomStream.uniform(
            key: setting.key,
            entity: handshake.client,
            purpose: Purpose.handshakeTime.number(),
            index: UInt64(handshake.generation)
        )
        let time = servers[server].handshakeTime.quantile(draw) / servers[server].speed(of: instance, at: now)
        if servers[server].tier.handshake.answered == .whenBegun { answer(handshake, server, instance, at: now) }
        let done = now + Interval(seconds: time)
        guard done < setting.end else { return }
        queue.pointee.schedule(
            TierEvent(
                kind: .handshakeDone,
                instance: UInt16(truncatingIfNeeded: instance),
                client: handshake.client,
                generation: handshake.generation,
                boot: servers[server].instances[instance].boot
            ),
            at: done
        )
    }

    private mutating func handshakeDone(_ event: TierEvent, of client: ClientRunner.Client, at now: Instant) {
        let server = server(of: client)
        let instance = Int(event.instance)
        guard servers[server].instances[instance].boot == event.boot else { return }
        first.pointee.events += 1
        servers[server].instances[instance].finish(event.client, event.generation)
        first.pointee.probe.backlogChanged(by: -1, at: now)
        if servers[server].tier.handshake.answered == .whenDone {
            let handshake = Instance.Handshake(client: event.client, generation: event.generation, arrivedAt: now)
            answer(handshake, server, instance, at: now)
        }
        while let next = servers[server].instances[instance].waiting.popFirst() {
            if servers[server].instances[instance].abandoned > 0, !isWanted(next) {
                servers[server].instances[instance].abandoned -= 1
                continue
            }
            begin(next, server, instance, at: now)
            // Its worker will soon be done with those ahead of it, and their clients will be needed.
            let soon = FleetSetting.prefetchDistance
            if servers[server].instances[instance].waiting.count > soon {
                setting.prefetch(Int(servers[server].instances[instance].waiting[soon].client))
            }
            return
        }
    }

    /// Whether the client of a handshake still waits for it.
    private func isWanted(_ handshake: Instance.Handshake) -> Bool {
        let client = setting.clients + Int(handshake.client)
        return client.pointee.transport.phase == .dialing
            && client.pointee.transport.generation == handshake.generation
    }

    /// A client in the backlog has given up, and its tier lets it go at once.
    private mutating func handshakeAbandoned(_ event: TierEvent, of client: ClientRunner.Client, at now: Instant) {
        let server = server(of: client)
        let instance = Int(event.instance)
        // One that a worker has begun is worked on to its end.
        guard !servers[server].instances[instance].isInService(event.client, event.generation) else { return }
        servers[server].instances[instance].abandoned += 1
        first.pointee.probe.backlogChanged(by: -1, at: now)
    }

    /// A handshake becomes a connection, of which its client will hear, unless the client has given up.
    private mutating func answer(_ handshake: Instance.Handshake, _ server: Int, _ instance: Int, at now: Instant) {
        guard isWanted(handshake) else {
            first.pointee.probe.record.wastedHandshakes += 1
            return
        }
        let client = setting.clients + Int(handshake.client)
        runner(of: client).pointee.leaveGhost(client, at: now)
        servers[server].instances[instance].connections += 1
        client.pointee.hold = .none
        client.pointee.transport.serverGeneration = handshake.generation
        client.pointee.transport.instance = Int16(instance)
        if let interval = setting.cohorts[Int(client.pointee.cohort)].serverInterval {
            runner(of: client).pointee.scheduleBeat(client, handshake.generation, at: now + interval)
        }
        runner(of: client).pointee.transmit(
            LocalEvent(kind: .acceptDown, generation: handshake.generation),
            of: client,
            extraRoundTrips: servers[server].tier.handshake.roundTrips - 1,
            at: now
        )
        resume(client)
    }

    private mutating func connectionEnds(_ event: TierEvent, of client: ClientRunner.Client) {
        let server = server(of: client)
        guard servers[server].instances[Int(event.instance)].boot == event.boot else { return }
        servers[server].instances[Int(event.instance)].connections -= 1
    }
}
