import MonotonicTime
import Reconnection
import Testing

/// A coalescer with its caller's duties, and the answers the caller keeps.
private struct Desk {
    private var coalescer = RequestCoalescer<String>()
    var policy: RequestCoalescerPolicy
    private(set) var kept: Set<UInt64> = []
    private(set) var forgotten: [UInt64] = []

    init(_ policy: RequestCoalescerPolicy = .chatSDK) {
        self.policy = policy
    }

    var keptCount: Int { coalescer.keptCount }
    var underWayCount: Int { coalescer.underWayCount }

    mutating func call(
        _ key: String = "a",
        at milliseconds: Int64,
        timeToLive: Interval? = nil,
        joinWindow: Interval? = nil
    ) -> RequestCoalescer<String>.Answer {
        let now = Instant(.milliseconds(milliseconds))
        return coalescer.call(key, at: now, timeToLive: timeToLive, joinWindow: joinWindow, policy: policy)
    }

    mutating func succeed(_ number: UInt64, at milliseconds: Int64) -> RequestCoalescer<String>.Arrival {
        var buffer = ActionBuffer<UInt64>()
        let now = Instant(.milliseconds(milliseconds))
        let arrival = coalescer.succeeded(number, at: now, policy: policy, forgotten: &buffer)
        if arrival == .deliverAndKeep { kept.insert(number) }
        forget(Array(buffer.list))
        return arrival
    }

    mutating func fail(
        _ number: UInt64,
        _ kind: FailureKind,
        at milliseconds: Int64
    ) -> RequestCoalescer<String>.Arrival {
        var buffer = ActionBuffer<UInt64>()
        let now = Instant(.milliseconds(milliseconds))
        let arrival = coalescer.failed(number, kind: kind, at: now, policy: policy, forgotten: &buffer)
        forget(Array(buffer.list))
        return arrival
    }

    mutating func clear(_ key: String = "a") {
        var buffer = ActionBuffer<UInt64>()
        coalescer.clear(key, policy: policy, forgotten: &buffer)
        forget(Array(buffer.list))
    }

    mutating func clear(prefix: String) {
        var buffer = ActionBuffer<UInt64>()
        coalescer.clear(policy: policy, forgotten: &buffer) { $0.hasPrefix(prefix) }
        forget(Array(buffer.list))
    }

    mutating func clearAll() {
        var buffer = ActionBuffer<UInt64>()
        coalescer.clearAll(policy: policy, forgotten: &buffer)
        forget(Array(buffer.list))
    }

    mutating func removeStale(at milliseconds: Int64) {
        var buffer = ActionBuffer<UInt64>()
        coalescer.removeStale(at: Instant(.milliseconds(milliseconds)), policy: policy, forgotten: &buffer)
        forget(Array(buffer.list))
    }

    private mutating func forget(_ numbers: [UInt64]) {
        forgotten += numbers
        kept.subtract(numbers)
    }
}

@Suite struct RequestCoalescerTests {
    // MARK: Wanted

    @Test("a request under way is joined without limit, and its answer serves repeats until the time to live")
    func joinThenCache() {
        var desk = Desk()
        #expect(desk.call(at: 0) == .send(1))
        #expect(desk.call(at: 0) == .join(1))
        #expect(desk.call(at: 3_600_000) == .join(1))
        #expect(desk.call("b", at: 3_600_000) == .send(2))
        #expect(desk.succeed(1, at: 3_600_000) == .deliverAndKeep)
        #expect(desk.call(at: 3_600_000) == .answerFromCache(1))
        #expect(desk.call(at: 3_604_999) == .answerFromCache(1))
        // Exactly as old as the time to live is too old.
        #expect(desk.call(at: 3_605_000) == .send(3))
        #expect(desk.call(at: 3_605_000) == .join(3))
        #expect(desk.kept == [1])
        #expect(desk.succeed(3, at: 3_606_000) == .deliverAndKeep)
        #expect(desk.forgotten == [1] && desk.kept == [3])
    }

    @Test("an age is a nanosecond below the time to live, or it is too old")
    func boundary() {
        var coalescer = RequestCoalescer<Int>()
        var forgotten = ActionBuffer<UInt64>()
        let policy = RequestCoalescerPolicy.chatSDK
        #expect(coalescer.call(1, at: .origin, policy: policy) == .send(1))
        #expect(
            coalescer.succeeded(1, at: .origin, policy: policy, forgotten: &forgotten) == .deliverAndKeep
        )
        let end = Instant(.seconds(5))
        #expect(coalescer.call(1, at: end - .nanoseconds(1), policy: policy) == .answerFromCache(1))
        #expect(coalescer.call(1, at: end, policy: policy) == .send(2))
    }

    @Test("a call may name its own time to live; 0 turns the cache off but not the joining")
    func ownTimeToLive() {
        var desk = Desk()
        _ = desk.call(at: 0)
        _ = desk.succeed(1, at: 0)
        #expect(desk.call(at: 20_000, timeToLive: .seconds(30)) == .answerFromCache(1))
        #expect(desk.call(at: 30_000, timeToLive: .seconds(30)) == .send(2))
        #expect(desk.succeed(2, at: 30_000) == .deliverAndKeep)
        #expect(desk.call(at: 30_000, timeToLive: .zero) == .send(3))
        #expect(desk.call(at: 30_001, timeToLive: .zero) == .join(3))
        // Others still have the answer from before.
        #expect(desk.call(at: 30_001) == .answerFromCache(2))
        #expect(desk.call(at: 30_001, timeToLive: .milliseconds(1)) == .join(3))
        #expect(desk.succeed(3, at: 30_002) == .deliverAndKeep)
        #expect(desk.kept == [3])
    }

    @Test("an answer nobody wanted kept is not, and the one before it is out of date")
    func cacheOff() {
        var desk = Desk(RequestCoalescerPolicy(timeToLive: .zero))
        _ = desk.call(at: 0)
        #expect(desk.succeed(1, at: 1) == .deliver)
        #expect(desk.call(at: 1) == .send(2))
        #expect(desk.succeed(2, at: 1) == .deliver)
        desk = Desk()
        _ = desk.call(at: 0)
        _ = desk.succeed(1, at: 0)
        #expect(desk.call(at: 1, timeToLive: .zero) == .send(2))
        #expect(desk.succeed(2, at: 2) == .deliver)
        #expect(desk.forgotten == [1])
        #expect(desk.call(at: 3) == .send(3))
    }

    @Test("a failure goes to all who joined and is not kept")
    func failures() {
        for kind in [FailureKind.client, .server(retryAfter: nil), .network] {
            var desk = Desk()
            _ = desk.call(at: 0)
            #expect(desk.call(at: 1) == .join(1))
            #expect(desk.fail(1, kind, at: 2) == .deliver)
            #expect(desk.call(at: 2) == .send(2))
        }
    }

    @Test("numbers that are not under way are ignored")
    func unknownNumbers() {
        var desk = Desk()
        #expect(desk.succeed(1, at: 0) == .ignore)
        #expect(desk.fail(0, .network, at: 0) == .ignore)
        _ = desk.call(at: 0)
        #expect(desk.succeed(2, at: 0) == .ignore)
        #expect(desk.succeed(1, at: 0) == .deliverAndKeep)
        #expect(desk.succeed(1, at: 0) == .ignore)
        #expect(desk.fail(1, .client, at: 0) == .ignore)
        #expect(desk.call(at: 0) == .answerFromCache(1))
    }

    @Test("after time went backwards answers are young, but not where the cache is off")
    func backwards() {
        var desk = Desk()
        _ = desk.call(at: 10_000)
        _ = desk.succeed(1, at: 10_000)
        #expect(desk.call(at: 0) == .answerFromCache(1))
        #expect(desk.call(at: 0, timeToLive: .zero) == .send(2))
        #expect(desk.call(at: -100_000, timeToLive: .milliseconds(-1)) == .join(2))
    }

    // MARK: Clearing

    @Test(
        "clearing covers what is kept and what is under way",
        arguments: ["one", "some", "all"]
    )
    func clearing(what: String) {
        func clear(_ desk: inout Desk) {
            switch what {
            case "one": desk.clear("a")
            case "some": desk.clear(prefix: "a")
            default: desk.clearAll()
            }
        }
        var desk = Desk()
        _ = desk.call(at: 0)
        _ = desk.succeed(1, at: 0)
        clear(&desk)
        #expect(desk.forgotten == [1])
        #expect(desk.call(at: 1) == .send(2))
        clear(&desk)
        // Calls after the clearing do not join, and the answer from before it is delivered but not kept.
        #expect(desk.call(at: 2) == .send(3))
        #expect(desk.call(at: 2) == .join(3))
        #expect(desk.succeed(2, at: 3) == .deliver)
        #expect(desk.call(at: 3) == .join(3))
        #expect(desk.succeed(3, at: 4) == .deliverAndKeep)
        #expect(desk.call(at: 4) == .answerFromCache(3))
    }

    @Test("clearing some keys leaves the others")
    func clearingSome() {
        var desk = Desk()
        for (index, key) in ["a/1", "b/1", "a/2", "b/2"].enumerated() {
            #expect(desk.call(key, at: 0) == .send(UInt64(index) + 1))
        }
        for number in [2, 1] as [UInt64] { _ = desk.succeed(number, at: 0) }
        desk.clear(prefix: "a")
        #expect(desk.forgotten == [1])
        #expect(desk.call("b/1", at: 1) == .answerFromCache(2))
        #expect(desk.call("b/2", at: 1) == .join(4))
        #expect(desk.call("a/1", at: 1) == .send(5))
        #expect(desk.call("a/2", at: 1) == .send(6))
        desk.clear("b/2")
        #expect(desk.call("b/1", at: 1) == .answerFromCache(2))
        #expect(desk.call("b/2", at: 1) == .send(7))
        #expect(desk.call("a/2", at: 1) == .join(6))
        desk.clear("c")
        #expect(desk.keptCount == 1 && desk.underWayCount == 5)
    }

    @Test("all answers are forgotten in the order in which they arrived")
    func clearingOrder() {
        var desk = Desk()
        for key in ["a", "b", "c", "d"] { _ = desk.call(key, at: 0) }
        for number in [3, 1, 4, 2] as [UInt64] { _ = desk.succeed(number, at: 0) }
        desk.clearAll()
        #expect(desk.forgotten == [3, 1, 4, 2])
        #expect(desk.keptCount == 0)
    }

    // MARK: Capacity

    @Test("beyond the capacity the answer that arrived first goes")
    func capacity() {
        var desk = Desk(RequestCoalescerPolicy(capacity: 2))
        for key in ["a", "b", "c"] { _ = desk.call(key, at: 0) }
        _ = desk.succeed(2, at: 0)
        _ = desk.succeed(1, at: 0)
        #expect(desk.forgotten == [])
        _ = desk.succeed(3, at: 0)
        #expect(desk.forgotten == [2] && desk.kept == [1, 3])
        // Being used does not make an answer younger; being replaced does.
        #expect(desk.call("a", at: 1) == .answerFromCache(1))
        #expect(desk.call("a", at: 1, timeToLive: .milliseconds(1)) == .send(4))
        _ = desk.succeed(4, at: 1)
        #expect(desk.call("d", at: 1) == .send(5))
        _ = desk.succeed(5, at: 1)
        #expect(desk.forgotten == [2, 1, 3] && desk.kept == [4, 5])
        for capacity in [0, -1] {
            desk = Desk(RequestCoalescerPolicy(capacity: capacity))
            _ = desk.call(at: 0)
            #expect(desk.succeed(1, at: 0) == .deliver)
        }
    }

    @Test("stale answers go when asked to, those asked for with a longer time to live later")
    func removeStale() {
        var desk = Desk()
        for key in ["a", "b"] { _ = desk.call(key, at: 0) }
        _ = desk.succeed(1, at: 0)
        _ = desk.succeed(2, at: 0)
        #expect(desk.call("b", at: 1, timeToLive: .seconds(30)) == .answerFromCache(2))
        desk.removeStale(at: 4_999)
        #expect(desk.forgotten == [])
        desk.removeStale(at: 5_000)
        #expect(desk.forgotten == [1])
        desk.removeStale(at: 29_999)
        #expect(desk.kept == [2])
        desk.removeStale(at: 30_000)
        #expect(desk.kept == [])
    }

    // MARK: Hazards

    @Test("a join window lets a second request out beside the first; the newer answer stays")
    func joinWindow() {
        var desk = Desk(RequestCoalescerPolicy(joinWindow: .seconds(1)))
        #expect(desk.call(at: 0) == .send(1))
        #expect(desk.call(at: 999) == .join(1))
        #expect(desk.call(at: 1_000) == .send(2))
        #expect(desk.call(at: 1_500) == .join(2))
        #expect(desk.call(at: 2_500, joinWindow: .seconds(2)) == .join(2))
        #expect(desk.call(at: 2_500, joinWindow: .milliseconds(1_500)) == .send(3))
        #expect(desk.succeed(2, at: 3_000) == .deliverAndKeep)
        #expect(desk.succeed(1, at: 3_001) == .deliver)
        #expect(desk.call(at: 3_001) == .answerFromCache(2))
        #expect(desk.call(at: 3_001, timeToLive: .zero) == .join(3))
        #expect(desk.succeed(3, at: 3_002) == .deliverAndKeep)
        #expect(desk.kept == [3])
    }

    @Test("an older answer does not come back where the newer one is gone again")
    func olderAfterEviction() {
        var desk = Desk(RequestCoalescerPolicy(joinWindow: .zero, capacity: 1))
        #expect(desk.call("a", at: 0) == .send(1))
        #expect(desk.call("a", at: 0) == .send(2))
        #expect(desk.call("b", at: 0) == .send(3))
        _ = desk.succeed(2, at: 1)
        _ = desk.succeed(3, at: 2)
        #expect(desk.forgotten == [2])
        #expect(desk.succeed(1, at: 3) == .deliver)
        #expect(desk.kept == [3])
    }

    @Test("ages that count from the send make a slow answer old when it arrives")
    func agesCountFromSend() {
        var desk = Desk(RequestCoalescerPolicy(hazards: .agesCountFromSend))
        _ = desk.call(at: 0)
        _ = desk.succeed(1, at: 4_000)
        #expect(desk.call(at: 4_999) == .answerFromCache(1))
        #expect(desk.call(at: 5_000) == .send(2))
        _ = desk.succeed(2, at: 10_000)
        #expect(desk.call(at: 10_000) == .send(3))
    }

    @Test("a zero that means the default gives an old answer to a caller who wants a new one")
    func zeroMeansDefault() {
        var desk = Desk(RequestCoalescerPolicy(hazards: .zeroMeansDefault))
        _ = desk.call(at: 0)
        _ = desk.succeed(1, at: 0)
        #expect(desk.call(at: 4_999, timeToLive: .zero) == .answerFromCache(1))
        #expect(desk.call(at: 5_000, timeToLive: .zero) == .send(2))
    }

    @Test("an older answer that replaces and unregisters costs a request and leaves a stale answer")
    func olderAnswerRemovesNewer() {
        var desk = Desk(RequestCoalescerPolicy(joinWindow: .seconds(1), hazards: .olderAnswerRemovesNewer))
        _ = desk.call(at: 0)
        _ = desk.call(at: 1_000)
        #expect(desk.call(at: 1_100, timeToLive: .zero) == .join(2))
        #expect(desk.succeed(1, at: 1_200) == .deliverAndKeep)
        // Request 2 is under way for 300 ms and could be joined, but is no longer known.
        #expect(desk.call(at: 1_300, timeToLive: .milliseconds(100)) == .send(3))
        #expect(desk.succeed(3, at: 1_400) == .deliverAndKeep)
        #expect(desk.succeed(2, at: 1_500) == .deliverAndKeep)
        #expect(desk.call(at: 1_500) == .answerFromCache(2))
        #expect(desk.kept == [2])
    }

    @Test("clearing that misses what is under way lets the cleared answer come back")
    func clearMissesInFlight() {
        var desk = Desk(RequestCoalescerPolicy(hazards: .clearMissesInFlight))
        for clear in [{ $0.clear() }, { $0.clear(prefix: "a") }] as [(inout Desk) -> Void] {
            desk = Desk(desk.policy)
            _ = desk.call(at: 0)
            clear(&desk)
            #expect(desk.call(at: 1) == .join(1))
            #expect(desk.succeed(1, at: 2) == .deliverAndKeep)
            #expect(desk.call(at: 3) == .answerFromCache(1))
            clear(&desk)
            #expect(desk.call(at: 3) == .send(2))
        }
    }

    @Test("as documented: 5 s from the send, joined for 1 s; a channel 30 s")
    func documented() {
        var desk = Desk(.chatSDKDocumented)
        #expect(desk.call("messages", at: 0) == .send(1))
        #expect(desk.call("messages", at: 999) == .join(1))
        #expect(desk.call("messages", at: 1_000) == .send(2))
        _ = desk.succeed(2, at: 1_100)
        // The late answer to the first request replaces the fresher one, with its early stamp.
        _ = desk.succeed(1, at: 1_200)
        #expect(desk.call("messages", at: 4_999) == .answerFromCache(1))
        #expect(desk.call("messages", at: 5_000) == .send(3))
        let channel = RequestCoalescerPolicy.chatSDKChannelTimeToLive
        #expect(desk.call("channel", at: 0, timeToLive: channel) == .send(4))
        _ = desk.succeed(4, at: 500)
        #expect(desk.call("channel", at: 29_999, timeToLive: channel) == .answerFromCache(4))
        #expect(desk.call("channel", at: 30_000, timeToLive: channel) == .send(5))
        #expect(desk.call("channel", at: 30_000, timeToLive: .zero) == .join(5))
    }

    @Test(
        "as shipped: a repeat up to 5 s after the end is refused, after 4xx as after an answer",
        arguments: [
            (nil, true), (.client, true), (.rateLimited(retryAfter: nil), true),
            (.requestTimeout(retryAfter: nil), true), (.server(retryAfter: nil), false), (.network, false),
            (.timeout, false),
        ] as [(FailureKind?, Bool)]
    )
    func shipped(kind: FailureKind?, isRemembered: Bool) {
        var desk = Desk(.chatSDKShipped)
        #expect(desk.call(at: 0) == .send(1))
        #expect(desk.call(at: 9_000) == .join(1))
        let arrival = kind.map { desk.fail(1, $0, at: 10_000) } ?? desk.succeed(1, at: 10_000)
        #expect(arrival == .deliver)
        if isRemembered {
            #expect(desk.call(at: 10_000) == .refuse(1))
            desk.removeStale(at: 15_000)
            #expect(desk.call(at: 15_000) == .refuse(1))
            var forgetful = desk
            forgetful.removeStale(at: 15_001)
            #expect(forgetful.forgotten == [1])
            #expect(desk.call(at: 15_001) == .send(2))
        } else {
            #expect(desk.call(at: 10_000) == .send(2))
        }
    }

    // MARK: Anything at all

    @Test("whatever happens, only answers that were kept are named, and no more than fit", arguments: 0..<20)
    func randomInput(seed: Int) {
        var choices = SplitMix(state: UInt64(seed))
        var desk = Desk(
            RequestCoalescerPolicy(
                timeToLive: .milliseconds(300),
                joinWindow: seed % 2 == 0 ? .max : .milliseconds(100),
                capacity: 5
            )
        )
        var now: Int64 = 0
        var underWay: [UInt64: (key: String, isCleared: Bool)] = [:]
        var newestKept: [String: UInt64] = [:]
        var hits = 0
        for _ in 0..<3_000 {
            now += Int64(choices.next(below: 40)) - 2
            let key = String(choices.next(below: 8))
            switch choices.next(below: 20) {
            case 0:
                desk.clear(key)
                for (number, flight) in underWay where flight.key == key { underWay[number]?.isCleared = true }
                newestKept[key] = nil
            case 1...8:
                guard let number = underWay.keys.sorted().randomElement(using: &choices) else { continue }
                let flight = underWay.removeValue(forKey: number)
                guard choices.next(below: 4) > 0 else {
                    #expect(desk.fail(number, .network, at: now) == .deliver)
                    continue
                }
                let arrival = desk.succeed(number, at: now)
                let isNewest = number > newestKept[flight?.key ?? "", default: 0]
                #expect((arrival == .deliverAndKeep) == (flight?.isCleared == false && isNewest), "seed \(seed)")
                if arrival == .deliverAndKeep, let flight { newestKept[flight.key] = number }
            default:
                switch desk.call(key, at: now) {
                case .send(let number):
                    if seed % 2 == 0 { #expect(!underWay.values.contains { $0.key == key && !$0.isCleared }) }
                    underWay[number] = (key, false)
                case .join(let number):
                    #expect(underWay[number]?.key == key && underWay[number]?.isCleared == false)
                case .answerFromCache(let number):
                    #expect(desk.kept.contains(number) && newestKept[key] == number, "seed \(seed)")
                    hits += 1
                case .refuse: Issue.record("nothing is refused")
                }
            }
            #expect(desk.kept.count == desk.keptCount && desk.keptCount <= 5 && desk.underWayCount == underWay.count)
        }
        #expect(hits > 50, "seed \(seed): \(hits) answers from the cache")
    }
}
