import MonotonicTime
import Reconnection
import Testing

/// Dead connections found by silence.
@Suite struct SilenceTests {
    private static func policy(_ heartbeat: HeartbeatPolicy) -> ClientPolicy {
        ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))), heartbeat: heartbeat)
    }

    @Test("a silence ends the connection when it has lasted exactly as long as allowed; anything heard begins it anew")
    func exactTimer() {
        let client = TestClient.connected(Self.policy(HeartbeatPolicy(silence: .init(longest: .seconds(30)))))
        #expect(client.nextDeadline == at(30))
        client.received(1, at: 10)
        #expect(client.nextDeadline == at(40))
        client.received(0, at: 11)
        client.received(2, at: 11)
        #expect(client.nextDeadline == at(40))
        #expect(client.advance(to: at(40) - .nanoseconds(1)) == [])
        #expect(client.advance(to: 40) == [.close(1), .retry(41, 0), .phase(.connected, .waiting)])
        client.received(1, at: 40)
        #expect(client.nextDeadline == at(41))
    }

    @Test("an exact timer with strikes goes on from each strike, and forgets them when something is heard")
    func exactTimerWithStrikes() {
        let client = TestClient.connected(
            Self.policy(HeartbeatPolicy(silence: .init(longest: .seconds(30), strikes: 2)))
        )
        #expect(client.advance(to: 30) == [.heartbeatMissed(inARow: 1)])
        client.received(1, at: 45)
        #expect(client.advance(to: 75) == [.heartbeatMissed(inARow: 1)])
        #expect(client.advance(to: 105).first == .close(1))
    }

    @Test(
        "party table's watchdog, looking every 3 s, finds more than 30 s of silence",
        arguments: [(0, 33), (3, 36), (2.999_999_999, 33), (0.5, 33)] as [(Double, Double)]
    )
    func checkedEvery(heardAt: Double, noticedAt: Double) {
        let client = TestClient.connected(
            Self.policy(HeartbeatPolicy(silence: .init(longest: .seconds(30), checkedEvery: .seconds(3))))
        )
        client.received(1, at: heardAt)
        while client.phase == .connected { client.advance(to: client.nextDeadline) }
        #expect(client.now == at(noticedAt))
    }

    /// Runs from deadline to deadline and answers every beat at once; tells what is not a beat, and when.
    private func run(_ client: TestClient, until end: Instant) -> [(Double, ClientAction)] {
        var told: [(Double, ClientAction)] = []
        while client.nextDeadline <= end, client.phase == .connected {
            for action in client.advance(to: client.nextDeadline) {
                if case .sendHeartbeat(let generation, let beat) = action {
                    client.answered(generation, beat: beat, at: client.now.seconds)
                } else {
                    told.append((client.now.seconds, action))
                }
            }
        }
        return told
    }

    private static let landale: HeartbeatPolicy = {
        var heartbeat = HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30))
        heartbeat.silence = HeartbeatPolicy.Silence(
            longest: .seconds(60),
            checkedEvery: .seconds(30),
            strikes: 3,
            reconnectsAtOnce: true
        )
        return heartbeat
    }()

    @Test("with a frozen stamp landale strikes a healthy connection at 90 and 120 s and reconnects at 150 s")
    func frozenStamp() {
        let frozen = TestClient.connected(Self.policy(Self.landale).with { $0.hazards = .frozenHeartbeat })
        let told = run(frozen, until: at(1_000))
        #expect(told.map(\.0) == [90, 120, 150, 150, 150])
        #expect(
            told.map(\.1) == [
                .heartbeatMissed(inARow: 1), .heartbeatMissed(inARow: 2), .close(1),
                .phase(.connected, .connecting), .open(2),
            ]
        )
        // Messages do not help, and a healthy stamp needs none.
        let healthy = TestClient.connected(Self.policy(Self.landale))
        #expect(run(healthy, until: at(1_000)).isEmpty)
        #expect(healthy.phase == .connected)
    }

    @Test("missing answers are a loss with its wait, where silence reconnects at once")
    func missingAnswers() {
        let client = TestClient.connected(Self.policy(Self.landale))
        client.advance(to: 30)
        client.received(1, at: 59)
        #expect(client.advance(to: 60) == [.close(1), .retry(61, 0), .phase(.connected, .waiting)])
    }

    @Test("an answer to a beat that was never sent is no sign of life")
    func madeUpBeats() {
        let client = TestClient.connected(
            Self.policy(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 1))
        )
        client.answered(1, beat: 1, at: 1)
        client.advance(to: 30)
        for beat in [UInt32(2), 7, .max] { client.answered(1, beat: beat, at: 31) }
        #expect(client.nextDeadline == at(40))
        #expect(client.advance(to: 40) == [.heartbeatMissed(inARow: 1)])
        client.answered(1, beat: 2, at: 41)
        #expect(client.client.heartbeat.missed == 1)
        client.answered(1, beat: 1, at: 42)
        #expect(client.client.heartbeat.missed == 0)
    }

    @Test("a heartbeat without beats draws no phase and sends none")
    func noBeats() {
        var heartbeat = HeartbeatPolicy(silence: .init(longest: .seconds(30)))
        heartbeat.randomFirstPhase = true
        let client = TestClient.connected(Self.policy(heartbeat), uniforms: [0])
        #expect(client.random.draws == 0)
        #expect(client.advance(to: 0) == [])
        #expect(client.nextDeadline == at(30))
    }

    @Test("a sleep past several looks finds one silence, and the rhythm starts anew")
    func sleepPastLooks() {
        let client = TestClient.connected(
            Self.policy(HeartbeatPolicy(silence: .init(longest: .seconds(60), checkedEvery: .seconds(30), strikes: 3)))
        )
        #expect(client.advance(to: 500) == [.heartbeatMissed(inARow: 1)])
        #expect(client.nextDeadline == at(530))
        #expect(client.advance(to: 531) == [.heartbeatMissed(inARow: 2)])
        #expect(client.nextDeadline == at(560))
    }

    @Test("beats whose answers are not waited for are sent for ever")
    func unansweredBeats() {
        let client = TestClient.connected(
            Self.policy(HeartbeatPolicy(silence: .init(longest: .seconds(100)), interval: .seconds(40)))
        )
        #expect(client.advance(to: 40) == [.sendHeartbeat(generation: 1, beat: 1)])
        #expect(client.advance(to: 80) == [.sendHeartbeat(generation: 1, beat: 2)])
        #expect(client.advance(to: 100).first == .close(1))
    }
}
