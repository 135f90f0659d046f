import Foundation
import MonotonicTime
import Reconnection

extension ReferenceLibrary {
    private static let phoenixSteps: [Double] = [10, 50, 100, 150, 200, 250, 500, 1000, 2000]
    private static let joinSteps: [Double] = [1000, 2000, 5000]

    static let realtimeClients: [ReferenceLibrary] = [
        // reconnecting-websocket.ts: DEFAULT and _getNextDelay; the minimum is drawn when the module loads.
        series("reconnecting-websocket") { _, count, random in
            let minimum = 1000 + random() * 4000
            return (1...count).map { retry in
                var delay = minimum * pow(1.3, Double(retry - 1))
                if delay > 10000 { delay = 10000 }
                return ms(delay)
            }
        },
        // packages/partysocket/src/ws.ts: _getNextDelay.
        each("partysocket") { retry, _ in
            var delay = 3000 * pow(1.3, Double(retry))
            if delay > 10000 { delay = 10000 }
            return ms(delay)
        },
        // src/index.js: reconnect.
        each("sockette") { _, _ in ms(1e3) },
        // src/websockets/client.py: backoff.
        series("python-websockets") { _, count, random in
            var delays = [seconds(random() * 5.0)]
            var delay = 3.1
            while delays.count < count {
                if delay < 90.0 {
                    delays.append(seconds(delay))
                    delay *= 1.618
                } else {
                    delays.append(seconds(90.0))
                }
            }
            return delays
        },
        // lib/retry-delay.js: RetryDelayStrategy without backoff and jitter, and with both.
        each("launchdarkly-eventsource") { _, _ in ms(1000) },
        each("launchdarkly-eventsource-jittered") { retry, random in
            var delay = 1000 * pow(2, Double(retry))
            if delay > 30000 { delay = 30000 }
            return ms(delay - (random() * 0.5 * delay).rounded(.towardZero))
        },
        // assets/js/phoenix/socket.js: reconnectAfterMs, called with tries from 1.
        each("phoenix-js") { retry, _ in
            let tries = retry + 1
            return ms(tries - 1 < phoenixSteps.count ? phoenixSteps[tries - 1] : 5000)
        },
        // assets/js/phoenix/channel.js and socket.js: rejoinAfterMs.
        each("phoenix-channel") { retry, _ in ms(retry < joinSteps.count ? joinSteps[retry] : 10000) },
        // Sources/SwiftPhoenixClient/Defaults.swift: reconnectSteppedBackOff, in seconds.
        each("swift-phoenix-client") { retry, _ in
            let tries = retry + 1
            return seconds(tries > 9 ? 5 : [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2][tries - 1])
        },
        // src/RealtimeClient.ts: reconnectAfterMs.
        each("supabase-realtime-js") { retry, _ in ms(retry < joinSteps.count ? joinSteps[retry] : 10000) },
        // Sources/RealtimeV2/ConnectionManager.swift: initiateReconnect, attempt from 1.
        each("supabase-swift") { retry, _ in seconds(min(7 * pow(2, Double(retry + 1 - 1)), 30)) },
        // Sources/RealtimeV2/ChannelStateManager.swift: defaultRetryDelay.
        each("supabase-swift-channel") { retry, random in
            let delay = min(1 * pow(2, Double(retry)), 30)
            let jitter = delay * 0.25
            return seconds(max(0.1, delay + (-jitter + random() * (jitter + jitter))))
        },
        // src/utils.ts: backoff and randomInt; step from 0.
        each("centrifuge-js") { retry, random in
            let step = min(retry, 31)
            let range = min(20000, 500 * pow(2, Double(step)))
            let interval = (random() * (range - 0 + 1) + 0).rounded(.down)
            return ms(min(20000, 500 + interval))
        },
        // Sources/SwiftCentrifuge: getBackoffDelay, in seconds.
        each("centrifuge-swift") { retry, random in
            let step = min(retry, 31)
            return seconds(min(20, 0.5 + random() * min(20, 0.5 * pow(2, Double(step)))))
        },
        series("ably-js", ably),
        series("pusher-js", pusher),
        // src/room/DefaultReconnectPolicy.ts: nextRetryDelayInMs; asked for more than its ten, the last repeats.
        each("livekit-js") { retry, random in
            let table: [Double] = [0, 300, 2 * 2 * 300, 3 * 3 * 300, 4 * 4 * 300, 7000]
            let delay = table[min(retry, table.count - 1)]
            return ms(retry <= 1 ? delay : delay + random() * 1000)
        },
        // discord/backoff.py: ExponentialBackoff.delay.
        series("discord-py") { _, count, random in
            var exponent = 0
            return (0..<count).map { _ in
                exponent = min(exponent + 1, 10)
                return seconds(0 + (Double(1 << exponent) - 0) * random())
            }
        },
        // packages/socket-mode/src/SocketModeClient.ts: delayReconnectAttempt.
        each("slack-socket-mode") { retry, _ in ms(5000 * Double(retry + 1)) },
        // src/lib/client.ts: reconnectPeriod.
        each("mqtt-js") { _, _ in ms(1000) },
        // src/paho/mqtt/client.py: _reconnect_wait.
        series("paho-mqtt") { _, count, _ in
            var delay = 1
            return (0..<count).map { _ in
                defer { delay = min(delay * 2, 120) }
                return seconds(Double(delay))
            }
        },
        series("nats-js") { _, count, random in nats(100, count, random) },
        series("nats-js-tls") { _, count, random in nats(1000, count, random) },
        // Sources/Nats: a pass at once, then 2 s after the failed one and 2 s before the next.
        each("nats-swift") { retry, _ in seconds(retry == 0 ? 0 : 2 + 2) },
        // lib/contrib/backo2.ts: duration; the bit operation at its end makes 0 of what is not a number.
        each("socket-io") { retry, random in
            var delay = 1000 * pow(2, Double(retry))
            let rand = random()
            let deviation = (rand * 0.5 * delay).rounded(.down)
            delay = Int((rand * 10).rounded(.down)) & 1 == 0 ? delay - deviation : delay + deviation
            let bounded = delay.isNaN ? delay : min(delay, 5000)
            return ms(bounded.isNaN ? 0 : Double(Int32(bounded)))
        },
        // Source/SocketIO/Manager/SocketManager.swift: reconnectInterval, after the first attempt at once.
        each("socket-io-swift") { retry, random in
            guard retry > 0 else { return .zero }
            let interval = 10 * pow(1.5, Double(retry))
            let combined = interval + random() * 0.5 * interval
            return seconds(fmax(10, fmin(combined, 30)))
        },
        // DefaultReconnectPolicy.ts; asked for more than its four, the last repeats.
        each("signalr-js") { retry, _ in ms([0, 2000, 10000, 30000][min(retry, 3)]) },
        // src/client.ts: randomisedExponentialBackoff.
        each("graphql-ws", count: 32) { retries, random in
            var delay = 1000.0
            for _ in 0..<retries { delay *= 2 }
            return ms(delay + (random() * (3000 - 300) + 300).rounded(.down))
        },
        series("y-websocket", yWebSocket),
        series("y-websocket-4", yWebSocket),
        series("action-cable", actionCable),
    ]

    /// connectionmanager.ts: a drop is retried at once and counts; `suspendTimer` after 120 s, then every 30 s.
    /// utils.ts: getRetryTime.
    private static let ably: Delays = { beginning, count, random in
        var delays: [Interval] = []
        var now = Interval.zero
        var disconnections = 0
        var isSuspended = false
        while delays.count < count {
            disconnections += 1
            let wait: Interval
            if isSuspended {
                wait = ms(30000)
            } else if beginning == .lostConnection, disconnections == 1 {
                wait = .zero
            } else {
                let coefficient = min((Double(disconnections) + 2) / 3, 2)
                let retry = ms(15000 * coefficient * (1 - random() * 0.2))
                // Of two timers for the same instant the one set first comes first.
                isSuspended = now + retry >= .seconds(120)
                wait = isSuspended ? .seconds(120) - now + ms(30000) : retry
            }
            delays.append(wait)
            now += wait
        }
        return delays
    }

    /// connection_manager.ts: 1000 after a drop; sequential_strategy.ts: each window twice the last, up to 60 s, and
    /// attempts that fail at once wait for its end.
    private static let pusher: Delays = { beginning, count, _ in
        var delays: [Interval] = []
        var timeout = 15000.0
        for _ in 0..<count {
            if beginning == .lostConnection, delays.isEmpty {
                delays.append(ms(1000))
                continue
            }
            delays.append(ms(timeout))
            timeout = min(timeout * 2, 60000)
        }
        return delays
    }

    /// options.ts: reconnectDelayHandler; protocol.ts: dialLoop, on a clock of whole milliseconds. Every dial fails at
    /// once.
    private static func nats(_ jitter: Double, _ count: Int, _ random: () -> Double) -> [Interval] {
        func handler() -> Double { 2000 + (random() * (jitter + 1)).rounded(.down) }
        var now = 0.0
        var lastConnect = 0.0
        var dials: [Double] = []
        while dials.count < count {
            let wait = handler()
            if lastConnect + wait <= now {
                dials.append(now - lastConnect)
                lastConnect = now
            } else {
                now += min(wait, lastConnect + wait - now)
            }
        }
        return dials.map { ms($0) }
    }

    /// src/y-websocket.js: setupWS; the count of failures rises where the socket had not opened.
    private static let yWebSocket: Delays = { beginning, count, _ in
        var failures = 0
        return (0..<count).map { index in
            if beginning == .failedAttempt || index > 0 { failures += 1 }
            return ms(min(pow(2, Double(failures)) * 100, 2500))
        }
    }

    /// connection_monitor.js: poll, getPollInterval, reconnectIfStale. Nothing is heard after the beginning.
    private static let actionCable: Delays = { beginning, count, random in
        let disconnectedAt: Interval? = beginning == .lostConnection ? .zero : nil
        var now = Interval.zero
        var lastAttempt = Interval.zero
        var reconnectAttempts = 0
        var delays: [Interval] = []
        while delays.count < count {
            let backoff = pow(1 + 0.15, Double(min(reconnectAttempts, 10)))
            let jitter = (reconnectAttempts == 0 ? 1.0 : 0.15) * random()
            now += ms(6 * 1000 * backoff * (1 + jitter))
            guard now > .seconds(6) else { continue }
            reconnectAttempts += 1
            if let disconnectedAt, now - disconnectedAt < .seconds(6) { continue }
            delays.append(now - lastAttempt)
            lastAttempt = now
        }
        return delays
    }
}
