// Unoptimised code asks for memory that optimised code does without, so that only the latter is held to the rule.
#if canImport(Glibc) && !DEBUG
    import CAllocationCounter
    import MonotonicTime
    import Reconnection
    import Testing

    /// A client that has reached its steady state asks for no memory, whatever it is told.
    @Suite struct AllocationTests {
        /// Drops, retries, successes, beats and their answers, messages and their acknowledgements.
        private static func cycle(
            _ client: inout ReconnectingClient,
            _ now: inout Instant,
            _ policy: ClientPolicy,
            _ random: inout ConstantRandomSource,
            _ actions: inout ClientActions
        ) {
            func tell(_ input: ClientInput, _ now: Instant) {
                actions.removeAll()
                client.handle(input, at: now, policy: policy, random: &random, actions: &actions)
            }
            tell(.lost(generation: client.supervisor.generation, close: .abnormal), now)
            for _ in 0..<3 {
                now = max(now, client.nextDeadline(policy: policy))
                tell(.advance, now)
                tell(.lost(generation: client.supervisor.generation, close: .tryAgainLater), now)
            }
            tell(.send, now)
            now = max(now, client.nextDeadline(policy: policy))
            tell(.advance, now)
            tell(.opened(generation: client.supervisor.generation), now)
            for _ in 0..<4 { tell(.send, now) }
            while let oldest = client.outbox.oldestKey { tell(.acknowledged(key: oldest), now) }
            for _ in 0..<3 {
                // Beats, where the policy has them.
                now = max(now, min(client.nextDeadline(policy: policy), now + .minutes(1)))
                tell(.advance, now)
                let beat = client.heartbeat.lastBeat
                tell(.heartbeatAnswered(generation: client.supervisor.generation, beat: beat), now)
            }
            tell(.network(isOnline: false), now)
            tell(.network(isOnline: true), now)
            tell(.opened(generation: client.supervisor.generation), now)
        }

        @Test(
            "nothing is allocated",
            arguments: ["full-jitter", "no-jitter", "decorrelated-jitter", "pl3xus", "chat-sdk"]
        )
        func steadyState(name: String) throws {
            let policy = try named(name)
            var client = ReconnectingClient()
            var actions = ClientActions()
            var random = ConstantRandomSource()
            var now = Instant.origin
            client.handle(.start, at: now, policy: policy, random: &random, actions: &actions)
            client.handle(.opened(generation: 1), at: now, policy: policy, random: &random, actions: &actions)
            // Buffers grow to the size they need.
            for _ in 0..<3 { Self.cycle(&client, &now, policy, &random, &actions) }
            let allocated = AllocationCounter.count {
                for _ in 0..<10 { Self.cycle(&client, &now, policy, &random, &actions) }
            }
            #expect(allocated == 0)
            #expect(client.phase == .connected, "the cycle must go round")
        }

        @Test("the counter counts")
        func counts() {
            let counted = AllocationCounter.count { for size in 1...5 { blackHole([Int](repeating: 1, count: size)) } }
            #expect(counted == 5)
        }

        @inline(never)
        private func blackHole(_ value: [Int]) { withExtendedLifetime(value) {} }
    }

    private struct ConstantRandomSource: RandomSource {
        mutating func nextUniform() -> Double { 0.5 }
    }

    /// Counts how often this thread asks for memory.
    private enum AllocationCounter {
        static func count(_ body: () -> Void) -> Int {
            let before = allocations_of_this_thread()
            body()
            return allocations_of_this_thread() - before
        }
    }
#endif
