import MonotonicTime
import Reconnection
import Testing

/// valtio-y's resilient provider, row by row: documented with what its users would want, and as built.
@Suite struct ValtioYTests {
    private static let both = ["valtio-y", "valtio-y-as-built"]
    private static let dead = Story.Server.refuses(after: .zero)

    @Test("six attempts at 0, 1, 3, 7, 15 and 31 s, then it gives up once")
    func givesUpOnce() throws {
        let story = try Story(preset: "valtio-y", server: Self.dead)
        story.start()
        story.run(until: 30.999_999_999)
        #expect(story.attempts == [0, 1, 3, 7, 15])
        #expect(story.gaveUp == [])
        story.run(until: 1_000)
        #expect(story.attempts == [0, 1, 3, 7, 15, 31])
        #expect(story.gaveUp == [31])
        #expect(story.client.phase == .exhausted)
    }

    @Test("as built it gives up three times, first while the last retry is pending")
    func givesUpThrice() throws {
        let story = try Story(preset: "valtio-y-as-built", server: Self.dead)
        story.start()
        story.run(until: 1_000)
        #expect(story.attempts == [0, 1, 3, 7, 15, 31])
        #expect(story.gaveUp == [15, 31, 31])
    }

    @Test("the cap of 30 s is not reached within the limit, and holds beyond it")
    func cap() throws {
        var random = RepeatingRandomSource([0.5])
        let policy = try named("valtio-y").with { $0.retryLimit = nil }
        let delays = RetrySchedule(policy, count: 7, random: &random).retries.map(\.delay)
        #expect(delays == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    }

    @Test("a drop waits 1 s, and counts as the first retry; success clears the counter", arguments: both)
    func drop(name: String) throws {
        let story = try Story(preset: name, server: .accepts(after: .zero))
        story.start()
        story.run(until: 5)
        story.dropAll()
        #expect(story.client.client.supervisor.retryCount == 1)
        #expect(story.client.nextDeadline == at(6))
        story.run(until: 10)
        #expect(story.attempts == [0, 6])
        #expect(story.client.client.supervisor.retryCount == 0)
    }

    @Test("the limit holds on every path; as built a drop does not consult it")
    func limitAndDrops() throws {
        for (name, phase) in [("valtio-y", ConnectionPhase.exhausted), ("valtio-y-as-built", .waiting)] {
            // Without a reset the counter stands at its limit when the connection drops.
            let policy = try named(name).with {
                $0.reset.afterSuccess = .never
                $0.retryLimit = 1
            }
            let story = Story(policy, server: .accepts(after: .zero))
            story.start()
            story.dropAll()
            story.run(until: 2)
            story.dropAll()
            #expect(story.client.phase == phase, "\(name)")
        }
    }

    @Test("a hanging attempt hangs for ever", arguments: both)
    func hangs(name: String) throws {
        let story = try Story(preset: name, server: .hangs)
        story.start()
        story.run(until: 100_000)
        #expect(story.attempts == [0])
        #expect(story.client.nextDeadline == .distantFuture)
    }

    @Test("manual retry: timer cancelled, counter cleared, one attempt at once", arguments: ConnectionPhase.allCases)
    func manualRetry(phase: ConnectionPhase) throws {
        let story = try Story(preset: "valtio-y", server: Self.dead)
        switch phase {
        case .waiting, .exhausted:
            story.start()
            story.run(until: phase == .waiting ? 5 : 100)
        case .connecting:
            story.server = .hangs
            story.start()
            story.run(until: 5)
        case .connected:
            story.server = .accepts(after: .zero)
            story.start()
            story.run(until: 5)
        case .stopped, .closing, .paused, .blocked:
            return
        }
        #expect(story.client.phase == phase)
        let before = story.attempts.count
        story.server = .accepts(after: .milliseconds(100))
        story.tell { $0.reconnect(at: $0.now.seconds) }
        story.run(until: 200)
        #expect(story.attempts.count == before + 1)
        #expect(story.client.phase == .connected)
        #expect(story.live.count == 1)
    }

    @Test("manual retry as built: a second connection beside the good one, one second later")
    func manualRetryAsBuilt() throws {
        let story = try Story(preset: "valtio-y-as-built", server: .accepts(after: .milliseconds(100)))
        story.start()
        story.run(until: 5)
        story.tell { $0.reconnect(at: 5) }
        story.run(until: 5.5)
        #expect(story.client.phase == .connected)
        // The old transport's close, 50 ms later, armed a retry that the success left armed.
        #expect(story.client.nextDeadline == at(6.05))
        story.run(until: 7)
        #expect(story.attempts == [0, 5, 6.05])
        #expect(story.live.count == 2)
    }

    @Test("a destroyed client stays disconnected; as built a late success connects it")
    func destroy() throws {
        for (name, phase) in [("valtio-y", ConnectionPhase.stopped), ("valtio-y-as-built", .connected)] {
            let client = TestClient(try named(name))
            client.start(at: 0)
            client.stop(at: 1)
            client.opened(1, at: 2)
            #expect(client.phase == phase, "\(name)")
            // Its end is no reason to connect: the client is destroyed all the same.
            client.lost(1, at: 3)
            #expect(client.phase == .stopped && client.nextDeadline == .distantFuture, "\(name)")
            client.start(at: 4)
            client.opened(2, at: 4)
            client.lost(2, at: 5)
            #expect(client.nextDeadline == at(6), "\(name)")
        }
    }

    @Test("a leftover transport's late drop changes nothing; as built it takes the live connection for lost")
    func leftover() throws {
        for (name, phase) in [("valtio-y", ConnectionPhase.connected), ("valtio-y-as-built", .waiting)] {
            let client = TestClient(try named(name))
            client.start(at: 0)
            client.lost(1, at: 0)
            client.advance(to: 1)
            client.opened(2, at: 1)
            client.lost(1, at: 2)
            #expect(client.phase == phase, "\(name)")
        }
    }

    @Test("destroy is safe in every state and cancels the timer", arguments: both)
    func destroyCancels(name: String) throws {
        let story = try Story(preset: name, server: Self.dead)
        story.start()
        story.run(until: 5)
        story.tell { $0.stop(at: 5) }
        story.run(until: 1_000)
        #expect(story.attempts == [0, 1, 3])
        #expect(story.client.phase == .stopped)
    }

    @Test("many clients without jitter stay in step: every client's attempts come at the same instants")
    func inStep() throws {
        let stories = try [0.0, 0.3, 0.9].map { uniform in
            try Story(preset: "valtio-y", server: Self.dead, uniforms: [uniform])
        }
        for story in stories {
            story.start()
            story.run(until: 100)
        }
        #expect(Set(stories.map(\.attempts)).count == 1)
    }
}
