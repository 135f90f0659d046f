public import MonotonicTime

/// Settings of a token refresher.
public struct TokenRefreshPolicy: Sendable, Hashable {
    /// When a token is refreshed by itself.
    public enum Schedule: Sendable, Hashable {
        /// This long before it expires; at once if that is past.
        case beforeExpiry(Interval)
        /// At half of its lifetime, or this long before it expires, whichever is later. No lifetime is so short that
        /// this is at once.
        case laterOfHalfLifetimeAndBeforeExpiry(Interval)
        /// Never. Its end is not announced either: the next caller gets a new one.
        case onDemandOnly
    }

    /// When a caller who needs a token makes the refresher fetch a new one. Never earlier than the planned refresh
    /// (before its jitter), if there is one: otherwise tokens that live shorter than this would be fetched anew for
    /// each caller.
    public enum Demand: Sendable, Hashable {
        /// Callers never cause a refresh.
        case never
        /// When so much of its lifetime is left, or less.
        case atMost(Interval)
        /// When less than this is left.
        case below(Interval)
    }

    /// Faults of real systems, all off by default.
    public struct Hazards: OptionSet, Sendable, Hashable {
        /// One bit a fault.
        public let rawValue: UInt8

        /// A set of faults by their bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// `minimumPause` is not kept. (Chat SDK, document and shipped manager.) With a refresh five minutes before
        /// expiry, a token that lives five minutes or less is refreshed in an endless loop, as fast as the server
        /// answers.
        public static let noMinimumPause = Hazards(rawValue: 1 << 0)
        /// A delay of more than 2³¹ − 1 ms (about 24.8 days) becomes zero, as `setTimeout` does in browsers and in
        /// Node.js. (Chat SDK, document and shipped manager.) Long-lived tokens are refreshed in an endless loop.
        public static let browserTimerOverflow = Hazards(rawValue: 1 << 1)
        /// The first failure of a refresh is the end, and so is a planned refresh without a refresh token, although
        /// the token still lives for minutes. (Chat SDK, document.) A single lost packet logs the user out.
        public static let failureExpires = Hazards(rawValue: 1 << 2)
        /// Stopping clears the timer but not the refresh under way, whose success sets the refresher going again.
        /// (Chat SDK, document and shipped manager.) Somebody who logs out during a refresh is logged in again.
        public static let stopLeavesRefreshRunning = Hazards(rawValue: 1 << 3)
        /// Each caller has a refresh of its own. (Chat SDK, shipped client.) A screen that sends ten requests asks ten
        /// times, and a server that accepts each refresh token once refuses nine of them.
        public static let callersDoNotShare = Hazards(rawValue: 1 << 4)
    }

    /// The largest delay of a browser's timer, 2³¹ − 1 ms.
    public static let browserTimerLimit = Interval.milliseconds(2_147_483_647)

    /// When a token is refreshed by itself.
    public var schedule: Schedule
    /// A planned refresh comes up to this much later, at random, so that tokens issued together (after a restart of
    /// the server, say) are not refreshed together. Zero draws nothing.
    public var spread: Interval
    /// The spread ends so long before the token expires; it is narrowed to what room there is, so that its randomness
    /// is kept and nothing gathers at its end. A refresh planned later than this has no spread.
    public var expiryMargin: Interval
    /// When callers cause a refresh.
    public var demand: Demand
    /// Whether a token that the server refused (HTTP 401) is refreshed for the caller who reports it.
    public var refreshesAfterRejection: Bool
    /// The wait after a refresh that failed for now; nil: it is not tried again by itself.
    public var retry: Backoff?
    /// The least time between the end of a refresh and the begin of the next one, whatever else is said.
    public var minimumPause: Interval
    /// The faults switched on.
    public var hazards: Hazards

    /// A refresher's settings; the defaults are `chatSDK`.
    public init(
        schedule: Schedule = .laterOfHalfLifetimeAndBeforeExpiry(.minutes(5)),
        spread: Interval = .seconds(60),
        expiryMargin: Interval = .seconds(60),
        demand: Demand = .atMost(.seconds(60)),
        refreshesAfterRejection: Bool = true,
        retry: Backoff? = .exponential(base: .seconds(1), cap: .seconds(60), jitter: .full),
        minimumPause: Interval = .seconds(1),
        hazards: Hazards = []
    ) {
        self.schedule = schedule
        self.spread = spread
        self.expiryMargin = expiryMargin
        self.demand = demand
        self.refreshesAfterRejection = refreshesAfterRejection
        self.retry = retry
        self.minimumPause = minimumPause
        self.hazards = hazards
    }

    /// What a user of the chat SDK would expect: a refresh at half the lifetime or five minutes before expiry,
    /// spread, retried until expiry, and shared by all callers. The spread ends where callers begin to ask.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f), with its faults mended.
    public static let chatSDK = TokenRefreshPolicy()

    /// The chat SDK's document as its sketch behaves, with all of its faults.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
    public static let chatSDKDocumented = TokenRefreshPolicy(
        schedule: .beforeExpiry(.minutes(5)),
        spread: .zero,
        demand: .never,
        refreshesAfterRejection: false,
        retry: nil,
        hazards: [.noMinimumPause, .browserTimerOverflow, .failureExpires, .stopLeavesRefreshRunning]
    )

    /// The chat SDK's shipped token manager, which its client does not use.
    ///
    /// - Source: Impact-Idol/ChatSDK, `packages/core` (121913c).
    public static let chatSDKShippedManager = TokenRefreshPolicy(
        schedule: .beforeExpiry(.minutes(5)),
        spread: .zero,
        demand: .atMost(.seconds(60)),
        refreshesAfterRejection: false,
        retry: nil,
        hazards: [.noMinimumPause, .browserTimerOverflow, .stopLeavesRefreshRunning]
    )

    /// The chat SDK's shipped client: each request sees to its own token, and once more after a 401.
    ///
    /// - Source: Impact-Idol/ChatSDK, `packages/core` (121913c).
    public static let chatSDKShippedClient = TokenRefreshPolicy(
        schedule: .onDemandOnly,
        spread: .zero,
        demand: .below(.seconds(60)),
        refreshesAfterRejection: true,
        retry: nil,
        hazards: [.noMinimumPause, .callersDoNotShare]
    )

    /// The party table's join token: fetched anew when 30 s or less are left, one fetch shared. A failed fetch is
    /// the connection supervisor's to retry, so there is neither backoff nor pause.
    ///
    /// - Source: hansy/drawspell, `multiplayer-sync` hook (19162df).
    public static let partyTableJoinToken = TokenRefreshPolicy(
        schedule: .onDemandOnly,
        spread: .zero,
        demand: .atMost(.seconds(30)),
        refreshesAfterRejection: false,
        retry: nil,
        minimumPause: .zero
    )

    /// How long the party table's server lets a join token live.
    ///
    /// - Source: hansy/drawspell, `apps/server` (19162df).
    public static let partyTableJoinTokenLifetime = Interval.seconds(300)
}
