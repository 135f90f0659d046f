/// Storms for clients whose retries are plain: most of what they do takes short ways, if the windows are long enough.
extension Storm {
    /// All have plain retries, most of them without bounds, so that they are there to the end.
    private static let plainPolicies = """
        policies:
          bare: { backoff: { base: 100ms, cap: 2s, jitter: full } }
          beating: { extends: bare, heartbeat: { every: 700ms, timeout: 400ms } }
          patient: { extends: bare, heartbeat: { every: 500ms, timeout: 500ms, missed-allowed: 2, random-first-phase: true } }
          unheard: { extends: bare, heartbeat: { every: 300ms, timeout: none } }
          silent: { extends: bare, heartbeat: { every: 600ms, timeout: none, silence: { longest: 2s } } }
          breaking: { extends: beating, breaker: { failures: 4, open: 1s, open-jitter: 50% } }
          limited: { extends: beating, retry-limit: 25, connect-timeout: 300ms, reset: { after-stable: 3s } }
          halving: { extends: unheard, backoff: { base: 50ms, cap: 1s, jitter: equal }, connect-timeout: 2s }
          in-rhythm:
            backoff: { growth: fixed, base: 250ms, jitter: none }
            connect-timeout: 500ms
            heartbeat: { every: 1s, timeout: 500ms }
          queueing: { extends: beating, outbox: { window: 8, capacity: 20, time-to-live: 4s, ack-timeout: 600ms } }
          refusing: { extends: unheard, outbox: { while-disconnected: refuse, window: 1, ack-timeout: 500ms } }
        networks:
          steady: { round-trip: 50ms, survives: 2s }
          there: { round-trip: 50ms, uplink-share: 100%, survives: 2s }
          back: { round-trip: 50ms, uplink-share: 0%, survives: 2s }
          nearby: { round-trip: 1us, survives: 2s }
          jittery: { round-trip: "uniform(20ms, 200ms)", survives: 3s }
          lossy: { round-trip: "uniform(20ms, 200ms)", loss: 10%, survives: 5s }
          dropping: { round-trip: 40ms, loss: 5%, survives: 5s }
        """

    /// The policies that clients of these storms have.
    static let plainPolicyNames = [
        "bare", "beating", "patient", "unheard", "silent", "breaking", "limited", "halving", "in-rhythm", "queueing",
        "refusing",
    ]

    /// Where packets take a time that is known, and where chance has a say.
    static let networkNames = ["steady", "there", "back", "nearby", "jittery", "lossy", "dropping"]

    /// A storm for plain clients, with long times in which nothing is done to them.
    ///
    /// Several restarts begin at the same instant, one of them together with a disconnect; of one tier a part; and
    /// some are over as soon as they have begun. Most tiers are down long enough for many retries in a row.
    static func plain(_ seed: Int) -> String {
        var choices = Choices(seed: seed)
        let policies = (0..<3).map { plainPolicyNames[(seed + $0 * 4) % plainPolicyNames.count] }
        let networks = (0..<3).map { networkNames[(seed / 2 + $0 * 3) % networkNames.count] }
        func ending() -> String { choices.pick(["reset", "silent", "1012", "reset"]) }
        func meanwhile() -> String { choices.pick(["refuse", "drop", "refuse"]) }
        func length() -> String { choices.pick(["0s", "1ns", "1us", "49ms"]) }
        func workload() -> String {
            choices.pick([
                "{ messages: poisson, every: 800ms, deadline: 5s }", "{ messages: periodic, every: 1s }",
                "{ messages: periodic, every: 250ms }",
            ])
        }
        return """
            name: plain
            duration: 70s
            seed: \(seed)
            \(plainPolicies)
            fleet:
              - name: one
                clients: 7
                policy: \(policies[0])
                network: \(networks[0])
                workload: \(workload())
              - name: two
                clients: 6
                start: \(choices.pick(["connected", "1s", "\"uniform(0s, 6s)\""]))
                policy: \(policies[1])
                network: \(networks[1])
                outages:
                  - { signal: \(choices.pick(["signalled", "silent"])), shared-by: cohort, first: 45s, down: 3s }
              - name: three
                clients: 5
                policy: \(policies[2])
                network: \(networks[2])
                server: other
                workload: \(workload())
            servers:
              - name: gateway
                instances: 2
                handshake: { workers: 1, time: 20ms, backlog: \(choices.pick(["2", "4096"])) }
                connection-limit: \(choices.pick(["7", "1000"]))
                idle-timeout: \(choices.pick(["2s", "30s"]))
              - { name: other, handshake: { workers: 1, time: 50ms } }
            timeline:
              - { at: 8s, restart: { server: gateway, down: 12s, close: \(ending()), meanwhile: \(meanwhile()) } }
              - { at: 8s, restart: { server: other, down: 9s, close: \(ending()), meanwhile: \(meanwhile()) } }
              - { at: 26s, restart: { server: gateway, down: 6s, instances: 1, close: \(ending()) } }
              - { at: 26s, disconnect: { cohort: two, share: 50%, how: \(choices.pick(["reset", "silent"])) } }
              - { at: 26s, restart: { server: other, down: \(length()), close: \(ending()), meanwhile: \(meanwhile()) } }
              - { at: 39s, disconnect: { cohort: three, how: silent } }
              - { at: 39s, restart: { server: gateway, down: \(length()), close: \(ending()), meanwhile: \(meanwhile()) } }
              - { at: 39s, restart: { server: gateway, down: \(length()), instances: 1, close: \(ending()) } }
            """
    }
}
