import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Whatever happens to a fleet, every attempt and every message ends in exactly one place.
@Suite struct ConservationTests {
    @Test("the books of a storm balance", arguments: 0..<240)
    func booksBalance(seed: Int) throws {
        let record = try run(Storm.text(seed))
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
        let record = try run(Storm.text(3))
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
