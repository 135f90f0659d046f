import MonotonicTime
import Reconnection
import Testing

@Suite struct PolicyPresetTests {
    private static func policy(_ name: String) throws -> ClientPolicy {
        try #require(PolicyPreset.named(name)).policy
    }

    /// The delays of a policy whose attempts all fail at once, in milliseconds.
    private static func delays(_ name: String, count: Int, uniforms: [Double] = [0.5]) throws -> [Double] {
        var random = RepeatingRandomSource(uniforms)
        let schedule = RetrySchedule(try policy(name), count: count, random: &random)
        return schedule.retries.map { Double($0.delay.nanoseconds) / 1e6 }
    }

    @Test("every preset has a name of its own, by which it is found, and says what it is and where it comes from")
    func names() {
        let names = PolicyPreset.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(
            names.filter { $0.hasSuffix("-as-built") }.map { String($0.dropLast("-as-built".count)) } == [
                "valtio-y", "pl3xus", "landale", "landale-python", "chat-sdk", "party-table", "party-table-machine",
                "party-table-current",
            ]
        )
        for preset in PolicyPreset.all {
            #expect(PolicyPreset.named(preset.name) == preset)
            #expect(preset.summary.hasSuffix(".") && !preset.source.isEmpty)
        }
        #expect(PolicyPreset.named("Valtio-Y") == nil)
    }

    @Test(
        "presets wait as their sources document",
        arguments: [
            // Gives up after five retries, six attempts.
            ("valtio-y", [0.5], [1_000, 2_000, 4_000, 8_000, 16_000]),
            ("pl3xus", [0.5], [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]),
            ("landale", [0], [750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000, 45_000]),
            ("landale", [0.5], [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]),
            ("landale", [0.75], [1_125, 2_250, 4_500, 9_000, 18_000, 36_000, 67_500, 67_500, 67_500, 67_500]),
            ("chat-sdk", [0], [100, 100, 100, 100, 100, 100, 100, 100]),
            ("chat-sdk", [0.5], [150, 200, 300, 500, 900, 1_100, 1_100, 1_100]),
            ("chat-sdk", [0.99], [199, 298, 496, 892, 1_684, 2_000, 2_000, 2_000]),
            ("party-table", [0], [0, 0, 0, 0, 0, 0, 0, 0]),
            ("party-table", [0.000_75], [0, 1, 3, 6, 12, 22, 22, 22]),
            ("party-table", [0.5], [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]),
            ("party-table-current", [0.5], [2_500, 5_000, 10_000, 20_000, 40_000, 60_000]),
            (
                "phoenix-js", [0.5],
                [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000, 5_000, 5_000]
            ),
            ("mqtt-js", [0.5], [1_000, 1_000, 1_000, 1_000]),
            ("supabase-realtime-js", [0.5], [1_000, 2_000, 5_000, 10_000, 10_000, 10_000]),
            ("no-jitter", [0.5], [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]),
            ("full-jitter", [0.5], [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]),
            ("equal-jitter", [0.5], [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]),
            ("decorrelated-jitter", [0.5], [2_000, 3_500, 5_750, 9_125, 14_187.5, 21_781.25, 30_000]),
        ] as [(String, [Double], [Double])]
    )
    func documentedDelays(name: String, uniforms: [Double], milliseconds: [Double]) throws {
        // Asked for more, a preset that gives up makes no more; the others are asked for as many as the table tells.
        let limit = try Self.policy(name).retryLimit
        let count = limit == nil ? milliseconds.count : 100
        #expect(try Self.delays(name, count: count, uniforms: uniforms) == milliseconds)
    }

    @Test(
        "presets give up after as many retries as documented, or never",
        arguments: [
            ("valtio-y", 5), ("pl3xus", nil), ("landale", 10), ("chat-sdk", nil), ("party-table", nil),
            ("party-table-current", 6), ("phoenix-js", nil), ("mqtt-js", nil), ("supabase-realtime-js", nil),
        ] as [(String, Int?)]
    )
    func retryLimits(name: String, retries: Int?) throws {
        #expect(try Self.policy(name).retryLimit == retries)
        #expect(try Self.delays(name, count: 200).count == retries ?? 200)
    }

    @Test("valtio-y gives up after six attempts and 31 seconds of waiting")
    func givesUp() throws {
        let client = TestClient(try Self.policy("valtio-y"))
        var attempts = 1
        client.start(at: 0)
        while true {
            let last = client.lost(UInt32(attempts), at: client.now)
            guard client.phase == .waiting else {
                #expect(last == [.phaseChanged(from: .connecting, to: .exhausted), .gaveUp])
                break
            }
            client.advance(to: client.nextDeadline)
            attempts += 1
        }
        #expect(attempts == 6)
        #expect(client.now == at(31))
    }

    @Test("landale opens its breaker at the fifth failure, and recovers after five minutes")
    func landaleBreaker() throws {
        let client = TestClient(try Self.policy("landale"))
        client.start(at: 0)
        for generation in UInt32(1)...4 {
            client.lost(generation, at: client.now)
            client.advance(to: client.nextDeadline)
        }
        #expect(client.now == at(15))
        #expect(client.lost(5, at: 15).first == .breakerOpened(until: at(315)))
        #expect(client.nextDeadline == at(315))
        #expect(client.advance(to: 315).last == .openTransport(generation: 6))
        #expect(client.opened(6, at: 316).first == .breakerClosed)
    }

    @Test("chat-sdk opens its breaker at the third failure, for 10 to 12 s")
    func chatBreaker() throws {
        let client = TestClient(try Self.policy("chat-sdk"))
        client.start(at: 0)
        client.lost(1, at: 0)
        client.advance(to: client.nextDeadline)
        client.lost(2, at: client.now)
        client.advance(to: client.nextDeadline)
        // 150 and 200 ms of waiting.
        #expect(client.lost(3, at: client.now).first == .breakerOpened(until: at(11.35)))
    }

    @Test(
        "party-table's room reset pauses for 5 to 15 s in whole milliseconds",
        arguments: [(0.0, 5_000), (0.5, 10_000), (0.999_99, 14_999)] as [(Double, Int64)]
    )
    func roomReset(uniform: Double, milliseconds: Int64) throws {
        let client = TestClient(try Self.policy("party-table"), uniforms: [uniform])
        client.start(at: 0)
        #expect(
            client.lost(1, .tryAgainLater, at: 0)
                .contains(.retryScheduled(at: Instant(.milliseconds(milliseconds)), retry: 0))
        )
    }

    @Test(
        "party-table-current's rate limit pauses for exactly 120 s as built, and for up to 30 s more as wanted",
        arguments: [("party-table-current-as-built", 120, 0), ("party-table-current", 135, 1)]
    )
    func rateLimit(name: String, seconds: Double, draws: Int) throws {
        let client = TestClient(try Self.policy(name))
        client.start(at: 0)
        #expect(client.lost(1, .tryAgainLater, at: 0).contains(.retryScheduled(at: at(seconds), retry: 0)))
        #expect(client.random.draws == draws)
    }

    @Test("party-table holds hidden and offline clients back, its current version only offline ones")
    func gates() throws {
        for (name, whenHidden) in [("party-table", ConnectionPhase.paused), ("party-table-current", .connected)] {
            let client = TestClient.connected(try Self.policy(name))
            client.visible(false, at: 1)
            #expect(client.phase == whenHidden)
            client.network(false, at: 2)
            #expect(client.phase == .paused)
            client.visible(true, at: 3)
            #expect(client.phase == .paused)
            // Half of the first delay: back after the backoff, not at once.
            #expect(client.network(true, at: 4).last == .phaseChanged(from: .paused, to: .waiting))
            #expect(client.nextDeadline == at(name == "party-table" ? 4.5 : 6.5))
        }
    }

    @Test(
        "a silent server is noticed as late as documented",
        arguments: [
            ("landale", 60), ("phoenix-js", 60), ("mqtt-js", 90), ("supabase-realtime-js", 50), ("party-table", 33),
            ("chat-sdk", 10), ("valtio-y", nil), ("pl3xus", nil),
        ] as [(String, Double?)]
    )
    func silence(name: String, seconds: Double?) throws {
        let client = TestClient.connected(try Self.policy(name))
        while client.phase == .connected, client.nextDeadline < .distantFuture {
            client.advance(to: client.nextDeadline)
        }
        if let seconds {
            #expect(client.phase == .waiting)
            #expect(client.now == at(seconds))
        } else {
            #expect(client.phase == .connected)
        }
    }

    @Test(
        "only source systems whose clients check credentials are blocked by a policy violation",
        arguments: PolicyPreset.all.filter { $0.kind == .sourceSystem || $0.kind == .asBuilt }
    )
    func policyViolation(preset: PolicyPreset) {
        let client = TestClient(preset.policy)
        client.start(at: 0)
        if client.phase == .waiting { client.advance(to: client.nextDeadline) }
        client.lost(1, .policyViolation, at: client.now)
        let isBlocked = preset.name == "chat-sdk" || preset.name.hasPrefix("party-table")
        #expect(client.phase == (isBlocked ? .blocked : .waiting))
    }
}
