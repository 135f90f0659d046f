import MonotonicTime

extension PolicyPreset {
    /// Clients of WebSocket, server-sent events and messaging protocols.
    static let realtimeLibraries: [PolicyPreset] =
        webSocketWrappers + phoenixClients + realtimeServices + messagingClients + browserFrameworks

    private static func realtime(
        _ name: String,
        _ summary: String,
        source: String,
        _ policy: ClientPolicy
    ) -> PolicyPreset {
        PolicyPreset(name: name, kind: .realtimeClient, summary: summary, source: source, policy: policy)
    }

    // MARK: Wrappers around a WebSocket or an event source

    private static let webSocketWrappers: [PolicyPreset] = [
        realtime(
            "reconnecting-websocket",
            "A base of 1 to 5 s drawn once a page, times 1.3 each up to exactly 10 s; 5 s of uptime reset it.",
            source: "pladaria/reconnecting-websocket 4.4.0, reconnecting-websocket.ts (05a2f7c)",
            ClientPolicy(
                // (1 + 4r) · 1.3ⁿ seconds: the base is random, and stays what it was.
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 1.3),
                    cap: .seconds(10),
                    capOrder: .afterJitter,
                    jitter: .additive(fraction: 4),
                    draws: .once
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(5))),
                connectTimeout: .seconds(4),
                outbox: .unboundedQueue
            )
        ),
        realtime(
            "partysocket",
            "3 s times 1.3 each up to 10 s, without randomness; 5 s of uptime reset it.",
            source: "cloudflare/partykit, packages/partysocket/src/ws.ts 1.3.0 (c9ab55f)",
            ClientPolicy(
                backoff: .exponential(base: .seconds(3), factor: 1.3, cap: .seconds(10), jitter: .none),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(5))),
                connectTimeout: .seconds(4),
                outbox: .unboundedQueue
            )
        ),
        realtime(
            "sockette",
            "One second after every loss, for ever; a normal close is final.",
            source: "lukeed/sockette 2.0.6, src/index.js (75d9e73)",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.seconds(1))),
                closeRules: [
                    CloseRule(codes: 1000...1000, response: .stop), CloseRule(codes: 1005...1005, response: .stop),
                ],
                outbox: .refusing
            )
        ),
        realtime(
            "python-websockets",
            "Up to 5 s at first, then 3.1 s times 1.618 up to 90 s: the first wait is all the spread there is.",
            source: "python-websockets/websockets, src/websockets/client.py (04e599c)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .milliseconds(3_100), factor: 1.618),
                    cap: .seconds(90),
                    first: Backoff.First(from: .zero, to: .seconds(5))
                ),
                connectTimeout: .seconds(10),
                heartbeat: HeartbeatPolicy(interval: .seconds(20), replyTimeout: .seconds(20)),
                outbox: .refusing
            )
        ),
        realtime(
            "launchdarkly-eventsource",
            "One second after every loss: growth and jitter must be asked for.",
            source: "launchdarkly/js-eventsource, lib/retry-delay.js (a495306)",
            ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))), outbox: .refusing)
        ),
        realtime(
            "launchdarkly-eventsource-jittered",
            "1 s doubling to 30 s less up to half, reset after 60 s: as LaunchDarkly's own clients set it.",
            source: "launchdarkly/js-eventsource, lib/retry-delay.js (a495306)",
            ClientPolicy(
                // d − ⌊r · 0.5 · d⌋: rounding what is left up rounds what is taken off down.
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2),
                    cap: .seconds(30),
                    jitter: .subtractive(fraction: 0.5),
                    rounding: Backoff.Rounding(.up, to: .milliseconds(1))
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(60))),
                outbox: .refusing
            )
        ),
        realtime(
            "starscream",
            "Never reconnects by itself: it reports that a reconnect is advisable.",
            source: "daltoniam/Starscream (c6bfd1a)",
            ClientPolicy(backoff: Backoff(growth: .fixed(.zero)), retryLimit: 0, outbox: .discarding)
        ),
    ]

    // MARK: Phoenix and what descends from it

    private static let phoenixLadder = Backoff(
        growth: .table(.milliseconds(10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000))
    )

    private static let phoenixOutbox = OutboxPolicy(
        capacity: 100_000,
        window: 64,
        acknowledgementTimeout: .seconds(10)
    )

    private static let phoenixClients: [PolicyPreset] = [
        realtime(
            "phoenix-js",
            "A ladder from 10 ms to 5 s without randomness; noticed dead after two heartbeats of 30 s.",
            source: "phoenixframework/phoenix, assets/js/phoenix/socket.js (167c469)",
            ClientPolicy(
                backoff: phoenixLadder,
                hidden: .holdsAttempts,
                closeRules: [CloseRule(codes: 1000...1000, response: .stop)],
                heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30)),
                outbox: phoenixOutbox
            ).with { $0.returnEndsWait = true }
        ),
        realtime(
            "phoenix-channel",
            "How phoenix.js joins a channel again: 1, 2, 5, then 10 s, each join given 10 s.",
            source: "phoenixframework/phoenix, assets/js/phoenix/channel.js (167c469)",
            ClientPolicy(
                backoff: Backoff(growth: .table(.milliseconds(1_000, 2_000, 5_000, 10_000))),
                connectTimeout: .seconds(10),
                outbox: phoenixOutbox
            )
        ),
        realtime(
            "swift-phoenix-client",
            "The ladder of phoenix.js, from 10 ms to 5 s, without randomness.",
            source: "davidstump/SwiftPhoenixClient, Sources/SwiftPhoenixClient/Defaults.swift (2ea54b4)",
            ClientPolicy(
                backoff: phoenixLadder,
                heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30)),
                outbox: phoenixOutbox
            )
        ),
        realtime(
            "supabase-realtime-js",
            "1, 2, 5, then 10 s, no jitter; noticed dead after two heartbeats of 25 s.",
            source: "supabase/realtime-js, src/RealtimeClient.ts (41a65b0)",
            ClientPolicy(
                backoff: Backoff(growth: .table(.milliseconds(1_000, 2_000, 5_000, 10_000))),
                heartbeat: HeartbeatPolicy(interval: .seconds(25), replyTimeout: .seconds(25)),
                outbox: phoenixOutbox
            )
        ),
        realtime(
            "supabase-swift",
            "7 s doubling to 30 s, deliberately without jitter; a heartbeat of 25 s must be answered in 10 s.",
            source: "supabase/supabase-swift, Sources/RealtimeV2/ConnectionManager.swift (52eec30)",
            ClientPolicy(
                backoff: .exponential(base: .seconds(7), cap: .seconds(30), jitter: .none),
                heartbeat: HeartbeatPolicy(interval: .seconds(25), replyTimeout: .seconds(10)),
                outbox: phoenixOutbox
            )
        ),
        realtime(
            "supabase-swift-channel",
            "How supabase-swift joins a channel: 1 s doubling to 30 s ± 25 %, five attempts.",
            source: "supabase/supabase-swift, Sources/RealtimeV2/ChannelStateManager.swift (52eec30)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2),
                    cap: .seconds(30),
                    floor: .milliseconds(100),
                    jitter: .symmetric(fraction: 0.25)
                ),
                retryLimit: 4,
                connectTimeout: .seconds(10),
                outbox: phoenixOutbox
            )
        ),
    ]

    // MARK: Hosted and self-hosted realtime services

    /// Centrifuge's close codes. Its final ranges hold, as built, only for closes with a reason.
    private static let centrifugeRules = [
        CloseRule(codes: 1009...1009, response: .stop),
        CloseRule(codes: 3500...3999, reason: .equal(""), response: .backOff),
        CloseRule(codes: 3500...3999, response: .stop),
        CloseRule(codes: 4500...4999, reason: .equal(""), response: .backOff),
        CloseRule(codes: 4500...4999, response: .stop),
    ]

    private static func centrifuge(_ rounding: Backoff.Rounding) -> ClientPolicy {
        ClientPolicy(
            backoff: Backoff(
                growth: .exponential(base: .milliseconds(500), factor: 2),
                cap: .seconds(20),
                jitter: .minimumPlusFull(minimum: .milliseconds(500)),
                rounding: rounding
            ),
            connectTimeout: .seconds(5),
            offline: .closes,
            closeRules: centrifugeRules,
            heartbeat: HeartbeatPolicy(
                silence: HeartbeatPolicy.Silence(longest: .seconds(35)),
                serverInterval: .seconds(25)
            ),
            outbox: OutboxPolicy(capacity: 100_000, timeToLive: .seconds(5), window: 64)
        ).with { $0.returnEndsWait = true }
    }

    private static let realtimeServices: [PolicyPreset] = [
        realtime(
            "centrifuge-js",
            "500 ms plus full jitter of 500 ms doubling, at most 20 s; the server's ping may be 10 s late.",
            source: "centrifugal/centrifuge-js 5.7.1, src/utils.ts (c9e8678)",
            centrifuge(Backoff.Rounding(.down, to: .milliseconds(1), drawsUpperEnd: true))
        ),
        realtime(
            "centrifuge-swift",
            "500 ms plus full jitter of 500 ms doubling, at most 20 s, in fractions of a millisecond.",
            source: "centrifugal/centrifuge-swift, Sources/SwiftCentrifuge (a194bd7)",
            centrifuge(.nearestNanosecond).with {
                $0.offline = .ignored
                $0.returnEndsWait = false
            }
        ),
        realtime(
            "ably-js",
            "At once after a drop, then 16 to 30 s; after 120 s every 30 s exactly, all clients in step.",
            source: "ably/ably-js 2.26.0, src/common/lib/transport/connectionmanager.ts (7fa7dc5)",
            ClientPolicy(
                // 15 s · min((n + 2) / 3, 2) · (1 − 0.2 r), n counting from 1.
                backoff: Backoff(
                    growth: .linear(base: .seconds(15), step: .seconds(5)),
                    cap: .seconds(30),
                    jitter: .subtractive(fraction: 0.2)
                ),
                connectTimeout: .seconds(20),
                offline: .closes,
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(25)),
                    serverInterval: .seconds(15)
                ),
                outbox: .unboundedQueue
            ).with {
                $0.afterDrop = ClientPolicy.DropRetry(delay: .zero, counts: true, spacing: .seconds(1))
                $0.suspension = ClientPolicy.Suspension(after: .seconds(120), retryEvery: .seconds(30))
                $0.returnEndsWait = true
            }
        ),
        realtime(
            "pusher-js",
            "1 s after a drop, then attempts 15, 30, 60, 60 s from start to start; a ping after 120 s of silence.",
            source: "pusher/pusher-js 8.6.0, src/core/connection/connection_manager.ts (f53faf9)",
            ClientPolicy(
                backoff: Backoff(growth: .table(.milliseconds(15_000, 30_000, 60_000))),
                connectTimeout: .seconds(15),
                closeRules: [
                    CloseRule(codes: 4000...4000, response: .pause(from: .zero, to: .zero)),
                    CloseRule(codes: 4001...4099, response: .stop),
                    CloseRule(codes: 4100...4199, response: .pause(from: .seconds(1), to: .seconds(1))),
                    CloseRule(codes: 4200...4299, response: .pause(from: .zero, to: .zero)),
                    CloseRule(codes: 4300...4999, response: .stop),
                ],
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(150), reconnectsAtOnce: true),
                    interval: .seconds(120)
                ),
                outbox: .refusing
            ).with {
                $0.afterDrop = ClientPolicy.DropRetry(delay: .seconds(1))
                $0.waitsFrom = .attemptStart
                $0.returnEndsWait = true
            }
        ),
        realtime(
            "livekit-js",
            "At once, 300 ms, then 1.2 to 7 s plus up to 1 s, and up after ten retries.",
            source: "livekit/client-sdk-js, src/room/DefaultReconnectPolicy.ts (9380ed7)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .table(.milliseconds(0, 300, 1_200, 2_700, 4_800, 7_000)),
                    jitter: .additiveConstant(upTo: .seconds(1)),
                    firstJittered: 2
                ),
                retryLimit: 10,
                connectTimeout: .seconds(15),
                outbox: .refusing
            ).with { $0.retriesFirstConnect = false }
        ),
        realtime(
            "discord-py",
            "Full jitter of 2 s doubling to 1024 s; forgotten after 2048 s without a failure.",
            source: "Rapptz/discord.py, discord/backoff.py (1add8a0)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2, exponentOffset: 1),
                    cap: .seconds(1_024),
                    jitter: .full
                ),
                reset: ClientPolicy.ResetRule(afterSuccess: .afterQuiet(.seconds(2_048))),
                connectTimeout: .seconds(60),
                closeRules: [
                    CloseRule(codes: 4004...4004, response: .stop), CloseRule(codes: 4010...4014, response: .stop),
                ],
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(60)),
                    interval: .milliseconds(41_250)
                ),
                outbox: .refusing
            )
        ),
        realtime(
            "slack-socket-mode",
            "5 s more after each failure, without end and without jitter; 30 s of silence count as loss.",
            source: "slackapi/node-slack-sdk, packages/socket-mode/src/SocketModeClient.ts (4322e14)",
            ClientPolicy(
                backoff: Backoff(growth: .linear(base: .seconds(5), step: .seconds(5))),
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(30)),
                    serverInterval: .seconds(10)
                ),
                outbox: .refusing
            )
        ),
    ]

    // MARK: Messaging protocols

    private static func nats(jitter: Int64) -> ClientPolicy {
        ClientPolicy(
            backoff: Backoff(
                growth: .fixed(.seconds(2)),
                jitter: .additiveConstant(upTo: .milliseconds(jitter)),
                draws: .untilNotLonger,
                rounding: Backoff.Rounding(.down, to: .milliseconds(1), drawsUpperEnd: true)
            ),
            retryLimit: 10,
            connectTimeout: .seconds(20),
            heartbeat: HeartbeatPolicy(interval: .seconds(120), replyTimeout: .seconds(120), missedAllowed: 1),
            outbox: .discarding
        ).with {
            $0.waitsFrom = .attemptStart
            $0.retriesFirstConnect = false
        }
    }

    private static let messagingClients: [PolicyPreset] = [
        realtime(
            "mqtt-js",
            "One second after every close, for ever; keep-alive 60 s, dead after 90 s.",
            source: "mqttjs/MQTT.js 5.14.1, src/lib/client.ts (aa03369)",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.seconds(1))),
                connectTimeout: .seconds(30),
                heartbeat: HeartbeatPolicy(interval: .seconds(60), replyTimeout: .seconds(30)),
                outbox: OutboxPolicy(capacity: 100_000, window: 64, acknowledgementTimeout: .seconds(30))
            )
        ),
        realtime(
            "paho-mqtt",
            "1 s doubling to 120 s without jitter; keep-alive 60 s, dead after 120 s.",
            source: "eclipse/paho.mqtt.python, src/paho/mqtt/client.py (d45de37)",
            ClientPolicy(
                backoff: .exponential(base: .seconds(1), cap: .seconds(120), jitter: .none),
                connectTimeout: .seconds(5),
                heartbeat: HeartbeatPolicy(interval: .seconds(60), replyTimeout: .seconds(60)),
                outbox: OutboxPolicy(capacity: 100_000, window: 20, acknowledgementTimeout: .seconds(30))
            )
        ),
        realtime(
            "nats-js",
            "2 s plus up to 100 ms from dial to dial, ten failures; what is published meanwhile is lost.",
            source: "nats-io/nats.js 3.4.0, core/src/protocol.ts and options.ts (3a7b736)",
            nats(jitter: 100)
        ),
        realtime(
            "nats-js-tls",
            "2 s plus up to 1 s from dial to dial, ten failures; what is published meanwhile is lost.",
            source: "nats-io/nats.js 3.4.0, core/src/protocol.ts and options.ts (3a7b736)",
            nats(jitter: 1_000)
        ),
        realtime(
            "nats-swift",
            "At once, then every 4 s (2 s before and 2 s after a failed pass), without jitter or limit.",
            source: "nats-io/nats.swift, Sources/Nats (a9031f1)",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.seconds(4)), first: .atOnce),
                connectTimeout: .seconds(5),
                heartbeat: HeartbeatPolicy(interval: .seconds(60), replyTimeout: .seconds(60), missedAllowed: 1),
                outbox: .discarding
            ).with { $0.retriesFirstConnect = false }
        ),
    ]

    // MARK: Frameworks in browsers, and their counterparts

    private static func yWebSocket(silence: Interval, checkedEvery: Interval) -> ClientPolicy {
        ClientPolicy(
            // The counter rises before the wait of a failed attempt, and is 0 after the loss of an open socket.
            backoff: Backoff(
                growth: .exponential(base: .milliseconds(100), factor: 2, exponentOffset: 1),
                cap: .milliseconds(2_500)
            ),
            heartbeat: HeartbeatPolicy(
                silence: HeartbeatPolicy.Silence(longest: silence, checkedEvery: checkedEvery),
                interval: .seconds(15)
            ),
            outbox: .unboundedQueue
        ).with { $0.afterDrop = ClientPolicy.DropRetry(delay: .milliseconds(100)) }
    }

    private static let browserFrameworks: [PolicyPreset] = [
        realtime(
            "socket-io",
            "1 s doubling ± 50 % in ten bands, cut at 5 s after jitter; as built, no wait after 84 min of failures.",
            source: "socketio/socket.io, packages/socket.io-client/lib/contrib/backo2.ts 4.8.3 (d2d753f)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2),
                    cap: .seconds(5),
                    capOrder: .afterJitter,
                    jitter: .signFromDigit(fraction: 0.5),
                    rounding: .downToMilliseconds
                ),
                connectTimeout: .seconds(20),
                offline: .closes,
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(45)),
                    serverInterval: .seconds(25)
                ),
                outbox: .unboundedQueue
            )
        ),
        realtime(
            "socket-io-swift",
            "At once, then 15 s times 1.5 plus up to half, cut at 30 s after jitter.",
            source: "socketio/socket.io-client-swift, Source/SocketIO/Manager/SocketManager.swift (42da871)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(10), factor: 1.5, exponentOffset: 1),
                    cap: .seconds(30),
                    capOrder: .afterJitter,
                    floor: .seconds(10),
                    jitter: .additive(fraction: 0.5),
                    first: .atOnce
                ),
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(45)),
                    serverInterval: .seconds(25)
                ),
                outbox: .unboundedQueue
            )
        ),
        realtime(
            "signalr-js",
            "0, 2, 10, 30 s, then no more; a failing first start is final, 30 s of silence count as loss.",
            source: "dotnet/aspnetcore, src/SignalR/clients/ts/signalr/src/DefaultReconnectPolicy.ts (5267e21)",
            ClientPolicy(
                backoff: Backoff(growth: .table(.milliseconds(0, 2_000, 10_000, 30_000))),
                retryLimit: 4,
                heartbeat: HeartbeatPolicy(
                    silence: HeartbeatPolicy.Silence(longest: .seconds(30)),
                    interval: .seconds(15),
                    serverInterval: .seconds(15)
                ),
                outbox: .refusing
            ).with { $0.retriesFirstConnect = false }
        ),
        realtime(
            "graphql-ws",
            "1 s doubling without a cap plus 300 ms to 3 s, five retries; a close with 1000 comes back at once.",
            source: "enisdenjo/graphql-ws 6.2.0, src/client.ts (af4f5c9)",
            ClientPolicy(
                backoff: Backoff(
                    growth: .exponential(base: .seconds(1), factor: 2),
                    jitter: .additiveRange(from: .milliseconds(300), to: .milliseconds(3_000)),
                    rounding: .downToMilliseconds
                ),
                retryLimit: 5,
                closeRules: graphQLRules,
                outbox: .refusing
            )
        ),
        realtime(
            "y-websocket",
            "100 ms after a drop, 200 ms doubling to 2.5 s after failures; 30 s of silence, looked at every 3 s.",
            source: "yjs/y-websocket 3.0.0, src/y-websocket.js (76619c3)",
            yWebSocket(silence: .seconds(30), checkedEvery: .seconds(3))
        ),
        realtime(
            "y-websocket-4",
            "100 ms after a drop, 200 ms doubling to 2.5 s after failures; 45 s of silence, looked at every 4 s.",
            source: "yjs/y-websocket 4.0.0-rc.2, src/y-websocket.js (f9559e6)",
            yWebSocket(silence: .seconds(45), checkedEvery: .seconds(4))
        ),
        realtime(
            "action-cable",
            "No wait is started by a loss: a poll every 6 to 12 s, slowing to 28 s, finds the connection stale.",
            source: "rails/rails, actioncable/app/javascript/action_cable/connection_monitor.js (2a2db1e)",
            ClientPolicy(
                backoff: Backoff(growth: .fixed(.zero)),
                outbox: .discarding
            ).with {
                $0.pollLoop = PollLoopPolicy()
                // The poll is what notices; the heartbeat only says how often the server pings.
                $0.heartbeat = HeartbeatPolicy(interval: .max, replyTimeout: .max)
                $0.heartbeat?.serverInterval = .seconds(3)
            }
        ),
    ]

    /// graphql-ws' close codes: those it retries, and, of the standard ones, the many that it takes for final.
    private static let graphQLRules: [CloseRule] =
        [CloseRule(codes: 1000...1000, response: .pause(from: .zero, to: .zero))]
        + ([1001, 1005, 1006, 1012, 1013, 1014] as [UInt16]).map { CloseRule(codes: $0...$0, response: .backOff) }
        + [CloseRule(codes: 1000...1999, response: .stop)]
        + ([4004, 4005, 4400, 4401, 4406, 4409, 4429, 4500] as [UInt16]).map {
            CloseRule(codes: $0...$0, response: .stop)
        }
}
