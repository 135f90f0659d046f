import MonotonicTime

extension PolicyPreset {
    /// Clients of Redis, Valkey, Kafka and PostgreSQL.
    static let stores: [PolicyPreset] = redisClients + logsAndDatabases

    private static func store(
        _ name: String,
        _ summary: String,
        source: String,
        _ policy: ClientPolicy
    ) -> PolicyPreset {
        PolicyPreset(name: name, kind: .store, summary: summary, source: source, policy: policy)
    }

    private static let redisClients: [PolicyPreset] = [
        store(
            "ioredis",
            "50 ms doubling to 5 s plus up to 199 ms; commands wait.",
            source: "redis/ioredis 6.0.0, lib/redis/RedisOptions.ts (dfd5428)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(50), factor: 2),
                    cap: .seconds(5),
                    jitter: .additiveConstant(upTo: .milliseconds(200)),
                    rounding: .downToMilliseconds
                ),
                connectTimeout: .seconds(10),
                outbox: .unboundedQueue
            )
        ),
        store(
            "ioredis-5",
            "50 ms more each time up to 2 s, without jitter; commands wait.",
            source: "redis/ioredis 5.9.3, lib/redis/RedisOptions.ts (cd19ab0)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .linear(base: .milliseconds(50), step: .milliseconds(50)),
                    cap: .seconds(2)
                ),
                connectTimeout: .seconds(10),
                outbox: .unboundedQueue
            )
        ),
        store(
            "node-redis",
            "50 ms doubling to 2 s plus up to 199 ms; commands wait.",
            source: "redis/node-redis 6.2.1, packages/client/lib/client/socket.ts (2a92b2e)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(50), factor: 2),
                    cap: .seconds(2),
                    jitter: .additiveConstant(upTo: .milliseconds(200)),
                    rounding: .downToMilliseconds
                ),
                connectTimeout: .seconds(5),
                outbox: .unboundedQueue
            )
        ),
        store(
            "redis-py",
            "Full jitter of 20 ms doubling, cut at 1 s after jitter; ten retries, then the call fails.",
            source: "redis/redis-py, redis/backoff.py and redis/_defaults.py (34817ce)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(10), factor: 2, exponentOffset: 1),
                    cap: .seconds(1),
                    capOrder: .afterJitter,
                    jitter: .full
                ),
                retryLimit: 10,
                outbox: .refusing
            )
        ),
        store(
            "valkey-swift",
            "Between 1280 ms and 10 ms doubling to 655 s: the first eight waits are 1280 ms exactly; 16 retries.",
            source: "valkey-io/valkey-swift, Sources/Valkey/ValkeyClientConfiguration.swift (6984965)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(10), factor: 2),
                    cap: .milliseconds(655_360),
                    jitter: .fullAbove(minimum: .milliseconds(1_280))
                ),
                retryLimit: 16,
                outbox: .refusing
            )
        ),
    ]

    private static let logsAndDatabases: [PolicyPreset] = [
        store(
            "kafka-java",
            "50 ms doubling ± 20 %, cut at 1 s after jitter, from the last attempt: half the waits at the cap are equal.",
            source: "apache/kafka, clients, org/apache/kafka/common/utils/ExponentialBackoff.java (1eb7644)",
            ClientPolicy(
                // From 80 % to 120 % of 50 · 2ⁿ, written as 80 % plus up to half of that: so its arithmetic rounds. The
                // growth, too, ends at the cap: a power that would exceed it is drawn around the cap itself.
                backoff: Backoff(
                    growth: .table(.milliseconds(40, 80, 160, 320, 640, 800)),
                    cap: .seconds(1),
                    capOrder: .afterJitter,
                    jitter: .additive(fraction: 0.5),
                    rounding: .downToMilliseconds
                ),
                connectTimeout: .seconds(10),
                outbox: .unboundedQueue
            ).with { $0.waitsFrom = .attemptStart }
        ),
        store(
            "kafkajs",
            "300 ms doubling ± 20 %, each from the random one before, cut at 30 s after jitter; five retries.",
            source: "tulios/kafkajs 2.2.4, src/retry/index.js (55b0b41)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .compounding(base: .milliseconds(300), factor: 2),
                    cap: .seconds(30),
                    capOrder: .afterJitter,
                    jitter: .symmetric(fraction: 0.2),
                    rounding: Backoff.Rounding(.up, to: .milliseconds(1))
                ),
                retryLimit: 5,
                connectTimeout: .seconds(1),
                outbox: .refusing
            )
        ),
        store(
            "postgres-nio",
            "100 ms times 1.25 up to 60 s, ± 3 %: a fleet that failed at once is spread over 6 ms.",
            source: "vapor/postgres-nio, Sources/ConnectionPoolModule/PoolStateMachine.swift (fff0952)",
            ClientPolicy(backoff: .swiftServerPool, outbox: .unboundedQueue)
        ),
    ]
}

extension Backoff {
    /// What the connection pools of Swift's server libraries share, in whole nanoseconds.
    static let swiftServerPool = Backoff(
        growth: .exponential(base: .milliseconds(100), factor: 1.25),
        cap: .seconds(60),
        jitter: .symmetricPercent(3),
        rounding: .downToNanoseconds
    )
}
