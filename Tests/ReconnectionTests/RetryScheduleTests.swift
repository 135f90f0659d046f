import MonotonicTime
import Reconnection
import Testing

@Suite struct RetryScheduleTests {
    private static let doubling = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)

    private static func schedule(_ policy: ClientPolicy, count: Int) -> (retries: [RetrySchedule.Retry], draws: Int) {
        var random = CountingRandomSource([0.5])
        return (RetrySchedule(policy, count: count, random: &random).retries, random.draws)
    }

    @Test("retries are numbered from one, and their times add up from the first failure")
    func numbersAndTimes() {
        let (retries, draws) = Self.schedule(ClientPolicy(backoff: Self.doubling), count: 4)
        #expect(retries.map(\.number) == [1, 2, 3, 4])
        #expect(retries.map(\.delay) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(retries.map(\.elapsed) == [.seconds(1), .seconds(3), .seconds(7), .seconds(15)])
        #expect(draws == 0)
    }

    @Test("a policy that gives up has no retries beyond its limit")
    func limit() {
        #expect(Self.schedule(ClientPolicy(backoff: Self.doubling, retryLimit: 2), count: 9).retries.count == 2)
        #expect(Self.schedule(ClientPolicy(backoff: Self.doubling, retryLimit: 0), count: 9).retries.isEmpty)
        #expect(Self.schedule(ClientPolicy(backoff: Self.doubling), count: 0).retries.isEmpty)
    }

    @Test("breaker and start spread change nothing about the delays and the numbers drawn for them")
    func leftOut() {
        var policy = ClientPolicy(backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full))
        let plain = Self.schedule(policy, count: 5)
        policy.breaker = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .hours(1), openJitterFraction: 1)
        policy.startSpread = .hours(1)
        let guarded = Self.schedule(policy, count: 5)
        #expect(guarded.retries == plain.retries)
        #expect(plain.draws == 5 && guarded.draws == 5)
    }

    @Test("a policy that stops at the first loss has no retries")
    func stops() {
        let stop = CloseRule(codes: 1006...1006, response: .stop)
        #expect(Self.schedule(ClientPolicy(backoff: Self.doubling, closeRules: [stop]), count: 3).retries.isEmpty)
    }
}
