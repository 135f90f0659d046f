import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Servers against timelines worked out by hand.
///
/// All clients lose their connections together at 10 s and, with half a round trip of 20 ms, learn of it at 10.020 s.
/// A fixed delay of 1 s brings them back in the same instant: attempts start at 11.020 s and arrive at 11.040 s.
@Suite struct ServerTests {
    private static func herd(
        clients: Int = 10,
        policy: String = "",
        handshake: String = "workers: 1, time: 100ms, round-trips: 1",
        server: String = "",
        restart: String = "down: 500ms"
    ) -> String {
        """
        name: herd
        duration: 60s
        policies:
          second: { backoff: { growth: fixed, base: 1s, jitter: none }\(policy) }
        networks:
          exact: { round-trip: 40ms }
        fleet:
          - { name: phones, clients: \(clients), policy: second, network: exact }
        servers:
          - { name: gateway, handshake: { \(handshake) }\(server) }
        timeline:
          - { at: 10s, restart: { server: gateway, \(restart) } }
        """
    }

    @Test("one worker serves one handshake after another, and each waits for those before it")
    func queueIsExact() throws {
        let record = try run(Self.herd())
        #expect(record.launches == Array(repeating: milliseconds(11_020), count: 10))
        #expect(record.arrivals == Array(repeating: milliseconds(11_040), count: 10))
        #expect(record.waits.ordered.values == (0..<10).map { milliseconds(100 * $0) })
        #expect(record.connects == (1...10).map { milliseconds(11_060 + 100 * $0) })
        #expect(record.backlogPeak == 10)
        #expect(record.backlogOverflows == 0 && record.refusals.isEmpty)
    }

    @Test("several workers share the queue, and further round trips delay the session alone")
    func workersShare() throws {
        let record = try run(Self.herd(handshake: "workers: 4, time: 100ms, round-trips: 3"))
        #expect(record.waits.ordered.values == [0, 0, 0, 0, 100, 100, 100, 100, 200, 200].map { milliseconds($0) })
        #expect(record.connects.last == milliseconds(11_040 + 300 + 100))
    }

    @Test("a full backlog refuses the rest at once, and they come back after their delay")
    func fullBacklogRefuses() throws {
        let record = try run(
            Self.herd(handshake: "workers: 1, time: 100ms, round-trips: 1, backlog: 3, when-full: refuse")
        )
        // Four of ten get in, four of the remaining six, then the last two.
        #expect(record.backlogPeak == 4)
        #expect(record.backlogOverflows == 8)
        let first = Array(repeating: milliseconds(11_040), count: 6)
        #expect(record.refusals.map(\.time) == first + Array(repeating: milliseconds(12_080), count: 2))
        #expect(record.refusals.allSatisfy { $0.reason == .backlog })
        #expect(record.cohort.launched == 18)
        #expect(record.count(.refused) == 8 && record.count(.connected) == 10)
    }

    @Test("a full backlog that drops leaves the system of the client to send again")
    func fullBacklogDrops() throws {
        let record = try run(
            Self.herd(handshake: "workers: 1, time: 100ms, round-trips: 1, backlog: 3, when-full: drop")
        )
        #expect(record.backlogOverflows == 8)
        #expect(record.refusals.isEmpty)
        #expect(record.cohort.launched == 10 && record.cohort.arrived == 10)
        #expect(record.waits.ordered.values == [0, 0, 0, 100, 100, 100, 200, 200, 300, 300].map { milliseconds($0) })
        // Dropped at 11.040 s: sent again 1 s later, and after another drop 2 s later.
        #expect(record.connects.last == milliseconds(12_060 + 2_000 + 20 + 200 + 20))
    }

    @Test("handshakes of clients that have given up are carried out for nothing")
    func wastedHandshakes() throws {
        let record = try run(Self.herd(policy: ", connect-timeout: 350ms"))
        // Three of those who come back together are in time: 7, 4 and 1 handshakes are for nobody.
        #expect(record.wastedHandshakes == 12)
        #expect(record.count(.timeout) == 12 && record.count(.connected) == 10)
    }

    @Test("a client that gives up while the acceptance is on its way frees its place after the idle timeout at most")
    func abandonedAcceptanceIsForgotten() throws {
        // The handshake is done 120 ms after the start, the session would stand after 280 ms.
        let record = try run(
            Self.herd(
                clients: 1,
                policy: ", connect-timeout: 200ms",
                handshake: "workers: 1, time: 80ms, round-trips: 4",
                server: ", connection-limit: 1, idle-timeout: 2s"
            )
        )
        // No session ever stands; but the place of the last attempt must not lock the client out for good.
        #expect(record.count(.connected) == 0)
        #expect(record.count(.timeout) > 10)
    }

    @Test("an instance holds no more connections than its limit")
    func connectionLimit() throws {
        let record = try run(Self.herd(server: ", connection-limit: 4"))
        #expect(record.timeline[.connectedNow][9] == 10)
        #expect(record.timeline[.connectedNow][11...].allSatisfy { $0 <= 4 })
        #expect(record.timeline[.connectedNow].last == 4)
        #expect(record.connects.count == 4)
        // Refusals need no worker: six clients come back every 1.040 s until the end.
        #expect(record.refusals.allSatisfy { $0.reason == .limit })
        #expect(record.refusals.prefix(12).map(\.time) == (0..<12).map { milliseconds($0 < 6 ? 11_040 : 12_080) })
    }

    @Test("connections of vanished clients count against the limit until they have idled out")
    func ghostsCount() throws {
        let record = try run(
            """
            name: ghosts
            duration: 60s
            policies:
              second: { backoff: { growth: fixed, base: 1s, jitter: none } }
            networks:
              exact: { round-trip: 40ms }
            fleet:
              - { name: phones, clients: 10, policy: second, network: exact }
            servers:
              - name: gateway
                handshake: { workers: 10, time: 100ms, round-trips: 1 }
                connection-limit: 10
                idle-timeout: 5s
            timeline:
              - { at: 10s, disconnect: { cohort: phones } }
            """
        )
        // They are told at once and arrive at 11.020, 12.060, 13.100, 14.140 and 15.180 s; the ghosts go at 15 s.
        let times = [11_020, 12_060, 13_100, 14_140].flatMap { Array(repeating: milliseconds($0), count: 10) }
        #expect(record.refusals.map(\.time) == times)
        #expect(record.connects == Array(repeating: milliseconds(15_300), count: 10))
    }

    @Test("a warming instance is slower by one over its speed")
    func warmUp() throws {
        let record = try run(Self.herd(clients: 1, server: ", warm-up: { for: 100s, from: 25% }"))
        // Up since 10.5 s, the handshake begins at 11.040 s.
        let speed = 0.25 + 0.75 * 0.54 / 100
        let expected = 11.060 + 0.1 / speed
        let connect = try #require(record.connects.first)
        #expect(abs(Double(connect) / 1e9 - expected) < 1e-8)
    }

    @Test(
        "the close code of a restart reaches the close rules",
        arguments: [
            (close: "1013", launch: Int64(15_020)), (close: "1012", launch: 11_020), (close: "reset", launch: 11_020),
        ]
    )
    func closeRules(close: String, launch: Int64) throws {
        let rule = ", close-rules: [{ code: 1013, pause: 5s }]"
        let record = try run(Self.herd(policy: rule, restart: "down: 500ms, close: \(close)"))
        #expect(record.launches == Array(repeating: milliseconds(launch), count: 10))
    }

    @Test("a close rule that stops ends it")
    func stoppingRule() throws {
        let rule = ", close-rules: [{ code: 4001, then: stop }]"
        let record = try run(Self.herd(policy: rule, restart: "down: 500ms, close: 4001"))
        #expect(record.launches.isEmpty)
        #expect(record.cohort.gaveUp == 10)
        #expect(record.cohort.censoredLags.count == 10)
    }

    @Test("a silent restart is noticed by those who listen for a heartbeat, and only by them")
    func silentRestart() throws {
        let quiet = try run(Self.herd(restart: "down: 5s, close: silent, meanwhile: drop"))
        #expect(quiet.launches.isEmpty)
        #expect(quiet.timeline[.connectedNow].last == 0)
        let beating = try run(
            Self.herd(
                policy: ", heartbeat: { every: 4s, timeout: 1s }",
                restart: "down: 20s, close: silent, meanwhile: drop"
            )
        )
        #expect(beating.connects.count == 10)
        #expect(beating.cohort.detections == 10)
        #expect(beating.launches.allSatisfy { $0 > milliseconds(12_000) && $0 <= milliseconds(16_000) })
    }

    @Test(
        "a request to stay away counts where the policy honours it",
        arguments: [(rule: "honour", second: Int64(18_060)), (rule: "ignore", second: 12_060)]
    )
    func retryAfter(rule: String, second: Int64) throws {
        let record = try run(
            Self.herd(
                clients: 2,
                policy: ", retry-after: \(rule)",
                server: ", connection-limit: 1, refusal: { close: 1013, retry-after: 7s }"
            )
        )
        #expect(record.launches.prefix(3) == [11_020, 11_020, second].map { milliseconds($0) }[...])
    }

    @Test("while nobody is up attempts are refused without a hint")
    func refusedWhileDown() throws {
        let record = try run(
            Self.herd(
                clients: 1,
                policy: ", retry-after: honour",
                server: ", refusal: { retry-after: 7s }",
                restart: "down: 3s, meanwhile: refuse"
            )
        )
        #expect(record.launches == [11_020, 12_060, 13_100].map { milliseconds($0) })
        #expect(record.count(.refused) == 2 && record.count(.connected) == 1)
    }

    @Test("while nobody is up packets vanish, and the system sends them after 1, 2, 4, 8 s")
    func droppedWhileDown() throws {
        let record = try run(Self.herd(clients: 1, restart: "down: 10s, meanwhile: drop"))
        #expect(record.launches == [milliseconds(11_020)])
        // Sent at 11.020; arrives in vain at 11.040, 12.060, 14.080, 18.100; then 8 s later.
        #expect(record.arrivals == [milliseconds(26_120)])
        #expect(record.refusals.isEmpty)
    }

    @Test("a second restart puts the end of the first off")
    func overlappingRestarts() throws {
        let text =
            Self.herd(clients: 1, restart: "down: 5s") + "\n  - { at: 12s, restart: { server: gateway, down: 10s } }"
        let record = try run(text)
        let connect = try #require(record.connects.first)
        #expect(connect > milliseconds(22_000) && connect < milliseconds(23_500))
        #expect(record.lastUp == .origin + .seconds(22))
    }

    @Test("a restart of one of two instances hits its half and sends it to the other")
    func partialRestart() throws {
        let record = try run(Self.herd(server: ", instances: 2", restart: "down: 5s, instances: 1"))
        #expect(record.cohort.referenceCount == 5)
        #expect(record.cohort.launched == 5 && record.count(.connected) == 5)
        #expect(record.waits.ordered.values == (0..<5).map { milliseconds(100 * $0) })
        #expect(record.firstDown == record.lastUp)
    }
}
