import Foundation
import Testing

@testable import Benchmarks

@Suite("Single operations")
struct MicrobenchmarkTests {
    /// Their bodies stop the program where the machine they time is not in the state it must be in.
    @Test("every one does its work, and has a name of its own")
    func all() throws {
        let scenario = try Data(contentsOf: scenarioFile)
        let benchmarks = Microbenchmark.all(scenario: [UInt8](scenario))
        #expect(Set(benchmarks.map { "\($0.group): \($0.operation)" }).count == benchmarks.count)
        for benchmark in benchmarks {
            var watch = Stopwatch()
            benchmark.body(130, &watch)
            #expect(watch.nanoseconds > 0, "\(benchmark.operation)")
        }
        #expect(benchmarks.contains { $0.group == "reader" && $0.bytes == scenario.count })
        #expect(!Microbenchmark.all(scenario: nil).contains { $0.group == "reader" })
    }

    @Test("as many operations are timed as a sample needs, and the cost is that of one")
    func measuring() {
        let benchmark = Microbenchmark("test", "add", bytes: 8) { count, watch in
            var sum = 0.0
            watch.start()
            for number in 0..<count { sum += Double(opaque(number)) }
            watch.stop(having: sum)
        }
        let result = benchmark.measure(repeats: 3, atLeast: 0.001)
        #expect(result.bestNanoseconds > 0)
        #expect(result.bestNanoseconds <= result.medianNanoseconds)
        #expect(result.megabytesPerSecond == 8_000 / result.medianNanoseconds)
    }

    private var scenarioFile: URL {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root = root.deletingLastPathComponent() }
        return root.appendingPathComponent("Scenarios/server-restart.yaml")
    }
}
