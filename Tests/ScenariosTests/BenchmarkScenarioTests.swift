import Foundation
import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

@Suite("Benchmark scenarios")
struct BenchmarkScenarioTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scenarios/benchmarks")

    private func contents(_ name: String) throws -> ScenarioFile.Contents {
        let bytes = try Data(contentsOf: Self.folder.appendingPathComponent(name + ".yaml"))
        return try ScenarioFile.read(Array(bytes), file: name + ".yaml")
    }

    @Test("each has the name of its file, no doubts, and a schema that accepts it")
    func files() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(files == ["herd-deep.yaml", "herd.yaml"])
        for file in files {
            let contents = try contents(String(file.dropLast(5)))
            #expect(contents.scenario.name + ".yaml" == file)
            #expect(contents.warnings == [])
            #expect(contents.scenario.connectionShortages == [])
            #expect(try SchemaValidator(ScenarioFile.schema).faults(in: contents.source) == [])
        }
    }

    @Test("HERD's clients are disconnected at the beginning, and their policy is the one of its text")
    func clients() throws {
        let scenario = try contents("herd").scenario
        #expect(scenario.duration == .seconds(300))
        let cohort = try #require(scenario.fleet.first)
        #expect(scenario.fleet.count == 1)
        #expect(cohort.clients == 1_000_000)
        #expect(cohort.start == .launched(.constant(.zero)))
        #expect(cohort.workload == nil)
        #expect(cohort.network.roundTrip == .constant(.milliseconds(50)))
        #expect(cohort.network.uplinkShare == 1)
        #expect(cohort.network.loss == .none)
        let policy = ClientPolicy(
            backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full),
            reset: ClientPolicy.ResetRule(afterSuccess: .never),
            connectTimeout: .seconds(10),
            heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .max, randomFirstPhase: true)
        )
        #expect(scenario.policy(named: cohort.policy) == policy.with { $0.startsAfterBackoff = true })
        let restart = TimelineEvent.Restart(
            server: "server",
            instances: nil,
            down: .constant(.seconds(30)),
            ending: .reset,
            meanwhile: .refuse
        )
        #expect(scenario.timeline == [TimelineEvent(at: .zero, happening: .restart(restart))])
    }

    @Test(
        "HERD's server is the one of its text at every size",
        arguments: [
            (1_000, 33, 333, 60_000_000), (10_000, 333, 3_333, 6_000_000), (100_000, 3_333, 33_333, 600_000),
            (1_000_000, 33_333, 333_333, 60_000),
            // The text has 333,333 and 3,333,333 here: the file's backlog has been rounded before it is scaled.
            (10_000_000, 333_330, 3_333_330, 6_000),
        ]
    )
    func server(clients: Int, admitted: Int, admittedDeep: Int, handshake nanoseconds: Int64) throws {
        for (name, admitted) in [("herd", admitted), ("herd-deep", admittedDeep)] {
            let scenario = try contents(name).scenario.scaled(toClients: clients, scalingServers: true)
            let server = try #require(scenario.servers.first)
            #expect(scenario.servers.count == 1 && server.instances == 1)
            #expect(server.connectionLimit == nil && server.warmUp == nil && server.refusal.retryAfter == nil)
            #expect(server.handshake.workers + server.handshake.backlog == admitted)
            #expect(server.handshake.workers == 1)
            #expect(server.handshake.time == .constant(.nanoseconds(nanoseconds)))
            #expect(server.handshake.whenFull == .refuse)
            #expect(server.handshake.abandoned == .dropped)
            #expect(server.handshake.roundTrips == 1)
        }
    }

    @Test("the deep variant differs in its backlog and in when clients are answered")
    func deep() throws {
        #expect(try contents("herd").scenario.servers[0].handshake.answered == .whenDone)
        var deep = try contents("herd-deep").scenario
        let herd = try contents("herd").scenario
        deep.name = herd.name
        deep.summary = herd.summary
        deep.servers[0].handshake.backlog = herd.servers[0].handshake.backlog
        #expect(deep.servers[0].handshake.answered == .whenBegun)
        deep.servers[0].handshake.answered = .whenDone
        #expect(deep == herd)
    }
}
