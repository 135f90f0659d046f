import MonotonicTime
import Reconnection
import Testing

@Suite struct ConnectionIndicatorTests {
    /// One row of a style's table.
    struct Row: CustomTestStringConvertible {
        var snapshot = ConnectionHealth.Snapshot()
        var isDebug = false
        var label: String
        var severity: ConnectionIndicator.Severity
        var quality: ConnectionQuality
        var colour: IndicatorColour
        var isVisible: Bool

        init(
            _ phase: ConnectionPhase,
            _ cause: ConnectionStanding.Cause = .app,
            isOpen: Bool = false,
            isOnline: Bool = true,
            next: Instant = .distantFuture,
            attempts: Int = 0,
            misses: Int = 0,
            isDebug: Bool = false,
            shows label: String,
            _ severity: ConnectionIndicator.Severity,
            _ quality: ConnectionQuality,
            _ colour: IndicatorColour,
            isVisible: Bool = true
        ) {
            snapshot.standing = ConnectionStanding(
                phase: phase,
                cause: cause,
                isCircuitOpen: isOpen,
                isOnline: isOnline,
                nextAttempt: next,
                reconnectAttempts: attempts
            )
            snapshot.missesInARow = misses
            self.isDebug = isDebug
            self.label = label
            self.severity = severity
            self.quality = quality
            self.colour = colour
            self.isVisible = isVisible
        }

        var testDescription: String { "\(snapshot.standing.phase) \(snapshot.standing.cause): \(label)" }

        func check(_ style: IndicatorStyle) {
            let shown = style.indicator(for: snapshot, at: at(100), isDebug: isDebug)
            #expect(shown.label == label)
            #expect(shown.severity == severity)
            #expect(shown.quality == quality)
            #expect(shown.colour == colour)
            #expect(shown.isVisible == isVisible)
        }
    }

    // MARK: Our own

    private static let ours: [Row] = [
        Row(.connected, shows: "Connected", .ok, .excellent, .green, isVisible: false),
        Row(.connected, misses: 1, shows: "Connection unstable", .warning, .fair, .yellow),
        Row(.closing, shows: "Disconnecting…", .working, .offline, .grey, isVisible: false),
        Row(.stopped, shows: "Disconnected", .ok, .offline, .grey, isVisible: false),
        Row(.stopped, .lost, shows: "Disconnected", .error, .offline, .red),
        Row(.stopped, .failed, isOpen: true, shows: "Server unavailable", .error, .offline, .red),
        Row(.blocked, .lost, shows: "Sign in again", .error, .offline, .red),
        Row(.exhausted, .failed, shows: "Could not reconnect", .error, .offline, .red),
        Row(.paused, .device, isOnline: false, shows: "No network", .warning, .offline, .grey),
        Row(.paused, .device, shows: "Waiting to reconnect", .working, .offline, .grey, isVisible: false),
        Row(.waiting, .lost, isOnline: false, next: at(105), shows: "No network", .warning, .offline, .grey),
        Row(
            .waiting,
            .failed,
            isOpen: true,
            next: at(105),
            shows: "Server unavailable, next attempt in 5 s",
            .error,
            .offline,
            .red
        ),
        Row(.waiting, .failed, isOpen: true, shows: "Server unavailable", .error, .offline, .red),
        Row(.waiting, .lost, next: at(105), attempts: 1, shows: "Reconnecting in 5 s", .warning, .poor, .yellow),
        Row(.waiting, .lost, next: at(100.001), attempts: 1, shows: "Reconnecting in 1 s", .warning, .poor, .yellow),
        Row(.waiting, .lost, next: at(100), attempts: 1, shows: "Reconnecting…", .working, .poor, .yellow),
        Row(.waiting, .device, shows: "Waiting to reconnect", .warning, .offline, .yellow),
        Row(.connecting, shows: "Connecting…", .working, .good, .yellow),
        Row(.connecting, attempts: 1, shows: "Reconnecting…", .working, .poor, .yellow),
    ]

    @Test("our own style, row by row", arguments: ours)
    func standard(row: Row) { row.check(.standard) }

    @Test("an attempt after a connection is a reconnect, whatever the number of retries")
    func afterConnection() {
        let watched = WatchedClient(ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1)))))
        watched.start(0)
        #expect(IndicatorStyle.standard.indicator(for: watched.snapshot, at: watched.now).message == .connecting)
        watched.open(0)
        watched.reconnect(1)
        #expect(watched.counters.reconnectAttempts == 0)
        #expect(IndicatorStyle.standard.indicator(for: watched.snapshot, at: watched.now).message == .reconnecting)
    }

    // MARK: landale

    private static let landaleRows: [Row] = [
        Row(.stopped, shows: "disconnected", .error, .offline, .red),
        Row(.connecting, shows: "connecting", .working, .good, .yellow),
        Row(.connecting, attempts: 2, shows: "connecting", .working, .good, .yellow),
        Row(.waiting, .failed, attempts: 3, shows: "reconnecting (attempt 3)", .working, .poor, .yellow),
        Row(.waiting, .failed, isOpen: true, attempts: 5, shows: "circuit breaker open", .error, .poor, .red),
        Row(.waiting, .refused, isOpen: true, attempts: 5, shows: "circuit breaker open", .error, .poor, .red),
        Row(.exhausted, .failed, attempts: 10, shows: "failed", .error, .poor, .red),
        Row(.stopped, .failed, isOpen: true, attempts: 4, shows: "circuit breaker open", .error, .offline, .red),
        Row(.connected, shows: "connected", .ok, .excellent, .green, isVisible: false),
        Row(.connected, isDebug: true, shows: "connected", .ok, .excellent, .green),
        Row(.connected, attempts: 1, shows: "connected", .ok, .excellent, .green),
        Row(.connected, isOpen: true, shows: "circuit breaker open", .error, .excellent, .red),
    ]

    @Test("landale's rule, row by row", arguments: landaleRows)
    func landale(row: Row) { row.check(.landale) }

    @Test("landale's is shown for ever after the first missed sign of life")
    func heartbeatFailure() throws {
        let watched = try WatchedClient(preset: "landale-python")
        watched.start(0)
        watched.open(0)
        func isVisible() -> Bool {
            IndicatorStyle.landale.indicator(for: watched.snapshot, at: watched.now).isVisible
        }
        #expect(!isVisible())
        watched.run(until: 30)
        #expect(!isVisible())
        watched.run(until: 60)
        #expect(isVisible())
        watched.answer(61, beat: 2)
        #expect(isVisible())
    }

    // MARK: pl3xus and valtio-y

    @Test(
        "pl3xus' label and colour",
        arguments: [
            Row(.stopped, shows: "offline", .error, .offline, .red),
            Row(.waiting, .failed, shows: "offline", .error, .poor, .red),
            Row(.connecting, shows: "connecting", .working, .good, .yellow),
            Row(.connected, shows: "connected", .ok, .excellent, .green),
            Row(.closing, shows: "closing", .error, .offline, .red),
        ]
    )
    func pl3xus(row: Row) { row.check(.pl3xus) }

    @Test(
        "valtio-y's quality",
        arguments: [
            Row(.stopped, shows: "offline", .warning, .offline, .grey),
            Row(.waiting, .lost, shows: "offline", .warning, .offline, .grey),
            Row(.waiting, .failed, shows: "poor", .error, .poor, .red),
            Row(.exhausted, .failed, shows: "poor", .error, .poor, .red),
            Row(.connecting, shows: "good", .working, .good, .yellow),
            Row(.connected, shows: "excellent", .ok, .excellent, .green),
        ]
    )
    func valtioY(row: Row) { row.check(.valtioY) }

    // MARK: Countdown

    @Test(
        "seconds left are rounded up, and change when a whole second is left",
        arguments: [
            (now: at(100), seconds: 5, change: at(101)),
            (now: at(100) + .nanoseconds(1), seconds: 5, change: at(101)),
            (now: at(101) - .nanoseconds(1), seconds: 5, change: at(101)),
            (now: at(101), seconds: 4, change: at(102)),
            (now: at(104), seconds: 1, change: at(105)),
            (now: at(105) - .nanoseconds(1), seconds: 1, change: at(105)),
            (now: at(105), seconds: 0, change: .distantFuture),
            (now: at(106), seconds: 0, change: .distantFuture),
        ] as [(now: Instant, seconds: Int64, change: Instant)]
    )
    func countdown(now: Instant, seconds: Int64, change: Instant) {
        #expect(IndicatorStyle.secondsLeft(until: at(105), at: now) == seconds)
        #expect(IndicatorStyle.nextCountdownChange(until: at(105), at: now) == change)
    }

    @Test("what never comes has no countdown")
    func noCountdown() {
        #expect(IndicatorStyle.secondsLeft(until: .distantFuture, at: at(1)) == nil)
        #expect(IndicatorStyle.nextCountdownChange(until: .distantFuture, at: at(1)) == .distantFuture)
    }

    @Test("a countdown goes from one change to the next down to the attempt")
    func wholeCountdown() {
        let watched = WatchedClient(ClientPolicy(backoff: Backoff(growth: .fixed(.milliseconds(2_500)))))
        watched.start(0)
        watched.lose(0)
        var shown: [String] = []
        var time = Instant.origin
        while time != .distantFuture {
            let label = IndicatorStyle.standard.indicator(for: watched.health.snapshot(at: time), at: time).label
            shown.append("\(time.seconds) \(label)")
            time = IndicatorStyle.nextCountdownChange(until: watched.snapshot.standing.nextAttempt, at: time)
        }
        #expect(
            shown == [
                "0.0 Reconnecting in 3 s", "0.5 Reconnecting in 2 s", "1.5 Reconnecting in 1 s", "2.5 Reconnecting…",
            ]
        )
    }
}
