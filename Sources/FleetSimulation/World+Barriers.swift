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
            switch setting.scenario.timeline[entry].happening {
            case .restart(let restart): begin(restart, entry, at: now)
            case .disconnect(let disconnect): begin(disconnect, entry, at: now)
            }
        case .instanceUp(let server, let instance, let boot):
            instanceComesUp(server, instance, boot, at: now)
        }
    }

    private mutating func begin(_ disconnect: TimelineEvent.Disconnect, _ entry: Int, at now: Instant) {
        guard let cohort = setting.scenario.fleet.firstIndex(where: { $0.name == disconnect.cohort }) else { return }
        for index in setting.cohorts[cohort].members {
            let client = setting.clients + index
            guard client.pointee.transport.phase == .established,
                runner(of: client).pointee.uniform(client, .disconnect, UInt64(entry)) < disconnect.share
            else { continue }
            runner(of: client).pointee.outageTakes(client, at: now)
            runner(of: client).pointee.killPath(client, at: now)
            runner(of: client).pointee.updateUsability(client, at: now)
            runner(of: client).pointee.outageReleases(client, at: now)
            if !disconnect.isSilent {
                runner(of: client).pointee.post(
                    LocalEvent(
                        kind: .closeDown,
                        generation: client.pointee.transport.generation,
                        argument: UInt32(Close.abnormal.code)
                    ),
                    at: now,
                    to: client
                )
            }
            settle(client)
        }
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
        for cohort in 0..<setting.cohortCount where setting.cohorts[cohort].server == server {
            for index in setting.cohorts[cohort].members {
                cutOff(setting.clients + index, from: affected, code: code, at: now)
            }
        }
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

    /// The server side of a client's connection ends with its instance.
    private mutating func cutOff(
        _ client: ClientRunner.Client,
        from instances: Range<Int>,
        code: UInt16?,
        at now: Instant
    ) {
        guard instances.contains(Int(client.pointee.transport.instance)) else { return }
        runner(of: client).pointee.outageTakes(client, at: now)
        client.pointee.transport.instance = -1
        runner(of: client).pointee.updateUsability(client, at: now)
        runner(of: client).pointee.outageReleases(client, at: now)
        if let code {
            runner(of: client).pointee.transmit(
                LocalEvent(
                    kind: .closeDown,
                    generation: client.pointee.transport.serverGeneration,
                    argument: UInt32(code)
                ),
                of: client,
                at: now
            )
        }
        settle(client)
    }

    private mutating func instanceComesUp(_ server: Int, _ instance: Int, _ boot: UInt32, at now: Instant) {
        guard servers[server].instances[instance].boot == boot else { return }
        servers[server].instances[instance].isUp = true
        servers[server].instances[instance].isMachineUp = true
        servers[server].instances[instance].upSince = now
        servers[server].publish(to: &setting.statuses[server])
        for cohort in 0..<setting.cohortCount where setting.cohorts[cohort].server == server {
            for index in setting.cohorts[cohort].members {
                let client = setting.clients + index
                runner(of: client).pointee.outageReleases(client, at: now)
            }
        }
    }
}
