import MonotonicTime
import Testing

@testable import Reconnection

/// The list of messages against a plain array of keys and times.
@Suite struct MessageListTests {
    /// The list and what it should hold.
    private struct Pair: Hashable {
        var list = MessageList()
        var keys: [UInt32] = []
        var times: [Instant] = []

        /// Times before the beginning of time are only approximately kept, except that of the oldest: 8.6 s are lost.
        static let earliest = Instant(nanoseconds: .min + 1 << 33)

        mutating func append(_ key: UInt32, _ time: Instant) {
            list.append(key, offeredAt: time)
            times.append(keys.isEmpty ? time : max(time, Self.earliest))
            keys.append(key)
        }

        mutating func remove(at index: Int) {
            let key = list.remove(at: index)
            #expect(key == keys.remove(at: index))
            times.remove(at: index)
        }

        func check(_ place: Comment) {
            #expect(list.count == keys.count, place)
            #expect(list.isEmpty == keys.isEmpty, place)
            #expect((0..<list.count).map(list.key(at:)) == keys, place)
            #expect((0..<list.count).map(list.offeredAt) == times, place)
            guard let first = keys.first, let last = keys.last else {
                #expect(list.index(of: 0) == nil && list.index(of: .max) == nil, place)
                return
            }
            #expect(list.oldestKey == first && list.oldestOfferedAt == times[0], place)
            // One expectation for all: there are millions of them.
            var probes = [0, .max, last &+ 1, first / 2, first + (last - first) / 2] as [UInt32]
            for key in keys { probes += [key &- 1, key, key &+ 1] }
            let wrong = probes.filter { list.index(of: $0) != naiveIndex(of: $0) }
            #expect(wrong == [], place)
        }

        private func naiveIndex(of key: UInt32) -> Int? {
            for index in keys.indices where keys[index] == key { return index }
            return nil
        }
    }

    /// Times as apps have them, and at both ends of time.
    private static func time(_ random: inout SplitMix, _ step: Int) -> Instant {
        switch random.next(below: 12) {
        case 0: .distantPast
        case 1: .distantFuture
        case 2: Instant(nanoseconds: .min + Int64(random.next(below: 1 << 34)))
        case 3: Instant(nanoseconds: .max - Int64(random.next(below: 1 << 34)))
        case 4: Pair.earliest
        case 5: Instant(nanoseconds: Pair.earliest.nanoseconds + Int64(random.next(below: 3)) - 1)
        case 6: Instant(nanoseconds: -Int64(random.next(below: 1 << 40)))
        default: Instant(.milliseconds(Int64(step)))
        }
    }

    /// How far the next key lies ahead, when `left` keys are left.
    private static func step(_ random: inout SplitMix, _ left: UInt32) -> UInt32 {
        let step: Int
        switch random.next(below: 20) {
        case 0: step = 1 + random.next(below: 1 << 28)
        case 1, 2, 3: step = 1 + random.next(below: 4)
        default: step = 1
        }
        return UInt32(step) <= left ? UInt32(step) : 1
    }

    @Test("it holds what a plain array holds, whatever is appended and removed", arguments: 0..<60)
    func agreesWithArray(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        var pair = Pair()
        // Few messages as on a good day, or a queue of many; keys from 1, or as late as they come.
        let length = [2, 8, 30][seed % 3]
        var next: UInt32 = seed % 4 == 3 ? .max - 5_000 : 1
        var history: [(inout Pair) -> Void] = []
        for step in 0..<300 where next < .max - 1 {
            let isAppended = pair.keys.isEmpty || random.next(below: length) > pair.keys.count - random.next(below: 3)
            if isAppended {
                let key = next
                let time = Self.time(&random, step)
                history.append { $0.append(key, time) }
                next += Self.step(&random, .max - 1 - next)
            } else {
                let index: Int
                switch random.next(below: 4) {
                case 0, 1: index = 0
                case 2: index = pair.keys.count - 1
                default: index = random.next(below: pair.keys.count)
                }
                history.append { $0.remove(at: index) }
            }
            history[history.count - 1](&pair)
            pair.check("seed \(seed), step \(step)")
        }
        // The same history gives the same value, and another value is told apart.
        var again = Pair()
        for change in history { change(&again) }
        #expect(again == pair && again.hashValue == pair.hashValue)
        again.append(next, .origin)
        #expect(again.list != pair.list)
        pair.append(next, .origin + .nanoseconds(1))
        #expect(again.list != pair.list)
        while !pair.keys.isEmpty { pair.remove(at: random.next(below: pair.keys.count)) }
        pair.check("seed \(seed), empty")
    }

    @Test("the largest gap there can be is one entry like any other")
    func largestGap() {
        var pair = Pair()
        pair.append(0, .origin)
        pair.append(.max, .origin + .seconds(1))
        pair.check("two ends")
        pair.remove(at: 0)
        pair.check("upper end")
        var crowd = Pair()
        for key in UInt32(0)...20 { crowd.append(key, Instant(.seconds(Int64(key)))) }
        for key in UInt32.max - 20...UInt32.max { crowd.append(key, Instant(.seconds(Int64(key)))) }
        crowd.check("two crowds")
        // From the middle outwards: all that goes joins the one gap.
        for _ in 0..<20 {
            crowd.remove(at: crowd.keys.count / 2)
            crowd.remove(at: crowd.keys.count / 2)
            crowd.check("\(crowd.keys.count) left")
        }
        #expect(crowd.keys == [0, .max])
    }

    @Test("every order of removal of six messages leaves the rest as it was")
    func everyOrder() {
        func removeAll(_ pair: Pair) {
            pair.check("\(pair.keys)")
            for index in pair.keys.indices {
                var less = pair
                less.remove(at: index)
                removeAll(less)
            }
        }
        var pair = Pair()
        for key in [5, 6, 9, 10, 11, 40] as [UInt32] { pair.append(key, Instant(.seconds(Int64(key)))) }
        removeAll(pair)
    }

    /// How long after the message before it one is offered: from at once to years, at times before it.
    private static func pause(_ random: inout SplitMix, runsBackwards: Bool) -> Interval {
        switch random.next(below: 40) {
        case 0 where runsBackwards: .nanoseconds(-1 - Int64(random.next(below: 1 << 42)))
        case 0: .nanoseconds(Int64(random.next(below: 1 << 57)))
        case 1, 2: .nanoseconds(Int64(random.next(below: 1 << 48)))
        case 3...8: .nanoseconds(Int64(random.next(below: 1 << 40)))
        case 9...12: .nanoseconds(Int64(random.next(below: 3)))
        default: .nanoseconds(Int64(random.next(below: 40_000_000_000)))
        }
    }

    @Test("it holds what a plain array holds when time goes on as clocks do", arguments: 0..<120)
    func agreesWithArrayInOrder(seed: Int) {
        var random = SplitMix(state: UInt64(1_000 + seed))
        let origins: [Instant] = [
            .origin, .origin - .seconds(100), .distantPast, Pair.earliest, .distantFuture - .seconds(86_400),
        ]
        let runsBackwards = seed % 4 == 0
        let skipsKeys = seed % 3 == 0
        let leavesFromMiddle = seed % 2 == 0
        let length = [3, 14, 40][seed % 5 % 3]
        var pair = Pair()
        var now = origins[seed / 4 % 5]
        var next: UInt32 = 1
        for step in 0..<400 {
            now += Self.pause(&random, runsBackwards: runsBackwards)
            // A time of filling, a time of emptying, as outages come and go.
            let isFilling = step / (length * 2) % 2 == 0
            if pair.keys.isEmpty || random.next(below: 10) < (isFilling ? 8 : 2) {
                pair.append(next, now)
                next += skipsKeys && random.next(below: 6) == 0 ? 1 + UInt32(random.next(below: 5)) : 1
            } else {
                let isAnywhere = leavesFromMiddle && random.next(below: 3) == 0
                pair.remove(at: isAnywhere ? random.next(below: pair.keys.count) : 0)
            }
            pair.check("seed \(seed), step \(step)")
        }
        #expect(next > 20, "there must have been messages")
    }

    /// Where a byte more is needed: the largest spans of five to seven bytes and their neighbours.
    private static let spans: [Int64] =
        [0, 1]
        + [32, 39, 40, 47, 48, 55, 56, 62].flatMap { bits in
            [-1, 0, 1].map { (1 << bits) + $0 }
        }

    @Test("spans at the limits of each width are kept to the nanosecond", arguments: spans)
    func limits(span: Int64) {
        for origin in [0, -1, 1 << 40, -span, -span / 2, .min, .max - span, .max - span - 3] as [Int64] {
            var pair = Pair()
            let (oldest, newest) = (Instant(nanoseconds: origin), Instant(nanoseconds: origin + span))
            for (key, time) in [oldest, oldest, newest, newest, newest].enumerated() { pair.append(UInt32(key), time) }
            pair.check("from \(origin)")
            var backwards = pair
            backwards.append(5, oldest)
            backwards.check("back to \(origin)")
            for _ in 0..<4 {
                pair.remove(at: 0)
                pair.check("from \(origin), \(pair.keys.count) left")
            }
            pair.append(5, newest)
            pair.check("from \(origin), again")
        }
    }

    @Test("the same messages are equal however they came to be there")
    func equality() {
        /// Those offered at these seconds, with keys from a key on.
        func list(_ key: UInt32, _ seconds: [Int64]) -> MessageList {
            var list = MessageList()
            for (index, second) in seconds.enumerated() {
                list.append(key + UInt32(index), offeredAt: Instant(.seconds(second)))
            }
            return list
        }
        let plain = list(4, [100_000, 100_001, 100_007])
        // Behind messages of another day, behind one of later, and before one that is gone.
        var others = [list(2, [0, 1, 100_000, 100_001, 100_007]), list(3, [200_000, 100_000, 100_001, 100_007])]
        while others[0].count > 3 { _ = others[0].remove(at: 0) }
        _ = others[1].remove(at: 0)
        others.append(list(4, [100_000, 100_001, 100_007, 300_000]))
        _ = others[2].remove(at: 3)
        for other in others {
            #expect(other == plain && other.hashValue == plain.hashValue)
            var longer = other
            longer.append(7, offeredAt: Instant(.seconds(100_010)))
            #expect(longer != plain && longer == list(4, [100_000, 100_001, 100_007, 100_010]))
        }
        #expect(plain != list(4, [100_000, 100_002, 100_007]) && plain != list(5, [100_000, 100_001, 100_007]))
        var gapped = list(4, [100_000, 100_001, 100_001, 100_007])
        _ = gapped.remove(at: 1)
        #expect(gapped != plain, "other keys at the same times")
    }

    /// How many bytes a list has room for beside its own value, and whether it has any.
    private static func room(_ list: MessageList) throws -> Int {
        try #require(Mirror(reflecting: list).descendant("later", "bytes") as? [UInt8]).capacity
    }

    @Test("a list is 24 bytes, and five bytes more for each message behind the oldest in a quarter of an hour")
    func memory() throws {
        #expect(MemoryLayout<MessageList>.size == 24)
        var list = MessageList()
        for key in 1...40 as ClosedRange<UInt32> {
            list.append(key, offeredAt: Instant(.seconds(20 * Int64(key))))
            let room = try Self.room(list)
            // Allocators give out memory in steps of 16 bytes or less; long lists have room for an eighth more.
            let needed = 1 + 5 * Int(key - 1)
            #expect(key == 1 ? room == 0 : room < needed + needed / 8 + 16, "\(key) messages")
            if key == 14 { #expect(room <= 72) }
        }
        while list.count > 1 { _ = list.remove(at: 0) }
        for key in 41...55 as ClosedRange<UInt32> { list.append(key, offeredAt: Instant(.seconds(20 * Int64(key)))) }
        #expect(try Self.room(list) < 40 * 5 + 32, "memory is used again")
    }
}
