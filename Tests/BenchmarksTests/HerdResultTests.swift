import FleetSimulation
import Foundation
import MonotonicTime
import Reconnection
import Scenarios
import Testing

@testable import Benchmarks

@Suite("HERD as a benchmark")
struct HerdResultTests {
    @Test("each attempt, outcome, timeout, connection and heartbeat is counted, and the model is HERD's")
    func standard() throws {
        let measurement = try ReplicationMeasurement.measure(try shipped(.herd, clients: 1_000), as: .herd)
        let herd = try #require(measurement.herd)
        #expect(measurement.events == herd.events)
        #expect(herd.events == herd.attempts + herd.outcomes + herd.timeouts + herd.connects + herd.heartbeats)
        #expect(herd.connects == 1_000)
        #expect(herd.timeouts == 0)
        #expect(herd.attempts == herd.outcomes)
        #expect(herd.peak == herd.firstSecond)
        // Connected after t, a client sends (300 s - t) / 30 s heartbeats on average, give or take a rounding.
        #expect((7_000...8_500).contains(herd.heartbeats))
        let (median, late) = (try #require(herd.medianTime), try #require(herd.lateTime))
        #expect(abs(median - 60) < 0.5)
        #expect(late > 85 && late < 110)
        #expect(measurement.userSeconds >= 0 && measurement.wallSeconds > 0)
    }

    @Test("threads that share the work compute the same")
    func threads() throws {
        let scenario = try shipped(.herd, clients: 1_000)
        let alone = try ReplicationMeasurement.measure(scenario, as: .herd)
        #expect(try ReplicationMeasurement.measure(scenario, as: .herd, threads: 2).herd == alone.herd)
    }

    @Test("in the deep variant timeouts fire")
    func deep() throws {
        let measurement = try ReplicationMeasurement.measure(try shipped(.herdDeep, clients: 1_000), as: .herdDeep)
        let herd = try #require(measurement.herd)
        #expect((250...450).contains(herd.timeouts))
        #expect(herd.connects == 1_000)
    }

    @Test("another base, and no backoff before the first attempt, are refused: that is not HERD")
    func wrongScenario() throws {
        let changes: [(inout ClientPolicy) -> Void] = [
            { $0.backoff = .exponential(base: .seconds(2), cap: .seconds(30), jitter: .full) },
            { $0.backoff = .exponential(base: .seconds(1), cap: .seconds(30), jitter: .equal) },
            { $0.startsAfterBackoff = false },
        ]
        for change in changes {
            var scenario = try shipped(.herd, clients: 1_000)
            let policy = try #require(scenario.policies["herd"])
            scenario.policies["herd"] = policy.with(change)
            let failure = #expect(throws: BenchmarkFailure.self) {
                try ReplicationMeasurement.measure(scenario, as: .herd)
            }
            #expect(failure?.description.hasPrefix("this is not HERD:") == true)
        }
    }

    @Test("a first second is refused from five standard deviations on, on either side")
    func bounds() throws {
        func refusal(_ attempts: Int) throws -> String? { try result(firstSecond: attempts).refusal(clients: 10_000) }
        // 12,411.55 on average with a standard deviation of 46.341: from 12,179.8 to 12,643.3.
        #expect(try refusal(12_180) == nil)
        #expect(try refusal(12_643) == nil)
        #expect(try refusal(12_179) != nil)
        #expect(
            try refusal(12_644)
                == "this is not HERD: 12644 attempts of 10000 clients in the first second, where 12412 ± 232 are right"
        )
    }

    @Test("the moments of the first second are those of its formula")
    func moments() {
        var (first, second, volume) = (0.0, 0.0, 1.0)
        for count in 1...20 {
            volume /= Double(count) * Double(1 << (count - 1))
            let room = 1 - 0.05 * Double(count - 1)
            let probability = (0..<count).reduce(volume) { product, _ in product * room }
            first += probability
            second += Double(2 * count - 1) * probability
        }
        #expect(abs(first - HerdResult.firstSecondMean) < 1e-6)
        #expect(abs((second - first * first).squareRoot() - HerdResult.firstSecondDeviation) < 1e-5)
    }

    @Test("other scenarios count the events processed, and have no result of HERD")
    func otherScenario() throws {
        let scenario = try shipped(.subway, clients: 200)
        let measurement = try ReplicationMeasurement.measure(scenario, as: .subway)
        #expect(measurement.herd == nil)
        let policies = try #require(Replication.policies(of: scenario))
        #expect(measurement.events == Replication.run(scenario, policies: policies, number: 0)?.events)
    }
}

/// A scenario that comes along, scaled as its benchmark is.
func shipped(_ workload: ReplicationBenchmark.Workload, clients: Int) throws -> Scenario {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root = root.deletingLastPathComponent() }
    let file = root.appendingPathComponent("Scenarios/\(workload.file)")
    return try ScenarioFile.read([UInt8](try Data(contentsOf: file)), file: workload.file).scenario
        .scaled(toClients: clients, scalingServers: workload.scalesServers)
}

/// A result of which only the first second matters.
func result(firstSecond: Int) throws -> HerdResult {
    let result = HerdResult(
        attempts: 0,
        outcomes: 0,
        timeouts: 0,
        connects: 0,
        heartbeats: 0,
        firstSecond: firstSecond,
        peak: firstSecond,
        medianTime: nil,
        lateTime: nil
    )
    return try #require(result)
}
