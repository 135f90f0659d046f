import MonotonicTime
import Reconnection
import Testing

/// landale's resilient socket, row by row: documented with what its users would want, and as built.
@Suite struct LandaleTests {
    private static let refusing = Story.Server.refuses(after: .milliseconds(50))
    private static let accepting = Story.Server.accepts(after: .milliseconds(50))

    // MARK: Dead server

    @Test("a dead server: five attempts, then the breaker; one probe at its end, and every five minutes after")
    func deadServer() throws {
        let story = try Story(preset: "landale", server: .refuses(after: .zero))
        story.start()
        story.run(until: 1_000)
        // 1 s doubling, then open for 300 s from the fifth failure; a failed probe opens it again.
        #expect(story.attempts == [0, 1, 3, 7, 15, 315, 615, 915])
        #expect(story.trips == [15, 315, 615, 915])
    }

    @Test("the breaker comes before the attempt limit, which ends in exhausted after ten retries")
    func limit() throws {
        let story = try Story(preset: "landale", server: .refuses(after: .zero))
        story.start()
        story.run(until: 3_000)
        #expect(story.attempts.count == 11)
        #expect(story.client.phase == .exhausted)
        #expect(story.gaveUp == [15 + 6 * 300])
    }

    @Test("a probe that succeeds closes the breaker and clears the counters")
    func probe() throws {
        let story = try Story(preset: "landale", server: .refuses(after: .zero))
        story.start()
        story.run(until: 100)
        story.server = Self.accepting
        story.run(until: 316)
        #expect(story.client.phase == .connected)
        #expect(story.client.client.supervisor.breaker.state == .closed(consecutiveFailures: 0))
        #expect(story.client.client.supervisor.retryCount == 0)
    }

    @Test("as built the transport's own retry storms through the open breaker: twenty attempts a second, each a trip")
    func retryStorm() throws {
        let story = try Story(preset: "landale-as-built", server: Self.refusing)
        story.start()
        story.run(until: 10)
        // Refused in 50 ms, retried at once.
        #expect(story.attempts.count == 201)
        #expect(story.attempts[1] == 0.05 && story.attempts[200] == 10)
        #expect(story.trips.first == 0.25)
        #expect(story.trips.count == 196)
    }

    @Test("as built without the transport's retry nothing is armed once the breaker is open: down until started")
    func nothingArmed() throws {
        let policy = try named("landale-as-built").with { $0.transportRetry = nil }
        let story = Story(policy, server: .refuses(after: .zero))
        story.start()
        story.run(until: 10_000)
        // The counter is raised before it is used: 2, 4, 8, 16 s.
        #expect(story.attempts == [0, 2, 6, 14, 30])
        #expect(story.client.phase == .stopped)
        #expect(story.client.nextDeadline == .distantFuture)
        // The first look after the time-out clears the count: five more failures are needed.
        story.start()
        #expect(story.attempts.last == 10_000)
        story.run(until: 10_029)
        #expect(story.trips.count == 1)
        story.run(until: 10_031)
        #expect(story.trips.count == 2)
    }

    @Test("starting while the breaker is open attempts nothing", arguments: ["landale", "landale-as-built"])
    func refusedAtOnce(name: String) throws {
        let policy = try named(name).with { $0.transportRetry = nil }
        let story = Story(policy, server: .refuses(after: .zero))
        story.start()
        story.run(until: 40)
        let before = story.attempts.count
        story.tell { $0.stop(at: 41) }
        story.start()
        #expect(story.attempts.count == before)
        #expect(story.record.last { if case .attemptRefused = $0.action { true } else { false } } != nil)
    }

    // MARK: Delays

    @Test(
        "the delay: documented from 1 s, as built from 2 s, ± 25 % after the cap",
        arguments: [
            ("landale", [0.75, 1, 1.25], [45, 60, 75]),
            ("landale-as-built", [1.5, 2, 2.5], [45, 60, 75]),
            ("landale-overlay", [0.75, 1, 1.25], [22.5, 30, 37.5]),
        ] as [(String, [Double], [Double])]
    )
    func delays(name: String, first: [Double], atCap: [Double]) throws {
        let policy = try named(name).with { $0.transportRetry = nil }
        // The largest draw lies a hair below 1: its delay is the bound itself once rounded to nanoseconds.
        for (position, uniform) in [0, 0.5, 1 - 0x1p-53].enumerated() {
            var random = RepeatingRandomSource([uniform])
            let retries = RetrySchedule(policy, count: 10, random: &random).retries
            #expect(retries[0].delay == Interval(seconds: first[position]))
            #expect(retries[9].delay == Interval(seconds: atCap[position]))
        }
    }

    // MARK: Heartbeat

    @Test("a healthy connection is left alone, as documented")
    func healthy() throws {
        let story = try Story(preset: "landale", server: Self.accepting)
        story.start()
        story.run(until: 3_600)
        #expect(story.attempts == [0])
        #expect(story.times { if case .heartbeatMissed = $0 { true } else { false } } == [])
    }

    @Test("as built every healthy connection is torn down 150 s after it opened, and the drop after that is final")
    func frozenStamp() throws {
        let policy = try named("landale-as-built").with { $0.transportRetry = nil }
        // Slower than the closing handshake: the old socket's close comes while the new one connects.
        let story = Story(policy, server: .accepts(after: .milliseconds(80)))
        story.start()
        story.run(until: 500)
        // Strikes 90 and 120 s after it opened, the third tears it down and connects at once.
        #expect(story.attempts == [0, 150.08, 300.16, 450.24])
        #expect(story.times { if case .heartbeatMissed = $0 { true } else { false } }.prefix(2) == [90.08, 120.08])
        story.dropAll()
        #expect(story.client.phase == .stopped)
        story.run(until: 5_000)
        #expect(story.attempts.count == 4)
    }

    @Test("a mute server is noticed by the transport 60 s after the last exchange, before the monitor's third strike")
    func mute() throws {
        let story = try Story(preset: "landale", server: .accepts(after: .zero))
        story.answersBeats = false
        story.start()
        story.run(until: 61)
        #expect(story.attempts == [0, 61])
    }

    @Test("its last version notices after 30 s")
    func muteLast() throws {
        let story = try Story(preset: "landale-last", server: .accepts(after: .zero))
        story.answersBeats = false
        story.start()
        story.run(until: 31)
        #expect(story.attempts == [0, 31])
    }

    // MARK: Connect and disconnect

    @Test("connecting while connecting is ignored; as built a second socket is opened")
    func connectTwice() throws {
        for (name, attempts) in [("landale", 1), ("landale-as-built", 2)] {
            let story = try Story(preset: name, server: .hangs)
            story.start()
            story.start()
            #expect(story.attempts.count == attempts, "\(name)")
        }
    }

    @Test("disconnect and connect: the next drop reconnects; as built a forced reconnect is the last one")
    func autoReconnect() throws {
        for (name, phase) in [("landale", ConnectionPhase.waiting), ("landale-as-built", .stopped)] {
            let policy = try named(name).with { $0.transportRetry = nil }
            let story = Story(policy, server: .accepts(after: .milliseconds(80)))
            story.start()
            story.run(until: 1)
            story.tell { $0.reconnect(at: 1) }
            story.run(until: 2)
            #expect(story.client.phase == .connected, "\(name)")
            story.dropAll()
            #expect(story.client.phase == phase, "\(name)")
        }
    }

    @Test("a forced reconnect shows connecting, connected; as built the old socket's close comes in between")
    func lateClose() throws {
        for (name, phases) in [
            ("landale", [ConnectionPhase.connecting, .connected]),
            ("landale-as-built", [.connecting, .stopped, .connected]),
        ] {
            let policy = try named(name).with { $0.transportRetry = nil }
            let story = Story(policy, server: .accepts(after: .milliseconds(80)))
            story.start()
            story.run(until: 1)
            let before = story.phases.count
            story.tell { $0.reconnect(at: 1) }
            story.run(until: 2)
            #expect(story.phases[before...].map(\.phase) == phases, "\(name)")
        }
    }

    @Test("disconnect is final until connect")
    func disconnect() throws {
        let story = try Story(preset: "landale", server: Self.accepting)
        story.start()
        story.run(until: 1)
        story.tell { $0.stop(at: 1) }
        story.run(until: 1_000)
        #expect(story.client.phase == .stopped && story.attempts.count == 1)
        story.start()
        story.run(until: 1_001)
        #expect(story.client.phase == .connected)
    }

    // MARK: The Python client

    @Test(
        "Python's delays: base, doubling to the cap, plus up to a tenth",
        arguments: [(0.0, 1.0), (0.5, 1.05)] as [(Double, Double)]
    )
    func pythonDelays(uniform: Double, factor: Double) throws {
        var random = RepeatingRandomSource([uniform])
        let retries = RetrySchedule(try named("landale-python"), count: 20, random: &random).retries
        #expect(
            retries.map(\.delay)
                == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map { Interval.seconds($0).scaled(by: factor) }
        )
    }

    @Test("Python as built: after a drop always exactly the base, however often it flaps")
    func pythonDrop() throws {
        let story = try Story(preset: "landale-python-as-built", server: .accepts(after: .zero))
        story.start()
        for second in 1...6 {
            story.run(until: Double(2 * second))
            story.dropAll()
        }
        #expect(story.attempts == [0, 3, 5, 7, 9, 11])
    }

    @Test("Python as wanted: flapping grows the delay until a connection was stable")
    func pythonFlapping() throws {
        let story = try Story(preset: "landale-python", server: .accepts(after: .zero), uniforms: [0])
        story.start()
        for _ in 0..<4 {
            story.dropAll()
            story.run(until: story.client.nextDeadline.seconds)
        }
        #expect(story.attempts == [0, 1, 3, 7, 15])
    }

    @Test("Python as built: a running loop goes on to its tenth attempt through the open breaker, and trips six times")
    func pythonBreaker() throws {
        let story = try Story(preset: "landale-python-as-built", server: .refuses(after: .zero), uniforms: [0])
        story.start()
        story.run(until: 10_000)
        #expect(story.attempts == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
        #expect(story.trips == [15, 31, 63, 123, 183, 243])
        #expect(story.client.phase == .exhausted)
    }

    @Test("Python as built: a dead connection is noticed, and kept")
    func pythonHeartbeat() throws {
        for (name, attempts) in [("landale-python", 2), ("landale-python-as-built", 1)] {
            let story = try Story(preset: name, server: .accepts(after: .zero), uniforms: [0])
            story.answersBeats = false
            story.start()
            // Three beats without an answer: the third at 90 s, its answer overdue at 120 s.
            story.run(until: 121)
            #expect(story.attempts.count == attempts, "\(name)")
        }
    }

    // MARK: After the wrapper

    @Test("what replaced the wrapper: a ladder to 10 s")
    func ladder() throws {
        var random = RepeatingRandomSource([0.5])
        let retries = RetrySchedule(try named("landale-transport"), count: 13, random: &random).retries
        let milliseconds: [Int64] = [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000]
        #expect(retries.map(\.delay) == milliseconds.map { .milliseconds($0) })
    }
}
