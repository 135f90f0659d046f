import DiscreteEvents
import MonotonicTime
import Reconnection

/// How a client comes to the start of the observation, or into it.
extension ClientRunner {
    /// Brings a client into its steady state: connected for a random age, heartbeat and message clock in random phase.
    ///
    /// The client's own code lives through its age alone with a perfect network; nothing is set from outside.
    mutating func grow(_ client: Client) {
        let policy = cohort(client).pointee.policy
        let age = uniform(client, .connectionAge, 0)
        var settled = Interval.seconds(60)
        if case .afterStable(let window) = policy.reset.afterSuccess { settled = settled + window }
        if let heartbeat = policy.heartbeat, let rhythm = Self.rhythm(of: heartbeat) {
            settled = settled + rhythm.scaled(by: 1 + age)
        }
        var now = Instant.origin - settled - policy.startSpread
        withClient(client) { client, policy, random, actions in
            client.start(at: now, policy: policy, random: &random, actions: &actions)
        }
        var isOpen = false
        var isPreparing = false
        // A policy that asks for more steps than this before its first minute is over beats without end: let it.
        for _ in 0..<100_000 {
            for position in 0..<actions.count {
                switch actions[position] {
                case .prepareAttempt:
                    isPreparing = true
                case .openTransport(let generation):
                    isOpen = true
                    client.pointee.transport.generation = generation
                case .sendHeartbeat(let generation, let beat):
                    client.pointee.client.heartbeatAnswered(
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
                withClient(client) { client, policy, _, actions in
                    let generation = client.supervisor.generation
                    client.attemptPrepared(generation: generation, at: now, policy: policy, actions: &actions)
                }
                continue
            }
            if isOpen, client.pointee.client.phase == .connecting {
                let generation = client.pointee.client.supervisor.generation
                withClient(client) { client, policy, random, actions in
                    Self.open(&client, generation, at: now, policy, &random, &actions)
                }
                continue
            }
            let deadline = client.pointee.client.nextDeadline(policy: policy)
            guard deadline < .origin else { break }
            now = max(now, deadline)
            withClient(client) { client, policy, random, actions in
                client.received(generation: client.supervisor.generation, at: now, policy: policy)
                client.advance(to: now, policy: policy, random: &random, actions: &actions)
            }
        }
        hearServerBefore(.origin, client, notBefore: now)
    }

    /// The period in which a heartbeat repeats itself on a healthy connection, if it has one.
    private static func rhythm(of heartbeat: HeartbeatPolicy) -> Interval? {
        if heartbeat.interval < .max { return heartbeat.interval }
        return heartbeat.silence?.checkedEvery ?? heartbeat.serverInterval
    }

    /// The server has gone on beating while the client grew old: the last beat came one interval before the next.
    private mutating func hearServerBefore(_ start: Instant, _ client: Client, notBefore earliest: Instant) {
        guard client.pointee.client.phase == .connected, let interval = cohort(client).pointee.serverInterval else {
            return
        }
        let longest = cohort(client).pointee.policy.heartbeat?.silence?.longest ?? .max
        // A silence that has lasted too long by the start is found at the start.
        let last = max(start - longest, start + interval.scaled(by: uniform(client, .serverBeat, 0)) - interval)
        guard last > earliest else { return }
        withClient(client) { client, policy, _, _ in
            client.received(generation: client.supervisor.generation, at: last, policy: policy)
        }
    }

    /// The client's server has had its connection all along.
    mutating func hold(_ client: Client, on instance: Int) {
        client.pointee.transport.phase = .established
        client.pointee.transport.serverGeneration = client.pointee.transport.generation
        client.pointee.transport.instance = Int16(instance)
        if let interval = cohort(client).pointee.serverInterval {
            scheduleBeat(
                client,
                client.pointee.transport.generation,
                at: .origin + interval.scaled(by: uniform(client, .serverBeat, 0))
            )
        }
        updateUsability(client, at: .origin)
        // The next client's turn comes before this one's life begins.
        putAway(client)
    }

    /// The client's future begins.
    mutating func begin(_ client: Client) {
        if let time = cohort(client).pointee.launch {
            let launch = .origin + time.interval(atUniform: uniform(client, .launch, 0))
            post(LocalEvent(kind: .launch), at: launch, to: client)
            // Before that, nobody wants it connected.
            probe.record.cohorts[Int(client.pointee.cohort)].wantedTime -= min(launch, end).sinceOrigin.nanoseconds
        } else {
            scheduleOffer(client, after: .origin, isFirst: true)
            rearm(client, at: .origin)
        }
        scheduleFirstOutages(client)
        putAway(client)
    }
}
