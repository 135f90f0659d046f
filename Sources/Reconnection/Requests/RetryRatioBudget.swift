public import MonotonicTime

/// Settings of a budget that allows a share of the requests to be retried.
public struct RetryRatioBudgetPolicy: Sendable, Hashable {
    /// Faults of real systems, all off by default.
    public struct Hazards: OptionSet, Sendable, Hashable {
        /// One bit a fault.
        public let rawValue: UInt8

        /// A set of faults by their bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// A slot that is over is noticed at the next use, and the running slot starts there: what had begun of a
        /// slot is taken for a whole one. To a client that uses its budget every 1.1 slots the window is little more
        /// than half as long as it should be: deposits go early, and so do debts. (tower.)
        public static let slotsRestartAtUse = Hazards(rawValue: 1 << 0)
    }

    /// What a request puts in.
    public var deposit: Int
    /// What a retry takes out.
    public var retryCost: Int
    /// What is there without any request.
    public var reserve: Int
    /// How many whole slots a deposit or a retry counts, besides the running one; fixed when a budget is made.
    public var slotCount: Int
    /// How long a slot is.
    public var slotLength: Interval
    /// The faults switched on.
    public var hazards: Hazards

    /// A budget's settings. Amounts are 0 ... 1,000,000,000; values outside are taken for the nearest bound.
    public init(
        deposit: Int,
        retryCost: Int,
        reserve: Int,
        slotCount: Int = 10,
        slotLength: Interval = .seconds(1),
        hazards: Hazards = []
    ) {
        self.deposit = deposit
        self.retryCost = retryCost
        self.reserve = reserve
        self.slotCount = slotCount
        self.slotLength = slotLength
        self.hazards = hazards
    }

    /// Retries for a share of the requests, and some more a second for clients that make few requests.
    ///
    /// The amounts are tower's: up to 100 % a request puts in 1 and a retry takes ⌊100 / percent⌋, above that a
    /// request puts in 1000 and a retry takes ⌊100,000 / percent⌋, with 0 % nothing and 1. The reserve is the cost
    /// of all the retries that `reservePerSecond` allows in a window.
    ///
    /// - Parameters:
    ///   - retryPercent: retries a hundred requests, 0 ... 100,000.
    ///   - reservePerSecond: retries a second allowed besides; at least 0.
    ///   - windowSeconds: how long a request counts, 1 ... 60; ten slots long.
    /// - Source: tower-rs/tower, tower/src/retry/budget/tps_budget.rs (8358ee7).
    public init(retryPercent: Int, reservePerSecond: Int, windowSeconds: Int, hazards: Hazards = []) {
        let percent = min(max(retryPercent, 0), 100_000)
        let window = min(max(windowSeconds, 1), 60)
        let perSecond = min(max(reservePerSecond, 0), 1_000_000)
        switch percent {
        case 0: (deposit, retryCost) = (0, 1)
        case ...100: (deposit, retryCost) = (1, 100 / percent)
        default: (deposit, retryCost) = (1_000, 100_000 / percent)
        }
        reserve = perSecond * window * retryCost
        slotCount = 10
        slotLength = .milliseconds(100) * Int64(window)
        self.hazards = hazards
    }

    /// What Finagle, linkerd and tower share: 20 % of the requests and 10 a second, over 10 s. A request puts in 1, a
    /// retry takes 5, 500 are there at first.
    public static let standard = RetryRatioBudgetPolicy(retryPercent: 20, reservePerSecond: 10, windowSeconds: 10)
}

/// Allows retries for a share of one client's recent requests.
///
/// | event | what follows |
/// |---|---|
/// | request (not a retry) | + `deposit` in the running slot |
/// | retry wanted, balance ≥ `retryCost` | allowed, − `retryCost` in the running slot |
/// | retry wanted, balance < `retryCost` | refused |
/// | slot over | what lies `slotCount` + 1 slots back no longer counts, for or against |
///
/// The balance is the reserve and all that counts. A reserve spent at once is therefore gone for all of ten slots and
/// the running one, and comes back in one piece: with one-second slots, 11 s later. Slots begin with the first
/// use. An instant before an earlier one counts in the running slot. Has no timers and draws nothing.
public struct RetryRatioBudget: Sendable, Hashable {
    private var recent: SlidingSum

    /// An unused budget with room for the policy's slots, at most 10,000.
    public init(policy: RetryRatioBudgetPolicy) {
        recent = SlidingSum(slotCount: min(max(policy.slotCount, 0), 10_000) + 1)
    }

    /// What is there now.
    public mutating func balance(at now: Instant, policy: RetryRatioBudgetPolicy) -> Int {
        advance(to: now, policy)
        return Self.bounded(policy.reserve) + recent.total
    }

    /// A request is sent for the first time.
    public mutating func recordRequest(at now: Instant, policy: RetryRatioBudgetPolicy) {
        advance(to: now, policy)
        recent.add(Self.bounded(policy.deposit))
    }

    /// Asks to retry a request; takes the cost where it may be.
    public mutating func requestRetry(at now: Instant, policy: RetryRatioBudgetPolicy) -> Bool {
        let cost = Self.bounded(policy.retryCost)
        guard balance(at: now, policy: policy) >= cost else { return false }
        recent.add(-cost)
        return true
    }

    private mutating func advance(to now: Instant, _ policy: RetryRatioBudgetPolicy) {
        let restarting = policy.hazards.contains(.slotsRestartAtUse)
        recent.advance(to: now, slotLength: policy.slotLength, restarting: restarting)
    }

    /// Keeps a policy's mistake from overflowing a sum.
    private static func bounded(_ amount: Int) -> Int {
        min(max(amount, 0), 1_000_000_000)
    }
}
