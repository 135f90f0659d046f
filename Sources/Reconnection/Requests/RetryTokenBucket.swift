/// Settings of a client's store of retry tokens.
public struct RetryTokenBucketPolicy: Sendable, Hashable {
    /// How tokens come and go.
    public enum Scheme: Sendable, Hashable {
        /// gRPC: a failure takes 1 token, whether or not it is retried; a success gives so many thousandths. A retry
        /// is allowed while more than half of the tokens are there, and takes none itself.
        case failuresAndSuccesses(tokenRatioThousandths: Int)
        /// AWS: a failure takes nothing; a retry takes its cost or is refused; a success gives back the cost of the
        /// last retry of that request, or so many tokens if it had none.
        case retryCosts(RetryCosts)
    }

    /// What a retry costs, in tokens, by the failure it follows.
    public struct RetryCosts: Sendable, Hashable {
        /// After anything that is not named below.
        public var ordinary: Int
        /// After `FailureKind.timeout`.
        public var timeout: Int
        /// After `FailureKind.rateLimited`.
        public var rateLimited: Int
        /// What a success without a retry gives.
        public var successWithoutRetry: Int

        /// Costs and the small reward of a success.
        public init(ordinary: Int, timeout: Int, rateLimited: Int, successWithoutRetry: Int = 1) {
            self.ordinary = ordinary
            self.timeout = timeout
            self.rateLimited = rateLimited
            self.successWithoutRetry = successWithoutRetry
        }
    }

    /// The most tokens, 0 ... 1,000,000; also how many there are at first.
    public var maxTokens: Int
    /// How tokens come and go.
    public var scheme: Scheme

    /// A bucket's settings.
    public init(maxTokens: Int, scheme: Scheme) {
        self.maxTokens = maxTokens
        self.scheme = scheme
    }

    /// gRPC's retry throttling, by default with the values of the proposal's example: 10 tokens and 0.1, under which
    /// the fifth failure in a row stops retries, and one failure in eleven calls is borne for ever.
    ///
    /// - Parameters:
    ///   - maxTokens: 1 ... 1000; values outside are taken for the nearest bound.
    ///   - tokenRatioThousandths: the proposal's `tokenRatio`, which has three decimals, times 1000; above 0.
    /// - Source: grpc/proposal, A6-client-retries.md (1fd061a), "Throttling Retry Attempts and Hedged RPCs".
    public static func grpc(maxTokens: Int = 10, tokenRatioThousandths: Int = 100) -> RetryTokenBucketPolicy {
        RetryTokenBucketPolicy(
            maxTokens: min(max(maxTokens, 1), 1_000),
            scheme: .failuresAndSuccesses(tokenRatioThousandths: tokenRatioThousandths)
        )
    }

    /// The AWS SDKs' standard mode: 500 tokens, 5 a retry, 10 after a timeout. A client whose calls always fail gets
    /// 100 retries, or 50 where all its failures are timeouts, then none until a call succeeds.
    ///
    /// - Source: boto/botocore, botocore/retries/standard.py (0e6e240).
    public static let awsStandard = RetryTokenBucketPolicy(
        maxTokens: 500,
        scheme: .retryCosts(RetryCosts(ordinary: 5, timeout: 10, rateLimited: 5))
    )

    /// The same SDKs' newer mode: 14 a retry, timeouts included, 5 after a rate limit. 35 retries, or 100.
    ///
    /// - Source: boto/botocore, botocore/retries/standard.py, standard mode 2.1 (0719e79).
    public static let awsStandard21 = RetryTokenBucketPolicy(
        maxTokens: 500,
        scheme: .retryCosts(RetryCosts(ordinary: 14, timeout: 14, rateLimited: 5))
    )
}

/// One client's store of retry tokens, shared by all its requests: retries stop when most of what is sent fails.
///
/// | event | gRPC | AWS |
/// |---|---|---|
/// | failure that might be retried | − 1 token, not below 0 | – |
/// | retry wanted | allowed while tokens > maxTokens / 2 | − cost, or refused if there are fewer |
/// | success | + ratio, up to maxTokens | + cost of the request's last retry, or + 1; up to maxTokens |
///
/// Full at first. Counts in whole thousandths of a token, so that nothing is ever lost to rounding. Has no timers and
/// draws nothing. It remembers what is missing, not what is there: where a policy changes, what was taken stays taken.
public struct RetryTokenBucket: Sendable, Hashable {
    /// The answer to a wish to retry.
    public enum Permission: Sendable, Hashable {
        /// Go ahead. The cost is to be named if the request succeeds in the end; 0 under gRPC's scheme.
        case granted(cost: Int)
        /// Do not retry.
        case refused
    }

    private var missingThousandths = 0

    /// A full bucket.
    public init() {}

    /// How many thousandths of a token there are.
    public func thousandths(policy: RetryTokenBucketPolicy) -> Int {
        max(0, Self.capacity(policy) - missingThousandths)
    }

    /// A call failed. gRPC counts only failures with a retryable status and those where the server forbade a retry,
    /// so that wrong requests are not taken for a failing server.
    public mutating func recordFailure(policy: RetryTokenBucketPolicy) {
        guard case .failuresAndSuccesses = policy.scheme else { return }
        missingThousandths = min(Self.capacity(policy), missingThousandths + 1_000)
    }

    /// A call that failed wants to be retried. Under gRPC's scheme the failure must have been recorded before.
    public mutating func requestRetry(after kind: FailureKind, policy: RetryTokenBucketPolicy) -> Permission {
        switch policy.scheme {
        case .failuresAndSuccesses:
            return 2 * thousandths(policy: policy) > Self.capacity(policy) ? .granted(cost: 0) : .refused
        case .retryCosts(let costs):
            let cost = Self.bounded(Self.cost(after: kind, costs))
            guard thousandths(policy: policy) >= cost * 1_000 else { return .refused }
            missingThousandths += cost * 1_000
            return .granted(cost: cost)
        }
    }

    /// A call succeeded.
    ///
    /// - Parameters:
    ///   - lastRetryCost: what the last retry of this call cost, or nil if it was not retried; not looked at under
    ///     gRPC's scheme.
    ///   - policy: the settings.
    public mutating func recordSuccess(lastRetryCost: Int?, policy: RetryTokenBucketPolicy) {
        let gain =
            switch policy.scheme {
            case .failuresAndSuccesses(let ratio): Self.bounded(ratio)
            case .retryCosts(let costs): Self.bounded(lastRetryCost ?? costs.successWithoutRetry) * 1_000
            }
        missingThousandths = max(0, missingThousandths - gain)
    }

    private static func cost(after kind: FailureKind, _ costs: RetryTokenBucketPolicy.RetryCosts) -> Int {
        switch kind {
        case .timeout: costs.timeout
        case .rateLimited: costs.rateLimited
        case .client, .requestTimeout, .server, .network, .refusedByBreaker, .cancelled: costs.ordinary
        }
    }

    private static func capacity(_ policy: RetryTokenBucketPolicy) -> Int {
        bounded(policy.maxTokens) * 1_000
    }

    /// Keeps a policy's mistake from overflowing a sum.
    private static func bounded(_ tokens: Int) -> Int {
        min(max(tokens, 0), 1_000_000)
    }
}
