import MonotonicTime

extension PolicyPreset {
    /// The systems Stampede was made for, each as its documents promise it, with what a user would want where the
    /// document is silent or its code falls short.
    static let sourceSystems: [PolicyPreset] = [
        PolicyPreset(
            name: "valtio-y",
            summary: "Five retries, doubling from 1 s, no jitter, no timeout; edits wait for the next connection.",
            source: "valtiojs/valtio-y, examples/06_resilient_provider (a014106)",
            policy: valtioY
        ),
        PolicyPreset(
            name: "pl3xus",
            summary: "Doubling from 1 s to 30 s for ever, no jitter; sends fail while there is no connection.",
            source: "vertec-io/pl3xus, connection management guide (8df9642)",
            policy: pl3xus
        ),
        PolicyPreset(
            name: "landale",
            summary: "Doubling from 1 s to 60 s ± 25 %, a breaker of 5 failures and 300 s, a heartbeat of 30 s.",
            source: "bryanveloso/landale, packages/shared/src/websocket/socket.ts (documented 6bbdc24)",
            policy: landale
        ),
        PolicyPreset(
            name: "landale-overlay",
            summary: "landale as the overlays and the dashboard set it: a cap of 30 s.",
            source: "bryanveloso/landale, overlays and dashboard (6bbdc24)",
            policy: landale.with { $0.backoff.cap = .seconds(30) }
        ),
        PolicyPreset(
            name: "landale-last",
            summary: "landale's last version: a cap of 30 s, a heartbeat of 15 s, no monitor.",
            source: "bryanveloso/landale, packages/shared/src/websocket/socket.ts (5a49d9f)",
            policy: landale.with {
                $0.backoff.cap = .seconds(30)
                $0.heartbeat = HeartbeatPolicy(interval: .seconds(15), replyTimeout: .seconds(15))
            }
        ),
        PolicyPreset(
            name: "landale-python",
            summary: "Doubling from 1 s to 60 s plus up to 10 %, ten retries, 30 s stable window, the same breaker.",
            source: "bryanveloso/landale, packages/shared-python (6bbdc24)",
            policy: landalePython
        ),
        PolicyPreset(
            name: "landale-transport",
            summary: "What replaced landale's wrapper: a ladder from 10 ms to 10 s without randomness.",
            source: "bryanveloso/landale after c351265; phoenixframework/phoenix 1.7.21",
            policy: ClientPolicy(
                backoff: Backoff(
                    growth: .table(
                        [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000, 10_000].map { .milliseconds($0) }
                    )
                ),
                heartbeat: HeartbeatPolicy(interval: .seconds(15), replyTimeout: .seconds(15)),
                outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
            )
        ),
        PolicyPreset(
            name: "chat-sdk",
            summary: "100 ms plus full jitter up to 2 s, a breaker of 3 failures and 10 s, a durable queue.",
            source: "Impact-Idol/ChatSDK, strategy document 03 and packages/core (53e328f, 121913c)",
            policy: chatSDK
        ),
        PolicyPreset(
            name: "party-table",
            summary: "Full jitter from 1 s to 30 s, 10 s stable window, 5–15 s after a room reset, paused while away.",
            source: "hansy/drawspell, resilience plan (8d6f4b1)",
            policy: partyTable
        ),
        PolicyPreset(
            name: "party-table-machine",
            summary: "party-table with the limit of ten retries that its machine added.",
            source: "hansy/drawspell, multiplayer-sync machine (fae3125)",
            policy: partyTable.with { $0.retryLimit = 10 }
        ),
        PolicyPreset(
            name: "party-table-current",
            summary: "Full jitter from 5 s to 120 s, six retries, 60 s stable window, 120–150 s after a rate limit.",
            source: "hansy/drawspell, multiplayer-sync hook (19162df)",
            policy: partyTableCurrent
        ),
    ]

    /// The same systems with the faults of their shipped code.
    static let sourceSystemsAsBuilt: [PolicyPreset] = [
        PolicyPreset(
            name: "valtio-y-as-built",
            kind: .asBuilt,
            summary: "Hears old transports, keeps its timer after a success, handles each failure twice.",
            source: "valtiojs/valtio-y, examples/06_resilient_provider, as built (a014106)",
            policy: valtioY.with {
                $0.hazards = [
                    .hearsReplacedTransports, .successKeepsTimer, .opensBeside, .handlesFailureTwice, .dropsIgnoreLimit,
                ]
            }
        ),
        PolicyPreset(
            name: "pl3xus-as-built",
            kind: .asBuilt,
            summary: "Two owners of retries, timers nobody cancels: a healthy client reconnects every two seconds.",
            source: "vertec-io/pl3xus with leptos-use 0.16.3, as built (8df9642)",
            policy: pl3xus.with {
                $0.closingTimeout = .zero
                $0.outbox.whileDisconnected = .discard
                $0.transportRetry = TransportRetryPolicy(delay: .seconds(3), limit: 3)
                $0.hazards = [
                    .hearsReplacedTransports, .successKeepsTimer, .timersAccumulate, .countsWhenRetrying, .stopIsADrop,
                ]
            }
        ),
        PolicyPreset(
            name: "landale-as-built",
            kind: .asBuilt,
            summary: "The transport retries at once through an open breaker; healthy links are torn down after 150 s.",
            source: "bryanveloso/landale, packages/shared/src/websocket/socket.ts, as built (6bbdc24)",
            policy: landaleAsBuilt
        ),
        PolicyPreset(
            name: "landale-python-as-built",
            kind: .asBuilt,
            summary: "Always 1 s after a drop; the breaker is asked at the start only; dead connections stay.",
            source: "bryanveloso/landale, packages/shared-python, as built (6bbdc24)",
            policy: landalePython.with {
                // Ten attempts a run, the first included.
                $0.retryLimit = 9
                $0.reset.afterSuccess = .onOpen
                $0.afterDrop = ClientPolicy.DropRetry(delay: .seconds(1))
                $0.breaker = .landaleAsBuilt
                $0.hazards = [.breakerGuardsStartOnly, .deadConnectionIsIgnored]
            }
        ),
        PolicyPreset(
            name: "chat-sdk-as-built",
            kind: .asBuilt,
            summary: "No breaker, no heartbeat, no timeout; the queue runs all at once, five tries a message.",
            source: "Impact-Idol/ChatSDK, packages/core, as shipped (121913c)",
            policy: chatSDKAsBuilt
        ),
        PolicyPreset(
            name: "party-table-as-built",
            kind: .asBuilt,
            summary: "The plan's version: the first attempt waits, too, and the first of several closes decides.",
            source: "hansy/drawspell, apps/web multiplayer-sync, as built (8d6f4b1)",
            policy: partyTable.with {
                $0.connectTimeout = .max
                $0.startsAfterBackoff = true
                $0.hazards = [.firstCloseDecides]
            }
        ),
        PolicyPreset(
            name: "party-table-machine-as-built",
            kind: .asBuilt,
            summary: "Each attempt resets the counter: a refused client retries every 0–1 s for ever.",
            source: "hansy/drawspell, multiplayer-sync machine, as built (fae3125)",
            policy: partyTable.with {
                $0.connectTimeout = .max
                $0.retryLimit = 10
                $0.hazards = [.attemptResetsCounter, .resumeIgnoresItsDelay, .firstCloseDecides]
            }
        ),
        PolicyPreset(
            name: "party-table-current-as-built",
            kind: .asBuilt,
            summary: "Everyone rate-limited returns after exactly 120 s; resume ignores its delay.",
            source: "hansy/drawspell, multiplayer-sync hook, as built (19162df)",
            policy: partyTableCurrent.with {
                $0.closeRules = partyTableCurrentRules(rateLimitPause: .pause(from: .seconds(120), to: .seconds(120)))
                $0.hazards = [.resumeIgnoresItsDelay, .anyMemberEndsTimeout, .firstCloseDecides]
            }
        ),
    ]

    private static let everyCode: ClosedRange<UInt16> = 0...UInt16.max

    private static let valtioY = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none),
        retryLimit: 5,
        outbox: OutboxPolicy(whileDisconnected: .queue, capacity: 10_000, window: 64)
    )

    private static let pl3xus = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none),
        outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
    ).with { $0.closingTimeout = .seconds(5) }

    private static let landale = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .symmetric(fraction: 0.25)),
        retryLimit: 10,
        breaker: .landale,
        heartbeat: landaleHeartbeat,
        outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
    )

    /// Two watchers: the transport wants each beat answered before the next; the monitor strikes where nothing was
    /// heard for two intervals, and reconnects at the third strike.
    private static let landaleHeartbeat: HeartbeatPolicy = {
        var heartbeat = HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30))
        heartbeat.silence = HeartbeatPolicy.Silence(
            longest: .seconds(60),
            checkedEvery: .seconds(30),
            strikes: 3,
            reconnectsAtOnce: true
        )
        return heartbeat
    }()

    private static let landaleAsBuilt = landale.with {
        $0.backoff.growth = .exponential(base: .seconds(1), factor: 2, exponentOffset: 1)
        $0.breaker = .landaleAsBuilt
        // Meant to switch the transport's own retry off; a browser's timer makes zero of it.
        $0.transportRetry = TransportRetryPolicy(delay: .hours(24 * 365))
        $0.hazards = [
            .hearsReplacedTransports, .breakerArmsNothing, .forcedReconnectIsLast, .startOpensAnother,
            .browserTimerOverflow, .frozenHeartbeat,
        ]
    }

    private static let landalePython = ClientPolicy(
        backoff: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .additive(fraction: 0.1)),
        reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(30))),
        retryLimit: 10,
        breaker: .landale,
        heartbeat: HeartbeatPolicy(interval: .seconds(30), replyTimeout: .seconds(30), missedAllowed: 2),
        outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
    )

    /// The shipped connection manager's full jitter above a minimum.
    private static let chatSDKBackoff = Backoff(
        growth: .exponential(base: .milliseconds(100), factor: 2),
        cap: .seconds(2),
        jitter: .minimumPlusFull(minimum: .milliseconds(100))
    )

    private static let chatSDK = ClientPolicy(
        backoff: chatSDKBackoff,
        connectTimeout: .seconds(5),
        offline: .pauses,
        closeRules: [CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials)],
        retryAfter: .honour(jitterFraction: 0.1),
        breaker: CircuitBreakerPolicy(failuresToOpen: 3, openFor: .seconds(10), openJitterFraction: 0.2),
        heartbeat: HeartbeatPolicy(interval: .seconds(10), replyTimeout: .seconds(5), randomFirstPhase: true),
        outbox: OutboxPolicy(
            whileDisconnected: .queue,
            window: 8,
            acknowledgementTimeout: .seconds(5),
            retry: .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full),
            retryLimit: 5
        )
    )

    private static let chatSDKAsBuilt = ClientPolicy(
        backoff: chatSDKBackoff,
        outbox: OutboxPolicy(
            whileDisconnected: .queue,
            window: 64,
            acknowledgementTimeout: .seconds(30),
            retry: .exponential(base: .milliseconds(100), cap: .seconds(10), jitter: .additive(fraction: 0.5)),
            retryLimit: 4
        )
    )

    private static let partyTable = ClientPolicy(
        backoff: partyTableBackoff(base: .seconds(1), cap: .seconds(30)),
        reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(10))),
        connectTimeout: .seconds(12),
        offline: .pauses,
        hidden: .pauses,
        resume: .afterBackoff,
        closeRules: [
            CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
            CloseRule(codes: 1013...1013, response: roomResetPause),
            CloseRule(codes: everyCode, reason: .equal("room reset"), response: roomResetPause),
        ],
        heartbeat: HeartbeatPolicy(
            silence: HeartbeatPolicy.Silence(longest: .seconds(30), checkedEvery: .seconds(3)),
            interval: .seconds(15)
        ),
        outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
    ).with { $0.group = ConnectionGroupPolicy(members: 2) }

    private static let roomResetPause = CloseRule.Response.pause(from: .seconds(5), to: .seconds(15))

    private static let partyTableCurrent = ClientPolicy(
        backoff: partyTableBackoff(base: .seconds(5), cap: .seconds(120)),
        reset: ClientPolicy.ResetRule(afterSuccess: .afterStable(.seconds(60))),
        retryLimit: 6,
        connectTimeout: .seconds(12),
        offline: .pauses,
        resume: .afterBackoff,
        // Told to stay away for 120 s; the spread above it keeps a table behind one address from returning as one.
        closeRules: partyTableCurrentRules(rateLimitPause: .pause(from: .seconds(120), to: .seconds(150))),
        outbox: OutboxPolicy(whileDisconnected: .refuse, window: 64)
    ).with {
        $0.preparesAttempts = true
        $0.group = ConnectionGroupPolicy(members: 2, grace: .seconds(15))
    }

    private static func partyTableBackoff(base: Interval, cap: Interval) -> Backoff {
        Backoff(
            growth: .exponential(base: base, factor: 2),
            cap: cap,
            jitter: .full,
            rounding: .downToMilliseconds
        )
    }

    /// A room reset ends the session; a rate limit pauses.
    private static func partyTableCurrentRules(rateLimitPause: CloseRule.Response) -> [CloseRule] {
        [
            CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
            CloseRule(codes: everyCode, reason: .equal("room reset"), response: .stop),
            CloseRule(codes: 1013...1013, response: rateLimitPause),
            CloseRule(codes: everyCode, reason: .containing("rate limit"), response: rateLimitPause),
        ]
    }
}
