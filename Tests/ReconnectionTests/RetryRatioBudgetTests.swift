import MonotonicTime
import Reconnection
import Testing

@Suite struct RetryRatioBudgetTests {
    private let standard = RetryRatioBudgetPolicy.standard

    /// How many retries in a row are allowed at an instant.
    private func retries(
        _ budget: inout RetryRatioBudget,
        at now: Instant,
        _ policy: RetryRatioBudgetPolicy = .standard
    ) -> Int {
        var count = 0
        while count < 100_000, budget.requestRetry(at: now, policy: policy) { count += 1 }
        return count
    }

    @Test(
        "the amounts are tower's",
        arguments: [
            (20, 10, 10, 1, 5, 500, 1_000), (0, 5, 1, 0, 1, 5, 100), (100, 5, 1, 1, 1, 5, 100),
            (50, 0, 1, 1, 2, 0, 100), (200, 1, 60, 1_000, 500, 30_000, 6_000), (30, 0, 10, 1, 3, 0, 1_000),
            (-1, -1, 0, 0, 1, 0, 100), (200_000, 0, 61, 1_000, 1, 0, 6_000),
        ] as [(Int, Int, Int, Int, Int, Int, Int64)]
    )
    func amounts(
        percent: Int,
        perSecond: Int,
        window: Int,
        deposit: Int,
        cost: Int,
        reserve: Int,
        slotMilliseconds: Int64
    ) {
        let policy = RetryRatioBudgetPolicy(
            retryPercent: percent,
            reservePerSecond: perSecond,
            windowSeconds: window
        )
        #expect(policy.deposit == deposit && policy.retryCost == cost && policy.reserve == reserve)
        #expect(policy.slotCount == 10 && policy.slotLength == .milliseconds(slotMilliseconds))
    }

    @Test("five requests pay for a retry, four do not")
    func share() {
        var policy = standard
        policy.reserve = 0
        var budget = RetryRatioBudget(policy: policy)
        for _ in 0..<4 { budget.recordRequest(at: .origin, policy: policy) }
        #expect(budget.requestRetry(at: .origin, policy: policy) == false)
        budget.recordRequest(at: .origin, policy: policy)
        #expect(budget.requestRetry(at: .origin, policy: policy) == true)
        #expect(budget.requestRetry(at: .origin, policy: policy) == false)
        #expect(budget.balance(at: .origin, policy: policy) == 0)
    }

    @Test("a reserve spent at once is back 11 s later, in one piece", arguments: [true, false])
    func reserve(isPolled: Bool) {
        var budget = RetryRatioBudget(policy: standard)
        #expect(retries(&budget, at: .origin) == 100)
        #expect(budget.balance(at: .origin, policy: standard) == 0)
        if isPolled {
            for tenth in 1..<110 {
                #expect(retries(&budget, at: Instant(.milliseconds(Int64(tenth) * 100))) == 0)
            }
        }
        let back = Instant(.seconds(11))
        #expect(retries(&budget, at: back - .nanoseconds(1)) == 0)
        #expect(retries(&budget, at: back) == 100)
    }

    @Test("a deposit made late in a slot leaves with its slot")
    func lateDeposit() {
        var budget = RetryRatioBudget(policy: standard)
        _ = budget.balance(at: .origin, policy: standard)
        budget.recordRequest(at: Instant(.milliseconds(999)), policy: standard)
        budget.recordRequest(at: Instant(.milliseconds(1_000)), policy: standard)
        #expect(budget.balance(at: Instant(.milliseconds(10_999)), policy: standard) == 502)
        #expect(budget.balance(at: Instant(.milliseconds(11_000)), policy: standard) == 501)
        #expect(budget.balance(at: Instant(.milliseconds(11_999)), policy: standard) == 501)
        #expect(budget.balance(at: Instant(.milliseconds(12_000)), policy: standard) == 500)
    }

    @Test("slots begin with the first use, also before the origin of the clock, and time may go backwards")
    func alignment() {
        var budget = RetryRatioBudget(policy: standard)
        let start = Instant(.milliseconds(-12_345))
        #expect(retries(&budget, at: start) == 100)
        #expect(retries(&budget, at: start - .hours(1)) == 0)
        #expect(retries(&budget, at: start + .seconds(11) - .nanoseconds(1)) == 0)
        #expect(retries(&budget, at: start + .seconds(11)) == 100)
        #expect(retries(&budget, at: .distantFuture) == 100)
    }

    @Test("of 100 failing requests a second, 20 are retried and the reserve")
    func longRun() {
        var budget = RetryRatioBudget(policy: standard)
        var granted = 0
        for step in 0..<11_000 {
            let now = Instant(.milliseconds(Int64(step) * 10))
            budget.recordRequest(at: now, policy: standard)
            if budget.requestRetry(at: now, policy: standard) { granted += 1 }
        }
        // 110 s are ten windows of eleven slots, each with 1100 deposits and one reserve: (1100 + 500) / 5 retries.
        #expect(granted == 3_200)
    }

    @Test("as tower has it, what was spent is back twice as soon if asked just after each slot")
    func drift() {
        var drifting = standard
        drifting.hazards = .slotsRestartAtUse
        // Asked every 1.1 s, each step counts as two slots: eleven slots are over after 6.6 s.
        for (policy, back) in [(standard, 10), (drifting, 6)] {
            var budget = RetryRatioBudget(policy: policy)
            _ = retries(&budget, at: .origin, policy)
            for step in 1..<back {
                #expect(retries(&budget, at: Instant(.milliseconds(1_100) * Int64(step)), policy) == 0, "\(step)")
            }
            #expect(retries(&budget, at: Instant(.milliseconds(1_100) * Int64(back)), policy) == 100)
        }
        // Asked at whole seconds, tower takes 11 s; asked once, just more than 10 s.
        var budget = RetryRatioBudget(policy: drifting)
        _ = retries(&budget, at: .origin, drifting)
        for second in 1..<11 { #expect(retries(&budget, at: Instant(.seconds(Int64(second))), drifting) == 0) }
        #expect(retries(&budget, at: Instant(.seconds(11)), drifting) == 100)
        budget = RetryRatioBudget(policy: drifting)
        _ = retries(&budget, at: .origin, drifting)
        var later = budget
        #expect(retries(&budget, at: Instant(.seconds(10)), drifting) == 0)
        #expect(retries(&later, at: Instant(.seconds(10)) + .nanoseconds(1), drifting) == 100)
    }

    @Test("odd settings neither trap nor give more than they say")
    func nonsense() {
        let policy = RetryRatioBudgetPolicy(
            deposit: .max,
            retryCost: .max,
            reserve: -1,
            slotCount: -3,
            slotLength: .zero
        )
        var budget = RetryRatioBudget(policy: policy)
        #expect(budget.requestRetry(at: .distantPast, policy: policy) == false)
        budget.recordRequest(at: .distantFuture, policy: policy)
        #expect(budget.requestRetry(at: .distantFuture, policy: policy) == true)
        #expect(budget.requestRetry(at: .distantFuture, policy: policy) == false)
    }
}
