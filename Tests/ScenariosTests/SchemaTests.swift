import Foundation
import Reconnection
import Testing

@testable import Scenarios

/// Every section that can be reached from a definition, by name.
func definitions(from root: SectionDefinition) -> [String: SectionDefinition] {
    var found = [root.name: root]
    var waiting = root.keys.map(\.kind)
    while let kind = waiting.popLast() {
        switch kind {
        case .lazySection(let definition):
            let section = definition()
            if found.updateValue(section, forKey: section.name) == nil { waiting += section.keys.map(\.kind) }
        case .list(let item), .mapping(let item): waiting.append(item)
        case .oneOf(let kinds): waiting += kinds
        default: break
        }
    }
    return found
}

@Suite("Schema")
struct SchemaTests {
    private func schema() throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(ScenarioFile.schema.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("the schema is JSON that says which draft it follows")
    func isJSON() throws {
        let schema = try schema()
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["$ref"] as? String == "#/$defs/scenario")
        #expect(ScenarioFile.schema.hasSuffix("}\n"))
    }

    @Test("every section stands in it, with its keys and no others")
    func sections() throws {
        let defined = definitions(from: ScenarioSections.scenario)
        #expect(defined.count == 32)
        let sections = try #require(try schema()["$defs"] as? [String: [String: Any]])
        #expect(sections.keys.sorted() == defined.keys.sorted())
        for (name, section) in sections {
            let definition = try #require(defined[name])
            let properties = try #require(section["properties"] as? [String: [String: Any]])
            #expect(properties.keys.sorted() == definition.keys.map(\.name).sorted())
            #expect(section["additionalProperties"] as? Bool == false, "\(name) allows any key")
            let required = section["required"] as? [String] ?? []
            #expect(required == definition.keys.filter(\.isRequired).map(\.name))
            #expect(properties.values.allSatisfy { $0["description"] is String })
        }
    }

    @Test("every reference leads to a section")
    func references() throws {
        let schema = try schema()
        let sections = try #require(schema["$defs"] as? [String: Any])
        var found: Set<String> = []
        var waiting: [Any] = [schema]
        while let value = waiting.popLast() {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String { found.insert(reference) }
                waiting += object.values
            } else if let array = value as? [Any] {
                waiting += array
            }
        }
        #expect(found == Set(sections.keys.map { "#/$defs/\($0)" }))
    }

    @Test("the schema accepts what the reader accepts: everything there is, and every preset")
    func accepts() throws {
        let validator = try SchemaValidator(ScenarioFile.schema)
        #expect(try validator.faults(in: FullScenario.text) == [])
        let presets = PolicyPreset.all.map { ScenarioFile.text(of: $0.policy, named: $0.name) }.joined()
        let indented = presets.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        let scenario = small("policies:\n" + indented)
        #expect(mistakes(scenario) == [])
        #expect(try validator.faults(in: scenario) == [])
    }

    @Test("reader and schema accept the same policies", arguments: goodPolicies)
    func acceptsPolicy(settings: String) throws {
        let text = small("policies:\n  ours: { \(settings) }")
        #expect(mistakes(text) == [])
        #expect(try SchemaValidator(ScenarioFile.schema).faults(in: text) == [])
    }

    @Test("reader and schema accept the same starts, networks and handshakes", arguments: goodWorlds)
    func acceptsWorld(cohort: String, network: String, handshake: String) throws {
        let text = world(cohort: cohort, network: network, handshake: handshake)
        #expect(mistakes(text) == [])
        #expect(try SchemaValidator(ScenarioFile.schema).faults(in: text) == [])
    }

    @Test(
        "reader and schema refuse the same starts, networks and handshakes",
        arguments: [
            world(cohort: "start: later"), world(cohort: "start: 5"), world(cohort: "start: [0s]"),
            world(cohort: "start: random(0s 1s)"), world(network: "uplink-share: 120%x"),
            world(network: "uplink-share: 2"), world(network: "uplink-share: most"),
            world(handshake: "abandoned: kept"), world(handshake: "abandoned: true"),
            world(handshake: "answered: now"),
        ]
    )
    func refusesWorld(text: String) throws {
        #expect(mistakes(text).count == 1)
        #expect(try !SchemaValidator(ScenarioFile.schema).faults(in: text).isEmpty)
    }

    @Test("reader and schema refuse the same policies, as far as a schema can tell", arguments: misshapenPolicies)
    func refusesPolicy(settings: String) throws {
        let text = small("policies:\n  ours: { \(settings) }")
        #expect(mistakes(text).count == 1)
        #expect(try !SchemaValidator(ScenarioFile.schema).faults(in: text).isEmpty)
    }
}

/// A scenario with one more setting each of a cohort, its network and a handshake.
private func world(
    cohort: String = "start: connected",
    network: String = "uplink-share: 50%",
    handshake: String = "abandoned: served"
) -> String {
    small(
        fleet: "[{ name: phones, clients: 10, policy: landale, network: mine, \(cohort) }]",
        servers: "[{ name: gateway, handshake: { workers: 1, time: 10ms, \(handshake) } }]",
        "networks: { mine: { \(network) } }"
    )
}

private let goodWorlds = [
    ("start: connected", "uplink-share: 0%", "abandoned: served"),
    ("start: 0s", "uplink-share: 100%", "answered: when-begun"),
    ("start: 'uniform(0s, 10s)'", "uplink-share: 0.25", "abandoned: dropped"),
    ("start: exponential(mean=3s) in 1s..5s", "uplink-share: 1", "abandoned: served"),
]

private let goodPolicies = [
    "strategy: none", "elapsed-limit: none", "elapsed-limit: 5m", "retries-first-connect: false",
    "waits-from: attempt-start", "after-drop: none", "after-drop: { delay: 0s }", "suspension: none",
    "suspension: { after: 2m, retry-every: 30s }", "starts-after-backoff: true", "prepares-attempts: true",
    "closing-timeout: 0s", "hold-when: []", "hold-when: [offline, hidden]", "close-when: [hidden]",
    "return-ends-wait: true", "poll-loop: none", "poll-loop: {}", "poll-loop: { growth: x2, jitter: 0.15 }",
    "group: none", "group: { members: 32, grace: none }", "group: { members: 1, grace: 0s }",
    "transport-retry: none", "transport-retry: { delay: 3s, limit: none }", "hazards: []",
    "hazards: [opens-beside, opens-beside]", "heartbeat: { silence: { longest: 10s } }",
    "heartbeat: { every: 30s, timeout: none, random-first-phase: true }",
    "heartbeat: { server-every: 10s }", "heartbeat: { every: none, silence: { longest: 1m, checked-every: none } }",
    "reset: { after-quiet: 30s }", "close-rules: [{ code: 1008, reason: 42, then: back-off }]",
    "close-rules: [{ code: 1008, reason: '', then: stop }]",
    "close-rules: [{ code: 1008, reason-containing: soon, pause: 5s }]",
    "backoff: { first: none }", "backoff: { first: 3s }", "backoff: { first: { from: 0s, to: 1s } }",
    "backoff: { rounding: none }", "backoff: { rounding: { to: 1ms } }", "backoff: { draws: once, floor: 1ms }",
    "backoff: { growth: compounding, base: 1s, factor: 1.6 }", "backoff: { first-jittered: 1 }",
    "backoff: { jitter: symmetric(125%) }", "backoff: { jitter: 'additive-between( 300ms , 3s )' }",
    "breaker: { share: none, within: 10s, success-clears: true }", "breaker: { share: { failed: 50%, of-last: 10 } }",
    "breaker: { open-growth: { base: 1s, cap: 10s }, probe-share: { failed: 1 }, hazards: [unlimited-probes] }",
    "breaker: { open-growth: none, probe-share: none, ends-strictly-after: true }",
]

/// Wrong in shape or word; limits of numbers, and what goes together, are the reader's business alone.
private let misshapenPolicies = [
    "strategy: two words", "elapsed-limit: never", "retries-first-connect: maybe", "waits-from: now",
    "after-drop: 1s", "after-drop: {}", "after-drop: { delay: 1 }", "suspension: { after: 2m }", "suspension: off",
    "starts-after-backoff: 1", "prepares-attempts: [true]", "closing-timeout: none", "hold-when: offline",
    "hold-when: [online]", "close-when: { offline: true }", "return-ends-wait: immediately", "poll-loop: 6s",
    "poll-loop: { jitter: much }", "poll-loop: { period: 6s }", "group: 3", "group: { grace: 1s }",
    "transport-retry: { limit: 3 }", "transport-retry: { delay: 3s, limit: never }", "hazards: opens-beside",
    "hazards: [opens-besides]", "heartbeat: { silence: 10s }", "heartbeat: { silence: { strikes: 2 } }",
    "heartbeat: { server-every: often }", "reset: { after-quiet: true }", "close-rules: [{ code: 1, then: wait }]",
    "close-rules: [{ code: 1008, reason: [a], then: stop }]", "close-rules: [{ code: 1, then: stop, why: x }]",
    "backoff: { first: { from: 0s } }", "backoff: { first: soon }", "backoff: { rounding: 1ms }",
    "backoff: { rounding: { direction: up } }", "backoff: { rounding: { to: 1ms, direction: sideways } }",
    "backoff: { draws: twice }", "backoff: { jitter: symmetric }", "backoff: { jitter: additive-between }",
    "breaker: { share: 50% }", "breaker: { share: { of-last: 10 } }", "breaker: { open-growth: 5s }",
    "breaker: { hazards: [no-half] }", "breaker: { probe-share: {} }",
]
