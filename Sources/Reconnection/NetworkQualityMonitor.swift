public import MonotonicTime

/// How good a connection is, best first; a better level is the smaller one.
public enum NetworkQuality: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Nobody notices the network.
    case excellent
    /// Noticeable, but no hindrance.
    case good
    /// A hindrance now and then.
    case fair
    /// Hardly usable.
    case poor
    /// Nothing gets through.
    case offline

    /// Whether the left level is better than the right one.
    public static func < (left: NetworkQuality, right: NetworkQuality) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .excellent: 0
        case .good: 1
        case .fair: 2
        case .poor: 3
        case .offline: 4
        }
    }
}

/// Settings of a network quality monitor.
public struct NetworkQualityPolicy: Sendable, Hashable {
    /// What a level asks for: both limits must be kept.
    public struct Limit: Sendable, Hashable {
        /// The round trip must be shorter than this.
        public var latencyBelow: Interval
        /// The loss score must be less than this.
        public var lossBelow: Int

        /// A level's limits.
        public init(latencyBelow: Interval, lossBelow: Int) {
            self.latencyBelow = latencyBelow
            self.lossBelow = lossBelow
        }
    }

    /// How failed pings add up: a score in 0 ... 100, 0 at first.
    public struct LossScore: Sendable, Hashable {
        /// A failed ping raises the score by this, to no more than 100.
        public var perFailure: Int
        /// An answered ping lowers it by this, to no less than 0.
        public var perSuccess: Int
        /// Above this score the level is offline, whatever the latency.
        public var offlineAbove: Int

        /// A loss score's steps. The defaults remember nothing: one failure means offline, one answer makes up for it.
        public init(perFailure: Int = 100, perSuccess: Int = 100, offlineAbove: Int = 10) {
            self.perFailure = perFailure
            self.perSuccess = perSuccess
            self.offlineAbove = offlineAbove
        }
    }

    /// How many results in a row must agree before the level changes, so that a connection on the border between two
    /// levels does not make an app's banner flicker.
    ///
    /// Results agree while all of them are better than the current level, or all are worse. When enough have come,
    /// the level moves as far as every one of them supports: to the worst of the better ones, or the best of the worse
    /// ones. A result on the current level, or on its other side, starts counting over. The system's offline event
    /// acts at once, and so does the first result after a start or after the online event.
    public struct HysteresisRule: Sendable, Hashable {
        /// So many better results improve the level; 1 and below: each result counts at once.
        public var improveAfter: Int
        /// So many worse results worsen it; 1 and below: each result counts at once.
        public var worsenAfter: Int

        /// A rule made of its two counts.
        public init(improveAfter: Int, worsenAfter: Int) {
            self.improveAfter = improveAfter
            self.worsenAfter = worsenAfter
        }

        /// Each result counts at once.
        public static let none = HysteresisRule(improveAfter: 1, worsenAfter: 1)
    }

    /// When the level is announced.
    public enum Announcement: String, Sendable, Hashable, CaseIterable {
        /// Only when it has changed. The default: a listener that redraws at every ping wakes an app's interface each
        /// ten seconds to show what it shows already.
        case onChange = "on-change"
        /// After the result of every ping and at the offline event, changed or not.
        case everyPing = "every-ping"
        /// The same, and to everybody who begins to listen.
        case everyPingAndSubscription = "every-ping-and-subscription"
    }

    /// Faults of real systems, all off by default.
    public struct Hazards: OptionSet, Sendable, Hashable {
        /// One bit a fault.
        public let rawValue: UInt8

        /// A set of faults by their bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// A ping under way when the offline event comes still counts. (Chat SDK, document and shipped code.) Costs a
        /// user interface that says "excellent" in airplane mode, until the next ping.
        public static let lateResultsCount = Hazards(rawValue: 1 << 0)
        /// A ping is sent although another is under way. (Chat SDK, document and shipped code.) On a slow link pings
        /// pile up and slow it further, and an old answer can overrule a newer one.
        public static let pingsOverlap = Hazards(rawValue: 1 << 1)
    }

    /// Time between two pings; less than a millisecond counts as one.
    public var interval: Interval
    /// A ping without an answer for so long has failed; `Interval.max` means that it may hang for ever, and then no
    /// further one is sent unless pings overlap.
    public var timeout: Interval
    /// What makes a connection excellent.
    public var excellent: Limit
    /// What makes it good, if it is not excellent.
    public var good: Limit
    /// What makes it fair, if it is not good; nil: there is no such level. All else is poor.
    public var fair: Limit?
    /// How failed pings add up.
    public var lossScore: LossScore
    /// How many results must agree.
    public var hysteresis: HysteresisRule
    /// The level before anything is known.
    public var startLevel: NetworkQuality
    /// When the level is announced.
    public var announcement: Announcement
    /// Whether pings go on while the system says that there is no network.
    public var pingsWhileOffline: Bool
    /// The faults switched on.
    public var hazards: Hazards

    /// A monitor's settings; the defaults are `chatSDK`.
    public init(
        interval: Interval = .seconds(10),
        timeout: Interval = .seconds(5),
        excellent: Limit = Limit(latencyBelow: .milliseconds(100), lossBelow: 1),
        good: Limit = Limit(latencyBelow: .milliseconds(300), lossBelow: 1),
        fair: Limit? = nil,
        lossScore: LossScore = LossScore(),
        hysteresis: HysteresisRule = .none,
        startLevel: NetworkQuality = .excellent,
        announcement: Announcement = .onChange,
        pingsWhileOffline: Bool = false,
        hazards: Hazards = []
    ) {
        self.interval = interval
        self.timeout = timeout
        self.excellent = excellent
        self.good = good
        self.fair = fair
        self.lossScore = lossScore
        self.hysteresis = hysteresis
        self.startLevel = startLevel
        self.announcement = announcement
        self.pingsWhileOffline = pingsWhileOffline
        self.hazards = hazards
    }

    /// What a user of the chat SDK would expect: the document's levels, without its faults.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f), with its faults mended and the time-out of the
    ///   shipped code, without which a single hanging ping would end all measuring.
    public static let chatSDK = NetworkQualityPolicy()

    /// The chat SDK's document as its sketch behaves: no time-out, each ping announced, both faults.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
    public static let chatSDKDocumented = NetworkQualityPolicy(
        timeout: .max,
        announcement: .everyPing,
        pingsWhileOffline: true,
        hazards: [.lateResultsCount, .pingsOverlap]
    )

    /// The chat SDK's shipped monitor: latency and loss, so that one failure reads poor, two in a row offline, and
    /// four answers are needed to be excellent again.
    ///
    /// - Source: Impact-Idol/ChatSDK, `packages/core` (121913c).
    public static let chatSDKShipped = NetworkQualityPolicy(
        timeout: .seconds(5),
        excellent: Limit(latencyBelow: .milliseconds(50), lossBelow: 1),
        good: Limit(latencyBelow: .milliseconds(150), lossBelow: 2),
        fair: Limit(latencyBelow: .milliseconds(300), lossBelow: 5),
        lossScore: LossScore(perFailure: 10, perSuccess: 5, offlineAbove: 10),
        startLevel: .good,
        announcement: .everyPingAndSubscription,
        pingsWhileOffline: true,
        hazards: [.lateResultsCount, .pingsOverlap]
    )
}

/// Something a network quality monitor wants done or told.
public enum NetworkQualityAction: Sendable, Hashable {
    /// Send a ping, and report its answer or its failure with this number.
    case sendPing(number: UInt32)
    /// The level is now `to`. `from` differs from it unless the policy announces unchanged levels too. `latency` is
    /// that of the ping behind it; nil for a failed ping and for the system's events.
    case qualityChanged(from: NetworkQuality, to: NetworkQuality, latency: Interval?)
}

/// Tells how good the connection is, from pings and from what the system says.
///
/// | state | event | next |
/// |---|---|---|
/// | stopped | start, system online | running: a ping at once, then one an interval |
/// | stopped | start, system offline | running: level offline; pings only if the policy wants them offline too |
/// | running | ping due, none under way | a ping is sent, its answer due after `timeout` |
/// | running | ping due, one under way | that ping is left out; the rhythm goes on |
/// | running | answer | loss falls; level from latency and loss |
/// | running | failure, or no answer in time | loss rises; level from the last latency and loss |
/// | running | offline event | level offline at once; pings under way are dropped; pings pause |
/// | running | online event | a ping at once (unless one is under way); paused pings have a new rhythm from then |
/// | any | stop | stopped: pings under way are dropped; level and loss stay |
///
/// A result belongs to a ping under way, by its number; every other result is late, repeated or made up, and ignored.
/// An answer at the very instant of its deadline is too late. Repeated starts, stops and system events change nothing.
/// After a sleep that swallowed pings one is sent, and the rhythm starts anew. Draws: none.
public struct NetworkQualityMonitor: Sendable, Hashable {
    /// A ping without a result yet.
    private struct Ping: Sendable, Hashable {
        var number: UInt32
        var sentAt: Instant
        var deadline: Instant
    }

    /// Results on the same side of the level, in a row.
    private struct Run: Sendable, Hashable {
        var level: NetworkQuality
        var count: Int
    }

    /// With overlapping pings and no time-out, the oldest is forgotten beyond this number.
    private static let mostUnderWay = 64

    /// The level.
    public private(set) var level: NetworkQuality
    /// The round trip of the last answered ping; nil before the first answer.
    public private(set) var latency: Interval?
    /// The loss score, 0 ... 100.
    public private(set) var loss = 0
    /// Whether the monitor was started.
    public private(set) var isRunning = false
    /// What the system said last; online until it says otherwise.
    public private(set) var isOnline = true
    /// The number of the last ping sent.
    public private(set) var lastPing: UInt32 = 0
    /// When the next ping is due; `.distantFuture` while stopped or paused.
    public private(set) var nextPing: Instant = .distantFuture
    /// Oldest first, so that the first one's deadline is the earliest.
    private var underWay: [Ping] = []
    /// Results that disagree with the level; nil if the last one agreed with it.
    private var run: Run?
    /// Whether the next result counts at once, whatever the hysteresis.
    private var nextResultCounts = true

    /// A stopped monitor on the policy's first level.
    public init(policy: NetworkQualityPolicy) {
        level = policy.startLevel
    }

    /// How many pings are under way.
    public var pingsUnderWay: Int { underWay.count }

    /// The next instant at which `advance` has something to do; `.distantFuture` if there is none.
    public var nextDeadline: Instant {
        min(nextPing, underWay.first?.deadline ?? .distantFuture)
    }

    // MARK: What the app and its system say

    /// The app wants to know.
    public mutating func start(
        at now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        guard !isRunning else { return }
        isRunning = true
        beginMeasuring(at: now, policy: policy, actions: &actions)
        if !isOnline { setLevel(.offline, latency: nil, policy: policy, actions: &actions) }
    }

    /// The app no longer wants to know.
    public mutating func stop() {
        isRunning = false
        nextPing = .distantFuture
        dropPings()
    }

    /// The system says whether there is a network. While stopped this is only noted.
    public mutating func networkChanged(
        isOnline: Bool,
        at now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        guard isOnline != self.isOnline else { return }
        self.isOnline = isOnline
        guard isRunning else { return }
        guard !isOnline else {
            beginMeasuring(at: now, policy: policy, actions: &actions)
            return
        }
        if !policy.hazards.contains(.lateResultsCount) { dropPings() }
        if !policy.pingsWhileOffline { nextPing = .distantFuture }
        run = nil
        setLevel(.offline, latency: nil, policy: policy, actions: &actions)
    }

    /// Somebody begins to listen: told the level at once if the policy says so, and nothing otherwise.
    public func subscribed(policy: NetworkQualityPolicy, actions: inout ActionBuffer<NetworkQualityAction>) {
        guard policy.announcement == .everyPingAndSubscription else { return }
        actions.append(.qualityChanged(from: level, to: level, latency: nil))
    }

    // MARK: What becomes of pings

    /// The answer to a ping arrived. Its latency is the time since `sendPing` was asked for, zero or more.
    public mutating func pong(
        number: UInt32,
        at now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        guard let ping = end(number) else { return }
        guard now < ping.deadline else {
            recordFailure(policy: policy, actions: &actions)
            return
        }
        let latency = max(.zero, now - ping.sentAt)
        self.latency = latency
        loss = max(0, loss - policy.lossScore.perSuccess)
        judge(latency: latency, policy: policy, actions: &actions)
    }

    /// A ping failed: refused, reset, or not even sent.
    public mutating func pingFailed(
        number: UInt32,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        guard end(number) != nil else { return }
        recordFailure(policy: policy, actions: &actions)
    }

    /// Does what is due: first pings without an answer fail, then the next one is sent.
    public mutating func advance(
        to now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        while let oldest = underWay.first, oldest.deadline <= now {
            underWay.removeFirst()
            recordFailure(policy: policy, actions: &actions)
        }
        guard nextPing <= now else { return }
        let interval = max(policy.interval, .milliseconds(1))
        let following = nextPing + interval
        nextPing = following > now ? following : now + interval
        sendPing(at: now, policy: policy, actions: &actions)
    }

    // MARK: Steps

    /// A ping at once, for a start and for the online event. A rhythm that was paused starts anew.
    private mutating func beginMeasuring(
        at now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        nextResultCounts = true
        run = nil
        guard isOnline || policy.pingsWhileOffline else { return }
        if nextPing == .distantFuture { nextPing = now + max(policy.interval, .milliseconds(1)) }
        sendPing(at: now, policy: policy, actions: &actions)
    }

    private mutating func sendPing(
        at now: Instant,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        guard underWay.isEmpty || policy.hazards.contains(.pingsOverlap) else { return }
        if underWay.count == Self.mostUnderWay { underWay.removeFirst() }
        lastPing &+= 1
        underWay.append(Ping(number: lastPing, sentAt: now, deadline: now + policy.timeout))
        actions.append(.sendPing(number: lastPing))
    }

    private mutating func end(_ number: UInt32) -> Ping? {
        guard let index = underWay.firstIndex(where: { $0.number == number }) else { return nil }
        return underWay.remove(at: index)
    }

    private mutating func dropPings() {
        underWay.removeAll(keepingCapacity: true)
    }

    private mutating func recordFailure(
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        loss = min(100, loss + policy.lossScore.perFailure)
        judge(latency: nil, policy: policy, actions: &actions)
    }

    /// Turns a ping's result into a level, by way of the hysteresis.
    private mutating func judge(
        latency: Interval?,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        let next = settled(measuredLevel(policy), rule: policy.hysteresis)
        setLevel(next, latency: latency, policy: policy, actions: &actions)
    }

    /// The level that the last latency and the loss score speak for. Without any latency yet, loss alone decides.
    private func measuredLevel(_ policy: NetworkQualityPolicy) -> NetworkQuality {
        guard loss <= policy.lossScore.offlineAbove else { return .offline }
        let latency = latency ?? .zero
        func isKept(_ limit: NetworkQualityPolicy.Limit) -> Bool {
            latency < limit.latencyBelow && loss < limit.lossBelow
        }
        if isKept(policy.excellent) { return .excellent }
        if isKept(policy.good) { return .good }
        if let fair = policy.fair, isKept(fair) { return .fair }
        return .poor
    }

    private mutating func settled(
        _ measured: NetworkQuality,
        rule: NetworkQualityPolicy.HysteresisRule
    ) -> NetworkQuality {
        guard !nextResultCounts, measured != level else {
            nextResultCounts = false
            run = nil
            return measured
        }
        let improves = measured < level
        if let run, (run.level < level) == improves {
            let agreed = improves ? max(run.level, measured) : min(run.level, measured)
            self.run = Run(level: agreed, count: run.count + 1)
        } else {
            run = Run(level: measured, count: 1)
        }
        guard let run, run.count >= (improves ? rule.improveAfter : rule.worsenAfter) else { return level }
        self.run = nil
        return run.level
    }

    private mutating func setLevel(
        _ next: NetworkQuality,
        latency: Interval?,
        policy: NetworkQualityPolicy,
        actions: inout ActionBuffer<NetworkQualityAction>
    ) {
        let previous = level
        level = next
        guard next != previous || policy.announcement != .onChange else { return }
        actions.append(.qualityChanged(from: previous, to: next, latency: latency))
    }
}
