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
