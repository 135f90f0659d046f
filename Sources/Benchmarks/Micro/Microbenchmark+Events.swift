import DiscreteEvents
import MonotonicTime

extension Microbenchmark {
    /// The hold operation: the next event is taken, and one is scheduled some time after it, so that as many are pending.
    ///
    /// - Source: D. W. Jones, "An empirical comparison of priority-queue and event-set implementations", CACM 29(4), 1986.
    static var eventQueues: [Microbenchmark] {
        let sizes = [1_000, 10_000, 100_000, 1_000_000]
        let bucketed = sizes.map { pending in
            Microbenchmark("event-queue", "hold, \(pending) pending") { count, watch in
                let delays = exponentialDelays
                var queue = EventQueue<UInt64>()
                for place in 0..<pending {
                    queue.schedule(UInt64(place), at: .origin + delays[place & (delays.count - 1)])
                }
                var sum: UInt64 = 0
                watch.start()
                for turn in 0..<count {
                    guard let (time, payload) = queue.popNext(notAfter: .distantFuture) else { break }
                    sum &+= payload
                    queue.schedule(payload, at: time + delays[turn & (delays.count - 1)])
                }
                watch.stop(having: sum)
            }
        }
        let heaps = sizes.map { pending in
            Microbenchmark("binary-heap", "hold, \(pending) pending") { count, watch in
                let delays = exponentialDelays
                var queue = BinaryHeapEventQueue<UInt64>()
                for place in 0..<pending {
                    queue.schedule(UInt64(place), at: .origin + delays[place & (delays.count - 1)])
                }
                var sum: UInt64 = 0
                watch.start()
                for turn in 0..<count {
                    guard let (time, payload) = queue.popNext(notAfter: .distantFuture) else { break }
                    sum &+= payload
                    queue.schedule(payload, at: time + delays[turn & (delays.count - 1)])
                }
                watch.stop(having: sum)
            }
        }
        return bucketed + heaps
    }

    /// Exponential delays of 1 s on average; a power of two of them.
    private static var exponentialDelays: [Interval] {
        var stream = randomStream
        return (0..<(1 << 16)).map { _ in Distribution.exponential(mean: 1).interval(atUniform: stream.nextUniform()) }
    }

    private static var key: RandomKey { RandomKey(seed: 1, replication: 0) }

    static var randomStream: RandomStream { RandomStream(key: key, entity: 1, purpose: 1) }

    static var randomStreams: [Microbenchmark] {
        [
            Microbenchmark("random", "draw a uniform number") { count, watch in
                var stream = opaque(randomStream)
                var sum = 0.0
                watch.start()
                for _ in 0..<count { sum += stream.nextUniform() }
                watch.stop(having: sum)
            },
            Microbenchmark("random", "draw an integer below a bound") { count, watch in
                var stream = opaque(randomStream)
                let bound: UInt64 = opaque(1_000_003)
                var sum: UInt64 = 0
                watch.start()
                for _ in 0..<count { sum &+= stream.uniform(below: bound) }
                watch.stop(having: sum)
            },
            Microbenchmark("random", "addressed uniform number") { count, watch in
                let key = opaque(key)
                var sum = 0.0
                watch.start()
                for turn in 0..<count {
                    let client = UInt32(truncatingIfNeeded: turn)
                    sum += RandomStream.uniform(key: key, entity: client, purpose: 1, index: 7)
                }
                watch.stop(having: sum)
            },
            Microbenchmark("random", "addressed pair") { count, watch in
                let key = opaque(key)
                var sum: UInt64 = 0
                watch.start()
                for turn in 0..<count {
                    let client = UInt32(truncatingIfNeeded: turn)
                    let (first, second) = RandomStream.pair(key: key, entity: client, purpose: 1, index: 3)
                    sum &+= first &+ second
                }
                watch.stop(having: sum)
            },
        ]
    }

    static var distributions: [Microbenchmark] {
        let lognormal = Distribution.lognormal(median: 0.05, sigma: 0.6)
        let kinds: [(String, Distribution)] = [
            ("constant", .constant(0.05)),
            ("uniform", .uniform(lower: 0.02, upper: 0.09)),
            ("exponential", .exponential(mean: 0.05)),
            ("lognormal", lognormal),
            ("weibull", .weibull(shape: 0.7, scale: 0.05)),
            ("truncated lognormal", .truncated(lower: 0.02, upper: 0.5, base: lognormal)),
            ("empirical, 100 values", .empirical(sorted: (1...100).map { Double($0) / 1_000 })),
        ]
        let exact = kinds.map { name, distribution in
            Microbenchmark("distribution", name) { count, watch in
                let distribution = opaque(distribution)
                let uniforms = uniforms
                var sum = Interval.zero
                watch.start()
                for turn in 0..<count {
                    sum += distribution.interval(atUniform: uniforms[turn & (uniforms.count - 1)])
                }
                watch.stop(having: sum)
            }
        }
        let tabulated = Microbenchmark("distribution", "lognormal, from a quantile table") { count, watch in
            let table = QuantileTable(opaque(lognormal))
            let uniforms = uniforms
            var sum = Interval.zero
            watch.start()
            for turn in 0..<count { sum += table.interval(atUniform: uniforms[turn & (uniforms.count - 1)]) }
            watch.stop(having: sum)
        }
        return exact + [tabulated]
    }

    /// Uniform numbers drawn beforehand; a power of two of them.
    private static var uniforms: [Double] {
        var stream = randomStream
        return (0..<4_096).map { _ in stream.nextUniform() }
    }
}
