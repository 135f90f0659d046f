import MonotonicTime
import Reconnection
import Testing

@Suite struct ConnectionHealthTests {
    private static let plain = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))))

    // MARK: landale's nine

    /// landale's nine metrics, and what they come from.
    struct Nine: Hashable {
        var state: LandaleState
        var reconnectAttempts: Int
        var totalReconnects: Int
        var failedReconnects: Int
        var successfulConnects: Int
        var heartbeatFailures: Int
        var trips: Int
        var lastHeartbeat: Double?
        var isOpen: Bool

        init(
            _ state: LandaleState,
            attempts: Int,
            total: Int,
            failed: Int = 0,
            connects: Int = 0,
            misses: Int = 0,
            trips: Int = 0,
            heard: Double? = nil,
            isOpen: Bool = false
        ) {
            self.state = state
            reconnectAttempts = attempts
            totalReconnects = total
            failedReconnects = failed
            successfulConnects = connects
            heartbeatFailures = misses
            self.trips = trips
            lastHeartbeat = heard
            self.isOpen = isOpen
        }

        init(_ snapshot: ConnectionHealth.Snapshot) {
            let counters = snapshot.counters
            self.init(
                LandaleState(snapshot.standing),
                attempts: counters.reconnectAttempts,
                total: counters.totalReconnects,
                failed: counters.failedReconnects,
                connects: counters.successfulConnects,
                misses: counters.heartbeatFailures,
                trips: counters.circuitBreakerTrips,
                heard: snapshot.lastHeartbeat?.seconds,
                isOpen: snapshot.standing.isCircuitOpen
            )
        }
    }

    private func nine(_ watched: WatchedClient) -> Nine { Nine(watched.snapshot) }

    @Test("a dead server, step by step: the fifth failure opens the breaker, each failed probe opens it again")
    func deadServer() throws {
        let watched = try WatchedClient(preset: "landale")
        #expect(nine(watched) == Nine(.disconnected, attempts: 0, total: 0))
        for (index, time) in [0.0, 1, 3, 7].enumerated() {
            if index == 0 { watched.start(0) } else { watched.advance(time) }
            #expect(nine(watched) == Nine(.connecting, attempts: index, total: index))
            watched.lose(time)
            #expect(nine(watched) == Nine(.reconnecting, attempts: index + 1, total: index + 1))
            #expect(watched.snapshot.consecutiveFailures == index + 1)
        }
        watched.advance(15)
        watched.lose(15)
        #expect(nine(watched) == Nine(.reconnecting, attempts: 5, total: 5, trips: 1, isOpen: true))
        #expect(watched.snapshot.consecutiveFailures == 5)
        #expect(watched.snapshot.circuitOpenUntil == at(315))
        #expect(watched.snapshot.standing.nextAttempt == at(315))
        #expect(watched.health.standing(at: at(315) - .nanoseconds(1)).isCircuitOpen)
        #expect(!watched.health.standing(at: at(315)).isCircuitOpen)

        watched.advance(315)
        #expect(nine(watched) == Nine(.connecting, attempts: 5, total: 5, trips: 1))
        #expect(watched.snapshot.circuitOpenUntil == nil)
        watched.lose(315)
        #expect(nine(watched) == Nine(.reconnecting, attempts: 6, total: 6, trips: 2, isOpen: true))
        #expect(watched.snapshot.consecutiveFailures == 6)

        watched.advance(615)
        watched.open(616)
        #expect(nine(watched) == Nine(.connected, attempts: 0, total: 6, connects: 1, trips: 2, heard: 616))
        #expect(watched.snapshot.consecutiveFailures == 0)
        #expect(watched.counters.attempts == 7)
        #expect(watched.counters.successfulReconnects == 0)
        #expect(watched.snapshot.longestOutage == .seconds(616))
    }

    @Test("as built, the breaker arms nothing: attempts at 0, 2, 6, 14, 30 s, and connecting is refused until 330 s")
    func deadServerAsBuilt() throws {
        let policy = try #require(PolicyPreset.named("landale-as-built")).policy.with { $0.transportRetry = nil }
        let watched = WatchedClient(policy)
        watched.start(0)
        watched.lose(0)
        for time in [2.0, 6, 14] {
            watched.advance(time)
            watched.lose(time)
        }
        #expect(nine(watched) == Nine(.reconnecting, attempts: 4, total: 4))
        watched.advance(30)
        watched.lose(30)
        #expect(nine(watched) == Nine(.disconnected, attempts: 4, total: 4, trips: 1, isOpen: true))
        #expect(watched.nextDeadline == .distantFuture)
        #expect(watched.snapshot.lastOpenOrAttempt == at(30))
        watched.start(100)
        #expect(nine(watched) == Nine(.failed, attempts: 4, total: 4, trips: 1, isOpen: true))
        #expect(watched.counters.refusedAttempts == 1)
        #expect(watched.snapshot.lastOpenOrAttempt == at(30))
        watched.start(330)
        #expect(nine(watched) == Nine(.connecting, attempts: 4, total: 4, trips: 1))
        #expect(watched.counters.attempts == 6)
        #expect(watched.snapshot.lastOpenOrAttempt == at(330))
    }

    @Test("as built, the transport retries through the open breaker: each attempt from the fifth on is a trip")
    func transportStorm() throws {
        let watched = try WatchedClient(preset: "landale-as-built")
        watched.start(0)
        for attempt in 1...20 {
            watched.lose(at: Instant(.milliseconds(50 * Int64(attempt))))
            watched.advance(to: watched.now)
        }
        #expect(watched.counters.attempts == 21)
        #expect(watched.counters.circuitBreakerTrips == 16)
        #expect(watched.counters.transportRetries == 20)
        #expect(watched.counters.reconnectAttempts == 4)
        #expect(watched.counters.totalReconnects == 4)
        #expect(watched.snapshot.circuitOpenUntil == at(301))
    }

    @Test("giving up keeps the attempts; a manual attempt that fails afterwards gives up again")
    func exhaustion() throws {
        let policy = try #require(PolicyPreset.named("landale")).policy.with {
            $0.breaker = nil
            $0.reset.onManualRetry = false
        }
        let watched = WatchedClient(policy)
        watched.start(0)
        for _ in 0..<10 {
            watched.lose(at: watched.now)
            watched.advance(to: watched.nextDeadline)
        }
        #expect(nine(watched) == Nine(.connecting, attempts: 10, total: 10))
        watched.lose(at: watched.now)
        #expect(nine(watched) == Nine(.failed, attempts: 10, total: 10, failed: 1))
        watched.retryNow(1_000)
        #expect(nine(watched) == Nine(.connecting, attempts: 10, total: 10, failed: 1))
        watched.lose(1_000)
        #expect(nine(watched) == Nine(.failed, attempts: 10, total: 10, failed: 2))
        watched.retryNow(2_000)
        watched.open(2_000)
        #expect(nine(watched) == Nine(.connected, attempts: 0, total: 10, failed: 2, connects: 1, heard: 2_000))
    }

    @Test("a mute server costs one sign of life, and every answer moves the last one")
    func muteServer() throws {
        let watched = try WatchedClient(preset: "landale")
        watched.start(0)
        watched.open(0)
        watched.advance(30)
        watched.answer(31, beat: 1)
        #expect(nine(watched) == Nine(.connected, attempts: 0, total: 0, connects: 1, heard: 31))
        watched.advance(60)
        watched.advance(to: at(90) - .nanoseconds(1))
        #expect(watched.counters.heartbeatFailures == 0)
        watched.advance(90)
        #expect(nine(watched) == Nine(.reconnecting, attempts: 1, total: 1, connects: 1, misses: 1, heard: 31))
        #expect(watched.counters.staleTicks == 0)
        #expect(watched.counters.lostConnections == 1)
        #expect(watched.snapshot.lastOpenOrAttempt == at(0))
    }

    @Test("as built, a healthy link has three stale ticks and is exchanged after 150 s")
    func frozenHeartbeat() throws {
        let watched = try WatchedClient(preset: "landale-as-built")
        watched.start(0)
        watched.open(0)
        for beat in 1...4 {
            watched.advance(Double(beat) * 30)
            watched.answer(Double(beat) * 30, beat: UInt32(beat))
        }
        #expect(watched.counters.heartbeatFailures == 2)
        #expect(watched.snapshot.standing.phase == .connected)
        watched.advance(150)
        #expect(watched.counters.heartbeatFailures == 3)
        #expect(watched.counters.staleTicks == 3)
        #expect(watched.counters.forcedReconnects == 1)
        #expect(watched.counters.lostConnections == 0)
        #expect(watched.counters.totalReconnects == 0)
        #expect(nine(watched).state == .connecting)
    }

    @Test("misses in a row are those of the connection, and end with a sign of life")
    func missesInARow() throws {
        let watched = try WatchedClient(preset: "landale-python")
        watched.start(0)
        watched.open(0)
        watched.advance(30)
        watched.run(until: 90)
        #expect(watched.snapshot.missesInARow == 2)
        watched.answer(91, beat: 3)
        #expect(watched.snapshot.missesInARow == 0)
        watched.run(until: 120)
        watched.run(until: 150)
        #expect(watched.snapshot.missesInARow == 1)
        #expect(watched.counters.heartbeatFailures == 3)
        watched.lose(151)
        #expect(watched.snapshot.missesInARow == 0)
    }

    // MARK: Connections

    @Test("times connected and down, outages, and the time to reconnect with its mean and moving average")
    func times() {
        let watched = WatchedClient(Self.plain)
        #expect(watched.snapshot.spellSince == nil)
        watched.start(10)
        watched.open(12)
        watched.lose(20)
        #expect(watched.snapshot.timeToReconnect == nil)
        watched.advance(21)
        let down = watched.health.snapshot(at: at(22))
        #expect(down.spell == .down && down.spellSince == at(20) && down.spellLength == .seconds(2))
        #expect(down.longestOutage == .seconds(2) && down.timeDown == .seconds(4))
        watched.open(23)
        #expect(watched.snapshot.timeToReconnect == .seconds(3))
        #expect(watched.snapshot.meanTimeToReconnect == .seconds(3))
        #expect(watched.snapshot.smoothedTimeToReconnect == .seconds(3))
        watched.lose(30)
        watched.advance(31)
        watched.open(41)
        let third = at(45) + .nanoseconds(4)
        watched.lose(45)
        watched.advance(46)
        watched.lose(at: third + .seconds(1))
        watched.run(until: 47.5)
        watched.open(48)
        let end = watched.health.snapshot(at: at(50))
        // 3, 11 and 3 s.
        #expect(end.timeToReconnect == .seconds(3))
        #expect(end.meanTimeToReconnect == .nanoseconds(5_666_666_666))
        #expect(end.smoothedTimeToReconnect == .milliseconds(3_875))
        #expect(end.longestOutage == .seconds(11))
        #expect(end.timeDown == .seconds(2 + 3 + 11 + 3))
        #expect(end.timeConnected == .seconds(8 + 7 + 4 + 2))
        #expect(end.spell == .connected && end.spellSince == at(48) && end.spellLength == .seconds(2))
        #expect(end.counters.successfulConnects == 4)
        #expect(end.counters.successfulReconnects == 3)
        #expect(end.counters.lostConnections == 3)
    }

    @Test("the moving average is rounded towards zero from either side")
    func rounding() {
        let watched = WatchedClient(Self.plain.with { $0.backoff.growth = .fixed(.zero) })
        watched.start(0)
        watched.open(0)
        var time = Instant.origin
        for outage in [Int64(100), 115, 100] {
            watched.lose(at: time)
            watched.advance(to: time)
            time += .nanoseconds(outage)
            watched.advance(to: time)
            watched.open(time.seconds)
        }
        // 100, then 100 + 15 / 8, then 101 - 1 / 8.
        #expect(watched.snapshot.smoothedTimeToReconnect == .nanoseconds(101))
        #expect(watched.snapshot.meanTimeToReconnect == .nanoseconds(105))
    }

    @Test("stopping ends an outage without a reconnect, and time idle is in no account")
    func stopping() {
        let watched = WatchedClient(Self.plain)
        watched.start(0)
        watched.open(0)
        watched.lose(5)
        watched.stop(9)
        let idle = watched.health.snapshot(at: at(100))
        #expect(idle.spell == .idle && idle.spellSince == at(9))
        #expect(idle.timeConnected == .seconds(5) && idle.timeDown == .seconds(4))
        #expect(idle.longestOutage == .seconds(4))
        watched.start(100)
        watched.open(107)
        #expect(watched.snapshot.timeToReconnect == nil)
        #expect(watched.snapshot.longestOutage == .seconds(7))
        watched.stop(110)
        #expect(watched.counters.lostConnections == 1)
        #expect(watched.counters.successfulConnects == 2)
        #expect(watched.snapshot.standing.cause == .app)
    }

    typealias End = (
        name: String, policy: ClientPolicy, act: @Sendable (WatchedClient) -> Void, lost: Int, forced: Int,
        phase: ConnectionPhase, cause: ConnectionStanding.Cause
    )

    private static let rules = plain.with {
        $0.closeRules = [
            CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
            CloseRule(codes: 4000...4000, response: .stop),
        ]
        $0.offline = .pauses
    }

    private static let connectionEnds: [End] = [
        ("lost", rules, { $0.lose(1) }, 1, 0, .waiting, .lost),
        ("refused", rules, { $0.lose(1, .policyViolation) }, 1, 0, .blocked, .lost),
        ("withdrawn", rules, { $0.withdrawCredentials(1) }, 1, 0, .blocked, .lost),
        ("closed for good", rules, { $0.lose(1, Close(code: 4000)) }, 1, 0, .stopped, .lost),
        ("at the limit", rules.with { $0.retryLimit = 0 }, { $0.lose(1) }, 1, 0, .exhausted, .lost),
        ("stopped", rules, { $0.stop(1) }, 0, 0, .stopped, .app),
        ("closing", rules.with { $0.closingTimeout = .seconds(5) }, { $0.stop(1) }, 0, 0, .closing, .app),
        ("offline", rules, { $0.network(false, 1) }, 0, 0, .paused, .device),
        ("closed by a gate", rules.with { $0.offline = .closes }, { $0.network(false, 1) }, 1, 0, .waiting, .lost),
        ("forced", rules, { $0.reconnect(1) }, 0, 1, .connecting, .app),
    ]

    @Test("how a connection ends says what is counted", arguments: connectionEnds.indices)
    func ends(index: Int) {
        let end = Self.connectionEnds[index]
        let watched = WatchedClient(end.policy)
        watched.start(0)
        watched.open(0)
        end.act(watched)
        #expect(watched.counters.lostConnections == end.lost, "\(end.name)")
        #expect(watched.counters.forcedReconnects == end.forced, "\(end.name)")
        #expect(watched.snapshot.standing.phase == end.phase, "\(end.name)")
        #expect(watched.snapshot.standing.cause == end.cause, "\(end.name)")
        #expect(watched.counters.credentialsNeeded == (end.phase == .blocked ? 1 : 0), "\(end.name)")
    }

    @Test("a forced reconnect is an outage, and its end a reconnect")
    func forced() {
        let watched = WatchedClient(Self.plain)
        watched.start(0)
        watched.open(0)
        watched.reconnect(5)
        watched.open(7)
        #expect(watched.counters.successfulReconnects == 1)
        #expect(watched.snapshot.timeToReconnect == .seconds(2))
    }

    @Test("a failed attempt, a stop while waiting and an end of a pause have their causes")
    func causes() {
        let watched = WatchedClient(Self.rules.with { $0.resume = .afterBackoff })
        watched.start(0)
        watched.lose(0)
        #expect(watched.snapshot.standing.cause == .failed)
        watched.network(false, 0.5)
        #expect(watched.snapshot.standing.cause == .device)
        #expect(!watched.snapshot.standing.isOnline)
        watched.network(true, 1)
        #expect(watched.snapshot.standing.phase == .waiting)
        #expect(watched.snapshot.standing.cause == .device)
        #expect(watched.snapshot.standing.nextAttempt == at(2))
        watched.stop(1)
        #expect(watched.snapshot.standing.cause == .app)
        #expect(watched.snapshot.standing.nextAttempt == .distantFuture)
        watched.start(2)
        watched.lose(2, Close(code: 4000))
        #expect(watched.snapshot.standing.phase == .stopped)
        #expect(watched.snapshot.standing.cause == .failed)
    }

    @Test("a stop after a refusal is the app's")
    func stopAfterRefusal() throws {
        let policy = Self.plain.with { $0.breaker = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(60)) }
        let watched = WatchedClient(policy)
        watched.start(0)
        watched.lose(0)
        watched.retryNow(1)
        #expect(watched.counters.refusedAttempts == 1)
        #expect(watched.snapshot.standing.cause == .refused)
        watched.stop(2)
        #expect(watched.snapshot.standing.phase == .stopped)
        #expect(watched.snapshot.standing.cause == .app)
    }

    // MARK: Retries and attempts

    @Test("a longer pause of another member is the same retry, later")
    func movedRetry() {
        let policy = Self.plain.with {
            $0.group = ConnectionGroupPolicy(members: 2)
            $0.closeRules = [CloseRule(codes: 1013...1013, response: .pause(from: .seconds(9), to: .seconds(9)))]
        }
        let watched = WatchedClient(policy)
        watched.start(0)
        watched.open(0, member: 0)
        watched.open(0, member: 1)
        #expect(watched.snapshot.standing.phase == .connected)
        watched.lose(1, member: 0)
        #expect(watched.counters.totalReconnects == 1)
        #expect(watched.snapshot.standing.nextAttempt == at(2))
        watched.lose(1.5, .tryAgainLater, member: 1)
        #expect(watched.last.count == 1, "the pause was not moved")
        #expect(watched.snapshot.standing.nextAttempt == at(10.5))
        #expect(watched.counters.totalReconnects == 1)
        #expect(watched.counters.reconnectAttempts == 1)
    }

    @Test("a loss heard while waiting arms another retry")
    func lateLoss() {
        let watched = WatchedClient(Self.plain.with { $0.hazards = [.hearsReplacedTransports, .timersAccumulate] })
        watched.start(0)
        watched.open(0)
        watched.lose(1, generation: 1)
        watched.lose(1.5, generation: 1)
        #expect(watched.counters.totalReconnects == 2)
        #expect(watched.snapshot.standing.nextAttempt == at(2))
        #expect(watched.counters.lostConnections == 1)
    }

    @Test("a prepared attempt is one attempt")
    func preparedAttempt() {
        let watched = WatchedClient(Self.plain.with { $0.preparesAttempts = true })
        watched.start(0)
        #expect(watched.counters.attempts == 1)
        watched.prepared(1)
        watched.open(2)
        #expect(watched.counters.attempts == 1)
    }

    @Test("messages by what became of them")
    func messages() throws {
        let watched = WatchedClient(
            Self.plain.with { $0.outbox = OutboxPolicy(whileDisconnected: .discard, window: 4) }
        )
        watched.start(0)
        watched.send(0)
        watched.open(0)
        for _ in 0..<3 { watched.send(0) }
        watched.acknowledge(2, 1)
        watched.lose(2)
        #expect(watched.counters.messagesSent == 3)
        #expect(watched.counters.messagesAcknowledged == 1)
        #expect(watched.counters.messagesDiscarded == 3)
        #expect(watched.counters.messagesFailed == 0)
        let refusing = try WatchedClient(preset: "landale")
        refusing.send(0)
        #expect(refusing.counters.messagesFailed == 1)
    }

    // MARK: Health check

    private static let limit = at(100) + .seconds(60)

    @Test(
        "healthy: connected, breaker not open, and the last answer, if any, not older than two intervals",
        arguments: [
            (reply: nil, phase: .connected, isOpen: false, now: at(1_000), expected: true),
            (reply: at(100), phase: .connected, isOpen: false, now: limit, expected: true),
            (reply: at(100), phase: .connected, isOpen: false, now: limit + .nanoseconds(1), expected: false),
            (reply: at(100), phase: .connected, isOpen: true, now: at(100), expected: false),
            (reply: at(100), phase: .connecting, isOpen: false, now: at(100), expected: false),
            (reply: nil, phase: .exhausted, isOpen: false, now: at(100), expected: false),
        ] as [(reply: Instant?, phase: ConnectionPhase, isOpen: Bool, now: Instant, expected: Bool)]
    )
    func healthCheck(reply: Instant?, phase: ConnectionPhase, isOpen: Bool, now: Instant, expected: Bool) {
        var snapshot = ConnectionHealth.Snapshot()
        snapshot.lastReply = reply
        snapshot.standing = ConnectionStanding(phase: phase, isCircuitOpen: isOpen)
        #expect(snapshot.isHealthy(at: now, interval: .seconds(30)) == expected)
    }

    @Test("an answer from before the outage is old, unless the opening counts")
    func healthAfterOutage() throws {
        let watched = try WatchedClient(preset: "landale")
        watched.start(0)
        watched.open(0)
        watched.advance(30)
        watched.answer(30, beat: 1)
        watched.lose(31)
        watched.advance(32)
        watched.open(1_000)
        #expect(watched.snapshot.lastReply == at(30))
        #expect(!watched.snapshot.isHealthy(at: at(1_000), interval: .seconds(30)))
        #expect(watched.snapshot.isHealthy(at: at(1_060), interval: .seconds(30), openingCounts: true))
        #expect(!watched.snapshot.isHealthy(at: at(1_060.1), interval: .seconds(30), openingCounts: true))
    }

    // MARK: Nonsense

    @Test("time backwards stands still, and hearing something without a connection is nothing")
    func nonsense() {
        let watched = WatchedClient(Self.plain)
        watched.start(10)
        watched.open(10)
        var health = watched.health
        health.heard(at: at(3))
        #expect(health.snapshot(at: at(4)).lastReply == at(10))
        #expect(health.snapshot(at: at(4)) == health.snapshot(at: at(10)))
        watched.lose(11)
        health = watched.health
        health.heard(at: at(11))
        #expect(health == watched.health)
        health.heard(at: at(12))
        #expect(health.snapshot(at: at(12)) == watched.health.snapshot(at: at(12)))
        #expect(health.snapshot(at: at(12)).lastReply == nil)
    }

    @Test("reports before the first attempt are nobody's, even where old transports are heard")
    func reportsBeforeTheFirstAttempt() {
        let watched = WatchedClient(Self.plain.with { $0.hazards = [.hearsReplacedTransports] })
        watched.open(0)
        watched.lose(0)
        #expect(watched.snapshot.standing == ConnectionStanding())
        #expect(watched.counters == ConnectionHealth.Counters())
    }

    @Test("no attempt is announced while a gate holds it")
    func heldAttempt() {
        let watched = WatchedClient(Self.plain.with { $0.offline = .holdsAttempts })
        watched.start(0)
        watched.lose(0)
        watched.network(false, 0.5)
        #expect(watched.snapshot.standing.nextAttempt == at(1))
        watched.advance(1)
        #expect(watched.snapshot.standing.phase == .waiting)
        #expect(watched.snapshot.standing.nextAttempt == .distantFuture)
    }

    @Test("an observer that comes late takes the phase over")
    func lateObserver() {
        let watched = WatchedClient(Self.plain)
        watched.start(0)
        watched.open(0)
        var health = ConnectionHealth()
        health.observe(ClientActions(), of: watched.client, at: at(50))
        let snapshot = health.snapshot(at: at(51))
        #expect(snapshot.standing.phase == .connected)
        #expect(snapshot.timeConnected == .seconds(1))
        #expect(snapshot.counters.successfulConnects == 1)
        #expect(snapshot.counters.attempts == 0)
    }

    // MARK: Random inputs

    @Test("for random inputs the numbers agree with a plain count of the actions", arguments: PolicyPreset.all.indices)
    func randomInputs(index: Int) {
        let policy = PolicyPreset.all[index].policy
        var choices = SplitMix(state: UInt64(index) &* 977 &+ 5)
        let watched = WatchedClient(policy, uniforms: [0.1, 0.9, 0.4])
        var phase = ConnectionPhase.stopped
        var generations: Set<UInt32> = []
        var opens = 0
        var trips = 0
        var missed = 0
        var connected = Interval.zero
        var down = Interval.zero
        var before = Instant.origin
        watched.afterEachCall { watched, _ in
            if phase == .connected { connected += watched.now - before }
            if phase != .connected, phase != .stopped, phase != .closing { down += watched.now - before }
            before = watched.now
            for action in watched.last {
                switch action {
                case .openTransport(let generation), .prepareAttempt(let generation): generations.insert(generation)
                case .phaseChanged(_, .connected): opens += 1
                case .breakerOpened: trips += 1
                case .heartbeatMissed: missed += 1
                default: break
                }
            }
            phase = watched.client.phase
        }
        for _ in 0..<600 {
            let pause = Interval.milliseconds(Int64(choices.next(below: 3_000)))
            let time = (watched.now + pause).seconds
            switch choices.next(below: 16) {
            case 0: watched.start(time)
            case 1: if choices.next(below: 4) == 0 { watched.stop(time) }
            case 2: watched.network(choices.next(below: 3) > 0, time)
            case 3: watched.retryNow(time)
            case 4: watched.reconnect(time)
            case 5...7: watched.open(time)
            case 8...9: watched.lose(time)
            case 10: watched.lose(time, .tryAgainLater, generation: UInt32(choices.next(below: 30)))
            case 11: watched.prepared(time)
            case 12: watched.answer(time, beat: watched.client.heartbeat.lastBeat)
            default: watched.advance(to: max(watched.now, min(watched.nextDeadline, at(time))))
            }
            let snapshot = watched.snapshot
            #expect(snapshot.standing.phase == watched.client.phase)
            #expect(snapshot.timeConnected == connected && snapshot.timeDown == down)
            #expect(snapshot.longestOutage <= snapshot.timeDown)
        }
        let counters = watched.counters
        #expect(counters.attempts == generations.count && counters.attempts > 10)
        // Under hazards a client may hardly ever be connected.
        #expect(counters.successfulConnects == opens && (opens > 0 || !policy.hazards.isEmpty))
        #expect(counters.circuitBreakerTrips == trips)
        #expect(counters.heartbeatFailures >= missed)
        #expect(counters.heartbeatFailures >= counters.staleTicks)
        #expect(counters.successfulReconnects < counters.successfulConnects)
        #expect(counters.reconnectAttempts <= counters.totalReconnects)
    }
}
