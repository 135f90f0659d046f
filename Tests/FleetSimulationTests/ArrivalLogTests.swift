import MonotonicTime
import Testing

@testable import FleetSimulation

/// Fullest windows, compared with a look at every window there is.
@Suite struct ArrivalLogTests {
    private static func most(_ times: [Int64], _ width: Int64) -> Int {
        times.map { begin in times.count { $0 >= begin && $0 < begin + width } }.max() ?? 0
    }

    private static func peaks(_ times: [Int64], firstDown: Int64?) -> ArrivalPeaks {
        let counting = times.filter { $0 >= firstDown ?? 0 }
        return ArrivalPeaks(
            in100Milliseconds: most(counting, milliseconds(100)),
            in1Second: most(counting, milliseconds(1_000))
        )
    }

    /// Arrivals over half a minute, partly in crowds, on a coarse raster so that windows end exactly on some.
    private static func times(_ choices: inout Choices) -> [Int64] {
        var times: [Int64] = []
        for _ in 0..<choices.below(12) {
            let begin = choices.below(30_000)
            let spread = 1 + choices.below(3_000)
            for _ in 0..<choices.below(40) {
                times.append(milliseconds(Int64(begin + choices.below(spread)) / 10 * 10))
            }
        }
        return times
    }

    @Test(
        "the peak of arrivals told in any order within windows of any length is that of every window",
        arguments: 0..<300
    )
    func slidingPeaks(seed: Int) {
        var choices = Choices(seed: seed)
        var times = Self.times(&choices)
        let firstDown = choices.below(3) == 0 ? nil : milliseconds(Int64(choices.below(33_000)) / 10 * 10)
        let expected = Self.peaks(times, firstDown: firstDown)
        var log = ArrivalLog()
        var begin: Int64 = 0
        while begin < milliseconds(40_000) {
            // Mostly shorter than 2^32 ns, sometimes far longer, and often not on the raster.
            let end = begin + Int64(1 + choices.below(choices.below(8) == 0 ? 20_000_000 : 3_000_000)) * 1_000
            // Some are told a window early.
            var open: [Int64] = []
            var later: [Int64] = []
            for time in times {
                let isTold = time < end || (time < end + (end - begin) && choices.below(5) == 0)
                if isTold { open.append(time) } else { later.append(time) }
            }
            times = later
            while !open.isEmpty { log.arrived(at: Instant(nanoseconds: open.remove(at: choices.below(open.count)))) }
            let known = firstDown.flatMap { $0 < end ? Instant(nanoseconds: $0) : nil }
            log.closeWindow(before: Instant(nanoseconds: end), firstDown: known)
            begin = end
        }
        #expect(log.peaks == expected)
    }

    private static let small: [(times: [Double], peak: Int)] = [
        (times: [], peak: 0),
        (times: [5], peak: 1),
        (times: [0, 1, 2, 3], peak: 1),
        (times: [0.9, 1, 1.1], peak: 3),
        (times: [0.5, 1, 1.499, 1.5, 1.6, 9], peak: 4),
        (times: [2, 2, 2, 2], peak: 4),
    ]

    @Test("windows are half-open and begin anywhere", arguments: small)
    func byHand(times: [Double], peak: Int) {
        var log = ArrivalLog()
        for time in times.reversed() { log.arrived(at: Instant(.milliseconds(Int64(time * 1_000)))) }
        log.closeWindow(before: .distantFuture, firstDown: nil)
        #expect(log.peaks.in1Second == peak)
    }

    @Test("memory is that of a window and a second, whatever the length of the observation")
    func memory() {
        var log = ArrivalLog()
        var most = 0
        for window in 0..<500 {
            for arrival in 0..<4_000 {
                log.arrived(at: .origin + .seconds(4) * Int64(window) + .milliseconds(Int64((arrival * 7) % 4_000)))
            }
            log.closeWindow(before: .origin + .seconds(4) * Int64(window + 1), firstDown: nil)
            if window == 10 { most = log.capacity }
        }
        // 1,000 a second, 4,000 a window: twice as much at most for each of the buffers.
        #expect(log.capacity == most)
        #expect(most <= 2 * (4_000 + 4_000 + 1_024))
        #expect(log.peaks == ArrivalPeaks(in100Milliseconds: 100, in1Second: 1_000))
    }

    // MARK: Parts of a fleet

    /// One thing that a probe is told.
    private struct Telling {
        var time: Int64
        var kind: Int
        var cohort: Int
        var number: Int64
    }

    private static func tell(_ telling: Telling, to probe: inout Probe) {
        let now = Instant(nanoseconds: telling.time)
        let number = Interval(nanoseconds: telling.number)
        switch telling.kind {
        case 0: probe.launched(cohort: telling.cohort, at: now)
        case 1: probe.arrived(cohort: telling.cohort, at: now)
        case 2: probe.connected(cohort: telling.cohort, at: now)
        case 3: probe.refused(RefusalReason.allCases[Int(telling.number % 3)], at: now)
        case 4: probe.ended(AttemptOutcome.allCases[1 + Int(telling.number % 4)], cohort: telling.cohort, at: now)
        case 5: probe.offered(cohort: telling.cohort, at: now)
        case 6: probe.received(cohort: telling.cohort, offeredAt: now - number, deadline: .seconds(3), at: now)
        case 7: probe.sent(at: now)
        case 8: probe.sessionsChanged(by: telling.number % 2 == 0 ? 1 : -1, at: now)
        case 9: probe.recoveryChanged(cohort: telling.cohort, after: number, by: telling.number % 3 == 0 ? -1 : 1)
        case 10: probe.reconnected(cohort: telling.cohort, after: number)
        case 11: probe.stayedAway(cohort: telling.cohort, for: number)
        case 12: probe.handshakeBegan(after: number)
        case 13: if telling.time > milliseconds(60_000) { probe.outageBegan(at: now) }
        default: if telling.time > milliseconds(60_000) { probe.outageEnded(cohort: telling.cohort, at: now) }
        }
    }

    @Test(
        "probes of parts of a fleet add up to the probe of the whole",
        arguments: 0..<60,
        [Recording.everyInstant, .countersOnly]
    )
    func parts(seed: Int, recording: Recording) throws {
        var choices = Choices(seed: seed)
        let scenario = try scenario(
            """
            name: parts
            duration: 100s
            fleet:
              - { name: one, clients: 5, policy: full-jitter, network: wifi }
              - { name: two, clients: 7, policy: full-jitter, network: wifi }
            servers:
              - { name: gateway, handshake: { workers: 1, time: 1ms } }
            """
        )
        // Samples are exact, on the way to a sketch, or sketches.
        let limit = [1_000, 60, 3][seed % 3]
        func probe() -> Probe {
            Probe(scenario: scenario, replication: 2, capacity: 9, recording: recording, sampleLimit: limit)
        }
        var whole = probe()
        var main = probe()
        var parts = (0...choices.below(4)).map { _ in probe() }
        for window in 0..<25 {
            let begin = milliseconds(Int64(4_000 * window))
            for _ in 0..<choices.below(80) {
                let telling = Telling(
                    time: begin + Int64(choices.below(4_000_000_000)),
                    kind: choices.below(15),
                    cohort: choices.below(2),
                    number: Int64(choices.below(choices.below(2) == 0 ? 5_000 : 20_000_000_000))
                )
                Self.tell(telling, to: &whole)
                let place = choices.below(parts.count + 1)
                if place == parts.count { Self.tell(telling, to: &main) } else { Self.tell(telling, to: &parts[place]) }
            }
            let change = choices.below(5) - 1
            whole.backlogChanged(by: change, at: Instant(nanoseconds: begin))
            main.backlogChanged(by: change, at: Instant(nanoseconds: begin))
            let end = Instant(nanoseconds: begin + milliseconds(4_000))
            for part in parts.indices { main.takeArrivals(of: &parts[part]) }
            for part in parts.indices { parts[part].closeWindow(before: end) }
            main.closeWindow(before: end)
            whole.closeWindow(before: end)
        }
        while !parts.isEmpty { main.add(parts.remove(at: choices.below(parts.count))) }
        main.finish()
        whole.finish()
        #expect(main.record == whole.record)
        #expect(recording == .countersOnly || whole.record.peaks.in1Second > 0)
        #expect(whole.record.cohorts[0].launched > 0)
    }

    // MARK: The grid

    @Test("counts of the grid are those of the instants", arguments: 0..<20)
    func grid(seed: Int) throws {
        var choices = Choices(seed: seed)
        let duration = Interval.milliseconds(Int64(1_000 + choices.below(20_000)))
        var grid = CountGrid(duration: duration)
        #expect(grid.width == .milliseconds(10))
        let times = (0..<choices.below(500)).map { _ in Int64(choices.below(Int(duration.nanoseconds))) }
        for time in times { grid.arrived(at: Instant(nanoseconds: time)) }
        #expect(grid.total(.arrived) == times.count && grid.total(.launched) == 0)
        let first = choices.below(grid.count)
        let range = first..<first + 1 + choices.below(grid.count - first)
        for width in [10, 100, 1_000] {
            let counts = try #require(grid.counts(.arrived, in: range, width: .milliseconds(Int64(width))))
            let begin = milliseconds(Int64(10 * range.lowerBound))
            let end = milliseconds(Int64(10 * range.upperBound))
            var expected = [Int](repeating: 0, count: (10 * range.count + width - 1) / width)
            for time in times where time >= begin && time < end {
                expected[Int((time - begin) / milliseconds(Int64(width)))] += 1
            }
            #expect(counts == expected)
            #expect(grid.total(.arrived, in: range) == expected.reduce(0, +))
        }
    }

    @Test(
        "long observations are counted in wider bins",
        arguments: [(40_000, 10, 2), (40_001, 100, 1), (400_000, 100, 1), (400_001, 1_000, 0)]
    )
    func widths(seconds: Int64, milliseconds: Int64, narrow: Int) {
        let grid = CountGrid(duration: .seconds(seconds))
        #expect(grid.width == .milliseconds(milliseconds))
        #expect(CountGrid.narrowWidths(of: .seconds(seconds)).count == narrow)
        #expect(grid.bin(.origin + .milliseconds(5_999)) == Int(5_999 / milliseconds))
        #expect(grid.bin(.distantFuture) == grid.count - 1)
        #expect((grid.counts(.arrived, width: .milliseconds(100)) == nil) == (milliseconds > 100))
    }
}
