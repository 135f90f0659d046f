import MonotonicTime
import Scenarios
import Testing

@testable import FleetSimulation

/// Reads a scenario as a file would be read.
func scenario(_ text: String) throws -> Scenario {
    try ScenarioFile.read(Array(text.utf8), file: "test.yaml").scenario
}

/// Runs one replication of a scenario, with another policy if one is named.
func run(_ scenario: Scenario, policy: String? = nil, replication: Int = 0) throws -> ReplicationRecord {
    let policies = try #require(Replication.policies(of: scenario, replacedBy: policy))
    return try #require(Replication.run(scenario, policies: policies, number: replication, recording: .everyInstant))
}

/// Runs one replication of a scenario given as text.
func run(_ text: String) throws -> ReplicationRecord { try run(scenario(text)) }

/// Milliseconds in nanoseconds, the unit of records.
func milliseconds(_ count: Int64) -> Int64 { count * 1_000_000 }

/// Adds the indentation of a YAML block to every line but the first.
func indented(_ text: String, by spaces: Int) -> String {
    text.split(separator: "\n").joined(separator: "\n" + String(repeating: " ", count: spaces))
}

/// A small generator for choosing test inputs: the same seed always gives the same choices (splitmix64).
struct Choices {
    private var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A whole number from 0 up to but excluding the bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// One of several.
    mutating func pick(_ values: [String]) -> String { values[below(values.count)] }
}

extension ReplicationRecord {
    /// The only cohort of a scenario with one.
    var cohort: CohortRecord { cohorts[0] }

    /// The instants of attempts: every run here records them.
    private var recorded: AttemptInstants {
        guard let instants else { preconditionFailure("this run has not recorded its instants") }
        return instants
    }

    /// When attempts were launched.
    var launches: [Int64] { recorded.launches }
    /// When attempts arrived at the server tier.
    var arrivals: [Int64] { recorded.arrivals }
    /// When attempts became sessions.
    var connects: [Int64] { recorded.connects }
    /// Arriving attempts that were refused.
    var refusals: [Refusal] { recorded.refusals }

    /// Ended attempts of an outcome, over all cohorts.
    func count(_ outcome: AttemptOutcome) -> Int { cohorts.reduce(0) { $0 + $1.outcomes[outcome.rawValue] } }
}

extension CountGrid {
    /// Counts something that happened at an instant.
    mutating func count(_ series: Series, at time: Instant) { add(1, to: series, bin: bin(time)) }
}
