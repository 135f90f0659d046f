import MonotonicTime
import Reconnection
import Testing

@Suite struct NetworkQualityMonitorTests {
    /// A monitor with its policy, started at time 0 unless told otherwise.
    private final class Probe {
        var monitor: NetworkQualityMonitor
        let policy: NetworkQualityPolicy
        private var actions = ActionBuffer<NetworkQualityAction>()

        init(_ policy: NetworkQualityPolicy, started: Bool = true) {
            self.policy = policy
            monitor = NetworkQualityMonitor(policy: policy)
            if started { _ = start(at: .origin) }
        }

        /// Carries out one input, and hands its actions over.
        private func collect(
            _ input: (inout NetworkQualityMonitor, inout ActionBuffer<NetworkQualityAction>) -> Void
        ) -> [NetworkQualityAction] {
            actions.removeAll()
            input(&monitor, &actions)
            return Array(actions.list)
        }

        func start(at now: Instant) -> [NetworkQualityAction] {
            collect { $0.start(at: now, policy: policy, actions: &$1) }
        }

        func advance(to now: Instant) -> [NetworkQualityAction] {
            collect { $0.advance(to: now, policy: policy, actions: &$1) }
        }

        func pong(_ number: UInt32, at now: Instant) -> [NetworkQualityAction] {
            collect { $0.pong(number: number, at: now, policy: policy, actions: &$1) }
        }

        func fail(_ number: UInt32) -> [NetworkQualityAction] {
            collect { $0.pingFailed(number: number, policy: policy, actions: &$1) }
        }

        func network(isOnline: Bool, at now: Instant) -> [NetworkQualityAction] {
            collect { $0.networkChanged(isOnline: isOnline, at: now, policy: policy, actions: &$1) }
        }

        func subscribe() -> [NetworkQualityAction] {
            collect { $0.subscribed(policy: policy, actions: &$1) }
        }

        /// One ping after another, answered after the latency or failed (nil); the level after each.
        func levels(after results: [Interval?]) -> [NetworkQuality] {
            results.map { latency in
                if monitor.pingsUnderWay == 0 { _ = advance(to: monitor.nextDeadline) }
                let sentAt = monitor.nextPing - policy.interval
                if let latency {
                    _ = pong(monitor.lastPing, at: sentAt + latency)
                } else {
                    _ = fail(monitor.lastPing)
                }
                return monitor.level
            }
        }
    }

    private static func at(_ milliseconds: Int64) -> Instant { Instant(.milliseconds(milliseconds)) }

    private static func changed(
        _ from: NetworkQuality,
        _ to: NetworkQuality,
        _ latency: Interval? = nil
    ) -> [NetworkQualityAction] {
        [.qualityChanged(from: from, to: to, latency: latency)]
    }

    @Test("levels are ordered from excellent to offline")
    func order() {
        #expect(NetworkQuality.allCases.shuffled().sorted() == [.excellent, .good, .fair, .poor, .offline])
    }

    @Test(
        "the document's levels begin exactly at 100 and 300 ms",
        arguments: [
            (Interval.zero, NetworkQuality.excellent),
            (.milliseconds(100) - .nanoseconds(1), .excellent), (.milliseconds(100), .good),
            (.milliseconds(300) - .nanoseconds(1), .good), (.milliseconds(300), .poor),
            (.seconds(5) - .nanoseconds(1), .poor), (.seconds(5), .offline),
        ] as [(Interval, NetworkQuality)]
    )
    func documentLevels(latency: Interval, level: NetworkQuality) {
        #expect(Probe(.chatSDK).levels(after: [latency]) == [level])
    }

    @Test(
        "the shipped levels begin exactly at 50, 150 and 300 ms, and slow answers never read offline",
        arguments: [
            (.zero, .excellent), (.milliseconds(50) - .nanoseconds(1), .excellent), (.milliseconds(50), .good),
            (.milliseconds(150) - .nanoseconds(1), .good), (.milliseconds(150), .fair),
            (.milliseconds(300) - .nanoseconds(1), .fair), (.milliseconds(300), .poor),
            (.seconds(5) - .nanoseconds(1), .poor),
        ] as [(Interval, NetworkQuality)]
    )
    func shippedLevels(latency: Interval, level: NetworkQuality) {
        let probe = Probe(.chatSDKShipped)
        #expect(probe.levels(after: Array(repeating: latency, count: 20)) == Array(repeating: level, count: 20))
        #expect(probe.monitor.loss == 0)
    }

    @Test("shipped: one failure reads poor, two read offline, and four answers are needed to be excellent again")
    func shippedLoss() {
        let fast = Interval.milliseconds(20)
        let probe = Probe(.chatSDKShipped)
        #expect(probe.monitor.level == .good)
        #expect(
            probe.levels(after: [fast, nil, nil, fast, fast, fast, fast])
                == [.excellent, .poor, .offline, .offline, .poor, .poor, .excellent]
        )
        #expect(Probe(.chatSDKShipped).levels(after: [nil, fast, fast]) == [.poor, .poor, .excellent])
    }

    @Test("the loss score stays within 0 and 100")
    func lossBounds() {
        let probe = Probe(.chatSDKShipped)
        _ = probe.levels(after: Array(repeating: nil, count: 9))
        #expect(probe.monitor.loss == 90)
        _ = probe.levels(after: [nil, nil])
        #expect(probe.monitor.loss == 100)
        // 100 falls to 10 in eighteen answers: only then the level is no longer offline.
        let levels = probe.levels(after: Array(repeating: .zero, count: 20))
        #expect(levels == Array(repeating: .offline, count: 17) + [.poor, .poor, .excellent])
        _ = probe.levels(after: [.zero])
        #expect(probe.monitor.loss == 0)
    }

    @Test(
        "each level has a limit of its own for loss, and both limits must be kept",
        arguments: [
            (0, .excellent), (1, .good), (2, .fair), (4, .fair), (5, .poor), (10, .poor), (11, .offline),
        ] as [(Int, NetworkQuality)]
    )
    func lossLimits(loss: Int, level: NetworkQuality) {
        var policy = NetworkQualityPolicy.chatSDKShipped
        policy.lossScore.perFailure = loss
        #expect(Probe(policy).levels(after: [nil]) == [level])
        policy.lossScore.perSuccess = 0
        // A fair latency does not improve what loss spoils, nor the other way round.
        let expected = max(level, .fair)
        #expect(Probe(policy).levels(after: [nil, .milliseconds(299)]).last == expected)
    }

    @Test("a failure is judged with the last measured latency")
    func failureWithLatency() {
        var policy = NetworkQualityPolicy.chatSDKShipped
        policy.lossScore.perFailure = 1
        #expect(Probe(policy).levels(after: [.milliseconds(200), nil]) == [.fair, .fair])
        #expect(Probe(policy).levels(after: [.milliseconds(20), nil]) == [.excellent, .good])
    }

    @Test("document: one failure means offline, and one answer makes up for it")
    func documentFailure() {
        let probe = Probe(.chatSDK)
        #expect(probe.levels(after: [nil, nil, .milliseconds(20)]) == [.offline, .offline, .excellent])
    }

    @Test("a ping goes out at the start and then one an interval")
    func rhythm() {
        let probe = Probe(.chatSDK, started: false)
        #expect(probe.monitor.nextDeadline == .distantFuture)
        #expect(probe.start(at: Self.at(500)) == [.sendPing(number: 1)])
        #expect(probe.pong(1, at: Self.at(520)) == [])
        #expect(probe.monitor.nextDeadline == Self.at(10_500))
        #expect(probe.advance(to: Self.at(10_500) - .nanoseconds(1)) == [])
        #expect(probe.advance(to: Self.at(10_500)) == [.sendPing(number: 2)])
        #expect(probe.advance(to: Self.at(10_500)) == [])
        #expect(probe.pong(2, at: Self.at(10_510)) == [])
        // A little late: the rhythm stays.
        #expect(probe.advance(to: Self.at(22_000)) == [.sendPing(number: 3)])
        #expect(probe.monitor.nextPing == Self.at(30_500))
        #expect(probe.pong(3, at: Self.at(22_010)) == [])
        // A sleep that swallowed several: one is sent, and the rhythm starts anew.
        #expect(probe.advance(to: Self.at(100_000)) == [.sendPing(number: 4)])
        #expect(probe.monitor.nextPing == Self.at(110_000))
        #expect(probe.start(at: Self.at(100_001)) == [])
    }

    @Test("a ping without an answer fails at its deadline, and not before; its answer then is too late")
    func timeout() {
        let probe = Probe(.chatSDK)
        #expect(probe.monitor.nextDeadline == Self.at(5_000))
        #expect(probe.advance(to: Self.at(5_000) - .nanoseconds(1)) == [])
        #expect(probe.monitor.pingsUnderWay == 1)
        #expect(probe.advance(to: Self.at(5_000)) == Self.changed(.excellent, .offline))
        #expect(probe.monitor.nextDeadline == Self.at(10_000))
        #expect(probe.pong(1, at: Self.at(5_001)) == [])
        #expect(probe.monitor.level == .offline)
        let inTime = Probe(.chatSDK)
        #expect(
            inTime.pong(1, at: Self.at(5_000) - .nanoseconds(1))
                == Self.changed(.excellent, .poor, .milliseconds(5_000) - .nanoseconds(1))
        )
        let tooLate = Probe(.chatSDK)
        #expect(tooLate.pong(1, at: Self.at(5_000)) == Self.changed(.excellent, .offline))
        #expect(tooLate.monitor.latency == nil)
    }

    @Test("a sleep past a ping's deadline and the next ping settles both, in that order")
    func sleepPastTimeout() {
        let probe = Probe(.chatSDK)
        #expect(probe.advance(to: Self.at(60_000)) == Self.changed(.excellent, .offline) + [.sendPing(number: 2)])
    }

    @Test("only one ping is under way: a due one is left out, and the rhythm goes on")
    func oneAtATime() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.timeout = .seconds(25)
        let probe = Probe(policy)
        #expect(probe.advance(to: Self.at(10_000)) == [])
        #expect(probe.advance(to: Self.at(20_000)) == [])
        #expect(probe.advance(to: Self.at(25_000)) == Self.changed(.excellent, .offline))
        #expect(probe.advance(to: Self.at(30_000)) == [.sendPing(number: 2)])
    }

    @Test("hazard: pings overlap, each with a deadline of its own, and an old answer overrules a newer one")
    func overlap() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.timeout = .seconds(25)
        policy.hazards = .pingsOverlap
        let probe = Probe(policy)
        #expect(probe.advance(to: Self.at(10_000)) == [.sendPing(number: 2)])
        #expect(probe.advance(to: Self.at(20_000)) == [.sendPing(number: 3)])
        #expect(probe.monitor.pingsUnderWay == 3)
        #expect(probe.pong(3, at: Self.at(20_200)) == Self.changed(.excellent, .good, .milliseconds(200)))
        #expect(probe.pong(2, at: Self.at(20_300)) == Self.changed(.good, .poor, .milliseconds(10_300)))
        #expect(probe.monitor.nextDeadline == Self.at(25_000))
        #expect(probe.advance(to: Self.at(25_000)) == Self.changed(.poor, .offline))
        #expect(probe.monitor.pingsUnderWay == 0)
    }

    @Test("hazard: pings that hang for ever are forgotten beyond the newest 64")
    func hangingPings() {
        let probe = Probe(.chatSDKDocumented)
        for number in 1...64 as ClosedRange<Int64> { _ = probe.advance(to: Self.at(number * 10_000)) }
        #expect(probe.monitor.lastPing == 65)
        #expect(probe.monitor.pingsUnderWay == 64)
        #expect(probe.fail(1) == [])
        #expect(probe.fail(2) == Self.changed(.excellent, .offline))
    }

    @Test("the offline event acts at once, pauses the pings, and drops those under way; online pings at once")
    func offlineEvent() {
        let probe = Probe(.chatSDK)
        #expect(probe.network(isOnline: false, at: Self.at(50)) == Self.changed(.excellent, .offline))
        #expect(probe.network(isOnline: false, at: Self.at(51)) == [])
        #expect(probe.monitor.nextDeadline == .distantFuture)
        #expect(probe.advance(to: Self.at(20_000)) == [])
        #expect(probe.network(isOnline: true, at: Self.at(21_000)) == [.sendPing(number: 2)])
        #expect(probe.network(isOnline: true, at: Self.at(21_001)) == [])
        // The ping begun before the event comes back now: late.
        #expect(probe.pong(1, at: Self.at(21_010)) == [])
        #expect(probe.fail(1) == [])
        #expect(probe.monitor.level == .offline)
        #expect(probe.pong(2, at: Self.at(21_150)) == Self.changed(.offline, .good, .milliseconds(150)))
        #expect(probe.monitor.nextDeadline == Self.at(31_000))
    }

    @Test("hazard: an answer to a ping begun before the offline event announces a good quality after it")
    func lateResults() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.hazards = .lateResultsCount
        let probe = Probe(policy)
        #expect(probe.network(isOnline: false, at: Self.at(10)) == Self.changed(.excellent, .offline))
        #expect(probe.pong(1, at: Self.at(20)) == Self.changed(.offline, .excellent, .milliseconds(20)))
        #expect(!probe.monitor.isOnline)
    }

    @Test("where pings go on while offline their rhythm is kept, and online adds one")
    func pingsWhileOffline() {
        let probe = Probe(.chatSDKDocumented)
        _ = probe.pong(1, at: Self.at(1))
        #expect(probe.network(isOnline: false, at: Self.at(4_000)) == Self.changed(.excellent, .offline))
        #expect(probe.advance(to: Self.at(10_000)) == [.sendPing(number: 2)])
        #expect(probe.fail(2) == Self.changed(.offline, .offline))
        #expect(probe.network(isOnline: true, at: Self.at(14_000)) == [.sendPing(number: 3)])
        #expect(probe.monitor.nextPing == Self.at(20_000))
    }

    @Test("a ping under way is not doubled by the online event")
    func onlineWithPingUnderWay() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.hazards = .lateResultsCount
        let probe = Probe(policy)
        _ = probe.network(isOnline: false, at: Self.at(10))
        #expect(probe.network(isOnline: true, at: Self.at(20)) == [])
        #expect(probe.monitor.nextPing == Self.at(10_020))
    }

    @Test("stopped: nothing is due, results are dropped, system events are only noted")
    func stop() {
        let probe = Probe(.chatSDK)
        probe.monitor.stop()
        #expect(probe.monitor.nextDeadline == .distantFuture)
        #expect(probe.pong(1, at: Self.at(200)) == [])
        #expect(probe.network(isOnline: false, at: Self.at(300)) == [])
        #expect(probe.monitor.level == .excellent)
        #expect(probe.start(at: Self.at(400)) == Self.changed(.excellent, .offline))
        #expect(probe.monitor.nextDeadline == .distantFuture)
        probe.monitor.stop()
        #expect(probe.network(isOnline: true, at: Self.at(500)) == [])
        #expect(probe.start(at: Self.at(600)) == [.sendPing(number: 2)])
        #expect(probe.monitor.level == .offline)
    }

    @Test("unchanged levels are announced by every ping or not at all, to new listeners only where shipped")
    func announcements() {
        let same = NetworkQualityAction.qualityChanged(from: .excellent, to: .excellent, latency: .milliseconds(7))
        let told = NetworkQualityAction.qualityChanged(from: .excellent, to: .excellent, latency: nil)
        for (announcement, ping, subscription) in [
            (.onChange, [], []), (.everyPing, [same], []), (.everyPingAndSubscription, [same], [told]),
        ] as [(NetworkQualityPolicy.Announcement, [NetworkQualityAction], [NetworkQualityAction])] {
            var policy = NetworkQualityPolicy.chatSDK
            policy.announcement = announcement
            let probe = Probe(policy)
            #expect(probe.pong(1, at: Self.at(7)) == ping)
            #expect(probe.subscribe() == subscription)
        }
        #expect(NetworkQualityPolicy.chatSDK.announcement == .onChange)
        #expect(NetworkQualityPolicy.chatSDKDocumented.announcement == .everyPing)
        #expect(NetworkQualityPolicy.chatSDKShipped.announcement == .everyPingAndSubscription)
    }

    @Test(
        "with hysteresis the level moves after enough results that agree, and only as far as all of them",
        arguments: [
            // The first result counts at once; then a single outlier moves nothing.
            ([20, 200, 20, 200, 20], [.excellent, .excellent, .excellent, .excellent, .excellent]),
            ([20, 200, 200], [.excellent, .excellent, .good]),
            ([20, 400, 200], [.excellent, .excellent, .good]),
            ([20, 200, 400], [.excellent, .excellent, .good]),
            ([20, nil, nil], [.excellent, .excellent, .offline]),
            ([nil, 20, 20, 20], [.offline, .offline, .offline, .excellent]),
            ([nil, 20, 400, 20], [.offline, .offline, .offline, .poor]),
            ([nil, 20, 20, nil, 20, 20, 20], Array(repeating: .offline, count: 6) + [.excellent]),
            // A result on the other side starts over.
            ([200, 20, 20, 400, 20, 20, 20], [.good, .good, .good, .good, .good, .good, .excellent]),
        ] as [([Int64?], [NetworkQuality])]
    )
    func hysteresis(latencies: [Int64?], levels: [NetworkQuality]) {
        var policy = NetworkQualityPolicy.chatSDK
        policy.hysteresis = .init(improveAfter: 3, worsenAfter: 2)
        #expect(Probe(policy).levels(after: latencies.map { $0.map(Interval.milliseconds) }) == levels)
    }

    @Test("hysteresis delays neither the offline event nor the first result after the online event")
    func hysteresisAndEvents() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.hysteresis = .init(improveAfter: 3, worsenAfter: 3)
        let probe = Probe(policy)
        _ = probe.pong(1, at: Self.at(20))
        #expect(probe.network(isOnline: false, at: Self.at(30)) == Self.changed(.excellent, .offline))
        _ = probe.network(isOnline: true, at: Self.at(40))
        #expect(probe.pong(2, at: Self.at(60)) == Self.changed(.offline, .excellent, .milliseconds(20)))
        _ = probe.advance(to: Self.at(10_040))
        #expect(probe.fail(3) == [])
    }

    @Test("results before the offline event say nothing about what comes after it")
    func hysteresisForgetsAtOffline() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.hysteresis = .init(improveAfter: 2, worsenAfter: 3)
        policy.pingsWhileOffline = true
        let probe = Probe(policy)
        #expect(probe.levels(after: [.milliseconds(20), .milliseconds(400)]) == [.excellent, .excellent])
        _ = probe.network(isOnline: false, at: Self.at(11_000))
        let fast = Interval.milliseconds(20)
        #expect(probe.levels(after: [fast, fast]) == [.offline, .excellent])
    }

    @Test("nonsense is harmless: made-up numbers, time backwards, an interval of nothing")
    func nonsense() {
        var policy = NetworkQualityPolicy.chatSDK
        policy.interval = .zero
        let probe = Probe(policy)
        let before = probe.monitor
        #expect(probe.pong(0, at: Self.at(1)) == [])
        #expect(probe.fail(2) == [])
        #expect(probe.monitor == before)
        #expect(probe.pong(1, at: Self.at(-50)) == [])
        #expect(probe.monitor.latency == .zero)
        #expect(probe.monitor.nextDeadline == Self.at(1))
        #expect(probe.pong(1, at: Self.at(1)) == [])
    }

    @Test(
        "whatever happens: loss in bounds, one ping at a time, too early does nothing, changes tell the truth",
        arguments: [NetworkQualityPolicy.chatSDK, .chatSDKDocumented, .chatSDKShipped]
    )
    func randomInput(policy: NetworkQualityPolicy) {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SplitMix(state: seed)
            let probe = Probe(policy, started: false)
            var now = Instant.origin
            var told = probe.monitor.level
            for _ in 0..<150 {
                now += .milliseconds(Int64(random.next(below: 4_000)))
                let before = probe.monitor
                let number = before.lastPing &- UInt32(random.next(below: 3))
                let actions: [NetworkQualityAction]
                switch random.next(below: 9) {
                case 0: actions = probe.start(at: now)
                case 1:
                    if random.next(below: 5) == 0 { probe.monitor.stop() }
                    actions = []
                case 2: actions = probe.network(isOnline: random.next(below: 2) == 0, at: now)
                case 3, 4: actions = probe.pong(number, at: now)
                case 5: actions = probe.fail(number)
                default:
                    actions = probe.advance(to: now)
                    if now < before.nextDeadline {
                        #expect(actions == [] && probe.monitor == before, "seed \(seed)")
                    }
                    #expect(probe.monitor.nextDeadline > now, "seed \(seed)")
                }
                for case .qualityChanged(let from, let to, _) in actions {
                    #expect(from == told && (from != to || policy.announcement != .onChange), "seed \(seed)")
                    told = to
                }
                #expect(told == probe.monitor.level, "seed \(seed)")
                #expect((0...100).contains(probe.monitor.loss), "seed \(seed)")
                if policy.hazards.isEmpty {
                    #expect(probe.monitor.pingsUnderWay <= 1, "seed \(seed)")
                    #expect(probe.monitor.isOnline || !probe.monitor.isRunning || told == .offline, "seed \(seed)")
                }
                #expect(probe.monitor.isRunning || probe.monitor.nextDeadline == .distantFuture, "seed \(seed)")
            }
        }
    }
}

@Suite struct QualityBannerTests {
    @Test(
        "each level has its banner, with the latency",
        arguments: [
            (.excellent, nil, nil), (.good, .yellow, "slow (412 ms)"), (.fair, .yellow, "slow (412 ms)"),
            (.poor, .orange, "very slow (412 ms)"), (.offline, .red, "offline (412 ms)"),
        ] as [(NetworkQuality, QualityBanner.Colour?, String?)]
    )
    func mapping(level: NetworkQuality, colour: QualityBanner.Colour?, text: String?) {
        let banner = QualityBanner(level: level, latency: .microseconds(412_999))
        #expect(banner?.colour == colour)
        #expect(banner?.text == text)
    }

    @Test("without a latency only the word is shown")
    func withoutLatency() {
        #expect(QualityBanner(level: .offline, latency: nil)?.text == "offline")
    }

    @Test("a monitor's banner shows its level and its last latency")
    func monitor() {
        let policy = NetworkQualityPolicy.chatSDK
        var monitor = NetworkQualityMonitor(policy: policy)
        var actions = ActionBuffer<NetworkQualityAction>()
        monitor.start(at: .origin, policy: policy, actions: &actions)
        #expect(monitor.banner == nil)
        monitor.pong(number: 1, at: Instant(.milliseconds(350)), policy: policy, actions: &actions)
        #expect(monitor.banner?.text == "very slow (350 ms)")
        monitor.networkChanged(isOnline: false, at: Instant(.seconds(1)), policy: policy, actions: &actions)
        #expect(monitor.banner?.text == "offline (350 ms)")
    }
}
