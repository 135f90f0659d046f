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
        private var choices: SplitMix
        private var random: SplitMix
        private var now: Instant
        /// A server that is up lets attempts succeed and lets connections be, mostly; one that is down does neither.
        private var isServerUp = true
        private var recent: [(time: Instant, input: ClientInput, actions: [ClientAction])] = []
        private(set) var model: ClientModel

        private let isRecorded: Bool

        init(_ policy: ClientPolicy, seed: UInt64, isRecorded: Bool) {
            self.policy = policy
            self.isRecorded = isRecorded
            model = ClientModel(policy)
            choices = SplitMix(state: seed)
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
            if choices.next(below: 100) == 0 { isServerUp.toggle() }
            passTime()
            let input = nextInput()
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

        /// Usually goes on to the next deadline or stays before it; now and then the device oversleeps.
        private mutating func passTime() {
            let deadline = client.nextDeadline(policy: policy)
            switch choices.next(below: 20) {
            case 0..<7:
                break
            case 7..<12:
                let step = Interval.milliseconds(Int64(choices.next(below: 400)))
                now = min(now + step, max(now, deadline))
            case 12..<19:
                if deadline < .distantFuture { now = max(now, deadline) }
            default:
                now += .milliseconds(Int64(choices.next(below: 40_000)))
            }
        }

        private mutating func nextInput() -> ClientInput {
            if isServerUp, client.heartbeat.replyDeadline < .distantFuture, choices.next(below: 2) == 0 {
                return .heartbeatAnswered(generation: model.lastGeneration, beat: model.lastBeat)
            }
            if client.nextDeadline(policy: policy) <= now, choices.next(below: 4) > 0 { return .advance }
            // Nobody leaves a client where nothing happens any more.
            switch client.phase {
            case .blocked where choices.next(below: 4) == 0: return .credentialsRenewed
            case .stopped where choices.next(below: 4) == 0: return .start
            case .connecting where model.transport?.isPrepared == false && choices.next(below: 4) == 0:
                return .attemptPrepared(generation: model.lastGeneration)
            default: break
            }
            let generation = someGeneration()
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
            case 52..<56: return .heartbeatAnswered(generation: generation, beat: someBeat())
            case 56..<60: return .received(generation: generation)
            case 60..<72: return .send
            case 72..<84: return .acknowledged(key: someKey())
            case 84..<90:
                return .rejected(
                    generation: generation,
                    key: someKey(),
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
        private mutating func someGeneration() -> UInt32 {
            let last = model.lastGeneration
            switch choices.next(below: 12) {
            case 0: return UInt32(choices.next(below: Int(last) + 3))
            case 1: return last &- 1
            case 2: return .max
            default: return last
            }
        }

        private mutating func someKey() -> Outbox.Key {
            switch choices.next(below: 8) {
            case 0: return Outbox.Key(choices.next(below: Int(model.offered) + 3))
            case 1: return .max
            case 2, 3: return model.held.isEmpty ? 0 : model.held[choices.next(below: model.held.count)]
            default: return model.held.first ?? 0
            }
        }

        private mutating func someBeat() -> UInt32 {
            choices.next(below: 4) == 0 ? UInt32(choices.next(below: Int(model.lastBeat) + 2)) : model.lastBeat
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
}
