import MonotonicTime
import Testing

@testable import Reconnection

/// Each short way ends where the general way ends, or changes nothing: on random inputs, in whatever state they find a
/// client.
@Suite struct ShortWayTests {
    /// Short ones: what few clients need closes the ways of retries for the rest of a client's life.
    private static let stepsPerRun = 90

    /// Tries every way in every state that random inputs lead to; answers how often each was short.
    private static func drive(_ policy: ClientPolicy, runs: UInt64, seed: UInt64) throws -> [ShortWay.Kind: Int] {
        let judge = ShortWayJudge(policy)
        for run in 0..<runs {
            var pair = Pair(judge, seed: seed * 1_000 + run)
            do {
                for _ in 0..<stepsPerRun { try pair.step() }
            } catch {
                throw BrokenRule(description: "run \(run): \(error)\nlast inputs:\n\(pair.history)")
            }
        }
        return judge.taken
    }

    @Test(
        "a policy with plain retries takes every short way, to the same end",
        arguments: ShortWayPolicies.plain.indices
    )
    func plain(index: Int) throws {
        let (name, policy) = ShortWayPolicies.plain[index]
        let arePlain = PlainRetries(policy).arePlain
        #expect(arePlain, "\(name)")
        let taken = try Self.drive(policy, runs: 9, seed: UInt64(index))
        // A test that never takes a way says nothing about it.
        for way in ShortWay.Kind.allCases {
            #expect(taken[way, default: 0] >= 8, "\(name): \(taken)")
        }
    }

    @Test("so does any other policy, as far as short ways are open to it")
    func others() throws {
        var total: [ShortWay.Kind: Int] = [:]
        var policiesTaking: [ShortWay.Kind: Int] = [:]
        for (index, (name, policy)) in RandomInputPolicies.all.enumerated() {
            let taken: [ShortWay.Kind: Int]
            do {
                taken = try Self.drive(policy, runs: 5, seed: 1_000 + UInt64(index))
            } catch {
                Issue.record("\(name): \(error)")
                continue
            }
            total.merge(taken) { $0 + $1 }
            for way in taken.keys { policiesTaking[way, default: 0] += 1 }
            let arePlain = PlainRetries(policy).arePlain
            let retries = taken[.beginRetry, default: 0] + taken[.failRetry, default: 0]
            #expect(arePlain || retries == 0, "\(name): \(taken)")
        }
        let least: [ShortWay.Kind: (total: Int, policies: Int)] = [
            .beginRetry: (100, 5), .failRetry: (100, 5), .beat: (500, 20), .sendAtOnce: (5_000, 120),
            .acknowledgeOldest: (2_000, 120),
        ]
        for (way, least) in least {
            #expect(total[way, default: 0] >= least.total, "\(way)")
            #expect(policiesTaking[way, default: 0] >= least.policies, "\(way)")
        }
    }

    @Test("some presets have plain retries, and none that says more")
    func presets() {
        let plain = PolicyPreset.all.filter { PlainRetries($0.policy).arePlain }
        #expect(plain.map(\.name).contains("full-jitter"))
        for preset in plain {
            #expect(preset.policy.hazards.isEmpty && preset.policy.closeRules.isEmpty, "\(preset.name)")
        }
    }

    /// Two clients that are told the same: one goes the general way, the other every short way there is.
    private struct Pair {
        private let judge: ShortWayJudge
        private var general = ReconnectingClient()
        private var short = ReconnectingClient()
        private var inputs: RandomInputs
        private var random: SplitMix
        private var now: Instant
        private var recent: [String] = []

        init(_ judge: ShortWayJudge, seed: UInt64) {
            self.judge = judge
            inputs = RandomInputs(judge.policy, seed: seed)
            random = SplitMix(state: ~seed)
            // Every other run begins before the origin of the clock.
            now = seed % 2 == 0 ? .origin : Instant(.hours(-1))
        }

        /// The last inputs.
        var history: String { recent.suffix(25).joined(separator: "\n") }

        mutating func step() throws {
            now = inputs.nextTime(after: now, deadline: general.nextDeadline(policy: judge.policy))
            // Not only those that the next input would take: a way must be closed wherever it does not apply.
            for way in ways { try judge.judge(way, general, at: now, random: random) }
            let input = inputs.next(for: general, known, at: now)
            recent.append("\(now) \(input)")
            try deliver(input)
        }

        /// Every way, about what a driver might confuse, too.
        private var ways: [ShortWay] {
            let generation = general.supervisor.generation
            var ways: [ShortWay] = [
                .beginRetry, .beat, .sendAtOnce, .failRetry(generation: generation),
                .failRetry(generation: generation &+ 1), .failRetry(generation: generation &- 1),
            ]
            // The oldest, and one that is not.
            for key in general.outbox.keys.prefix(2) + [0, general.outbox.nextKey] {
                ways.append(.acknowledgeOldest(key: key))
            }
            return ways
        }

        private var known: RandomInputs.Known {
            RandomInputs.Known(
                lastGeneration: general.supervisor.lastGeneration,
                lastBeat: general.heartbeat.lastBeat,
                offered: general.outbox.nextKey - 1,
                held: general.outbox.keys,
                isPreparing: general.supervisor.isPreparing
            )
        }

        private mutating func deliver(_ input: ClientInput) throws {
            var shortRandom = random
            var isShort = false
            for way in ShortWay.ways(for: input) {
                let answer = judge.take(way, &short, at: now, random: &shortRandom)
                guard answer != nil else { continue }
                isShort = true
                break
            }
            var actions = ClientActions()
            if !isShort {
                short.handle(input, at: now, policy: judge.policy, random: &shortRandom, actions: &actions)
                actions.removeAll()
            }
            general.handle(input, at: now, policy: judge.policy, random: &random, actions: &actions)
            guard short == general, shortRandom.state == random.state else {
                throw BrokenRule(description: "by short ways a client came to \(short), not to \(general)")
            }
        }
    }
}
