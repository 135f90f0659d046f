public import MonotonicTime

/// Settings of client-side throttling.
public struct AdaptiveThrottlePolicy: Sendable, Hashable {
    /// K: how many requests may be made for each one that was accepted before some are rejected here. A lower value
    /// rejects earlier; at 1 even a few refusals do.
    public var multiplier: Double
    /// How long a request counts; cut into slots.
    public var window: Interval
    /// How many slots the window has, 1 ... 10,000; fixed when a throttle is made.
    public var slotCount: Int
    /// The largest probability with which a request is rejected, so that some always get through to see whether the
    /// server is back; 1 means no bound.
    public var maxProbability: Double

    /// A throttle's settings; the defaults are the book's.
    public init(
        multiplier: Double = 2,
        window: Interval = .minutes(2),
        slotCount: Int = 24,
        maxProbability: Double = 1
    ) {
        self.multiplier = multiplier
        self.window = window
        self.slotCount = slotCount
        self.maxProbability = maxProbability
    }

    /// failsafe-go's settings: one minute, at most 90 %.
    ///
    /// - Source: failsafe-go/failsafe-go, adaptivethrottler (5759a5e).
    public static let failsafeGo = AdaptiveThrottlePolicy(window: .minutes(1), slotCount: 12, maxProbability: 0.9)

    var slotLength: Interval {
        Interval(nanoseconds: window.nanoseconds / Int64(AdaptiveThrottle.slotCount(policy: self)))
    }
}

/// Rejects some of a client's requests by itself while its server turns many away.
///
/// A request is rejected here with probability p = max(0, (requests − K · accepts) / (requests + 1)), where requests
/// counts all that this client wanted to make in the window, also those rejected here, and accepts those that the
/// server accepted. So the server gets about K times as many as it accepts, and refuses K − 1 of K at most.
///
/// | event | p | what follows |
/// |---|---|---|
/// | request | 0 | send it; requests + 1 |
/// | request | above 0 | draw U; reject it if U < p, else send it; requests + 1 either way |
/// | a request sent was accepted | any | accepts + 1 |
/// | slot over | any | what was counted `slotCount` slots back no longer counts |
///
/// p is that before the request is counted. A request and its acceptance count in the slots in which they happened, for
/// more than window − one slot and at most the window. Slots begin with the first use. An instant before an earlier one
/// counts in the running slot. An acceptance of nothing is counted all the same; it can only make p smaller. Has no
/// timers. Draws one number for each request at p > 0, none at 0. Nothing is allocated after it is made.
///
/// - Source: B. Beyer et al. (ed.), "Site Reliability Engineering", O'Reilly, 2016, chapter 21, "Handling Overload",
///   client-side throttling.
public struct AdaptiveThrottle: Sendable, Hashable {
    /// The answer to a request.
    public enum Decision: String, Sendable, Hashable, CaseIterable {
        /// Send it, and report if the server accepts it.
        case send
        /// Do not send it.
        case reject
    }

    private var requests: SlidingSum
    private var accepts: SlidingSum

    /// A throttle without history.
    public init(policy: AdaptiveThrottlePolicy) {
        let slotCount = Self.slotCount(policy: policy)
        requests = SlidingSum(slotCount: slotCount)
        accepts = SlidingSum(slotCount: slotCount)
    }

    /// The probability with which a request made now would be rejected.
    public mutating func rejectionProbability(at now: Instant, policy: AdaptiveThrottlePolicy) -> Double {
        advance(to: now, policy)
        let requests = Double(requests.total)
        let excess = (requests - policy.multiplier * Double(accepts.total)) / (requests + 1)
        return max(0, min(excess, policy.maxProbability))
    }

    /// A request is to be made.
    public mutating func recordRequest(
        at now: Instant,
        policy: AdaptiveThrottlePolicy,
        random: inout some RandomSource
    ) -> Decision {
        let probability = rejectionProbability(at: now, policy: policy)
        requests.add(1)
        guard probability > 0 else { return .send }
        return random.nextUniform() < probability ? .reject : .send
    }

    /// The server accepted a request: it did the work, whatever came of it. Refusals for overload are not reported.
    public mutating func recordAccept(at now: Instant, policy: AdaptiveThrottlePolicy) {
        advance(to: now, policy)
        accepts.add(1)
    }

    private mutating func advance(to now: Instant, _ policy: AdaptiveThrottlePolicy) {
        // Both always turn together, or a request could leave the window before its acceptance.
        requests.advance(to: now, slotLength: policy.slotLength)
        accepts.advance(to: now, slotLength: policy.slotLength)
    }

    static func slotCount(policy: AdaptiveThrottlePolicy) -> Int {
        min(max(policy.slotCount, 1), 10_000)
    }
}
