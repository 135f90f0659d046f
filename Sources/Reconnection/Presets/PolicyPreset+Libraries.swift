import MonotonicTime

extension PolicyPreset {
    /// Real libraries whose delays the machines express exactly.
    static let libraries: [PolicyPreset] = [
        PolicyPreset(
            name: "phoenix-js",
            summary: "A ladder from 10 ms to 5 s without randomness; noticed dead after two heartbeats of 30 s.",
            source: "phoenixframework/phoenix, assets/js/phoenix/socket.js (167c469)",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .table(
                        [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000].map { Interval.milliseconds($0) }
                    )
                ),
                heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30)),
                outbox: OutboxPolicy(window: 64, acknowledgementTimeout: .seconds(10))
            )
        ),
        PolicyPreset(
            name: "mqtt-js",
            summary: "One second after every close, for ever; keep-alive 60 s, dead after 90 s.",
            source: "mqttjs/MQTT.js 5.14.1, src/lib/client.ts (aa03369)",
            policy: ClientPolicy(
                backoff: Backoff(growth: .fixed(.seconds(1))),
                connectTimeout: .seconds(30),
                heartbeat: HeartbeatPolicy(interval: .seconds(60), replyTimeout: .seconds(30)),
                outbox: OutboxPolicy(capacity: 100_000, window: 64, acknowledgementTimeout: .seconds(30))
            )
        ),
        PolicyPreset(
            name: "supabase-realtime-js",
            summary: "1, 2, 5, then 10 s, no jitter; noticed dead after two heartbeats of 25 s.",
            source: "supabase/realtime-js, src/RealtimeClient.ts (41a65b0)",
            policy: ClientPolicy(
                backoff: Backoff(growth: .table([.seconds(1), .seconds(2), .seconds(5), .seconds(10)])),
                heartbeat: HeartbeatPolicy(interval: .seconds(25), replyTimeout: .seconds(25)),
                outbox: OutboxPolicy(window: 64, acknowledgementTimeout: .seconds(10))
            )
        ),
    ]
}
