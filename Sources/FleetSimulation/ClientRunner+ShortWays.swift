import DiscreteEvents
import MonotonicTime
import Reconnection

/// Short ways through what happens most, to the same end as step by step.
///
/// What one thing causes comes next in most cases, before anything else can happen to the client. It is then lived
/// through at once, without becoming an event that is put down and taken up again.
///
/// To be entered only while nothing about the client is in suspense: its next wake-up is noted, and no list of actions is
/// being carried out.
extension ClientRunner {
    /// Whether nothing else happens to a client before an instant in the present window, and no tier has a say in it.
    func isNext(_ time: Instant, of client: Client) -> Bool {
        client.pointee.hold == .none && time < min(windowEnd, min(handAt, client.pointee.next))
    }

    /// A packet that is under way to a client reaches it.
    mutating func deliver(_ packet: LocalEvent, of client: Client, at arrival: Instant) {
        guard isNext(arrival, of: client) else {
            post(packet, at: arrival, to: client)
            return
        }
        events += 1
        packetReachesClient(packet, of: client, at: arrival)
    }

    /// An attempt is due: it is begun, sent and, where no server is up, refused.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func retriesShortly(_ client: Client, at now: Instant) -> Bool {
        let begun = cohort(client).pointee.withRetries { client.pointee.client.beginRetry(at: now, $0) }
        guard let begun else { return false }
        client.pointee.wake = begun.nextDeadline
        let packet = LocalEvent(kind: .attemptUp, generation: begun.generation)
        guard let arrival = openTransport(client, packet, at: now) else { return true }
        guard meetsNobody(client, at: arrival), isNext(arrival, of: client) else {
            sendAttempt(packet, of: client, arrival: arrival)
            return true
        }
        events += 1
        attemptMeetsNobody(packet, of: client, at: arrival)
        return true
    }

    /// The attempt under way has failed, with a close that asks for nothing.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func failsShortly(_ client: Client, _ generation: UInt32, at now: Instant) -> Bool {
        cohort(client).pointee.withRetries { retries in
            guard client.pointee.client.canFailRetry(generation: generation, retries) else { return false }
            var number = 0.0
            if retries.drawsNumber {
                number = uniform(client, .clientJitter, UInt64(client.pointee.randomPosition))
                client.pointee.randomPosition &+= 1
            }
            client.pointee.wake = client.pointee.client.failRetry(at: now, retries, uniform: number)
            return true
        }
    }

    /// A beat is due, and nothing else.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func beatsShortly(_ client: Client, at now: Instant) -> Bool {
        let beat = cohort(client).pointee.withPolicy { policy in
            client.pointee.client.beatIfNothingElseIsDue(at: now, policy: policy)
        }
        guard let beat else { return false }
        rearm(client, at: now)
        probe.sent(at: now)
        let packet = LocalEvent(
            kind: .pingUp,
            generation: client.pointee.client.supervisor.generation,
            argument: beat
        )
        guard let arrival = arrival(of: packet, client, at: now) else { return true }
        guard isNext(arrival, of: client) else {
            post(packet, at: arrival, to: client)
            return true
        }
        events += 1
        pingArrives(packet, of: client, at: arrival)
        return true
    }
}
