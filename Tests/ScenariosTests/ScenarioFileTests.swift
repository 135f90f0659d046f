import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

/// A scenario of a few lines whose parts can be replaced: `duration` stands in line 2, `fleet` in line 3, `servers` in
/// line 4, and whatever else there is begins in line 5.
func small(
    duration: String = "10m",
    fleet: String = "[{ name: phones, clients: 10, policy: party-table }]",
    servers: String = "[{ name: gateway, instances: 2, handshake: { workers: 1, time: 10ms } }]",
    _ more: String = ""
) -> String {
    "name: small\nduration: \(duration)\nfleet: \(fleet)\nservers: \(servers)\n\(more)\n"
}

func readScenario(_ text: String, policies: [String: ClientPolicy] = [:]) throws(ScenarioError) -> Scenario {
    try ScenarioFile.read(Array(text.utf8), file: "a.yaml", policies: policies).scenario
}

/// What a text is refused with, one line for each mistake.
func mistakes(_ text: String, policies: [String: ClientPolicy] = [:]) -> [String] {
    do {
        let contents = try ScenarioFile.read(Array(text.utf8), file: "a.yaml", policies: policies)
        return contents.warnings.map(\.description)
    } catch {
        return error.diagnostics.map(\.description)
    }
}

@Suite("ScenarioFile")
struct ScenarioFileTests {
    // MARK: What is read

    @Test("every key there is means what it says")
    func everything() throws {
        let contents = try ScenarioFile.read(Array(FullScenario.text.utf8), file: "a.yaml")
        let lte = try #require(NetworkProfile.builtIn.first { $0.name == "lte" })
        let expected = FullScenario.scenario(lte: lte)
        let scenario = contents.scenario
        // Part by part first: a difference in the whole would be a page long.
        #expect(scenario.policies["first"] == expected.policies["first"])
        #expect(scenario.policies["second"] == expected.policies["second"])
        #expect(scenario.policies["third"] == expected.policies["third"])
        #expect(scenario.policies["fourth"] == expected.policies["fourth"])
        #expect(scenario.fleet.first == expected.fleet.first)
        #expect(scenario.fleet.last == expected.fleet.last)
        #expect(scenario.servers.first == expected.servers.first)
        #expect(scenario.servers.last == expected.servers.last)
        #expect(scenario.timeline == expected.timeline)
        #expect(scenario.expectations == expected.expectations)
        #expect(scenario == expected)
        #expect(scenario.clientCount == 10_500)
        #expect(contents.warnings == [])
        #expect(contents.source == FullScenario.text)
    }

    @Test("the full scenario leaves no key out")
    func everyKeyIsUsed() {
        var missing: [String] = []
        for section in definitions(from: ScenarioSections.scenario).values {
            for key in section.keys where !FullScenario.text.contains("\(key.name):") {
                missing.append("\(section.name).\(key.name)")
            }
        }
        #expect(missing == [])
    }

    @Test("what is left out has its default")
    func defaults() throws {
        let scenario = try readScenario(small("policies: { ours: {} }"))
        let lte = try #require(NetworkProfile.builtIn.first { $0.name == "lte" })
        let phones = Cohort(
            name: "phones",
            clients: 10,
            policy: "party-table",
            isPolicyPinned: false,
            server: "gateway",
            network: lte,
            groupSize: 1,
            outages: [],
            workload: nil
        )
        var gateway = FullScenario.lobby
        gateway.name = "gateway"
        gateway.instances = 2
        gateway.handshake.workers = 1
        let plain = ClientPolicy(backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .full))
        let expected = Scenario(
            name: "small",
            summary: "",
            duration: .minutes(10),
            replications: 20,
            seed: 1,
            primaryMetric: "recovery-time-99",
            policies: ["ours": plain],
            fleet: [phones],
            servers: [gateway],
            timeline: [],
            expectations: []
        )
        #expect(scenario == expected)
        #expect(scenario.policy(named: "ours") == plain)
        #expect(scenario.policy(named: "landale") == PolicyPreset.named("landale")?.policy)
        #expect(scenario.policy(named: "nobody") == nil)
    }

    @Test("parts of a network come from the one it extends, ideal at first")
    func networks() throws {
        func network(_ settings: String) throws -> NetworkProfile? {
            let fleet = "[{ name: phones, clients: 10, policy: landale, network: mine }]"
            return try readScenario(small(fleet: fleet, "networks: { \(settings) }")).fleet.first?.network
        }
        let ideal = NetworkProfile.builtIn[0]
        #expect(ideal.name == "ideal")
        var mine = ideal
        mine.name = "mine"
        #expect(try network("mine: {}") == mine)
        mine.loss = .bernoulli(0.02)
        #expect(try network("mine: { loss: 2% }") == mine)
        #expect(try network("base: { loss: 2% }, mine: { extends: base }") == mine)
        mine.loss = .none
        #expect(try network("base: { loss: 2% }, mine: { extends: base, loss: 0% }") == mine)
        #expect(mine.uplinkShare == 0.5)
        mine.uplinkShare = 0.8
        #expect(try network("base: { uplink-share: 80% }, mine: { extends: base }") == mine)
        for (text, share) in [("0%", 0), ("100%", 1), ("0.25", 0.25)] {
            mine.uplinkShare = share
            #expect(try network("mine: { uplink-share: \(text) }") == mine)
        }
        mine.uplinkShare = 0.5
        mine.loss = .gilbertElliott(toBad: 0.03, toGood: 0.3, lossWhenGood: 0, lossWhenBad: 1)
        mine.survives = .zero
        #expect(try network("mine: { loss: { to-bad: 3%, to-good: 30% }, survives: 0s }") == mine)
    }

    @Test("clients begin connected, or are launched at given times")
    func start() throws {
        func start(_ setting: String) throws -> Cohort.Start? {
            let fleet = "[{ name: phones, clients: 10, policy: landale\(setting) }]"
            return try readScenario(small(fleet: fleet)).fleet.first?.start
        }
        #expect(try start("") == .connected)
        #expect(try start(", start: connected") == .connected)
        #expect(try start(", start: 0s") == .launched(.constant(.zero)))
        #expect(try start(", start: 'uniform(0s, 20m)'") == .launched(.uniform(from: .zero, to: .minutes(20))))
        #expect(try start(", start: exponential(mean=3s)") == .launched(.exponential(mean: .seconds(3))))
    }

    @Test("an own network may change a built-in one of its name")
    func ownNetworkOfABuiltInName() throws {
        let scenario = try readScenario(small("networks: { lte: { extends: lte, survives: 5s } }"))
        var lte = try #require(NetworkProfile.builtIn.first { $0.name == "lte" })
        lte.survives = .seconds(5)
        #expect(scenario.fleet.first?.network == lte)
    }

    // MARK: Policies that extend others

    @Test(
        "policies extend each other in any order",
        arguments: [
            "a: { extends: b, retry-limit: 3 }, b: { extends: c, start-spread: 2s }, c: { extends: landale, breaker: none }",
            "c: { extends: landale, breaker: none }, b: { extends: c, start-spread: 2s }, a: { extends: b, retry-limit: 3 }",
            "b: { extends: c, start-spread: 2s }, a: { extends: b, retry-limit: 3 }, c: { extends: landale, breaker: none }",
        ]
    )
    func extending(policies: String) throws {
        let scenario = try readScenario(small("policies: { \(policies) }"))
        var policy = try #require(PolicyPreset.named("landale")).policy
        policy.breaker = nil
        #expect(scenario.policies["c"] == policy)
        policy.startSpread = .seconds(2)
        #expect(scenario.policies["b"] == policy)
        policy.retryLimit = 3
        #expect(scenario.policies["a"] == policy)
    }

    @Test("every preset can be extended", arguments: PolicyPreset.all.map(\.name))
    func presets(name: String) throws {
        let scenario = try readScenario(small("policies: { ours: { extends: \(name) } }"))
        let preset = try #require(PolicyPreset.named(name))
        #expect(scenario.policies["ours"] == preset.policy)
    }

    @Test("a policy may change the preset of its own name, and others then extend the changed one")
    func ownPolicyOfAPresetName() throws {
        let scenario = try readScenario(
            small("policies: { ours: { extends: landale }, landale: { extends: landale, retry-limit: none } }")
        )
        var policy = try #require(PolicyPreset.named("landale")).policy
        policy.retryLimit = nil
        #expect(scenario.policies["ours"] == policy)
        #expect(scenario.policy(named: "landale") == policy)
    }

    @Test("a policy that the program has registered counts like a preset")
    func registered() throws {
        let theirs = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(7))), retryLimit: 1)
        let text = small(
            fleet: "[{ name: phones, clients: 1, policy: theirs }]",
            "policies: { ours: { extends: theirs, retry-limit: 2 } }"
        )
        let scenario = try readScenario(text, policies: ["theirs": theirs])
        #expect(scenario.fleet.first?.policy == "theirs")
        #expect(scenario.policies["ours"]?.backoff == theirs.backoff)
        #expect(scenario.policies["ours"]?.retryLimit == 2)
        #expect(scenario.policy(named: "theirs") == theirs)
        #expect(mistakes(text).count == 2)
    }

    @Test(
        "policies that extend each other in a circle are refused, once a circle",
        arguments: [
            ("a: { extends: a }", ["a.yaml:5:27: error: 'a' cannot extend itself"]),
            (
                "a: { extends: b }, b: { extends: a }",
                ["a.yaml:5:46: error: policies extend each other in a circle: a > b > a"]
            ),
            (
                "x: { extends: a }, a: { extends: b }, b: { extends: c }, c: { extends: a }",
                ["a.yaml:5:84: error: policies extend each other in a circle: a > b > c > a"]
            ),
            (
                "ours: { extends: landale }, landale: { extends: ours }",
                ["a.yaml:5:61: error: policies extend each other in a circle: ours > landale > ours"]
            ),
            ("x: { extends: a }, a: { extends: a }", ["a.yaml:5:46: error: 'a' cannot extend itself"]),
        ]
    )
    func circles(policies: String, expected: [String]) {
        #expect(mistakes(small("policies: { \(policies) }")) == expected)
    }

    @Test("a chain of policies may be as long as a file")
    func longChain() throws {
        let count = 20_000
        var lines = (0..<count).map { "  p\($0): { extends: p\($0 + 1) }" }
        lines.append("  p\(count): { extends: landale }")
        let scenario = try readScenario(small("policies:\n" + lines.joined(separator: "\n")))
        #expect(scenario.policies["p0"] == PolicyPreset.named("landale")?.policy)
        lines[count] = "  p\(count): { extends: p0 }"
        let names = (0..<10).map { "p\($0)" } + ["…", "p0"]
        #expect(
            mistakes(small("policies:\n" + lines.joined(separator: "\n"))) == [
                "a.yaml:\(6 + count):22: error: policies extend each other in a circle: "
                    + names.joined(separator: " > ")
            ]
        )
    }

    // MARK: What is refused

    @Test("a part that does not fit is refused at its place", arguments: fleetMistakes + serverMistakes)
    func refusals(text: String, expected: [String]) {
        #expect(mistakes(text) == expected)
    }

    @Test("an event that cannot be is refused at its place", arguments: timelineMistakes)
    func timeline(entry: String, expected: [String]) {
        #expect(mistakes(small("timeline:\n  - \(entry)")) == expected)
    }

    @Test("a policy that cannot be is refused at its place", arguments: policyMistakes)
    func policies(settings: String, expected: [String]) {
        #expect(mistakes(small("policies:\n  ours: { \(settings) }")) == expected)
    }

    @Test("settings of real clients that cannot be are refused at their place", arguments: realClientMistakes)
    func realClients(marked: String, messages: [String]) {
        let row = unmarked((marked, messages))
        #expect(row.expected.count == messages.count)
        #expect(mistakes(small("policies:\n  ours: { \(row.settings) }")) == row.expected)
    }

    @Test("an unknown strategy is told which there are")
    func unknownStrategy() throws {
        func refusal(_ name: String) -> String? {
            let text = small("policies: { ours: { strategy: \(name) } }")
            do throws(ScenarioError) {
                _ = try ScenarioFile.read(
                    Array(text.utf8),
                    file: "a.yaml",
                    strategies: ["fibonacci": ConstantStrategy(), "lucky": ConstantStrategy()]
                )
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal("fibonacci") == nil)
        #expect(
            refusal("fibonaci") == "a.yaml:5:31: error: unknown strategy 'fibonaci' (did you mean 'fibonacci'?)"
        )
        #expect(
            refusal("x") == "a.yaml:5:31: error: unknown strategy 'x' (registered strategies: fibonacci, lucky)"
        )
    }

    @Test("all mistakes are told at once, in the order of the file")
    func manyMistakes() {
        let text = """
            summary: ''
            duration: 10
            replications: 0
            seed: -1
            primary-metric: delivery
            policies:
              ours: { extends: party-tabel, backoff: { base: 60s }, pause-when: [ofline], close-rules: [3] }
            networks:
              mine: { extends: lt, loss: 100%, survives: 5 }
            fleet:
              - { name: phones, clients: 0, policy: ours, group-size: 0, pinned: yes }
              - { name: phones, clients: 1, policy: our, network: min, server: gatway }
              - { name: all, clients: 1, policy: ours, outages: [{ signal: quiet, first: 1, down: 2 }] }
            servers:
              - { name: gateway, instances: 0, handshake: { workers: 0, time: 0s }, balancing: any, idle-timeout: 0s }
            timeline:
              - { at: 5, restart: { server: gatewy, down: 5, close: 5 } }
              - { at: 1m, disconnect: { cohort: phone, share: 2, how: loud }, outage: { cohort: phones } }
            expect:
              - delivery-rate of phones >= 99.9
              - nonsense

            """
        #expect(mistakes(text) == manyMistakesExpected)
    }

    @Test("a mistake in an entry does not make its name unknown elsewhere")
    func noFollowingMistakes() {
        #expect(
            mistakes(
                small(
                    fleet: "[{ name: phones, clients: none, policy: landale, server: gateway }]",
                    servers: "[{ name: gateway, handshake: { workers: 0, time: 10ms } }]",
                    "timeline:\n"
                        + "  - { at: 1m, restart: { server: gateway, down: 1s } }\n"
                        + "  - { at: 1m, disconnect: { cohort: phones } }\n"
                        + "expect: [delivery-rate of phones >= 99%]"
                )
            ) == [
                "a.yaml:3:34: error: 'none' is not a number: write a whole number such as '10_000' or '5k'",
                "a.yaml:4:50: error: 'workers' must be at least 1, not '0'",
            ]
        )
    }

    @Test("bytes that are no YAML text are refused with a place")
    func unreadable() {
        func refusal(_ bytes: [UInt8]) -> String? {
            do throws(ScenarioError) {
                _ = try ScenarioFile.read(bytes, file: "a.yaml")
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal([]) == "a.yaml:1:1: error: the file is empty")
        #expect(refusal([0x6E, 0xFF]) == "a.yaml:1:2: error: the file is not valid UTF-8 here")
        #expect(refusal([0xFE, 0xFF, 0x00]) == "a.yaml:1:1: error: the file is UTF-16: save it as UTF-8")
        #expect(
            refusal(Array("- 1".utf8))
                == "a.yaml:1:1: error: 'scenario' must be a mapping of keys to values, not a list (keys: name, summary, "
                + "duration, replications, seed, primary-metric, policies, networks, fleet, servers, timeline, expect)"
        )
        #expect(
            refusal(Array("{}".utf8))?.split(separator: "\n") == [
                "a.yaml:1:1: error: missing key 'duration' in 'scenario'",
                "a.yaml:1:1: error: missing key 'fleet' in 'scenario'",
                "a.yaml:1:1: error: missing key 'name' in 'scenario'",
                "a.yaml:1:1: error: missing key 'servers' in 'scenario'",
            ]
        )
    }
}

/// A strategy that is only there to be named.
struct ConstantStrategy: RetryStrategy {
    func decision(
        after failure: RetryFailure,
        memory: inout RetryStrategyMemory,
        random: inout some RandomSource
    ) -> RetryDecision { .wait(.seconds(1)) }
}
