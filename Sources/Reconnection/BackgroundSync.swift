public import MonotonicTime

/// One kind of work done in the background, and how often it is repeated within a run.
public struct BackgroundStep: Sendable, Hashable {
    /// What is done.
    public enum Kind: Sendable, Hashable {
        /// Connect to the server; asked for by an action of its own.
        case connect
        /// Send what waits in the offline queue.
        case runQueue
        /// Fetch the list of channels. Its report says how many there are.
        case listChannels
        /// Fetch this many of the latest messages of one channel, the one whose index is that of the repetition.
        case fetchLatestMessages(limit: Int)
        /// Fetch the one message a push announced.
        case fetchMessage
        /// Show that message to the user.
        case showMessage
    }

    /// What is done.
    public var kind: Kind
    /// How often, one after another; 0 and below leave the step out.
    public var count: Int
    /// Whether it is repeated no more often than the step before found items, by its report.
    public var isBoundedByItemsFound: Bool

    /// A step made of its parts.
    public init(_ kind: Kind, count: Int = 1, isBoundedByItemsFound: Bool = false) {
        self.kind = kind
        self.count = count
        self.isBoundedByItemsFound = isBoundedByItemsFound
    }
}

/// Settings of background synchronisation.
public struct BackgroundSyncPolicy: Sendable, Hashable {
    /// The least time from the begin of a background run to that of the next; when it really comes is the system's
    /// choice.
    public var interval: Interval
    /// What a background run does, in order.
    public var backgroundSteps: [BackgroundStep]
    /// What a wake-up by a push does, in order.
    public var pushSteps: [BackgroundStep]

    /// The settings; the defaults are `chatSDK`.
    public init(
        interval: Interval = .minutes(15),
        backgroundSteps: [BackgroundStep] = [
            BackgroundStep(.runQueue),
            BackgroundStep(.listChannels),
            BackgroundStep(.fetchLatestMessages(limit: 20), count: 5, isBoundedByItemsFound: true),
        ],
        pushSteps: [BackgroundStep] = [
            BackgroundStep(.connect), BackgroundStep(.fetchMessage), BackgroundStep(.showMessage),
        ]
    ) {
        self.interval = interval
        self.backgroundSteps = backgroundSteps
        self.pushSteps = pushSteps
    }

    /// The chat SDK's document: every 15 minutes the queue, the channels, and the latest 20 messages of the first
    /// five; on a push, the one message.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
    public static let chatSDK = BackgroundSyncPolicy()
}

/// Something background synchronisation wants done or told.
public enum BackgroundSyncAction: Sendable, Hashable {
    /// Connect, and report the end of it as that of any step.
    case connect(BackgroundSync.StepID)
    /// Do a step; `repetition` counts from 0.
    case begin(BackgroundStep.Kind, repetition: Int, BackgroundSync.StepID)
    /// The run is over: stop what it does, and tell the system.
    case finished(run: UInt32, BackgroundSync.Outcome)
    /// Ask the system for the next background run, at this instant or later. Replaces what was asked for before.
    case scheduleNext(notBefore: Instant)
}

/// What an app does when its system wakes it in the background, within the time the system gives it.
///
/// | state | event | next |
/// |---|---|---|
/// | idle | launched | idle: the next run is scheduled |
/// | idle | background run begins | running: the next run is scheduled, the first step begins |
/// | idle | push received | running: the first step begins |
/// | running | background run begins, or push received | running: refused, one run at a time |
/// | running | step succeeded, another left | running: the next step begins |
/// | running | step succeeded, none left | idle: completed |
/// | running | step failed | idle: failed; the steps behind it are left out |
/// | running | budget over, or the system ends it | idle: cut off |
///
/// The next run is scheduled when a run begins, not when it ends: a run that the system kills without a word still has
/// a successor. The only state worth keeping over a termination or a reboot is `lastRun`; after either, make a new
/// value from it, on the clock of now, and report `launched`. A background run that the system begins early is run
/// all the same.
///
/// Reports carry the step they are about; those of an earlier step or run are late, and ignored. A report at the very
/// instant at which the budget is over is too late. Draws: none.
public struct BackgroundSync: Sendable, Hashable {
    /// Names one step of one run.
    public struct StepID: Sendable, Hashable {
        /// The run, from 1.
        public let run: UInt32
        /// The place among the steps begun in this run, from 1.
        public let ordinal: UInt32

        /// The name of a step.
        public init(run: UInt32, ordinal: UInt32) {
            self.run = run
            self.ordinal = ordinal
        }
    }

    /// How a run ended.
    public enum Outcome: Sendable, Hashable {
        /// All steps were done.
        case completed
        /// The system ended it, or its budget was over.
        case cutOff
        /// A step failed.
        case failed(BackgroundStep.Kind)
    }

    /// Why a run is made.
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// The system's background fetch.
        case backgroundFetch = "background-fetch"
        /// A push message.
        case push
    }

    /// When the last background run began; nil if never. Worth keeping over a termination.
    public private(set) var lastRun: Instant?
    /// The number of the last run.
    public private(set) var runNumber: UInt32 = 0
    /// Why the run under way is made; nil while idle.
    public private(set) var cause: Cause?
    /// When the budget of the run under way is over; `.distantFuture` if never, or while idle.
    public private(set) var budgetEnd: Instant = .distantFuture

    /// The step under way: its place in the policy's list, its repetition, and its place in the run.
    private var step = 0
    private var repetition = 0
    private var ordinal: UInt32 = 0
    /// How often the step under way is done.
    private var repetitions = 0

    /// Idle.
    ///
    /// - Parameter lastRun: when the last background run began, on the clock of now (before its origin, perhaps);
    ///   nil if never.
    public init(lastRun: Instant? = nil) {
        self.lastRun = lastRun
    }

    /// Whether a run is under way.
    public var isRunning: Bool { cause != nil }

    /// The next instant at which `advance` has something to do; `.distantFuture` if there is none.
    public var nextDeadline: Instant { budgetEnd }

    // MARK: What the system says

    /// The app was launched: by its user, or by the system after a reboot. Schedules the next run one interval after
    /// the last one, or at once if that is past. Ignored while a run is under way, which has scheduled it already.
    public func launched(
        at now: Instant,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) {
        guard !isRunning else { return }
        let next = lastRun.map { max(now, $0 + policy.interval) } ?? now
        actions.append(.scheduleNext(notBefore: next))
    }

    /// The system begins a background run and gives it so much time; `Interval.max` means no limit.
    ///
    /// - Returns: the run's number; nil if another one is under way, and the system is to be told so.
    @discardableResult
    public mutating func runBegan(
        at now: Instant,
        budget: Interval,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) -> UInt32? {
        advance(to: now, actions: &actions)
        guard !isRunning else { return nil }
        lastRun = now
        actions.append(.scheduleNext(notBefore: now + policy.interval))
        return begin(.backgroundFetch, at: now, budget: budget, policy: policy, actions: &actions)
    }

    /// A push woke the app, and the system gives it so much time; `Interval.max` means no limit. Leaves the schedule
    /// of background runs alone.
    ///
    /// - Returns: the run's number; nil if another one is under way, and the message is left for that one to find.
    @discardableResult
    public mutating func pushReceived(
        at now: Instant,
        budget: Interval,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) -> UInt32? {
        advance(to: now, actions: &actions)
        guard !isRunning else { return nil }
        return begin(.push, at: now, budget: budget, policy: policy, actions: &actions)
    }

    /// The system ends a run before its time. Ignored unless that one is under way.
    public mutating func systemEnds(run: UInt32, actions: inout ActionBuffer<BackgroundSyncAction>) {
        guard isRunning, run == runNumber else { return }
        finish(.cutOff, actions: &actions)
    }

    // MARK: What becomes of steps

    /// A step is done.
    ///
    /// - Parameter itemsFound: how many items it found (channels, say), for the step behind it.
    public mutating func stepSucceeded(
        _ id: StepID,
        itemsFound: Int = .max,
        at now: Instant,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) {
        advance(to: now, actions: &actions)
        guard isUnderWay(id) else { return }
        if repetition + 1 < repetitions {
            repetition += 1
            ask(policy: policy, actions: &actions)
        } else {
            beginStep(from: step + 1, itemsFound: itemsFound, policy: policy, actions: &actions)
        }
    }

    /// A step failed, and with it the run.
    public mutating func stepFailed(
        _ id: StepID,
        at now: Instant,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) {
        advance(to: now, actions: &actions)
        guard isUnderWay(id), let failed = steps(policy)[checked: step] else { return }
        finish(.failed(failed.kind), actions: &actions)
    }

    /// Does what is due: a run whose budget is over is cut off.
    public mutating func advance(to now: Instant, actions: inout ActionBuffer<BackgroundSyncAction>) {
        guard isRunning, budgetEnd <= now else { return }
        finish(.cutOff, actions: &actions)
    }

    // MARK: Steps

    private mutating func begin(
        _ cause: Cause,
        at now: Instant,
        budget: Interval,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) -> UInt32 {
        self.cause = cause
        runNumber &+= 1
        ordinal = 0
        budgetEnd = now + budget
        // The run may be over at once: a budget of nothing, or a list without steps.
        if budgetEnd <= now {
            finish(.cutOff, actions: &actions)
        } else {
            beginStep(from: 0, itemsFound: .max, policy: policy, actions: &actions)
        }
        return runNumber
    }

    /// Begins the first step at or behind a place in the list that is to be done at least once.
    private mutating func beginStep(
        from place: Int,
        itemsFound: Int,
        policy: BackgroundSyncPolicy,
        actions: inout ActionBuffer<BackgroundSyncAction>
    ) {
        step = place
        while let next = steps(policy)[checked: step] {
            repetitions = next.isBoundedByItemsFound ? min(next.count, itemsFound) : next.count
            if repetitions > 0 {
                repetition = 0
                ask(policy: policy, actions: &actions)
                return
            }
            step += 1
        }
        finish(.completed, actions: &actions)
    }

    private mutating func ask(policy: BackgroundSyncPolicy, actions: inout ActionBuffer<BackgroundSyncAction>) {
        guard let current = steps(policy)[checked: step] else { return }
        ordinal &+= 1
        let id = StepID(run: runNumber, ordinal: ordinal)
        switch current.kind {
        case .connect: actions.append(.connect(id))
        case let kind: actions.append(.begin(kind, repetition: repetition, id))
        }
    }

    private mutating func finish(_ outcome: Outcome, actions: inout ActionBuffer<BackgroundSyncAction>) {
        cause = nil
        budgetEnd = .distantFuture
        actions.append(.finished(run: runNumber, outcome))
    }

    private func isUnderWay(_ id: StepID) -> Bool {
        isRunning && id == StepID(run: runNumber, ordinal: ordinal)
    }

    private func steps(_ policy: BackgroundSyncPolicy) -> [BackgroundStep] {
        switch cause {
        case .backgroundFetch: policy.backgroundSteps
        case .push: policy.pushSteps
        case nil: []
        }
    }
}

extension Array {
    /// The element at an index, or nil beyond the ends.
    fileprivate subscript(checked index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}
