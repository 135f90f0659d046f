import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// A herd against a dead server, compared with what can be worked out on paper.
@Suite struct HerdTests {
    private static func herd(clients: Int, jitter: String) -> String {
        """
        name: herd
        duration: 30s
        policies:
          bare: { backoff: { base: 1s, factor: 2, cap: 30s, jitter: \(jitter) } }
        networks:
          exact: { round-trip: 50ms }
        fleet:
          - { name: phones, clients: \(clients), policy: bare, network: exact }
        servers:
          - { name: gateway, handshake: { workers: 1, time: 1ms } }
        timeline:
          - { at: 10s, restart: { server: gateway, down: 15s, close: reset, meanwhile: refuse } }
        """
    }

    @Test("with full jitter a client makes 1.241155 attempts in the first second after the reset")
    func firstSecondOfFullJitter() throws {
        let clients = 20_000
        let record = try run(Self.herd(clients: clients, jitter: "full"))
        // The reset is noticed after 25 ms. Attempt k starts after U1 + 2 U2 + ... + 2^(k-1) Uk and k - 1 round trips of
        // 50 ms. That is within the second with probability (1 - 0.05 (k-1))^k / (k! 2^(k(k-1)/2)), the volume of a
        // simplex; all its corners lie within the ranges of the U.
        let start = milliseconds(10_025)
        let attempts = record.launches.filter { $0 >= start && $0 < start + milliseconds(1_000) }.count
        var mean = 0.0
        var square = 0.0
        var divisor = 1.0
        for k in 1...8 {
            divisor *= Double(k) * Double(1 << (k - 1))
            var probability = 1 / divisor
            for _ in 0..<k { probability *= 1 - 0.05 * Double(k - 1) }
            mean += probability
            square += Double(2 * k - 1) * probability
        }
        #expect(abs(mean - 1.241155) < 1e-6)
        let error = ((square - mean * mean) / Double(clients)).squareRoot()
        #expect(abs(Double(attempts) / Double(clients) - mean) < 4 * error)
    }

    @Test("without jitter the whole fleet attempts in the same instants")
    func noJitterKeepsStep() throws {
        let clients = 500
        let record = try run(Self.herd(clients: clients, jitter: "none"))
        // 1, 2, 4 s after each failure, which takes a round trip.
        let expected = [11_025, 13_075, 17_125].flatMap { Array(repeating: milliseconds($0), count: clients) }
        #expect(record.launches.prefix(3 * clients) == expected[...])
    }

    @Test("decorrelated and equal jitter keep everybody away for their least delay")
    func leastDelays() throws {
        for (jitter, least) in [("equal", Int64(500)), ("decorrelated", 1_000), ("additive-up-to(1s)", 1_000)] {
            let record = try run(Self.herd(clients: 2_000, jitter: jitter))
            let first = try #require(record.launches.first)
            #expect(first >= milliseconds(10_025 + least), "\(jitter)")
            #expect(first < milliseconds(10_025 + least + 20), "\(jitter)")
        }
    }
}
