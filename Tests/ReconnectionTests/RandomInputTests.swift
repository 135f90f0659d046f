import MonotonicTime
import Reconnection
import Testing

/// Random inputs from a seed, judged after every step by a model of the driver's side.
@Suite struct RandomInputTests {
    /// Policies for what no preset has.
    private static let corners: [(String, ClientPolicy)] = [
        (
            "impatient",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.zero), jitter: .additiveConstant(upTo: .milliseconds(5))),
                reset: .init(afterSuccess: .never, onResume: false, onManualRetry: false),
                retryLimit: 3,
                connectTimeout: .seconds(1),
                startSpread: .seconds(2),
                hidden: .pauses,
                closeRules: [CloseRule(codes: 1000...1001, response: .stop)],
                breaker: CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(1), successesToClose: 2),
                heartbeat: HeartbeatPolicy(
                    interval: .seconds(2),
                    replyTimeout: .seconds(1),
                    missedAllowed: 2,
                    randomFirstPhase: true
                ),
                outbox: OutboxPolicy(
                    capacity: 4,
                    overflow: .dropOldest,
                    timeToLive: .seconds(6),
                    window: 3,
                    acknowledgementTimeout: .seconds(1),
                    retry: .exponential(base: .milliseconds(100), cap: .seconds(2), jitter: .decorrelated),
                    retryLimit: 2
                )
            )
        ),
        (
            "forgetful",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(200), factor: 3, exponentOffset: 1),
                    cap: .seconds(9),
                    capOrder: .afterJitter,
                    jitter: .equal
                ),
                reset: .init(afterSuccess: .afterStable(.milliseconds(700)), onResume: false),
                retryLimit: 2,
                offline: .pauses,
                hidden: .pauses,
                resume: .afterBackoff,
                closeRules: [
                    CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
                    CloseRule(codes: 1012...1013, response: .pause(from: .seconds(1), to: .seconds(2))),
                ],
                retryAfter: .honour(jitterFraction: 0.5),
                breaker: CircuitBreakerPolicy(failuresToOpen: 2, openFor: .seconds(4), openJitterFraction: 0.5),
                outbox: OutboxPolicy(whileDisconnected: .discard, capacity: 3, window: 2)
            )
        ),
    ]

    private static let policies: [(String, ClientPolicy)] =
        PolicyPreset.all.map { ($0.name, $0.policy) } + corners

    private static let runsPerPolicy = 8
    private static let stepsPerRun = 2_000

    @Test(
        "whatever happens, a client keeps one transport, its gates, its timers and every message",
        arguments: policies.indices
    )
    func rules(index: Int) {
        let (name, policy) = Self.policies[index]
        var attempts = 0
        var acknowledged = 0
        var gaveUp = 0
        var openings = 0
        for run in 0..<Self.runsPerPolicy {
            let seed = UInt64(index * 1_000 + run)
            var session = Session(policy, seed: seed)
            do throws(BrokenRule) {
                for _ in 0..<Self.stepsPerRun { try session.step() }
            } catch {
                Issue.record("\(name), seed \(seed): \(error)\nlast steps:\n\(session.history)")
                return
            }
            attempts += session.model.attempts
            acknowledged += session.model.acknowledged
            gaveUp += session.model.gaveUp
            openings += session.model.breakerOpenings
        }
        // The inputs reach every part of the client, or the rules above say nothing.
        #expect(attempts > 500 && acknowledged > 100, "\(attempts) attempts, \(acknowledged) acknowledgements")
        #expect((policy.retryLimit != nil) == (gaveUp > 0), "gave up \(gaveUp) times")
        #expect((policy.breaker != nil) == (openings > 0), "\(openings) openings of the breaker")
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

        init(_ policy: ClientPolicy, seed: UInt64) {
            self.policy = policy
            model = ClientModel(policy)
            choices = SplitMix(state: seed)
            random = SplitMix(state: ~seed)
            // Every other run begins before the origin of the clock.
            now = seed % 2 == 0 ? .origin : Instant(.hours(-1))
        }

        var history: String {
            recent.map { "\($0.time) \($0.input) -> \($0.actions)" }.joined(separator: "\n")
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
                guard repetitions < 20 else { throw BrokenRule(description: "busy at \(now)") }
                try deliver(.advance)
            }
        }

        private mutating func deliver(_ input: ClientInput) throws(BrokenRule) {
            actions.removeAll()
            tell(input)
            if recent.count == 25 { recent.removeFirst() }
            recent.append((now, input, actions.list))
            try model.judge(input, at: now, actions: actions.list, client: client)
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
                return .answered(model.lastGeneration, beat: model.lastBeat)
            }
            if client.nextDeadline(policy: policy) <= now, choices.next(below: 4) > 0 { return .advance }
            let generation = someGeneration()
            switch choices.next(below: 100) {
            case 0..<7: return .start
            case 7: return .stop
            case 8..<11: return .retryNow
            case 11..<14: return .credentialsRenewed
            case 14..<17: return .network(choices.next(below: 5) > 0)
            case 17..<20: return .visibility(choices.next(below: 5) > 0)
            case 20..<40: return isServerUp ? .opened(generation) : .lost(generation, someClose())
            case 40..<42: return .opened(generation)
            case 42..<44: return .lost(generation, someClose())
            case 44..<50: return isServerUp ? .send : .lost(generation, .abnormal)
            case 50..<56: return .answered(generation, beat: someBeat())
            case 56..<72: return .send
            case 72..<84: return .acknowledged(someKey())
            case 84..<90: return .rejected(generation, someKey(), isRetryable: choices.next(below: 3) > 0)
            default: return .advance
            }
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
            let hints: [Interval?] = [nil, nil, nil, .zero, .seconds(3), .seconds(-3), .minutes(2)]
            return Close(
                code: codes[choices.next(below: codes.count)],
                retryAfter: hints[choices.next(below: hints.count)]
            )
        }

        private mutating func tell(_ input: ClientInput) {
            switch input {
            case .start:
                client.start(at: now, policy: policy, random: &random, actions: &actions)
            case .stop:
                client.stop(at: now, policy: policy, actions: &actions)
            case .retryNow:
                client.retryNow(at: now, policy: policy, actions: &actions)
            case .credentialsRenewed:
                client.credentialsRenewed(at: now, policy: policy, actions: &actions)
            case .send:
                client.send(at: now, policy: policy, actions: &actions)
            case .advance:
                client.advance(to: now, policy: policy, random: &random, actions: &actions)
            case .network(let isOnline):
                client.networkChanged(
                    isOnline: isOnline,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
            case .visibility(let isVisible):
                client.visibilityChanged(
                    isVisible: isVisible,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
            case .opened(let generation):
                client.transportOpened(
                    generation: generation,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
            case .lost(let generation, let close):
                client.transportLost(
                    generation: generation,
                    close: close,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
            case .answered(let generation, let beat):
                client.heartbeatAnswered(generation: generation, beat: beat, at: now, policy: policy)
            case .acknowledged(let key):
                client.messageAcknowledged(key: key, at: now, policy: policy, actions: &actions)
            case .rejected(let generation, let key, let isRetryable):
                client.messageRejected(
                    generation: generation,
                    key: key,
                    isRetryable: isRetryable,
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
            }
        }
    }
}
