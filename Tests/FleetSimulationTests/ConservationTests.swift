import MonotonicTime
import Reconnection
import Scenarios
import Testing

@testable import FleetSimulation

/// Whatever happens to a fleet, every attempt and every message ends in exactly one place.
@Suite struct ConservationTests {
    private static let policies = """
        policies:
          refusing: { extends: full-jitter, outbox: { while-disconnected: refuse, window: 8, ack-timeout: 2s, retry-limit: 2 } }
          discarding: { extends: full-jitter, retry-limit: 3, outbox: { while-disconnected: discard, window: 4 } }
          forgetful:
            extends: no-jitter
            breaker: { failures: 2, open: 3s, open-jitter: 50% }
            outbox:
              capacity: 3
              overflow: drop-oldest
              time-to-live: 8s
              ack-timeout: 150ms
              retry: { base: 100ms, cap: 1s, jitter: full }
              retry-limit: 4
          impatient:
            backoff: { base: 100ms, cap: 2s, jitter: full }
            connect-timeout: 250ms
            heartbeat: { every: 2s, timeout: 400ms }
            retry-after: honour
            outbox: { window: 64, ack-timeout: 300ms }
        networks:
          lossy: { round-trip: "uniform(20ms, 200ms)", loss: 20%, survives: 5s }
          bursty: { round-trip: 80ms, loss: { to-bad: 5%, to-good: 30% }, survives: 2s }
        """

    private static let policyNames =
        ["refusing", "discarding", "forgetful", "impatient"] + PolicyPreset.all.map(\.name)

    /// A scenario in which much goes wrong at once; the seed decides what.
    private static func stormy(_ seed: Int) -> String {
        var choices = Choices(seed: seed)
        // Every policy has its turn; what it meets is left to chance.
        let first = policyNames[seed % policyNames.count]
        let outages = (0..<2).map { _ in
            let signal = choices.pick(["signalled", "silent"])
            let sharing = choices.pick(["client", "group", "cohort"])
            let up = choices.pick(["", ", up: \"exponential(15s)\"", ", up: 500ms"])
            let attach = choices.pick(["", ", attach: \"uniform(100ms, 2s)\"", ", stagger: 3s"])
            return "- { signal: \(signal), shared-by: \(sharing), first: \"uniform(5s, 40s)\", "
                + "down: \"exponential(8s)\"\(up)\(attach), probability: 80% }"
        }
        let restarts = (0..<3).map { index in
            let close = choices.pick(["reset", "silent", "1012", "1013", "1008"])
            let meanwhile = choices.pick(["refuse", "drop"])
            let instances = choices.pick(["", ", instances: 1"])
            return "- { at: \(20 + 7 * index)s, restart: { server: gateway, down: \"exponential(6s)\", "
                + "close: \(close), meanwhile: \(meanwhile)\(instances) } }"
        }
        return """
            name: stormy
            duration: 80s
            seed: \(seed)
            \(policies)
            fleet:
              - name: one
                clients: 20
                policy: \(first)
                network: \(choices.pick(["lossy", "bursty", "ideal", "edge"]))
                group-size: 7
                outages:
                  \(indented(outages.joined(separator: "\n"), by: 6))
                workload: { messages: poisson, every: 3s, deadline: 5s }
              - name: two
                clients: 15
                policy: \(choices.pick(policyNames))
                network: \(choices.pick(["lossy", "lte", "ideal"]))
                workload: { messages: periodic, every: 4s }
            servers:
              - name: gateway
                instances: 2
                balancing: \(choices.pick(["round-robin", "random", "least-connections"]))
                handshake:
                  workers: 1
                  time: "exponential(80ms)"
                  backlog: \(choices.pick(["0", "2", "4096"]))
                  when-full: \(choices.pick(["refuse", "drop"]))
                connection-limit: \(choices.pick(["8", "25", "1000"]))
                idle-timeout: 10s
                warm-up: { for: 20s, from: 10% }
                refusal: { close: \(choices.pick(["1013", "1008"])), retry-after: 2s }
            timeline:
              \(indented(restarts.joined(separator: "\n"), by: 2))
              - { at: 55s, disconnect: { cohort: two, share: 60%, how: \(choices.pick(["reset", "silent"])) } }
            """
    }

    @Test("the books of a storm balance", arguments: 0..<240)
    func booksBalance(seed: Int) throws {
        let record = try run(Self.stormy(seed))
        #expect(record.conservationFaults == [])
        for cohort in record.cohorts {
            #expect(cohort.failed >= 0 && cohort.lost >= 0 && cohort.pending >= 0, "\(cohort)")
            #expect(cohort.copies >= cohort.delivered)
            #expect(cohort.latencies.count == cohort.delivered)
            #expect(cohort.eligibleOnTime <= cohort.eligibleDelivered && cohort.eligibleDelivered <= cohort.eligible)
            #expect(cohort.lags.count + cohort.censoredLags.count == cohort.referenceCount)
            #expect(cohort.usableTime >= 0 && cohort.usableTime <= Int64(cohort.clients) * record.duration.nanoseconds)
            #expect(cohort.outboxPeaks.values.reduce(0, +) == cohort.clients)
        }
        #expect(record.launches.count == record.cohorts.reduce(0) { $0 + $1.launched })
        #expect(record.arrivals.count == record.cohorts.reduce(0) { $0 + $1.arrived })
        #expect(record.connects.count == record.count(.connected))
        #expect(record.launches == record.launches.sorted() && record.arrivals == record.arrivals.sorted())
        #expect(record.timeline[.launched].reduce(0, +) == record.launches.count)
        #expect(record.timeline[.arrived].reduce(0, +) == record.arrivals.count)
        #expect(record.timeline[.delivered].reduce(0, +) == record.cohorts.reduce(0) { $0 + $1.delivered })
        #expect(record.timeline[.connectedNow].allSatisfy { (0...35).contains($0) })
        #expect(record.timeline[.backlog].allSatisfy { (0...record.backlogPeak).contains($0) })
        // A storm in which nothing happens would prove nothing.
        #expect(record.cohorts[0].delivered > 0 && record.firstDown != nil)
    }

    @Test("a book that has been tampered with is reported")
    func tamperingIsReported() throws {
        let record = try run(Self.stormy(3))
        try #require(record.conservationFaults == [])
        let changes: [(inout CohortRecord) -> Void] = [
            { $0.launched += 1 }, { $0.arrived -= 1 }, { $0.inFlight += 1 }, { $0.offered += 1 }, { $0.failed += 1 },
            { $0.delivered -= 1 }, { $0.pending += 1 }, { $0.lost += 1 }, { $0.cancelledBeforeArrival += 1 },
            { $0.outcomes[AttemptOutcome.refused.rawValue] += 1 },
        ]
        for (index, change) in changes.enumerated() {
            var altered = record
            change(&altered.cohorts[1])
            #expect(altered.conservationFaults.count >= 1, "change \(index)")
            #expect(altered.conservationFaults.allSatisfy { $0.hasPrefix("two: ") })
        }
    }
}
