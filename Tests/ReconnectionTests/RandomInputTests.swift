import Foundation
import MonotonicTime
import Reconnection
import Testing

/// Random inputs from a seed, judged after every step by a model of the driver's side.
@Suite struct RandomInputTests {
    /// How many steps all policies make together. The variable is for longer runs.
    private static let steps =
        ProcessInfo.processInfo.environment["STAMPEDE_STEPS"].flatMap { Int($0) } ?? 300_000
    private static let runsPerPolicy = 4

    @Test(
        "whatever happens, a client keeps one transport, its gates, its timers and every message",
        arguments: RandomInputPolicies.all.indices
    )
    func rules(index: Int) {
        let (name, policy) = RandomInputPolicies.all[index]
        let stepsPerRun = Self.steps / RandomInputPolicies.all.count / Self.runsPerPolicy
        var attempts = 0
        var connections = 0
        var acknowledged = 0
        var gaveUp = 0
        var openings = 0
        for run in 0..<Self.runsPerPolicy {
            let seed = UInt64(index * 1_000 + run)
            var session = Session(policy, seed: seed, isRecorded: false)
            do throws(BrokenRule) {
                for _ in 0..<stepsPerRun { try session.step() }
            } catch {
                let history = Session.history(policy, seed, stepsPerRun)
                Issue.record("\(name), seed \(seed): \(error)\nlast steps:\n\(history)")
                return
            }
            attempts += session.model.attempts
            connections += session.model.connections
            acknowledged += session.model.acknowledged
            gaveUp += session.model.gaveUp
            openings += session.model.breakerOpenings
        }
        // The inputs reach every part of the client, or the rules above say nothing.
        let all = stepsPerRun * Self.runsPerPolicy
        let reached = "\(name): \(attempts) attempts, \(connections) connections, \(acknowledged) acknowledgements"
        // Under hazards a client may hardly ever be connected long enough.
        let acknowledgements = policy.hazards.isEmpty ? min(all / 5_000, 3) : -1
        #expect(attempts > all / 150 && connections > all / 2_000 && acknowledged > acknowledgements, "\(reached)")
        guard all >= 20_000 else { return }
        let mustGiveUp = policy.retryLimit.map { $0 <= 10 } ?? false && policy.pollLoop == nil && policy.hazards.isEmpty
        #expect(gaveUp > 0 || !mustGiveUp, "\(reached)")
        #expect((policy.breaker != nil) == (openings > 0), "\(reached), \(openings) openings of the breaker")
    }

    /// One client and its random world.
    private struct Session {
        private let policy: ClientPolicy
        private var client = ReconnectingClient()
        private var actions = ClientActions()
        private var inputs: RandomInputs
        private var random: SplitMix
        private var now: Instant
        private var recent: [(time: Instant, input: ClientInput, actions: [ClientAction])] = []
        private(set) var model: ClientModel

        private let isRecorded: Bool

        init(_ policy: ClientPolicy, seed: UInt64, isRecorded: Bool) {
            self.policy = policy
            self.isRecorded = isRecorded
            model = ClientModel(policy)
            inputs = RandomInputs(policy, seed: seed)
            random = SplitMix(state: ~seed)
            // Every other run begins before the origin of the clock.
            now = seed % 2 == 0 ? .origin : Instant(.hours(-1))
        }

        /// The last steps before a broken rule, by making them all again.
        static func history(_ policy: ClientPolicy, _ seed: UInt64, _ steps: Int) -> String {
            var session = Session(policy, seed: seed, isRecorded: true)
            for _ in 0..<steps where (try? session.step()) == nil { break }
            return session.recent.map { "\($0.time) \($0.input) -> \($0.actions)" }.joined(separator: "\n")
        }

        mutating func step() throws(BrokenRule) {
            now = inputs.nextTime(after: now, deadline: client.nextDeadline(policy: policy))
            let input = inputs.next(for: client, model.known, at: now)
            try deliver(input)
            guard input == .advance else { return }
            // Advancing at a deadline must get beyond it sooner or later, without the clock moving.
            var repetitions = 0
            while client.nextDeadline(policy: policy) <= now {
                repetitions += 1
                guard repetitions < (model.isStrict ? 20 : 600) else { throw BrokenRule(description: "busy at \(now)") }
                try deliver(.advance)
            }
        }

        private mutating func deliver(_ input: ClientInput) throws(BrokenRule) {
            actions.removeAll()
            client.handle(input, at: now, policy: policy, random: &random, actions: &actions)
            if isRecorded {
                if recent.count == 25 { recent.removeFirst() }
                recent.append((now, input, Array(actions.list)))
            }
            try model.judge(input, at: now, actions: Array(actions.list), client: client)
        }
    }
}
