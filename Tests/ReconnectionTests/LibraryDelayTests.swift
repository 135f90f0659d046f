import MonotonicTime
import Reconnection
import Testing

/// Presets give their library's own delays, to the nanosecond, when both are fed the same random numbers.
@Suite struct LibraryDelayTests {
    /// What the random source yields: the edges, the middle, and numbers from seeds.
    private static let sources: [(name: String, numbers: [Double])] =
        [("0", [0]), ("1/2", [0.5]), ("almost 1", [1 - 0x1p-53]), ("in turn", [0, 1 - 0x1p-53, 0.5])]
        + [1, 7, 42, 1_001, 77_777].map { seed in
            var random = SplitMix(state: UInt64(seed))
            return ("seed \(seed)", (0..<1_000).map { _ in random.nextUniform() })
        }

    /// The preset without what ends its retries: limits are tested where presets are, delays here.
    private static func unlimited(_ name: String) throws -> ClientPolicy {
        try #require(PolicyPreset.named(name)).policy.with {
            $0.retryLimit = nil
            $0.elapsedLimit = .max
            $0.retriesFirstConnect = true
        }
    }

    @Test("every preset waits as long as its library's own arithmetic says", arguments: ReferenceLibrary.all)
    func reference(library: ReferenceLibrary) throws {
        let policy = try Self.unlimited(library.name)
        for beginning in RetrySchedule.Beginning.allCases {
            for (source, numbers) in Self.sources {
                var index = 0
                let expected = library.delays(beginning, library.count) {
                    defer { index += 1 }
                    return numbers[index % numbers.count]
                }
                var random = RepeatingRandomSource(numbers)
                let schedule = RetrySchedule(policy, count: library.count, from: beginning, random: &random)
                let delays = schedule.retries.map(\.delay)
                guard delays != expected else { continue }
                let difference = zip(delays, expected).enumerated().first { $1.0 != $1.1 }
                Issue.record(
                    """
                    \(library.name), \(beginning.rawValue), numbers \(source): \(delays.count) delays, \
                    \(difference.map { "retry \($0 + 1): \($1.0) is not \($1.1)" } ?? "too few")
                    """
                )
            }
        }
    }

    @Test("every preset of a library has its reference, but the one that never reconnects")
    func completeness() {
        let libraries = PolicyPreset.all.filter { ![.sourceSystem, .asBuilt, .shape].contains($0.kind) }
        #expect(libraries.count >= 40)
        #expect(Set(libraries.map(\.name)) == Set(ReferenceLibrary.all.map(\.name) + ["starscream"]))
    }

    @Test("Starscream makes no retry at all", arguments: RetrySchedule.Beginning.allCases)
    func noRetry(beginning: RetrySchedule.Beginning) throws {
        var random = RepeatingRandomSource([0.5])
        let policy = try #require(PolicyPreset.named("starscream")).policy
        #expect(RetrySchedule(policy, count: 5, from: beginning, random: &random).retries.isEmpty)
    }

    @Test("the first five delays at U = 1/2 are those written down by hand", arguments: firstFive)
    func literals(name: String, milliseconds: [Double]) throws {
        #expect(try Self.halves(name, from: .failedAttempt) == milliseconds.map(ms))
        // After a drop most libraries do the same; those that do not stand in a table of their own.
        let afterDrop = firstFiveAfterDrop[name] ?? milliseconds
        #expect(try Self.halves(name, from: .lostConnection) == afterDrop.map(ms))
    }

    @Test("every reference has its numbers written down by hand")
    func literalsAreComplete() {
        #expect(firstFive.map(\.0).sorted() == ReferenceLibrary.all.map(\.name).sorted())
    }

    private static func halves(_ name: String, from beginning: RetrySchedule.Beginning) throws -> [Interval] {
        var random = RepeatingRandomSource([0.5])
        return RetrySchedule(try unlimited(name), count: 5, from: beginning, random: &random).retries.map(\.delay)
    }
}

private let firstFive: [(String, [Double])] = [
    ("reconnecting-websocket", [3_000, 3_900, 5_070, 6_591, 8_568.3]),
    ("partysocket", [3_000, 3_900, 5_070, 6_591, 8_568.3]),
    ("sockette", [1_000, 1_000, 1_000, 1_000, 1_000]),
    ("python-websockets", [2_500, 3_100, 5_015.8, 8_115.564_4, 13_130.983_199]),
    ("launchdarkly-eventsource", [1_000, 1_000, 1_000, 1_000, 1_000]),
    ("launchdarkly-eventsource-jittered", [750, 1_500, 3_000, 6_000, 12_000]),
    ("phoenix-js", [10, 50, 100, 150, 200]),
    ("phoenix-channel", [1_000, 2_000, 5_000, 10_000, 10_000]),
    ("swift-phoenix-client", [10, 50, 100, 150, 200]),
    ("supabase-realtime-js", [1_000, 2_000, 5_000, 10_000, 10_000]),
    ("supabase-swift", [7_000, 14_000, 28_000, 30_000, 30_000]),
    ("supabase-swift-channel", [1_000, 2_000, 4_000, 8_000, 16_000]),
    ("centrifuge-js", [750, 1_000, 1_500, 2_500, 4_500]),
    ("centrifuge-swift", [750, 1_000, 1_500, 2_500, 4_500]),
    ("ably-js", [13_500, 18_000, 22_500, 27_000, 27_000]),
    ("pusher-js", [15_000, 30_000, 60_000, 60_000, 60_000]),
    ("livekit-js", [0, 300, 1_700, 3_200, 5_300]),
    ("discord-py", [1_000, 2_000, 4_000, 8_000, 16_000]),
    ("slack-socket-mode", [5_000, 10_000, 15_000, 20_000, 25_000]),
    ("mqtt-js", [1_000, 1_000, 1_000, 1_000, 1_000]),
    ("paho-mqtt", [1_000, 2_000, 4_000, 8_000, 16_000]),
    ("nats-js", [2_050, 2_050, 2_050, 2_050, 2_050]),
    ("nats-js-tls", [2_500, 2_500, 2_500, 2_500, 2_500]),
    ("nats-swift", [0, 4_000, 4_000, 4_000, 4_000]),
    ("socket-io", [1_250, 2_500, 5_000, 5_000, 5_000]),
    ("socket-io-swift", [0, 18_750, 28_125, 30_000, 30_000]),
    ("signalr-js", [0, 2_000, 10_000, 30_000, 30_000]),
    ("graphql-ws", [2_650, 3_650, 5_650, 9_650, 17_650]),
    ("y-websocket", [200, 400, 800, 1_600, 2_500]),
    ("y-websocket-4", [200, 400, 800, 1_600, 2_500]),
    ("action-cable", [9_000, 7_417.5, 8_530.125, 9_809.643_75, 11_281.090_312]),
    ("ioredis", [150, 200, 300, 500, 900]),
    ("ioredis-5", [50, 100, 150, 200, 250]),
    ("node-redis", [150, 200, 300, 500, 900]),
    ("redis-py", [10, 20, 40, 80, 160]),
    ("valkey-swift", [1_280, 1_280, 1_280, 1_280, 1_280]),
    ("kafka-java", [50, 100, 200, 400, 800]),
    ("kafkajs", [300, 600, 1_200, 2_400, 4_800]),
    ("postgres-nio", [100, 125, 156.25, 195.312_5, 244.140_625]),
    ("grpc-go", [1_000, 1_600, 2_560, 4_096, 6_553.6]),
    ("grpc-js", [1_000, 1_600, 2_560, 4_096, 6_553.6]),
    ("grpc-swift", [1_000, 1_600, 2_560, 4_096, 6_553.6]),
    ("grpc-retry", [100, 200, 400, 800, 1_000]),
    ("async-http-client", [100, 125, 156.25, 195.312_5, 244.140_625]),
    ("envoy-route-retry", [12, 25, 50, 100, 125]),
    ("temporal-server", [900, 1_800, 3_600, 7_200, 9_000]),
    ("kubernetes-reflector", [1_200, 2_400, 4_800, 9_600, 19_200]),
    ("finagle-failfast", [1_000, 2_000, 4_000, 8_000, 16_000]),
    ("aws-paper-exponential", [10, 20, 40, 80, 160]),
    ("aws-paper-full-jitter", [5, 10, 20, 40, 80]),
    ("aws-paper-equal-jitter", [7.5, 15, 30, 60, 120]),
    ("aws-paper-decorrelated-jitter", [10, 17.5, 28.75, 45.625, 70.937_5]),
    ("aws-sdk-js", [50, 100, 200, 400, 800]),
    ("aws-sdk-java", [50, 100, 200, 400, 800]),
    ("botocore-legacy", [500, 1_000, 2_000, 4_000, 8_000]),
    ("botocore-standard", [500, 1_000, 2_000, 4_000, 8_000]),
    ("cenkalti-backoff", [500, 750, 1_125, 1_687.5, 2_531.25]),
    ("gax-go", [500.000_001, 1_000.000_001, 2_000.000_001, 4_000.000_001, 8_000.000_001]),
    ("failsafe-go", [0, 0, 0, 0, 0]),
    ("retryablehttp", [1_000, 2_000, 4_000, 8_000, 16_000]),
    ("gax-nodejs", [50, 65, 84.5, 109.85, 142.805]),
    ("resilience4j", [500, 500, 500, 500, 500]),
    ("resilience4j-exponential", [500, 750, 1_125, 1_687, 2_530]),
    ("resilience4j-randomized", [500, 500, 500, 500, 500]),
    ("polly", [2_000, 2_000, 2_000, 2_000, 2_000]),
    ("polly-jittered", [2_000, 2_000, 2_000, 2_000, 2_000]),
    ("polly-exponential-jittered", [1_794.809_8, 2_186.007, 4_071.495_9, 8_091.958_8, 16_167.263_2]),
    ("cockatiel", [114.867_832, 139.904_454, 260.575_739, 517.885_366, 1_034.704_846]),
    ("litl-backoff", [500, 1_000, 2_000, 4_000, 8_000]),
    ("tenacity", [0, 0, 0, 0, 0]),
    ("tenacity-exponential-jitter", [1_500, 2_500, 4_500, 8_500, 16_500]),
]

/// Where the loss of a connection is not treated as a failed attempt.
private let firstFiveAfterDrop: [String: [Double]] = [
    "ably-js": [0, 18_000, 22_500, 27_000, 27_000],
    "pusher-js": [1_000, 15_000, 30_000, 60_000, 60_000],
    "y-websocket": [100, 200, 400, 800, 1_600],
    "y-websocket-4": [100, 200, 400, 800, 1_600],
]
