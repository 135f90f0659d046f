public import MonotonicTime

/// Settings of a circuit breaker.
public struct CircuitBreakerPolicy: Sendable, Hashable {
    /// Which results count towards opening, and when there are enough of them.
    public enum Counting: Sendable, Hashable {
        /// Failures in a row, `failuresToOpen` of them; a success starts over.
        case consecutive
        /// Failures within this long before now, `failuresToOpen` of them; one exactly so old no longer counts.
        /// Successes change nothing.
        case slidingWindow(Interval)
        /// Failures in a row, `failuresToOpen` of them within this long before now; one exactly so old no longer
        /// counts, and a success starts over (the chat SDK's shipped code).
        case consecutiveWithin(Interval)
        /// The failed share of the last so many calls, once there are `minimumCalls` of them (more than `ofLast` count
        /// as `ofLast`). Decided after every result, even a success: that may be the call that makes them enough.
        /// `failuresToOpen` plays no part.
        ///
        /// - Source: resilience4j, `CircuitBreakerMetrics`, `FixedSizeSlidingWindowMetrics`.
        case failureShare(FailureShare, ofLast: Int, minimumCalls: Int)
        /// The failed share of the calls within this long before now, once there are `minimumCalls` of them. Decided
        /// after failures alone. `failuresToOpen` plays no part.
        ///
        /// Calls are counted by slice. The first result starts one, and so does each result that comes window / slices
        /// or more after the start of the last; a slice whose start is exactly as old as the window no longer counts,
        /// with all its calls. So a call counts for more than window − window / slices, and at most for the window.
        ///
        /// - Source: Polly 8, `RollingHealthMetrics`, `AdvancedCircuitBehavior`. opossum turns its slices over by a
        ///   timer instead, so theirs have other borders.
        case failureShareWithin(FailureShare, window: Interval, slices: Int, minimumCalls: Int)
    }

    /// A share of failed calls, and whether it must be reached or exceeded.
    public struct FailureShare: Sendable, Hashable {
        /// The share, 0 ... 1.
        public var share: Double
        /// Whether a share exactly as large is not enough.
        public var isStrict: Bool

        /// A share to be reached, or exceeded if strict.
        public init(_ share: Double, isStrict: Bool) {
            self.share = share
            self.isStrict = isStrict
        }

        /// This share or more (resilience4j, Polly).
        public static func atLeast(_ share: Double) -> FailureShare { FailureShare(share, isStrict: false) }

        /// More than this share (opossum, cockatiel).
        public static func above(_ share: Double) -> FailureShare { FailureShare(share, isStrict: true) }

        /// Whether so many failures among so many calls are enough; never without a call.
        ///
        /// The quotient is compared, not the product: 7 of 100 are then exactly the share that is written 0.07.
        public func isReached(failures: Int, calls: Int) -> Bool {
            guard calls > 0 else { return false }
            let failed = Double(failures) / Double(calls)
            return isStrict ? failed > share : failed >= share
        }
    }

    /// Which results count.
    public var counting: Counting
    /// So many counted failures open the breaker, unless shares are counted; at least 1.
    public var failuresToOpen: Int
    /// How long it stays open before probes are let through.
    public var openFor: Interval
    /// Spread of the open period: it lasts openFor + openFor · fraction · U. 0 draws nothing; clients tripped by the
    /// same outage then probe in the same instant.
    public var openJitterFraction: Double
    /// Open periods that grow: opening k in a row (0 for the first) lasts as long as this backoff's delay before
    /// retry k. Closing starts over. Takes the place of `openFor` and `openJitterFraction`, draws included.
    public var openGrowth: Backoff?
    /// Whether the open period ends strictly after its length: at its end calls are still refused, and pass from one
    /// nanosecond later (resilience4j, gobreaker). Otherwise they pass at the end.
    public var endsStrictlyAfter: Bool
    /// How many probes may be under way at once while half-open; at least 1.
    public var probeLimit: Int
    /// So many successful probes close it; at least 1.
    public var successesToClose: Int
    /// How half-open ends by share (resilience4j), if not nil: `probeLimit` calls pass in all, not at once; after so
    /// many results it opens again if this share of them failed, and closes otherwise. No single failure opens it, and
    /// `successesToClose` plays no part.
    public var probeShare: FailureShare?
    /// Faults of real breakers.
    public var hazards: CircuitBreakerHazards

    /// A breaker's settings; the defaults are those most libraries share.
    public init(
        counting: Counting = .consecutive,
        failuresToOpen: Int = 5,
        openFor: Interval = .seconds(30),
        openJitterFraction: Double = 0,
        openGrowth: Backoff? = nil,
        endsStrictlyAfter: Bool = false,
        probeLimit: Int = 1,
        successesToClose: Int = 1,
        probeShare: FailureShare? = nil,
        hazards: CircuitBreakerHazards = []
    ) {
        self.counting = counting
        self.failuresToOpen = failuresToOpen
        self.openFor = openFor
        self.openJitterFraction = openJitterFraction
        self.openGrowth = openGrowth
        self.endsStrictlyAfter = endsStrictlyAfter
        self.probeLimit = probeLimit
        self.successesToClose = successesToClose
        self.probeShare = probeShare
        self.hazards = hazards
    }
}
