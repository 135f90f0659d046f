import Testing

@testable import Benchmarks

@Suite("Rivals as benchmarks")
struct RivalComparisonTests {
    private let header =
        "impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100"

    /// A player that prints a line and plays nothing.
    private func printing(_ line: String, name: String = "printer") -> HerdPlayer {
        .rival(name, program: "/bin/sh", leading: ["-c", "echo '\(header)'; echo '\(line)'"])
    }

    private let right = "x,1000,2,1,24641,7824,7824,0,1000,7993,1213,77,60.019925,89.231159,98.392482,-1"

    @Test("HERD's line is read by the names of its columns")
    func line() throws {
        let (child, result) = try printing(right).play(clients: 1_000)
        #expect(child.end == .exited(0))
        #expect(result.attempts == 7_824 && result.outcomes == 7_824 && result.timeouts == 0)
        #expect(result.connects == 1_000 && result.heartbeats == 7_993 && result.peak == 1_213)
        #expect(result.medianTime == 60.019925 && result.lateTime == 98.392482)
        #expect(result.events == 24_641)
        let never = try printing("x,9,2,1,5,1,1,1,1,1,1,1,-1,-1,-1,-1").play(clients: 9).result
        #expect(never.medianTime == nil && never.lateTime == nil)
    }

    @Test("output that is no line of HERD, and a failure, are refused")
    func refused() throws {
        #expect(throws: BenchmarkFailure.self) { try printing("x,1,2").play(clients: 1) }
        let failing = HerdPlayer.rival("failing", program: "/bin/sh", leading: ["-c", "exit 4"])
        #expect(throws: BenchmarkFailure.childFailed(program: "/bin/sh", end: .exited(4))) {
            try failing.play(clients: 1)
        }
    }

    @Test("each plays up to the size it is asked for, ours first")
    func rows() throws {
        let limited = HerdPlayer.rival(
            "limited",
            program: "/bin/sh",
            leading: ["-c", "echo '\(header)'; echo '\(right)'"],
            mostClients: 100
        )
        let comparison = try RivalComparison([printing(right, name: "first"), limited], repeats: 1)
        let rows = try comparison.rows(clients: 1_000)
        #expect(rows.map(\.player.name) == ["first"])
        #expect(rows.first?.result.events == 24_641)
        #expect((rows.first?.nanosecondsPerEvent ?? -1) >= 0)
    }

    @Test("whoever plays something else is named")
    func wrong() throws {
        let comparison = try RivalComparison([printing(right, name: "cheat")], repeats: 1)
        let failure = #expect(throws: BenchmarkFailure.self) { try comparison.rows(clients: 2_000) }
        #expect(failure?.description.hasPrefix("cheat: this is not HERD: 1213 attempts of 2000 clients") == true)
    }
}
