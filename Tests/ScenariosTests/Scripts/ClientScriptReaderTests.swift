import MonotonicTime
import Testing

@testable import Scenarios

@Suite("client script reader")
struct ClientScriptReaderTests {
    private static let events = [
        ClientScript.EventDefinition(name: "start"),
        ClientScript.EventDefinition(name: "lost", optional: [.generation, .member, .code, .reason, .retryAfter]),
        ClientScript.EventDefinition(name: "rejected", required: [.key, .retryable], optional: [.generation]),
        ClientScript.EventDefinition(name: "send", optional: [.count]),
        ClientScript.EventDefinition(name: "wake", required: [.during]),
        ClientScript.EventDefinition(name: "wait"),
    ]

    private func read(_ text: String) throws(ScenarioError) -> ClientScript {
        try ClientScript.read(Array(text.utf8), file: "s.jsonl", events: Self.events)
    }

    private func mistakes(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    @Test("every kind of line is read, with its number and its time")
    func everyLine() throws {
        let script = try read(
            """
            # comment, then nothing

               // another
            {"uniform": [0, 0.25, 1e-3]}
            {"seed": 7}
            {"at": "1.5s", "event": "start"}
            \t{ "at":"1.5s" ,"event":"lost","generation":3,"code":1013,"retry-after":"1m" }\r
            {"server": "refuses", "after": "50ms", "code": 1012}
            {"server": "silent"}
            {"at": "2s", "heartbeats": "answered", "after": "20ms"}
            {"messages": "ignored"}
            {"event": "rejected", "at": "2000ms", "key": 4, "retryable": false}
            {"closes": "reported", "after": "50ms"}
            {"closes": "ignored", "at": "3s"}
            {"event": "wake", "at": "3s", "for": "30s"}
            {"server": "refuses", "reason": "full"}
            """
        )
        let early = Instant(.milliseconds(1_500))
        let late = Instant(.seconds(2))
        let last = Instant(.seconds(3))
        #expect(
            script.lines == [
                .init(number: 4, at: .origin, command: .uniform([0, 0.25, 0.001])),
                .init(number: 5, at: .origin, command: .seed(7)),
                .init(number: 6, at: early, command: .event("start", [:])),
                .init(
                    number: 7,
                    at: early,
                    command: .event(
                        "lost",
                        [.generation: .number(3), .code: .number(1_013), .retryAfter: .duration(.minutes(1))]
                    )
                ),
                .init(
                    number: 8,
                    at: early,
                    command: .server(.refuses, after: .milliseconds(50), [.code: .number(1_012)])
                ),
                .init(number: 9, at: early, command: .server(.silent, after: .zero, [:])),
                .init(number: 10, at: late, command: .heartbeats(answeredAfter: .milliseconds(20))),
                .init(number: 11, at: late, command: .messages(acknowledgedAfter: nil)),
                .init(
                    number: 12,
                    at: late,
                    command: .event("rejected", [.key: .number(4), .retryable: .flag(false)])
                ),
                .init(number: 13, at: late, command: .closes(reportedAfter: .milliseconds(50))),
                .init(number: 14, at: last, command: .closes(reportedAfter: nil)),
                .init(number: 15, at: last, command: .event("wake", [.during: .duration(.seconds(30))])),
                .init(number: 16, at: last, command: .server(.refuses, after: .zero, [.reason: .text("full")])),
            ]
        )
    }

    @Test(
        "a mistake is told with its place and what would be right",
        arguments: [
            (#"{"at": "0s", "evnt": "wait"}"#, "1:14: error: unknown key 'evnt' (did you mean 'event'?)"),
            (#"{"at": "0s", "event": "strat"}"#, "1:23: error: 'event' cannot be 'strat' (did you mean 'start'?)"),
            (#"{"event": "wait"}"#, "1:1: error: an event needs the key 'at'"),
            (#"{"at": 5, "event": "wait"}"#, "1:8: error: '5' has no unit: write '5s' or '5ms'"),
            (#"{"at": null, "event": "wait"}"#, "1:8: error: 'at' has no value: expected a duration such as '30s'"),
            (
                #"{"at": "0s"}"#,
                "1:1: error: a line has exactly one of the keys 'event', 'uniform', 'seed', 'server', 'heartbeats', "
                    + "'messages', 'closes'"
            ),
            (
                #"{"seed": 1, "server": "silent"}"#,
                "1:1: error: a line has exactly one of the keys 'event', 'uniform', 'seed', 'server', 'heartbeats', "
                    + "'messages', 'closes'"
            ),
            (
                #"{"at": "0s", "event": "lost"}"#,
                "1:23: error: 'lost' before the first 'start': there is no transport yet"
            ),
            (
                #"{"at": "0s", "event": "start", "code": 1006}"#,
                "1:40: error: 'code' means nothing with the event 'start'"
            ),
            (
                #"{"server": "silent", "after": "1s"}"#,
                "1:31: error: 'after' means nothing with 'server' 'silent'"
            ),
            (
                #"{"server": "accepts", "code": 1013}"#,
                "1:31: error: 'code' means nothing with 'server' 'accepts'"
            ),
            (
                #"{"heartbeats": "ignored", "after": "1s"}"#,
                "1:36: error: 'after' means nothing with 'heartbeats' 'ignored'"
            ),
            (#"{"server": "refuse"}"#, "1:12: error: 'server' cannot be 'refuse' (did you mean 'refuses'?)"),
            (
                #"{"uniform": [0.5, 1]}"#,
                "1:19: error: a number of 'uniform' must be at least 0 and below 1, not '1'"
            ),
            (
                #"{"uniform": [-0.5]}"#,
                "1:14: error: a number of 'uniform' must be at least 0 and below 1, not '-0.5'"
            ),
            (#"{"uniform": ["0.5"]}"#, "1:14: error: 'uniform' must be a number without quotes"),
            (#"{"uniform": []}"#, "1:13: error: 'uniform' must list at least one number"),
            (#"{"uniform": 0.5}"#, "1:13: error: 'uniform' must be a list, not '0.5'"),
            (#"{"seed": "7"}"#, "1:10: error: 'seed' must be a number without quotes"),
            (#"{"seed": -7}"#, "1:10: error: '-7' is negative: write a whole number such as '10_000' or '5k'"),
            (#"{"at": "0s", "event": "send", "count": 0}"#, "1:40: error: 'count' must be at least 1, not '0'"),
            (#"{"at": "0s", "event": "send", "count": 1.5}"#, "1:40: error: '1.5' is not a whole number"),
            (#"{"seed": [7]}"#, "1:10: error: 'seed' must be a whole number such as '10_000', not a list"),
            (#"{"uniform": {"a": 1}}"#, "1:13: error: 'uniform' must be a list, not a mapping"),
            (
                #"{"closes": "answered"}"#,
                "1:12: error: 'closes' cannot be 'answered' (possible values: reported, ignored)"
            ),
            (#"{"closes": "report"}"#, "1:12: error: 'closes' cannot be 'report' (did you mean 'reported'?)"),
            (
                #"{"closes": "ignored", "after": "1s"}"#,
                "1:32: error: 'after' means nothing with 'closes' 'ignored'"
            ),
            (
                #"{"closes": "reported", "code": 1000}"#,
                "1:32: error: 'code' means nothing with 'closes' 'reported'"
            ),
            (
                #"{"server": "accepts", "reason": "why"}"#,
                "1:33: error: 'reason' means nothing with 'server' 'accepts'"
            ),
            (#"{"at": "0s", "event": "wake"}"#, "1:1: error: the event 'wake' needs the key 'for'"),
            (#"{"at": "0s", "event": "wake", "for": 30}"#, "1:38: error: '30' has no unit: write '30s' or '30ms'"),
            (
                #"{"at": "0s", "event": "send", "member": 0}"#,
                "1:41: error: 'member' means nothing with the event 'send'"
            ),
            (#"[1]"#, "1:1: error: a line is one object, such as {\"at\": \"1.5s\", \"event\": \"start\"}"),
            (#"{"at": 1s}"#, "1:9: error: not JSON: a number with a unit stands in double quotes"),
            (#"{"at": "0s", "at": "0s"}"#, "1:14: error: duplicate key 'at'"),
            ("# nothing", "1:1: error: the script has no lines"),
        ]
    )
    func mistake(text: String, expected: String) {
        #expect(mistakes(text) == ["s.jsonl:" + expected])
    }

    @Test("a member is one of 32, counted from 0", arguments: [0, 31])
    func members(number: Int) throws {
        let script = try read(
            """
            {"at": "0s", "event": "start"}
            {"at": "0s", "event": "lost", "member": \(number)}
            """
        )
        #expect(script.lines.last?.command == .event("lost", [.member: .number(number)]))
    }

    @Test(
        "a member or a reason that cannot be is told with its place",
        arguments: [
            (#""member": 32"#, "2:41: error: 'member' must be at most 31, not '32'"),
            (#""member": -1"#, "2:41: error: '-1' is negative: write a whole number such as '10_000' or '5k'"),
            (#""member": "0""#, "2:41: error: 'member' must be a number without quotes"),
            (#""member": [0]"#, "2:41: error: 'member' must be a whole number such as '10_000', not a list"),
            (#""reason": 5"#, "2:41: error: 'reason' must be a text in double quotes"),
            (#""reason": true"#, "2:41: error: 'reason' must be a text in double quotes"),
            (#""reason": null"#, "2:41: error: 'reason' has no value: expected a text"),
            (#""reason": """#, "2:41: error: 'reason' must not be empty"),
            (#""reason": ["a"]"#, "2:41: error: 'reason' must be a text, not a list"),
            (#""reason": {"a": 1}"#, "2:41: error: 'reason' must be a text, not a mapping"),
            (#""reason": "x\ud83d""#, "2:43: error: not JSON: half of a surrogate pair"),
            (#""reason": "\ude00""#, "2:42: error: not JSON: half of a surrogate pair"),
            (#""reason": "\ud83d\ud83d\ude00""#, "2:42: error: not JSON: half of a surrogate pair"),
            (#""reason": "\u12g4""#, "2:46: error: not JSON: '\\u' needs four hexadecimal digits"),
            (#""reason": "\ud83d\ude00", "membr": 1"#, "2:57: error: unknown key 'membr' (did you mean 'member'?)"),
        ]
    )
    func memberAndReason(text: String, expected: String) {
        let script = """
            {"at": "0s", "event": "start"}
            {"at": "0s", "event": "lost", \(text)}
            """
        #expect(mistakes(script) == ["s.jsonl:" + expected])
    }

    @Test(
        "a reason is the text that JSON says, whatever YAML would make of it",
        arguments: [
            (#"yes"#, "yes"), (#"5"#, "5"), (#"a: b # c"#, "a: b # c"), (#"it's {[&*!|>%@`"#, "it's {[&*!|>%@`"),
            (#"a \"b\" \\ c"#, #"a "b" \ c"#), (#"\b\f\n\r\t\/\u0001"#, "\u{8}\u{C}\n\r\t/\u{1}"),
            (#"\u00e9 \uD83D\uDE00 \ud83d\udc68"#, "é 😀 👨"), (#"\\ud83d"#, #"\ud83d"#), ("😀", "😀"),
        ]
    )
    func reason(written: String, meant: String) throws {
        let script = try read(
            """
            {"at": "0s", "event": "start"}
            {"at": "0s", "event": "lost", "reason": "\(written)"}
            """
        )
        #expect(script.lines.last?.command == .event("lost", [.reason: .text(meant)]))
    }

    @Test("all mistakes are told at once, each in its line")
    func manyMistakes() {
        let text = """
            # a comment counts as a line
            {"at": "2s", "event": "start"}
            {"at": "1s", "event": "wait"}
            {"at": "3s", "event": "lost", "generation": 0, "code": 65536}
            {"at": "3s", "event": "rejected"}
            {at: "4s"}
            {"at": "2.5s", "event": "lost", "generation": "1"}
            """
        #expect(
            mistakes(text) == [
                "s.jsonl:3:8: error: time goes backwards: line 2 is at 2s",
                "s.jsonl:4:45: error: 'generation' must be at least 1, not '0'",
                "s.jsonl:4:56: error: 'code' must be at most 65535, not '65536'",
                "s.jsonl:5:1: error: the event 'rejected' needs the key 'key'",
                "s.jsonl:5:1: error: the event 'rejected' needs the key 'retryable'",
                "s.jsonl:6:2: error: not JSON: a key stands in double quotes",
                "s.jsonl:7:8: error: time goes backwards: line 5 is at 3s",
                "s.jsonl:7:47: error: 'generation' must be a number without quotes",
            ]
        )
    }

    @Test("a line that cannot be read does not make the following ones wrong")
    func noFollowers() {
        #expect(
            mistakes(
                """
                {"at": "0s", "event": start}
                {"at": "1s", "event": "lost"}
                """
            ) == ["s.jsonl:1:23: error: not JSON: 'start' needs double quotes"]
        )
        #expect(
            mistakes(
                """
                {"at": "0s", "event": "lost"}
                {"at": "1s", "event": "lost"}
                """
            ).count == 1
        )
    }

    @Test("bytes that are no text are refused with their place")
    func bytes() {
        #expect(throws: ScenarioError.self) {
            try ClientScript.read([0x7B, 0x0A, 0xFF], file: "s.jsonl", events: Self.events)
        }
        #expect(mistakes("{\"seed\": 1}\n\u{0}") == ["s.jsonl:2:1: error: the character U+0000 is not allowed in JSON"])
    }
}
