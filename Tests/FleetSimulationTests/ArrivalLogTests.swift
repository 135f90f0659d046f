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
        let found = log.peaks
        #expect(found == expected)
    }

    // MARK: Against two pointers over sorted times

    /// The same by two pointers over sorted times, for many arrivals.
    private static func sortedPeaks(_ times: [Int64], from start: Int64) -> ArrivalPeaks {
        let sorted = times.filter { $0 >= start }.sorted()
        func most(_ width: Int64) -> Int {
            var first = 0
            var most = 0
            for (last, time) in sorted.enumerated() {
                while time - sorted[first] >= width { first += 1 }
                most = max(most, last - first + 1)
            }
            return most
        }
        return ArrivalPeaks(in100Milliseconds: most(milliseconds(100)), in1Second: most(milliseconds(1_000)))
    }

    /// Arrivals from `begin` on, of one of several kinds; some may lie beyond the end.
    private static func crowd(_ choices: inout Choices, from begin: Int64, to end: Int64) -> [Int64] {
        let length = Int(end - begin)
        let width = Int(ArrivalBuckets.width)
        let count = [0, 1, 3, 40, 40, 300, 2_000][choices.below(7)]
        let kind = choices.below(8)
        let place = begin + Int64(choices.below(length))
        let times: [Int64] = (0..<count).map { number in
            switch kind {
            // All over the window, evenly or in a burst that fades away.
            case 0: begin + Int64(choices.below(length))
            case 1: begin + Int64(length / count * number)
            case 2: begin + Int64(length / (1 + choices.below(1 + choices.below(1_000))) - 1)
            // At once, or nearly.
            case 3: place
            case 4: place + Int64(choices.below(choices.below(2) == 0 ? 1_000 : 3_000_000))
            // On the edges of buckets, and a width of sliding windows apart.
            case 5:
                ((place >> ArrivalBuckets.bits) + Int64(choices.below(300))) << ArrivalBuckets.bits
                    + Int64(choices.below(2) == 0 ? 0 : width - 1)
            case 6:
                place + milliseconds([0, 100, 1_000, 1_100][choices.below(4)]) + Int64(choices.below(3))
            // Further and further ahead, up to a day.
            default: place + Int64(1) << Int64(choices.below(47))
            }
        }
        return times.map { max(begin, $0) }
    }

    @Test("logs of parts of a fleet together find the fullest windows after each window", arguments: 0..<200)
    func merged(seed: Int) {
        var choices = Choices(seed: seed)
        var main = ArrivalLog()
        var whole = ArrivalLog()
        let others = (0..<choices.below(4)).map { _ in OtherLog() }
        let usual = [1_000_000, 8_388_608, 100_000_000, 1_000_000_000, 16_000_000_000, 3_600_000_000_000][
            choices.below(6)
        ]
        let outage = choices.below(3) == 0 ? -1 : choices.below(12)
        var told: [Int64] = []
        var firstDown: Int64?
        var begin: Int64 = 0
        for window in 0..<12 {
            let length = choices.below(3) == 0 ? 1 + choices.below(2 * usual) : usual
            let end = begin + Int64(length)
            for time in Self.crowd(&choices, from: begin, to: end) + Self.crowd(&choices, from: begin, to: end) {
                whole.arrived(at: Instant(nanoseconds: time))
                told.append(time)
                let place = choices.below(others.count + 1)
                if place == others.count {
                    main.arrived(at: Instant(nanoseconds: time))
                } else {
                    others[place].log.arrived(at: Instant(nanoseconds: time))
                }
            }
            if window == outage { firstDown = begin + Int64(choices.below(length)) }
            let down = firstDown.map { Instant(nanoseconds: $0) }
            for other in others { main.take(from: &other.log) }
            for other in others { other.log.closeWindow(before: Instant(nanoseconds: end), firstDown: down) }
            main.closeWindow(before: Instant(nanoseconds: end), firstDown: down)
            whole.closeWindow(before: Instant(nanoseconds: end), firstDown: down)
            let expected = Self.sortedPeaks(told.filter { $0 < end }, from: firstDown ?? 0)
            let found = (main.peaks, whole.peaks)
            #expect(found.0 == expected && found.1 == expected, "window \(window), \(begin)..<\(end)")
            let hasCounted = (main.hasCounted, whole.hasCounted)
            #expect(hasCounted.0 == told.contains { $0 < end } && hasCounted.1 == hasCounted.0)
            begin = end
        }
        main.closeWindow(before: .distantFuture, firstDown: firstDown.map { Instant(nanoseconds: $0) })
        let found = main.peaks
        #expect(found == Self.sortedPeaks(told, from: firstDown ?? 0))
    }

    /// An array holds no logs themselves.
    private final class OtherLog {
        var log = ArrivalLog()
    }

    @Test("what a log has counted stays there when its open arrivals are taken over", arguments: 0..<50)
    func takenLater(seed: Int) {
        var choices = Choices(seed: seed)
        let end = milliseconds(Int64(1 + choices.below(3_000)))
        let times = Self.times(&choices).map { $0 % milliseconds(5_000) }
        var one = ArrivalLog()
        var other = ArrivalLog()
        for time in times { other.arrived(at: Instant(nanoseconds: time)) }
        other.closeWindow(before: Instant(nanoseconds: end), firstDown: nil)
        one.take(from: &other)
        one.closeWindow(before: .distantFuture, firstDown: nil)
        other.closeWindow(before: .distantFuture, firstDown: nil)
        let found = (one.peaks, other.peaks)
        #expect(found.0 == Self.sortedPeaks(times, from: end))
        #expect(found.1 == Self.sortedPeaks(times.filter { $0 < end }, from: 0))
    }

    @Test("an arrival before the end of the last closed window is a mistake")
    func tooLate() async {
        await #expect(processExitsWith: .failure) {
            var log = ArrivalLog()
            log.closeWindow(before: .origin + .milliseconds(5), firstDown: nil)
            log.arrived(at: .origin + .milliseconds(4))
        }
    }

    @Test("numbers are sorted, however they are spread", arguments: 0..<60)
    func sorting(seed: Int) {
        var choices = Choices(seed: seed)
        let count = [0, 1, 2, 12, 13, 100, 5_000][choices.below(7)]
        let begin = choices.below(1 << 22)
        let spread = 1 + choices.below(1 << (1 + choices.below(22)))
        let values = (0..<count).map { _ in UInt32(begin + choices.below(spread)) }
        var sorted = values
        var scratch = values
        sorted.withUnsafeMutableBufferPointer { sorted in
            scratch.withUnsafeMutableBufferPointer { sortOffsets(sorted, scratch: $0, bits: 23) }
        }
        #expect(sorted == values.sorted())
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
        let found = log.peaks.in1Second
        #expect(found == peak)
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
            if window == 10 { most = log.bytes }
        }
        let (bytes, peaks) = (log.bytes, log.peaks)
        #expect(bytes == most)
        // A block at least for each bucket of a window and a second, and for the arrivals; twice as much for what grows.
        let buckets = Int(milliseconds(5_000) / ArrivalBuckets.width) + 2
        #expect(most <= 2 * (buckets * (128 + 32 + 9) + 5_000 * 4))
        #expect(peaks == ArrivalPeaks(in100Milliseconds: 100, in1Second: 1_000))
    }

    @Test("arrivals hours ahead take no room for the time between")
    func hoursAhead() {
        var log = ArrivalLog()
        for hour in 0..<100 { log.arrived(at: .origin + .seconds(3_600) * Int64(hour)) }
        let before = log.bytes
        log.closeWindow(before: .origin + .seconds(3_600 * 50), firstDown: nil)
        log.closeWindow(before: .distantFuture, firstDown: nil)
        let (after, peaks) = (log.bytes, log.peaks)
        #expect(before < 100_000 && after < 100_000)
        #expect(peaks == ArrivalPeaks(in100Milliseconds: 1, in1Second: 1))
    }

    // MARK: Parts of a fleet

    /// One thing that a probe is told.
    private struct Telling {
        var time: Int64
        var kind: Int
        var cohort: Int
        var number: Int64
    }

    /// An array holds no probes themselves.
    private final class Part {
        var probe: Probe

        init(_ probe: consuming Probe) { self.probe = probe }
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
        var parts = (0...choices.below(4)).map { _ in Part(probe()) }
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
                if place == parts.count {
                    Self.tell(telling, to: &main)
                } else {
                    Self.tell(telling, to: &parts[place].probe)
                }
            }
            let change = choices.below(5) - 1
            whole.backlogChanged(by: change, at: Instant(nanoseconds: begin))
            main.backlogChanged(by: change, at: Instant(nanoseconds: begin))
            let end = Instant(nanoseconds: begin + milliseconds(4_000))
            for part in parts { main.takeArrivals(of: &part.probe) }
            for part in parts { part.probe.closeWindow(before: end) }
            main.closeWindow(before: end)
            whole.closeWindow(before: end)
        }
        while !parts.isEmpty { main.take(&parts.remove(at: choices.below(parts.count)).probe) }
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
        for time in times { grid.count(.arrived, at: Instant(nanoseconds: time)) }
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
