import MonotonicTime
import Reconnection
import Testing

/// A breaker that keeps every result since its last change of state and decides each time from all of them.
private struct ReferenceBreaker {
    enum Phase: Hashable {
        case closed, halfOpen
        case open(until: Instant)
    }

    let policy: CircuitBreakerPolicy
    private(set) var phase = Phase.closed
    private(set) var epoch: UInt32 = 0
    /// Results while closed, in order.
    private var results: [(at: Instant, failed: Bool)] = []
    private var probesUnderWay = 0
    /// Results of probes: true for a failure.
    private var probes: [Bool] = []
    /// What a breaker remembers of failures while it is not closed.
    private var kept = 0
    private var openingsInARow = 0

    init(_ policy: CircuitBreakerPolicy) { self.policy = policy }

    var state: CircuitBreaker.State {
        switch phase {
        case .closed: .closed(consecutiveFailures: policy.counting == .consecutive ? failuresInARow : 0)
        case .open(let until): .open(until: until)
        case .halfOpen: .halfOpen(probesUnderWay: probesUnderWay, successes: probes.count { !$0 })
        }
    }

    mutating func ask(at now: Instant) -> CircuitBreaker.Permission {
        switch phase {
        case .closed:
            return .granted(epoch: epoch)
        case .open(let until):
            if look(at: now) {
                return .refused(until: policy.endsStrictlyAfter ? until + .nanoseconds(1) : until)
            }
            if phase == .closed { return .granted(epoch: epoch) }
            enter(.halfOpen)
            probesUnderWay = 1
            probes = []
            if !policy.hazards.contains(.openingKeepsCount) { kept = 0 }
            return .granted(epoch: epoch)
        case .halfOpen:
            let taken = policy.probeShare == nil ? probesUnderWay : probesUnderWay + probes.count
            guard taken < policy.probeLimit || policy.hazards.contains(.unlimitedProbes) else {
                return .refused(until: nil)
            }
            probesUnderWay += 1
            return .granted(epoch: epoch)
        }
    }

    mutating func look(at now: Instant) -> Bool {
        guard case .open(let until) = phase else { return false }
        if now < until || (now == until && policy.endsStrictlyAfter) { return true }
        if policy.hazards.contains(.noHalfOpen) {
            enter(.closed)
            results = []
        }
        return false
    }

    mutating func cancel(epoch: UInt32) {
        if epoch == self.epoch, phase == .halfOpen, probesUnderWay > 0 { probesUnderWay -= 1 }
    }

    mutating func report(failed: Bool, epoch: UInt32, at now: Instant) -> CircuitBreaker.Transition {
        guard epoch == self.epoch || policy.hazards.contains(.lateResultsCount) else { return .none }
        switch phase {
        case .closed:
            results.append((now, failed))
            if !failed { openingsInARow = 0 }
            return opensWhileClosed(at: now) ? open(at: now) : .none
        case .halfOpen:
            if epoch == self.epoch, probesUnderWay > 0 { probesUnderWay -= 1 }
            probes.append(failed)
            if let share = policy.probeShare {
                guard probes.count >= policy.probeLimit else { return .none }
                return reaches(share, probes) ? open(at: now) : close()
            }
            if failed {
                kept += 1
                let passes = policy.hazards.contains(.openingKeepsCount) && kept < policy.failuresToOpen
                return passes ? .none : open(at: now)
            }
            kept = 0
            return probes.count { !$0 } >= policy.successesToClose ? close() : .none
        case .open:
            if failed, policy.hazards.contains(.failuresWhileOpenExtend) {
                kept += 1
                return kept >= policy.failuresToOpen ? open(at: now) : .none
            }
            if !failed, policy.hazards.contains(.successWhileOpenCloses) { return close() }
            if !failed, policy.hazards.contains(.lateResultsCount) { kept = 0 }
            return .none
        }
    }

    private var failuresInARow: Int { results.reversed().prefix { $0.failed }.count }

    private func opensWhileClosed(at now: Instant) -> Bool {
        switch policy.counting {
        case .consecutive:
            return failuresInARow >= policy.failuresToOpen
        case .slidingWindow(let window):
            return results.last?.failed == true
                && results.count { $0.failed && now - $0.at < window } >= policy.failuresToOpen
        case .consecutiveWithin(let window):
            return results.suffix(failuresInARow).count { now - $0.at < window } >= policy.failuresToOpen
        case .failureShare(let share, let size, let minimum):
            return results.count >= min(minimum, size) && reaches(share, results.suffix(size).map(\.failed))
        case .failureShareWithin(let share, let window, let slices, let minimum):
            guard results.last?.failed == true else { return false }
            var start = Instant.distantPast
            var counted: [Bool] = []
            for result in results {
                if result.at - start >= .nanoseconds(window.nanoseconds / Int64(slices)) { start = result.at }
                if now - start < window { counted.append(result.failed) }
            }
            return counted.count >= minimum && reaches(share, counted)
        }
    }

    /// The tests' shares are quarters, so that whole numbers decide.
    private func reaches(_ share: CircuitBreakerPolicy.FailureShare, _ results: [Bool]) -> Bool {
        let failures = 4 * results.count { $0 }
        let needed = Int(4 * share.share) * results.count
        return share.isStrict ? failures > needed : failures >= needed
    }

    private mutating func open(at now: Instant) -> CircuitBreaker.Transition {
        // With every random number one half.
        let fixed = policy.openFor.nanoseconds + Int64(policy.openJitterFraction * 4) * policy.openFor.nanoseconds / 8
        let grown = Int64(min(4, 1 + openingsInARow)) * 1_000_000_000
        let until = now + .nanoseconds(policy.openGrowth == nil ? fixed : grown)
        openingsInARow += 1
        kept = policy.failuresToOpen
        results = []
        if case .open = phase { phase = .open(until: until) } else { enter(.open(until: until)) }
        return .opened(until: until)
    }

    private mutating func close() -> CircuitBreaker.Transition {
        openingsInARow = 0
        results = []
        enter(.closed)
        return .closed
    }

    private mutating func enter(_ next: Phase) {
        phase = next
        epoch += 1
    }
}

/// Random inputs from a seed: the breaker and its model must agree on every answer and every state.
@Suite struct CircuitBreakerModelTests {
    private enum Mode: CaseIterable {
        case consecutive, slidingWindow, consecutiveWithin, lastCalls, slices

        func counting(_ choices: inout SplitMix) -> CircuitBreakerPolicy.Counting {
            let strict = Bool.random(using: &choices)
            let share = CircuitBreakerPolicy.FailureShare(
                Double(Int.random(in: 1...3, using: &choices)) / 4,
                isStrict: strict
            )
            let window = Interval.milliseconds(250) * Int64.random(in: 1...12, using: &choices)
            switch self {
            case .consecutive: return .consecutive
            case .slidingWindow: return .slidingWindow(window)
            case .consecutiveWithin: return .consecutiveWithin(window)
            case .lastCalls:
                let size = [1, 3, 8, 63, 64, 65, 70][Int.random(in: 0..<7, using: &choices)]
                return .failureShare(share, ofLast: size, minimumCalls: Int.random(in: 0...size + 1, using: &choices))
            case .slices:
                return .failureShareWithin(
                    share,
                    window: window,
                    slices: Int.random(in: 1...5, using: &choices),
                    minimumCalls: Int.random(in: 0...8, using: &choices)
                )
            }
        }
    }

    /// How often each thing happened, so that a test that stopped trying is seen.
    private struct Coverage {
        var opened = 0
        var extended = 0
        var closed = 0
        var lateCounted = 0
        var severalProbes = 0
        var refusedProbes = 0
        var refusedAtEnd = 0
    }

    private static func policy(_ mode: Mode, _ choices: inout SplitMix) -> CircuitBreakerPolicy {
        let share = CircuitBreakerPolicy.FailureShare(0.5, isStrict: Bool.random(using: &choices))
        let growth = Backoff(growth: .linear(base: .seconds(1), step: .seconds(1)), cap: .seconds(4))
        let hasHazards = Bool.random(using: &choices)
        return CircuitBreakerPolicy(
            counting: mode.counting(&choices),
            failuresToOpen: Int.random(in: 1...5, using: &choices),
            openFor: .milliseconds(250) * Int64.random(in: 1...8, using: &choices),
            openJitterFraction: [0, 0.25, 0.5][Int.random(in: 0..<3, using: &choices)],
            openGrowth: Int.random(in: 0..<4, using: &choices) == 0 ? growth : nil,
            endsStrictlyAfter: Bool.random(using: &choices),
            probeLimit: Int.random(in: 1...4, using: &choices),
            successesToClose: Int.random(in: 1...4, using: &choices),
            probeShare: Int.random(in: 0..<3, using: &choices) == 0 ? share : nil,
            hazards: hasHazards ? CircuitBreakerHazards(rawValue: UInt32.random(in: 0..<64, using: &choices)) : []
        )
    }

    @Test("whatever happens, a breaker does what one does that remembers everything", arguments: Mode.allCases)
    private func agreesWithModel(mode: Mode) {
        var coverage = Coverage()
        for seed in 0..<120 as Range<UInt64> {
            guard Self.run(mode, seed: seed, &coverage) else { break }
        }
        #expect(coverage.opened > 200)
        #expect(coverage.extended > 20)
        #expect(coverage.closed > 50)
        #expect(coverage.lateCounted > 200)
        #expect(coverage.severalProbes > 100)
        #expect(coverage.refusedProbes > 100)
        #expect(coverage.refusedAtEnd > 20)
    }

    /// One series of inputs; whether both agreed throughout.
    private static func run(_ mode: Mode, seed: UInt64, _ coverage: inout Coverage) -> Bool {
        var choices = SplitMix(state: seed)
        let policy = policy(mode, &choices)
        let failurePercent = Int.random(in: 20...80, using: &choices)
        var model = ReferenceBreaker(policy)
        var breaker = CircuitBreaker()
        var random = RepeatingRandomSource([0.5])
        var outstanding: [UInt32] = []
        var now = Instant.origin
        var log: [String] = []

        for _ in 0..<150 {
            advance(&now, model.phase, &choices)
            let agree: Bool
            switch Int.random(in: 0..<20, using: &choices) {
            case 0..<9:
                let wanted = model.ask(at: now)
                let given = breaker.requestPermission(at: now, policy: policy)
                if case .granted(let epoch) = given { outstanding.append(epoch) }
                if case .halfOpen(let probes, _) = breaker.state, probes > 1 { coverage.severalProbes += 1 }
                if given == .refused(until: nil) { coverage.refusedProbes += 1 }
                if given == .refused(until: now + .nanoseconds(1)) { coverage.refusedAtEnd += 1 }
                log.append("\(now) ask: \(given), wanted \(wanted)")
                agree = given == wanted
            case 9:
                let wanted = model.look(at: now)
                let given = breaker.isOpen(at: now, policy: policy)
                log.append("\(now) look: \(given), wanted \(wanted)")
                agree = given == wanted
            case 10:
                let epoch = outstanding.isEmpty ? 7 : outstanding.removeFirst()
                model.cancel(epoch: epoch)
                breaker.cancelPermission(epoch: epoch)
                log.append("\(now) cancel \(epoch)")
                agree = true
            case let choice:
                let epoch = takeEpoch(&outstanding, current: model.epoch, isMadeUp: choice == 11, &choices)
                let failed = Int.random(in: 0..<100, using: &choices) < failurePercent
                let before = model.phase
                if epoch != model.epoch, policy.hazards.contains(.lateResultsCount) { coverage.lateCounted += 1 }
                let wanted = model.report(failed: failed, epoch: epoch, at: now)
                let given =
                    failed
                    ? breaker.recordFailure(epoch: epoch, at: now, policy: policy, random: &random)
                    : succeed(&breaker, epoch, now, policy, &random, withTime: Bool.random(using: &choices))
                if case .opened = given {
                    coverage.opened += 1
                    if case .open = before { coverage.extended += 1 }
                }
                if given == .closed { coverage.closed += 1 }
                log.append("\(now) failed \(failed) of \(epoch): \(given), wanted \(wanted)")
                agree = given == wanted
            }
            guard agree, breaker.state == model.state, breaker.epoch == model.epoch else {
                Issue.record(
                    """
                    \(mode), seed \(seed), \(policy)
                    \(log.suffix(12).joined(separator: "\n"))
                    state \(breaker.state), wanted \(model.state); epoch \(breaker.epoch), wanted \(model.epoch)
                    """
                )
                return false
            }
        }
        return true
    }

    /// Moves on by nothing, by a quarter of a second, or to either side of the end of an open period.
    private static func advance(_ now: inout Instant, _ phase: ReferenceBreaker.Phase, _ choices: inout SplitMix) {
        if case .open(let until) = phase, Int.random(in: 0..<4, using: &choices) == 0 {
            now = max(now, until + .nanoseconds(Int64.random(in: -1...1, using: &choices)))
        } else if Int.random(in: 0..<3, using: &choices) == 0 {
            now += .milliseconds(250) * Int64.random(in: 1...3, using: &choices)
        } else if Int.random(in: 0..<20, using: &choices) == 0 {
            now += .nanoseconds(1)
        }
    }

    /// The epoch of a call under way, or of none.
    private static func takeEpoch(
        _ outstanding: inout [UInt32],
        current: UInt32,
        isMadeUp: Bool,
        _ choices: inout SplitMix
    ) -> UInt32 {
        guard !isMadeUp, !outstanding.isEmpty else { return current &+ UInt32.random(in: 0...2, using: &choices) }
        // Mostly the newest, so that windows fill and probes are answered; some calls stay for long.
        let isNewest = Int.random(in: 0..<4, using: &choices) > 0
        return isNewest ? outstanding.removeLast() : outstanding.remove(at: outstanding.count / 2)
    }

    /// A success, without its time where that must make no difference.
    private static func succeed(
        _ breaker: inout CircuitBreaker,
        _ epoch: UInt32,
        _ now: Instant,
        _ policy: CircuitBreakerPolicy,
        _ random: inout RepeatingRandomSource,
        withTime: Bool
    ) -> CircuitBreaker.Transition {
        switch policy.counting {
        case .consecutive, .slidingWindow, .consecutiveWithin:
            if policy.probeShare == nil, !withTime { return breaker.recordSuccess(epoch: epoch, policy: policy) }
        case .failureShare, .failureShareWithin:
            break
        }
        return breaker.recordSuccess(epoch: epoch, at: now, policy: policy, random: &random)
    }
}
