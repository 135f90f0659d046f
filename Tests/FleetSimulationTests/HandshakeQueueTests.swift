import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// The handshake queue of the whole simulation against the closed forms of queueing theory.
///
/// Clients are launched evenly over a long time and attempt once: given their number, the arrivals of a Poisson process.
///
/// Source: L. Kleinrock, "Queueing Systems", volume 1, 1975; for M/G/1 the Pollaczek-Khinchine formula.
@Suite struct HandshakeQueueTests {
    struct Queue: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var workers: Int
        /// Of mean 700 ms a worker.
        var time: String
        /// Seconds.
        var expectedWait: Double
    }

    /// A client a second on average, and so a load of 0.7 Erlang a worker.
    static let queues = [
        Queue(testDescription: "M/D/1", workers: 1, time: "700ms", expectedWait: 0.7 * 0.7 / (2 * (1 - 0.7))),
        Queue(
            testDescription: "M/M/1",
            workers: 1,
            time: "\"exponential(700ms)\"",
            expectedWait: 0.7 * 0.7 / (1 - 0.7)
        ),
        Queue(
            testDescription: "M/G/1, evenly spread",
            workers: 1,
            time: "\"uniform(0s, 1400ms)\"",
            // The mean square of the uniform distribution is 4/3 of the square of its mean.
            expectedWait: 0.7 * 0.7 * 4 / 3 / (2 * (1 - 0.7))
        ),
        Queue(
            testDescription: "M/M/3",
            workers: 3,
            time: "\"exponential(2100ms)\"",
            expectedWait: erlangC(servers: 3, load: 2.1) * 2.1 / (3 - 2.1)
        ),
    ]

    @Test("the mean wait agrees with the closed form within five standard errors", arguments: queues)
    func meanWait(queue: Queue) throws {
        let clients = 6_000
        let scenario = try scenario(
            """
            name: queue
            duration: 6_100s
            policies:
              patient: { backoff: { base: 1s }, connect-timeout: 2_000s, breaker: none, heartbeat: none }
            fleet:
              - { name: phones, clients: \(clients), start: "uniform(0s, 6_000s)", policy: patient, network: ideal }
            servers:
              - { name: gateway, handshake: { workers: \(queue.workers), time: \(queue.time), backlog: 100_000 } }
            """
        )
        let policies = try #require(Replication.policies(of: scenario))
        var means: [Double] = []
        for replication in 0..<24 {
            let world = World(
                scenario: scenario,
                policies: policies,
                replication: replication,
                window: .hours(2)
            )
            let finished = world.run(shouldStop: { false })
            let record = try #require(finished)
            #expect(record.waits.count == clients && record.wastedHandshakes == 0)
            means.append(try #require(record.waits.mean) / 1e9)
        }
        let count = Double(means.count)
        let mean = means.reduce(0, +) / count
        let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let standardError = (variance / count).squareRoot()
        #expect(abs(mean - queue.expectedWait) <= 5 * standardError, "\(mean) for \(queue.expectedWait)")
        // A test that could not tell a wrong result from a right one would prove nothing.
        #expect(standardError <= 0.03 * queue.expectedWait)
    }

    /// The share of customers who wait, in a queue without a bound.
    private static func erlangC(servers: Int, load: Double) -> Double {
        let loss = (1...servers).reduce(1.0) { load * $0 / (Double($1) + load * $0) }
        return loss / (1 - load / Double(servers) * (1 - loss))
    }
}
