import Experiments
import Foundation
import MonotonicTime
import Reconnection
import Scenarios
import Statistics
import Testing

/// What a third party does with a policy of its own, through public API alone.
@Suite struct CustomPolicyTests {
    private static let file = """
        name: ours
        duration: 2m
        replications: 5
        policies:
          ours:
            strategy: scouts
            reset: { after-stable: 10s }
            connect-timeout: 10s
            heartbeat: { every: 15s, timeout: 10s }
          impatient: { extends: ours, retry-limit: 2 }
        fleet:
          - { name: phones, clients: 400, policy: ours, network: lte }
        servers:
          - { name: gateway, handshake: { workers: 2, time: 20ms } }
        timeline:
          - { at: 40s, restart: { server: gateway, down: 10s } }
        expect:
          - peak-attempt-rate-100ms < 1500/s
          - connected-share > 80%
        """

    private static func scenario() throws -> Scenario {
        try ScenarioFile.read(
            Array(file.utf8),
            file: "ours.yaml",
            policies: ["in-code": inCode],
            strategies: ["scouts": FibonacciWithScouts()]
        ).scenario
    }

    /// The file's policy `ours`, without a file.
    private static let inCode = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full),
        reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(10))),
        connectTimeout: .seconds(10),
        heartbeat: HeartbeatPolicy(interval: .seconds(15), replyTimeout: .seconds(10))
    ).with { $0.strategy = CustomRetryStrategy("scouts", FibonacciWithScouts()) }

    private static func delays(_ numbers: [Double], count: Int) -> [Interval] {
        var random = RepeatingRandomSource(numbers)
        return RetrySchedule(inCode, count: count, random: &random).retries.map(\.delay)
    }

    @Test("the first delays are three quarters of Fibonacci's numbers where the draws are halves")
    func delays() {
        let expected: [Int64] = [750, 750, 1_500, 2_250, 3_750, 6_000, 9_750, 15_750, 22_500, 22_500]
        #expect(Self.delays([0.5], count: 10) == expected.map { .milliseconds($0) })
    }

    @Test("a lucky draw sends a client ahead, once")
    func scouts() {
        // 0.0625 is just no luck; 0.03125 is, but only the first time.
        let expected: [Interval] = [
            .milliseconds(1_000).scaled(by: 0.531_25), .milliseconds(100), .milliseconds(2_000).scaled(by: 0.515_625),
        ]
        #expect(Self.delays([0.0625, 0.031_25, 0.031_25], count: 3) == expected)
    }

    @Test("a scenario names the strategy, and so does a policy in code: both are the same policy, and do the same")
    func twoWays() throws {
        let scenario = try Self.scenario()
        #expect(scenario.policies["ours"] == Self.inCode)
        let results = try Experiment(scenario: scenario, candidates: ["ours", "in-code"], threads: 2).run()
        #expect(results.map(\.policy) == ["ours", "in-code"])
        let ours = results[0].replications.map(\.values)
        #expect(ours == results[1].replications.map(\.values))
        #expect(ours.count == 5)
    }

    @Test("compared with a preset, the strategy keeps the herd apart, and everybody comes back")
    func comparison() throws {
        let comparison = try compareWithPreset(Array(Self.file.utf8))
        func row(_ metric: String) throws -> Comparison.Row {
            try #require(comparison.rows.first { $0.metric.id == metric && $0.cohort == "all" })
        }
        // Without jitter, four hundred clients in a tenth of a second: 4,000/s. Here they take half a second, but the first
        // two waits are so short that a whole second sees more attempts than with doubling: no single number decides.
        #expect(try row("peak-attempt-rate-100ms").verdict == .better)
        #expect(try #require(row("peak-attempt-rate-100ms").difference).meanDifference < -2_000)
        #expect(try row("peak-attempt-rate-1s").verdict == .worse)
        let results = try Experiment(scenario: Self.scenario(), threads: 2).run()
        let verdicts = try Self.scenario().expectations.map { ExpectationResult($0, result: results[0]).verdict }
        #expect(verdicts == [.met, .met])
        let recovery = try #require(results[0].summary(of: "recovery-time-100"))
        #expect(recovery.censoredShare == 0)
    }

    @Test("the supervisor keeps its part: a retry limit holds for a strategy, too")
    func limit() throws {
        let results = try Experiment(scenario: Self.scenario(), candidates: ["impatient"], threads: 2).run()
        // Two retries within three seconds of an outage of ten.
        #expect(try #require(results[0].summary(of: "gave-up-share")?.estimate) > 0.99)
    }

    @Test("the README shows this code, and it imports nothing but products")
    func readme() throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let code = try String(contentsOf: here.appending(path: "FibonacciWithScouts.swift"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(code)```\n"))
        let imports = code.split(separator: "\n").filter { $0.hasPrefix("import ") || $0.contains("@testable") }
        let package = try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
        let list = try #require(package.range(of: "products: ["))
        let end = try #require(package.range(of: "dependencies: [", range: list.upperBound..<package.endIndex))
        let products = package[list.upperBound..<end.lowerBound]
        #expect(imports.count == 4)
        for line in imports {
            #expect(products.contains("\"\(line.dropFirst("import ".count))\""), "\(line)")
        }
    }
}
