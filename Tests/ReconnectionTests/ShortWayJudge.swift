import MonotonicTime

@testable import Reconnection

/// A short way, and what it is about.
enum ShortWay: Hashable {
    case beginRetry
    case failRetry(generation: UInt32)
    case beat
    case sendAtOnce
    case acknowledgeOldest(key: Outbox.Key)

    /// Which one, whatever it is about.
    enum Kind: CaseIterable {
        case beginRetry, failRetry, beat, sendAtOnce, acknowledgeOldest
    }

    var kind: Kind {
        switch self {
        case .beginRetry: .beginRetry
        case .failRetry: .failRetry
        case .beat: .beat
        case .sendAtOnce: .sendAtOnce
        case .acknowledgeOldest: .acknowledgeOldest
        }
    }

    /// The ways that may stand for an input; those for `advance` exclude each other.
    static func ways(for input: ClientInput) -> [ShortWay] {
        switch input {
        case .advance: [.beginRetry, .beat]
        // A close that asks for something is none of theirs.
        case .lost(let generation, _, let close) where close.retryAfter == nil: [.failRetry(generation: generation)]
        case .send: [.sendAtOnce]
        case .acknowledged(let key): [.acknowledgeOldest(key: key)]
        default: []
        }
    }
}

/// Holds every short way of a policy to its word: it ends where the general way ends, or changes nothing.
final class ShortWayJudge {
    let policy: ClientPolicy
    let retries: PlainRetries
    /// How often each way was short.
    private(set) var taken: [ShortWay.Kind: Int] = [:]

    init(_ policy: ClientPolicy) {
        self.policy = policy
        retries = PlainRetries(policy)
    }

    /// What a short way answers, in the words of the general one: the actions that it leaves out and the next deadline.
    struct Answer: Equatable {
        let actions: [ClientAction]
        let nextDeadline: Instant
    }

    /// Takes a way, if it is short, and uses up what it says that it draws.
    func take(
        _ way: ShortWay,
        _ client: inout ReconnectingClient,
        at now: Instant,
        random: inout SplitMix
    ) -> Answer? {
        switch way {
        case .beginRetry:
            guard let begun = client.beginRetry(at: now, retries) else { return nil }
            return Answer(
                actions: [
                    .phaseChanged(from: .waiting, to: .connecting), .openTransport(generation: begun.generation),
                ],
                nextDeadline: begun.nextDeadline
            )
        case .failRetry(let generation):
            let retry = client.supervisor.retryCount
            var source = random
            // A number that is not asked for must not matter.
            let uniform = retries.drawsNumber ? source.nextUniform() : -3.5
            let next = client.failRetry(generation: generation, at: now, retries, uniform: uniform)
            guard let next else { return nil }
            random = source
            return Answer(
                actions: [
                    .retryScheduled(at: client.supervisor.nextAttempt, retry: retry),
                    .phaseChanged(from: .connecting, to: .waiting),
                ],
                nextDeadline: next
            )
        case .beat:
            guard let beat = client.beatIfNothingElseIsDue(at: now, policy: policy) else { return nil }
            return Answer(
                actions: [.sendHeartbeat(generation: beat.generation, beat: beat.number)],
                nextDeadline: beat.nextDeadline
            )
        case .sendAtOnce:
            let held = client.outbox.count
            guard let message = client.sendAtOnce(at: now, policy: policy) else { return nil }
            guard message.count == held + 1 else { return Answer(actions: [], nextDeadline: .distantPast) }
            return Answer(
                actions: [
                    .sendMessage(generation: message.generation, key: message.key, offeredAt: now, resend: 0)
                ],
                nextDeadline: message.nextDeadline
            )
        case .acknowledgeOldest(let key):
            guard let next = client.acknowledgeOldest(key: key, at: now, policy: policy) else { return nil }
            return Answer(actions: [.messageAcknowledged(key: key)], nextDeadline: next)
        }
    }

    /// Goes the general way; answers with all actions.
    private func goGenerally(
        _ way: ShortWay,
        _ client: inout ReconnectingClient,
        at now: Instant,
        random: inout SplitMix
    ) -> [ClientAction] {
        let input: ClientInput =
            switch way {
            case .beginRetry, .beat: .advance
            case .failRetry(let generation): .lost(generation: generation, close: .abnormal)
            case .sendAtOnce: .send
            case .acknowledgeOldest(let key): .acknowledged(key: key)
            }
        var actions = ClientActions()
        client.handle(input, at: now, policy: policy, random: &random, actions: &actions)
        return Array(actions.list)
    }

    /// Tries a way on a copy of the client, and the general way on another; answers whether it was short.
    @discardableResult
    func judge(
        _ way: ShortWay,
        _ client: ReconnectingClient,
        at now: Instant,
        random: SplitMix
    ) throws(BrokenRule) -> Bool {
        var short = client
        var shortRandom = random
        guard let answer = take(way, &short, at: now, random: &shortRandom) else {
            try demand(short == client, "\(way) is not short, and changed \(client) to \(short)")
            return false
        }
        var general = client
        var generalRandom = random
        let actions = goGenerally(way, &general, at: now, random: &generalRandom)
        try demand(short == general, "\(way) ends at \(short), not at \(general)")
        try demand(answer.actions == actions, "\(way) leaves out \(answer.actions), not \(actions)")
        let nextDeadline = general.nextDeadline(policy: policy)
        try demand(answer.nextDeadline == nextDeadline, "\(way): next is \(answer.nextDeadline), not \(nextDeadline)")
        // The state of the source counts the draws.
        try demand(shortRandom.state == generalRandom.state, "\(way) draws as many numbers as the general way")
        let draws = way.kind == .failRetry && policy.backoff.isJittered ? 1 : 0
        var counted = random
        for _ in 0..<draws { _ = counted.nextUniform() }
        try demand(shortRandom.state == counted.state, "\(way) draws \(draws) numbers")
        if way == .beat { try judgeBeat(client, at: now, short, answer) }
        taken[way.kind, default: 0] += 1
        return true
    }

    /// `advance` itself takes the short way to a beat: here is the long one.
    private func judgeBeat(
        _ client: ReconnectingClient,
        at now: Instant,
        _ short: ReconnectingClient,
        _ answer: Answer
    ) throws(BrokenRule) {
        var long = client
        var random = SplitMix(state: 0)
        var actions = ClientActions()
        long.supervisor.advance(to: now, policy: policy, random: &random, actions: &actions)
        try demand(long.supervisor == client.supervisor && actions.count == 0, "the connection had something to do")
        try demand(client.group.graceDeadline > now, "the group had something to do")
        guard let heartbeatPolicy = policy.heartbeat else {
            throw BrokenRule(description: "a beat without a heartbeat")
        }
        var due: [Heartbeat.Due] = []
        while long.heartbeat.nextDeadline <= now {
            due.append(long.heartbeat.advance(to: now, policy: heartbeatPolicy))
        }
        var outputs = 0
        long.outbox.advance(to: now, policy: policy.outbox, random: &random) { _ in outputs += 1 }
        try demand(outputs == 0 && random.state == 0, "the outbox had something to do")
        try demand(due == [.send(beat: long.heartbeat.lastBeat)], "a beat was not all that was due: \(due)")
        try demand(short == long, "a beat ends at \(short), not at \(long)")
        let beat = ClientAction.sendHeartbeat(generation: client.supervisor.generation, beat: long.heartbeat.lastBeat)
        try demand(answer.actions == [beat], "\(answer.actions), not \(beat)")
    }

    private func demand(_ holds: Bool, _ rule: @autoclosure () -> String) throws(BrokenRule) {
        guard holds else { throw BrokenRule(description: rule()) }
    }
}
