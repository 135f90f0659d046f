public import MonotonicTime

extension RequestRetryPolicy {
    /// What a user of the chat SDK would expect: the server's failures retried 3 times, lost connections and missing
    /// answers 5 times, rate limits (and 408) 3 times with the server's hint, nothing else. The waits are the
    /// document's: min(1 s · 2ⁿ, 30 s) + 1 s · U; a hint gets 10 % of jitter, or all who were told the same return
    /// in the same instant. The document has no number for timeouts: they are taken for network failures. Budgets
    /// count by kind, so that at most 17 attempts are made, if a request meets every kind of failure.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f), with its faults mended.
    public static let chatSDK = RequestRetryPolicy(
        budgets: Budgets(rateLimited: 3, server: 3, network: 5, timeout: 5),
        backoff: chatSDKDocumentedBackoff
    )

    /// The chat SDK as its document has it: no 4xx ever, 408 and 429 included; 5xx 3 retries, network 5, counted
    /// together; no hints. As its own code sketch behaves: with `Hazards.classifiesByMessage`.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
    public static let chatSDKDocumented = RequestRetryPolicy(
        budgets: Budgets(server: 3, network: 5),
        counting: .together,
        backoff: chatSDKDocumentedBackoff,
        serverHint: .retryAfter(.ignore)
    )

    /// The chat SDK as shipped: five attempts in all for 5xx, network failures, timeouts, 408 and 429, after
    /// d + 0.5 · d · U with d = min(100 ms · 2ⁿ, 10 s); no hints. In a browser: with `Hazards.missesNetworkFailures`.
    ///
    /// - Source: Impact-Idol/ChatSDK, packages/core (121913c).
    public static let chatSDKShipped = RequestRetryPolicy(
        budgets: Budgets(rateLimited: 4, server: 4, network: 4, timeout: 4),
        counting: .together,
        backoff: .exponential(base: .milliseconds(100), cap: .seconds(10), jitter: .additive(fraction: 0.5)),
        serverHint: .retryAfter(.ignore)
    )

    /// The AWS SDK's standard mode: 3 attempts, full jitter of min(x · 2ⁿ, 20 s) in whole milliseconds, x = 100 ms,
    /// or 500 ms after a rate limit. To be used with `RetryTokenBucketPolicy.awsStandard`.
    ///
    /// - Source: smithy-lang/smithy-typescript, util-retry (6815d3e).
    public static let awsStandard = RequestRetryPolicy(
        budgets: Budgets(rateLimited: 2, server: 2, network: 2, timeout: 2),
        counting: .together,
        backoff: awsBackoff(base: .milliseconds(100)),
        rateLimitedBackoff: awsBackoff(base: .milliseconds(500)),
        serverHint: .within(.seconds(5))
    )

    /// gRPC's retry policy: after min(initial · multiplierⁿ, max) · (0.8 + 0.4 U), or exactly the server's pushback.
    /// Which statuses are retried is configuration; here server, network and rate limit (UNAVAILABLE and
    /// RESOURCE_EXHAUSTED). A timeout is gRPC's deadline, and final. The defaults but for `maxAttempts` are those of
    /// the proposal's example. To be used with `RetryTokenBucketPolicy.grpc(maxTokens:tokenRatioThousandths:)`.
    ///
    /// - Parameter maxAttempts: attempts in all; more than 5 is taken for 5, less than 1 for 1.
    /// - Source: grpc/proposal, A6-client-retries.md (1fd061a).
    public static func grpc(
        maxAttempts: Int = 5,
        initialBackoff: Interval = .milliseconds(100),
        backoffMultiplier: Double = 2,
        maxBackoff: Interval = .seconds(1)
    ) -> RequestRetryPolicy {
        let retries = min(max(maxAttempts, 1), 5) - 1
        return RequestRetryPolicy(
            budgets: Budgets(rateLimited: retries, server: retries, network: retries),
            counting: .together,
            backoff: .exponential(
                base: initialBackoff,
                factor: backoffMultiplier,
                cap: maxBackoff,
                jitter: .symmetric(fraction: 0.2)
            ),
            serverHint: .pushback
        )
    }

    private static let chatSDKDocumentedBackoff = Backoff.exponential(
        base: .seconds(1),
        cap: .seconds(30),
        jitter: .additiveConstant(upTo: .seconds(1))
    )

    private static func awsBackoff(base: Interval) -> Backoff {
        Backoff(
            growth: .exponential(base: base, factor: 2),
            cap: .seconds(20),
            jitter: .full,
            rounding: .downToMilliseconds
        )
    }
}
