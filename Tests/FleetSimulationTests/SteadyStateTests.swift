import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Before anything happens a fleet is in its steady state: a run that begins with a herd of its own measures itself.
@Suite struct SteadyStateTests {
    private static func calm(policy: String, workload: String, seed: Int) -> String {
        """
        name: calm
        duration: 80s
        seed: \(seed)
        fleet:
          - { name: phones, clients: 2_000, policy: \(policy), network: ideal\(workload) }
        servers:
          - { name: gateway, handshake: { workers: 8, time: 10ms } }
        timeline:
          - { at: 70s, restart: { server: gateway, down: 5s } }
        """
    }

    /// Mean squared difference of neighbours over twice the mean.
    private static func allanFactor(_ counts: ArraySlice<Int>) -> Double {
        let differences = zip(counts, counts.dropFirst()).map { Double(($1 - $0) * ($1 - $0)) }
        let mean = Double(counts.reduce(0, +)) / Double(counts.count)
        return differences.reduce(0, +) / Double(differences.count) / (2 * mean)
    }

    /// The factor of n Poisson bins has mean 1 and, for large counts, variance 3/(n - 1): each squared difference of
    /// variance 8 (in units of the squared mean), each neighbouring pair of covariance 2. Four standard errors above.
    /// Heartbeats repeat their pattern, so that only the bins of one period say something new.
    private static func bound(bins: Int) -> Double { 1 + 4 * (3 / Double(bins - 1)).squareRoot() }

    @Test(
        "what clients send in the minute before the outage is no more bursty than chance",
        arguments: [("full-jitter", 30), ("landale", 30), ("chat-sdk", 10), ("party-table", 15)],
        ["", ", workload: { messages: poisson, every: 30s }", ", workload: { messages: periodic, every: 20s }"]
    )
    func noHerdAtTheStart(heartbeat: (policy: String, period: Int), workload: String) throws {
        for seed in 1...2 {
            let record = try run(Self.calm(policy: heartbeat.policy, workload: workload, seed: seed))
            let minute = record.timeline[.sent][10..<70]
            try #require(minute.reduce(0, +) > 2_000)
            #expect(Self.allanFactor(minute) < Self.bound(bins: heartbeat.period), "seed \(seed)")
            // On an ideal network nobody loses a connection by itself.
            #expect(record.timeline[.launched][..<70].allSatisfy { $0 == 0 })
            #expect(record.timeline[.connectedNow][..<70].allSatisfy { $0 == 2_000 })
        }
    }

    @Test("the criterion turns down heartbeats in step, even a third of them")
    func criterionSeesHerds() {
        // 2,000 clients that beat every 30 s all together, and 2,000 of whom a third do.
        let together = (0..<60).map { $0 % 30 == 0 ? 2_000 : 0 }
        let third = (0..<60).map { ($0 % 30 == 0 ? 667 : 0) + 44 }
        #expect(Self.allanFactor(together[...]) > Self.bound(bins: 10))
        #expect(Self.allanFactor(third[...]) > Self.bound(bins: 10))
    }

    @Test("ages of connections do not show in the phases of heartbeats: all seconds of a period carry their share")
    func phasesAreUniform() throws {
        // A heartbeat without random first phase: only the ages of connections spread it.
        let text = Self.calm(policy: "landale", workload: "", seed: 3)
        let record = try run(text)
        let perSecond = record.timeline[.sent][0..<30]
        #expect(perSecond.reduce(0, +) == 2_000)
        let expected = 2_000.0 / 30
        let chiSquare = perSecond.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // 29 degrees of freedom: mean 29, variance 58; four standard deviations.
        #expect(abs(chiSquare - 29) < 4 * 58.0.squareRoot())
    }
}
