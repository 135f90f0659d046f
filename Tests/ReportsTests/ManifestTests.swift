import Experiments
import Foundation
import Reports
import Scenarios
import Testing

@Suite("Manifest")
struct ManifestTests {
    private func manifest(text: String = smallScenario, elapsed: Double = 2) throws -> Manifest {
        let scenario = try ScenarioFile.read(Array(smallScenario.utf8), file: "small.yaml").scenario
        let experiment = Experiment(scenario: scenario, candidates: ["calm", nil], threads: 3)
        return Manifest(
            experiment,
            [],
            text: text,
            command: ["stampede", "run", "small.yaml"],
            startedAt: Date(timeIntervalSince1970: 0),
            elapsed: elapsed
        )
    }

    @Test("the keys of the JSON text are stable")
    func keys() throws {
        let json = try manifest().json
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(
            object.keys.sorted() == [
                "clients", "command", "elapsed_seconds", "events", "events_per_second", "host", "peak_memory_bytes",
                "policies", "replications", "scenario", "scenario_hash", "scenario_text", "seed", "started_at",
                "threads", "version",
            ]
        )
        #expect(object["scenario_text"] as? String == smallScenario)
        #expect(object["scenario"] as? String == "small")
        #expect(object["command"] as? [String] == ["stampede", "run", "small.yaml"])
        #expect(object["started_at"] as? String == "1970-01-01T00:00:00Z")
        #expect(object["version"] as? String == Manifest.currentVersion)
        #expect(object["clients"] as? Int == 12)
        #expect(object["replications"] as? Int == 2)
        #expect(object["threads"] as? Int == 3)
        #expect(json.hasSuffix("}\n"))
    }

    @Test("the greatest seed survives")
    func seed() throws {
        var manifest = try manifest()
        manifest.seed = .max
        #expect(manifest.json.contains("\"seed\" : 18446744073709551615,"))
    }

    @Test(
        "the hash is FNV-1a of 64 bits, by its published test vectors",
        arguments: [
            ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
        ]
    )
    func hash(text: String, digits: String) throws {
        #expect(try manifest(text: text).scenarioHash == "fnv1a64:" + digits)
    }

    @Test("no time at all makes no infinite rate, which JSON cannot say")
    func noTime() throws {
        let json = try manifest(elapsed: 0).json
        #expect(json.contains("\"events_per_second\" : 0"))
    }
}

/// Twelve clients and a server; nothing happens.
let smallScenario = """
    name: small
    summary: Hardly anybody.
    duration: 10s
    replications: 2
    seed: 5
    policies:
      calm: { backoff: { base: 1s, factor: 2, cap: 8s, jitter: full } }
    fleet: [{ name: phones, clients: 12, policy: calm }]
    servers: [{ name: gateway, instances: 1, handshake: { workers: 1, time: 1ms } }]

    """
