import MonotonicTime
import Reconnection
import Testing

/// A tracker with its policy. Each input answers with all actions it caused.
private final class TestTracker {
    private(set) var tracker = RequestTracker()
    let policy: RequestPolicy
    private var actions = ActionBuffer<RequestAction>()

    init(_ policy: RequestPolicy = RequestPolicy()) {
        self.policy = policy
    }

    var nextDeadline: Instant { tracker.nextDeadline(policy: policy) }

    @discardableResult
    func offer(_ kind: RequestKind, isLive: Bool = false, at seconds: Double = 0) -> [RequestAction] {
        actions.removeAll()
        _ = tracker.offer(kind, isLive: isLive, at: at(seconds), policy: policy, actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func opened(_ generation: UInt32, at seconds: Double = 0) -> [RequestAction] {
        actions.removeAll()
        tracker.connectionOpened(generation: generation, at: at(seconds), policy: policy, actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func closed(_ generation: UInt32) -> [RequestAction] {
        actions.removeAll()
        tracker.connectionClosed(generation: generation, policy: policy, actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func answered(_ id: RequestTracker.ID, _ generation: UInt32) -> [RequestAction] {
        actions.removeAll()
        tracker.answered(id: id, generation: generation, actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func refused(_ id: RequestTracker.ID, _ generation: UInt32, code: UInt32 = 403) -> [RequestAction] {
        actions.removeAll()
        tracker.refused(id: id, code: code, generation: generation, actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func advance(to instant: Instant) -> [RequestAction] {
        actions.removeAll()
        tracker.advance(to: instant, policy: policy, actions: &actions)
        return Array(actions.list)
    }

    func forget(_ id: RequestTracker.ID) { tracker.forget(id) }

    func synchronised(upTo id: RequestTracker.ID) { tracker.synchronised(upTo: id) }
}

/// Requests of one client, from offer to outcome.
@Suite struct RequestTrackerTests {
    // MARK: Outcomes

    @Test("ids count from 1, requests go out at once, and answers in any order end them once")
    func answers() {
        let tracker = TestTracker()
        tracker.opened(7)
        #expect(tracker.offer(.mutation) == [.send(id: 1, kind: .mutation, generation: 7)])
        #expect(tracker.offer(.query) == [.send(id: 2, kind: .query, generation: 7)])
        #expect(tracker.offer(.mutation) == [.send(id: 3, kind: .mutation, generation: 7)])
        #expect(tracker.tracker.pendingCount == 3)
        #expect(tracker.answered(2, 7) == [.ended(id: 2, kind: .query, outcome: .answered)])
        #expect(tracker.answered(2, 7) == [])
        #expect(tracker.refused(3, 7, code: 42) == [.ended(id: 3, kind: .mutation, outcome: .refused(code: 42))])
        #expect(tracker.answered(3, 7) == [] && tracker.refused(3, 7) == [])
        #expect(tracker.answered(1, 7) == [.ended(id: 1, kind: .mutation, outcome: .answered)])
        #expect(tracker.tracker.pendingCount == 0)
    }

    @Test("offered without a connection, a request ends at once and is never sent", arguments: RequestKind.allCases)
    func notConnected(kind: RequestKind) {
        let tracker = TestTracker()
        #expect(tracker.offer(kind, isLive: true) == [.ended(id: 1, kind: kind, outcome: .notConnected)])
        #expect(tracker.tracker.pendingCount == 0 && tracker.tracker.pendingInOrder == [])
        #expect(tracker.opened(1) == [])
        tracker.closed(1)
        #expect(tracker.offer(kind) == [.ended(id: 2, kind: kind, outcome: .notConnected)])
    }

    @Test("answers of another generation and for strange ids change nothing")
    func strangeAnswers() {
        let tracker = TestTracker()
        #expect(tracker.answered(1, 0) == [])
        tracker.opened(2)
        tracker.offer(.query)
        let before = tracker.tracker
        for (id, generation) in [(RequestTracker.ID(1), UInt32(1)), (1, 3), (0, 2), (2, 2), (.max, 2)] {
            #expect(tracker.answered(id, generation) == [] && tracker.refused(id, generation) == [])
        }
        #expect(tracker.opened(2) == [] && tracker.closed(1) == [])
        #expect(tracker.tracker == before)
    }

    @Test("a mutation cut off by a drop is lost; it is told then, in order, and never sent again")
    func lostInTheDrop() {
        let tracker = TestTracker()
        tracker.opened(1)
        for kind in [RequestKind.mutation, .query, .mutation] { tracker.offer(kind) }
        #expect(
            tracker.closed(1) == [
                .ended(id: 1, kind: .mutation, outcome: .lostInTheDrop),
                .ended(id: 3, kind: .mutation, outcome: .lostInTheDrop),
            ]
        )
        #expect(tracker.closed(1) == [])
        #expect(tracker.opened(2) == [.send(id: 2, kind: .query, generation: 2)])
        #expect(tracker.answered(1, 2) == [])
    }

    @Test("a connection of another generation ends the old one first")
    func implicitClose() {
        let tracker = TestTracker()
        tracker.opened(1)
        tracker.offer(.mutation)
        tracker.offer(.query)
        #expect(
            tracker.opened(2) == [
                .ended(id: 1, kind: .mutation, outcome: .lostInTheDrop),
                .send(id: 2, kind: .query, generation: 2),
            ]
        )
    }

    // MARK: Timeouts

    @Test("an answer may take 10 s from the sending; the oldest request is the deadline")
    func timeout() {
        let tracker = TestTracker()
        #expect(tracker.nextDeadline == .distantFuture)
        tracker.opened(1)
        for second in 1...3 { tracker.offer(.mutation, at: Double(second)) }
        #expect(tracker.nextDeadline == at(11))
        #expect(tracker.advance(to: at(11) - .nanoseconds(1)) == [])
        #expect(tracker.advance(to: at(11)) == [.ended(id: 1, kind: .mutation, outcome: .timedOut)])
        #expect(tracker.advance(to: at(11)) == [])
        #expect(tracker.answered(1, 1) == [])
        tracker.answered(2, 1)
        #expect(tracker.nextDeadline == at(13))
        tracker.offer(.query, at: 4)
        #expect(
            tracker.advance(to: at(60)) == [
                .ended(id: 3, kind: .mutation, outcome: .timedOut), .ended(id: 4, kind: .query, outcome: .timedOut),
            ]
        )
        #expect(tracker.nextDeadline == .distantFuture)
    }

    @Test("a query that waits for an opening does not time out; sent again, it has its whole time")
    func timeoutOverDrop() {
        let tracker = TestTracker()
        tracker.opened(1)
        tracker.offer(.query, at: 1)
        tracker.closed(1)
        #expect(tracker.nextDeadline == .distantFuture)
        #expect(tracker.advance(to: at(100)) == [] && tracker.advance(to: .distantFuture) == [])
        tracker.opened(2, at: 200)
        #expect(tracker.nextDeadline == at(210))
        #expect(tracker.advance(to: at(210)) == [.ended(id: 1, kind: .query, outcome: .timedOut)])
        tracker.closed(2)
        #expect(tracker.opened(3) == [])
    }

    @Test("without a timeout nothing is ever due")
    func noTimeout() {
        let tracker = TestTracker(RequestPolicy(timeout: .max))
        tracker.opened(1)
        tracker.offer(.mutation)
        #expect(tracker.nextDeadline == .distantFuture)
        #expect(tracker.advance(to: at(1e9)) == [])
    }

    // MARK: Refetch

    @Test("live queries are fetched again on every opening, with those cut off, in the order of ids")
    func refetch() {
        let tracker = TestTracker()
        tracker.opened(1)
        for isLive in [true, false, true, true] { tracker.offer(.query, isLive: isLive) }
        // Answered out of order; 2 is not live, 3 is cut off.
        for id in [RequestTracker.ID(4), 1, 2] {
            #expect(tracker.answered(id, 1) == [.ended(id: id, kind: .query, outcome: .answered)])
        }
        #expect(tracker.tracker.cachedQueries == [1, 4])
        #expect(tracker.closed(1) == [])
        #expect(
            tracker.opened(2, at: 5) == [
                .send(id: 1, kind: .query, generation: 2), .send(id: 3, kind: .query, generation: 2),
                .send(id: 4, kind: .query, generation: 2),
            ]
        )
        #expect(tracker.tracker.pendingCount == 3)
        #expect(tracker.answered(1, 1) == [])
        #expect(tracker.answered(3, 2) == [.ended(id: 3, kind: .query, outcome: .answered)])
        #expect(tracker.answered(1, 2) == [.refetched(id: 1, outcome: .answered)])
        #expect(tracker.answered(1, 2) == [])
        #expect(tracker.refused(4, 2, code: 9) == [.refetched(id: 4, outcome: .refused(code: 9))])
        #expect(tracker.tracker.cachedQueries == [1, 3, 4])
        // Cut off in the middle of a refetch: nothing is told, and each is fetched once on the next opening.
        tracker.closed(2)
        tracker.opened(3, at: 20)
        #expect(tracker.closed(3) == [])
        #expect(tracker.opened(4, at: 30).count == 3)
        #expect(
            tracker.advance(to: at(40)) == [1, 3, 4].map { .refetched(id: $0, outcome: .timedOut) }
        )
        #expect(tracker.tracker.cachedQueries == [1, 3, 4])
    }

    @Test("a live query whose first fetch fails is not cached, and liveness means nothing for mutations")
    func notCached() {
        let tracker = TestTracker()
        tracker.opened(1)
        tracker.offer(.query, isLive: true)
        tracker.refused(1, 1)
        tracker.offer(.mutation, isLive: true)
        tracker.answered(2, 1)
        #expect(tracker.tracker.cachedQueries == [])
        tracker.closed(1)
        #expect(tracker.opened(2) == [])
    }

    @Test("without refetching, queries cut off are lost and cached ones are left as they are")
    func noRefetch() {
        let tracker = TestTracker(RequestPolicy(refetchesQueriesOnOpen: false))
        tracker.opened(1)
        tracker.offer(.query, isLive: true)
        tracker.answered(1, 1)
        tracker.offer(.query)
        #expect(tracker.closed(1) == [.ended(id: 2, kind: .query, outcome: .lostInTheDrop)])
        #expect(tracker.opened(2) == [])
        #expect(tracker.offer(.query) == [.send(id: 3, kind: .query, generation: 2)])
        #expect(tracker.answered(3, 2) == [.ended(id: 3, kind: .query, outcome: .answered)])
    }

    @Test("what is forgotten has no outcome and is not fetched again, in flight, waiting or cached")
    func forget() {
        let tracker = TestTracker()
        tracker.opened(1)
        for _ in 1...4 { tracker.offer(.query, isLive: true) }
        tracker.answered(1, 1)
        tracker.forget(2)
        #expect(tracker.answered(2, 1) == [])
        tracker.closed(1)
        tracker.forget(3)
        tracker.forget(1)
        tracker.forget(99)
        #expect(tracker.opened(2) == [.send(id: 4, kind: .query, generation: 2)])
        #expect(tracker.tracker.pendingCount == 1)
        // One of many that wait.
        for _ in 1...3 { tracker.offer(.query) }
        tracker.closed(2)
        tracker.forget(5)
        #expect(tracker.opened(3).count == 3)
        for id in [RequestTracker.ID(6), 7] { tracker.answered(id, 3) }
        // Forgotten while it is fetched again.
        tracker.answered(4, 3)
        tracker.closed(3)
        tracker.opened(4)
        tracker.forget(4)
        #expect(tracker.answered(4, 4) == [])
        #expect(tracker.tracker.pendingCount == 0 && tracker.tracker.cachedQueries == [])
    }

    // MARK: Predictions

    @Test("a refusal leaves the other pending mutations to be applied again, in their order")
    func predictions() {
        let tracker = TestTracker()
        tracker.opened(1)
        for kind in [RequestKind.mutation, .mutation, .query, .mutation, .mutation] { tracker.offer(kind) }
        #expect(tracker.tracker.pendingInOrder == [1, 2, 4, 5])
        tracker.answered(1, 1)
        tracker.refused(4, 1)
        #expect(tracker.tracker.pendingInOrder == [2, 5])
        // Without the policy's word, nothing is kept beyond its outcome.
        tracker.closed(1)
        #expect(tracker.tracker.pendingInOrder == [])
    }

    @Test("mutations of unknown effect stay predicted until the sync that covers them")
    func synchronised() {
        let tracker = TestTracker(RequestPolicy(keepsUnresolvedUntilSync: true))
        tracker.opened(1)
        for _ in 1...4 { tracker.offer(.mutation) }
        tracker.offer(.query)
        tracker.answered(2, 1)
        #expect(tracker.advance(to: at(10)).count == 4)
        tracker.offer(.mutation, at: 10)
        tracker.closed(1)
        tracker.offer(.mutation)
        tracker.opened(2, at: 20)
        tracker.offer(.mutation, at: 20)
        #expect(tracker.tracker.pendingInOrder == [1, 3, 4, 6, 8])
        tracker.forget(1)
        #expect(tracker.tracker.pendingInOrder == [3, 4, 6, 8])
        tracker.synchronised(upTo: 2)
        #expect(tracker.tracker.pendingInOrder == [3, 4, 6, 8])
        tracker.synchronised(upTo: 3)
        #expect(tracker.tracker.pendingInOrder == [4, 6, 8])
        // What is in flight is answered for itself.
        tracker.synchronised(upTo: 100)
        #expect(tracker.tracker.pendingInOrder == [8])
        tracker.refused(8, 2)
        #expect(tracker.tracker.pendingInOrder == [])
    }

    // MARK: Hazards

    @Test("hazard: a request offered without a connection vanishes and stays pending for ever")
    func dropsSilently() {
        let tracker = TestTracker(RequestPolicy(hazards: .dropsSilently))
        #expect(tracker.offer(.mutation) == [] && tracker.offer(.query, isLive: true) == [])
        #expect(tracker.opened(1) == [] && tracker.advance(to: at(1e6)) == [])
        #expect(tracker.answered(1, 1) == [] && tracker.closed(1) == [])
        #expect(tracker.tracker.stuck == [1, 2] && tracker.tracker.pendingCount == 2)
        #expect(tracker.tracker.pendingInOrder == [])
        tracker.forget(1)
        #expect(tracker.tracker.stuck == [2])
    }

    @Test("hazard: requests cut off by a drop stay pending for ever, and so do their predictions")
    func inFlightStaysPending() {
        let tracker = TestTracker(RequestPolicy(keepsUnresolvedUntilSync: true, hazards: .inFlightStaysPending))
        tracker.opened(1)
        for kind in [RequestKind.mutation, .query] { tracker.offer(kind) }
        tracker.offer(.query, isLive: true)
        tracker.answered(3, 1)
        #expect(tracker.closed(1) == [])
        // Only the answered one is fetched again.
        #expect(tracker.opened(2) == [.send(id: 3, kind: .query, generation: 2)])
        tracker.closed(2)
        #expect(tracker.tracker.stuck == [1, 2] && tracker.tracker.pendingCount == 2)
        tracker.synchronised(upTo: 100)
        #expect(tracker.tracker.pendingInOrder == [1])
    }

    @Test("hazard: a refused mutation is applied all the same, and no sync takes it back")
    func refusedIsStillApplied() {
        let tracker = TestTracker(RequestPolicy(keepsUnresolvedUntilSync: true, hazards: .refusedIsStillApplied))
        #expect(tracker.offer(.mutation) == [.ended(id: 1, kind: .mutation, outcome: .notConnected)])
        tracker.offer(.query)
        tracker.opened(1)
        tracker.offer(.mutation)
        tracker.synchronised(upTo: 100)
        #expect(tracker.tracker.pendingInOrder == [1, 3])
        #expect(tracker.tracker.pendingCount == 1)
        tracker.forget(1)
        #expect(tracker.tracker.pendingInOrder == [3])
    }

    // MARK: Random inputs

    @Test("whatever happens, each request has one outcome, and at the end none is missing", arguments: 0..<24)
    func oneOutcomeEach(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let tracker = TestTracker(
            RequestPolicy(
                timeout: .seconds(2),
                refetchesQueriesOnOpen: seed.isMultiple(of: 2),
                keepsUnresolvedUntilSync: seed.isMultiple(of: 3)
            )
        )
        var outcomes: [RequestTracker.ID: Int] = [:]
        /// When each request in flight was last sent.
        var inFlight: [RequestTracker.ID: Instant] = [:]
        var generation: UInt32 = 0
        var now = Instant.origin
        func note(_ actions: [RequestAction]) {
            for action in actions {
                switch action {
                case .send(let id, _, let of):
                    #expect(of == generation && inFlight[id] == nil)
                    inFlight[id] = now
                case .ended(let id, _, let outcome):
                    outcomes[id, default: 0] += 1
                    let sentAt = inFlight.removeValue(forKey: id)
                    #expect((sentAt == nil) == (outcome == .notConnected), "seed \(seed)")
                case .refetched(let id, _):
                    #expect(outcomes[id] == 1 && inFlight.removeValue(forKey: id) != nil)
                }
            }
        }
        for _ in 0..<1_000 {
            now += .milliseconds(Int64(random.next(below: 300)))
            let id = RequestTracker.ID(random.next(below: 8)) + max(8, tracker.tracker.nextID) - 8
            let reported = random.next(below: 6) == 0 ? generation &- 1 : generation
            switch random.next(below: 12) {
            case 0...3:
                let kind: RequestKind = random.next(below: 2) == 0 ? .mutation : .query
                note(tracker.offer(kind, isLive: random.next(below: 12) == 0, at: now.seconds))
            case 4...6: note(tracker.answered(id, reported))
            case 7: note(tracker.refused(id, reported))
            case 8:
                guard random.next(below: 3) == 0 else { break }
                note(tracker.closed(generation))
                inFlight = [:]
                generation += 1
                note(tracker.opened(generation, at: now.seconds))
            case 9:
                guard random.next(below: 3) == 0 else { break }
                note(tracker.closed(generation))
                inFlight = [:]
            case 10: tracker.synchronised(upTo: id)
            default: note(tracker.advance(to: now))
            }
            note(tracker.advance(to: now))
            #expect(tracker.nextDeadline == inFlight.values.min().map { $0 + .seconds(2) } ?? .distantFuture)
            #expect(tracker.tracker.pendingInOrder == tracker.tracker.pendingInOrder.sorted())
            if tracker.tracker.generation != nil { #expect(tracker.tracker.pendingCount == inFlight.count) }
        }
        note(tracker.closed(generation))
        inFlight = [:]
        generation += 1
        note(tracker.opened(generation, at: now.seconds))
        now += .seconds(2)
        note(tracker.advance(to: now))
        #expect(tracker.tracker.pendingCount == 0)
        #expect(outcomes.count == Int(tracker.tracker.nextID - 1) && outcomes.values.allSatisfy { $0 == 1 })
    }
}
