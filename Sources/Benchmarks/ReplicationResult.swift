/// What a benchmark of a replication found in several measurements of the same work.
public struct ReplicationResult: Sendable, Hashable {
    /// What was measured.
    public let benchmark: ReplicationBenchmark
    /// The measurements, in the order in which they were made; never empty.
    public let measurements: [ReplicationMeasurement]

    /// A result; nil without measurements, or if they do not agree on the number of events.
    public init?(_ benchmark: ReplicationBenchmark, _ measurements: [ReplicationMeasurement]) {
        guard let first = measurements.first, measurements.allSatisfy({ $0.events == first.events }) else { return nil }
        self.benchmark = benchmark
        self.measurements = measurements
    }

    /// Events of one replication, the same in each.
    public var events: Int { measurements[0].events }
    /// The least user CPU time for an event, nanoseconds.
    public var bestNanosecondsPerEvent: Double { (nanosecondsPerEvent.min() ?? .nan) }
    /// The median of the same.
    public var medianNanosecondsPerEvent: Double { median(nanosecondsPerEvent) }
    /// Events a second by the clock on the wall, median.
    public var eventsPerSecond: Double { median(measurements.map { Double($0.events) / $0.wallSeconds }) }
    /// Growth of the peak of resident memory for each client, bytes, median.
    public var bytesPerClient: Double {
        median(measurements.map { Double($0.peakGrowth) / Double(benchmark.clients) })
    }
    /// Instructions in user mode for an event, median; nil where they cannot be counted.
    public var instructionsPerEvent: Double? {
        let counts = measurements.compactMap(\.instructions).map { Double($0) / Double(events) }
        return counts.isEmpty ? nil : median(counts)
    }

    private var nanosecondsPerEvent: [Double] { measurements.map { $0.userSeconds * 1e9 / Double(events) } }

    /// Measures a benchmark in child processes of the program `program`, one after another.
    ///
    /// Short replications are measured more often: CPU time is accounted in ticks of some milliseconds, of which a
    /// median needs several. See `leastTime`.
    ///
    /// - Parameters:
    ///   - repeats: how many measurements at least, 1 or more.
    ///   - program: the path of a program that measures.
    ///   - arguments: with which it measures this benchmark and prints a `MeasurementReport`.
    public static func measure(
        _ benchmark: ReplicationBenchmark,
        repeats: Int,
        program: String,
        arguments: [String]
    ) throws(BenchmarkFailure) -> ReplicationResult {
        var measurements: [ReplicationMeasurement] = []
        var time = 0.0
        while measurements.count < repeats || (time < leastTime && measurements.count < 10 * repeats) {
            let child = try ChildProcess.run(program, arguments)
            guard child.end == .exited(0) else { throw .childFailed(program: program, end: child.end) }
            guard let measurement = MeasurementReport.measurement(in: child.output) else {
                throw .unreadableOutput(program: program, output: child.output)
            }
            measurements.append(measurement)
            time += measurement.userSeconds
        }
        guard let result = ReplicationResult(benchmark, measurements) else {
            throw .wrongResult("the same replication had different numbers of events in different processes")
        }
        return result
    }

    /// Measurements are repeated until they have used this much CPU time together, seconds, at most ten times as often as
    /// was asked for.
    static let leastTime = 0.5
}

/// The middle value, or the mean of the two in the middle; not a number of none.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
