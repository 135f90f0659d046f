import MonotonicTime

extension PolicyPreset {
    /// Clients and proxies of remote calls.
    static let remoteCallLibraries: [PolicyPreset] = gRPCClients + otherRemoteCalls

    private static func remoteCall(
        _ name: String,
        _ summary: String,
        source: String,
        _ policy: ClientPolicy
    ) -> PolicyPreset {
        PolicyPreset(name: name, kind: .remoteCall, summary: summary, source: source, policy: policy)
    }

    /// gRPC's specification: from the start of an attempt, which has 20 s; the first wait is not spread.
    private static func gRPC(_ growth: Backoff.Growth, rounding: Backoff.Rounding) -> ClientPolicy {
        ClientPolicy(
            backoff: Backoff(
                growth: growth,
                cap: .seconds(120),
                jitter: .symmetric(fraction: 0.2),
                firstJittered: 1,
                rounding: rounding
            ),
            connectTimeout: .seconds(20),
            outbox: .refusing
        ).with { $0.waitsFrom = .attemptStart }
    }

    private static let gRPCClients: [PolicyPreset] = [
        remoteCall(
            "grpc-go",
            "Exactly 1 s, then times 1.6 up to 120 s ± 20 %, from the start of the last attempt.",
            source: "grpc/grpc-go, internal/backoff/backoff.go (4793ad0)",
            gRPC(.exponential(base: .seconds(1), factor: 1.6), rounding: .downToNanoseconds)
        ),
        remoteCall(
            "grpc-js",
            "Exactly 1 s, then the last random wait times 1.6 up to 120 s ± 20 %: a random walk.",
            source: "grpc/grpc-node 1.13.4, packages/grpc-js/src/backoff-timeout.ts (2670b37)",
            gRPC(.compounding(base: .seconds(1), factor: 1.6), rounding: .nearestNanosecond)
                .with { $0.connectTimeout = .max }
        ),
        remoteCall(
            "grpc-swift",
            "Exactly 1 s, then times 1.6 up to 120 s ± 20 %, from the start of the last attempt.",
            source: "grpc/grpc-swift 1, Sources/GRPC/ConnectionBackoff.swift (664cc40)",
            gRPC(.exponential(base: .seconds(1), factor: 1.6), rounding: .nearestNanosecond)
        ),
        remoteCall(
            "grpc-retry",
            "The retries of calls, with the proposal's own example: 100 ms doubling to 1 s ± 20 %, three retries.",
            source: "grpc/proposal, A6-client-retries.md (1fd061a); grpc-js, src/retrying-call.ts",
            ClientPolicy(
                backoff: .exponential(
                    base: .milliseconds(100),
                    cap: .seconds(1),
                    jitter: .symmetric(fraction: 0.2)
                ),
                retryLimit: 3,
                outbox: .refusing
            )
        ),
    ]

    private static let otherRemoteCalls: [PolicyPreset] = [
        remoteCall(
            "async-http-client",
            "100 ms times 1.25 up to 60 s, ± 3 %: a fleet that failed at once is spread over 6 ms.",
            source:
                "swift-server/async-http-client, Sources/AsyncHTTPClient/ConnectionPool/HTTPConnectionPool+Backoff.swift (8cfd301)",
            ClientPolicy(backoff: .swiftServerPool, connectTimeout: .seconds(10), outbox: .unboundedQueue)
        ),
        remoteCall(
            "envoy-route-retry",
            "One retry after full jitter of 25 ms (doubling to 250 ms where more are allowed).",
            source: "envoyproxy/envoy, source/common/common/backoff_strategy.cc (4280ef7)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .table(.milliseconds(25, 50, 100, 200, 250)),
                    jitter: .full,
                    rounding: .downToMilliseconds
                ),
                retryLimit: 1,
                outbox: .refusing
            )
        ),
        remoteCall(
            "temporal-server",
            "80 % of a wait doubling to 10 s plus up to 20 %, for a minute; the first wait is the caller's, here 1 s.",
            source: "temporalio/temporal, common/backoff/retrypolicy.go (6805cae)",
            ClientPolicy(
                // Of a whole wait d: 0.8 d + U(0, 0.2 d); here counted from 0.8 d.
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(800), factor: 2),
                    cap: .seconds(8),
                    jitter: .additive(fraction: 0.25),
                    rounding: .downToNanoseconds
                ),
                outbox: .refusing
            ).with { $0.elapsedLimit = .seconds(60) }
        ),
        remoteCall(
            "kubernetes-reflector",
            "800 ms doubling to 30 s plus up to as much again; forgotten after 2 min without a failure.",
            source: "kubernetes/client-go, tools/cache/reflector.go (32ce75a); apimachinery, pkg/util/wait/backoff.go",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(800), factor: 2),
                    cap: .seconds(30),
                    jitter: .additive(fraction: 1),
                    rounding: .downToNanoseconds
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterQuiet(.minutes(2))),
                outbox: .refusing
            )
        ),
        remoteCall(
            "finagle-failfast",
            "1 s doubling to 32 s without jitter while an endpoint counts as dead.",
            source: "twitter/finagle, finagle-core, FailFastFactory.scala (4feb34c)",
            ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(32), jitter: .none),
                outbox: .refusing
            )
        ),
    ]
}
