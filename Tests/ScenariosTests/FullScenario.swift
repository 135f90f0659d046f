import MonotonicTime
import Reconnection

@testable import Scenarios

/// A scenario that uses every key there is, and the value it must be read as.
enum FullScenario {
    static let text = """
        # Everything a scenario can say.
        name: everything
        summary: All keys in one file.
        duration: 1h
        replications: 7
        seed: 42
        primary-metric: delivery-rate

        policies:
          second:
            extends: first
            backoff: { growth: linear, base: 2s, step: 500ms, cap: none, jitter: symmetric(25%) }
            reset: { on-open: false }
            retry-limit: none
            connect-timeout: none
            pause-when: []
            resume: immediately
            retry-after: ignore
            close-rules: []
            breaker: none
            heartbeat: none
          third:
            extends: first
            backoff:
              growth: compounding
              base: 200ms
              factor: 2
              cap: 20s
              cap-applies: before-jitter
              floor: 50ms
              jitter: additive-between(300ms, 3s)
              first-jittered: 2
              draws: until-not-longer
              first: { from: 10ms, to: 20ms }
              rounding: { to: 1ms, direction: up, draws-upper-end: true, rounds-growth: true }
            reset: { after-quiet: 5m }
            elapsed-limit: 1h
            retries-first-connect: false
            waits-from: attempt-start
            after-drop: { delay: 100ms, counts: true, spacing: 1s }
            suspension: { after: 2m, retry-every: 30s }
            starts-after-backoff: true
            prepares-attempts: true
            closing-timeout: 2s
            pause-when: []
            hold-when: [hidden]
            close-when: [offline]
            return-ends-wait: true
            close-rules:
              - { code: 4001, reason: Session expired, then: block }
              - { code: 4001, reason-containing: later, then: back-off }
            breaker:
              share: { failed: 25%, exceeded: true, within: 30s, slices: 6, least-calls: 20 }
              open-growth: { base: 5s, cap: 2m, jitter: none }
              ends-strictly-after: true
              probe-share: { failed: 50%, exceeded: true }
              hazards: [no-half-open]
            heartbeat:
              every: none
              timeout: none
              silence: { longest: 45s, checked-every: 5s, strikes: 2, reconnects-at-once: true }
              server-every: 20s
            poll-loop: { stale-after: 8s, growth: 1.5, jitter: 20%, reopen-delay: 250ms }
            group: { members: 3, grace: 10s }
            transport-retry: { delay: 3s, limit: 4 }
            hazards: [opens-beside, frozen-heartbeat]
          fourth:
            extends: third
            backoff: { first: none, rounding: none }
            strategy: none
            elapsed-limit: none
            after-drop: none
            suspension: none
            hold-when: []
            close-when: []
            breaker: { share: { failed: 50%, of-last: 100 }, open-growth: none, probe-share: none, hazards: [] }
            heartbeat: { every: 10s, silence: none, server-every: none }
            poll-loop: none
            group: none
            transport-retry: none
            hazards: []
          first:
            extends: party-table
            group: none
            backoff:
              growth: exponential
              base: 500ms
              factor: 1.6
              exponent-offset: 1
              cap: 20s
              cap-applies: after-jitter
              jitter: equal
              rounding: none
            reset: { after-stable: 15s, on-resume: false, on-manual-retry: false }
            retry-limit: 12
            connect-timeout: 8s
            start-spread: 3s
            pause-when: [hidden]
            resume: after-backoff
            retry-after: { jitter: 20% }
            close-rules:
              - { code: 1008, then: block }
              - { code: 4000, to: 4099, then: stop }
              - { code: 1012, pause: 3s }
              - { code: 1013, pause-from: 5s, pause-to: 15s }
            breaker: { failures: 4, within: 1m, success-clears: false, open: 45s, open-jitter: 10%, probes: 2, successes: 3 }
            heartbeat:
              every: 20s
              timeout: 5s
              silence: none
              server-every: none
              missed-allowed: 2
              random-first-phase: true
            outbox:
              while-disconnected: discard
              capacity: 2k
              overflow: drop-oldest
              time-to-live: 90s
              window: 16
              ack-timeout: 4s
              retry: { growth: table, table: [1s, 2s, 5s], cap: 4s, jitter: none }
              retry-limit: 9

        networks:
          tunnel:
            extends: 3g
            round-trip: 'lognormal(median: 90ms, p95: 200ms)'
            uplink-share: 60%
            loss: { to-bad: 1%, to-good: 25%, loss-when-good: 0.1%, loss-when-bad: 50% }
            survives: 45s
          lossy: { loss: 2% }
          bursts: { extends: tunnel, loss: { to-bad: 3%, to-good: 30% } }

        fleet:
          - name: phones
            clients: 10_000
            start: uniform(0s, 10s)
            policy: first
            pinned: true
            server: gateway
            network: tunnel
            group-size: 250
            outages:
              - signal: silent
                shared-by: group
                first: uniform(1m, 5m)
                down: lognormal(median=40s sigma=0.6) in 10s..5m
                up: exponential(mean=4m)
                probability: 75%
                stagger: 2s
                attach: uniform(500ms, 2s)
              - { signal: signalled, first: 10m, down: 30s }
            workload: { messages: poisson, every: 20s, deadline: 45s }
          - name: desks
            clients: 500
            start: connected
            policy: chat-sdk
            server: lobby
            workload: { messages: periodic, every: 1m }

        servers:
          - name: gateway
            instances: 4
            balancing: least-connections
            handshake:
              workers: 8
              time: 25ms
              backlog: 512
              when-full: drop
              abandoned: dropped
              answered: when-begun
              round-trips: 2.5
            connection-limit: 5k
            warm-up: { for: 20s, from: 25% }
            refusal: { close: 1001, retry-after: 10s }
            idle-timeout: 2m
            processing: exponential(mean=2ms)
          - name: lobby
            handshake: { workers: 2, time: 10ms }

        timeline:
          - at: 20m
            disconnect: { cohort: desks, share: 30%, how: silent }
          - at: 10m
            restart: { server: gateway, instances: 2, down: uniform(20s 40s), close: 1012, meanwhile: drop }
          - at: 15m
            outage: { cohort: desks, signal: signalled, for: 30s, shared-by: client, stagger: 1s, attach: 2s }
          - at: 10m
            restart: { server: lobby, down: 5s, close: silent }
          - { at: 30m, restart: { server: lobby, down: 1s, close: reset } }
          - { at: 31m, disconnect: { cohort: phones } }
          - { at: 32m, outage: { cohort: desks, signal: silent, for: 10s } }

        expect:
          - delivery-rate of phones >= 99.9%
          - time-to-reconnect p99 < 60s
          - peak-attempt-rate < 4 x capacity

        """

    static let first = ClientPolicy(
        backoff: Backoff(
            growth: .exponential(base: .milliseconds(500), factor: 1.6, exponentOffset: 1),
            cap: .seconds(20),
            capOrder: .afterJitter,
            jitter: .equal,
            rounding: .nearestNanosecond
        ),
        reset: ClientPolicy.ResetRule(
            afterSuccess: .afterStable(.seconds(15)),
            onResume: false,
            onManualRetry: false
        ),
        retryLimit: 12,
        connectTimeout: .seconds(8),
        startSpread: .seconds(3),
        offline: .ignored,
        hidden: .pauses,
        resume: .afterBackoff,
        closeRules: [
            CloseRule(codes: 1008...1008, response: .blockUntilNewCredentials),
            CloseRule(codes: 4000...4099, response: .stop),
            CloseRule(codes: 1012...1012, response: .pause(from: .seconds(3), to: .seconds(3))),
            CloseRule(codes: 1013...1013, response: .pause(from: .seconds(5), to: .seconds(15))),
        ],
        retryAfter: .honour(jitterFraction: 0.2),
        breaker: CircuitBreakerPolicy(
            counting: .slidingWindow(.minutes(1)),
            failuresToOpen: 4,
            openFor: .seconds(45),
            openJitterFraction: 0.1,
            probeLimit: 2,
            successesToClose: 3
        ),
        heartbeat: HeartbeatPolicy(
            interval: .seconds(20),
            replyTimeout: .seconds(5),
            missedAllowed: 2,
            randomFirstPhase: true
        ),
        outbox: OutboxPolicy(
            whileDisconnected: .discard,
            capacity: 2_000,
            overflow: .dropOldest,
            timeToLive: .seconds(90),
            window: 16,
            acknowledgementTimeout: .seconds(4),
            retry: Backoff(
                growth: .table([.seconds(1), .seconds(2), .seconds(5)]),
                cap: .seconds(4),
                jitter: .none
            ),
            retryLimit: 9
        )
    )

    /// What `second` does not say comes from `first`: start spread, outbox, and parts of sections.
    static let second = ClientPolicy(
        backoff: Backoff(
            growth: .linear(base: .seconds(2), step: .milliseconds(500)),
            cap: .max,
            capOrder: .afterJitter,
            jitter: .symmetric(fraction: 0.25),
            rounding: .nearestNanosecond
        ),
        reset: ClientPolicy.ResetRule(afterSuccess: .never, onResume: false, onManualRetry: false),
        retryLimit: nil,
        connectTimeout: .max,
        startSpread: .seconds(3),
        offline: .ignored,
        hidden: .ignored,
        resume: .immediately,
        closeRules: [],
        retryAfter: .ignore,
        breaker: nil,
        heartbeat: nil,
        outbox: first.outbox
    )

    /// What few clients do.
    static let third = first.with {
        $0.backoff = Backoff(
            growth: .compounding(base: .milliseconds(200), factor: 2),
            cap: .seconds(20),
            floor: .milliseconds(50),
            jitter: .additiveRange(from: .milliseconds(300), to: .seconds(3)),
            firstJittered: 2,
            draws: .untilNotLonger,
            first: Backoff.First(from: .milliseconds(10), to: .milliseconds(20)),
            rounding: Backoff.Rounding(.up, to: .milliseconds(1), drawsUpperEnd: true, roundsGrowth: true)
        )
        $0.reset.afterSuccess = .afterQuiet(.minutes(5))
        $0.elapsedLimit = .hours(1)
        $0.retriesFirstConnect = false
        $0.waitsFrom = .attemptStart
        $0.afterDrop = ClientPolicy.DropRetry(delay: .milliseconds(100), counts: true, spacing: .seconds(1))
        $0.suspension = ClientPolicy.Suspension(after: .minutes(2), retryEvery: .seconds(30))
        $0.startsAfterBackoff = true
        $0.preparesAttempts = true
        $0.closingTimeout = .seconds(2)
        $0.offline = .closes
        $0.hidden = .holdsAttempts
        $0.returnEndsWait = true
        $0.closeRules = [
            CloseRule(codes: 4001...4001, reason: .equal("Session expired"), response: .blockUntilNewCredentials),
            CloseRule(codes: 4001...4001, reason: .containing("later"), response: .backOff),
        ]
        $0.breaker = CircuitBreakerPolicy(
            counting: .failureShareWithin(.above(0.25), window: .seconds(30), slices: 6, minimumCalls: 20),
            openFor: .seconds(45),
            openJitterFraction: 0.1,
            openGrowth: .exponential(base: .seconds(5), cap: .minutes(2), jitter: .none),
            endsStrictlyAfter: true,
            probeLimit: 2,
            successesToClose: 3,
            probeShare: .above(0.5),
            hazards: .noHalfOpen
        )
        $0.heartbeat?.interval = .max
        $0.heartbeat?.replyTimeout = .max
        $0.heartbeat?.silence = HeartbeatPolicy.Silence(
            longest: .seconds(45),
            checkedEvery: .seconds(5),
            strikes: 2,
            reconnectsAtOnce: true
        )
        $0.heartbeat?.serverInterval = .seconds(20)
        $0.pollLoop = PollLoopPolicy(
            staleAfter: .seconds(8),
            growth: 1.5,
            jitter: 0.2,
            reopenDelay: .milliseconds(250)
        )
        $0.group = ConnectionGroupPolicy(members: 3, grace: .seconds(10))
        $0.transportRetry = TransportRetryPolicy(delay: .seconds(3), limit: 4)
        $0.hazards = [.opensBeside, .frozenHeartbeat]
    }

    /// `third` with everything switched off that can be.
    static let fourth = third.with {
        $0.backoff.first = nil
        $0.backoff.rounding = .nearestNanosecond
        $0.elapsedLimit = .max
        $0.afterDrop = nil
        $0.suspension = nil
        $0.offline = .ignored
        $0.hidden = .ignored
        $0.breaker?.counting = .failureShare(.atLeast(0.5), ofLast: 100, minimumCalls: 1)
        $0.breaker?.openGrowth = nil
        $0.breaker?.probeShare = nil
        $0.breaker?.hazards = []
        $0.heartbeat = HeartbeatPolicy(
            interval: .seconds(10),
            replyTimeout: .seconds(10),
            missedAllowed: 2,
            randomFirstPhase: true
        )
        $0.pollLoop = nil
        $0.group = nil
        $0.transportRetry = nil
        $0.hazards = []
    }

    static let tunnel = NetworkProfile(
        name: "tunnel",
        roundTrip: .lognormal(median: .milliseconds(90), quantile: .milliseconds(200), probability: 0.95),
        uplinkShare: 0.6,
        loss: .gilbertElliott(toBad: 0.01, toGood: 0.25, lossWhenGood: 0.001, lossWhenBad: 0.5),
        survives: .seconds(45)
    )

    static let phones = Cohort(
        name: "phones",
        clients: 10_000,
        start: .launched(.uniform(from: .zero, to: .seconds(10))),
        policy: "first",
        isPolicyPinned: true,
        server: "gateway",
        network: tunnel,
        groupSize: 250,
        outages: [
            LinkOutage(
                signal: .silent,
                sharedBy: .group,
                first: .uniform(from: .minutes(1), to: .minutes(5)),
                down: .truncated(
                    .lognormalSigma(median: .seconds(40), sigma: 0.6),
                    from: .seconds(10),
                    to: .minutes(5)
                ),
                up: .exponential(mean: .minutes(4)),
                probability: 0.75,
                stagger: .seconds(2),
                attach: .uniform(from: .milliseconds(500), to: .seconds(2))
            ),
            LinkOutage(
                signal: .signalled,
                sharedBy: .client,
                first: .constant(.minutes(10)),
                down: .constant(.seconds(30)),
                up: nil,
                probability: 1,
                stagger: .zero,
                attach: nil
            ),
        ],
        workload: Workload(rhythm: .poisson, every: .seconds(20), deadline: .seconds(45))
    )

    static func desks(network: NetworkProfile) -> Cohort {
        Cohort(
            name: "desks",
            clients: 500,
            start: .connected,
            policy: "chat-sdk",
            isPolicyPinned: false,
            server: "lobby",
            network: network,
            groupSize: 1,
            outages: [
                LinkOutage(
                    signal: .signalled,
                    sharedBy: .client,
                    first: .constant(.minutes(15)),
                    down: .constant(.seconds(30)),
                    up: nil,
                    probability: 1,
                    stagger: .seconds(1),
                    attach: .constant(.seconds(2))
                ),
                LinkOutage(
                    signal: .silent,
                    sharedBy: .cohort,
                    first: .constant(.minutes(32)),
                    down: .constant(.seconds(10)),
                    up: nil,
                    probability: 1,
                    stagger: .zero,
                    attach: nil
                ),
            ],
            workload: Workload(rhythm: .periodic, every: .minutes(1), deadline: .seconds(30))
        )
    }

    static let gateway = ServerTier(
        name: "gateway",
        instances: 4,
        balancing: .leastConnections,
        handshake: ServerTier.Handshake(
            workers: 8,
            time: .constant(.milliseconds(25)),
            backlog: 512,
            whenFull: .drop,
            abandoned: .dropped,
            answered: .whenBegun,
            roundTrips: 2.5
        ),
        connectionLimit: 5_000,
        warmUp: ServerTier.WarmUp(lasts: .seconds(20), from: 0.25),
        refusal: ServerTier.Refusal(close: 1001, retryAfter: .seconds(10)),
        idleTimeout: .minutes(2),
        processing: .exponential(mean: .milliseconds(2))
    )

    static let lobby = ServerTier(
        name: "lobby",
        instances: 1,
        balancing: .roundRobin,
        handshake: ServerTier.Handshake(
            workers: 2,
            time: .constant(.milliseconds(10)),
            backlog: 4_096,
            whenFull: .refuse,
            abandoned: .served,
            answered: .whenDone,
            roundTrips: 3
        ),
        connectionLimit: nil,
        warmUp: nil,
        refusal: ServerTier.Refusal(close: 1013, retryAfter: nil),
        idleTimeout: .seconds(60),
        processing: .constant(.milliseconds(1))
    )

    /// By time; the two restarts of one instant in the order of the file.
    static let timeline: [TimelineEvent] = [
        TimelineEvent(
            at: .minutes(10),
            happening: .restart(
                TimelineEvent.Restart(
                    server: "gateway",
                    instances: 2,
                    down: .uniform(from: .seconds(20), to: .seconds(40)),
                    ending: .close(code: 1012),
                    meanwhile: .drop
                )
            )
        ),
        restart(at: .minutes(10), down: .seconds(5), .silent),
        TimelineEvent(
            at: .minutes(20),
            happening: .disconnect(TimelineEvent.Disconnect(cohort: "desks", share: 0.3, isSilent: true))
        ),
        restart(at: .minutes(30), down: .seconds(1), .reset),
        TimelineEvent(
            at: .minutes(31),
            happening: .disconnect(TimelineEvent.Disconnect(cohort: "phones", share: 1, isSilent: false))
        ),
    ]

    private static func restart(at: Interval, down: Interval, _ ending: TimelineEvent.Restart.Ending) -> TimelineEvent {
        TimelineEvent(
            at: at,
            happening: .restart(
                TimelineEvent.Restart(
                    server: "lobby",
                    instances: nil,
                    down: .constant(down),
                    ending: ending,
                    meanwhile: .refuse
                )
            )
        )
    }

    static let expectations = [
        Expectation(
            text: "delivery-rate of phones >= 99.9%",
            metric: "delivery-rate",
            cohort: "phones",
            relation: .atLeast,
            bound: 0.999
        ),
        Expectation(
            text: "time-to-reconnect p99 < 60s",
            metric: "reconnect-lag-p99",
            cohort: "all",
            relation: .less,
            bound: 60
        ),
        Expectation(
            text: "peak-attempt-rate < 4 x capacity",
            metric: "peak-to-capacity-1s",
            cohort: "all",
            relation: .less,
            bound: 4
        ),
    ]

    static func scenario(lte: NetworkProfile) -> Scenario {
        Scenario(
            name: "everything",
            summary: "All keys in one file.",
            duration: .hours(1),
            replications: 7,
            seed: 42,
            primaryMetric: "delivery-rate",
            policies: ["first": first, "second": second, "third": third, "fourth": fourth],
            fleet: [phones, desks(network: lte)],
            servers: [gateway, lobby],
            timeline: timeline,
            expectations: expectations
        )
    }
}
