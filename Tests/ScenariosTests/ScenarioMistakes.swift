import Reconnection

@testable import Scenarios

/// The keys of a section as messages list them.
private func keys(_ section: SectionDefinition) -> String { section.keys.map(\.name).joined(separator: ", ") }

/// The presets as messages list them.
private let presets = PolicyPreset.all.map(\.name).joined(separator: ", ")

// Each row is what an author may get wrong, and every line that must be said about it.

/// Fleets that cannot be, each in a small scenario.
let fleetMistakes: [(String, [String])] = [
    (
        small(duration: "31d"),
        [
            "a.yaml:2:11: error: 'duration' must be at most 30d, not '31d'"
        ]
    ),
    (
        small("networks: { still: { round-trip: 0s } }"),
        [
            "a.yaml:5:34: error: 'round-trip' must be able to take longer than 0s"
        ]
    ),
    (
        small("networks: { mine: { uplink-share: 101% } }"),
        [
            "a.yaml:5:35: error: '101%' is more than 100%"
        ]
    ),
    (
        small("networks: { mine: { uplink-share: half } }"),
        [
            "a.yaml:5:35: error: 'half' is not a number: write a share such as '2%' or '0.02'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: conected }]"),
        [
            "a.yaml:3:62: error: 'start' must be a duration or a distribution such as 'uniform(20s, 45s)' or "
                + "'connected', not 'conected'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: uniforn(0s 1s) }]"),
        [
            "a.yaml:3:62: error: unknown distribution 'uniforn' (did you mean 'uniform'?)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: 5 }]"),
        [
            "a.yaml:3:62: error: '5' has no unit: write '5s' or '5ms'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: [0s] }]"),
        [
            "a.yaml:3:62: error: 'start' must be a duration or a distribution such as 'uniform(20s, 45s)' or "
                + "'connected', not a list"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: }]"),
        [
            "a.yaml:3:62: error: 'start' has no value: expected a duration or a distribution such as "
                + "'uniform(20s, 45s)' or 'connected'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, start: uniform(10m 20m) }]"),
        [
            "a.yaml:3:62: error: 'start' (10m at the earliest) must be before the end of the observation (10m)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: party-tabel }]"),
        [
            "a.yaml:3:46: error: no policy is called 'party-tabel' (did you mean 'party-table'?)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: x }]"),
        [
            "a.yaml:3:46: error: no policy is called 'x' (policies: \(presets))"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, network: let }]"),
        [
            "a.yaml:3:64: error: no network is called 'let' (did you mean 'lte'?)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, network: x }]"),
        [
            "a.yaml:3:64: error: no network is called 'x' (networks: ideal, wifi, wifi-poor, lte, 5g, "
                + "3g, edge, satellite)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, server: gatway }]"),
        [
            "a.yaml:3:63: error: no server is called 'gatway' (did you mean 'gateway'?)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, server: x }]"),
        [
            "a.yaml:3:63: error: no server is called 'x' (servers: gateway)"
        ]
    ),
    (
        small(fleet: "[]"),
        [
            "a.yaml:3:8: error: 'fleet' must list at least one cohort"
        ]
    ),
    (
        small(fleet: "3"),
        [
            "a.yaml:3:8: error: 'fleet' must be a list, not '3'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 0, policy: landale }]"),
        [
            "a.yaml:3:34: error: 'clients' must be at least 1, not '0'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 200M, policy: landale }]"),
        [
            "a.yaml:3:34: error: 'clients' must be at most 100000000, not '200M'"
        ]
    ),
    (
        small(fleet: "[{ name: a, clients: 60M, policy: landale }, { name: b, clients: 60M, policy: landale }]"),
        [
            "a.yaml:3:8: error: the fleet must have at most 100_000_000 clients"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 1.5, policy: landale }]"),
        [
            "a.yaml:3:34: error: '1.5' is not a whole number"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: -1, policy: landale }]"),
        [
            "a.yaml:3:34: error: '-1' is negative: write a whole number such as '10_000' or '5k'"
        ]
    ),
    (
        small(fleet: "[{ name: a, clients: 1, policy: landale }, { name: a, clients: 1, policy: landale }]"),
        [
            "a.yaml:3:59: error: two cohorts are called 'a'"
        ]
    ),
    (
        small(fleet: "[{ name: all, clients: 1, policy: landale }]"),
        [
            "a.yaml:3:17: error: 'all' means the whole fleet and cannot name a cohort"
        ]
    ),
    (
        small(fleet: "[{ clients: 1, policy: landale }]"),
        [
            "a.yaml:3:9: error: missing key 'name' in 'fleet'"
        ]
    ),
    (
        small(fleet: "[{ name: two words, clients: 1, policy: landale }]"),
        [
            "a.yaml:3:17: error: 'two words' is not a name: use letters, digits, '-', '_' and '.', "
                + "beginning with a letter or digit"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, group-size: 0 }]"),
        [
            "a.yaml:3:67: error: 'group-size' must be at least 1, not '0'"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, pinned: maybe }]"),
        [
            "a.yaml:3:63: error: 'pinned' must be 'true' or 'false', not 'maybe'"
        ]
    ),
    (
        small(
            fleet:
                "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 9m, down: 1m }] }]"
        ),
        [
            "a.yaml:3:90: error: the first outage cannot end before the observation does (10m): it "
                + "begins after 9m at the earliest and lasts at least 1m"
        ]
    ),
    (
        small(
            fleet:
                "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30, down: 10 }] }]"
        ),
        [
            "a.yaml:3:90: error: '30' has no unit: write '30s' or '30ms'",
            "a.yaml:3:100: error: '10' has no unit: write '10s' or '10ms'",
        ]
    ),
    (
        small(
            fleet:
                "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: loud, first: 30s, down: 10s }] }]"
        ),
        [
            "a.yaml:3:75: error: 'signal' cannot be 'loud' (possible values: signalled, silent)"
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ first: 30s }] }]"),
        [
            "a.yaml:3:65: error: missing key 'down' in 'outages'",
            "a.yaml:3:65: error: missing key 'signal' in 'outages'",
        ]
    ),
    (
        small(
            fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30s, down: "
                + "10s, up: 0s }] }]"
        ),
        [
            "a.yaml:3:110: error: 'up' must be able to last at least 1ms"
        ]
    ),
    (
        small(
            fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30s, down: "
                + "10s, probability: 150% }] }]"
        ),
        [
            "a.yaml:3:119: error: '150%' is more than 100%"
        ]
    ),
    (
        small(
            fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30s, down: "
                + "10s, probability: 1.5 }] }]"
        ),
        [
            "a.yaml:3:119: error: '1.5' is more than 1: write a share as '2%' or '0.02'"
        ]
    ),
    (
        small(
            fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30s, down: "
                + "-10s, stagger: -1s }] }]"
        ),
        [
            "a.yaml:3:101: error: '-10s' is negative: write a duration such as '30s' or '1h30m'",
            "a.yaml:3:116: error: '-1s' is negative: write a duration such as '30s' or '1h30m'",
        ]
    ),
    (
        small(
            fleet: "[{ name: phones, clients: 10, policy: landale, outages: [{ signal: silent, first: 30s, down: "
                + "10s, shared-by: train }] }]"
        ),
        [
            "a.yaml:3:117: error: 'shared-by' cannot be 'train' (possible values: client, group, cohort)"
        ]
    ),
    (
        small(
            fleet:
                "[{ name: phones, clients: 10, policy: landale, workload: { messages: poison, every: 0s, deadline: 0s } }]"
        ),
        [
            "a.yaml:3:77: error: 'messages' cannot be 'poison' (did you mean 'poisson'?)",
            "a.yaml:3:92: error: 'every' must be at least 1ms, not '0s'",
            "a.yaml:3:106: error: 'deadline' must be more than 0s, not '0s'",
        ]
    ),
    (
        small(fleet: "[{ name: phones, clients: 10, policy: landale, workload: { every: 20 } }]"),
        [
            "a.yaml:3:65: error: missing key 'messages' in 'workload'",
            "a.yaml:3:74: error: '20' has no unit: write '20s' or '20ms'",
        ]
    ),
]

/// Servers that cannot be, each in a small scenario.
let serverMistakes: [(String, [String])] = [
    (
        small(servers: "[]"),
        [
            "a.yaml:4:10: error: 'servers' must list at least one tier"
        ]
    ),
    (
        small(
            servers:
                "[{ name: a, handshake: { workers: 1, time: 10ms } }, { name: a, handshake: { workers: 1, time: 10ms } }]"
        ),
        [
            "a.yaml:4:71: error: two servers are called 'a'"
        ]
    ),
    (
        small(servers: "[{ name: a }]"),
        [
            "a.yaml:4:11: error: missing key 'handshake' in 'servers'"
        ]
    ),
    (
        small(servers: "[{ name: a, handshake: { workers: 0, time: 0s } }]"),
        [
            "a.yaml:4:44: error: 'workers' must be at least 1, not '0'",
            "a.yaml:4:53: error: 'time' must be able to take longer than 0s",
        ]
    ),
    (
        small(servers: "[{ name: a, handshake: { workers: 1, time: 10 } }]"),
        [
            "a.yaml:4:53: error: '10' has no unit: write '10s' or '10ms'"
        ]
    ),
    (
        small(
            servers:
                "[{ name: a, handshake: { workers: 1, time: 10ms, backlog: -1, when-full: wait, round-trips: 0.5 } }]"
        ),
        [
            "a.yaml:4:68: error: '-1' is negative: write a whole number such as '10_000' or '5k'",
            "a.yaml:4:83: error: 'when-full' cannot be 'wait' (possible values: refuse, drop)",
            "a.yaml:4:102: error: 'round-trips' must be at least 1, not '0.5'",
        ]
    ),
    (
        small(servers: "[{ name: a, handshake: { workers: 1, time: 10ms, abandoned: droped } }]"),
        [
            "a.yaml:4:70: error: 'abandoned' cannot be 'droped' (did you mean 'dropped'?)"
        ]
    ),
    (
        small(servers: "[{ name: a, handshake: { workers: 1, time: 10ms, answered: when-begin } }]"),
        [
            "a.yaml:4:69: error: 'answered' cannot be 'when-begin' (did you mean 'when-begun'?)"
        ]
    ),
    (
        small(servers: "[{ name: a, handshake: { workers: 1, time: 10ms, abandoned: kept } }]"),
        [
            "a.yaml:4:70: error: 'abandoned' cannot be 'kept' (possible values: served, dropped)"
        ]
    ),
    (
        small(servers: "[{ name: a, instances: 0, handshake: { workers: 1, time: 10ms } }]"),
        [
            "a.yaml:4:33: error: 'instances' must be at least 1, not '0'"
        ]
    ),
    (
        small(
            servers: "[{ name: a, balancing: round-robbin, connection-limit: 0, idle-timeout: 0s, processing: -1ms, "
                + "handshake: { workers: 1, time: 10ms } }]"
        ),
        [
            "a.yaml:4:33: error: 'balancing' cannot be 'round-robbin' (did you mean 'round-robin'?)",
            "a.yaml:4:65: error: 'connection-limit' must be at least 1, not '0'",
            "a.yaml:4:82: error: 'idle-timeout' must be more than 0s, not '0s'",
            "a.yaml:4:98: error: '-1ms' is negative: write a duration such as '30s' or '1h30m'",
        ]
    ),
    (
        small(servers: "[{ name: a, warm-up: { for: 0s, from: 0% }, handshake: { workers: 1, time: 10ms } }]"),
        [
            "a.yaml:4:38: error: 'for' must be more than 0s, not '0s'",
            "a.yaml:4:48: error: 'from' must be more than 0, not '0%'",
        ]
    ),
    (
        small(servers: "[{ name: a, warm-up: { from: 120% }, handshake: { workers: 1, time: 10ms } }]"),
        [
            "a.yaml:4:31: error: missing key 'for' in 'warm-up'",
            "a.yaml:4:39: error: '120%' is more than 100%",
        ]
    ),
    (
        small(servers: "[{ name: a, refusal: { close: 99, retry-after: 0s }, handshake: { workers: 1, time: 10ms } }]"),
        [
            "a.yaml:4:40: error: 'close' must be at least 1000, not '99'",
            "a.yaml:4:57: error: 'retry-after' must be more than 0s, not '0s'",
        ]
    ),
    (
        small(servers: "[{ name: a, refusal: { close: 1e9 }, handshake: { workers: 1, time: 10ms } }]"),
        [
            "a.yaml:4:40: error: unknown ending 'e9' in '1e9': write a whole number such as '10_000', "
                + "'5k', '1M' or '2G'"
        ]
    ),
]

/// Timeline entries that cannot be; they stand in line 6, from column 5 on.
let timelineMistakes: [(String, [String])] = [
    (
        "{ at: 10m, restart: { server: gateway, down: 1s } }",
        [
            "a.yaml:6:11: error: 'at' (10m) must be before the end of the observation (10m)"
        ]
    ),
    (
        "{ at: 11m, restart: { server: gateway, down: 1s } }",
        [
            "a.yaml:6:11: error: 'at' (11m) must be before the end of the observation (10m)"
        ]
    ),
    (
        "{ at: 9m, restart: { server: gateway, down: 1m } }",
        [
            "a.yaml:6:49: error: this begins at 9m, lasts at least 1m and so cannot end before the "
                + "observation does (10m)"
        ]
    ),
    (
        "{ at: 9m, restart: { server: gateway, down: 'uniform(1m, 2m)' } }",
        [
            "a.yaml:6:49: error: this begins at 9m, lasts at least 1m and so cannot end before the "
                + "observation does (10m)"
        ]
    ),
    (
        "{ at: 9m, outage: { cohort: phones, signal: silent, for: 61s } }",
        [
            "a.yaml:6:62: error: this begins at 9m, lasts at least 1m1s and so cannot end before the "
                + "observation does (10m)"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, instances: 3, down: 1s } }",
        [
            "a.yaml:6:54: error: 'gateway' has 2 instances, not 3"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, instances: 0, down: 1s } }",
        [
            "a.yaml:6:54: error: 'instances' must be at least 1, not '0'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gatway, down: 1s } }",
        [
            "a.yaml:6:34: error: no server is called 'gatway' (did you mean 'gateway'?)"
        ]
    ),
    (
        "{ at: 1m, restart: { server: x, down: 1s } }",
        [
            "a.yaml:6:34: error: no server is called 'x' (servers: gateway)"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway } }",
        [
            "a.yaml:6:24: error: missing key 'down' in 'restart'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, down: 30 } }",
        [
            "a.yaml:6:49: error: '30' has no unit: write '30s' or '30ms'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, down: 1s, close: 5000 } }",
        [
            "a.yaml:6:60: error: 'close' must be at most 4999, not '5000'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, down: 1s, close: rest } }",
        [
            "a.yaml:6:60: error: 'close' must be a whole number such as '10_000' or 'reset' or 'silent', not 'rest'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, down: 1s, meanwhile: wait } }",
        [
            "a.yaml:6:64: error: 'meanwhile' cannot be 'wait' (possible values: refuse, drop)"
        ]
    ),
    (
        "{ at: 1m, outage: { cohort: phone, signal: silent, for: 1s } }",
        [
            "a.yaml:6:33: error: no cohort is called 'phone' (did you mean 'phones'?)"
        ]
    ),
    (
        "{ at: 1m, outage: { cohort: x, signal: silent, for: 1s } }",
        [
            "a.yaml:6:33: error: no cohort is called 'x' (cohorts: phones)"
        ]
    ),
    (
        "{ at: 1m, outage: { cohort: phones, signal: quiet, for: 1, shared-by: x, stagger: 1, attach: 1 } }",
        [
            "a.yaml:6:49: error: 'signal' cannot be 'quiet' (possible values: signalled, silent)",
            "a.yaml:6:61: error: '1' has no unit: write '1s' or '1ms'",
            "a.yaml:6:75: error: 'shared-by' cannot be 'x' (possible values: client, group, cohort)",
            "a.yaml:6:87: error: '1' has no unit: write '1s' or '1ms'",
            "a.yaml:6:98: error: '1' has no unit: write '1s' or '1ms'",
        ]
    ),
    (
        "{ at: 1m, disconnect: { cohort: phons } }",
        [
            "a.yaml:6:37: error: no cohort is called 'phons' (did you mean 'phones'?)"
        ]
    ),
    (
        "{ at: 1m, disconnect: { cohort: phones, share: 101%, how: loud } }",
        [
            "a.yaml:6:52: error: '101%' is more than 100%",
            "a.yaml:6:63: error: 'how' cannot be 'loud' (possible values: reset, silent)",
        ]
    ),
    (
        "{ at: 1m, disconnect: {} }",
        [
            "a.yaml:6:27: error: missing key 'cohort' in 'disconnect'"
        ]
    ),
    (
        "{ at: 1m }",
        [
            "a.yaml:6:5: error: a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'"
        ]
    ),
    (
        "{ at: 1m, restart: { server: gateway, down: 1s }, disconnect: { cohort: phones } }",
        [
            "a.yaml:6:5: error: a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'"
        ]
    ),
    (
        "{ restart: { server: gateway, down: 1s } }",
        [
            "a.yaml:6:5: error: missing key 'at' in 'timeline'"
        ]
    ),
    (
        "{ at: 1, restart: { server: gateway, dwn: 1s } }",
        [
            "a.yaml:6:11: error: '1' has no unit: write '1s' or '1ms'",
            "a.yaml:6:23: error: missing key 'down' in 'restart'",
            "a.yaml:6:42: error: unknown key 'dwn' (did you mean 'down'?)",
        ]
    ),
    (
        "{ at: -1s, restart: { server: gateway, down: 1s } }",
        [
            "a.yaml:6:11: error: '-1s' is negative: write a duration such as '30s' or '1h30m'"
        ]
    ),
    (
        "{ at: 1m, restrt: { server: gateway, down: 1s } }",
        [
            "a.yaml:6:5: error: a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'",
            "a.yaml:6:15: error: unknown key 'restrt' (did you mean 'restart'?)",
        ]
    ),
    (
        "restart",
        [
            "a.yaml:6:5: error: 'timeline' must be a mapping of keys to values, not 'restart' (keys: at, "
                + "restart, outage, disconnect)"
        ]
    ),
]

/// Settings of a policy that cannot be; they stand in line 6, from column 11 on.
let policyMistakes: [(String, [String])] = [
    (
        "extends: party-tabel",
        [
            "a.yaml:6:20: error: no policy is called 'party-tabel' (did you mean 'party-table'?)"
        ]
    ),
    (
        "extends: x",
        [
            "a.yaml:6:20: error: no policy is called 'x' (policies: \(presets))"
        ]
    ),
    (
        "backoff: { base: 40s }",
        [
            "a.yaml:6:28: error: 'cap' (30s) must be at least the first delay (40s)"
        ]
    ),
    (
        "backoff: { base: 4s, cap: 3s }",
        [
            "a.yaml:6:37: error: 'cap' (3s) must be at least the first delay (4s)"
        ]
    ),
    (
        "backoff: { cap: 500ms }",
        [
            "a.yaml:6:27: error: 'cap' (500ms) must be at least the first delay (1s)"
        ]
    ),
    (
        "backoff: { growth: fixed, base: 40s }",
        [
            "a.yaml:6:43: error: 'cap' (30s) must be at least the first delay (40s)"
        ]
    ),
    (
        "backoff: { growth: linear, base: 40s, cap: 30s }",
        [
            "a.yaml:6:54: error: 'cap' (30s) must be at least the first delay (40s)"
        ]
    ),
    (
        "backoff: { table: [40s, 1s] }",
        [
            "a.yaml:6:20: error: 'cap' (30s) must be at least the first delay (40s)"
        ]
    ),
    (
        "backoff: { base: 1 }",
        [
            "a.yaml:6:28: error: '1' has no unit: write '1s' or '1ms'"
        ]
    ),
    (
        "backoff: { base: -1s }",
        [
            "a.yaml:6:28: error: '-1s' is negative: write a duration such as '30s' or '1h30m'"
        ]
    ),
    (
        "backoff: { base: 1s, factor: 0.5, exponent-offset: 65 }",
        [
            "a.yaml:6:40: error: 'factor' must be at least 1, not '0.5'",
            "a.yaml:6:62: error: 'exponent-offset' must be at most 64, not '65'",
        ]
    ),
    (
        "backoff: { growth: fixed, factor: 2, exponent-offset: 1, step: 1s, table: [1s] }",
        [
            "a.yaml:6:45: error: 'factor' means nothing with growth 'fixed'",
            "a.yaml:6:65: error: 'exponent-offset' means nothing with growth 'fixed'",
            "a.yaml:6:74: error: 'step' means nothing with growth 'fixed'",
            "a.yaml:6:85: error: 'table' means nothing with growth 'fixed'",
        ]
    ),
    (
        "backoff: { step: 1s }",
        [
            "a.yaml:6:28: error: 'step' means nothing with growth 'exponential'"
        ]
    ),
    (
        "backoff: { growth: linear, factor: 3 }",
        [
            "a.yaml:6:46: error: 'factor' means nothing with growth 'linear'"
        ]
    ),
    (
        "backoff: { base: 1s, table: [1s] }",
        [
            "a.yaml:6:28: error: 'base' means nothing with growth 'table'"
        ]
    ),
    (
        "backoff: { growth: table }",
        [
            "a.yaml:6:30: error: growth 'table' needs the key 'table'"
        ]
    ),
    (
        "backoff: { table: [] }",
        [
            "a.yaml:6:29: error: 'table' must list at least one delay"
        ]
    ),
    (
        "backoff: { table: 1s }",
        [
            "a.yaml:6:29: error: 'table' must be a list, not '1s'"
        ]
    ),
    (
        "backoff: { table: [1s, 2] }",
        [
            "a.yaml:6:34: error: '2' has no unit: write '2s' or '2ms'"
        ]
    ),
    (
        "backoff: { growth: cubic }",
        [
            "a.yaml:6:30: error: 'growth' cannot be 'cubic' (possible values: exponential, linear, fixed, table, compounding)"
        ]
    ),
    (
        "backoff: { jitter: ful, cap-applies: never, whole-milliseconds: 1 }",
        [
            "a.yaml:6:30: error: 'jitter' cannot be 'ful' (did you mean 'full'?)",
            "a.yaml:6:48: error: 'cap-applies' cannot be 'never' (possible values: before-jitter, after-jitter)",
            "a.yaml:6:55: error: unknown key 'whole-milliseconds' (known keys: \(keys(PolicySections.backoff)))",
        ]
    ),
    (
        "backoff: { cap: 0s }",
        [
            "a.yaml:6:27: error: 'cap' must be more than 0s, not '0s'"
        ]
    ),
    (
        "backoff: full",
        [
            "a.yaml:6:20: error: 'backoff' must be a mapping of keys to values, not 'full' (keys: "
                + "\(keys(PolicySections.backoff)))"
        ]
    ),
    (
        "reset: { on-open: true, after-stable: 10s }",
        [
            "a.yaml:6:49: error: 'on-open' and 'after-stable' exclude each other"
        ]
    ),
    (
        "reset: { after-stable: 0s }",
        [
            "a.yaml:6:34: error: 'after-stable' must be more than 0s, not '0s'"
        ]
    ),
    (
        "retry-limit: -1",
        [
            "a.yaml:6:24: error: '-1' is negative: write a whole number such as '10_000' or '5k'"
        ]
    ),
    (
        "retry-limit: never",
        [
            "a.yaml:6:24: error: 'retry-limit' must be a whole number such as '10_000' or 'none', not 'never'"
        ]
    ),
    (
        "connect-timeout: 0s",
        [
            "a.yaml:6:28: error: 'connect-timeout' must be more than 0s, not '0s'"
        ]
    ),
    (
        "connect-timeout: 10",
        [
            "a.yaml:6:28: error: '10' has no unit: write '10s' or '10ms'"
        ]
    ),
    (
        "start-spread: 5",
        [
            "a.yaml:6:25: error: '5' has no unit: write '5s' or '5ms'"
        ]
    ),
    (
        "pause-when: offline",
        [
            "a.yaml:6:23: error: 'pause-when' must be a list, not 'offline'"
        ]
    ),
    (
        "pause-when: [ofline]",
        [
            "a.yaml:6:24: error: 'pause-when' cannot be 'ofline' (did you mean 'offline'?)"
        ]
    ),
    (
        "resume: now",
        [
            "a.yaml:6:19: error: 'resume' cannot be 'now' (possible values: immediately, after-backoff)"
        ]
    ),
    (
        "retry-after: honor",
        [
            "a.yaml:6:24: error: 'retry-after' cannot be 'honor' (did you mean 'honour'?)"
        ]
    ),
    (
        "retry-after: { jitter: 200% }",
        [
            "a.yaml:6:34: error: '200%' is more than 100%"
        ]
    ),
    (
        "retry-after: {}",
        [
            "a.yaml:6:24: error: missing key 'jitter' in 'retry-after'"
        ]
    ),
    (
        "close-rules: [{ code: 1008 }]",
        [
            "a.yaml:6:25: error: a close rule has one of 'pause', 'pause-from' with 'pause-to', and 'then'"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause: 1s, then: stop }]",
        [
            "a.yaml:6:25: error: a close rule has one of 'pause', 'pause-from' with 'pause-to', and 'then'"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause: 1s, pause-from: 1s, pause-to: 2s }]",
        [
            "a.yaml:6:25: error: a close rule has one of 'pause', 'pause-from' with 'pause-to', and 'then'"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause-from: 1s }]",
        [
            "a.yaml:6:25: error: 'pause-from' and 'pause-to' belong together"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause-to: 1s }]",
        [
            "a.yaml:6:25: error: 'pause-from' and 'pause-to' belong together"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause-from: 3s, pause-to: 2s }]",
        [
            "a.yaml:6:65: error: 'pause-to' must be at least 3s, not '2s'"
        ]
    ),
    (
        "close-rules: [{ code: 1010, to: 1008, then: stop }]",
        [
            "a.yaml:6:43: error: 'to' must be at least 'code' (1010)"
        ]
    ),
    (
        "close-rules: [{ code: 70_000, then: halt }]",
        [
            "a.yaml:6:33: error: 'code' must be at most 65535, not '70_000'",
            "a.yaml:6:47: error: 'then' cannot be 'halt' (possible values: stop, block, back-off)",
        ]
    ),
    (
        "close-rules: [{ then: stop }]",
        [
            "a.yaml:6:25: error: missing key 'code' in 'close-rules'"
        ]
    ),
    (
        "close-rules: [{ code: 1008, pause: 5 }]",
        [
            "a.yaml:6:46: error: '5' has no unit: write '5s' or '5ms'"
        ]
    ),
    (
        "close-rules: [stop]",
        [
            "a.yaml:6:25: error: 'close-rules' must be a mapping of keys to values, not 'stop' (keys: "
                + "\(keys(PolicySections.closeRule)))"
        ]
    ),
    (
        "breaker: { failures: 0, within: 0s, open: 0s, open-jitter: 110%, probes: 0, successes: 0 }",
        [
            "a.yaml:6:32: error: 'failures' must be at least 1, not '0'",
            "a.yaml:6:43: error: 'within' must be more than 0s, not '0s'",
            "a.yaml:6:53: error: 'open' must be more than 0s, not '0s'",
            "a.yaml:6:70: error: '110%' is more than 100%",
            "a.yaml:6:84: error: 'probes' must be at least 1, not '0'",
            "a.yaml:6:98: error: 'successes' must be at least 1, not '0'",
        ]
    ),
    (
        "breaker: off",
        [
            "a.yaml:6:20: error: 'breaker' cannot be 'off' (possible values: none)"
        ]
    ),
    (
        "heartbeat: { every: 10s, timeout: 11s }",
        [
            "a.yaml:6:45: error: 'timeout' (11s) must be at most 'every' (10s)"
        ]
    ),
    (
        "heartbeat: { timeout: 5s }",
        [
            "a.yaml:6:22: error: 'heartbeat' needs 'every', 'silence' or 'server-every'"
        ]
    ),
    (
        "heartbeat: {}",
        [
            "a.yaml:6:22: error: 'heartbeat' needs 'every', 'silence' or 'server-every'"
        ]
    ),
    (
        "heartbeat: { every: 0s }",
        [
            "a.yaml:6:31: error: 'every' must be at least 1ms, not '0s'"
        ]
    ),
    (
        "heartbeat: on",
        [
            "a.yaml:6:22: error: 'heartbeat' cannot be 'on' (possible values: none)"
        ]
    ),
    (
        "extends: landale, heartbeat: { timeout: 31s }",
        [
            "a.yaml:6:51: error: 'timeout' (31s) must be at most 'every' (30s)"
        ]
    ),
    (
        "outbox: { while-disconnected: wait, capacity: 0, overflow: drop, time-to-live: 0s, window: 65, "
            + "ack-timeout: 0s, retry-limit: -1 }",
        [
            "a.yaml:6:41: error: 'while-disconnected' cannot be 'wait' (possible values: queue, refuse, discard)",
            "a.yaml:6:57: error: 'capacity' must be at least 1, not '0'",
            "a.yaml:6:70: error: 'overflow' cannot be 'drop' (possible values: reject-newest, drop-oldest)",
            "a.yaml:6:90: error: 'time-to-live' must be more than 0s, not '0s'",
            "a.yaml:6:102: error: 'window' must be at most 64, not '65'",
            "a.yaml:6:119: error: 'ack-timeout' must be at least 1ms, not '0s'",
            "a.yaml:6:136: error: '-1' is negative: write a whole number such as '10_000' or '5k'",
        ]
    ),
    (
        "outbox: { retry: { base: 2m } }",
        [
            "a.yaml:6:36: error: 'cap' (1m) must be at least the first delay (2m)"
        ]
    ),
    (
        "jitter: full",
        [
            "a.yaml:6:11: error: unknown key 'jitter' (known keys: \(keys(PolicySections.policy)))"
        ]
    ),
]

/// What must be said about the scenario in which everything is wrong.
let manyMistakesExpected: [String] = [
    "a.yaml:1:1: error: missing key 'name' in 'scenario'",
    "a.yaml:1:10: error: 'summary' must not be empty",
    "a.yaml:2:11: error: '10' has no unit: write '10s' or '10ms'",
    "a.yaml:3:15: error: 'replications' must be at least 1, not '0'",
    "a.yaml:4:7: error: '-1' is negative: write a whole number such as '10_000' or '5k'",
    "a.yaml:5:17: error: 'primary-metric' cannot be 'delivery' (possible values: "
        + MetricDefinition.all.map(\.id).joined(separator: ", ") + ")",
    "a.yaml:7:20: error: no policy is called 'party-tabel' (did you mean 'party-table'?)",
    "a.yaml:7:50: error: 'cap' (30s) must be at least the first delay (1m)",
    "a.yaml:7:70: error: 'pause-when' cannot be 'ofline' (did you mean 'offline'?)",
    "a.yaml:7:93: error: 'close-rules' must be a mapping of keys to values, not '3' (keys: "
        + "\(keys(PolicySections.closeRule)))",
    "a.yaml:9:20: error: no network is called 'lt' (did you mean 'lte'?)",
    "a.yaml:9:30: error: 'loss' must be less than 1, not '100%'",
    "a.yaml:9:46: error: '5' has no unit: write '5s' or '5ms'",
    "a.yaml:11:30: error: 'clients' must be at least 1, not '0'",
    "a.yaml:11:59: error: 'group-size' must be at least 1, not '0'",
    "a.yaml:11:70: error: 'pinned' must be 'true' or 'false', not 'yes'",
    "a.yaml:12:13: error: two cohorts are called 'phones'",
    "a.yaml:12:41: error: no policy is called 'our' (did you mean 'ours'?)",
    "a.yaml:12:55: error: no network is called 'min' (did you mean 'mine'?)",
    "a.yaml:12:68: error: no server is called 'gatway' (did you mean 'gateway'?)",
    "a.yaml:13:13: error: 'all' means the whole fleet and cannot name a cohort",
    "a.yaml:13:64: error: 'signal' cannot be 'quiet' (possible values: signalled, silent)",
    "a.yaml:13:78: error: '1' has no unit: write '1s' or '1ms'",
    "a.yaml:13:87: error: '2' has no unit: write '2s' or '2ms'",
    "a.yaml:15:33: error: 'instances' must be at least 1, not '0'",
    "a.yaml:15:58: error: 'workers' must be at least 1, not '0'",
    "a.yaml:15:67: error: 'time' must be able to take longer than 0s",
    "a.yaml:15:84: error: 'balancing' cannot be 'any' (possible values: round-robin, random, least-connections)",
    "a.yaml:15:103: error: 'idle-timeout' must be more than 0s, not '0s'",
    "a.yaml:17:11: error: '5' has no unit: write '5s' or '5ms'",
    "a.yaml:17:33: error: no server is called 'gatewy' (did you mean 'gateway'?)",
    "a.yaml:17:47: error: '5' has no unit: write '5s' or '5ms'",
    "a.yaml:17:57: error: 'close' must be at least 1000, not '5'",
    "a.yaml:18:5: error: a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'",
    "a.yaml:18:37: error: no cohort is called 'phone' (did you mean 'phones'?)",
    "a.yaml:18:51: error: '2' is more than 1: write a share as '2%' or '0.02'",
    "a.yaml:18:59: error: 'how' cannot be 'loud' (possible values: reset, silent)",
    "a.yaml:18:75: error: missing key 'for' in 'outage'",
    "a.yaml:18:75: error: missing key 'signal' in 'outage'",
    "a.yaml:20:5: error: '99.9' is more than 1: write a share as '2%' or '0.02'",
    "a.yaml:21:5: error: an expectation is a metric, one of <, <=, >, >=, and a bound, not 'nonsense'",
]
