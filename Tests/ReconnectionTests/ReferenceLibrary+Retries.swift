import Foundation
import MonotonicTime
import Reconnection

extension ReferenceLibrary {
    static let retryLibraries: [ReferenceLibrary] = amazons + others

    /// src/backoff_simulator.py: expo, in milliseconds, n from 1.
    private static func expo(_ retry: Int) -> Double { min(2000, pow(2, Double(retry + 1)) * 5) }

    /// Python's random.uniform.
    private static func uniform(_ from: Double, _ to: Double, _ random: () -> Double) -> Double {
        from + (to - from) * random()
    }

    private static let amazons: [ReferenceLibrary] = [
        // ExpoBackoff, ExpoBackoffFullJitter, ExpoBackoffEqualJitter and ExpoBackoffDecorr.
        each("aws-paper-exponential") { retry, _ in ms(expo(retry)) },
        each("aws-paper-full-jitter") { retry, random in ms(uniform(0, expo(retry), random)) },
        each("aws-paper-equal-jitter") { retry, random in
            let value = expo(retry)
            return ms(value / 2 + uniform(0, value / 2, random))
        },
        series("aws-paper-decorrelated-jitter") { _, count, random in
            var sleep = 5.0
            return (0..<count).map { _ in
                sleep = min(2000, uniform(5, sleep * 3, random))
                return ms(sleep)
            }
        },
        // util-retry: the delay of the standard strategy.
        each("aws-sdk-js") { retry, random in
            ms((random() * min(100 * pow(2, Double(retry)), 20000)).rounded(.down))
        },
        // ExponentialDelayWithJitter.java: Random.nextInt(delay).
        each("aws-sdk-java") { retry, random in
            let delay = min(20000, 100 * (1 << min(retry, 20)))
            return .milliseconds(Int64(random() * Double(delay)))
        },
        // botocore/retryhandler.py: delay_exponential with a random base, attempts from 1.
        each("botocore-legacy", count: 32) { retry, random in seconds(random() * pow(2, Double(retry + 1 - 1))) },
        // botocore/retries/standard.py: ExponentialBackoff.delay_amount.
        each("botocore-standard") { retry, random in seconds(random() * min(pow(2, Double(retry)), 20)) },
    ]

    private static let others: [ReferenceLibrary] = [
        // exponential.go: NextBackOff, incrementCurrentInterval and getRandomValueFromInterval.
        series("cenkalti-backoff") { _, count, random in
            var current: Int64 = 500_000_000
            let maximum: Int64 = 60_000_000_000
            return (0..<count).map { _ in
                let delta = 0.5 * Double(current)
                let (shortest, longest) = (Double(current) - delta, Double(current) + delta)
                let delay = Int64(shortest + (random() * (longest - shortest + 1)))
                current = Double(current) >= Double(maximum) / 1.5 ? maximum : Int64(Double(current) * 1.5)
                return .nanoseconds(delay)
            }
        },
        // v2/call_option.go: Backoff.Pause.
        series("gax-go") { _, count, random in
            var current: Int64 = 1_000_000_000
            return (0..<count).map { _ in
                let delay = 1 + Int64(random() * Double(current))
                current = min(Int64(Double(current) * 2), 30_000_000_000)
                return .nanoseconds(delay)
            }
        },
        each("failsafe-go") { _, _ in .zero },
        // client.go: DefaultBackoff.
        each("retryablehttp") { retry, _ in
            let wait = pow(2, Double(retry)) * 1e9
            return wait > 30e9 ? .seconds(30) : .nanoseconds(Int64(wait))
        },
        // gax/src: delay *= retryDelayMultiplier, then the cap.
        series("gax-nodejs") { _, count, random in
            var delay = 100.0
            return (0..<count).map { _ in
                defer { delay = min(delay * 1.3, 60000) }
                return ms(random() * delay)
            }
        },
        // IntervalFunction.java: ofDefaults, ofExponentialBackoff and ofRandomized.
        each("resilience4j") { _, _ in .milliseconds(500) },
        series("resilience4j-exponential") { _, count, _ in
            var interval: Int64 = 500
            return (0..<count).map { _ in
                defer { interval = Int64(Double(interval) * 1.5) }
                return .milliseconds(interval)
            }
        },
        each("resilience4j-randomized") { _, random in
            let (shortest, longest) = (500 - 0.5 * 500, 500 + 0.5 * 500)
            return .milliseconds(Int64(shortest + random() * (longest - shortest)))
        },
        // RetryHelper.cs: GetRetryDelay; a tick is 100 ns.
        each("polly") { _, _ in .seconds(2) },
        each("polly-jittered") { _, random in
            let offset = 2000 * 0.5 / 2
            let delay = 2000 + (2000 * 0.5 * random() - offset)
            return .nanoseconds(Int64(delay * 10_000) * 100)
        },
        // Beyond 25 retries, a year of waiting, a tick is less than what a double can tell.
        series("polly-exponential-jittered", count: 20) { _, count, random in
            var previous = 0.0
            return (0..<count).map { attempt in
                let time = Double(attempt) + random()
                let next = pow(2, time) * tanh(sqrt(4.0 * time))
                let value = next - previous
                previous = next
                return .nanoseconds(Int64(value * (1 / 1.4) * 20_000_000) * 100)
            }
        },
        // src/backoff/ExponentialBackoffGenerators.ts: decorrelatedJitterGenerator.
        series("cockatiel") { _, count, random in
            var previous = 0.0
            return (0..<count).map { attempt in
                let time = Double(attempt) + random()
                let next = pow(2, time) * tanh(sqrt(4.0 * time))
                let value = max(0, next - previous)
                previous = next
                return ms(min(value * (1 / 1.4) * 128, 30000))
            }
        },
        // backoff/_wait_gen.py: expo; _jitter.py: full_jitter.
        each("litl-backoff", count: 32) { retry, random in seconds(uniform(0, pow(2, Double(retry)), random)) },
        // tenacity/wait.py: wait_none and wait_exponential_jitter, attempt_number from 1.
        each("tenacity") { _, _ in .zero },
        each("tenacity-exponential-jitter") { retry, random in
            let jitter = uniform(0, 1, random)
            return seconds(max(0, min(1 * pow(2, Double(retry + 1 - 1)) + jitter, 60)))
        },
    ]
}
