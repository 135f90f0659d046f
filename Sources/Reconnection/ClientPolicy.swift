public import MonotonicTime

/// Everything one client is configured with: the numbers that decide what a fleet does.
///
/// A plain value, shared by all clients of a cohort; the clients' own state lives in `ReconnectingClient`.
public struct ClientPolicy: Sendable, Hashable {
    /// Which retry counter resets happen.
    public struct ResetRule: Sendable, Hashable {
        /// When a connection makes up for past failures.
        public enum AfterSuccess: Sendable, Hashable {
            /// The moment it opens. A server that accepts and drops is then hammered at the first delay.
            case onOpen
            /// After it has stayed open for so long.
            case afterStable(Interval)
            /// Never.
            case never
        }

        /// When a connection resets the counter.
        public var afterSuccess: AfterSuccess
        /// Whether coming back from offline or hidden resets it.
        public var onResume: Bool
        /// Whether a retry the user asked for resets it.
        public var onManualRetry: Bool

        /// A rule made of its parts.
        public init(afterSuccess: AfterSuccess, onResume: Bool = true, onManualRetry: Bool = true) {
            self.afterSuccess = afterSuccess
            self.onResume = onResume
            self.onManualRetry = onManualRetry
        }
    }

    /// What the client does when the network or the screen comes back.
    public enum Resume: String, Sendable, Hashable, CaseIterable {
        /// It connects in the same instant, as most libraries do on the online event.
        case immediately
        /// It waits the backoff of its current counter first.
        case afterBackoff = "after-backoff"
    }

    /// The delays between attempts.
    public var backoff: Backoff
    /// When the retry counter starts over.
    public var reset: ResetRule
    /// After so many retries without a reset the client gives up; nil means never.
    public var retryLimit: Int?
    /// An attempt that has not succeeded by then has failed; `Interval.max` means it may hang for ever.
    public var connectTimeout: Interval
    /// The first attempt comes after startSpread · U; zero means at once and draws nothing.
    public var startSpread: Interval
    /// Whether the client stays away while its system says that there is no network.
    public var pausesOffline: Bool
    /// Whether the client stays away while its app is not visible.
    public var pausesHidden: Bool
    /// What it does when that ends.
    public var resume: Resume
    /// Answers to certain close codes; the first rule that fits counts, other closes get the backoff.
    public var closeRules: [CloseRule]
    /// What a server's request to stay away is worth.
    public var retryAfter: RetryAfterRule
    /// A breaker around connection attempts; nil means none.
    public var breaker: CircuitBreakerPolicy?
    /// The heartbeat; nil means none.
    public var heartbeat: HeartbeatPolicy?
    /// The outbox.
    public var outbox: OutboxPolicy

    /// A policy made of its parts; whatever is left out is off, or the plainest choice.
    public init(
        backoff: Backoff,
        reset: ResetRule = ResetRule(afterSuccess: .onOpen),
        retryLimit: Int? = nil,
        connectTimeout: Interval = .max,
        startSpread: Interval = .zero,
        pausesOffline: Bool = false,
        pausesHidden: Bool = false,
        resume: Resume = .immediately,
        closeRules: [CloseRule] = [],
        retryAfter: RetryAfterRule = .ignore,
        breaker: CircuitBreakerPolicy? = nil,
        heartbeat: HeartbeatPolicy? = nil,
        outbox: OutboxPolicy = OutboxPolicy()
    ) {
        self.backoff = backoff
        self.reset = reset
        self.retryLimit = retryLimit
        self.connectTimeout = connectTimeout
        self.startSpread = startSpread
        self.pausesOffline = pausesOffline
        self.pausesHidden = pausesHidden
        self.resume = resume
        self.closeRules = closeRules
        self.retryAfter = retryAfter
        self.breaker = breaker
        self.heartbeat = heartbeat
        self.outbox = outbox
    }
}
