import ClientScripts
import MonotonicTime
import Reconnection
import Scenarios
import Testing

@Suite("script player")
struct ScriptPlayerTests {
    /// One second between attempts, no randomness.
    private let plain = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))))

    @Test("an answer comes before the client's timer of the same instant, and both before the script's line")
    func order() throws {
        var policy = plain
        policy.connectTimeout = .seconds(1)
        // The answer and the timeout are both due at 1 s: the answer wins, and the timeout never comes.
        let answered = try play(
            """
            {"server": "accepts", "after": "1s"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "stop"}
            """,
            policy
        )
        #expect(
            answered.lines.dropFirst(3).dropLast() == [
                #"{"at":"1s","input":"opened","generation":1,"automatic":true}"#,
                #"{"at":"1s","phase":"connected","from":"connecting"}"#,
                #"{"at":"1s","input":"stop"}"#,
                #"{"at":"1s","action":"close-transport","generation":1,"code":1000}"#,
                #"{"at":"1s","phase":"stopped","from":"connected"}"#,
            ]
        )
        // Without an answer the timer of that instant comes before the line, which is too late.
        let unanswered = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "opened"}
            """,
            policy
        )
        #expect(unanswered.lines[3] == #"{"at":"1s","input":"timer"}"#)
        #expect(unanswered.times(ofPhase: "connected") == [])
    }

    @Test("answers of one instant come in the order in which they were settled, whatever their delays")
    func answersInOrder() throws {
        var policy = plain
        policy.outbox = OutboxPolicy(window: 8)
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "0s", "event": "opened"}
            {"messages": "acknowledged", "after": "2s"}
            {"at": "1s", "event": "send"}
            {"messages": "acknowledged", "after": "1s"}
            {"at": "2s", "event": "send"}
            {"messages": "acknowledged", "after": "500ms"}
            {"at": "2s", "event": "send"}
            {"at": "3s", "event": "wait"}
            """,
            policy
        )
        let acknowledged = played.objects.filter { $0["action"] as? String == "message-acknowledged" }
        #expect(acknowledged.compactMap { $0["key"] as? Int } == [3, 1, 2])
        #expect(played.times(ofAction: "message-acknowledged") == ["2.5s", "3s", "3s"])
    }

    @Test("what a line brings about in its own instant comes before the next line, and after the last one too")
    func sameInstant() throws {
        let played = try play(
            """
            {"server": "accepts"}
            {"at": "3s", "event": "start"}
            {"at": "3s", "event": "send"}
            {"at": "5s", "event": "lost"}
            {"server": "refuses"}
            {"at": "6s", "event": "wait"}
            """,
            plain
        )
        #expect(played.times(ofPhase: "connected") == ["3s"])
        #expect(played.times(ofAction: "send-message") == ["3s"])
        // The attempt of 6 s and its refusal happen before the line of 6 s.
        #expect(played.lines.firstIndex { $0.contains("\"wait\"") } == played.lines.count - 2)
        #expect(played.times(ofAction: "schedule-retry") == ["5s", "6s"])

        let last = try play(
            """
            {"server": "refuses"}
            {"at": "1s", "event": "start"}
            """,
            plain
        )
        #expect(last.times(ofAction: "schedule-retry") == ["1s"])
        #expect(last.end("failed-attempts") == 1)
    }

    @Test("answers under way are gone with their connection")
    func answersGone() throws {
        let script = """
            {"server": "accepts", "after": "10ms"}
            {"messages": "acknowledged", "after": "5s"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "send"}
            {"at": "2s", "event": "EVENT"}
            {"at": "8s", "event": "wait"}
            """
        for event in ["lost", "offline"] {
            var policy = plain
            policy.offline = .pauses
            let played = try play(script.replacing("EVENT", with: event), policy)
            #expect(played.times(ofAction: "send-message").first == "1s")
            #expect(!played.lines.contains { $0.hasPrefix(#"{"at":"6s","input":"acknowledged""#) })
        }
    }

    @Test("late reports about an earlier generation change nothing")
    func lateReports() throws {
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "lost"}
            {"at": "2.5s", "event": "opened", "generation": 1}
            {"at": "2.6s", "event": "opened"}
            {"at": "3s", "event": "lost", "generation": 1, "code": 1000}
            """,
            plain
        )
        #expect(played.told(at: "2.5s") == [])
        #expect(played.told(at: "2.6s") == [#"{"phase":"connected","from":"connecting"}"#])
        #expect(played.told(at: "3s") == [])
        #expect(played.lines.contains(#"{"at":"3s","input":"lost","generation":1,"code":1000}"#))
    }

    @Test("a server that refuses says why, and when to come back")
    func refusal() throws {
        var policy = plain
        policy.retryAfter = .honour(jitterFraction: 0)
        let played = try play(
            """
            {"server": "refuses", "after": "1ms", "code": 1013, "retry-after": "1m30s"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "wait"}
            """,
            policy
        )
        #expect(
            played.lines.contains(
                #"{"at":"0.001s","input":"lost","generation":1,"code":1013,"retry-after":"90s","automatic":true}"#
            )
        )
        #expect(played.delays == ["90s"])
    }

    @Test("times are exact decimal seconds, however small or large, and never is null")
    func times() throws {
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1ns", "event": "opened"}
            {"at": "100000d", "event": "lost"}
            """,
            plain
        )
        #expect(played.lines.contains(#"{"at":"0.000000001s","input":"opened","generation":1}"#))
        #expect(
            played.lines.contains(
                #"{"at":"8640000000s","action":"schedule-retry","retry":0,"delay":"1s","due":"8640000001s"}"#
            )
        )
        // Where the seconds as a floating-point number would be rounded up.
        let far = try play(#"{"at": "106751d59.999999999s", "event": "wait"}"#, plain)
        #expect(far.lines.first == #"{"at":"9223286459.999999999s","input":"wait"}"#)
        let stopped = try play(#"{"at": "0s", "event": "wait"}"#, plain)
        #expect(
            stopped.lines == [
                #"{"at":"0s","input":"wait"}"#,
                #"{"at":"0s","end":{"phase":"stopped","retry-count":0,"next-deadline":null,"generation":0,"queued":0,"#
                    + #""attempts":0,"failed-attempts":0,"opens":0,"losses":0,"retries-scheduled":0,"gave-up":0,"#
                    + #""breaker-openings":0,"heartbeats-sent":0,"messages-sent":0,"acknowledged":0,"failed":0,"#
                    + #""discarded":0,"random-numbers-used":0}}"#,
            ]
        )
    }

    @Test("listed random numbers come first, then those of the seed, and each is counted")
    func random() throws {
        let policy = ClientPolicy(
            backoff: Backoff(growth: .fixed(.seconds(1)), jitter: .full, rounding: .downToMilliseconds)
        )
        let script = """
            {"uniform": [0.25]}
            {"server": "refuses"}
            {"at": "0s", "event": "start"}
            {"uniform": [0.5, 0.75]}
            {"at": "3s", "event": "wait"}
            """
        // The first three outputs of SplitMix64 with seed 0, e220a8397b1dcdaf, 6e789e6aa1b965f4 and 06c45d188009454f,
        // as fractions of 2^64: 0.8833, 0.4315, 0.0264.
        let played = try play(script, policy, seed: 0)
        #expect(played.delays.prefix(6) == ["0.25s", "0.5s", "0.75s", "0.883s", "0.431s", "0.026s"])
        #expect(played.end("random-numbers-used") == played.delays.count)
        #expect(try play(#"{"seed": 0}"# + "\n" + script, policy).lines == played.lines)
        #expect(try play(#"{"seed": 0}"# + "\n" + script, policy, seed: 9).lines == played.lines)
        #expect(try play(script, policy, seed: 1).lines != played.lines)

        let poor = try play(script, policy)
        #expect(
            poor.failure
                == ScriptPlayer.Failure(
                    line: 5,
                    message: "the script has run out of random numbers, at 1.5s "
                        + "(list more with {\"uniform\": […]}, or give a seed)"
                )
        )
        #expect(poor.lines == Array(played.lines.prefix(poor.lines.count)))
        #expect(poor.lines.last == #"{"at":"1.5s","input":"lost","generation":4,"code":1006,"automatic":true}"#)
    }

    @Test("a storm without end in one instant is told and ends, a storm with pauses does not")
    func storm() throws {
        let storm = """
            {"server": "refuses"}
            {"at": "2s", "event": "start"}
            {"at": "3s", "event": "wait"}
            """
        let still = ClientPolicy(backoff: Backoff(growth: .fixed(.zero)))
        let played = try play(storm, still, maximumSteps: 6)
        #expect(
            played.failure == ScriptPlayer.Failure(line: 3, message: "more than 6 steps without time passing, at 2s")
        )
        // Six steps are three refusals with the timers between them; the attempts are the first and three retries.
        #expect(played.times(ofAction: "open-transport") == ["2s", "2s", "2s", "2s"])
        let quick = ClientPolicy(backoff: Backoff(growth: .fixed(.milliseconds(1))))
        let long = try play(storm, quick, maximumSteps: 2)
        #expect(long.failure == nil)
        #expect(long.end("attempts") == 1_001)
        #expect(try play(storm, quick, maximumSteps: 1).failure != nil)
    }

    @Test("what the app lets go is no loss, what the other side takes is")
    func metrics() throws {
        var policy = plain
        policy.offline = .pauses
        policy.retryLimit = 0
        policy.outbox = OutboxPolicy(whileDisconnected: .discard)
        let played = try play(
            """
            {"server": "accepts", "after": "1ms"}
            {"at": "0s", "event": "send"}
            {"at": "1s", "event": "start"}
            {"at": "2s", "event": "offline"}
            {"at": "3s", "event": "online"}
            {"at": "4s", "event": "stop"}
            {"at": "5s", "event": "start"}
            {"at": "6s", "event": "lost"}
            {"at": "7s", "event": "wait"}
            """,
            policy
        )
        #expect(played.end("opens") == 3)
        #expect(played.end("losses") == 1)
        #expect(played.end("gave-up") == 1)
        #expect(played.end("failed-attempts") == 0)
        #expect(played.end("discarded") == 1)
        #expect(played.end("generation") == 3)
    }

    @Test("every event can be read and played", arguments: ScriptPlayer.events.map(\.name))
    func everyEvent(name: String) throws {
        let event = try #require(ScriptPlayer.events.first { $0.name == name })
        let values = ["key": "1", "retryable": "true", "for": "\"1s\""]
        let details = event.required.map { ", \"\($0.rawValue)\": \(values[$0.rawValue] ?? "1")" }.joined()
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "\(name)"\(details)}
            """,
            plain
        )
        #expect(played.failure == nil)
        #expect(played.lines.contains { $0.hasPrefix("{\"at\":\"1s\",\"input\":\"\(name)\"") })
    }
}
