import MonotonicTime
import Reconnection
import Testing

/// The machines for requests as a client puts them together: coalescer, throttle, breaker, one retry layer, and one
/// budget for all.
@Suite struct RequestPipelineTests {
    /// A client that asks a server which answers every attempt at once with the same.
    private struct Client {
        let retry = RequestRetryPolicy.chatSDK
        let breakerPolicy = CircuitBreakerPolicy(failuresToOpen: 8, openFor: .seconds(60))
        let tokens = RetryTokenBucketPolicy.grpc()
        let coalescing = RequestCoalescerPolicy.chatSDK
        var coalescer = RequestCoalescer<String>()
        var breaker = CircuitBreaker()
        var bucket = RetryTokenBucket()
        var random = RepeatingRandomSource([0])
        var now = Instant.origin
        private(set) var attempts = 0

        /// Makes one call; nil if it joins or is answered from the cache.
        mutating func call(_ key: String, answer: FailureKind?) -> RequestRetry.Outcome? {
            guard case .send(let number) = coalescer.call(key, at: now, policy: coalescing) else { return nil }
            var request = RequestRetry()
            var actions = ActionBuffer<RequestRetryAction>()
            request.start(at: now, policy: retry, actions: &actions)
            while let action = actions.list.last {
                actions.removeAll()
                switch action {
                case .sendAttempt(let attempt): report(send(answer), attempt, &request, &actions)
                case .waiting(let until):
                    now = until
                    request.advance(to: now, policy: retry, random: &random, actions: &actions)
                case .finished(let outcome):
                    finish(number, outcome)
                    return outcome
                case .abandonAttempt: break
                }
            }
            return nil
        }

        private mutating func send(_ answer: FailureKind?) -> FailureKind? {
            guard case .granted(let epoch) = breaker.requestPermission(at: now, policy: breakerPolicy) else {
                return .refusedByBreaker
            }
            attempts += 1
            if let answer, answer.countsAgainstBreaker {
                _ = breaker.recordFailure(epoch: epoch, at: now, policy: breakerPolicy, random: &random)
            } else {
                _ = breaker.recordSuccess(epoch: epoch, policy: breakerPolicy)
            }
            return answer
        }

        private mutating func report(
            _ failure: FailureKind?,
            _ attempt: UInt32,
            _ request: inout RequestRetry,
            _ actions: inout ActionBuffer<RequestRetryAction>
        ) {
            guard let failure else {
                bucket.recordSuccess(lastRetryCost: nil, policy: tokens)
                return request.attemptSucceeded(attempt, actions: &actions)
            }
            if retry.budget(for: failure) > 0 { bucket.recordFailure(policy: tokens) }
            request.attemptFailed(
                attempt,
                kind: failure,
                at: now,
                policy: retry,
                random: &random,
                actions: &actions
            ) { [tokens] kind in
                bucket.requestRetry(after: kind, policy: tokens) != .refused
            }
        }

        private mutating func finish(_ number: UInt64, _ outcome: RequestRetry.Outcome) {
            var forgotten = ActionBuffer<UInt64>()
            switch outcome {
            case .succeeded: _ = coalescer.succeeded(number, at: now, policy: coalescing, forgotten: &forgotten)
            case .failed(let kind, _):
                _ = coalescer.failed(number, kind: kind, at: now, policy: coalescing, forgotten: &forgotten)
            }
        }
    }

    @Test("against a dead server retries stop first, then all requests; a wrong request disturbs nobody")
    func deadServer() {
        let dead = FailureKind.server(retryAfter: nil)
        var client = Client()
        #expect(client.call("a", answer: dead) == .failed(dead, .retriesExhausted))
        #expect(client.attempts == 4)
        // The fifth failure in a row: no retry any more.
        #expect(client.call("a", answer: dead) == .failed(dead, .refusedByBudget))
        #expect(client.attempts == 5)
        // Three more failures open the breaker.
        for _ in 0..<3 { #expect(client.call("a", answer: dead) == .failed(dead, .refusedByBudget)) }
        #expect(client.attempts == 8)
        #expect(client.call("a", answer: dead) == .failed(.refusedByBreaker, .notRetryable))
        #expect(client.attempts == 8)
        // After its time a probe is answered, and repeats of it cost nothing.
        client.now += .seconds(60)
        #expect(client.call("a", answer: nil) == .succeeded)
        #expect(client.call("a", answer: nil) == nil)
        #expect(client.attempts == 9)
        // Wrong requests are not retried, and neither budget nor breaker minds them.
        let before = client.bucket
        for _ in 0..<20 { #expect(client.call("b", answer: .client) == .failed(.client, .notRetryable)) }
        #expect(client.attempts == 29)
        #expect(client.bucket == before)
        #expect(client.breaker.state == .closed(consecutiveFailures: 0))
    }
}
