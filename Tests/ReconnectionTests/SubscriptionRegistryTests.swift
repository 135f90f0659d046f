import MonotonicTime
import Reconnection
import Testing

private typealias Action = SubscriptionAction<String>
private typealias Use = SubscriptionRegistry<String>.Use

/// A registry with its policy, its clock and its random numbers. Each input answers with all actions it caused.
private final class TestRegistry {
    private(set) var registry = SubscriptionRegistry<String>()
    let policy: SubscriptionPolicy
    private(set) var random: CountingRandomSource
    private var actions = ActionBuffer<Action>()

    init(_ policy: SubscriptionPolicy = SubscriptionPolicy(), uniforms: [Double] = [0.5]) {
        self.policy = policy
        random = CountingRandomSource(uniforms)
    }

    var nextDeadline: Instant { registry.nextDeadline(policy: policy) }

    func subscribe(
        _ topic: String,
        style: SubscriptionStyle = .watched,
        at seconds: Double = 0
    ) -> (use: Use, actions: [Action]) {
        actions.removeAll()
        let use = registry.subscribe(to: topic, style: style, at: at(seconds), policy: policy, actions: &actions)
        return (use, Array(actions.list))
    }

    @discardableResult
    func release(_ use: Use, at seconds: Double = 0) -> [Action] {
        actions.removeAll()
        registry.release(use, at: at(seconds), actions: &actions)
        return Array(actions.list)
    }

    @discardableResult
    func opened(_ generation: UInt32, at seconds: Double = 0) -> [Action] {
        actions.removeAll()
        registry.connectionOpened(generation: generation, at: at(seconds), policy: policy, actions: &actions)
        return Array(actions.list)
    }

    func closed(_ generation: UInt32, at seconds: Double = 0) {
        registry.connectionClosed(generation: generation, at: at(seconds))
    }

    @discardableResult
    func confirmed(_ id: UInt32, _ generation: UInt32, at seconds: Double = 0) -> [Action] {
        actions.removeAll()
        registry.confirmed(id: id, generation: generation, at: at(seconds), actions: &actions)
        return Array(actions.list)
    }

    func snapshot(
        _ id: UInt32,
        _ generation: UInt32,
        at seconds: Double = 0
    ) -> (verdict: SnapshotVerdict, actions: [Action]) {
        actions.removeAll()
        let verdict = registry.snapshotReceived(
            id: id,
            generation: generation,
            at: at(seconds),
            policy: policy,
            actions: &actions
        )
        return (verdict, Array(actions.list))
    }

    @discardableResult
    func rejected(_ id: UInt32, _ generation: UInt32, at seconds: Double = 0) -> [Action] {
        actions.removeAll()
        registry.rejected(
            id: id,
            generation: generation,
            at: at(seconds),
            policy: policy,
            random: &random,
            actions: &actions
        )
        return Array(actions.list)
    }

    @discardableResult
    func advance(to instant: Instant) -> [Action] {
        actions.removeAll()
        registry.advance(to: instant, policy: policy, random: &random, actions: &actions)
        return Array(actions.list)
    }
}

/// Topics of one client, their users, and what becomes of them on each connection.
@Suite struct SubscriptionRegistryTests {
    // MARK: Users

    @Test("the first user subscribes, the last one unsubscribes, and those between send nothing")
    func referenceCounts() {
        let registry = TestRegistry()
        registry.opened(1)
        let first = registry.subscribe("robots")
        #expect(first.actions == [.subscribe(id: 0, topic: "robots", generation: 1)])
        let second = registry.subscribe("robots")
        #expect(second.actions == [])
        #expect(registry.registry["robots"]?.userCount == 2)
        #expect(registry.release(first.use) == [])
        // Given back twice: only once counts.
        #expect(registry.release(first.use) == [])
        #expect(registry.registry["robots"]?.userCount == 1)
        #expect(registry.release(second.use) == [.unsubscribe(id: 0, topic: "robots", generation: 1)])
        #expect(registry.registry["robots"] == nil && registry.registry.subscriptions.isEmpty)
        #expect(registry.release(second.use) == [])
    }

    @Test("ids count from 0, are one a topic, and are never used again")
    func ids() {
        let registry = TestRegistry()
        let uses = ["a", "b", "a", "c"].map { registry.subscribe($0).use }
        #expect(uses.map(\.id) == [0, 1, 0, 2])
        registry.release(uses[1])
        #expect(registry.subscribe("b").use.id == 3)
        #expect(registry.registry.subscriptions.map(\.topic) == ["a", "c", "b"])
        #expect(registry.registry.nextID == 4)
    }

    @Test("without a connection nothing is sent: neither subscribe nor unsubscribe")
    func withoutConnection() {
        let registry = TestRegistry()
        let (use, actions) = registry.subscribe("a")
        #expect(actions == [])
        #expect(registry.registry["a"]?.state == .unsent)
        #expect(registry.release(use) == [])
        #expect(registry.opened(1) == [])
    }

    // MARK: Restore

    @Test("every opening sends all live topics again, in first-subscription order, with their old ids")
    func restoreOrder() {
        let registry = TestRegistry()
        let uses = ["d", "a", "c", "b"].map { registry.subscribe($0).use }
        #expect(
            registry.opened(1) == [
                .subscribe(id: 0, topic: "d", generation: 1), .subscribe(id: 1, topic: "a", generation: 1),
                .subscribe(id: 2, topic: "c", generation: 1), .subscribe(id: 3, topic: "b", generation: 1),
            ]
        )
        registry.closed(1)
        registry.release(uses[1])
        _ = registry.subscribe("e")
        #expect(
            registry.opened(2) == [
                .subscribe(id: 0, topic: "d", generation: 2), .subscribe(id: 2, topic: "c", generation: 2),
                .subscribe(id: 3, topic: "b", generation: 2), .subscribe(id: 4, topic: "e", generation: 2),
            ]
        )
    }

    @Test("a subscribe is sent once a connection: opening twice and further users add none")
    func oncePerConnection() {
        let registry = TestRegistry()
        _ = registry.subscribe("a")
        #expect(registry.opened(1).count == 1)
        #expect(registry.opened(1) == [])
        #expect(registry.subscribe("a").actions == [])
        registry.confirmed(0, 1)
        #expect(registry.opened(1) == [])
        #expect(registry.nextDeadline == .distantFuture)
        // Another generation is another connection, whether or not the end of the first one was told.
        #expect(registry.opened(2) == [.subscribe(id: 0, topic: "a", generation: 2)])
    }

    @Test("the end of an earlier connection is late and changes nothing")
    func lateClose() {
        let registry = TestRegistry()
        _ = registry.subscribe("a")
        registry.opened(2)
        registry.closed(1)
        #expect(registry.registry.generation == 2)
        #expect(registry.confirmed(0, 2) == [.allRestored(generation: 2, count: 1, sinceDrop: nil)])
        registry.closed(2)
        #expect(registry.registry.generation == nil)
    }

    @Test("driven by a client's actions, every subscribe is on the wire before the connection's first message")
    func beforeUserTraffic() {
        let policy = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))), outbox: OutboxPolicy(window: 8))
        let client = TestClient(policy)
        let registry = TestRegistry()
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        var wire: [String] = []
        func carryOut(_ actions: [ClientAction]) {
            for action in actions {
                switch action {
                case .phaseChanged(_, to: .connected):
                    for case .subscribe(let id, _, let generation) in registry.opened(
                        client.client.supervisor.generation
                    ) {
                        wire.append("\(generation): subscribe \(id)")
                    }
                case .phaseChanged(from: .connected, _):
                    registry.closed(client.client.supervisor.generation)
                case .sendMessage(let generation, let key, _, _):
                    wire.append("\(generation): message \(key)")
                default:
                    // A driver would carry these out, too; the order on the wire is what matters here.
                    break
                }
            }
        }
        carryOut(client.send(at: 0))
        carryOut(client.start(at: 0))
        carryOut(client.opened(1, at: 1))
        carryOut(client.lost(1, at: 2))
        #expect(registry.registry.generation == nil)
        carryOut(client.send(at: 2))
        carryOut(client.advance(to: 3))
        carryOut(client.opened(2, at: 3))
        #expect(
            wire == [
                "1: subscribe 0", "1: subscribe 1", "1: message 1",
                "2: subscribe 0", "2: subscribe 1", "2: message 1", "2: message 2",
            ]
        )
    }

    // MARK: Time to restore

    @Test("the last confirmation of what was live at the opening tells the time since the drop, once a connection")
    func timeToRestore() {
        let registry = TestRegistry()
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        registry.opened(1)
        #expect(registry.registry.unrestoredCount == 2)
        #expect(registry.confirmed(1, 1, at: 1) == [])
        #expect(registry.snapshot(0, 1, at: 2).actions == [.allRestored(generation: 1, count: 2, sinceDrop: nil)])
        registry.closed(1, at: 10)
        registry.opened(2, at: 13)
        // Not part of the restore.
        _ = registry.subscribe("c", at: 13)
        #expect(registry.snapshot(0, 2, at: 14).actions == [])
        #expect(registry.confirmed(0, 2, at: 14.25) == [])
        #expect(
            registry.confirmed(1, 2, at: 14.5) == [
                .allRestored(generation: 2, count: 2, sinceDrop: .milliseconds(4_500))
            ]
        )
        #expect(registry.confirmed(2, 2, at: 15) == [])
        #expect(registry.confirmed(1, 2, at: 15) == [])
        #expect(registry.registry.unrestoredCount == 0)
        // Each drop after a restore is measured for itself.
        registry.closed(2, at: 20)
        registry.opened(3, at: 21)
        for id in UInt32(0)...1 { registry.confirmed(id, 3, at: 21) }
        #expect(
            registry.confirmed(2, 3, at: 22) == [.allRestored(generation: 3, count: 3, sinceDrop: .seconds(2))]
        )
    }

    @Test("a topic released after it came back does not count for another that has not")
    func releaseAfterConfirmation() {
        let registry = TestRegistry()
        let uses = ["a", "b"].map { registry.subscribe($0).use }
        registry.opened(1)
        registry.confirmed(0, 1)
        #expect(registry.release(uses[0]) == [.unsubscribe(id: 0, topic: "a", generation: 1)])
        #expect(registry.registry.unrestoredCount == 1)
        // Nor does one released without a connection.
        registry.closed(1, at: 1)
        #expect(registry.release(uses[1], at: 1) == [])
        #expect(registry.registry.unrestoredCount == 0)
        // With the last topic the old data has gone.
        _ = registry.subscribe("c", at: 2)
        registry.opened(2, at: 3)
        #expect(registry.confirmed(2, 2, at: 3) == [.allRestored(generation: 2, count: 1, sinceDrop: nil)])
    }

    @Test("a drop during the restore does not reset the clock: the data has been old since the first drop")
    func dropDuringRestore() {
        let registry = TestRegistry()
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        registry.opened(1)
        registry.confirmed(0, 1)
        registry.confirmed(1, 1)
        registry.closed(1, at: 10)
        registry.opened(2, at: 11)
        registry.confirmed(0, 2, at: 12)
        registry.closed(2, at: 13)
        registry.opened(3, at: 20)
        #expect(registry.confirmed(0, 3, at: 20) == [])
        #expect(
            registry.confirmed(1, 3, at: 21) == [.allRestored(generation: 3, count: 2, sinceDrop: .seconds(11))]
        )
    }

    @Test("nobody waits for a topic that is released during the restore; if all are, nothing is told")
    func releaseDuringRestore() {
        let registry = TestRegistry()
        let uses = ["a", "b"].map { registry.subscribe($0).use }
        registry.opened(1)
        registry.confirmed(0, 1)
        #expect(
            registry.release(uses[1], at: 3) == [
                .unsubscribe(id: 1, topic: "b", generation: 1),
                .allRestored(generation: 1, count: 1, sinceDrop: nil),
            ]
        )
        registry.closed(1, at: 4)
        registry.opened(2, at: 5)
        #expect(registry.release(uses[0], at: 6) == [.unsubscribe(id: 0, topic: "a", generation: 2)])
        // A topic that is new on the next connection has no old data to measure from.
        registry.closed(2, at: 7)
        _ = registry.subscribe("c", at: 8)
        registry.opened(3, at: 9)
        #expect(registry.confirmed(2, 3, at: 9) == [.allRestored(generation: 3, count: 1, sinceDrop: nil)])
    }

    // MARK: Data

    @Test("a snapshot replaces what is held, and updates count only after it on the same connection")
    func snapshots() {
        let registry = TestRegistry()
        _ = registry.subscribe("a")
        registry.opened(1)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 1))
        registry.confirmed(0, 1)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 1))
        #expect(registry.snapshot(0, 1).verdict == .replace)
        #expect(registry.registry["a"]?.state == .confirmed(hasSnapshot: true))
        #expect(registry.registry.acceptsUpdate(id: 0, generation: 1))
        registry.closed(1)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 1))
        registry.opened(2)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 2))
        #expect(registry.snapshot(0, 1).verdict == .ignore)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 2))
        #expect(registry.snapshot(0, 2).verdict == .replace)
        #expect(registry.snapshot(0, 2).verdict == .replace)
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 1))
        #expect(registry.registry.acceptsUpdate(id: 0, generation: 2))
    }

    @Test("data for unknown and unsubscribed ids is thrown away")
    func strangeData() {
        let registry = TestRegistry()
        let (use, _) = registry.subscribe("a")
        registry.opened(1)
        _ = registry.snapshot(0, 1)
        registry.release(use)
        let before = registry.registry
        for id in [UInt32(0), 1, .max] {
            let (verdict, actions) = registry.snapshot(id, 1)
            #expect(verdict == .ignore && actions == [])
            #expect(!registry.registry.acceptsUpdate(id: id, generation: 1))
            #expect(registry.confirmed(id, 1) == [] && registry.rejected(id, 1) == [])
        }
        #expect(registry.registry == before)
    }

    // MARK: Resend

    @Test("Action Cable sends unconfirmed subscriptions again every 500 ms, and nothing once all are confirmed")
    func resend() {
        let registry = TestRegistry(.actionCable)
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        #expect(registry.nextDeadline == .distantFuture)
        registry.opened(1, at: 1)
        #expect(registry.nextDeadline == at(1.5))
        #expect(registry.advance(to: at(1.5) - .nanoseconds(1)) == [])
        #expect(
            registry.advance(to: at(1.5)) == [
                .subscribe(id: 0, topic: "a", generation: 1), .subscribe(id: 1, topic: "b", generation: 1),
            ]
        )
        #expect(registry.nextDeadline == at(2))
        registry.confirmed(0, 1, at: 1.75)
        #expect(registry.advance(to: at(2)) == [.subscribe(id: 1, topic: "b", generation: 1)])
        #expect(registry.advance(to: at(2)) == [])
        // A new subscription puts the next round off.
        _ = registry.subscribe("c", at: 2.25)
        #expect(registry.nextDeadline == at(2.75))
        registry.rejected(2, 1, at: 2.5)
        #expect(registry.nextDeadline == at(2.75))
        registry.confirmed(1, 1, at: 2.5)
        #expect(registry.nextDeadline == .distantFuture)
        #expect(registry.advance(to: at(3)) == [])
    }

    @Test("the last unconfirmed topic takes the resend timer with it when it is released or rejected, or at a drop")
    func resendDisarmed() {
        let released = TestRegistry(.actionCable)
        let (use, _) = released.subscribe("a")
        released.opened(1)
        released.release(use)
        #expect(released.nextDeadline == .distantFuture)

        let rejected = TestRegistry(.actionCable)
        _ = rejected.subscribe("a")
        rejected.opened(1)
        #expect(rejected.rejected(0, 1) == [.failed(id: 0, topic: "a", cause: .rejected, retryAt: nil)])
        #expect(rejected.nextDeadline == .distantFuture)
        #expect(rejected.advance(to: at(9)) == [])

        let dropped = TestRegistry(.actionCable)
        _ = dropped.subscribe("a")
        dropped.opened(1)
        dropped.closed(1)
        #expect(dropped.nextDeadline == .distantFuture)
        #expect(dropped.advance(to: at(9)) == [])
        // Nor does the next connection inherit it, even if nothing is sent there.
        let inherited = TestRegistry(
            SubscriptionPolicy(resendInterval: .milliseconds(500), hazards: .storesAreSentOnlyOnce)
        )
        inherited.opened(1)
        _ = inherited.subscribe("a", style: .store)
        inherited.closed(1)
        inherited.opened(2)
        #expect(inherited.nextDeadline == .distantFuture)
    }

    // MARK: Rejoin

    @Test("a refused join climbs Phoenix' ladder: 1, 2, 5 and from then on 10 s")
    func rejoinLadder() {
        let registry = TestRegistry(.phoenixChannels)
        _ = registry.subscribe("a")
        registry.opened(1)
        var now = Instant.origin
        for seconds in [Double(1), 2, 5, 10, 10] {
            let due = now + Interval(seconds: seconds)
            #expect(
                registry.rejected(0, 1, at: now.seconds) == [
                    .failed(id: 0, topic: "a", cause: .rejected, retryAt: due)
                ]
            )
            // Turned away once for each try.
            #expect(registry.rejected(0, 1, at: now.seconds) == [])
            #expect(registry.nextDeadline == due)
            #expect(registry.advance(to: due - .nanoseconds(1)) == [])
            #expect(registry.advance(to: due) == [.subscribe(id: 0, topic: "a", generation: 1)])
            now = due
        }
        // A confirmation starts the ladder anew, and so does an opening.
        registry.confirmed(0, 1, at: now.seconds)
        registry.closed(1, at: now.seconds)
        registry.opened(2, at: 100)
        registry.rejected(0, 2, at: 100)
        #expect(registry.nextDeadline == at(101))
        registry.closed(2, at: 100)
        #expect(registry.nextDeadline == .distantFuture)
        #expect(registry.opened(3, at: 100) == [.subscribe(id: 0, topic: "a", generation: 3)])
        registry.rejected(0, 3, at: 100)
        #expect(registry.nextDeadline == at(101))
        #expect(registry.random.draws == 0)
    }

    @Test("a join unanswered for 10 s is left and tried again; its late answers are ignored")
    func joinTimeout() {
        let registry = TestRegistry(.phoenixChannels)
        _ = registry.subscribe("a")
        registry.opened(1)
        #expect(registry.nextDeadline == at(10))
        #expect(registry.advance(to: at(10) - .nanoseconds(1)) == [])
        #expect(
            registry.advance(to: at(10)) == [
                .unsubscribe(id: 0, topic: "a", generation: 1),
                .failed(id: 0, topic: "a", cause: .timedOut, retryAt: at(11)),
            ]
        )
        #expect(registry.registry["a"]?.state == .waiting(until: at(11)))
        #expect(registry.confirmed(0, 1, at: 10.5) == [])
        #expect(registry.snapshot(0, 1, at: 10.5).verdict == .ignore)
        #expect(registry.advance(to: at(11)) == [.subscribe(id: 0, topic: "a", generation: 1)])
        #expect(registry.nextDeadline == at(21))
        #expect(registry.snapshot(0, 1, at: 20).verdict == .replace)
        #expect(registry.nextDeadline == .distantFuture)
    }

    @Test("a confirmed topic that the server ends is joined again, from the ladder's start, and needs a new snapshot")
    func endedByTheServer() {
        let registry = TestRegistry(.phoenixChannels)
        _ = registry.subscribe("a")
        registry.opened(1)
        registry.rejected(0, 1)
        registry.advance(to: at(1))
        #expect(registry.snapshot(0, 1, at: 1).actions == [.allRestored(generation: 1, count: 1, sinceDrop: nil)])
        #expect(
            registry.rejected(0, 1, at: 5) == [.failed(id: 0, topic: "a", cause: .rejected, retryAt: at(6))]
        )
        #expect(!registry.registry.acceptsUpdate(id: 0, generation: 1))
        #expect(registry.advance(to: at(6)) == [.subscribe(id: 0, topic: "a", generation: 1)])
        // The restore was over long ago.
        let (verdict, actions) = registry.snapshot(0, 1, at: 7)
        #expect(verdict == .replace && actions == [])
        #expect(registry.registry.unrestoredCount == 0)
    }

    @Test("released while it waits for its rejoin, a topic is forgotten without an unsubscribe")
    func releaseWhileWaiting() {
        let registry = TestRegistry(.phoenixChannels)
        let (use, _) = registry.subscribe("a")
        registry.opened(1)
        registry.rejected(0, 1)
        #expect(registry.release(use) == [])
        #expect(registry.nextDeadline == .distantFuture)
    }

    @Test("without a rejoin a failed topic rests until the next opening, and the restore stays unfinished")
    func failedWithoutRejoin() {
        let registry = TestRegistry(SubscriptionPolicy(joinTimeout: .seconds(10)))
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        registry.opened(1)
        registry.confirmed(0, 1)
        #expect(
            registry.advance(to: at(10)) == [
                .unsubscribe(id: 1, topic: "b", generation: 1),
                .failed(id: 1, topic: "b", cause: .timedOut, retryAt: nil),
            ]
        )
        #expect(registry.registry["b"]?.state == .failed)
        #expect(registry.registry.unrestoredCount == 1)
        #expect(registry.nextDeadline == .distantFuture)
        registry.closed(1, at: 20)
        #expect(registry.opened(2, at: 30).count == 2)
        registry.confirmed(0, 2, at: 31)
        #expect(
            registry.confirmed(1, 2, at: 32) == [.allRestored(generation: 2, count: 2, sinceDrop: .seconds(12))]
        )
    }

    @Test("rejoin delays with jitter draw one number each, in first-subscription order")
    func draws() {
        let policy = SubscriptionPolicy(
            joinTimeout: .seconds(10),
            rejoin: .exponential(base: .seconds(8), cap: .seconds(60), jitter: .full)
        )
        let registry = TestRegistry(policy, uniforms: [0.25, 0.5])
        for topic in ["a", "b"] { _ = registry.subscribe(topic) }
        registry.opened(1)
        registry.advance(to: at(10))
        #expect(registry.random.draws == 2)
        #expect(registry.registry.subscriptions.map(\.state) == [.waiting(until: at(12)), .waiting(until: at(14))])
        registry.advance(to: at(12))
        #expect(registry.random.draws == 2)
    }

    @Test("decorrelated rejoin delays grow from the one before")
    func decorrelated() {
        let registry = TestRegistry(
            SubscriptionPolicy(rejoin: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .decorrelated))
        )
        _ = registry.subscribe("a")
        registry.opened(1)
        registry.rejected(0, 1)
        #expect(registry.nextDeadline == at(2))
        registry.advance(to: at(2))
        registry.rejected(0, 1, at: 2)
        #expect(registry.nextDeadline == at(5.5))
    }

    // MARK: Hazards

    @Test("hazard: when a topic's first user has gone, nothing is sent after a reconnect, although another stays")
    func restoreBelongsToFirstUser() {
        let registry = TestRegistry(SubscriptionPolicy(hazards: .restoreBelongsToFirstUser))
        let first = registry.subscribe("a").use
        _ = registry.subscribe("a")
        let later = registry.subscribe("b").use
        let second = registry.subscribe("b").use
        registry.release(first)
        registry.release(second)
        #expect(
            registry.opened(1, at: 1) == [.subscribe(id: 1, topic: "b", generation: 1)]
        )
        #expect(registry.confirmed(1, 1, at: 2) == [])
        #expect(registry.registry.unrestoredCount == 1)
        #expect(registry.registry["a"]?.state == .unsent)
        _ = later
    }

    @Test("hazard: store subscriptions are sent at once or never, and not restored")
    func storesAreSentOnlyOnce() {
        let registry = TestRegistry(SubscriptionPolicy(hazards: .storesAreSentOnlyOnce))
        _ = registry.subscribe("lost", style: .store)
        _ = registry.subscribe("view")
        #expect(registry.opened(1) == [.subscribe(id: 1, topic: "view", generation: 1)])
        #expect(
            registry.subscribe("store", style: .store).actions == [
                .subscribe(id: 2, topic: "store", generation: 1)
            ]
        )
        registry.closed(1)
        #expect(registry.opened(2) == [.subscribe(id: 1, topic: "view", generation: 2)])
    }

    @Test("hazard: snapshots are merged, so that removed rows stay")
    func keepsStaleData() {
        let registry = TestRegistry(SubscriptionPolicy(hazards: .keepsStaleData))
        _ = registry.subscribe("a")
        registry.opened(1)
        #expect(registry.snapshot(0, 1).verdict == .merge)
        #expect(registry.snapshot(0, 0).verdict == .ignore)
    }

    // MARK: Random inputs

    private static let policies = [
        SubscriptionPolicy(), .phoenixChannels, .actionCable,
        SubscriptionPolicy(
            joinTimeout: .seconds(2),
            rejoin: .exponential(base: .milliseconds(300), cap: .seconds(3), jitter: .decorrelated),
            resendInterval: .milliseconds(400)
        ),
    ]

    @Test(
        "whatever happens, a model server holds just the live topics, each once, and every timer does something",
        arguments: policies.indices
    )
    func model(index: Int) {
        let policy = Self.policies[index]
        var restores = 0
        for seed in 0..<12 {
            var random = SplitMix(state: UInt64(index * 100 + seed))
            let registry = TestRegistry(policy, uniforms: [0.3, 0.7])
            var users: [Use] = []
            var counts: [String: Int] = [:]
            var sent: [UInt32: String] = [:]
            var generation: UInt32 = 0
            var restoredGeneration: UInt32 = 0
            var now = Instant.origin
            func note(_ actions: [Action]) {
                for action in actions {
                    switch action {
                    case .subscribe(let id, let topic, let of):
                        #expect(of == generation && registry.registry.generation == of)
                        // Only an unconfirmed one may be sent twice, and only if the policy says so.
                        #expect(sent[id] == nil || policy.resendInterval != nil)
                        sent[id] = topic
                    case .unsubscribe(let id, let topic, let of):
                        #expect(of == generation && sent.removeValue(forKey: id) == topic)
                    case .failed(let id, _, let cause, _):
                        if cause == .rejected { sent[id] = nil }
                    case .allRestored(let of, _, _):
                        #expect(of == generation && of != restoredGeneration)
                        restoredGeneration = of
                        restores += 1
                    }
                }
            }
            for _ in 0..<400 {
                now += .milliseconds(Int64(random.next(below: 400)))
                let seconds = now.seconds
                // Mostly a live one, now and then one that is not.
                let known = registry.registry.subscriptions.randomElement(using: &random)?.id
                let id = random.next(below: 8) > 0 ? known ?? 0 : UInt32(random.next(below: 40))
                let reported = random.next(below: 5) == 0 ? generation &- 1 : generation
                switch random.next(below: 9) {
                case 0, 1:
                    let topic = "t\(random.next(below: 5))"
                    let (use, actions) = registry.subscribe(topic, at: seconds)
                    users.append(use)
                    counts[topic, default: 0] += 1
                    note(actions)
                case 2:
                    guard let use = users.randomElement(using: &random) else { break }
                    users.removeAll { $0 == use }
                    let topic = registry.registry.subscriptions.first { $0.id == use.id }?.topic ?? ""
                    counts[topic, default: 0] -= 1
                    note(registry.release(use, at: seconds))
                    note(registry.release(use, at: seconds))
                case 3:
                    guard random.next(below: 6) == 0 else { break }
                    generation += 1
                    sent = [:]
                    note(registry.opened(generation, at: seconds))
                case 4:
                    guard random.next(below: 8) == 0 else { break }
                    registry.closed(reported, at: seconds)
                    if reported == generation { sent = [:] }
                case 5: note(registry.confirmed(id, reported, at: seconds))
                case 6: note(registry.snapshot(id, reported, at: seconds).actions)
                case 7:
                    guard random.next(below: 5) == 0 else { break }
                    note(registry.rejected(id, reported, at: seconds))
                default: note(registry.advance(to: now))
                }
                let live = registry.registry.subscriptions
                #expect(live.map(\.id) == live.map(\.id).sorted())
                #expect(live.reduce(into: [:]) { $0[$1.topic] = $1.userCount } == counts.filter { $0.value > 0 })
                for subscription in live {
                    let isOnServer = sent[subscription.id] != nil
                    switch subscription.state {
                    case .requested, .confirmed: #expect(isOnServer)
                    case .unsent, .waiting, .failed: #expect(!isOnServer)
                    }
                }
                #expect(sent.keys.allSatisfy { id in live.contains { $0.id == id } }, "seed \(seed)")
                let due = registry.nextDeadline
                guard due <= now else { continue }
                let before = registry.registry
                note(registry.advance(to: now))
                #expect(registry.registry != before, "a deadline that is due has something to do, seed \(seed)")
            }
        }
        #expect(restores > 10)
    }
}
