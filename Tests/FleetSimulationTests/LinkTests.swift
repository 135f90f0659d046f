import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Links that lose packets, fall silent and come back.
@Suite struct LinkTests {
    private static func gap(
        clients: Int = 10,
        policy: String,
        signal: String = "silent",
        length: String,
        network: String = "round-trip: 20ms, survives: 5s",
        workload: String = "",
        duration: String = "60s"
    ) -> String {
        """
        name: gap
        duration: \(duration)
        policies:
          tested: { backoff: { growth: fixed, base: 1s, jitter: none }\(policy) }
        networks:
          link: { \(network) }
        fleet:
          - { name: phones, clients: \(clients), policy: tested, network: link\(workload) }
        servers:
          - { name: gateway, handshake: { workers: 1000, time: 1ms, round-trips: 1 } }
        timeline:
          - { at: 20s, outage: { cohort: phones, signal: \(signal), for: \(length) } }
        """
    }

    @Test(
        "a connection outlives a silent gap as long as its network says, and not a moment longer",
        arguments: [
            (length: "4s", attempts: 0), (length: "5s", attempts: 0), (length: "5001ms", attempts: 10),
            (length: "6s", attempts: 10),
        ]
    )
    func silentGap(length: String, attempts: Int) throws {
        // A patient heartbeat: it does not notice by itself, but its beats are packets on the link.
        let patient = ", heartbeat: { every: 1s, timeout: 1s, missed-allowed: 100 }"
        let record = try run(Self.gap(policy: patient, length: length))
        #expect(record.cohort.launched == attempts)
        #expect(record.timeline[.connectedNow][22] == 0)
        #expect(record.timeline[.connectedNow].last == 10)
        #expect(record.cohort.referenceCount == 10)
        #expect(record.cohort.detections == attempts)
        if attempts == 0 { #expect(record.cohort.lags.ordered.values == Array(repeating: 0, count: 10)) }
    }

    @Test("without traffic nobody finds out that a connection is dead")
    func quietDeath() throws {
        let record = try run(Self.gap(policy: "", length: "6s"))
        #expect(record.cohort.launched == 0)
        #expect(record.timeline[.connectedNow].last == 0)
        #expect(record.cohort.censoredLags.ordered.values == Array(repeating: 34_000_000_000, count: 10))
    }

    @Test("a message on a dead path is answered by a reset and delivered on the next connection")
    func messageFindsOut() throws {
        let record = try run(
            Self.gap(policy: "", length: "6s", workload: ", workload: { messages: periodic, every: 3s }")
        )
        #expect(record.cohort.launched == 10)
        #expect(record.timeline[.connectedNow].last == 10)
        #expect(record.cohort.delivered + record.cohort.pending == record.cohort.offered)
        #expect(record.cohort.pending <= 10)
    }

    @Test("an outage that the system knows of ends every connection, however short")
    func signalledGap() throws {
        let record = try run(Self.gap(policy: ", pause-when: [offline]", signal: "signalled", length: "1s"))
        #expect(record.launches == Array(repeating: milliseconds(21_000), count: 10))
        #expect(record.timeline[.connectedNow].last == 10)
        // Attached again at 21 s: there and back, and one handshake.
        #expect(record.cohort.lags.ordered.values == Array(repeating: milliseconds(21), count: 10))
        #expect(record.cohort.wantedTime == 10 * milliseconds(59_000))
    }

    @Test("attempts without network fail at once where the policy does not pause")
    func failsFastOffline() throws {
        let record = try run(
            Self.gap(
                clients: 1,
                policy: ", heartbeat: { every: 1s, timeout: 500ms }",
                signal: "signalled",
                length: "10s"
            )
        )
        let offline = record.launches.filter { $0 < milliseconds(30_000) }
        // Noticed within 1.5 s; from then on 1 ms to fail and 1 s to wait.
        #expect((7...9).contains(offline.count))
        #expect(zip(offline, offline.dropFirst()).allSatisfy { $1 - $0 == milliseconds(1_001) })
        #expect(record.count(.lost) == offline.count)
        #expect(record.cohort.launched == offline.count + 1 && record.count(.connected) == 1)
    }

    @Test("attempts in a silent gap are sent again by the system after 1, 3, 7 s until the link is back")
    func resendsInSilence() throws {
        let record = try run(
            Self.gap(
                clients: 50,
                policy: ", heartbeat: { every: 1s, timeout: 500ms }",
                length: "20s"
            )
        )
        #expect(record.cohort.launched == 50)
        // Launched between 21.5 s and 22.5 s (and a second of backoff), sent in vain up to 15 s later, then 31 s later.
        for (launch, arrival) in zip(record.launches.sorted(), record.arrivals.sorted()) {
            let waited = arrival - launch
            #expect(waited == milliseconds(31_010), "launched at \(launch), arrived at \(arrival)")
        }
        #expect(record.arrivals.count == 50)
    }

    @Test("a heartbeat notices silence after half its interval and its timeout, on average", arguments: [true, false])
    func detectionDelay(hasRandomFirstPhase: Bool) throws {
        let clients = 3_000
        let heartbeat =
            ", heartbeat: { every: 10s, timeout: 3s, random-first-phase: \(hasRandomFirstPhase) }, connect-timeout: 30s"
        let record = try run(Self.gap(clients: clients, policy: heartbeat, length: "30s", duration: "55s"))
        #expect(record.cohort.detections == clients)
        let mean = Double(record.cohort.detectionTime) / Double(clients) / 1e9
        // Uniform between 3 s and 13 s. The answer to a beat may be on the way when the silence begins: a round trip of
        // 20 ms over 10 s moves the mean by 2 per mille of 10 s.
        let error = 10 / 12.0.squareRoot() / Double(clients).squareRoot()
        #expect(abs(mean - (8 - 0.02)) < 4 * error)
    }

    @Test("a gap that the connection outlives is no loss to notice, even if an impatient client then leaves")
    func outlivedGap() throws {
        // A beat in the first 0.4 s of the gap is sent again after 0.2 s and 0.6 s in vain; the client loses patience
        // after 1.1 s, with the link long up again.
        let impatient = ", heartbeat: { every: 2s, timeout: 1100ms }"
        let record = try run(Self.gap(clients: 300, policy: impatient, length: "1s"))
        #expect(record.cohort.launched > 20 && record.cohort.launched < 120)
        #expect(record.cohort.detections == 0)
        #expect(record.timeline[.connectedNow].last == 300)
    }

    @Test("missed beats that are put up with put the verdict off by an interval each")
    func missedBeats() throws {
        let patient = ", heartbeat: { every: 4s, timeout: 1s, missed-allowed: 2 }"
        let record = try run(Self.gap(policy: patient, length: "30s"))
        #expect(record.cohort.detections == 10)
        let mean = Double(record.cohort.detectionTime) / 10 / 1e9
        // Two further intervals of 4 s on top of 1 s to 5 s.
        #expect(mean > 9 && mean < 13)
    }

    // MARK: Loss

    private static let messages = 60_000

    /// How often each of more than 60,000 messages had to be sent again, read from the times they took: the system waits 0.2 s,
    /// 0.4 s, 0.8 s...
    private static func resends(loss: String) throws -> [Int] {
        let record = try run(
            """
            name: losses
            duration: 220s
            policies:
              patient: { backoff: { base: 1s }, outbox: { window: 64, ack-timeout: 10m } }
            networks:
              lossy: { round-trip: 100ms, loss: \(loss) }
            fleet:
              - name: phones
                clients: 300
                policy: patient
                network: lossy
                workload: { messages: periodic, every: 1s }
            servers:
              - { name: gateway, handshake: { workers: 1, time: 1ms } }
            """
        )
        // A handful that take longest are beyond the end.
        let waits = record.cohort.latencies.ordered.values.map { ($0 - milliseconds(50)) / milliseconds(200) }
        try #require(waits.count > messages)
        return waits.map { wait in (0..<16).first { (1 << $0) - 1 == Int(wait) } ?? -1 }
    }

    @Test("packets are lost independently with the probability given")
    func bernoulliLoss() throws {
        let resends = try Self.resends(loss: "20%")
        #expect(!resends.contains(-1))
        let count = Double(resends.count)
        // Sent again at least k times: 0.2^k.
        for (k, probability) in [(1, 0.2), (2, 0.04), (3, 0.008)] {
            let share = Double(resends.count { $0 >= k }) / count
            let error = (probability * (1 - probability) / count).squareRoot()
            #expect(abs(share - probability) < 4 * error, "at least \(k) times")
        }
    }

    @Test("bursts of losses have the stationary share of Gilbert and Elliott")
    func gilbertElliottLoss() throws {
        let loss = "{ to-bad: 5%, to-good: 30%, loss-when-good: 1%, loss-when-bad: 80% }"
        let resends = try Self.resends(loss: loss)
        #expect(!resends.contains(-1))
        let lost = Double(resends.reduce(0, +))
        let packets = Double(resends.count) + lost
        let bad = 0.05 / 0.35
        let stationary = 0.01 * (1 - bad) + 0.8 * bad
        // The chain forgets by 0.65 a packet, and each client's begins in the good state.
        let memory = 0.65 / 0.35
        let expected = stationary - 300 * 0.79 * bad * memory / packets
        let variance = stationary * (1 - stationary) + 2 * 0.79 * 0.79 * bad * (1 - bad) * memory
        #expect(abs(lost / packets - expected) < 4 * (variance / packets).squareRoot())
        // Bursts: after a loss the next is far likelier than the stationary share says.
        let again = Double(resends.count { $0 >= 2 }) / Double(resends.count { $0 >= 1 })
        #expect(again > 3 * stationary)
    }
}
