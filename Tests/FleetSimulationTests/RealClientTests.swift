import MonotonicTime
import Reconnection
import Scenarios
import Testing

@testable import FleetSimulation

/// What real clients do beside plain backoff: silence, poll loops, prepared attempts, groups, and their faults.
@Suite struct RealClientTests {
    private static let clients = 100

    private static func world(_ policy: String, duration: String = "4m", event: String = "", outage: String = "")
        -> String
    {
        """
        name: real
        duration: \(duration)
        policies:
          ours: { \(policy) }
        networks:
          exact: { round-trip: 50ms, survives: 5s }
        fleet:
          - name: phones
            clients: \(clients)
            policy: ours
            network: exact
            workload: { messages: poisson, every: 30s }
            outages: [\(outage)]
        servers:
          - { name: gateway, handshake: { workers: 50, time: 1ms } }
        timeline: [\(event)]
        """
    }

    private static let retry = "backoff: { growth: fixed, base: 0s, jitter: none }"
    private static let silentOutage = "{ signal: silent, shared-by: cohort, first: 60s, down: 30s }"

    // MARK: Silence

    @Test(
        "a quiet network keeps a client that listens for the server's beats connected",
        arguments: [
            "silence: { longest: 10s }, server-every: 4s",
            "silence: { longest: 10s }, server-every: 9900ms",
            "silence: { longest: 10s, checked-every: 3s }, server-every: 9900ms",
            "silence: { longest: 10s, checked-every: 15s, strikes: 2 }, server-every: 4s",
            "every: 4s, silence: { longest: 10s }",
        ]
    )
    func quiet(heartbeat: String) throws {
        let text = Self.world("\(Self.retry), heartbeat: { \(heartbeat) }").replacing(
            "poisson, every: 30s",
            with: "poisson, every: 24h"
        )
        let record = try run(text)
        #expect(record.conservationFaults == [])
        #expect(record.launches == [])
        #expect(record.timeline[.connectedNow].allSatisfy { $0 == Self.clients })
    }

    @Test(
        "a silent outage is noticed when the silence has lasted so long, not earlier and not later",
        arguments: [
            // Something was heard in the last 4 s before the outage, and not since.
            ("silence: { longest: 10s }", 66_000, 70_000),
            // The first look that finds more than 10 s comes up to 3 s later.
            ("silence: { longest: 10s, checked-every: 3s }", 66_000, 73_000),
            // And the second one another 3 s later.
            ("silence: { longest: 10s, checked-every: 3s, strikes: 2 }", 69_000, 76_000),
        ] as [(String, Int64, Int64)]
    )
    func silentOutage(rule: String, earliest: Int64, latest: Int64) throws {
        let text = Self.world(
            "\(Self.retry), heartbeat: { \(rule), server-every: 4s }",
            outage: Self.silentOutage
        ).replacing("poisson, every: 30s", with: "poisson, every: 24h")
        let record = try run(text)
        #expect(record.conservationFaults == [])
        #expect(record.launches.count == Self.clients)
        #expect(try #require(record.launches.first) > milliseconds(earliest))
        #expect(try #require(record.launches.last) <= milliseconds(latest))
        #expect(record.timeline[.connectedNow].last == Self.clients)
    }

    @Test("a server that never beats is silent: everybody leaves after the longest silence, again and again")
    func noBeats() throws {
        let text = Self.world("\(Self.retry), heartbeat: { silence: { longest: 10s } }", duration: "65s")
            .replacing("poisson, every: 30s", with: "poisson, every: 24h")
        let record = try run(text)
        #expect(record.conservationFaults == [])
        // Once every 10 s and a connection setup.
        #expect((5 * Self.clients...7 * Self.clients).contains(record.launches.count))
    }

    // MARK: Other ways to connect

    @Test(
        "everybody is back after a restart, once, and stays",
        arguments: [
            "poll-loop: {}, heartbeat: { server-every: 3s }",
            "poll-loop: { stale-after: 4s, reopen-delay: 0s }, heartbeat: { server-every: 3s }",
            "prepares-attempts: true",
            "prepares-attempts: true, connect-timeout: 3s, starts-after-backoff: true",
            "group: { members: 3, grace: 5s }",
            "group: { members: 32 }, prepares-attempts: true",
            "waits-from: attempt-start, after-drop: { delay: 200ms, spacing: 1s }",
            "suspension: { after: 3s, retry-every: 5s }",
            "closing-timeout: 1s, return-ends-wait: true, hold-when: [offline]",
        ]
    )
    func restart(policy: String) throws {
        let event = "{ at: 60s, restart: { server: gateway, down: 10s } }"
        let record = try run(Self.world(policy, event: event))
        #expect(record.conservationFaults == [])
        #expect(record.connects.count == Self.clients)
        #expect(record.timeline[.connectedNow][..<60].allSatisfy { $0 == Self.clients })
        #expect(record.timeline[.connectedNow][120...].allSatisfy { $0 == Self.clients })
        #expect(record.timeline[.launched][120...].allSatisfy { $0 == 0 })
        #expect(record.cohort.delivered > Self.clients)
    }

    // MARK: Hazards

    @Test(
        "a storm of clients with a fault runs to its end, and its books balance",
        arguments: Hazards.named.map(\.name)
    )
    func hazard(name: String) throws {
        let retries = ["", ", transport-retry: { delay: 3s, limit: 3 }", ", group: { members: 2, grace: 3s }"]
        let watch = "heartbeat: { every: 10s, timeout: 5s, silence: { longest: 20s }, server-every: 7s }"
        for (index, extra) in retries.enumerated() {
            let policy =
                "hazards: [\(name)], connect-timeout: 2s, pause-when: [offline], breaker: { failures: 3, open: 5s }, "
                + "retry-limit: 8, \(watch)\(extra)"
            let text = Self.world(
                policy,
                duration: "3m",
                event: "{ at: 40s, restart: { server: gateway, down: 10s, close: silent, meanwhile: drop } }, "
                    + "{ at: 80s, restart: { server: gateway, down: 5s, close: 1012 } }, "
                    + "{ at: 90s, disconnect: { cohort: phones, share: 50% } }",
                outage: "{ signal: signalled, first: \"uniform(20s, 100s)\", down: 8s }, "
                    + "{ signal: silent, first: \"uniform(20s, 100s)\", down: 12s }"
            )
            let record = try run(scenario(text), replication: index)
            #expect(record.conservationFaults == [], "\(extra)")
            #expect(record.connects.count > Self.clients / 2, "\(extra)")
            #expect(record.cohort.delivered > 0)
        }
    }

    @Test(
        "two owners of retries: a healthy client reconnects about every two seconds for ever; without the faults once"
    )
    func twoRetryOwners() throws {
        let backoff = "backoff: { base: 1s, factor: 2, cap: 30s, jitter: none }"
        let faults =
            "transport-retry: { delay: 3s, limit: 3 }, "
            + "hazards: [hears-replaced-transports, success-keeps-timer, timers-accumulate, counts-when-retrying]"
        let event = "{ at: 20s, restart: { server: gateway, down: 5s } }"
        let sick = try run(Self.world("\(backoff), \(faults)", duration: "10m", event: event))
        #expect(sick.conservationFaults == [])
        // From a minute after the outage to the end.
        let late = sick.connects.filter { $0 >= milliseconds(90_000) }.count
        let perClient = Double(late) / Double(Self.clients)
        #expect((150...450).contains(perClient), "\(perClient)")
        #expect(sick.timeline[.launched][580...].reduce(0, +) > 5 * Self.clients)

        let healthy = try run(Self.world(backoff, duration: "10m", event: event))
        #expect(healthy.connects.count == Self.clients)
        #expect(healthy.timeline[.launched][40...].allSatisfy { $0 == 0 })
    }
}
