import MonotonicTime
import Scenarios
import Testing

@testable import Experiments
@testable import FleetSimulation

/// Reads a scenario as a file would be read.
func scenario(_ text: String) throws -> Scenario {
    try ScenarioFile.read(Array(text.utf8), file: "test.yaml").scenario
}

/// Seconds in nanoseconds, the unit of records.
func seconds(_ count: Double) -> Int64 { Int64((count * 1e9).rounded()) }

/// A time in seconds.
func instant(_ time: Double) -> Instant { Instant(nanoseconds: seconds(time)) }

/// Durations in seconds.
func sample(_ values: [Double]) -> DurationSample {
    var sample = DurationSample()
    for value in values { sample.append(seconds(value)) }
    return sample
}

/// A record without any events, to be filled in.
func emptyRecord(cohorts: [CohortRecord], duration: Interval = .seconds(100), capacity: Double = 10)
    -> ReplicationRecord
{
    ReplicationRecord(
        replication: 0,
        duration: duration,
        capacity: capacity,
        cohorts: cohorts
    )
}

extension ReplicationMetrics {
    /// A metric's value; cohort 0 is the whole fleet.
    func value(_ id: String, cohort: Int = 0) throws -> Double? {
        let index = try #require(MetricDefinition.all.firstIndex { $0.id == id }, "no metric is called \(id)")
        return values[cohort][index].value
    }
}

extension CountGrid {
    /// Counts something that happened at an instant.
    mutating func count(_ series: Series, at time: Instant) { add(1, to: series, bin: bin(time)) }
}
