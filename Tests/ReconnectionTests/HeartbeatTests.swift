import MonotonicTime
import Reconnection
import Testing

@Suite struct HeartbeatTests {
    /// What a heartbeat asked for, and when.
    private struct Entry: Hashable, CustomStringConvertible {
        var seconds: Double
        var due: Heartbeat.Due
        var description: String { "\(seconds)s \(due)" }
    }

    /// A heartbeat with its policy, open from time 0.
    private final class Pulse {
        private var now = Instant.origin
        var heartbeat = Heartbeat()
        let policy: HeartbeatPolicy
        var random: CountingRandomSource

        init(_ policy: HeartbeatPolicy, uniforms: [Double] = [0.5]) {
            self.policy = policy
            random = CountingRandomSource(uniforms)
            open(at: 0)
        }

        func open(at seconds: Double) {
            heartbeat.connectionOpened(at: Instant(Interval(seconds: seconds)), policy: policy, random: &random)
        }

        func advance(to seconds: Double) -> Heartbeat.Due {
            now = Instant(Interval(seconds: seconds))
            return heartbeat.advance(to: now, policy: policy)
        }

        /// An answer in the moment the clock stands at.
        func reply(_ beat: UInt32) { heartbeat.replyReceived(beat: beat, at: now, policy: policy) }

        /// Runs from deadline to deadline; beats up to `answered` are answered at once.
        func run(until seconds: Double, answered: UInt32 = 0) -> [Entry] {
            var entries: [Entry] = []
            while heartbeat.nextDeadline <= Instant(Interval(seconds: seconds)) {
                let now = heartbeat.nextDeadline
                let due = heartbeat.advance(to: now, policy: policy)
                if due != .nothing { entries.append(Entry(seconds: now.seconds, due: due)) }
                self.now = now
                if case .send(let beat) = due, beat <= answered { reply(beat) }
            }
            return entries
        }
    }

    private let plain = HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10))

    @Test("beats come one interval apart while they are answered, and the first missing reply is the end")
    func steadyBeats() {
        let pulse = Pulse(plain)
        #expect(
            pulse.run(until: 1_000, answered: 3) == [
                Entry(seconds: 30, due: .send(beat: 1)), Entry(seconds: 60, due: .send(beat: 2)),
                Entry(seconds: 90, due: .send(beat: 3)), Entry(seconds: 120, due: .send(beat: 4)),
                Entry(seconds: 130, due: .connectionDead),
            ]
        )
        #expect(pulse.heartbeat.nextDeadline == .distantFuture)
        #expect(pulse.random.draws == 0)
    }

    @Test("a reply as long in coming as the interval is judged before the next beat of that instant")
    func replyTimeoutOfAnInterval() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30)))
        #expect(
            pulse.run(until: 1_000) == [
                Entry(seconds: 30, due: .send(beat: 1)), Entry(seconds: 60, due: .connectionDead),
            ]
        )
    }

    @Test("a reply in the last nanosecond keeps the connection alive")
    func replyBoundary() {
        let pulse = Pulse(plain)
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        #expect(pulse.heartbeat.replyDeadline == Instant(.seconds(40)))
        #expect(pulse.heartbeat.advance(to: Instant(.seconds(40)) - .nanoseconds(1), policy: plain) == .nothing)
        pulse.reply(1)
        #expect(pulse.advance(to: 40) == .nothing)
        #expect(pulse.heartbeat.nextDeadline == Instant(.seconds(60)))
    }

    @Test("as many replies as allowed may be missing in a row")
    func missedAllowed() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 2))
        #expect(
            pulse.run(until: 1_000) == [
                Entry(seconds: 30, due: .send(beat: 1)), Entry(seconds: 40, due: .missed(inARow: 1)),
                Entry(seconds: 60, due: .send(beat: 2)), Entry(seconds: 70, due: .missed(inARow: 2)),
                Entry(seconds: 90, due: .send(beat: 3)), Entry(seconds: 100, due: .connectionDead),
            ]
        )
    }

    @Test("a late reply to an earlier beat makes up for those missed, but the last beat still wants its own")
    func lateReply() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 1))
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        #expect(pulse.advance(to: 40) == .missed(inARow: 1))
        #expect(pulse.heartbeat.missed == 1)
        #expect(pulse.advance(to: 60) == .send(beat: 2))
        pulse.reply(1)
        #expect(pulse.heartbeat.missed == 0)
        #expect(pulse.heartbeat.replyDeadline == Instant(.seconds(70)))
        #expect(pulse.advance(to: 70) == .missed(inARow: 1))
        #expect(pulse.heartbeat.missed == 1)
        #expect(pulse.advance(to: 90) == .send(beat: 3))
        #expect(pulse.advance(to: 100) == .connectionDead)
    }

    @Test("a late reply to the last beat makes up for it")
    func lateReplyToTheLastBeat() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 1))
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        #expect(pulse.advance(to: 40) == .missed(inARow: 1))
        pulse.reply(1)
        #expect(pulse.heartbeat.missed == 0)
        #expect(pulse.heartbeat.nextDeadline == Instant(.seconds(60)))
    }

    @Test("a repeated reply to an earlier beat does not answer the last one")
    func repeatedReply() {
        let pulse = Pulse(plain)
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        pulse.reply(1)
        #expect(pulse.advance(to: 60) == .send(beat: 2))
        pulse.reply(1)
        #expect(pulse.advance(to: 70) == .connectionDead)
    }

    @Test("after a sleep that swallowed beats one is sent, and the rhythm starts anew")
    func sleep() {
        let pulse = Pulse(plain)
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        pulse.reply(1)
        #expect(pulse.advance(to: 500) == .send(beat: 2))
        #expect(pulse.advance(to: 500) == .nothing)
        #expect(pulse.heartbeat.replyDeadline == Instant(.seconds(510)))
        pulse.reply(2)
        #expect(pulse.heartbeat.nextDeadline == Instant(.seconds(530)))
    }

    @Test("a beat a little late leaves the rhythm as it was")
    func lateBeat() {
        let pulse = Pulse(plain)
        #expect(pulse.advance(to: 37) == .send(beat: 1))
        #expect(pulse.heartbeat.nextBeat == Instant(.seconds(60)))
        #expect(pulse.heartbeat.replyDeadline == Instant(.seconds(47)))
    }

    @Test("a sleep past a reply's deadline is the end at once")
    func sleepPastReply() {
        let pulse = Pulse(plain)
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        #expect(pulse.advance(to: 500) == .connectionDead)
    }

    @Test("nothing is due before its time")
    func early() {
        let pulse = Pulse(plain)
        let before = pulse.heartbeat
        #expect(pulse.heartbeat.advance(to: Instant(.seconds(30)) - .nanoseconds(1), policy: plain) == .nothing)
        #expect(pulse.heartbeat == before)
    }

    @Test("the first beat comes after a random part of the interval, the rest one interval apart")
    func randomFirstPhase() {
        var policy = plain
        policy.randomFirstPhase = true
        for (uniform, first) in [(0.0, 0.0), (0.25, 7.5), (0.5, 15)] {
            let pulse = Pulse(policy, uniforms: [uniform])
            #expect(
                pulse.run(until: first + 30, answered: 2) == [
                    Entry(seconds: first, due: .send(beat: 1)), Entry(seconds: first + 30, due: .send(beat: 2)),
                ]
            )
            #expect(pulse.random.draws == 1)
        }
    }

    @Test("a closed connection has no beats, and a new one owes nothing to the old")
    func reopening() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 1))
        #expect(pulse.advance(to: 30) == .send(beat: 1))
        #expect(pulse.advance(to: 40) == .missed(inARow: 1))
        #expect(pulse.advance(to: 60) == .send(beat: 2))
        pulse.heartbeat.connectionClosed()
        #expect(pulse.heartbeat.nextDeadline == .distantFuture)
        #expect(pulse.advance(to: 1_000) == .nothing)
        let idle = pulse.heartbeat
        pulse.reply(2)
        #expect(pulse.heartbeat == idle)
        pulse.open(at: 1_000)
        #expect(
            pulse.run(until: 1_080) == [
                Entry(seconds: 1_030, due: .send(beat: 3)), Entry(seconds: 1_040, due: .missed(inARow: 1)),
                Entry(seconds: 1_060, due: .send(beat: 4)),
                Entry(seconds: 1_070, due: .connectionDead),
            ]
        )
    }

    @Test("more misses in a row than a byte holds are counted, and an answer ends them all")
    func manyMisses() {
        let pulse = Pulse(HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(10), missedAllowed: 600))
        func missed(_ entries: [Entry]) -> [UInt16] {
            entries.compactMap { if case .missed(let inARow) = $0.due { inARow } else { nil } }
        }
        #expect(missed(pulse.run(until: 30 * 520 + 29)) == Array(1...520))
        #expect(pulse.heartbeat.missed == 520)
        #expect(pulse.heartbeat.overdueAnswers == 520)
        pulse.reply(520)
        #expect(pulse.heartbeat.missed == 0)
        #expect(pulse.heartbeat.overdueAnswers == 520)
        #expect(missed(pulse.run(until: 30 * 1_120 + 29)) == Array(1...600))
        let last = pulse.run(until: 30 * 1_121 + 29)
        #expect(last.last?.due == .connectionDead)
        #expect(pulse.heartbeat.missed == 0)
        #expect(pulse.heartbeat.overdueAnswers == 1_121)
        #expect(pulse.heartbeat.nextDeadline == .distantFuture)
    }
}
