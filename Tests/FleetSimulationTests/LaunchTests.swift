import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Three clients that are launched, one worker, constant times: every instant worked out by hand.
///
/// Launched at 2.000 s, they attempt at once; a round trip is 100 ms, a handshake takes 400 ms.
@Suite struct LaunchTests {
    private static func trace(
        uplinkShare: Int = 100,
        policy: String = "",
        handshake: String = "",
        server: String = "",
        fleet: String = "",
        timeline: String = ""
    ) -> String {
        """
        name: trace
        duration: 20s
        policies:
          plain: { backoff: { growth: fixed, base: 1s, jitter: none }\(policy) }
        networks:
          wire: { round-trip: 100ms, uplink-share: \(uplinkShare)% }
        fleet:
          - { name: phones, clients: 3, start: 2s, policy: plain, network: wire\(fleet) }
        servers:
          - { name: gateway, handshake: { workers: 1, time: 400ms, round-trips: 1\(handshake) }\(server) }
        \(timeline)
        """
    }

    private static func instants(_ milliseconds: [Int64]) -> [Int64] { milliseconds.map { $0 * 1_000_000 } }

    @Test("before its launch nobody wants a client connected; then it attempts at once", arguments: [0, 25, 50, 100])
    func launch(uplinkShare: Int) throws {
        let record = try run(Self.trace(uplinkShare: uplinkShare))
        #expect(record.conservationFaults == [])
        #expect(record.launches == Self.instants([2_000, 2_000, 2_000]))
        // The way there takes its share, the way back the rest: together always a round trip.
        #expect(record.arrivals == Self.instants(Array(repeating: 2_000 + Int64(uplinkShare), count: 3)))
        #expect(record.waits.ordered.values == Self.instants([0, 400, 800]))
        #expect(record.connects == Self.instants([2_500, 2_900, 3_300]))
        #expect(record.timeline[.connectedNow].prefix(5) == [0, 0, 2, 3, 3])
        #expect(record.timeline[.backlog].prefix(5) == [0, 0, 1, 0, 0])
        #expect(record.backlogPeak == 3)
        #expect(record.cohort.wantedTime == 3 * milliseconds(18_000))
        #expect(record.cohort.usableTime == milliseconds(17_500 + 17_100 + 16_700))
        #expect(record.firstDown == nil && record.cohort.referenceCount == 0)
    }

    @Test("further round trips come whole, whatever the share")
    func furtherRoundTrips() throws {
        for share in [0, 30, 100] {
            let text = Self.trace(uplinkShare: share).replacing("round-trips: 1", with: "round-trips: 3")
            #expect(try run(text).connects == Self.instants([2_700, 3_100, 3_500]))
        }
    }

    @Test("a policy that starts after a backoff waits it out first")
    func startsAfterBackoff() throws {
        let record = try run(Self.trace(policy: ", starts-after-backoff: true"))
        #expect(record.launches == Self.instants([3_000, 3_000, 3_000]))
        #expect(record.connects == Self.instants([3_500, 3_900, 4_300]))
    }

    @Test("launches spread as their distribution says, and each draws its own")
    func spread() throws {
        let text = Self.trace().replacing("clients: 3, start: 2s", with: "clients: 1_000, start: \"uniform(1s, 11s)\"")
        let record = try run(text.replacing("time: 400ms", with: "time: 1us"))
        #expect(record.launches.count == 1_000)
        let least = try #require(record.launches.first)
        let greatest = try #require(record.launches.last)
        #expect(least >= milliseconds(1_000) && greatest < milliseconds(11_000))
        // The distance of the empirical from the uniform distribution exceeds 2 / sqrt(n) with probability 0.0007.
        var distance = 0.0
        for (rank, launch) in record.launches.enumerated() {
            let probability = (Double(launch) / 1e9 - 1) / 10
            distance = max(
                distance,
                abs(probability - Double(rank) / 1_000),
                abs(probability - Double(rank + 1) / 1_000)
            )
        }
        #expect(distance < 2 / 1_000.0.squareRoot())
    }

    @Test("what a launched client offers counts from its launch, and is sent once it is connected")
    func messages() throws {
        let text = Self.trace(
            policy: ", outbox: { window: 8 }",
            server: ", processing: 0s",
            fleet: ", workload: { messages: periodic, every: 2s }"
        )
        let record = try run(text)
        #expect(record.conservationFaults == [])
        // From 2 s to 20 s every two seconds, from a phase of each client's own.
        #expect(record.cohort.offered == 3 * 9)
        #expect(record.cohort.failed == 0 && record.cohort.lost == 0)
        #expect(record.cohort.delivered + record.cohort.pending == 3 * 9)
        // One on an established connection takes the uplink; a client's first may wait 1.3 s for the connection.
        let latencies = record.cohort.latencies.ordered.values
        #expect(latencies.allSatisfy { $0 >= milliseconds(100) && $0 <= milliseconds(1_400) })
        #expect(latencies.filter { $0 > milliseconds(100) }.count <= 3)
    }

    @Test("a client that gives up while a worker is busy with others is served for nothing, or leaves at once")
    func abandoned() throws {
        // A timeout of 700 ms: of three one is in time, then one of two, then the last.
        let served = try run(Self.trace(policy: ", connect-timeout: 700ms", handshake: ", abandoned: served"))
        let dropped = try run(Self.trace(policy: ", connect-timeout: 700ms", handshake: ", abandoned: dropped"))
        for record in [served, dropped] {
            #expect(record.conservationFaults == [])
            #expect(record.launches == Self.instants([2_000, 2_000, 2_000, 3_700, 3_700, 5_400]))
            #expect(record.arrivals == Self.instants([2_100, 2_100, 2_100, 3_800, 3_800, 5_500]))
            #expect(record.connects == Self.instants([2_500, 4_200, 5_900]))
            #expect(record.count(.timeout) == 3 && record.count(.connected) == 3)
            #expect(record.backlogPeak == 3)
        }
        // At 2.7 s one of those who give up is being worked on, to 2.9 s; the other's turn comes then, or never.
        #expect(served.wastedHandshakes == 3 && dropped.wastedHandshakes == 2)
        #expect(served.waits.ordered.values == Self.instants([0, 0, 0, 400, 400, 800]))
        #expect(dropped.waits.ordered.values == Self.instants([0, 0, 0, 400, 400]))
        #expect(served.timeline[.backlog].prefix(6) == [0, 0, 1, 2, 0, 0])
        #expect(dropped.timeline[.backlog].prefix(6) == [0, 0, 0, 2, 0, 0])
    }

    @Test("who leaves the backlog makes room at once")
    func roomOfTheAbandoned() throws {
        // Of five one is worked on and two wait; two are refused at 2.1 s and come again at 3.2 s. By then the first is
        // connected, the second is worked on for nothing, and the third has given up at 2.9 s: its place is free, or not.
        for abandoned in ["served", "dropped"] {
            let text = Self.trace(
                policy: ", connect-timeout: 900ms",
                handshake: ", backlog: 2, when-full: refuse, abandoned: \(abandoned)"
            ).replacing("time: 400ms", with: "time: 600ms").replacing("clients: 3", with: "clients: 5")
            let record = try run(text)
            #expect(record.conservationFaults == [])
            #expect(record.backlogOverflows == record.refusals.count)
            #expect(record.launches.prefix(7) == Self.instants([2_000, 2_000, 2_000, 2_000, 2_000, 3_100, 3_100])[...])
            let refused = record.refusals.map(\.time).filter { $0 < milliseconds(3_500) }
            let connects = record.connects.filter { $0 < milliseconds(4_000) }
            if abandoned == "dropped" {
                #expect(refused == Self.instants([2_100, 2_100]))
                #expect(connects == Self.instants([2_700, 3_900]))
            } else {
                #expect(refused == Self.instants([2_100, 2_100, 3_200]))
                // The handshake of the third, who has gone, is worked on from 3.3 s to 3.9 s.
                #expect(connects == Self.instants([2_700]))
            }
        }
    }

    @Test("whom a worker answers when it begins is connected before it is done, and keeps it busy all the same")
    func answeredWhenBegun() throws {
        let record = try run(Self.trace(handshake: ", answered: when-begun"))
        #expect(record.conservationFaults == [])
        #expect(record.waits.ordered.values == Self.instants([0, 400, 800]))
        #expect(record.connects == Self.instants([2_100, 2_500, 2_900]))
        // The last handshake is over at 3.3 s.
        #expect(record.timeline[.connectedNow].prefix(4) == [0, 0, 3, 3])
        #expect(record.timeline[.backlog].prefix(4) == [0, 0, 1, 0])
        #expect(record.wastedHandshakes == 0)
    }

    @Test("a timeout then covers the waiting alone", arguments: ["served", "dropped"])
    func answeredWhenBegunInTime(abandoned: String) throws {
        let record = try run(
            Self.trace(
                policy: ", connect-timeout: 700ms",
                handshake: ", answered: when-begun, abandoned: \(abandoned)"
            )
        )
        #expect(record.conservationFaults == [])
        // The third would have been begun at 2.9 s, and gave up at 2.7 s.
        #expect(record.launches == Self.instants([2_000, 2_000, 2_000, 3_700]))
        #expect(record.connects == Self.instants([2_100, 2_500, 3_800]))
        #expect(record.count(.timeout) == 1)
        #expect(record.wastedHandshakes == (abandoned == "served" ? 1 : 0))
        let waits = abandoned == "served" ? [0, 0, 400, 800] : [0, 0, 400]
        #expect(record.waits.ordered.values == Self.instants(waits.map { Int64($0) }))
    }

    @Test("a restart while a worker is busy ends what has been answered and what has not")
    func restartUnderWay() throws {
        // At 2.6 s two have been answered, at 2.1 s and 2.5 s, one waits. All hear of it at once and come back 1 s later.
        let timeline = """
            timeline:
              - { at: 2600ms, restart: { server: gateway, down: 500ms, close: 1012, meanwhile: refuse } }
            """
        let record = try run(Self.trace(handshake: ", answered: when-begun", timeline: timeline))
        #expect(record.conservationFaults == [])
        #expect(record.launches == Self.instants([2_000, 2_000, 2_000, 3_600, 3_600, 3_600]))
        #expect(record.connects == Self.instants([2_100, 2_500, 3_700, 4_100, 4_500]))
        #expect(record.count(.refused) == 1 && record.cohort.referenceCount == 2)
        #expect(record.timeline[.backlog].prefix(6) == [0, 0, 0, 3, 0, 0])
    }
}
