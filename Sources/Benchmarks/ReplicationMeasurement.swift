import FleetSimulation
public import Scenarios

/// What one replication cost, measured by the process that ran it.
public struct ReplicationMeasurement: Sendable, Hashable {
    /// Events, as the benchmark counts them.
    public var events: Int
    /// CPU time of all threads in user mode, seconds: setting up the world, running it, and making its record.
    public var userSeconds: Double
    /// The same by the clock on the wall.
    public var wallSeconds: Double
    /// By how much the largest resident memory grew, bytes.
    public var peakGrowth: Int
    /// Instructions in user mode; nil where they cannot be counted.
    public var instructions: Int?
    /// The result of a replication of HERD.
    public var herd: HerdResult?

    /// Runs replication 0 of a scenario once and measures it.
    ///
    /// Memory is that of the process, so that it means something only in a process that has run nothing before.
    ///
    /// - Parameters:
    ///   - threads: how many share the work.
    ///   - isRecorded: whether everything is recorded, or only the counters that must balance.
    /// - Throws: `wrongResult` if the books do not balance or the first second of HERD is not HERD's.
    public static func measure(
        _ scenario: Scenario,
        as workload: ReplicationBenchmark.Workload,
        threads: Int = 1,
        isRecorded: Bool = true
    ) throws(BenchmarkFailure) -> ReplicationMeasurement {
        guard let policies = Replication.policies(of: scenario) else {
            throw .unknownPolicy(scenario: scenario.name)
        }
        let counter = InstructionCounter()
        let peakBefore = ResourceUsage.peakBytes
        let clock = ContinuousClock()
        let began = clock.now
        let userBefore = ResourceUsage.userSeconds
        let countBefore = counter.count
        let run = Replication.run(
            scenario,
            policies: policies,
            number: 0,
            recording: isRecorded ? .full : .countersOnly,
            threads: threads
        )
        let countAfter = counter.count
        let userAfter = ResourceUsage.userSeconds
        let elapsed = began.duration(to: clock.now)
        let peakAfter = ResourceUsage.peakBytes
        // Only a run that is asked to stop gives no record.
        guard let record = run else { fatalError("A replication that nobody stopped was given up.") }
        if let fault = record.conservationFaults.first {
            throw .wrongResult("the books of '\(scenario.name)' do not balance: \(fault)")
        }
        let herd = workload.isHerd && isRecorded ? HerdResult(record) : nil
        if let reason = herd?.refusal(clients: scenario.clientCount) { throw .wrongResult(reason) }
        return ReplicationMeasurement(
            events: herd?.events ?? record.events,
            userSeconds: userAfter - userBefore,
            wallSeconds: elapsed / .seconds(1),
            peakGrowth: peakAfter - peakBefore,
            instructions: countAfter.flatMap { after in countBefore.map { after - $0 } },
            herd: herd
        )
    }
}
