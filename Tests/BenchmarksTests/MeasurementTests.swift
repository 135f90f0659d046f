import Foundation
import Testing

@testable import Benchmarks

@Suite("Measurements")
struct MeasurementTests {
    private func measurement(
        events: Int = 100,
        user: Double = 0.5,
        instructions: Int? = nil,
        herd: HerdResult? = nil
    ) -> ReplicationMeasurement {
        ReplicationMeasurement(
            events: events,
            userSeconds: user,
            wallSeconds: 2 * user,
            peakGrowth: 4_000,
            instructions: instructions,
            herd: herd
        )
    }

    @Test("a report reads back as what it was written from, with and without what may be absent")
    func report() throws {
        var herd = try result(firstSecond: 1_241)
        #expect(MeasurementReport.measurement(in: MeasurementReport.text(of: measurement())) == measurement())
        for time in [nil, 60.25] {
            herd.medianTime = time
            herd.lateTime = time
            let full = measurement(user: 0.1 + 0.2, instructions: 12_345, herd: herd)
            #expect(MeasurementReport.measurement(in: MeasurementReport.text(of: full)) == full)
        }
    }

    @Test(
        "what is no report gives no measurement",
        arguments: ["", "events 3\n", "events 3 4\n", "events x\nuser_s 1\nwall_s 1\npeak_growth_bytes 1\n"]
    )
    func noReport(text: String) {
        #expect(MeasurementReport.measurement(in: text) == nil)
    }

    @Test("the least and the median are taken for an event, memory for a client")
    func summary() throws {
        let benchmark = ReplicationBenchmark(.subway, clients: 10)
        let found = [0.4, 0.1, 0.3].map { measurement(user: $0, instructions: Int($0 * 1_000)) }
        let result = try #require(ReplicationResult(benchmark, found))
        #expect(result.bestNanosecondsPerEvent == 0.1 * 1e9 / 100)
        #expect(result.medianNanosecondsPerEvent == 0.3 * 1e9 / 100)
        #expect(result.eventsPerSecond == 100 / 0.6)
        #expect(result.bytesPerClient == 400)
        #expect(result.instructionsPerEvent == 3)
        #expect(ReplicationResult(benchmark, [measurement()])?.instructionsPerEvent == nil)
        #expect(ReplicationResult(benchmark, []) == nil)
        #expect(ReplicationResult(benchmark, [measurement(), measurement(events: 101)]) == nil)
    }

    @Test("the middle of values")
    func medians() {
        #expect(median([3, 1, 2]) == 2)
        #expect(median([4, 1, 2, 3]) == 2.5)
        #expect(median([]).isNaN)
    }

    @Test("the standard set has the sizes and workloads it is described by")
    func standardSet() {
        func sizes(_ workload: ReplicationBenchmark.Workload, _ extent: ReplicationBenchmark.Extent) -> [Int] {
            ReplicationBenchmark.standardSet(extent).filter { $0.workload == workload }.map(\.clients)
        }
        for workload in [ReplicationBenchmark.Workload.herd, .herdDeep, .serverRestart] {
            #expect(sizes(workload, .quick) == [10_000, 100_000])
            #expect(sizes(workload, .standard) == [10_000, 100_000, 1_000_000])
            #expect(sizes(workload, .full) == [10_000, 100_000, 1_000_000, 10_000_000])
        }
        #expect(sizes(.serverRestartFixedServers, .quick) == [])
        #expect(sizes(.serverRestartFixedServers, .standard) == [1_000_000])
        #expect(sizes(.subway, .quick) == [10_000])
    }

    @Test("a child's output, status and memory are those of the child")
    func childProcess() throws {
        let child = try ChildProcess.run("/bin/sh", ["-c", "echo one two; exit 3"])
        #expect(child.end == .exited(3))
        #expect(child.output == "one two\n")
        #expect(child.peakBytes > 0 && child.userSeconds < 10)
        #expect(try ChildProcess.run("/bin/sh", ["-c", "kill -TERM $$"]).end == .signalled(15))
        #expect(throws: BenchmarkFailure.self) { try ChildProcess.run("/nowhere/at-all", []) }
        // More than a pipe holds at once.
        let long = try ChildProcess.run(
            "/bin/sh",
            ["-c", "i=0; while [ $i -lt 20000 ]; do echo 0123456; i=$((i+1)); done"]
        )
        #expect(long.output.utf8.count == 160_000)
    }

    @Test("this process's memory and time are seen")
    func resources() {
        let before = ResourceUsage.peakBytes
        let block = [UInt8](repeating: 1, count: 64 << 20)
        consume(block)
        #expect(before > 0)
        #expect(ResourceUsage.peakBytes >= 64 << 20)
        #expect(ResourceUsage.userSeconds > 0)
        #expect(ResourceUsage.threadNanoseconds > 0)
    }
}
