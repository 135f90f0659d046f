import MonotonicTime
import Reconnection
import Scenarios
import Testing

@testable import FleetSimulation

/// Windows, threads and the kind of queue are a matter of speed: whatever they are, the same happens.
@Suite struct WindowTests {
    // The default may grow eight-fold; an hour is more than any of these scenarios lasts.
    private static let ways: [(window: Interval, threads: Int)] = [
        (.milliseconds(100), 1), (.seconds(4), 1), (.seconds(16), 1), (.hours(1), 1),
        (.milliseconds(100), 2), (.seconds(16), 3), (.seconds(128), 2), (.hours(1), 5),
    ]

    /// Runs one replication with windows of a length at most, on so many threads.
    private static func run(
        _ scenario: Scenario,
        window: Interval,
        threads: Int,
        queue: TierQueue.Kind = .buckets,
        policies: [ClientPolicy]? = nil
    ) throws -> ReplicationRecord {
        let policies = try policies ?? #require(Replication.policies(of: scenario))
        let world = World(
            scenario: scenario,
            policies: policies,
            replication: 0,
            recording: .everyInstant,
            window: window,
            threads: threads,
            queue: queue
        )
        let record = world.run(shouldStop: { false })
        return try #require(record)
    }

    /// Compares all of the records of runs in different ways.
    private static func compare(_ text: String, _ place: Comment) throws -> ReplicationRecord {
        let scenario = try scenario(text)
        // The plainest way of all: hardly anybody lives ahead, and a heap puts in order what the tiers have to do.
        let record = try run(scenario, window: .milliseconds(1), threads: 1, queue: .heap)
        for way in ways {
            let other = try run(scenario, window: way.window, threads: way.threads)
            #expect(differences(record, other) == [], "\(place), \(way)")
            // Not compared within the macro, which would print both records.
            let isSame = record == other
            #expect(isSame, "\(place), \(way)")
        }
        return record
    }

    /// The names of what differs.
    private static func differences(_ left: ReplicationRecord, _ right: ReplicationRecord) -> [String] {
        var names: [String] = []
        if left.events != right.events { names.append("events: \(left.events), \(right.events)") }
        if left.launches != right.launches { names.append("launches") }
        if left.arrivals != right.arrivals { names.append("arrivals") }
        if left.connects != right.connects { names.append("connects") }
        if left.refusals != right.refusals { names.append("refusals") }
        if left.waits != right.waits { names.append("waits") }
        if left.peaks != right.peaks { names.append("peaks") }
        if left.grid != right.grid { names.append("grid") }
        for column in TimelineRecord.Column.allCases where left.timeline[column] != right.timeline[column] {
            names.append("timeline.\(column)")
        }
        for (one, other) in zip(left.cohorts, right.cohorts) where one != other { names.append(one.name) }
        return names
    }

    @Test("the record of a storm depends neither on the length of the windows nor on threads", arguments: 0..<30)
    func storms(seed: Int) throws {
        let record = try Self.compare(Storm.text(seed), "seed \(seed)")
        #expect(record.launches.count > 0 && record.firstDown != nil)
    }

    @Test(
        "nor does it with the faults of real clients",
        arguments: PolicyPreset.all.filter { $0.kind == .asBuilt }.map(\.name)
    )
    func hazards(policy: String) throws {
        for seed in 100...101 {
            let record = try Self.compare(Storm.text(seed, policy: policy), "\(policy), seed \(seed)")
            #expect(record.cohorts[0].launched > 0)
        }
    }

    @Test("nor does it when most things happen at the same instants", arguments: 0..<40)
    func lockstep(seed: Int) throws {
        let record = try Self.compare(Storm.lockstep(seed), "seed \(seed)")
        #expect(record.conservationFaults == [])
        // Many attempts at few instants, or there is nothing to put in order.
        #expect(record.launches.count > 100 && record.launches.count - Set(record.launches).count > 20)
    }

    @Test("nor does it where clients take short ways, which need windows to take them in", arguments: 0..<33)
    func plainClients(seed: Int) throws {
        let text = Storm.plain(seed)
        let scenario = try scenario(text)
        let policies = try #require(Replication.policies(of: scenario))
        for policy in policies {
            let arePlain = PlainRetries(policy).arePlain
            #expect(arePlain)
        }
        let record = try Self.compare(text, "seed \(seed)")
        #expect(record.conservationFaults == [])
        // A limit that is never reached makes retries go the general way, in windows of any length.
        let others = policies.map { policy in policy.with { $0.elapsedLimit = .hours(100_000) } }
        let general = try Self.run(scenario, window: .hours(1), threads: 1, policies: others)
        #expect(Self.differences(record, general) == [])
        let isSame = record == general
        #expect(isSame)
        // Retries in a row while nobody is there to answer, connections again after that, and messages.
        #expect(record.launches.count > 60 && record.connects.count > 18)
        #expect(record.cohorts.contains { $0.delivered > 20 })
    }
}
