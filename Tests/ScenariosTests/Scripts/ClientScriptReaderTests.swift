import MonotonicTime
import Testing

@testable import Scenarios

@Suite("client script reader")
struct ClientScriptReaderTests {
    private static let events = [
        ClientScript.EventDefinition(name: "start"),
        ClientScript.EventDefinition(name: "lost", optional: [.generation, .code, .retryAfter]),
        ClientScript.EventDefinition(name: "rejected", required: [.key, .retryable], optional: [.generation]),
        ClientScript.EventDefinition(name: "send", optional: [.count]),
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
            """
        )
        let early = Instant(.milliseconds(1_500))
        let late = Instant(.seconds(2))
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
                    + "'messages'"
            ),
            (
                #"{"seed": 1, "server": "silent"}"#,
                "1:1: error: a line has exactly one of the keys 'event', 'uniform', 'seed', 'server', 'heartbeats', "
                    + "'messages'"
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
            (#"[1]"#, "1:1: error: a line is one object, such as {\"at\": \"1.5s\", \"event\": \"start\"}"),
            (#"{"at": 1s}"#, "1:9: error: not JSON: a number with a unit stands in double quotes"),
            (#"{"at": "0s", "at": "0s"}"#, "1:14: error: duplicate key 'at'"),
            ("# nothing", "1:1: error: the script has no lines"),
        ]
    )
    func mistake(text: String, expected: String) {
        #expect(mistakes(text) == ["s.jsonl:" + expected])
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
