import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// Short ways through what happens most, to the same end as step by step.
///
/// What one thing causes comes next in most cases, before anything else can happen to the client. It is then lived
/// through at once, without becoming an event that is put down and taken up again.
///
/// To be entered only while nothing about the client is in suspense: its next wake-up is noted, and no list of actions is
/// being carried out.
extension ClientRunner {
    /// Whether nothing else happens to a client before an instant in the present window, and no tier has a say in it.
    @inline(__always)
    mutating func isNext(_ time: Instant, of client: Client) -> Bool {
        client.pointee.hold == .none && time < min(windowEnd, min(handAt, client.pointee.next))
    }

    /// Whether a client's own code wakes up before anything else happens to it, in the present window.
    @inline(__always)
    private mutating func isWakeNext(_ client: Client) -> Bool {
        client.pointee.hold == .none
            && client.pointee.wake < min(windowEnd, min(handAt, min(client.pointee.mailAt, client.pointee.nextOffer)))
    }

    /// Whether a packet's arrival is what happens next: then it is to be lived through at once, and else it waits.
    @inline(__always)
    private mutating func arrivesNext(_ packet: LocalEvent, of client: Client, at arrival: Instant) -> Bool {
        guard isNext(arrival, of: client) else {
            post(packet, at: arrival, to: client)
            return false
        }
        events += 1
        return true
    }

    /// A packet that is under way to a client reaches it.
    mutating func deliver(_ packet: LocalEvent, of client: Client, at arrival: Instant) {
        if arrivesNext(packet, of: client, at: arrival) { packetReachesClient(packet, of: client, at: arrival) }
    }

    // MARK: Attempts

    /// An attempt is due: it is begun and sent; where no server is up it is refused, the next one follows, and so on.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func retriesShortly(_ client: Client, at due: Instant) -> Bool {
        let cohort = cohort(client)
        guard cohort.pointee.retries.arePlain, client.pointee.link.isUp, client.pointee.transport.phase == .none else {
            return false
        }
        var now = due
        repeat {
            let begun = cohort.pointee.withRetries { client.pointee.client.beginRetry(at: now, $0) }
            guard let begun else { return now > due }
            if now > due { events += 1 }
            client.pointee.wake = begun.nextDeadline
            noteLaunch(client, begun.generation, at: now)
            let packet = LocalEvent(kind: .attemptUp, generation: begun.generation)
            guard let arrival = quickArrival(of: packet, client, cohort, at: now) else { return true }
            guard meetsNobody(client, at: arrival), isNext(arrival, of: client) else {
                sendAttempt(packet, of: client, arrival: arrival)
                return true
            }
            events += 1
            guard attemptMeetsNobody(packet, of: client, at: arrival), isWakeNext(client) else { return true }
            now = client.pointee.wake
        } while true
    }

    /// `arrival(of:_:at:)`, on the spot if the network leaves nothing to chance.
    @inline(__always)
    private mutating func quickArrival(
        of packet: LocalEvent,
        _ client: Client,
        _ cohort: UnsafeMutablePointer<CohortSetting>,
        at now: Instant
    ) -> Instant? {
        guard cohort.pointee.network.isDeterministic, client.pointee.link.isUp, !client.pointee.transport.isPathDead
        else { return arrival(of: packet, client, at: now) }
        let isUp = packet.kind.isUpward
        let way = isUp ? cohort.pointee.network.wayUp : cohort.pointee.network.wayDown
        return inOrder(now + way, of: client, isUp: isUp)
    }

    /// Turns an attempt away: with a reset where there is no server to say more, else with the tier's refusal.
    ///
    /// - Returns: whether the client has heard of it already, and waits for its next attempt and for nothing else.
    @discardableResult
    mutating func refuse(
        _ generation: UInt32,
        of client: Client,
        _ reason: RefusalReason,
        at now: Instant
    ) -> Bool {
        probe.refused(reason, at: now)
        let cohort = cohort(client)
        let isDown = reason == .down
        let packet = LocalEvent(
            kind: .refuseDown,
            place: isDown ? 0 : 1,
            generation: generation,
            argument: UInt32(isDown ? Close.abnormal.code : cohort.pointee.refusal.close)
        )
        guard let arrival = quickArrival(of: packet, client, cohort, at: now),
            arrivesNext(packet, of: client, at: arrival)
        else { return false }
        guard isDown || !cohort.pointee.refusalHasHint else {
            packetReachesClient(packet, of: client, at: arrival)
            return false
        }
        // An attempt that is refused at once holds no place in a backlog: `endAttempt` would find nothing else to do.
        probe.ended(.refused, cohort: Int(client.pointee.cohort), at: arrival)
        client.pointee.transport.phase = .none
        if failsShortly(client, generation, at: arrival) { return true }
        lose(client, generation, close(of: packet, client), at: arrival)
        return false
    }

    /// The attempt under way has failed, with a close that asks for nothing.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func failsShortly(_ client: Client, _ generation: UInt32, at now: Instant) -> Bool {
        let cohort = cohort(client)
        guard cohort.pointee.retries.arePlain else { return false }
        let drawsNumber = cohort.pointee.retries.drawsNumber
        let number = drawsNumber ? clientNumber(client) : 0
        let next = cohort.pointee.withRetries {
            client.pointee.client.failRetry(generation: generation, at: now, $0, uniform: number)
        }
        guard let next else { return false }
        if drawsNumber { client.pointee.randomPosition &+= 1 }
        client.pointee.wake = next
        return true
    }

    // MARK: Heartbeats

    /// A beat is due, and nothing else: it is sent, and where its answer is of no interest, the next one follows, and so
    /// on.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func beatsShortly(_ client: Client, at due: Instant) -> Bool {
        let cohort = cohort(client)
        var now = due
        repeat {
            let beat = cohort.pointee.withPolicy { policy in
                client.pointee.client.beatIfNothingElseIsDue(at: now, policy: policy)
            }
            guard let beat else { return now > due }
            if now > due { events += 1 }
            client.pointee.wake = max(now, beat.nextDeadline)
            probe.sent(at: now)
            let packet = LocalEvent(kind: .pingUp, generation: beat.generation, argument: beat.number)
            guard let arrival = quickArrival(of: packet, client, cohort, at: now) else { return true }
            guard arrivesNext(packet, of: client, at: arrival) else { return true }
            if cohort.pointee.noticesAnswers || !isConnected(client, beat.generation) {
                pingArrives(packet, of: client, at: arrival)
            }
            guard isWakeNext(client) else { return true }
            now = client.pointee.wake
        } while true
    }

    // MARK: Messages

    /// The app offers a message that can be sent at once; the next one is scheduled.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func sendsShortly(_ client: Client, at now: Instant) -> Bool {
        let message = cohort(client).pointee.withPolicy { policy in
            client.pointee.client.sendAtOnce(at: now, policy: policy)
        }
        guard let message else { return false }
        client.pointee.wake = max(now, message.nextDeadline)
        client.pointee.marks.outboxPeak = max(client.pointee.marks.outboxPeak, UInt32(message.count))
        scheduleOffer(client, after: now, isFirst: false)
        probe.sent(at: now)
        let packet = LocalEvent(
            kind: .messageUp,
            generation: message.generation,
            argument: message.key,
            offeredAt: now
        )
        if let arrival = arrival(of: packet, client, at: now), arrivesNext(packet, of: client, at: arrival) {
            messageArrives(packet, of: client, at: arrival)
        }
        return true
    }

    /// The oldest message is acknowledged, and nothing waits for its place.
    ///
    /// - Returns: false, and nothing has changed, if there is no short way.
    mutating func acknowledgesShortly(_ client: Client, _ key: Outbox.Key, at now: Instant) -> Bool {
        let next = cohort(client).pointee.withPolicy { policy in
            client.pointee.client.acknowledgeOldest(key: key, at: now, policy: policy)
        }
        guard let next else { return false }
        client.pointee.wake = max(now, next)
        return true
    }
}
