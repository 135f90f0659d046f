import Reconnection

/// Scenarios in which much goes wrong at once; a seed decides what.
enum Storm {
    private static let policies = """
        policies:
          refusing: { extends: full-jitter, outbox: { while-disconnected: refuse, window: 8, ack-timeout: 2s, retry-limit: 2 } }
          discarding: { extends: full-jitter, retry-limit: 3, outbox: { while-disconnected: discard, window: 4 } }
          forgetful:
            extends: no-jitter
            breaker: { failures: 2, open: 3s, open-jitter: 50% }
            outbox:
              capacity: 3
              overflow: drop-oldest
              time-to-live: 8s
              ack-timeout: 150ms
              retry: { base: 100ms, cap: 1s, jitter: full }
              retry-limit: 4
          impatient:
            backoff: { base: 100ms, cap: 2s, jitter: full }
            connect-timeout: 250ms
            heartbeat: { every: 2s, timeout: 400ms }
            retry-after: honour
            outbox: { window: 64, ack-timeout: 300ms }
          in-step:
            backoff: { growth: fixed, base: 500ms, jitter: none }
            connect-timeout: 500ms
            heartbeat: { every: 1s, timeout: 500ms }
            outbox: { window: 2, ack-timeout: 500ms, retry: { growth: fixed, base: 500ms, jitter: none } }
        networks:
          lossy: { round-trip: "uniform(20ms, 200ms)", loss: 20%, survives: 5s }
          bursty: { round-trip: 80ms, loss: { to-bad: 5%, to-good: 30% }, survives: 2s }
          there: { round-trip: 50ms, uplink-share: 100%, survives: 2s }
          back: { round-trip: 50ms, uplink-share: 0%, survives: 2s }
        """

    /// All policies a storm can have.
    static let policyNames =
        ["refusing", "discarding", "forgetful", "impatient", "in-step"] + PolicyPreset.all.map(\.name)

    /// A storm of chance: outages of each kind, restarts with each ending, links of each kind, servers that are short of
    /// everything.
    ///
    /// - Parameter policy: that of the first cohort; without one, every policy has its turn.
    static func text(_ seed: Int, policy: String? = nil) -> String {
        var choices = Choices(seed: seed)
        let first = policy ?? policyNames[seed % policyNames.count]
        let outages = (0..<2).map { _ in
            let signal = choices.pick(["signalled", "silent"])
            let sharing = choices.pick(["client", "group", "cohort"])
            let up = choices.pick(["", ", up: \"exponential(15s)\"", ", up: 500ms"])
            let attach = choices.pick(["", ", attach: \"uniform(100ms, 2s)\"", ", stagger: 3s"])
            return "- { signal: \(signal), shared-by: \(sharing), first: \"uniform(5s, 40s)\", "
                + "down: \"exponential(8s)\"\(up)\(attach), probability: 80% }"
        }
        let restarts = (0..<3).map { index in
            let close = choices.pick(["reset", "silent", "1012", "1013", "1008"])
            let meanwhile = choices.pick(["refuse", "drop"])
            let instances = choices.pick(["", ", instances: 1"])
            return "- { at: \(20 + 7 * index)s, restart: { server: gateway, down: \"exponential(6s)\", "
                + "close: \(close), meanwhile: \(meanwhile)\(instances) } }"
        }
        return """
            name: stormy
            duration: 80s
            seed: \(seed)
            \(policies)
            fleet:
              - name: one
                clients: 20
                policy: \(first)
                network: \(choices.pick(["lossy", "bursty", "ideal", "edge", "there", "back"]))
                group-size: 7
                outages:
                  \(indented(outages.joined(separator: "\n"), by: 6))
                workload: { messages: poisson, every: 3s, deadline: 5s }
              - name: two
                clients: 15
                start: \(choices.pick(["connected", "0s", "\"uniform(0s, 30s)\""]))
                policy: \(choices.pick(policyNames))
                network: \(choices.pick(["lossy", "lte", "ideal", "there"]))
                workload: { messages: periodic, every: 4s }
            servers:
              - name: gateway
                instances: 2
                balancing: \(choices.pick(["round-robin", "random", "least-connections"]))
                handshake:
                  workers: 1
                  time: \(choices.pick(["\"exponential(80ms)\"", "100ms"]))
                  backlog: \(choices.pick(["0", "2", "4096"]))
                  when-full: \(choices.pick(["refuse", "drop"]))
                  abandoned: \(choices.pick(["served", "dropped"]))
                  answered: \(choices.pick(["when-done", "when-begun"]))
                connection-limit: \(choices.pick(["8", "25", "1000"]))
                idle-timeout: 10s
                warm-up: { for: 20s, from: 10% }
                refusal: { close: \(choices.pick(["1013", "1008"])), retry-after: 2s }
            timeline:
              \(indented(restarts.joined(separator: "\n"), by: 2))
              - { at: 55s, disconnect: { cohort: two, share: 60%, how: \(choices.pick(["reset", "silent"])) } }
            """
    }

    /// A storm without chance, in which as much as possible happens at the very same instants: all times are multiples of
    /// 50 ms, and many take no time at all.
    static func lockstep(_ seed: Int) -> String {
        var choices = Choices(seed: seed)
        let networks = ["there", "back"]
        return """
            name: lockstep
            duration: 40s
            seed: \(seed)
            \(policies)
            fleet:
              - name: one
                clients: 12
                start: \(choices.pick(["1s", "connected"]))
                policy: in-step
                network: \(choices.pick(networks))
                outages:
                  - { signal: \(choices.pick(["signalled", "silent"])), shared-by: cohort, first: 8s, down: 3s, up: 5s }
              - { name: two, clients: 9, start: 1s, policy: in-step, network: \(choices.pick(networks)) }
              - { name: three, clients: 5, start: 2s, policy: in-step, network: there, server: other }
            servers:
              - name: gateway
                instances: 2
                balancing: \(choices.pick(["round-robin", "random", "least-connections"]))
                handshake:
                  workers: \(choices.pick(["1", "3"]))
                  time: \(choices.pick(["100ms", "250ms", "500ms"]))
                  backlog: \(choices.pick(["0", "3", "4096"]))
                  when-full: \(choices.pick(["refuse", "drop"]))
                  abandoned: \(choices.pick(["served", "dropped"]))
                  answered: \(choices.pick(["when-done", "when-begun"]))
                  round-trips: \(choices.pick(["1", "2"]))
                connection-limit: \(choices.pick(["6", "1000"]))
                idle-timeout: 2s
              - { name: other, handshake: { workers: 1, time: 450ms, abandoned: dropped } }
            timeline:
              - { at: 16s, restart: { server: gateway, down: 2s, close: \(choices.pick(["reset", "silent", "1012"])) } }
              - { at: 16s, restart: { server: other, down: 2s, close: reset, meanwhile: drop } }
              - { at: 24s, restart: { server: gateway, down: 3s, instances: 1, close: reset } }
              - { at: 24s, disconnect: { cohort: two, how: \(choices.pick(["reset", "silent"])) } }
            """
    }
}
