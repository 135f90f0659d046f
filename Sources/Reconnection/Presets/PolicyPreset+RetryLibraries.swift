import MonotonicTime

extension PolicyPreset {
    /// Libraries that retry whatever they are given. Attempts are counted with the first, so that a limit of three is two
    /// retries.
    static let retryLibraries: [PolicyPreset] = awsRetries + goRetries + otherRetries

    private static func retries(
        _ name: String,
        _ summary: String,
        source: String,
        limit: Int? = nil,
        _ backoff: Backoff
    ) -> PolicyPreset {
        PolicyPreset(
            name: name,
            kind: .retryLibrary,
            summary: summary,
            source: source,
            policy: ClientPolicy(backoff: backoff, retryLimit: limit, outbox: .refusing)
        )
    }

    // MARK: Amazon's

    private static func paper(_ name: String, _ summary: String, _ jitter: Backoff.Jitter) -> PolicyPreset {
        retries(
            "aws-paper-" + name,
            summary,
            source: "aws-samples/aws-arch-backoff-simulator, src/backoff_simulator.py (66cb169)",
            Backoff(
                // The simulator counts a failure before it waits.
                growth: .exponential(
                    base: .milliseconds(5),
                    factor: 2,
                    exponentOffset: jitter == .decorrelated ? 0 : 1
                ),
                cap: .seconds(2),
                jitter: jitter
            )
        )
    }

    private static let awsRetries: [PolicyPreset] = [
        paper("exponential", "10 ms doubling to 2 s without jitter.", .none),
        paper("full-jitter", "Uniform between zero and 10 ms doubling to 2 s.", .full),
        paper("equal-jitter", "Half of 10 ms doubling to 2 s, plus up to another half.", .equal),
        paper("decorrelated-jitter", "Between 5 ms and three times the last wait, at most 2 s.", .decorrelated),
        retries(
            "aws-sdk-js",
            "Full jitter of 100 ms doubling to 20 s, two retries.",
            source: "smithy-lang/smithy-typescript, packages/core/src/submodules/retry/util-retry (6815d3e)",
            limit: 2,
            awsFullJitter
        ),
        retries(
            "aws-sdk-java",
            "Full jitter of 100 ms doubling to 20 s, two retries.",
            source: "aws/aws-sdk-java-v2, core/retries/…/retries/DefaultRetryStrategy.java (25787b3)",
            limit: 2,
            awsFullJitter
        ),
        retries(
            "botocore-legacy",
            "Full jitter of 1 s doubling without a cap, four retries.",
            source: "boto/botocore, botocore/retryhandler.py (0e6e240)",
            limit: 4,
            Backoff(growth: .exponential(base: .seconds(1), factor: 2), jitter: .full)
        ),
        retries(
            "botocore-standard",
            "Full jitter of 1 s doubling to 20 s, two retries.",
            source: "boto/botocore, botocore/retries/standard.py (0e6e240)",
            limit: 2,
            .exponential(base: .seconds(1), cap: .seconds(20), jitter: .full)
        ),
    ]

    private static let awsFullJitter = Backoff(
        growth: .exponential(base: .milliseconds(100), factor: 2),
        cap: .seconds(20),
        jitter: .full,
        rounding: .downToMilliseconds
    )

    // MARK: For Go

    private static let goRetries: [PolicyPreset] = [
        PolicyPreset(
            name: "cenkalti-backoff",
            kind: .retryLibrary,
            summary: "500 ms times 1.5 up to 60 s ± 50 %, for at most 15 min.",
            source: "cenkalti/backoff 4, exponential.go (720b789)",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(500), factor: 1.5),
                    cap: .seconds(60),
                    jitter: .symmetric(fraction: 0.5),
                    rounding: Backoff.Rounding(
                        .down,
                        to: .nanoseconds(1),
                        drawsUpperEnd: true,
                        roundsGrowth: true
                    )
                ),
                outbox: .refusing
            ).with { $0.elapsedLimit = .minutes(15) }
        ),
        retries(
            "gax-go",
            "Full jitter of 1 s doubling to 30 s, at least 1 ns.",
            source: "googleapis/gax-go, v2/call_option.go (5a1e0eb)",
            Backoff(
                growth: .exponential(base: .seconds(1), factor: 2),
                cap: .seconds(30),
                jitter: .minimumPlusFull(minimum: .nanoseconds(1)),
                rounding: .downToNanoseconds
            )
        ),
        retries(
            "failsafe-go",
            "Two retries at once: a wait must be asked for.",
            source: "failsafe-go/failsafe-go, retrypolicy (5759a5e)",
            limit: 2,
            Backoff(growth: .fixed(.zero))
        ),
        PolicyPreset(
            name: "retryablehttp",
            kind: .retryLibrary,
            summary: "1 s doubling to 30 s without jitter, four retries; a Retry-After is obeyed to the second.",
            source: "hashicorp/go-retryablehttp, client.go (fd00458)",
            policy: ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none),
                retryLimit: 4,
                retryAfter: .honour(jitterFraction: 0),
                outbox: .refusing
            )
        ),
    ]

    // MARK: For other languages

    private static let otherRetries: [PolicyPreset] = [
        retries(
            "gax-nodejs",
            "Full jitter of 100 ms times 1.3 up to 60 s.",
            source: "googleapis/gax-nodejs, gax/src (acfbe80)",
            .exponential(base: .milliseconds(100), factor: 1.3, cap: .seconds(60), jitter: .full)
        ),
        retries(
            "resilience4j",
            "500 ms each time, two retries.",
            source: "resilience4j/resilience4j, core, IntervalFunction.java (af9e7c9)",
            limit: 2,
            Backoff(growth: .fixed(.milliseconds(500)))
        ),
        retries(
            "resilience4j-exponential",
            "500 ms times 1.5, each step cut to whole milliseconds, without jitter or cap; two retries.",
            source: "resilience4j/resilience4j, core, IntervalFunction.java (af9e7c9)",
            limit: 2,
            Backoff(
                growth: .exponential(base: .milliseconds(500), factor: 1.5),
                rounding: Backoff.Rounding(.down, to: .milliseconds(1), roundsGrowth: true)
            )
        ),
        retries(
            "resilience4j-randomized",
            "500 ms ± 50 %, two retries.",
            source: "resilience4j/resilience4j, core, IntervalFunction.java (af9e7c9)",
            limit: 2,
            Backoff(
                growth: .fixed(.milliseconds(500)),
                jitter: .symmetric(fraction: 0.5),
                rounding: .downToMilliseconds
            )
        ),
        retries(
            "polly",
            "2 s each time, three retries: jitter must be asked for.",
            source: "App-vNext/Polly 8.7, src/Polly.Core/Retry/RetryHelper.cs (173d6d1)",
            limit: 3,
            Backoff(growth: .fixed(.seconds(2)))
        ),
        retries(
            "polly-jittered",
            "2 s ± 25 %, three retries.",
            source: "App-vNext/Polly 8.7, src/Polly.Core/Retry/RetryHelper.cs (173d6d1)",
            limit: 3,
            Backoff(
                growth: .fixed(.seconds(2)),
                jitter: .symmetric(fraction: 0.25),
                rounding: Backoff.Rounding(.down, to: .nanoseconds(100))
            )
        ),
        retries(
            "polly-exponential-jittered",
            "Smooth decorrelated jitter with a median of 2 s doubling, three retries.",
            source: "App-vNext/Polly 8.7, src/Polly.Core/Retry/RetryHelper.cs (173d6d1)",
            limit: 3,
            Backoff(
                growth: .fixed(.seconds(2)),
                jitter: .smoothDecorrelated,
                rounding: Backoff.Rounding(.down, to: .nanoseconds(100))
            )
        ),
        retries(
            "cockatiel",
            "Smooth decorrelated jitter with a median of 128 ms doubling, cut at 30 s after jitter.",
            source: "connor4312/cockatiel, src/backoff/ExponentialBackoffGenerators.ts (f475a69)",
            Backoff(
                growth: .fixed(.milliseconds(128)),
                cap: .seconds(30),
                capOrder: .afterJitter,
                jitter: .smoothDecorrelated
            )
        ),
        retries(
            "litl-backoff",
            "Full jitter of 1 s doubling without a cap.",
            source: "litl/backoff, backoff/_wait_gen.py and _jitter.py (d82b23c)",
            Backoff(growth: .exponential(base: .seconds(1), factor: 2), jitter: .full)
        ),
        retries(
            "tenacity",
            "At once and for ever: a wait must be asked for.",
            source: "jd/tenacity, tenacity/wait.py (c650fb4)",
            Backoff(growth: .fixed(.zero))
        ),
        retries(
            "tenacity-exponential-jitter",
            "1 s doubling plus up to 1 s, cut at 60 s (the caller's choice) after jitter.",
            source: "jd/tenacity, tenacity/wait.py (c650fb4)",
            Backoff(
                growth: .exponential(base: .seconds(1), factor: 2),
                cap: .seconds(60),
                capOrder: .afterJitter,
                jitter: .additiveConstant(upTo: .seconds(1))
            )
        ),
    ]
}
