public import MonotonicTime

/// Everything one client is configured with: the numbers that decide what a fleet does.
///
/// A plain value, shared by all clients of a cohort; the clients' own state lives in `ReconnectingClient`. The
/// initialiser takes what most policies set; the rest is set on the value.
public struct ClientPolicy: Sendable, Hashable {
    /// Which retry counter resets happen.
    public struct ResetRule: Sendable, Hashable {
        /// When a connection makes up for past failures.
        public enum AfterSuccess: Sendable, Hashable {
            /// The moment it opens. A server that accepts and drops is then hammered at the first delay.
            case onOpen
            /// After it has stayed open for so long.
            case afterStable(Interval)
            /// At a failure more than so long after the one before it (discord.py, the Kubernetes reflector).
            case afterQuiet(Interval)
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

    /// What the client does while its system says that there is no network, or that nobody looks.
    public enum Gate: String, Sendable, Hashable, CaseIterable {
        /// Nothing.
        case ignored
        /// It closes its transport and stays away.
        case pauses
        /// It keeps its connection, but makes no attempt: one that comes due waits for the end (Phoenix, hidden).
        case holdsAttempts = "holds-attempts"
        /// It closes its connection as lost, and goes on trying (Centrifuge and Socket.IO, offline).
        case closes
    }

    /// From where waits are measured.
    public enum WaitsFrom: String, Sendable, Hashable, CaseIterable {
        /// From the failure or the loss.
        case failure
        /// From the start of the last attempt: after a long connection or a slow failure there is no wait left (gRPC,
        /// NATS, Pusher).
        case attemptStart = "attempt-start"
    }

    /// A wait of its own for the first retry after a connection that had opened was lost; close rules go before it, and
    /// a server's hint lengthens it.
    public struct DropRetry: Sendable, Hashable {
        /// The wait.
        public var delay: Interval
        /// Whether it counts as a retry, so that the next one has the backoff's second delay.
        public var counts: Bool
        /// The attempt comes at least so long after the last one under this rule, so that accept-and-drop is not
        /// hammered; the first one is not held up (Ably: 1 s).
        public var spacing: Interval

        /// A rule made of its parts.
        public init(delay: Interval, counts: Bool = false, spacing: Interval = .zero) {
            self.delay = delay
            self.counts = counts
            self.spacing = spacing
        }
    }

    /// A second regime for long outages: everything under way is dropped, and attempts follow at a fixed distance from
    /// then on (Ably: suspended after 120 s, then every 30 s, for all clients in step).
    public struct Suspension: Sendable, Hashable {
        /// How long an outage has lasted then: since the loss, or since the first attempt where none had succeeded.
        public var after: Interval
        /// The wait before each attempt from then on; not spread.
        public var retryEvery: Interval

        /// A regime made of its parts.
        public init(after: Interval, retryEvery: Interval) {
            self.after = after
            self.retryEvery = retryEvery
        }
    }

    /// The delays between attempts.
    public var backoff: Backoff
    /// A strategy of one's own instead of `backoff`; nil means `backoff`.
    public var strategy: CustomRetryStrategy? {
        didSet { hasStrategy = strategy != nil }
    }
    /// Whether there is one: asked at every retry, where even to look at the strategy would copy it.
    private(set) var hasStrategy = false
    /// When the retry counter starts over.
    public var reset: ResetRule
    /// After so many retries without a reset the client gives up; nil means never.
    public var retryLimit: Int?
    /// It gives up rather than let a retry begin later than this after the outage's beginning: the loss, or the first
    /// attempt where none had succeeded. `Interval.max` means never. Where the counter starts over for a new start, new
    /// credentials, a resume or a manual retry, so does the time.
    public var elapsedLimit: Interval = .max
    /// Whether an attempt is tried again that fails before the client was ever connected; if not, it gives up at once
    /// (SignalR, NATS).
    public var retriesFirstConnect = true
    /// From where waits are measured.
    public var waitsFrom: WaitsFrom = .failure
    /// The wait after the loss of a connection, where it is not the backoff's first.
    public var afterDrop: DropRetry?
    /// The regime of long outages; nil means none.
    public var suspension: Suspension?
    /// An attempt that has not succeeded by then has failed; `Interval.max` means it may hang for ever.
    public var connectTimeout: Interval
    /// The first attempt comes after startSpread · U; zero means at once and draws nothing.
    public var startSpread: Interval
    /// Whether the first attempt, too, waits a backoff, which counts as a retry (party table's plan as built).
    public var startsAfterBackoff = false
    /// Whether each attempt is prepared by the app first, for example by fetching a join token, which may fail.
    public var preparesAttempts = false
    /// How long the app's own close may take before the transport counts as closed; zero means that it closes at once.
    public var closingTimeout: Interval = .zero
    /// What the client does while its system says that there is no network.
    public var offline: Gate
    /// What it does while its app is not visible.
    public var hidden: Gate
    /// What it does when a pause ends.
    public var resume: Resume
    /// Whether network or screen coming back cuts a wait short: an attempt at once (Ably, Pusher, Centrifuge online;
    /// Phoenix visible).
    public var returnEndsWait = false
    /// Answers to certain closes; the first rule that fits counts, other closes get the backoff.
    public var closeRules: [CloseRule]
    /// What a server's request to stay away is worth.
    public var retryAfter: RetryAfterRule
    /// A breaker around connection attempts; nil means none.
    public var breaker: CircuitBreakerPolicy?
    /// The heartbeat; nil means none.
    public var heartbeat: HeartbeatPolicy?
    /// A poll loop in place of waits: attempts are made where a poll finds the connection stale; nil means none.
    public var pollLoop: PollLoopPolicy?
    /// The sockets that are supervised as one; nil means one socket.
    public var group: ConnectionGroupPolicy?
    /// The outbox.
    public var outbox: OutboxPolicy
    /// The transport's own retries beside the client's; nil means none, as it should be.
    public var transportRetry: TransportRetryPolicy?
    /// Faults of real clients; none unless asked for.
    public var hazards: Hazards = []

    /// A policy made of its parts; whatever is left out is off, or the plainest choice.
    public init(
        backoff: Backoff,
        reset: ResetRule = ResetRule(afterSuccess: .onOpen),
        retryLimit: Int? = nil,
        connectTimeout: Interval = .max,
        startSpread: Interval = .zero,
        offline: Gate = .ignored,
        hidden: Gate = .ignored,
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
        self.offline = offline
        self.hidden = hidden
        self.resume = resume
        self.closeRules = closeRules
        self.retryAfter = retryAfter
        self.breaker = breaker
        self.heartbeat = heartbeat
        self.outbox = outbox
    }

    /// This policy with some settings changed: `preset.with { $0.retryLimit = 3 }`.
    public func with(_ change: (inout ClientPolicy) -> Void) -> ClientPolicy {
        var policy = self
        change(&policy)
        return policy
    }
}
