import MonotonicTime
import Testing

@testable import Scenarios

@Suite("Scenario scaled to a number of clients")
struct ScaledScenarioTests {
    private func clients(_ before: [Int], scaledTo total: Int) throws -> [Int] {
        var scenario = try readScenario(small())
        let cohort = try #require(scenario.fleet.first)
        scenario.fleet = before.map { count in
            var other = cohort
            other.clients = count
            return other
        }
        return scenario.scaled(toClients: total).fleet.map(\.clients)
    }

    @Test(
        "cohorts keep their proportion, and the sum is as asked for",
        arguments: [
            ([100, 300], 4, [1, 3]), ([100, 300], 40_000, [10_000, 30_000]), ([1, 1, 1], 10, [3, 3, 4]),
            ([7], 3, [3]), ([5, 5], 10, [5, 5]), ([10_000, 500], 105, [100, 5]),
            // Cohorts that round to nobody keep one client each, and others give them up.
            ([100_000_000, 1, 1], 3, [1, 1, 1]), ([100_000_000, 1, 1], 10, [8, 1, 1]),
            ([1, 1, 100_000_000], 10, [1, 1, 8]), ([1, 100_000_000, 1], 10, [1, 8, 1]),
            // Fewer clients than cohorts cannot be.
            ([5, 5, 5], 2, [1, 1, 1]), ([5, 5, 5], 1, [1, 1, 1]),
        ] as [([Int], Int, [Int])]
    )
    func proportions(before: [Int], total: Int, after: [Int]) throws {
        #expect(try clients(before, scaledTo: total) == after)
    }

    @Test("for any fleet the sum is exact and no cohort more than its neighbours' rounding away from its share")
    func anyFleet() throws {
        var seed: UInt64 = 20
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<500 {
            let before = (0...next(6)).map { _ in 1 + next(1_000_000) }
            let total = before.count + next(10_000)
            let after = try clients(before, scaledTo: total)
            #expect(after.reduce(0, +) == total, "\(before) to \(total)")
            for (old, new) in zip(before, after) {
                let share = Double(old) * Double(total) / Double(before.reduce(0, +))
                #expect(new >= 1 && abs(Double(new) - share) <= Double(before.count), "\(before) to \(total): \(after)")
            }
        }
    }

    @Test("huge fleets and huge wishes do not overflow")
    func huge() throws {
        #expect(try clients([1, 1], scaledTo: .max) == [.max / 2, .max / 2 + 1])
        #expect(try clients([100_000_000, 1], scaledTo: .max).reduce(0, +) == .max)
        #expect(try clients([.max - 1, 1], scaledTo: .max) == [.max - 1, 1])
        #expect(try clients([.max - 1, 1], scaledTo: 2) == [1, 1])
    }

    @Test("what is no number of clients changes nothing", arguments: [0, -1, .min])
    func nonsense(total: Int) throws {
        #expect(try clients([3, 4], scaledTo: total) == [3, 4])
    }

    @Test("nothing but the numbers of clients changes")
    func theRestStays() throws {
        let scenario = try readScenario(FullScenario.text)
        var scaled = scenario.scaled(toClients: 21)
        #expect(scaled.fleet.map(\.clients) == [20, 1])
        scaled.fleet[0].clients = 10_000
        scaled.fleet[1].clients = 500
        #expect(scaled == scenario)
    }
}

@Suite("Servers scaled with the fleet")
struct ScaledServersTests {
    /// The tier of a scenario of 1,000 clients, scaled with the fleet to so many.
    private func tier(_ settings: String, handshake: String, scaledTo total: Int) throws -> ServerTier {
        let text = small(
            fleet: "[{ name: phones, clients: 1000, policy: landale }]",
            servers: "[{ name: gateway, \(settings) handshake: { \(handshake) } }]"
        )
        return try #require(try readScenario(text).scaled(toClients: total, scalingServers: true).servers.first)
    }

    @Test(
        "every distribution stays of its kind, its times divided by the factor",
        arguments: [
            ("10ms", 2_000, "5ms"), ("10ms", 1_000, "10ms"), ("60us", 1, "60ms"), ("60us", 10_000, "6us"),
            ("uniform(2ms 6ms)", 500, "uniform(4ms, 12ms)"), ("uniform(0s 6ms)", 2_000, "uniform(0s, 3ms)"),
            ("exponential(mean=9ms)", 3_000, "exponential(mean: 3ms)"),
            ("lognormal(median=20ms p99=80ms)", 4_000, "lognormal(median: 5ms, p99: 20ms)"),
            ("lognormal(median=20ms sigma=0.6)", 100, "lognormal(median: 200ms, sigma: 0.6)"),
            ("weibull(shape=1.5 scale=2ms)", 250, "weibull(shape: 1.5, scale: 8ms)"),
            ("empirical(1ms 0s 5ms)", 200, "empirical(5ms, 0s, 25ms)"),
            ("exponential(mean=9ms) in 3ms..30ms", 3_000, "exponential(mean: 3ms) in 1ms..10ms"),
            // Rounded half up to whole nanoseconds, but never to nothing, and a range never to a point.
            ("1us", 3_000, "333ns"), ("2us", 3_000, "667ns"), ("1ns", 2_000, "1ns"), ("3ns", 2_000, "2ns"),
            ("1ns", 100_000_000, "1ns"), ("uniform(1ns 2ns) in 1ns..2ns", 100_000, "uniform(1ns, 1ns) in 1ns..2ns"),
        ]
    )
    func times(before: String, total: Int, after: String) throws {
        let time = try tier("", handshake: "workers: 1, time: '\(before)'", scaledTo: total).handshake.time
        #expect(time.description == after)
        #expect(try DistributionSyntax.parse(after) == time)
    }

    @Test(
        "backlog and workers together grow with the fleet, rounded down, and the workers stay",
        arguments: [
            (1, 99, 2_000, 199), (1, 99, 1_000, 99), (4, 0, 1_000, 0), (4, 6, 500, 1), (4, 0, 2_000, 4),
            (4, 6, 200, 0), (4, 6, 450, 0), (1, 9, 1, 0), (8, 92, 333, 25), (8, 92, 339, 25), (8, 92, 340, 26),
            (1, 100_000_000, 100_000_000, 10_000_000_099_999),
        ]
    )
    func backlog(workers: Int, before: Int, total: Int, after: Int) throws {
        let settings = "workers: \(workers), time: 1s, backlog: \(before)"
        let handshake = try tier("", handshake: settings, scaledTo: total).handshake
        #expect(handshake.backlog == after)
        #expect(handshake.workers == workers)
    }

    @Test(
        "the limit of connections grows with the fleet, rounded down, to at least one",
        arguments: [(5_000, 2_000, 10_000), (5_000, 1, 5), (999, 1, 1), (7, 500, 3), (7, 1_000, 7)]
    )
    func limit(before: Int, total: Int, after: Int) throws {
        let settings = "connection-limit: \(before),"
        #expect(try tier(settings, handshake: "workers: 1, time: 1s", scaledTo: total).connectionLimit == after)
        #expect(try tier("", handshake: "workers: 1, time: 1s", scaledTo: total).connectionLimit == nil)
    }

    @Test("nothing else changes, in any tier, and nothing at all unless asked for")
    func theRestStays() throws {
        let scenario = try readScenario(FullScenario.text)
        var scaled = scenario.scaled(toClients: 21_000, scalingServers: true)
        #expect(scaled.servers[0].handshake.time == .constant(.microseconds(12_500)))
        #expect(scaled.servers[0].handshake.backlog == 1_032)
        #expect(scaled.servers[0].connectionLimit == 10_000)
        #expect(scaled.servers[1].handshake.time == .constant(.milliseconds(5)))
        #expect(scaled.servers[1].handshake.backlog == 8_194)
        for index in scenario.servers.indices {
            scaled.servers[index].handshake.time = scenario.servers[index].handshake.time
            scaled.servers[index].handshake.backlog = scenario.servers[index].handshake.backlog
            scaled.servers[index].connectionLimit = scenario.servers[index].connectionLimit
        }
        #expect(scaled == scenario.scaled(toClients: 21_000))
        #expect(scaled.servers == scenario.servers)
    }

    @Test("the factor is that of the fleet as it becomes, and huge ones do not overflow")
    func factor() throws {
        var scenario = try readScenario(FullScenario.text)
        scenario.fleet[0].clients = 3
        scenario.fleet[1].clients = 1
        // Two cohorts cannot have one client: they get one each, half as many as before.
        #expect(scenario.scaled(toClients: 1, scalingServers: true).servers[1].handshake.backlog == 2_047)
        let huge = scenario.scaled(toClients: .max, scalingServers: true)
        #expect(huge.servers[1].handshake.backlog == .max - 2)
        #expect(huge.servers[0].connectionLimit == .max)
        #expect(huge.servers[1].handshake.time == .constant(.nanoseconds(1)))
        #expect(scenario.scaled(toClients: 0, scalingServers: true) == scenario)
    }
}
