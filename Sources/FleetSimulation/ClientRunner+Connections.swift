import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// The server's side of one client's connection: what it answers depends on nobody else.
extension ClientRunner {
    // MARK: Attempts that no server sees

    /// An attempt arrives while no instance is up.
    ///
    /// - Returns: as `refuse` does.
    @discardableResult
    mutating func attemptMeetsNobody(_ packet: LocalEvent, of client: Client, at now: Instant) -> Bool {
        guard client.pointee.transport.phase == .dialing,
            client.pointee.transport.generation == packet.generation
        else { return false }
        guard !statuses[cohort(client).pointee.server].dropsWhenDown else {
            retransmit(packet, of: client, at: now)
            return false
        }
        noteArrival(client, at: now)
        return refuse(packet.generation, of: client, .down, at: now)
    }

    /// The attempt has reached the server tier.
    mutating func noteArrival(_ client: Client, at now: Instant) {
        guard !client.pointee.transport.hasArrived else { return }
        client.pointee.transport.hasArrived = true
        probe.arrived(cohort: Int(client.pointee.cohort), at: now)
    }

    // MARK: Heartbeats of the server's own

    mutating func scheduleBeat(_ client: Client, _ generation: UInt32, at due: Instant) {
        post(LocalEvent(kind: .beatDue, generation: generation), at: due, to: client)
    }

    mutating func serverBeats(_ event: LocalEvent, of client: Client, at now: Instant) {
        let transport = client.pointee.transport
        guard transport.instance >= 0, transport.serverGeneration == event.generation,
            let interval = cohort(client).pointee.serverInterval
        else { return }
        scheduleBeat(client, event.generation, at: now + interval)
        // A path that has forgotten the connection swallows what comes down it.
        guard !transport.isPathDead else { return }
        probe.sent(at: now)
        // The number tells the draws of one beat from those of the next.
        let number = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000)
        transmit(
            LocalEvent(kind: .beatDown, generation: event.generation, argument: number),
            of: client,
            at: now
        )
    }

    // MARK: Connections

    /// The client has left in good order.
    mutating func releaseConnection(_ client: Client, generation: UInt32, at now: Instant) {
        let instance = client.pointee.transport.instance
        guard client.pointee.transport.serverGeneration == generation, instance >= 0 else { return }
        client.pointee.transport.instance = -1
        endConnection(.connectionEnded, of: client, on: instance, at: now)
    }

    /// The client is gone but the server cannot know: the connection counts until it has idled out.
    mutating func leaveGhost(_ client: Client, at now: Instant) {
        let instance = client.pointee.transport.instance
        guard instance >= 0 else { return }
        client.pointee.transport.instance = -1
        endConnection(.ghostForgotten, of: client, on: instance, at: now + cohort(client).pointee.idleTimeout)
    }

    private mutating func endConnection(
        _ kind: TierEvent.Kind,
        of client: Client,
        on instance: Int16,
        at time: Instant
    ) {
        let cohort = cohort(client)
        guard cohort.pointee.countsConnections else { return }
        tell(
            TierEvent(
                kind: kind,
                instance: UInt16(truncatingIfNeeded: instance),
                client: client.pointee.number,
                boot: statuses[cohort.pointee.server].boots[Int(instance)]
            ),
            at: time
        )
    }

    /// Whether the server has a client's connection of this generation.
    @inline(__always)
    func isConnected(_ client: Client, _ generation: UInt32) -> Bool {
        client.pointee.transport.instance >= 0 && client.pointee.transport.serverGeneration == generation
    }

    /// Whether the server has the connection a packet belongs to; if not, and the machine answers, it says so.
    private mutating func hasConnection(_ packet: LocalEvent, of client: Client, at now: Instant) -> Bool {
        if isConnected(client, packet.generation) { return true }
        if statuses[cohort(client).pointee.server].isAnyMachineUp {
            transmit(
                LocalEvent(
                    kind: .closeDown,
                    generation: packet.generation,
                    argument: UInt32(Close.abnormal.code)
                ),
                of: client,
                at: now
            )
        }
        return false
    }

    mutating func pingArrives(_ packet: LocalEvent, of client: Client, at now: Instant) {
        guard hasConnection(packet, of: client, at: now), cohort(client).pointee.noticesAnswers else { return }
        let pong = LocalEvent(kind: .pongDown, generation: packet.generation, argument: packet.argument)
        guard let arrival = arrival(of: pong, client, at: now) else { return }
        deliver(pong, of: client, at: arrival)
    }

    /// Notes that the server has a message; answers whether it is new there.
    private mutating func receive(_ key: UInt32, from client: Client) -> Bool {
        // What its sender holds matters only where a message has been overtaken by many.
        if key >= 64, let oldest = client.pointee.client.oldestMessageInPlace(), oldest <= key - 64 {
            let outbox = client.pointee.client.outbox
            return client.pointee.received.insert(key, heldBy: outbox, of: client.pointee.number, &rareKeys)
        }
        return client.pointee.received.insert(key, of: client.pointee.number, &rareKeys)
    }

    /// Whether the server has a message.
    func hasReceived(_ key: UInt32, from client: Client) -> Bool {
        client.pointee.received.contains(key, of: client.pointee.number, rareKeys)
    }

    mutating func messageArrives(_ packet: LocalEvent, of client: Client, at now: Instant) {
        guard hasConnection(packet, of: client, at: now) else { return }
        let cohort = cohort(client)
        let number = Int(client.pointee.cohort)
        probe.record.cohorts[number].copies += 1
        if receive(packet.argument, from: client) {
            probe.received(
                cohort: number,
                offeredAt: packet.offeredAt,
                deadline: cohort.pointee.deadline,
                at: now
            )
            if !client.pointee.client.holdsMessageInPlace(packet.argument) {
                // The client has given this message up already: it is not lost after all.
                let isDiscarded =
                    cohort.pointee.discardsMessages
                    && !rareKeys.forgetFailure(of: packet.argument, of: client.pointee.number)
                if isDiscarded {
                    probe.record.cohorts[number].lost -= 1
                } else {
                    probe.record.cohorts[number].failed -= 1
                }
            }
        }
        let processing =
            cohort.pointee.processing.constant
            ?? cohort.pointee.processing.interval(
                atUniform: uniform(client, .processingTime, UInt64(packet.argument))
            )
        let answer = LocalEvent(kind: .acknowledgementDown, generation: packet.generation, argument: packet.argument)
        guard let arrival = arrival(of: answer, client, at: now + processing) else { return }
        deliver(answer, of: client, at: arrival)
    }
}
