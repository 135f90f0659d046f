import MonotonicTime
import Reconnection

extension Microbenchmark {
    /// What decides about requests.
    static var requests: [Microbenchmark] {
        [
            Microbenchmark("request-retry", "fail once, wait, succeed") { count, watch in
                let policy = opaque(RequestRetryPolicy.chatSDK)
                var actions = ActionBuffer<RequestRetryAction>()
                var random = StreamSource()
                var now = Instant.origin
                var told = 0
                watch.start()
                for _ in 0..<count {
                    var request = RequestRetry()
                    request.start(at: now, policy: policy, actions: &actions)
                    now += .milliseconds(50)
                    request.attemptFailed(
                        request.attempt,
                        kind: .network,
                        at: now,
                        policy: policy,
                        random: &random,
                        actions: &actions
                    )
                    now = max(now, request.nextDeadline)
                    request.advance(to: now, policy: policy, random: &random, actions: &actions)
                    now += .milliseconds(50)
                    request.attemptSucceeded(request.attempt, actions: &actions)
                    guard request.state == .finished(.succeeded) else { fatalError("The retry did not succeed.") }
                    told += actions.count
                    actions.removeAll()
                }
                watch.stop(having: told)
            },
            Microbenchmark("token-bucket", "a failure, a question, a success") { count, watch in
                let policy = opaque(RetryTokenBucketPolicy.grpc(maxTokens: 100, tokenRatioThousandths: 1_000))
                var bucket = RetryTokenBucket()
                var granted = 0
                watch.start()
                for _ in 0..<count {
                    bucket.recordFailure(policy: policy)
                    if case .granted(let cost) = bucket.requestRetry(after: .network, policy: policy) {
                        granted += 1
                        bucket.recordSuccess(lastRetryCost: cost, policy: policy)
                    }
                }
                guard granted == count else { fatalError("A full bucket refused a retry.") }
                watch.stop(having: bucket)
            },
        ]
    }
}
