import ClientScripts
import MonotonicTime
import Reconnection
import Scenarios
import Testing

/// What the world around the client does by itself, and what scripts may say of closes, groups and preparations.
@Suite("script world")
struct ScriptWorldTests {
    /// One second between attempts, no randomness.
    private let plain = ClientPolicy(backoff: Backoff(growth: .fixed(.seconds(1))))

    private func pair(grace: Interval = .zero) -> ClientPolicy {
        var policy = plain
        policy.group = ConnectionGroupPolicy(members: 2, grace: grace)
        return policy
    }

    private func inputs(_ played: Played) -> [String] { played.lines.filter { $0.contains("\"input\":") } }

    // MARK: Reasons

    @Test(
        "a reason is echoed as JSON, with quotes, backslashes and control characters escaped",
        arguments: [
            (#"plain"#, #"plain"#), (#"a \"b\" \\ c"#, #"a \"b\" \\ c"#),
            (#"\b\f\n\r\t\u0000\u001f"#, #"\u0008\u000c\u000a\u000d\u0009\u0000\u001f"#),
            (#"\/ \u00e9 \ud83d\ude00 \u007f"#, "/ é 😀 \u{7F}"),
        ]
    )
    func reasons(written: String, echoed: String) throws {
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "lost", "code": 1000, "reason": "\(written)"}
            {"server": "refuses", "reason": "\(written)"}
            {"at": "2s", "event": "wait"}
            """,
            plain
        )
        #expect(
            inputs(played).filter { $0.contains("\"lost\"") } == [
                #"{"at":"1s","input":"lost","generation":1,"code":1000,"reason":"\#(echoed)"}"#,
                #"{"at":"2s","input":"lost","generation":2,"code":1006,"reason":"\#(echoed)","automatic":true}"#,
            ]
        )
    }

    @Test("the reason reaches the policy's rules")
    func reasonRules() throws {
        var policy = plain
        policy.closeRules = [CloseRule(codes: 0...65_535, reason: .equal("go away"), response: .stop)]
        for (reason, phase) in [("Go away.", "stopped"), ("go away now", "waiting")] {
            let played = try play(
                """
                {"at": "0s", "event": "start"}
                {"at": "1s", "event": "lost", "reason": "\(reason)"}
                """,
                policy
            )
            #expect(played.phases().last == "1s \(phase)")
        }
    }

    // MARK: Preparations

    @Test("a server that accepts or refuses finds the attempt prepared at once; a silent or manual one does not")
    func prepared() throws {
        var policy = plain
        policy.preparesAttempts = true
        func played(_ server: String) throws -> Played {
            try play(
                """
                {"server": \(server)}
                {"at": "1s", "event": "start"}
                {"at": "1.5s", "event": "wait"}
                """,
                policy
            )
        }
        let begin = [#"{"phase":"connecting","from":"stopped"}"#, #"{"action":"prepare-attempt","generation":1}"#]
        let open = #"{"action":"open-transport","generation":1}"#
        for server in [#""accepts", "after": "100ms""#, #""refuses", "after": "100ms""#] {
            let answered = try played(server)
            #expect(answered.told(at: "1s") == begin + [open])
            #expect(
                inputs(answered)[1] == #"{"at":"1s","input":"prepared","generation":1,"automatic":true}"#
            )
        }
        for server in [#""silent""#, #""manual""#] {
            let unanswered = try played(server)
            #expect(unanswered.told(at: "1s") == begin)
            #expect(unanswered.times(ofAutomatic: "prepared") == [])
        }
        // By hand; an opening before it means nothing.
        let manual = try play(
            """
            {"at": "1s", "event": "start"}
            {"at": "1.1s", "event": "opened"}
            {"at": "1.2s", "event": "prepared"}
            {"at": "1.3s", "event": "opened"}
            """,
            policy
        )
        #expect(manual.told(at: "1.1s") == [])
        #expect(manual.told(at: "1.2s") == [open])
        #expect(manual.phases().last == "1.3s connected")
    }

    // MARK: Groups

    @Test("every socket of a group opens under a server that accepts, and one that refuses says so once")
    func groups() throws {
        let script = """
            {"server": "SERVER", "after": "100ms"}
            {"at": "0s", "event": "start"}
            {"at": "0.5s", "event": "wait"}
            """
        #expect(
            inputs(try play(script.replacing("SERVER", with: "accepts"), pair())).dropFirst().dropLast() == [
                #"{"at":"0.1s","input":"opened","generation":1,"member":0,"automatic":true}"#,
                #"{"at":"0.1s","input":"opened","generation":1,"member":1,"automatic":true}"#,
            ]
        )
        #expect(
            inputs(try play(script.replacing("SERVER", with: "refuses"), pair())).dropFirst().dropLast() == [
                #"{"at":"0.1s","input":"lost","generation":1,"member":0,"code":1006,"automatic":true}"#
            ]
        )
        // Without a group there is no member to speak of.
        #expect(
            inputs(try play(script.replacing("SERVER", with: "accepts"), plain))[1]
                == #"{"at":"0.1s","input":"opened","generation":1,"automatic":true}"#
        )
    }

    @Test("a member is the first socket unless the script says otherwise, and one beyond the group means nothing")
    func members() throws {
        let played = try play(
            """
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "opened", "member": 1}
            {"at": "2s", "event": "opened", "member": 31}
            {"at": "3s", "event": "opened"}
            {"at": "4s", "event": "lost", "member": 2}
            {"at": "5s", "event": "lost", "member": 1}
            """,
            pair()
        )
        #expect(played.phases() == ["0s connecting", "3s connected", "5s waiting"])
        #expect(played.lines.contains(#"{"at":"2s","input":"opened","generation":1,"member":31}"#))
        #expect(played.lines.contains(#"{"at":"3s","input":"opened","generation":1,"member":0}"#))
    }

    @Test("a policy whose group has no sockets, or too many, counts as one of 1 or 32")
    func groupBounds() throws {
        for (members, count) in [(-1, 0), (0, 0), (1, 0), (32, 32), (40, 32)] {
            var policy = plain
            policy.group = ConnectionGroupPolicy(members: members)
            let played = try play(
                """
                {"server": "accepts"}
                {"at": "0s", "event": "start"}
                """,
                policy
            )
            #expect(played.lines.count { $0.contains("\"member\":") } == max(1, count), "\(members)")
        }
    }

    // MARK: Closes

    @Test("what the client closes is reported, after the time that it takes, until the script says otherwise")
    func closes() throws {
        let played = try play(
            """
            {"server": "accepts"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "reconnect"}
            {"closes": "reported", "after": "50ms"}
            {"at": "2s", "event": "reconnect"}
            {"closes": "ignored", "at": "2.01s"}
            {"at": "3s", "event": "reconnect"}
            {"closes": "reported"}
            {"at": "4s", "event": "stop"}
            {"at": "5s", "event": "wait"}
            """,
            plain
        )
        #expect(
            inputs(played).filter { $0.contains("\"lost\"") } == [
                #"{"at":"2.05s","input":"lost","generation":2,"code":1001,"automatic":true}"#,
                #"{"at":"4s","input":"lost","generation":4,"code":1000,"automatic":true}"#,
            ]
        )
        #expect(played.times(ofPhase: "waiting") == [])
    }

    @Test("only sockets that were left are reported closed, each once")
    func closesOnce() throws {
        let opening = """
            {"closes": "reported", "after": "1s"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "opened", "member": 0}
            {"at": "1s", "event": "opened", "member": 1}

            """
        func reported(_ rest: String) throws -> [String] {
            let played = try play(opening + rest + "\n" + #"{"at": "6s", "event": "wait"}"#, pair(grace: .seconds(5)))
            return inputs(played).filter { $0.contains("\"automatic\"") }
        }
        let first = #"{"at":"4s","input":"lost","generation":1,"member":0,"code":1000,"automatic":true}"#
        let second = #"{"at":"4s","input":"lost","generation":1,"member":1,"code":1000,"automatic":true}"#
        #expect(try reported(#"{"at": "3s", "event": "stop"}"#) == [first, second])
        // One was lost before; the other one's close is told by the script itself.
        #expect(
            try reported(
                """
                {"at": "2s", "event": "lost", "member": 1}
                {"at": "3s", "event": "stop"}
                """
            ) == [first]
        )
        #expect(
            try reported(
                """
                {"at": "3s", "event": "stop"}
                {"at": "3.5s", "event": "lost", "member": 0}
                """
            ) == [second]
        )
        // Lost by itself: there is nothing left to close.
        let lost = try play(
            """
            {"closes": "reported"}
            {"server": "refuses"}
            {"at": "0s", "event": "start"}
            {"at": "0.5s", "event": "stop"}
            {"at": "2s", "event": "wait"}
            """,
            plain
        )
        #expect(lost.times(ofAutomatic: "lost") == ["0s"])
    }

    @Test("closing ends when the last socket of the group is reported closed, at the latest when it takes too long")
    func closing() throws {
        var policy = pair()
        policy.closingTimeout = .seconds(5)
        let cases = [
            (#""reported", "after": "2s""#, "3s"), (#""reported", "after": "7s""#, "6s"), (#""ignored""#, "6s"),
        ]
        for (closes, end) in cases {
            let played = try play(
                """
                {"server": "accepts"}
                {"closes": \(closes)}
                {"at": "0s", "event": "start"}
                {"at": "1s", "event": "stop"}
                {"at": "20s", "event": "wait"}
                """,
                policy
            )
            #expect(played.phases(from: 1) == ["1s closing", "\(end) stopped"])
        }
    }

    @Test("a socket that is lost takes its own answers along, and no other socket's opening")
    func answersOfMembers() throws {
        let played = try play(
            """
            {"server": "accepts", "after": "1s"}
            {"at": "0s", "event": "start"}
            {"at": "0.5s", "event": "opened", "member": 0}
            {"at": "0.6s", "event": "lost", "member": 1}
            {"at": "2s", "event": "wait"}
            """,
            pair(grace: .seconds(5))
        )
        #expect(
            inputs(played).filter { $0.contains("\"automatic\"") } == [
                #"{"at":"1s","input":"opened","generation":1,"member":0,"automatic":true}"#
            ]
        )
    }

    // MARK: Other inputs

    @Test("waking opens the gate of a hidden app for so long")
    func wake() throws {
        var policy = plain
        policy.hidden = .pauses
        let played = try play(
            """
            {"server": "accepts"}
            {"at": "0s", "event": "hidden"}
            {"at": "0s", "event": "start"}
            {"at": "10s", "event": "wake", "for": "30s"}
            {"at": "60s", "event": "wait"}
            """,
            policy
        )
        #expect(
            played.phases() == ["0s paused", "10s connecting", "10s connected", "40s paused"]
        )
        #expect(played.lines.contains(#"{"at":"10s","input":"wake","for":"30s"}"#))
    }

    @Test("readiness and credentials hold a client back")
    func heldBack() throws {
        let played = try play(
            """
            {"server": "accepts"}
            {"at": "0s", "event": "not-ready"}
            {"at": "0s", "event": "start"}
            {"at": "1s", "event": "ready"}
            {"at": "2s", "event": "credentials-withdrawn"}
            {"at": "3s", "event": "reconnect"}
            {"at": "4s", "event": "credentials"}
            """,
            plain
        )
        #expect(
            played.phases() == [
                "0s paused", "1s connecting", "1s connected", "2s blocked", "4s connecting", "4s connected",
            ]
        )
        #expect(played.times(ofAction: "credentials-needed") == ["2s"])
    }

    @Test("what is received keeps a silent connection alive")
    func received() throws {
        var policy = plain
        policy.heartbeat = HeartbeatPolicy(silence: HeartbeatPolicy.Silence(longest: .seconds(3)))
        let script = """
            {"at": "0s", "event": "start"}
            {"at": "0s", "event": "opened"}
            {"at": "2s", "event": "EVENT"}
            {"at": "4.5s", "event": "wait"}
            """
        #expect(try play(script.replacing("EVENT", with: "wait"), policy).times(ofAction: "close-transport") == ["3s"])
        #expect(try play(script.replacing("EVENT", with: "received"), policy).times(ofAction: "close-transport") == [])
    }
}
