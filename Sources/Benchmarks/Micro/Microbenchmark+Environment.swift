import MonotonicTime
import Reconnection
import Scenarios

extension Microbenchmark {
    /// What goes on around a connection.
    static var environment: [Microbenchmark] {
        [subscribing, restoring, askingForToken, refreshing, pinging, merging]
    }

    private typealias Subscriptions = SubscriptionRegistry<Int>

    /// A registry with a hundred confirmed topics.
    private static func registry(
        _ policy: SubscriptionPolicy,
        _ actions: inout ActionBuffer<SubscriptionAction<Int>>
    ) -> Subscriptions {
        var registry = Subscriptions()
        registry.connectionOpened(generation: 1, at: .origin, policy: policy, actions: &actions)
        for topic in 0..<100 {
            let use = registry.subscribe(to: topic, at: .origin, policy: policy, actions: &actions)
            registry.confirmed(id: use.id, generation: 1, at: .origin, actions: &actions)
        }
        actions.removeAll()
        return registry
    }

    private static var subscribing: Microbenchmark {
        Microbenchmark("subscriptions", "subscribe, confirm, release, beside 100 topics") { count, watch in
            let policy = opaque(SubscriptionPolicy())
            var actions = ActionBuffer<SubscriptionAction<Int>>()
            var registry = registry(policy, &actions)
            var told = 0
            watch.start()
            for _ in 0..<count {
                let use = registry.subscribe(to: 1_000, at: .origin, policy: policy, actions: &actions)
                registry.confirmed(id: use.id, generation: 1, at: .origin, actions: &actions)
                registry.release(use, at: .origin, actions: &actions)
                told += actions.count
                actions.removeAll()
            }
            watch.stop(having: told)
        }
    }

    private static var restoring: Microbenchmark {
        Microbenchmark("subscriptions", "restore one of 100 topics after a drop") { count, watch in
            let policy = opaque(SubscriptionPolicy())
            var actions = ActionBuffer<SubscriptionAction<Int>>()
            var registry = registry(policy, &actions)
            var generation: UInt32 = 1
            var restored = 0
            watch.start()
            while restored < count {
                registry.connectionClosed(generation: generation, at: .origin)
                generation &+= 1
                registry.connectionOpened(generation: generation, at: .origin, policy: policy, actions: &actions)
                for place in 0..<actions.count {
                    guard case .subscribe(let id, _, _) = actions[place] else { continue }
                    registry.confirmed(id: id, generation: generation, at: .origin, actions: &actions)
                    restored += 1
                }
                actions.removeAll()
            }
            guard registry.unrestoredCount == 0 else { fatalError("A topic was not restored.") }
            watch.stop(having: restored)
        }
    }

    private static func token(at now: Instant) -> TokenLifetime {
        TokenLifetime(issuedAt: now, expiresAt: now + .hours(1))
    }

    private static var askingForToken: Microbenchmark {
        Microbenchmark("tokens", "ask for a token that is good") { count, watch in
            let policy = opaque(TokenRefreshPolicy.chatSDK)
            var actions = ActionBuffer<TokenRefreshAction>()
            var random = StreamSource()
            var refresher = TokenRefresher()
            refresher.start(
                token: token(at: .origin),
                at: .origin,
                policy: policy,
                random: &random,
                actions: &actions
            )
            var sum: UInt32 = 0
            watch.start()
            for _ in 0..<count {
                let answer = refresher.tokenNeeded(at: .origin, policy: policy, actions: &actions)
                guard case .useCurrent(let epoch) = answer else { fatalError("A good token was not given.") }
                sum &+= epoch
            }
            watch.stop(having: sum)
        }
    }

    private static var refreshing: Microbenchmark {
        Microbenchmark("tokens", "refresh a token when it is due") { count, watch in
            let policy = opaque(TokenRefreshPolicy.chatSDK)
            var actions = ActionBuffer<TokenRefreshAction>()
            var random = StreamSource()
            var now = Instant.origin
            var refresher = TokenRefresher()
            refresher.start(token: token(at: now), at: now, policy: policy, random: &random, actions: &actions)
            actions.removeAll()
            var told = 0
            watch.start()
            for _ in 0..<count {
                now = refresher.nextRefresh
                refresher.advance(to: now, policy: policy, actions: &actions)
                refresher.refreshSucceeded(
                    attempt: refresher.lastAttempt,
                    token: token(at: now),
                    at: now,
                    policy: policy,
                    random: &random,
                    actions: &actions
                )
                told += actions.count
                actions.removeAll()
            }
            guard told >= 2 * count else { fatalError("A token was not refreshed.") }
            watch.stop(having: told)
        }
    }

    private static var pinging: Microbenchmark {
        Microbenchmark("network-quality", "send a ping, have it answered") { count, watch in
            let policy = opaque(NetworkQualityPolicy.chatSDK)
            var actions = ActionBuffer<NetworkQualityAction>()
            var monitor = NetworkQualityMonitor(policy: policy)
            monitor.start(at: .origin, policy: policy, actions: &actions)
            monitor.pong(
                number: monitor.lastPing,
                at: .origin + .milliseconds(40),
                policy: policy,
                actions: &actions
            )
            let first = monitor.lastPing
            watch.start()
            for _ in 0..<count {
                let now = monitor.nextDeadline
                monitor.advance(to: now, policy: policy, actions: &actions)
                monitor.pong(
                    number: monitor.lastPing,
                    at: now + .milliseconds(40),
                    policy: policy,
                    actions: &actions
                )
                actions.removeAll()
            }
            let sent = monitor.lastPing &- first
            guard sent == UInt32(truncatingIfNeeded: count) else { fatalError("A ping was not sent.") }
            watch.stop(having: monitor)
        }
    }

    private static var merging: Microbenchmark {
        Microbenchmark("merge-buffer", "hold an edit offline, flush it with 99 others") { count, watch in
            let policy = opaque(MergeBufferPolicy())
            var buffer = MergeBuffer<Int>()
            watch.start()
            for turn in 0..<count {
                if turn % 100 == 0 {
                    if case .flush(let number, _) = buffer.networkChanged(isOnline: true, policy: policy) {
                        _ = buffer.flushSucceeded(number: number, policy: policy)
                    }
                    _ = buffer.networkChanged(isOnline: false, policy: policy)
                }
                _ = buffer.edited(turn)
            }
            guard buffer.editsFlushed == (count - 1) / 100 * 100 else { fatalError("Edits were not flushed.") }
            watch.stop(having: buffer.editsFlushed)
        }
    }

    /// The reader of scenario files.
    static func readers(_ scenario: [UInt8]) -> [Microbenchmark] {
        [
            Microbenchmark("reader", "read a scenario file of \(scenario.count) bytes", bytes: scenario.count) {
                count,
                watch in
                var clients = 0
                watch.start()
                for _ in 0..<count {
                    do {
                        clients += try ScenarioFile.read(scenario, file: "scenario.yaml").scenario.clientCount
                    } catch {
                        fatalError("The scenario cannot be read: \(error)")
                    }
                }
                watch.stop(having: clients)
            }
        ]
    }
}
