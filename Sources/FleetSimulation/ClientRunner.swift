import DiscreteEvents
import MonotonicTime
import Reconnection
import Scenarios

/// Lives the lives of clients as far as each depends on nobody else.
///
/// Most of what happens to a client touches nothing that others touch: its timers, its messages, its packets on an
/// established connection, its attempts while no server is up. All that is lived in one go, without any queue between
/// clients. What others see too is told to the tiers in `tierEvents`, never earlier than the client's own time.
///
/// A client's record belongs to one runner at a time; its pending events lie in that runner's mailroom.
struct ClientRunner: ~Copyable {
    let setting: FleetSetting
    let key: RandomKey
    let end: Instant
    let cohorts: UnsafeMutablePointer<CohortSetting>
    let statuses: UnsafeMutablePointer<TierStatus>

    var mailroom = Mailroom()
    /// The event that comes next to the client whose life is being lived, if it was told last: most events follow at
    /// once on the one that caused them, and need no place in the mailroom.
    private var hand = LocalEvent(kind: .launch)
    private(set) var handAt: Instant = .distantFuture
    var actions = ClientActions()
    var probe: Probe
    var rareKeys = RareKeys()
    /// What has been told to the tiers and not been taken up by them.
    var tierEvents = PlainList<ToldEvent>(capacity: 64)
    /// Up to here the state of the tiers is known: nothing changes it but what happens at this instant.
    var barrier: Instant = .origin
    /// The end of the present window: lives are lived up to here.
    var windowEnd: Instant = .origin
    /// The number that was drawn together with the last one of `clientNumber`, and whose it is.
    private var keptBits: UInt64 = 0
    private var keptPlace = UInt64.max
    /// Events lived through.
    var events = 0

    init(_ setting: FleetSetting, probe: consuming Probe) {
        self.setting = setting
        key = setting.key
        end = setting.end
        cohorts = setting.cohorts
        statuses = setting.statuses
        self.probe = probe
    }

    /// A client's record.
    typealias Client = UnsafeMutablePointer<VirtualClient>

    func cohort(_ client: Client) -> UnsafeMutablePointer<CohortSetting> { cohorts + Int(client.pointee.cohort) }

    /// Lives a client's life up to but excluding an instant, or up to where it depends on a tier.
    mutating func run(_ client: Client, until limit: Instant) {
        while true {
            let next = min(handAt, client.pointee.next)
            if client.pointee.hold == .none {
                guard next < limit else { break }
            } else {
                guard client.pointee.hold == .arriving, next < min(limit, client.pointee.holdAt) else { break }
            }
            step(client, at: next)
        }
        putAway(client)
    }

    /// Leaves a client in a state that other runners and the tiers understand.
    mutating func putAway(_ client: Client) {
        guard handAt < .distantFuture else { return }
        mailroom.postFirst(hand, at: handAt, to: client)
        handAt = .distantFuture
    }

    /// Lives through the first pending event of a client.
    mutating func step(_ client: Client, at now: Instant) {
        events += 1
        if handAt == now {
            handAt = .distantFuture
            handle(hand, of: client, at: now)
        } else if client.pointee.mailAt == now {
            handle(mailroom.takeFirst(of: client), of: client, at: now)
        } else if client.pointee.nextOffer == now {
            offerMessage(client, at: now)
        } else {
            wake(client, at: now)
        }
    }

    private mutating func handle(_ event: LocalEvent, of client: Client, at now: Instant) {
        if event.isWaitingToBeSent {
            sendAgain(event, of: client, at: now)
            return
        }
        switch event.kind {
        case .launch: launch(client, at: now)
        case .localFailure, .systemGivesUp: attemptFailedLocally(client, event.generation, at: now)
        case .attemptPrepared: attemptPrepared(client, event.generation, at: now)
        case .lateClose: lose(client, event.generation, .normal, at: now)
        case .attemptUp: attemptMeetsNobody(event, of: client, at: now)
        case .pingUp: pingArrives(event, of: client, at: now)
        case .messageUp: messageArrives(event, of: client, at: now)
        case .departureUp: releaseConnection(client, generation: event.generation, at: now)
        case .acceptDown, .refuseDown, .pongDown, .acknowledgementDown, .closeDown, .beatDown:
            packetReachesClient(event, of: client, at: now)
        case .outageBegins: outageBegins(event, of: client, at: now)
        case .linkDown: linkGoesDown(client, script: Int(event.place), at: now)
        case .linkUp: linkComesUp(client, script: Int(event.place), at: now)
        case .beatDue: serverBeats(event, of: client, at: now)
        }
    }

    /// Adds an event to a client's future, if the observation lasts so long.
    mutating func post(_ event: LocalEvent, at time: Instant, to client: Client) {
        guard time < end else { return }
        guard time < min(handAt, client.pointee.mailAt) else {
            mailroom.post(event, at: time, to: client)
            return
        }
        // What is in hand was told before anything of the same time in the mailroom.
        putAway(client)
        hand = event
        handAt = time
    }

    /// Tells the tiers of something, if the observation lasts so long.
    mutating func tell(_ event: TierEvent, at time: Instant) {
        guard time < end else { return }
        tierEvents.append(ToldEvent(time: time, event: event))
    }

    // MARK: Random numbers

    /// The next number of a client's own stream, without moving on to the one behind it.
    @inline(__always)
    mutating func clientNumber(_ client: Client) -> Double {
        let position = client.pointee.randomPosition
        let place = UInt64(client.pointee.number) << 32 | UInt64(position)
        if place == keptPlace { return RandomStream.unitInterval(keptBits) }
        let bits = RandomStream.pair(
            key: key,
            entity: client.pointee.number,
            purpose: Purpose.clientJitter.number(),
            index: UInt64(position >> 1)
        )
        guard position & 1 == 0 else { return RandomStream.unitInterval(bits.odd) }
        keptPlace = place + 1
        keptBits = bits.odd
        return RandomStream.unitInterval(bits.even)
    }

    /// The number at an index of a client's stream for a purpose.
    func uniform(_ client: Client, _ purpose: Purpose, _ position: UInt64) -> Double {
        RandomStream.uniform(key: key, entity: client.pointee.number, purpose: purpose.number(), index: position)
    }
}
