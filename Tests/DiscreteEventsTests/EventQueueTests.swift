import DiscreteEvents
import MonotonicTime
import Testing

/// Random schedules from a seed, replayed against references that are obviously right.
@Suite struct EventQueueTests {
    /// How far ahead of now events are scheduled: each row aims at other levels of the calendar.
    enum Reach: CaseIterable {
        case oneBucket, neighbouringBuckets, oneEpoch, severalEpochs, severalEras, mixed, never

        /// A delay in nanoseconds for fine buckets of 16 ns, epochs of 65,536 ns and eras of 67,108,864 ns.
        func delay(_ stream: inout RandomStream) -> Int64 {
            let bound: UInt64 =
                switch self {
                case .oneBucket: 16
                case .neighbouringBuckets: 200
                case .oneEpoch: 65_536
                case .severalEpochs: 1_000_000
                case .severalEras: 300_000_000
                case .mixed: 1 << (1 + stream.uniform(below: 30))
                case .never: stream.uniform(below: 2) == 0 ? 100 : 1 << 63
                }
            return Int64(stream.uniform(below: bound))
        }
    }

    /// The pending events in an array, in order of insertion; the earliest is looked for at every pop.
    struct SearchedArray {
        var events: [(time: Instant, payload: UInt32)] = []

        mutating func popNext(notAfter limit: Instant) -> (time: Instant, payload: UInt32)? {
            var earliest: Int?
            for index in events.indices where earliest.map({ events[index].time < events[$0].time }) ?? true {
                earliest = index
            }
            guard let earliest, events[earliest].time <= limit, events[earliest].time < .distantFuture else {
                return nil
            }
            return events.remove(at: earliest)
        }
    }

    @Test(
        "events come in order of time, ties in order of insertion, with pops and limits in between",
        arguments: Reach.allCases,
        [UInt64](1...12)
    )
    func agreesWithSearchedArray(reach: Reach, seed: UInt64) {
        var stream = RandomStream(key: RandomKey(seed: seed, replication: 0), entity: 0, purpose: 0)
        let start = Instant(nanoseconds: seed % 3 == 0 ? -200_000_000 : seed % 3 == 1 ? 0 : -12_345)
        var queue = EventQueue<UInt32>(bucketWidth: .nanoseconds(16), startingAt: start)
        var heap = BinaryHeapEventQueue<UInt32>(startingAt: start)
        var array = SearchedArray()
        var limit = start
        var payload: UInt32 = 0
        for step in 0..<600 {
            // Fills at first, then keeps the level, then drains.
            let schedules = stream.uniform(below: 600) > UInt64(step) ? 2 : 0
            for _ in 0..<schedules {
                let time = queue.now + Interval(nanoseconds: reach.delay(&stream))
                for _ in 0...stream.uniform(below: 3) / 2 {
                    queue.schedule(payload, at: time)
                    heap.schedule(payload, at: time)
                    array.events.append((time, payload))
                    payload += 1
                }
            }
            limit = max(limit, queue.now) + Interval(nanoseconds: reach.delay(&stream) / 2)
            let upTo = step % 4 == 0 ? limit : step % 4 == 1 ? .distantFuture : queue.now + .nanoseconds(500)
            for _ in 0...stream.uniform(below: 3) {
                let expected = array.popNext(notAfter: upTo)
                let popped = queue.popNext(notAfter: upTo)
                let fromHeap = heap.popNext(notAfter: upTo)
                let agrees =
                    isSame(popped, expected) && isSame(fromHeap, expected) && queue.count == array.events.count
                    && heap.count == array.events.count && queue.now == heap.now
                let found = String(describing: popped)
                #expect(agrees, "seed \(seed), step \(step): \(found), not \(String(describing: expected))")
                if !agrees { return }
            }
        }
    }

    @Test("a large random load comes out as from the heap", arguments: [UInt64](1...3), [16, 20, 32])
    func agreesWithHeap(seed: UInt64, widthShift: Int64) {
        var stream = RandomStream(key: RandomKey(seed: seed, replication: 1), entity: 0, purpose: 0)
        var queue = EventQueue<Int>(bucketWidth: .nanoseconds(1 << widthShift))
        var heap = BinaryHeapEventQueue<Int>()
        let delay = Distribution.lognormal(median: 0.5, sigma: 3)
        for payload in 0..<4_000 {
            let time = Instant(delay.interval(atUniform: stream.nextUniform()))
            queue.schedule(payload, at: time)
            heap.schedule(payload, at: time)
        }
        for payload in 4_000..<20_000 {
            let expected = heap.popNext(notAfter: .distantFuture)
            let popped = queue.popNext(notAfter: .distantFuture)
            let agrees = isSame(popped, expected)
            #expect(agrees, "seed \(seed), width 2^\(widthShift) ns, event \(payload)")
            if !agrees { return }
            let time = queue.now + delay.interval(atUniform: stream.nextUniform())
            queue.schedule(payload, at: time)
            heap.schedule(payload, at: time)
        }
    }

    @Test("events of one time keep their order whatever level each of them was scheduled into")
    func tiesAcrossLevels() {
        let tie = Instant(nanoseconds: 150_000_000)
        var queue = EventQueue<Int>(bucketWidth: .nanoseconds(16))
        // Steps towards the tie: from three eras away through the same era, epoch and bucket to the very instant.
        let steps: [Int64] = [0, 70_000_000, 140_000_000, 149_999_000, 149_999_990, 149_999_999, 150_000_000]
        for step in steps { queue.schedule(-1, at: Instant(nanoseconds: step)) }
        queue.schedule(0, at: tie)
        var tied = 1
        var order: [Int] = []
        while let event = queue.popNext(notAfter: tie) {
            if event.payload >= 0 { order.append(event.payload) }
            guard event.payload < 0 else { continue }
            for _ in 0..<20 {
                queue.schedule(tied, at: tie)
                tied += 1
            }
        }
        #expect(order == Array(0..<tied))
        #expect(tied == 141)
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
    }

    private func isSame<Payload: Equatable>(
        _ left: (time: Instant, payload: Payload)?,
        _ right: (time: Instant, payload: Payload)?
    ) -> Bool {
        left?.time == right?.time && left?.payload == right?.payload
    }

    @Test("after a pop in vain, an earlier event can still be scheduled and comes first")
    func scheduleBehindTheSearch() {
        var queue = EventQueue<Int>(bucketWidth: .nanoseconds(16))
        queue.schedule(2, at: Instant(nanoseconds: 1_000_015))
        queue.schedule(3, at: Instant(nanoseconds: 500_000_000))
        let early = queue.popNext(notAfter: Instant(nanoseconds: 1_000_010))
        #expect(early == nil)
        queue.schedule(1, at: Instant(nanoseconds: 5))
        queue.schedule(22, at: Instant(nanoseconds: 1_000_015))
        var order: [Int] = []
        while let event = queue.popNext(notAfter: .distantFuture) { order.append(event.payload) }
        #expect(order == [1, 2, 22, 3])
    }

    @Test("the ends of time neither trap nor come early; the distant future never comes", arguments: [1, 20, 32])
    func endsOfTime(widthShift: Int64) {
        var queue = EventQueue<Int>(bucketWidth: .nanoseconds(1 << widthShift), startingAt: .distantPast)
        queue.schedule(5, at: .distantFuture)
        queue.schedule(4, at: .distantFuture - .nanoseconds(1))
        queue.schedule(3, at: .origin)
        queue.schedule(2, at: .origin - .nanoseconds(1))
        queue.schedule(1, at: .distantPast)
        var order: [Int] = []
        while let event = queue.popNext(notAfter: .distantFuture) { order.append(event.payload) }
        #expect(order == [1, 2, 3, 4])
        let (pending, now) = (queue.count, queue.now)
        #expect(pending == 1)
        #expect(now == .distantFuture - .nanoseconds(1))
    }

    @Test("an event that never comes does not disturb those scheduled after a look for it")
    func neverIsNotReached() {
        var queue = EventQueue<Int>()
        queue.schedule(0, at: .distantFuture)
        let never = queue.popNext(notAfter: .distantFuture)
        #expect(never == nil)
        for payload in 1...100 { queue.schedule(payload, at: Instant(.seconds(Int64(101 - payload)))) }
        var order: [Int] = []
        while let event = queue.popNext(notAfter: .distantFuture) { order.append(event.payload) }
        #expect(order == Array((1...100).reversed()))
    }

    @Test("many events of one bucket, in descending times with ties, are sorted")
    func fullBucket() {
        var queue = EventQueue<Int>()
        for payload in 0..<3_000 {
            queue.schedule(payload, at: Instant(nanoseconds: Int64(1_000_000 - payload / 3 * 300)))
        }
        var previous: (time: Instant, payload: Int) = (.distantPast, -1)
        var popped = 0
        while let event = queue.popNext(notAfter: .distantFuture) {
            let isInOrder =
                previous.time < event.time || previous.time == event.time && previous.payload < event.payload
            #expect(isInOrder, "payload \(event.payload) after \(previous.payload)")
            previous = event
            popped += 1
        }
        #expect(popped == 3_000)
    }

    @Test("what is told to be upcoming is what is popped, and the first of each bucket is known")
    func upcoming() {
        var stream = RandomStream(key: RandomKey(seed: 7, replication: 0), entity: 0, purpose: 0)
        var queue = EventQueue<Int>(bucketWidth: .nanoseconds(1_024))
        for payload in 0..<2_000 {
            queue.schedule(payload, at: Instant(nanoseconds: Int64(stream.uniform(below: 200_000))))
        }
        var popped: [Int] = []
        var told: [(place: Int, payload: Int)] = []
        var bucket: Int64?
        var sizes: [Int] = []
        while let event = queue.popNext(notAfter: .distantFuture) {
            popped.append(event.payload)
            let isFirst = event.time.nanoseconds / 1_024 != bucket
            #expect(queue.hasBegunBucket == isFirst, "\(event.time)")
            bucket = event.time.nanoseconds / 1_024
            if isFirst { sizes.append(0) }
            sizes[sizes.count - 1] += 1
            for ahead in [0, 3] {
                if let payload = queue.upcoming(ahead) { told.append((popped.count + ahead, payload)) }
            }
        }
        #expect(told.allSatisfy { popped[$0.place] == $0.payload })
        // All but the first of each bucket, and all but the first four.
        #expect(told.count == sizes.reduce(0) { $0 + $1 - 1 + max(0, $1 - 4) })
    }

    @Test("scheduling before the time reached ends the process")
    func pastIsRejected() async {
        await #expect(processExitsWith: .failure) {
            var queue = EventQueue<Int>()
            queue.schedule(0, at: Instant(.seconds(1)))
            _ = queue.popNext(notAfter: .distantFuture)
            queue.schedule(1, at: Instant(.milliseconds(999)))
        }
        await #expect(processExitsWith: .failure) {
            var queue = BinaryHeapEventQueue<Int>(startingAt: Instant(.seconds(-1)))
            queue.schedule(1, at: Instant(.seconds(-2)))
        }
    }
}
