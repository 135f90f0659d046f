import MonotonicTime
import Reconnection

/// Inputs of chance for one client, and the times between them: mostly what moves it on, now and then anything.
struct RandomInputs {
    /// What a driver knows of its client.
    struct Known {
        var lastGeneration: UInt32
        var lastBeat: UInt32
        /// How many messages have been offered.
        var offered: UInt32
        /// The keys of those that are held, oldest first.
        var held: [Outbox.Key]
        /// Whether the client waits for an attempt to be prepared.
        var isPreparing: Bool
    }

    private let policy: ClientPolicy
    private var choices: SplitMix
    /// A server that is up lets attempts succeed and lets connections be, mostly; one that is down does neither.
    private var isServerUp = true

    init(_ policy: ClientPolicy, seed: UInt64) {
        self.policy = policy
        choices = SplitMix(state: seed)
    }

    /// Usually goes on to the next deadline or stays before it; now and then the device oversleeps.
    mutating func nextTime(after now: Instant, deadline: Instant) -> Instant {
        if choices.next(below: 100) == 0 { isServerUp.toggle() }
        switch choices.next(below: 20) {
        case 0..<7:
            return now
        case 7..<12:
            let step = Interval.milliseconds(Int64(choices.next(below: 400)))
            return min(now + step, max(now, deadline))
        case 12..<19:
            return deadline < .distantFuture ? max(now, deadline) : now
        default:
            return now + .milliseconds(Int64(choices.next(below: 40_000)))
        }
    }

    /// The next input.
    mutating func next(for client: ReconnectingClient, _ known: Known, at now: Instant) -> ClientInput {
        if isServerUp, client.heartbeat.replyDeadline < .distantFuture, choices.next(below: 2) == 0 {
            return .heartbeatAnswered(generation: known.lastGeneration, beat: known.lastBeat)
        }
        if client.nextDeadline(policy: policy) <= now, choices.next(below: 4) > 0 { return .advance }
        // Nobody leaves a client where nothing happens any more.
        switch client.phase {
        case .blocked where choices.next(below: 4) == 0: return .credentialsRenewed
        case .stopped where choices.next(below: 4) == 0: return .start
        case .connecting where known.isPreparing && choices.next(below: 4) == 0:
            return .attemptPrepared(generation: known.lastGeneration)
        default: break
        }
        let generation = someGeneration(known)
        switch choices.next(below: 100) {
        case 0..<6: return .start
        case 6: return .stop
        case 7..<9: return .retryNow
        case 9: return .reconnect
        case 10..<13: return .credentialsRenewed
        case 13: return choices.next(below: 4) == 0 ? .credentialsWithdrawn : .credentialsRenewed
        case 14..<17: return .network(isOnline: choices.next(below: 5) > 0)
        case 17..<20: return .visibility(isVisible: choices.next(below: 5) > 0)
        case 20: return .readiness(isReady: choices.next(below: 8) > 0)
        case 21: return .wake(until: now + .milliseconds(Int64(choices.next(below: 3_000) - 300)))
        case 22: return .attemptPrepared(generation: generation)
        case 23..<44: return opening(of: generation)
        case 44..<48: return loss(of: generation)
        case 48..<52: return isServerUp ? .send : loss(of: generation)
        case 52..<56: return .heartbeatAnswered(generation: generation, beat: someBeat(known))
        case 56..<60: return .received(generation: generation)
        case 60..<72: return .send
        case 72..<84: return .acknowledged(key: someKey(known))
        case 84..<90:
            return .rejected(
                generation: generation,
                key: someKey(known),
                isRetryable: choices.next(below: 3) > 0
            )
        default: return .advance
        }
    }

    private mutating func opening(of generation: UInt32) -> ClientInput {
        guard isServerUp || choices.next(below: 12) == 0 else { return loss(of: generation) }
        return .opened(generation: generation, member: someMember())
    }

    private mutating func loss(of generation: UInt32) -> ClientInput {
        .lost(generation: generation, member: someMember(), close: someClose())
    }

    private mutating func someMember() -> Int {
        guard policy.group != nil else { return 0 }
        return [0, 0, 0, 1, 1, 1, 2, 5][choices.next(below: 8)]
    }

    /// Mostly that of the transport there is.
    private mutating func someGeneration(_ known: Known) -> UInt32 {
        let last = known.lastGeneration
        switch choices.next(below: 12) {
        case 0: return UInt32(choices.next(below: Int(last) + 3))
        case 1: return last &- 1
        case 2: return .max
        default: return last
        }
    }

    private mutating func someKey(_ known: Known) -> Outbox.Key {
        switch choices.next(below: 8) {
        case 0: return Outbox.Key(choices.next(below: Int(known.offered) + 3))
        case 1: return .max
        case 2, 3: return known.held.isEmpty ? 0 : known.held[choices.next(below: known.held.count)]
        default: return known.held.first ?? 0
        }
    }

    private mutating func someBeat(_ known: Known) -> UInt32 {
        choices.next(below: 4) == 0 ? UInt32(choices.next(below: Int(known.lastBeat) + 2)) : known.lastBeat
    }

    private mutating func someClose() -> Close {
        let codes: [UInt16] = [1000, 1001, 1006, 1006, 1006, 1006, 1008, 1012, 1013, 4000]
        let reasons = ["", "", "", "Room reset.", "rate limit", "token expired"]
        let hints: [Interval?] = [nil, nil, nil, .zero, .seconds(3), .seconds(-3), .minutes(2)]
        return Close(
            code: codes[choices.next(below: codes.count)],
            reason: reasons[choices.next(below: reasons.count)],
            retryAfter: hints[choices.next(below: hints.count)]
        )
    }
}
