import MonotonicTime
import Reconnection
import Testing

@Suite struct RetryTokenBucketTests {
    private let server = FailureKind.server(retryAfter: nil)

    // MARK: gRPC

    @Test("with 10 tokens and a ratio of 0.1 the fifth failure in a row stops retries")
    func fifthFailure() {
        let policy = RetryTokenBucketPolicy.grpc()
        var bucket = RetryTokenBucket()
        #expect(bucket.thousandths(policy: policy) == 10_000)
        for failure in 1...12 {
            bucket.recordFailure(policy: policy)
            #expect(bucket.thousandths(policy: policy) == max(0, 10_000 - failure * 1_000))
            let expected = failure < 5 ? RetryTokenBucket.Permission.granted(cost: 0) : .refused
            #expect(bucket.requestRetry(after: server, policy: policy) == expected)
        }
    }

    @Test("exactly half is too little, a thousandth more is enough")
    func threshold() {
        let policy = RetryTokenBucketPolicy.grpc(maxTokens: 10, tokenRatioThousandths: 1)
        var bucket = RetryTokenBucket()
        for _ in 0..<5 { bucket.recordFailure(policy: policy) }
        #expect(bucket.requestRetry(after: server, policy: policy) == .refused)
        bucket.recordSuccess(lastRetryCost: nil, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 5_001)
        #expect(bucket.requestRetry(after: server, policy: policy) == .granted(cost: 0))
        // Half of an odd number of tokens is not rounded.
        let odd = RetryTokenBucketPolicy.grpc(maxTokens: 5, tokenRatioThousandths: 500)
        bucket = RetryTokenBucket()
        for _ in 0..<2 { bucket.recordFailure(policy: odd) }
        #expect(bucket.requestRetry(after: server, policy: odd) == .granted(cost: 0))
        bucket.recordFailure(policy: odd)
        #expect(bucket.requestRetry(after: server, policy: odd) == .refused)
        bucket.recordSuccess(lastRetryCost: nil, policy: odd)
        #expect(bucket.thousandths(policy: odd) == 2_500)
        #expect(bucket.requestRetry(after: server, policy: odd) == .refused)
    }

    @Test("an empty bucket needs 51 successes at 0.1, and never holds more than it may")
    func recovery() {
        let policy = RetryTokenBucketPolicy.grpc()
        var bucket = RetryTokenBucket()
        for _ in 0..<30 { bucket.recordFailure(policy: policy) }
        for _ in 0..<50 { bucket.recordSuccess(lastRetryCost: nil, policy: policy) }
        #expect(bucket.requestRetry(after: server, policy: policy) == .refused)
        bucket.recordSuccess(lastRetryCost: nil, policy: policy)
        #expect(bucket.requestRetry(after: server, policy: policy) == .granted(cost: 0))
        for _ in 0..<100 { bucket.recordSuccess(lastRetryCost: nil, policy: policy) }
        #expect(bucket.thousandths(policy: policy) == 10_000)
    }

    @Test(
        "one failure in eleven calls is borne for ever, one in ten not",
        arguments: [(10, true), (9, false)]
    )
    func bearableShare(successesPerFailure: Int, isBorne: Bool) {
        let policy = RetryTokenBucketPolicy.grpc()
        var bucket = RetryTokenBucket()
        for _ in 0..<1_000 {
            bucket.recordFailure(policy: policy)
            for _ in 0..<successesPerFailure { bucket.recordSuccess(lastRetryCost: nil, policy: policy) }
        }
        #expect((bucket.requestRetry(after: server, policy: policy) == .granted(cost: 0)) == isBorne)
    }

    @Test(
        "the number of tokens is kept within the proposal's bounds",
        arguments: [(-1, 1), (0, 1), (1, 1), (1_000, 1_000), (1_001, 1_000)]
    )
    func bounds(maxTokens: Int, expected: Int) {
        #expect(RetryTokenBucketPolicy.grpc(maxTokens: maxTokens).maxTokens == expected)
    }

    // MARK: AWS

    @Test(
        "a client whose calls always fail gets as many retries as its tokens pay for, then none",
        arguments: [
            (.awsStandard, .timeout, 10, 50), (.awsStandard, .network, 5, 100),
            (.awsStandard, .server(retryAfter: nil), 5, 100), (.awsStandard, .rateLimited(retryAfter: nil), 5, 100),
            (.awsStandard21, .timeout, 14, 35), (.awsStandard21, .network, 14, 35),
            (.awsStandard21, .rateLimited(retryAfter: nil), 5, 100),
        ] as [(RetryTokenBucketPolicy, FailureKind, Int, Int)]
    )
    func exhaustion(policy: RetryTokenBucketPolicy, kind: FailureKind, cost: Int, retries: Int) {
        var bucket = RetryTokenBucket()
        for _ in 0..<retries {
            bucket.recordFailure(policy: policy)
            #expect(bucket.requestRetry(after: kind, policy: policy) == .granted(cost: cost))
        }
        let left = bucket.thousandths(policy: policy)
        #expect(left == (500 - retries * cost) * 1_000)
        #expect(bucket.requestRetry(after: kind, policy: policy) == .refused)
        #expect(bucket.thousandths(policy: policy) == left)
    }

    @Test("a refused timeout leaves tokens that an ordinary retry can use")
    func notEnough() {
        let policy = RetryTokenBucketPolicy.awsStandard
        var bucket = RetryTokenBucket()
        for _ in 0..<99 { _ = bucket.requestRetry(after: .network, policy: policy) }
        #expect(bucket.thousandths(policy: policy) == 5_000)
        #expect(bucket.requestRetry(after: .timeout, policy: policy) == .refused)
        #expect(bucket.requestRetry(after: .network, policy: policy) == .granted(cost: 5))
        #expect(bucket.thousandths(policy: policy) == 0)
    }

    @Test("a success gives back the last retry's cost, or one token, up to what fits")
    func refunds() {
        let policy = RetryTokenBucketPolicy.awsStandard
        var bucket = RetryTokenBucket()
        bucket.recordSuccess(lastRetryCost: nil, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 500_000)
        _ = bucket.requestRetry(after: .network, policy: policy)
        _ = bucket.requestRetry(after: .timeout, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 485_000)
        bucket.recordSuccess(lastRetryCost: 10, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 495_000)
        bucket.recordSuccess(lastRetryCost: nil, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 496_000)
        bucket.recordSuccess(lastRetryCost: 5, policy: policy)
        #expect(bucket.thousandths(policy: policy) == 500_000)
    }

    @Test("no policy and no refund, however odd, makes more tokens than fit or fewer than none")
    func nonsense() {
        let odd = RetryTokenBucketPolicy(
            maxTokens: .max,
            scheme: .retryCosts(.init(ordinary: .max, timeout: .min, rateLimited: -5, successWithoutRetry: .min))
        )
        var bucket = RetryTokenBucket()
        #expect(bucket.thousandths(policy: odd) == 1_000_000_000)
        #expect(bucket.requestRetry(after: .network, policy: odd) == .granted(cost: 1_000_000))
        #expect(bucket.requestRetry(after: .network, policy: odd) == .refused)
        #expect(bucket.requestRetry(after: .timeout, policy: odd) == .granted(cost: 0))
        bucket.recordSuccess(lastRetryCost: -7, policy: odd)
        #expect(bucket.thousandths(policy: odd) == 0)
        bucket.recordSuccess(lastRetryCost: .max, policy: odd)
        #expect(bucket.thousandths(policy: odd) == 1_000_000_000)
    }
}
