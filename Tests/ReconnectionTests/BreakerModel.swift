import MonotonicTime
import Reconnection

/// A breaker around attempts, one at a time; exact for consecutive counting, else a witness of its openings.
struct BreakerModel {
    enum Change { case none, opens, closes }

    let policy: CircuitBreakerPolicy
    let isExact: Bool
    private(set) var openUntil: Instant?
    private var failures = 0
    private var successes = 0
    private var isHalfOpen = false

    init(_ policy: CircuitBreakerPolicy) {
        self.policy = policy
        isExact =
            policy.counting == .consecutive && policy.hazards.isEmpty && policy.probeShare == nil
            && policy.openGrowth == nil
    }

    /// What a failed attempt must do to it.
    mutating func failure() -> Change {
        guard isExact else { return .none }
        failures += 1
        return isHalfOpen || failures >= policy.failuresToOpen ? .opens : .none
    }

    /// What an attempt that succeeds must do to it.
    mutating func success() -> Change {
        guard isExact else { return .none }
        failures = 0
        guard isHalfOpen else { return .none }
        successes += 1
        guard successes >= policy.successesToClose else { return .none }
        isHalfOpen = false
        return .closes
    }

    mutating func open(until end: Instant) {
        openUntil = policy.endsStrictlyAfter ? end + .nanoseconds(1) : end
        isHalfOpen = false
        failures = 0
    }

    /// An attempt passes after the open period.
    mutating func probe() {
        openUntil = nil
        isHalfOpen = true
        successes = 0
    }
}
