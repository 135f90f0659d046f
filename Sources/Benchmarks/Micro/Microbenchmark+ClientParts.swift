import MonotonicTime
import Reconnection

extension Microbenchmark {
    /// Delays of each growth without jitter, and of exponential growth with each jitter; retries 0 to 7 in turn.
    static var backoffs: [Microbenchmark] {
        let base = Interval.seconds(1)
        let growths: [(String, Backoff.Growth)] = [
            ("fixed", .fixed(base)),
            ("linear", .linear(base: base, step: base)),
            ("exponential", .exponential(base: base, factor: 2)),
            ("exponential, factor 1.6", .exponential(base: base, factor: 1.6)),
            ("table", .table([.seconds(1), .seconds(2), .seconds(5), .seconds(10)])),
            ("compounding", .compounding(base: base, factor: 1.6)),
        ]
        let jitters: [(String, Backoff.Jitter)] = [
            ("full jitter", .full), ("equal jitter", .equal), ("decorrelated jitter", .decorrelated),
            ("smooth decorrelated jitter", .smoothDecorrelated), ("symmetric jitter", .symmetric(fraction: 0.2)),
            ("additive jitter", .additive(fraction: 0.5)),
        ]
        let plain = growths.map { name, growth in (name, Backoff(growth: growth, cap: .seconds(30))) }
        let jittered = jitters.map { name, jitter in
            ("exponential, \(name)", Backoff.exponential(base: base, cap: .seconds(30), jitter: jitter))
        }
        return (plain + jittered).map { name, backoff in
            Microbenchmark("backoff", name) { count, watch in
                let backoff = opaque(backoff)
                var random = StreamSource()
                var memory = Backoff.Memory()
                var sum: Int64 = 0
                watch.start()
                for turn in 0..<count {
                    let retry = turn & 7
                    if retry == 0 { memory = Backoff.Memory() }
                    sum &+= backoff.delay(beforeRetry: retry, memory: &memory, random: &random).nanoseconds
                }
                watch.stop(having: sum)
            }
        }
    }

    /// Parts of a client used by themselves.
    static var clientParts: [Microbenchmark] {
        [
            Microbenchmark("breaker", "permit a call, note its success") { count, watch in
                let policy = opaque(CircuitBreakerPolicy())
                var breaker = CircuitBreaker()
                watch.start()
                for _ in 0..<count {
                    guard case .granted(let epoch) = breaker.requestPermission(at: .origin, policy: policy) else {
                        fatalError("A closed breaker refused.")
                    }
                    _ = breaker.recordSuccess(epoch: epoch, policy: policy)
                }
                watch.stop(having: breaker)
            },
            Microbenchmark("breaker", "five failures, open, probe, close") { count, watch in
                let policy = opaque(CircuitBreakerPolicy(failuresToOpen: 5, openFor: .seconds(30)))
                var breaker = CircuitBreaker()
                var random = StreamSource()
                var now = Instant.origin
                watch.start()
                for _ in 0..<count {
                    for _ in 0..<5 {
                        guard case .granted(let epoch) = breaker.requestPermission(at: now, policy: policy) else {
                            fatalError("A closed breaker refused.")
                        }
                        _ = breaker.recordFailure(epoch: epoch, at: now, policy: policy, random: &random)
                    }
                    now += .seconds(30)
                    guard case .granted(let epoch) = breaker.requestPermission(at: now, policy: policy),
                        breaker.recordSuccess(epoch: epoch, policy: policy) == .closed
                    else { fatalError("The probe did not close the breaker.") }
                }
                watch.stop(having: breaker)
            },
            Microbenchmark("breaker", "permit a call, note its success, share of the last 100") { count, watch in
                let share = CircuitBreakerPolicy.Counting.failureShare(.atLeast(0.5), ofLast: 100, minimumCalls: 10)
                let policy = opaque(CircuitBreakerPolicy(counting: share))
                var breaker = CircuitBreaker()
                watch.start()
                for _ in 0..<count {
                    guard case .granted(let epoch) = breaker.requestPermission(at: .origin, policy: policy) else {
                        fatalError("A closed breaker refused.")
                    }
                    _ = breaker.recordSuccess(epoch: epoch, policy: policy)
                }
                watch.stop(having: breaker)
            },
            Microbenchmark("heartbeat", "send a beat, have it answered") { count, watch in
                let policy = opaque(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10)))
                var heartbeat = Heartbeat()
                var random = StreamSource()
                heartbeat.connectionOpened(at: .origin, policy: policy, random: &random)
                watch.start()
                for _ in 0..<count {
                    let now = heartbeat.nextDeadline
                    guard case .send(let beat) = heartbeat.advance(to: now, policy: policy) else {
                        fatalError("No heartbeat was due.")
                    }
                    heartbeat.replyReceived(beat: beat, at: now + .milliseconds(50), policy: policy)
                }
                watch.stop(having: heartbeat)
            },
        ]
    }
}
