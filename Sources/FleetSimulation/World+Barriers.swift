import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// Something that changes the tiers for everybody, or the connections of many at once.
enum TierChange {
    /// An entry of the scenario's timeline.
    case timeline(entry: Int)
    /// An instance comes back, unless it has been restarted again.
    case instanceUp(server: Int, instance: Int, boot: UInt32)
}

/// What happens to everybody at one instant.
extension World {
    mutating func addBarrier(_ change: TierChange, at time: Instant) {
        let place = barriers.firstIndex { $0.time > time } ?? barriers.endIndex
        barriers.insert((time, change), at: place)
    }

    /// The change happens. All clients have lived up to this instant, and none beyond it.
    mutating func pass(_ change: TierChange, at now: Instant) {
        first.pointee.events += 1
        switch change {
        case .timeline(let entry):
            applyClientChanges(at: now)
            switch setting.scenario.timeline[entry].happening {
            case .restart(let restart): begin(restart, entry, at: now)
            case .disconnect(let disconnect): begin(disconnect, entry)
            }
        case .instanceUp(let server, let instance, let boot):
            // Those that the first instance has released need not know of the next.
            if !clientChanges.allSatisfy(\.isRelease) { applyClientChanges(at: now) }
            instanceComesUp(server, instance, boot, at: now)
        }
    }

    /// Does to clients what earlier changes of this instant do, before the tiers change again.
    mutating func applyClientChanges(at now: Instant) {
        guard !clientChanges.isEmpty else { return }
        for index in 0..<setting.clientCount {
            let client = setting.clients + index
            for change in clientChanges { runner(of: client).pointee.apply(change, to: client, at: now) }
            settle(client)
        }
        clientChanges.removeAll()
    }

    private mutating func begin(_ disconnect: TimelineEvent.Disconnect, _ entry: Int) {
        guard let cohort = setting.scenario.fleet.firstIndex(where: { $0.name == disconnect.cohort }) else { return }
        clientChanges.append(
            .disconnected(entry: entry, cohort: cohort, share: disconnect.share, isSilent: disconnect.isSilent)
        )
    }

    private mutating func begin(_ restart: TimelineEvent.Restart, _ entry: Int, at now: Instant) {
        guard let server = setting.scenario.servers.firstIndex(where: { $0.name == restart.server }) else { return }
        let affected = 0..<(restart.instances ?? servers[server].instances.count)
        var code: UInt16? = Close.abnormal.code
        switch restart.ending {
        case .close(let given): code = given
        case .reset: break
        case .silent: code = nil
        }
        var interrupted: [Instance.Handshake] = []
        for instance in affected {
            first.pointee.probe.backlogChanged(by: -servers[server].instances[instance].backlog, at: now)
            interrupted += servers[server].instances[instance].end(isSilent: code == nil)
        }
        setting.statuses[server].dropsWhenDown = restart.meanwhile == .drop
        servers[server].publish(to: &setting.statuses[server])
        for handshake in interrupted { interrupt(handshake, isSilent: code == nil, at: now) }
        clientChanges.append(.cutOff(server: server, instances: affected, code: code))
        let length = Distribution(restart.down).interval(
            atUniform: RandomStream.uniform(
                key: setting.key,
                entity: UInt32(entry),
                purpose: Purpose.restart.number(),
                index: 0
            )
        )
        for instance in affected {
            let boot = servers[server].instances[instance].boot
            addBarrier(.instanceUp(server: server, instance: instance, boot: boot), at: now + length)
        }
    }

    /// A handshake that was accepted goes down with its instance.
    private mutating func interrupt(_ handshake: Instance.Handshake, isSilent: Bool, at now: Instant) {
        let client = setting.clients + Int(handshake.client)
        let isCurrent =
            client.pointee.hold == .waiting && client.pointee.transport.generation == handshake.generation
        if isCurrent { client.pointee.hold = .none }
        if !isSilent {
            runner(of: client).pointee.transmit(
                LocalEvent(
                    kind: .refuseDown,
                    generation: handshake.generation,
                    argument: UInt32(Close.abnormal.code)
                ),
                of: client,
                at: now
            )
        }
        settle(client)
    }

    private mutating func instanceComesUp(_ server: Int, _ instance: Int, _ boot: UInt32, at now: Instant) {
        guard servers[server].instances[instance].boot == boot else { return }
        let wasUp = setting.statuses[server].hasInstanceUp
        servers[server].instances[instance].isUp = true
        servers[server].instances[instance].isMachineUp = true
        servers[server].instances[instance].upSince = now
        servers[server].publish(to: &setting.statuses[server])
        // Clients of a tier with an instance up have been released already.
        if !wasUp { clientChanges.append(.released(server: server)) }
    }
}
