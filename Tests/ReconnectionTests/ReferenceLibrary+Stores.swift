import Foundation
import MonotonicTime
import Reconnection

extension ReferenceLibrary {
    static let storesAndRemoteCalls: [ReferenceLibrary] = stores + remoteCalls

    private static let stores: [ReferenceLibrary] = [
        // ioredis 6, lib/redis/RedisOptions.ts: retryStrategy, times from 1.
        each("ioredis") { retry, random in
            let times = Double(retry + 1)
            return ms(min(50 * pow(2, times - 1), 5000) + (random() * 200).rounded(.down))
        },
        // ioredis 5, lib/redis/RedisOptions.ts: retryStrategy, times from 1.
        each("ioredis-5") { retry, _ in ms(min(Double(retry + 1) * 50, 2000)) },
        // packages/client/lib/client/socket.ts: default strategy, retries from 0.
        each("node-redis") { retries, random in
            let jitter = (random() * 200).rounded(.down)
            return ms(min(pow(2, Double(retries)) * 50, 2000) + jitter)
        },
        // redis/backoff.py: ExponentialWithJitterBackoff.compute, failures from 1.
        each("redis-py") { retry, random in seconds(min(1, random() * 0.01 * pow(2, Double(retry + 1)))) },
        // Sources/Valkey/ValkeyClientConfiguration.swift: the wait of its retries.
        each("valkey-swift") { retry, random in
            let upper = min(max(10 * pow(2, Double(retry)), 1280), 655_360)
            return ms(1280 + random() * (upper - 1280))
        },
        // ExponentialBackoff.java: backoff; ThreadLocalRandom.nextDouble(origin, bound).
        each("kafka-java") { attempts, random in
            let exponentMaximum = log(1000.0 / 50.0) / log(2.0)
            let term = 50.0 * pow(2.0, min(Double(attempts), exponentMaximum))
            let (origin, bound) = (1 - 0.2, 1 + 0.2)
            var factor = random() * (bound - origin) + origin
            if factor >= bound { factor = bound.nextDown }
            return .milliseconds(min(Int64(factor * term), 1000))
        },
        // src/retry/index.js: the first time is drawn, and each later one around the one before.
        series("kafkajs") { _, count, random in
            func drawn(_ time: Double) -> Double {
                let delta = 0.2 * time
                return (random() * ((time + delta) - (time - delta)) + (time - delta)).rounded(.up)
            }
            var time = drawn(300)
            return (0..<count).map { index in
                if index > 0 { time = min(drawn(time) * 2, 30000) }
                return ms(time)
            }
        },
        // Sources/ConnectionPoolModule/PoolStateMachine.swift: calculateBackoff.
        each("postgres-nio") { retry, random in swiftServerPool(failedAttempt: retry + 1, random) },
    ]

    /// Whole nanoseconds; `randomElement` of a closed range of 2j + 1 integers.
    private static func swiftServerPool(failedAttempt attempts: Int, _ random: () -> Double) -> Interval {
        let start = 100_000_000.0
        let backoff = Int64(min(start * pow(1.25, Double(attempts - 1)), 60_000_000_000.0))
        let range = (backoff / 100) * 3
        let element = Int64((random() * Double(2 * range + 1)).rounded(.down)) - range
        return .nanoseconds(backoff + element)
    }

    private static let remoteCalls: [ReferenceLibrary] = [
        // internal/backoff/backoff.go: Exponential.Backoff.
        each("grpc-go") { retry, random in
            guard retry > 0 else { return .nanoseconds(1_000_000_000) }
            var retries = retry
            var backoff = 1e9
            while backoff < 120e9, retries > 0 {
                backoff *= 1.6
                retries -= 1
            }
            if backoff > 120e9 { backoff = 120e9 }
            backoff *= 1 + 0.2 * (random() * 2 - 1)
            return backoff < 0 ? .zero : .nanoseconds(Int64(backoff))
        },
        // packages/grpc-js/src/backoff-timeout.ts: runOnce, which draws for the delay after this one.
        series("grpc-js") { _, count, random in
            var next = 1000.0
            return (0..<count).map { _ in
                let delay = next
                let backoff = min(next * 1.6, 120_000)
                let magnitude = backoff * 0.2
                next = backoff + (random() * (magnitude - -magnitude) + -magnitude)
                return ms(delay)
            }
        },
        // Sources/GRPC/ConnectionBackoff.swift: makeNextElement and jittered, in seconds.
        series("grpc-swift") { _, count, random in
            var unjittered = 1.0
            return (0..<count).map { index in
                guard index > 0 else { return seconds(unjittered) }
                unjittered = min(unjittered * 1.6, 120)
                let (lower, upper) = (-0.2 * unjittered, 0.2 * unjittered)
                return seconds(unjittered + (random() * (upper - lower) + lower))
            }
        },
        // A6-client-retries.md: random(0.8, 1.2) · min(initialBackoff · backoffMultiplier^(n−1), maxBackoff).
        each("grpc-retry") { retry, random in
            seconds(min(0.1 * pow(2, Double(retry)), 1) * (0.8 + random() * 0.4))
        },
        // HTTPConnectionPool+Backoff.swift: calculateBackoff(failedAttempt:).
        each("async-http-client") { retry, random in swiftServerPool(failedAttempt: retry + 1, random) },
        // source/common/common/backoff_strategy.cc: nextBackOffMs; the remainder of a random integer is one below the
        // interval, as likely as any other.
        series("envoy-route-retry") { _, count, random in
            var next: UInt64 = 25
            return (0..<count).map { _ in
                let backoff = next
                next = next < 250 / 2 ? next * 2 : 250
                return .milliseconds(Int64(min(UInt64(random() * Double(backoff)), 250)))
            }
        },
        // common/backoff/retrypolicy.go: ComputeNextDelay, numAttempts from 1, without its expiration.
        each("temporal-server") { retry, random in
            var next = 1e9 * pow(2.0, Double(retry))
            next = min(next, 10e9)
            let portion = max(Int64(0.2 * next), 1)
            next = next * 0.8 + Double(Int64(random() * Double(portion)))
            return .nanoseconds(Int64(next))
        },
        // wait/backoff.go: Backoff.Step, then Jitter(duration, 1.0).
        series("kubernetes-reflector") { _, count, random in
            var next: Int64 = 800_000_000
            return (0..<count).map { _ in
                let duration = next
                next = Int64(Double(next) * 2)
                if next > 30_000_000_000 { next = 30_000_000_000 }
                return .nanoseconds(duration + Int64(random() * 1.0 * Double(duration)))
            }
        },
        // FailFastFactory.scala: exponential(1 s, 2) take 5, then 32 s.
        each("finagle-failfast") { retry, _ in .seconds(retry < 5 ? 1 << Int64(retry) : 32) },
    ]
}
