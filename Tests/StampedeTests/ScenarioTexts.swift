/// Forty clients of two kinds lose their gateway for ten seconds.
let tinyScenario = """
    name: tiny
    summary: A gateway restarts under a few phones.
    duration: 90s
    replications: 3
    seed: 7
    primary-metric: recovery-time-95

    policies:
      calm:
        backoff: { base: 1s, factor: 2, cap: 8s, jitter: full }
        connect-timeout: 5s

    fleet:
      - name: phones
        clients: 30
        policy: calm
        network: lte
        workload: { messages: poisson, every: 10s, deadline: 30s }
      - name: desks
        clients: 10
        policy: calm
        network: wifi

    servers:
      - name: gateway
        instances: 1
        handshake: { workers: 1, time: "lognormal(median: 14ms, p99: 45ms)", backlog: 64, round-trips: 2 }

    timeline:
      - at: 30s
        restart: { server: gateway, down: 10s, close: 1012, meanwhile: refuse }

    expect:
      - recovery-time-95 < 60s

    """

/// A thousand phones lose their gateway, and come back by a policy with the given jitter.
func restart(jitter: String) -> String {
    """
    name: restart
    duration: 60s
    replications: 2
    policies:
      ours:
        backoff: { base: 4s, factor: 2, cap: 16s, jitter: \(jitter) }
        connect-timeout: 10s
    fleet: [{ name: phones, clients: 1_000, policy: ours, network: lte }]
    servers:
      - name: gateway
        instances: 2
        handshake: { workers: 8, time: 10ms, backlog: 4096 }
    timeline:
      - at: 10s
        restart: { server: gateway, down: 6s, meanwhile: refuse }

    """
}
