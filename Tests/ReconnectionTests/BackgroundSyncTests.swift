import MonotonicTime
import Reconnection
import Testing

@Suite struct BackgroundSyncTests {
    /// Background synchronisation with its policy.
    private final class Sync {
        var machine: BackgroundSync
        let policy: BackgroundSyncPolicy
        private var actions = ActionBuffer<BackgroundSyncAction>()

        init(_ policy: BackgroundSyncPolicy = .chatSDK, lastRun: Instant? = nil) {
            self.policy = policy
            machine = BackgroundSync(lastRun: lastRun)
        }

        private func collect(
            _ input: (inout BackgroundSync, inout ActionBuffer<BackgroundSyncAction>) -> Void
        ) -> [BackgroundSyncAction] {
            actions.removeAll()
            input(&machine, &actions)
            return Array(actions.list)
        }

        func launch(at now: Instant) -> [BackgroundSyncAction] {
            collect { $0.launched(at: now, policy: policy, actions: &$1) }
        }

        func begin(at now: Instant, budget: Interval = .seconds(30)) -> [BackgroundSyncAction] {
            collect { $0.runBegan(at: now, budget: budget, policy: policy, actions: &$1) }
        }

        func push(at now: Instant, budget: Interval = .seconds(30)) -> [BackgroundSyncAction] {
            collect { $0.pushReceived(at: now, budget: budget, policy: policy, actions: &$1) }
        }

        func succeed(_ id: BackgroundSync.StepID, found: Int = .max, at now: Instant) -> [BackgroundSyncAction] {
            collect { $0.stepSucceeded(id, itemsFound: found, at: now, policy: policy, actions: &$1) }
        }

        func fail(_ id: BackgroundSync.StepID, at now: Instant) -> [BackgroundSyncAction] {
            collect { $0.stepFailed(id, at: now, policy: policy, actions: &$1) }
        }

        func end(_ run: UInt32) -> [BackgroundSyncAction] {
            collect { $0.systemEnds(run: run, actions: &$1) }
        }

        func advance(to now: Instant) -> [BackgroundSyncAction] {
            collect { $0.advance(to: now, actions: &$1) }
        }
    }

    private static func at(_ seconds: Double) -> Instant { Instant(Interval(seconds: seconds)) }
    private static func id(_ run: UInt32, _ ordinal: UInt32) -> BackgroundSync.StepID {
        BackgroundSync.StepID(run: run, ordinal: ordinal)
    }

    private static func messages(_ channel: Int, _ ordinal: UInt32, run: UInt32 = 1) -> BackgroundSyncAction {
        .begin(.fetchLatestMessages(limit: 20), repetition: channel, id(run, ordinal))
    }

    private static func queue(run: UInt32 = 1) -> BackgroundSyncAction { .begin(.runQueue, repetition: 0, id(run, 1)) }

    @Test("a whole run: the queue, the channels, the latest 20 messages of the first five, and the next one scheduled")
    func wholeRun() {
        let sync = Sync()
        #expect(sync.begin(at: Self.at(100)) == [.scheduleNext(notBefore: Self.at(1_000)), Self.queue()])
        #expect(sync.machine.nextDeadline == Self.at(130))
        #expect(sync.machine.cause == .backgroundFetch)
        #expect(sync.succeed(Self.id(1, 1), at: Self.at(101)) == [.begin(.listChannels, repetition: 0, Self.id(1, 2))])
        #expect(sync.succeed(Self.id(1, 2), found: 40, at: Self.at(102)) == [Self.messages(0, 3)])
        #expect(sync.succeed(Self.id(1, 3), at: Self.at(103)) == [Self.messages(1, 4)])
        #expect(sync.succeed(Self.id(1, 4), at: Self.at(104)) == [Self.messages(2, 5)])
        #expect(sync.succeed(Self.id(1, 5), at: Self.at(105)) == [Self.messages(3, 6)])
        #expect(sync.succeed(Self.id(1, 6), at: Self.at(106)) == [Self.messages(4, 7)])
        #expect(sync.succeed(Self.id(1, 7), at: Self.at(107)) == [.finished(run: 1, .completed)])
        #expect(sync.machine.nextDeadline == .distantFuture)
        #expect(!sync.machine.isRunning)
        #expect(sync.machine.lastRun == Self.at(100))
    }

    @Test(
        "there are no more fetches than channels",
        arguments: [(-1, 0), (0, 0), (1, 1), (4, 4), (5, 5), (6, 5)]
    )
    func fewChannels(channels: Int, fetches: Int) {
        let sync = Sync()
        _ = sync.begin(at: .origin)
        _ = sync.succeed(Self.id(1, 1), at: .origin)
        var asked = sync.succeed(Self.id(1, 2), found: channels, at: .origin)
        var count = 0
        while case .begin(.fetchLatestMessages(limit: 20), let repetition, let id)? = asked.first {
            #expect(repetition == count)
            count += 1
            asked = sync.succeed(id, at: .origin)
        }
        #expect(count == fetches)
        #expect(asked == [.finished(run: 1, .completed)])
    }

    @Test("a push: connect, fetch the one message, show it; the schedule stays as it was")
    func push() {
        let sync = Sync(lastRun: Self.at(-50))
        #expect(sync.push(at: Self.at(10)) == [.connect(Self.id(1, 1))])
        #expect(sync.machine.cause == .push)
        #expect(sync.succeed(Self.id(1, 1), at: Self.at(11)) == [.begin(.fetchMessage, repetition: 0, Self.id(1, 2))])
        #expect(sync.succeed(Self.id(1, 2), at: Self.at(12)) == [.begin(.showMessage, repetition: 0, Self.id(1, 3))])
        #expect(sync.succeed(Self.id(1, 3), at: Self.at(13)) == [.finished(run: 1, .completed)])
        #expect(sync.machine.lastRun == Self.at(-50))
    }

    @Test("a failed step ends the run, and the steps behind it are left out")
    func failure() {
        let sync = Sync()
        _ = sync.begin(at: .origin)
        _ = sync.succeed(Self.id(1, 1), at: .origin)
        #expect(sync.fail(Self.id(1, 2), at: Self.at(1)) == [.finished(run: 1, .failed(.listChannels))])
        #expect(!sync.machine.isRunning)
        let push = Sync()
        _ = push.push(at: .origin)
        #expect(push.fail(Self.id(1, 1), at: Self.at(1)) == [.finished(run: 1, .failed(.connect))])
    }

    @Test("the budget cuts a run off at its end, and not before; a report at that instant is too late")
    func budget() {
        let sync = Sync()
        _ = sync.begin(at: Self.at(100))
        #expect(sync.advance(to: Self.at(130) - .nanoseconds(1)) == [])
        #expect(sync.advance(to: Self.at(130)) == [.finished(run: 1, .cutOff)])
        #expect(sync.advance(to: Self.at(130)) == [])
        #expect(sync.succeed(Self.id(1, 1), at: Self.at(131)) == [])
        for report in [Sync.succeed(_:found:at:), { sync in { id, _, now in sync.fail(id, at: now) } }] {
            let late = Sync()
            _ = late.begin(at: Self.at(100))
            #expect(report(late)(Self.id(1, 1), 0, Self.at(130)) == [.finished(run: 1, .cutOff)])
            let inTime = Sync()
            _ = inTime.begin(at: Self.at(100))
            #expect(report(inTime)(Self.id(1, 1), 0, Self.at(130) - .nanoseconds(1)) != [.finished(run: 1, .cutOff)])
        }
    }

    @Test("a budget of nothing cuts off before anything begins; one without limit never does")
    func budgetExtremes() {
        let none = Sync()
        #expect(
            none.begin(at: .origin, budget: .zero)
                == [.scheduleNext(notBefore: Self.at(900)), .finished(run: 1, .cutOff)]
        )
        #expect(none.push(at: .origin, budget: .seconds(-1)) == [.finished(run: 2, .cutOff)])
        let unlimited = Sync()
        _ = unlimited.begin(at: .origin, budget: .max)
        #expect(unlimited.machine.nextDeadline == .distantFuture)
        #expect(unlimited.advance(to: Self.at(1e6)) == [])
        #expect(unlimited.machine.isRunning)
    }

    @Test("the system ends the run under way, and no other")
    func systemEnds() {
        let sync = Sync()
        #expect(sync.end(0) == [])
        _ = sync.begin(at: .origin)
        #expect(sync.end(0) == [])
        #expect(sync.end(2) == [])
        #expect(sync.end(1) == [.finished(run: 1, .cutOff)])
        #expect(sync.end(1) == [])
        _ = sync.push(at: .origin)
        #expect(sync.end(1) == [])
        #expect(sync.machine.isRunning)
    }

    @Test("one run at a time: others are refused without a trace")
    func oneRun() {
        let sync = Sync()
        _ = sync.begin(at: .origin)
        let before = sync.machine
        #expect(sync.begin(at: Self.at(1)) == [])
        #expect(sync.push(at: Self.at(1)) == [])
        #expect(sync.launch(at: Self.at(1)) == [])
        #expect(sync.machine == before)
        var actions = ActionBuffer<BackgroundSyncAction>()
        let budget = Interval.seconds(1)
        #expect(sync.machine.runBegan(at: Self.at(1), budget: budget, policy: .chatSDK, actions: &actions) == nil)
        #expect(sync.machine.pushReceived(at: Self.at(1), budget: budget, policy: .chatSDK, actions: &actions) == nil)
        _ = sync.end(1)
        #expect(sync.machine.runBegan(at: Self.at(1), budget: budget, policy: .chatSDK, actions: &actions) == 2)
    }

    @Test("a run that is overdue makes way for the next")
    func overdueRun() {
        let sync = Sync()
        _ = sync.push(at: .origin)
        #expect(
            sync.begin(at: Self.at(30))
                == [.finished(run: 1, .cutOff), .scheduleNext(notBefore: Self.at(930)), Self.queue(run: 2)]
        )
        #expect(sync.push(at: Self.at(60)) == [.finished(run: 2, .cutOff), .connect(Self.id(3, 1))])
    }

    @Test("reports of earlier steps and runs are late, repeated and made-up ones harmless")
    func lateReports() {
        let sync = Sync()
        #expect(sync.succeed(Self.id(0, 0), at: .origin) == [])
        _ = sync.begin(at: .origin)
        _ = sync.end(1)
        #expect(sync.succeed(Self.id(1, 1), at: Self.at(1)) == [])
        _ = sync.begin(at: Self.at(2))
        let before = sync.machine
        for id in [Self.id(1, 1), Self.id(2, 0), Self.id(2, 2), Self.id(3, 1)] {
            #expect(sync.succeed(id, at: Self.at(3)) == [])
            #expect(sync.fail(id, at: Self.at(3)) == [])
        }
        #expect(sync.machine == before)
        #expect(sync.succeed(Self.id(2, 1), at: Self.at(3)).count == 1)
        #expect(sync.succeed(Self.id(2, 1), at: Self.at(3)) == [])
    }

    @Test(
        "after a termination or a reboot the schedule is made anew from the last run",
        arguments: [
            (nil, 50, 50), (0, 50, 900), (0, 899, 900), (0, 900, 900), (0, 901, 901),
            // A reboot starts a new clock; the last run lies before its origin.
            (-600, 20, 300), (-100_000, 20, 20),
        ] as [(Double?, Double, Double)]
    )
    func relaunch(lastRun: Double?, now: Double, next: Double) {
        let sync = Sync(lastRun: lastRun.map(Self.at))
        #expect(sync.launch(at: Self.at(now)) == [.scheduleNext(notBefore: Self.at(next))])
        #expect(!sync.machine.isRunning)
    }

    @Test("a run killed without a word has a successor: a value made from its last run knows what the old one did")
    func termination() {
        let sync = Sync()
        _ = sync.begin(at: Self.at(100))
        let relaunched = Sync(lastRun: sync.machine.lastRun)
        #expect(relaunched.launch(at: Self.at(110)) == [.scheduleNext(notBefore: Self.at(1_000))])
        #expect(relaunched.begin(at: Self.at(1_000)).first == .scheduleNext(notBefore: Self.at(1_900)))
    }

    @Test("the system may begin a run early")
    func earlyRun() {
        let sync = Sync(lastRun: .origin)
        #expect(sync.begin(at: Self.at(10)) == [.scheduleNext(notBefore: Self.at(910)), Self.queue()])
    }

    @Test("steps with a count of nothing are left out, and a list without steps completes at once")
    func emptySteps() {
        let empty = Sync(BackgroundSyncPolicy(interval: .seconds(5), backgroundSteps: [], pushSteps: []))
        #expect(empty.begin(at: .origin) == [.scheduleNext(notBefore: Self.at(5)), .finished(run: 1, .completed)])
        #expect(empty.push(at: .origin) == [.finished(run: 2, .completed)])
        let steps = [
            BackgroundStep(.connect, count: 0), BackgroundStep(.runQueue, count: 2),
            BackgroundStep(.listChannels, count: -1),
        ]
        let sync = Sync(BackgroundSyncPolicy(pushSteps: steps + [BackgroundStep(.showMessage)]))
        #expect(sync.push(at: .origin) == [Self.queue()])
        #expect(sync.succeed(Self.id(1, 1), at: .origin) == [.begin(.runQueue, repetition: 1, Self.id(1, 2))])
        #expect(sync.succeed(Self.id(1, 2), at: .origin) == [.begin(.showMessage, repetition: 0, Self.id(1, 3))])
        #expect(sync.succeed(Self.id(1, 3), at: .origin) == [.finished(run: 1, .completed)])
    }

    @Test("whatever happens: each run ends once, before the next begins, and only the step under way moves it")
    func randomInput() {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SplitMix(state: seed)
            let sync = Sync()
            var now = Instant.origin
            var open: UInt32?
            var lastStep = Self.id(0, 0)
            for _ in 0..<150 {
                now += .milliseconds(Int64(random.next(below: 8_000)))
                let before = sync.machine
                let guess = Self.id(lastStep.run &- UInt32(random.next(below: 5) / 4), lastStep.ordinal)
                let actions: [BackgroundSyncAction]
                switch random.next(below: 10) {
                case 0: actions = sync.begin(at: now)
                case 1: actions = sync.push(at: now)
                case 2: actions = sync.end(guess.run)
                case 3: actions = sync.fail(guess, at: now)
                case 4, 5:
                    actions = sync.advance(to: now)
                    if now < before.nextDeadline { #expect(sync.machine == before, "seed \(seed)") }
                    #expect(sync.machine.nextDeadline > now, "seed \(seed)")
                default: actions = sync.succeed(guess, found: random.next(below: 7), at: now)
                }
                for action in actions {
                    switch action {
                    case .connect(let id), .begin(_, _, let id):
                        if let open { #expect(open == id.run, "seed \(seed)") }
                        let follows = id.run == lastStep.run && id.ordinal == lastStep.ordinal + 1
                        #expect(follows || (id.run > lastStep.run && id.ordinal == 1), "seed \(seed)")
                        open = id.run
                        lastStep = id
                    case .finished(let run, _):
                        #expect(open == run, "seed \(seed)")
                        open = nil
                    case .scheduleNext(let notBefore):
                        #expect(open == nil && notBefore == now + .minutes(15), "seed \(seed)")
                    }
                }
                #expect(sync.machine.isRunning == (open != nil), "seed \(seed)")
            }
        }
    }
}
