import Foundation
import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// The workload HERD with 10,000 clients, against its exact value and against other simulators.
@Suite struct HerdBenchmarkTests {
    /// The mean over runs of independent simulators, and the standard deviation of one run.
    struct Reference: Sendable {
        var mean: Double
        var deviation: Double

        /// Whether the mean of several runs is within five standard errors.
        func agrees(_ values: [Int]) -> Bool {
            let mean = Double(values.reduce(0, +)) / Double(values.count)
            // References are rounded to whole numbers.
            return abs(mean - self.mean) <= 0.5 + 5 * deviation / Double(values.count).squareRoot()
        }
    }

    struct Answers: Sendable, CustomTestStringConvertible {
        var scenario: String
        var attempts: Reference
        var timeouts: Reference
        var heartbeats: Reference
        var testDescription: String { scenario }
    }

    /// Of programs in C++, in Swift and in SimPy that share no code with this one.
    static let answers = [
        Answers(
            scenario: "herd",
            attempts: Reference(mean: 78_391, deviation: 181),
            timeouts: Reference(mean: 0, deviation: 0),
            heartbeats: Reference(mean: 79_920, deviation: 60)
        ),
        Answers(
            scenario: "herd-deep",
            attempts: Reference(mean: 71_560, deviation: 112),
            timeouts: Reference(mean: 3_546, deviation: 34),
            heartbeats: Reference(mean: 79_980, deviation: 102)
        ),
    ]

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scenarios/benchmarks")

    @Test("it agrees with the exact value of the first second and with other simulators", arguments: answers)
    func agrees(answers: Answers) throws {
        let clients = 10_000
        let bytes = try Data(contentsOf: Self.folder.appendingPathComponent(answers.scenario + ".yaml"))
        let scenario = try ScenarioFile.read(Array(bytes), file: answers.scenario + ".yaml").scenario
            .scaled(toClients: clients, scalingServers: true)
        let policies = try #require(Replication.policies(of: scenario))
        var attempts: [Int] = []
        var timeouts: [Int] = []
        var heartbeats: [Int] = []
        var firstSeconds: [Int] = []
        for number in 0..<4 {
            let record = try #require(Replication.run(scenario, policies: policies, number: number))
            #expect(record.conservationFaults == [])
            #expect(record.count(.connected) == clients && record.cohort.inFlight == 0)
            #expect(record.count(.cancelled) == 0 && record.count(.lost) == 0)
            #expect(record.cohort.launched == clients + record.count(.refused) + record.count(.timeout))
            #expect(record.timeline[.connectedNow].last == clients)
            attempts.append(record.cohort.launched)
            timeouts.append(record.count(.timeout))
            heartbeats.append(record.timeline[.sent].reduce(0, +) - record.cohort.launched)
            firstSeconds.append(record.timeline[.launched][0])
            #expect(record.timeline[.launched].max() == record.timeline[.launched][0])
        }
        let size = Double(clients)
        let firstSecond = Reference(mean: 1.241155 * size, deviation: 0.46341 * size.squareRoot())
        #expect(firstSeconds.allSatisfy { firstSecond.agrees([$0]) }, "\(firstSeconds)")
        #expect(firstSecond.agrees(firstSeconds), "\(firstSeconds)")
        #expect(answers.attempts.agrees(attempts), "\(attempts)")
        #expect(answers.timeouts.agrees(timeouts), "\(timeouts)")
        #expect(answers.heartbeats.agrees(heartbeats), "\(heartbeats)")
        // The seeds differ, so the runs must.
        #expect(Set(attempts).count == attempts.count && Set(heartbeats).count == heartbeats.count)
    }
}
