import Reconnection

@testable import Scenarios

// What an author may get wrong in the settings that real clients have. A triangle stands before each place that must be
// pointed at; the messages come in their order.

/// Policies that cannot be, as the text between the braces of a policy.
let realClientMistakes: [(String, [String])] = [
    // What goes together.
    ("pause-when: [hidden], hold-when: ▸[offline, hidden]", ["'pause-when' and 'hold-when' both name 'hidden'"]),
    ("pause-when: [offline], close-when: ▸[offline]", ["'pause-when' and 'close-when' both name 'offline'"]),
    ("close-when: ▸[offline], hold-when: [offline]", ["'hold-when' and 'close-when' both name 'offline'"]),
    (
        "pause-when: [offline, hidden], hold-when: ▸[offline], close-when: ▸[hidden]",
        ["'pause-when' and 'hold-when' both name 'offline'", "'pause-when' and 'close-when' both name 'hidden'"]
    ),
    (
        "close-rules: [{ code: 1008, reason: a, reason-containing: ▸b, then: stop }]",
        ["'reason' and 'reason-containing' exclude each other"]
    ),
    ("close-rules: [{ code: 1008, reason-containing: ▸'', then: stop }]", ["'reason-containing' must not be empty"]),
    ("reset: { after-stable: 10s, after-quiet: ▸5s }", ["'after-quiet' and 'after-stable' exclude each other"]),
    ("reset: { on-open: true, after-quiet: ▸5s }", ["'after-quiet' and 'on-open' exclude each other"]),
    (
        "reset: { on-open: true, after-stable: ▸10s, after-quiet: ▸5s }",
        ["'on-open' and 'after-stable' exclude each other", "'after-quiet' and 'after-stable' exclude each other"]
    ),
    ("reset: { after-quiet: ▸0s }", ["'after-quiet' must be more than 0s, not '0s'"]),

    // Heartbeats.
    ("heartbeat: ▸{ timeout: 5s }", ["'heartbeat' needs 'every', 'silence' or 'server-every'"]),
    (
        "heartbeat: ▸{ every: none, silence: none, server-every: none }",
        ["'heartbeat' needs 'every', 'silence' or 'server-every'"]
    ),
    ("extends: chat-sdk, heartbeat: ▸{ every: none }", ["'heartbeat' needs 'every', 'silence' or 'server-every'"]),
    ("heartbeat: { every: 10s, timeout: ▸10001ms }", ["'timeout' (10.001s) must be at most 'every' (10s)"]),
    ("heartbeat: { every: ▸-1s }", ["'-1s' is negative: write a duration such as '30s' or '1h30m'"]),
    ("heartbeat: { silence: { longest: ▸0s } }", ["'longest' must be at least 1ms, not '0s'"]),
    ("heartbeat: { silence: ▸{ strikes: 2 } }", ["missing key 'longest' in 'silence'"]),
    (
        "heartbeat: { silence: { longest: 1m, checked-every: ▸0s, strikes: ▸0 } }",
        ["'checked-every' must be at least 1ms, not '0s'", "'strikes' must be at least 1, not '0'"]
    ),
    ("heartbeat: { silence: ▸off }", ["'silence' cannot be 'off' (possible values: none)"]),
    ("heartbeat: { server-every: ▸0s }", ["'server-every' must be at least 1ms, not '0s'"]),

    // Names.
    ("hazards: [opens-beside, ▸open-beside]", ["'hazards' cannot be 'open-beside' (did you mean 'opens-beside'?)"]),
    ("hazards: [▸gremlins]", ["'hazards' cannot be 'gremlins' (possible values: \(hazards))"]),
    ("hazards: ▸none", ["'hazards' must be a list, not 'none'"]),
    ("strategy: ▸fibonacci", ["unknown strategy 'fibonacci'"]),
    (
        "strategy: ▸two words",
        [
            "'two words' is not a name: use letters, digits, '-', '_' and '.', beginning with a letter or digit"
        ]
    ),
    ("waits-from: ▸attempt", ["'waits-from' cannot be 'attempt' (possible values: failure, attempt-start)"]),

    // Numbers.
    ("group: { members: ▸0 }", ["'members' must be at least 1, not '0'"]),
    ("group: { members: ▸33 }", ["'members' must be at most 32, not '33'"]),
    ("group: { members: ▸-3 }", ["'-3' is negative: write a whole number such as '10_000' or '5k'"]),
    (
        "group: { members: 2, grace: ▸-1s }",
        ["'-1s' is negative: write a duration such as '30s' or '1h30m'"]
    ),
    ("group: ▸{ grace: 1s }", ["missing key 'members' in 'group'"]),
    ("elapsed-limit: ▸0s", ["'elapsed-limit' must be more than 0s, not '0s'"]),
    ("closing-timeout: ▸-1s", ["'-1s' is negative: write a duration such as '30s' or '1h30m'"]),
    ("closing-timeout: ▸300000d", ["'300000d' is too long: a duration is at most 292 years"]),
    (
        "after-drop: { delay: ▸-1s, spacing: ▸1 }",
        ["'-1s' is negative: write a duration such as '30s' or '1h30m'", "'1' has no unit: write '1s' or '1ms'"]
    ),
    (
        "suspension: { after: ▸0s, retry-every: ▸0s }",
        ["'after' must be more than 0s, not '0s'", "'retry-every' must be more than 0s, not '0s'"]
    ),
    (
        "poll-loop: { stale-after: ▸0s, growth: ▸0.5, jitter: ▸120%, reopen-delay: ▸-1ms }",
        [
            "'stale-after' must be more than 0s, not '0s'", "'growth' must be at least 1, not '0.5'",
            "'120%' is more than 100%", "'-1ms' is negative: write a duration such as '30s' or '1h30m'",
        ]
    ),
    ("poll-loop: { growth: ▸1001 }", ["'growth' must be at most 1000, not '1001'"]),
    (
        "transport-retry: { delay: ▸-3s, limit: ▸-1 }",
        [
            "'-3s' is negative: write a duration such as '30s' or '1h30m'",
            "'-1' is negative: write a whole number such as '10_000' or '5k'",
        ]
    ),

    // Backoff.
    ("backoff: { first: { from: 2s, to: ▸1s } }", ["'to' must be at least 2s, not '1s'"]),
    ("backoff: { first: ▸-1s }", ["'-1s' is negative: write a duration such as '30s' or '1h30m'"]),
    ("backoff: { first-jittered: ▸1000001 }", ["'first-jittered' must be at most 1000000, not '1000001'"]),
    ("backoff: { floor: ▸-1s }", ["'-1s' is negative: write a duration such as '30s' or '1h30m'"]),
    ("backoff: { rounding: { to: ▸0s } }", ["'to' must be more than 0s, not '0s'"]),
    ("backoff: { rounding: ▸1ms }", ["'rounding' cannot be '1ms' (possible values: none)"]),
    (
        "backoff: { jitter: ▸'additive-between(3s, 300ms)' }",
        ["'jitter': 300ms is less than 3s"]
    ),
    (
        "backoff: { growth: compounding, exponent-offset: ▸1 }",
        ["'exponent-offset' means nothing with growth 'compounding'"]
    ),
    (
        "backoff: { growth: compounding, base: 2s, cap: ▸1s }",
        ["'cap' (1s) must be at least the first delay (2s)"]
    ),

    // Breakers.
    ("breaker: { share: ▸{ failed: 50% } }", ["'share' needs either 'of-last' or 'within'"]),
    ("breaker: { share: ▸{ failed: 50%, of-last: 9, within: 1s } }", ["'share' needs either 'of-last' or 'within'"]),
    ("breaker: { share: { failed: 50%, of-last: 9, slices: ▸2 } }", ["'slices' means nothing with 'of-last'"]),
    (
        "breaker: { failures: ▸5, share: { failed: ▸150%, of-last: ▸0 } }",
        [
            "'failures' means nothing with 'share'", "'150%' is more than 100%",
            "'of-last' must be at least 1, not '0'",
        ]
    ),
    ("breaker: { share: ▸half }", ["'share' cannot be 'half' (possible values: none)"]),
    ("breaker: { open-growth: { base: 2m, cap: ▸1m } }", ["'cap' (1m) must be at least the first delay (2m)"]),
    ("breaker: { hazards: [▸no-halfopen] }", ["'hazards' cannot be 'no-halfopen' (did you mean 'no-half-open'?)"]),
]

private let hazards = Hazards.named.map(\.name).joined(separator: ", ")

/// A row's text without its marks, and its messages with the places of the marks.
func unmarked(_ row: (String, [String])) -> (settings: String, expected: [String]) {
    var settings = ""
    var messages = row.1[...]
    var expected: [String] = []
    for character in row.0 {
        if character == "▸", let message = messages.popFirst() {
            expected.append("a.yaml:6:\(11 + settings.count): error: \(message)")
        } else {
            settings.append(character)
        }
    }
    return (settings, expected)
}
