import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// What becomes of messages.
@Suite struct DeliveryTests {
    /// Ten clients offer a message each second; from 20 s to 80 s their systems report that there is no network.
    private static func flight(outbox: String, workload: String = "messages: periodic, every: 1s") -> String {
        """
        name: flight
        duration: 180s
        policies:
          writer:
            pause-when: [offline]
            backoff: { base: 1s, jitter: full }
            outbox: { window: 64, \(outbox) }
        networks:
          exact: { round-trip: 20ms }
        fleet:
          - { name: phones, clients: 10, policy: writer, network: exact, workload: { \(workload) } }
        servers:
          - { name: gateway, handshake: { workers: 10, time: 10ms } }
        timeline:
          - { at: 20s, outage: { cohort: phones, signal: signalled, for: 60s } }
        """
    }

    /// Sixty messages a client fall into the outage, one more perhaps into reconnecting.
    private static let whileAway = 600...610

    @Test("a queue that holds everything delivers everything, late as it may be")
    func queueDelivers() throws {
        let record = try run(Self.flight(outbox: "while-disconnected: queue"))
        #expect(record.cohort.offered == 1_800)
        #expect(record.cohort.delivered + record.cohort.pending == 1_800)
        #expect(record.cohort.failed == 0 && record.cohort.lost == 0)
        let slowest = try #require(record.cohort.latencies.max)
        #expect(slowest > milliseconds(59_000) && slowest <= milliseconds(60_200))
        #expect(record.cohort.outboxPeaks.keys.allSatisfy { (59...61).contains($0) })
        #expect(record.cohort.outboxesAtBound == 0)
    }

    @Test("messages received later than the deadline are not on time")
    func deadline() throws {
        let workload = "messages: periodic, every: 1s, deadline: 10s"
        let record = try run(Self.flight(outbox: "while-disconnected: queue", workload: workload))
        // Offered in the first two of three minutes: judged. Offered from 20 s to 70 s: late.
        #expect(record.cohort.eligible == 1_200)
        #expect(record.cohort.eligibleDelivered == 1_200)
        #expect((500...510).contains(record.cohort.eligible - record.cohort.eligibleOnTime))
    }

    @Test("messages older than their time to live fail")
    func timeToLive() throws {
        let record = try run(Self.flight(outbox: "time-to-live: 5s"))
        // Those offered from 20 s to 75 s and a moment.
        #expect((550...560).contains(record.cohort.failed))
        #expect(record.cohort.lost == 0)
        let slowest = try #require(record.cohort.latencies.max)
        #expect(slowest <= milliseconds(5_010))
    }

    @Test("a full outbox fails the newest or the oldest, as its policy says")
    func overflow() throws {
        let newest = try run(Self.flight(outbox: "capacity: 3, overflow: reject-newest"))
        #expect((570...580).contains(newest.cohort.failed))
        #expect(newest.cohort.outboxPeaks == [3: 10])
        #expect(newest.cohort.outboxesAtBound == 10)
        let oldest = try run(Self.flight(outbox: "capacity: 3, overflow: drop-oldest"))
        #expect((570...580).contains(oldest.cohort.failed))
        // Kept are the first three of the minute, or the last three.
        let longestKept = try #require(newest.cohort.latencies.max)
        #expect(longestKept > milliseconds(59_000))
        let longestFresh = try #require(oldest.cohort.latencies.max)
        #expect(longestFresh <= milliseconds(3_200))
    }

    @Test("a policy that discards loses messages without a word")
    func discard() throws {
        let record = try run(Self.flight(outbox: "while-disconnected: discard"))
        #expect(Self.whileAway.contains(record.cohort.lost))
        #expect(record.cohort.failed == 0)
    }

    @Test("a policy that refuses says so")
    func refuse() throws {
        let record = try run(Self.flight(outbox: "while-disconnected: refuse"))
        #expect(Self.whileAway.contains(record.cohort.failed))
        #expect(record.cohort.lost == 0)
    }

    /// One client that is always connected, on a link with the given properties.
    private static func steady(network: String, outbox: String, clients: Int = 20, every: String = "5s") -> String {
        """
        name: steady
        duration: 200s
        policies:
          writer: { backoff: { base: 1s }, outbox: { \(outbox) } }
        networks:
          link: { \(network) }
        fleet:
          - { name: phones, clients: \(clients), policy: writer, network: link, workload: { messages: periodic, every: \(every) } }
        servers:
          - { name: gateway, handshake: { workers: 10, time: 10ms }, processing: 1ms }
        """
    }

    @Test("a message that is sent again before its acknowledgement comes arrives twice and counts once")
    func duplicates() throws {
        // Sent, overdue after 300 ms, sent again at 350 ms; the acknowledgement of the first arrives at 401 ms.
        let outbox = "ack-timeout: 300ms, retry: { growth: fixed, base: 50ms, jitter: none }"
        let record = try run(Self.steady(network: "round-trip: 400ms", outbox: outbox))
        // The last message of a client may be caught by the end between its two copies.
        #expect(record.cohort.delivered >= 20 * 39)
        #expect((2 * record.cohort.delivered - 20...2 * record.cohort.delivered).contains(record.cohort.copies))
        #expect(record.cohort.latencies.ordered.values.allSatisfy { $0 == milliseconds(200) })
    }

    @Test("lost acknowledgements lead to copies that the server drops")
    func lostAcknowledgements() throws {
        let outbox = "window: 8, ack-timeout: 300ms, retry: { base: 100ms, cap: 1s, jitter: full }"
        let record = try run(Self.steady(network: "round-trip: 40ms, loss: 30%", outbox: outbox))
        #expect(record.cohort.copies > record.cohort.delivered + 50)
        #expect(record.cohort.delivered == record.cohort.latencies.count)
        #expect(record.cohort.delivered + record.cohort.pending == record.cohort.offered)
        #expect(record.cohort.failed == 0 && record.cohort.lost == 0)
    }

    @Test("a message that the client gives up while it is on its way is delivered after all, whatever the policy")
    func givenUpOnItsWay() throws {
        for mode in ["queue", "refuse", "discard"] {
            // It arrives after 50 ms; the client has given it up after 20 ms.
            let outbox = "while-disconnected: \(mode), time-to-live: 20ms"
            let record = try run(Self.steady(network: "round-trip: 100ms", outbox: outbox))
            #expect(record.cohort.delivered > 700, "\(mode)")
            // At most one a client is still on its way at the end.
            #expect((0...20).contains(record.cohort.failed), "\(mode)")
            #expect(record.cohort.lost == 0, "\(mode)")
        }
    }

    @Test("a message delayed by losses while many later ones pass counts when it comes", arguments: 0..<3)
    func overtakenMessages(seed: Int) throws {
        // With 30 s some acknowledgements come too late, and up to a window of 64 messages is sent again each time; with
        // more than the observation nothing is ever sent twice.
        for timeout in ["30s", "300s"] {
            let outbox = "window: 64, ack-timeout: \(timeout)"
            let text = Self.steady(network: "round-trip: 10ms, loss: 30%", outbox: outbox, clients: 1, every: "10ms")
            let record = try run(text + "\nseed: \(seed)")
            #expect(record.conservationFaults == [])
            #expect(record.cohort.delivered > 15_000)
            if timeout == "300s" { #expect(record.cohort.copies == record.cohort.delivered) }
        }
    }
}
