import MonotonicTime
import Reconnection
import Testing

/// Edits made offline, from the keystroke to the merged payload.
@Suite struct MergeBufferTests {
    private static let documented = MergeBufferPolicy()
    private static let doubling = MergeBufferPolicy(
        retry: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)
    )

    /// A buffer that holds so many edits and has just started its first flush with them.
    private static func flushing(_ count: Int, policy: MergeBufferPolicy) -> MergeBuffer<Int> {
        var buffer = MergeBuffer<Int>(isOnline: false)
        for edit in 0..<count { #expect(buffer.edited(edit) == .held) }
        #expect(buffer.networkChanged(isOnline: true, policy: policy) == .flush(number: 1, count: count))
        return buffer
    }

    @Test("edits are held while offline and only then, and go out as one payload on the online event")
    func mergeOnFlush() {
        var buffer = MergeBuffer<Int>()
        #expect(buffer.isOnline)
        #expect(buffer.edited(0) == .notHeld)
        #expect(buffer.networkChanged(isOnline: false, policy: Self.documented) == .none)
        for edit in 1...3 { #expect(buffer.edited(edit) == .held) }
        #expect(buffer.pendingCount == 3)
        #expect(buffer.networkChanged(isOnline: true, policy: Self.documented) == .flush(number: 1, count: 3))
        #expect(buffer.pending == [1, 2, 3])
        #expect(buffer.edited(4) == .notHeld)
        #expect(buffer.flushSucceeded(number: 1, policy: Self.documented) == .none)
        #expect(buffer.pending.isEmpty && !buffer.isFlushing)
        #expect(buffer.payloadsSent == 1 && buffer.editsFlushed == 3)
        #expect(buffer.editsSentTwice == 0 && buffer.editsLost == 0)
    }

    @Test("an online event without pending edits sends nothing")
    func nothingPending() {
        var buffer = MergeBuffer<Int>(isOnline: false)
        #expect(buffer.networkChanged(isOnline: true, policy: Self.documented) == .none)
        #expect(buffer.payloadsSent == 0 && !buffer.isFlushing)
    }

    @Test("success removes only what was sent; what was queued meanwhile goes out on the next online event")
    func onlyWhatWasSent() {
        var buffer = Self.flushing(2, policy: Self.documented)
        #expect(buffer.networkChanged(isOnline: false, policy: Self.documented) == .none)
        #expect(buffer.edited(7) == .held)
        #expect(buffer.flushSucceeded(number: 1, policy: Self.documented) == .none)
        #expect(buffer.pending == [7])
        #expect(buffer.networkChanged(isOnline: true, policy: Self.documented) == .flush(number: 2, count: 1))
        #expect(buffer.flushSucceeded(number: 2, policy: Self.documented) == .none)
        #expect(buffer.editsFlushed == 3 && buffer.editsLost == 0 && buffer.payloadsSent == 2)
    }

    @Test("one flush at a time: an online event during a flush is honoured when it ends", arguments: [true, false])
    func oneFlushAtATime(succeeds: Bool) {
        var random = CountingRandomSource([0])
        for policy in [Self.documented, Self.doubling] {
            var buffer = Self.flushing(2, policy: policy)
            #expect(buffer.networkChanged(isOnline: false, policy: policy) == .none)
            #expect(buffer.edited(7) == .held)
            #expect(buffer.networkChanged(isOnline: true, policy: policy) == .none)
            #expect(buffer.inFlightCount == 2)
            if succeeds {
                #expect(buffer.flushSucceeded(number: 1, policy: policy) == .flush(number: 2, count: 1))
            } else {
                #expect(
                    buffer.flushFailed(number: 1, at: at(0), policy: policy, random: &random)
                        == .flush(number: 2, count: 3)
                )
            }
            #expect(buffer.nextDeadline == .distantFuture)
            // Honoured once.
            #expect(buffer.flushFailed(number: 2, at: at(0), policy: policy, random: &random) == .none)
            #expect(buffer.pendingCount == (succeeds ? 1 : 3))
            #expect(buffer.editsSentTwice == 0)
        }
    }

    @Test("an online event during a flush is forgotten if the network goes before the flush ends")
    func rememberedEventForgotten() {
        var buffer = Self.flushing(1, policy: Self.documented)
        _ = buffer.networkChanged(isOnline: false, policy: Self.documented)
        _ = buffer.edited(7)
        _ = buffer.networkChanged(isOnline: true, policy: Self.documented)
        _ = buffer.networkChanged(isOnline: false, policy: Self.documented)
        #expect(buffer.flushSucceeded(number: 1, policy: Self.documented) == .none)
        #expect(buffer.pending == [7])
    }

    @Test("without a retry a failed flush keeps its edits until the next online event, whatever the time")
    func failureKeeps() {
        var random = CountingRandomSource([0])
        var buffer = Self.flushing(2, policy: Self.documented)
        #expect(buffer.flushFailed(number: 1, at: at(1), policy: Self.documented, random: &random) == .none)
        #expect(buffer.pending == [0, 1] && !buffer.isFlushing)
        #expect(buffer.nextDeadline == .distantFuture)
        #expect(buffer.advance(to: at(1_000_000)) == .none)
        // Also one without an offline event before it.
        #expect(buffer.networkChanged(isOnline: true, policy: Self.documented) == .flush(number: 2, count: 2))
        #expect(buffer.editsFlushed == 0 && buffer.payloadsSent == 2 && buffer.editsSentTwice == 0)
        #expect(random.draws == 0)
    }

    @Test("with a retry a failed flush is tried again after its backoff, to the nanosecond, and growing")
    func retry() {
        var random = CountingRandomSource([0])
        var buffer = Self.flushing(2, policy: Self.doubling)
        #expect(buffer.flushFailed(number: 1, at: at(10), policy: Self.doubling, random: &random) == .none)
        #expect(buffer.nextDeadline == at(11))
        #expect(buffer.advance(to: at(11) - .nanoseconds(1)) == .none)
        #expect(buffer.advance(to: at(11)) == .flush(number: 2, count: 2))
        #expect(buffer.nextDeadline == .distantFuture)
        #expect(buffer.advance(to: at(11)) == .none)
        #expect(buffer.flushFailed(number: 2, at: at(12), policy: Self.doubling, random: &random) == .none)
        #expect(buffer.nextDeadline == at(14))
        // A network event starts the count anew.
        #expect(buffer.networkChanged(isOnline: true, policy: Self.doubling) == .flush(number: 3, count: 2))
        #expect(buffer.nextDeadline == .distantFuture)
        #expect(buffer.flushFailed(number: 3, at: at(20), policy: Self.doubling, random: &random) == .none)
        #expect(buffer.nextDeadline == at(21))
        #expect(random.draws == 0)
    }

    @Test("no retry waits while offline: neither after going offline nor after a failure there")
    func noRetryOffline() {
        var random = CountingRandomSource([0])
        var waiting = Self.flushing(1, policy: Self.doubling)
        _ = waiting.flushFailed(number: 1, at: at(0), policy: Self.doubling, random: &random)
        #expect(waiting.networkChanged(isOnline: false, policy: Self.doubling) == .none)
        #expect(waiting.nextDeadline == .distantFuture)
        #expect(waiting.advance(to: at(5)) == .none)

        var flushing = Self.flushing(1, policy: Self.doubling)
        _ = flushing.networkChanged(isOnline: false, policy: Self.doubling)
        #expect(flushing.flushFailed(number: 1, at: at(0), policy: Self.doubling, random: &random) == .none)
        #expect(flushing.nextDeadline == .distantFuture)
        #expect(flushing.pending == [0])
    }

    @Test("a retry with jitter draws one number a wait")
    func draws() {
        let policy = MergeBufferPolicy(retry: .exponential(base: .seconds(8), cap: .seconds(60), jitter: .full))
        var random = CountingRandomSource([0.25])
        var buffer = Self.flushing(1, policy: policy)
        _ = buffer.flushFailed(number: 1, at: at(0), policy: policy, random: &random)
        #expect(random.draws == 1)
        #expect(buffer.nextDeadline == at(2))
    }

    @Test("decorrelated retry waits grow from the one before")
    func decorrelated() {
        let policy = MergeBufferPolicy(retry: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .decorrelated))
        var random = CountingRandomSource([0.5])
        var buffer = Self.flushing(1, policy: policy)
        _ = buffer.flushFailed(number: 1, at: at(0), policy: policy, random: &random)
        #expect(buffer.nextDeadline == at(2))
        _ = buffer.advance(to: at(2))
        _ = buffer.flushFailed(number: 2, at: at(2), policy: policy, random: &random)
        #expect(buffer.nextDeadline == at(5.5))
    }

    @Test("results of older flushes, of flushes to come, and repeated ones change nothing")
    func strangeResults() {
        var random = CountingRandomSource([0])
        var buffer = Self.flushing(1, policy: Self.doubling)
        _ = buffer.flushFailed(number: 1, at: at(0), policy: Self.doubling, random: &random)
        let waiting = buffer
        #expect(buffer.flushSucceeded(number: 1, policy: Self.doubling) == .none)
        #expect(buffer == waiting)
        #expect(buffer.advance(to: at(1)) == .flush(number: 2, count: 1))
        let flushing = buffer
        for number in [UInt32(0), 1, 3] {
            #expect(buffer.flushSucceeded(number: number, policy: Self.doubling) == .none)
            #expect(buffer.flushFailed(number: number, at: at(9), policy: Self.doubling, random: &random) == .none)
        }
        #expect(buffer == flushing)
    }

    // MARK: Hazards

    @Test("hazard: success wipes what was queued during the flush")
    func successWipesEverything() {
        let policy = MergeBufferPolicy(hazards: .successWipesEverything)
        var buffer = Self.flushing(2, policy: policy)
        _ = buffer.networkChanged(isOnline: false, policy: policy)
        for edit in 7...9 { _ = buffer.edited(edit) }
        #expect(buffer.flushSucceeded(number: 1, policy: policy) == .none)
        #expect(buffer.pending.isEmpty)
        #expect(buffer.editsLost == 3 && buffer.editsFlushed == 2)
        #expect(buffer.networkChanged(isOnline: true, policy: policy) == .none)
    }

    @Test("hazard: two online events during one flush send the same edits twice")
    func flushesOverlap() {
        let policy = MergeBufferPolicy(hazards: .flushesOverlap)
        var buffer = Self.flushing(2, policy: policy)
        _ = buffer.networkChanged(isOnline: false, policy: policy)
        _ = buffer.edited(7)
        #expect(buffer.networkChanged(isOnline: true, policy: policy) == .flush(number: 2, count: 3))
        #expect(buffer.editsSentTwice == 2 && buffer.payloadsSent == 2)
        // Only the last one counts.
        #expect(buffer.flushSucceeded(number: 1, policy: policy) == .none)
        #expect(buffer.pendingCount == 3)
        #expect(buffer.flushSucceeded(number: 2, policy: policy) == .none)
        #expect(buffer.pending.isEmpty && buffer.editsFlushed == 3 && buffer.editsLost == 0)
    }

    // MARK: Random inputs

    @Test("whatever happens, every held edit arrives once and in order, or is still held", arguments: 0..<20)
    func conservation(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let policy = seed.isMultiple(of: 2) ? Self.documented : Self.doubling
        var buffer = MergeBuffer<Int>(isOnline: false)
        var now = Instant.origin
        var next = 0
        var arrived: [Int] = []
        var open: (number: UInt32, edits: [Int])?
        func note(_ action: MergeBuffer<Int>.Action) {
            guard case .flush(let number, let count) = action else { return }
            #expect(open == nil, "one flush at a time, seed \(seed)")
            open = (number, Array(buffer.pending[..<count]))
            #expect(buffer.isOnline && count == buffer.pendingCount && count > 0)
        }
        for _ in 0..<600 {
            now += .milliseconds(Int64(random.next(below: 700)))
            switch random.next(below: 7) {
            case 0, 1:
                if buffer.edited(next) == .held { next += 1 }
            case 2: note(buffer.networkChanged(isOnline: true, policy: policy))
            case 3: note(buffer.networkChanged(isOnline: false, policy: policy))
            case 4:
                guard let ended = open else { break }
                open = nil
                arrived += ended.edits
                note(buffer.flushSucceeded(number: ended.number, policy: policy))
            case 5:
                guard let ended = open else { break }
                open = nil
                note(buffer.flushFailed(number: ended.number, at: now, policy: policy, random: &random))
            default: note(buffer.advance(to: now))
            }
            #expect(arrived + buffer.pending == Array(0..<next), "seed \(seed)")
            #expect(buffer.isFlushing == (open != nil))
        }
        #expect(buffer.editsFlushed == arrived.count)
        #expect(buffer.editsLost == 0 && buffer.editsSentTwice == 0)
        #expect(arrived.count > 10)
    }
}
