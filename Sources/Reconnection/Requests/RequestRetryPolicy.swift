public import MonotonicTime

/// When a request that failed is sent again, and how often.
public struct RequestRetryPolicy: Sendable, Hashable {
    /// How many retries each kind of failure allows; 0 and below mean never. What was cancelled is never retried.
    public struct Budgets: Sendable, Hashable {
        /// For `FailureKind.client`.
        public var client: Int
        /// For `FailureKind.rateLimited` and `.requestTimeout`, together.
        public var rateLimited: Int
        /// For `FailureKind.server`.
        public var server: Int
        /// For `FailureKind.network`.
        public var network: Int
        /// For `FailureKind.timeout`.
        public var timeout: Int
        /// For `FailureKind.refusedByBreaker`.
        public var refusedByBreaker: Int

        /// Budgets that are 0 where nothing is said.
        public init(
            client: Int = 0,
            rateLimited: Int = 0,
            server: Int = 0,
            network: Int = 0,
            timeout: Int = 0,
            refusedByBreaker: Int = 0
        ) {
            self.client = client
            self.rateLimited = rateLimited
            self.server = server
            self.network = network
            self.timeout = timeout
            self.refusedByBreaker = refusedByBreaker
        }

        /// The number for failures of a kind; always 0 for `cancelled`.
        public internal(set) subscript(kind: FailureKind) -> Int {
            get {
                switch kind {
                case .client: client
                case .rateLimited, .requestTimeout: rateLimited
                case .server: server
                case .network: network
                case .timeout: timeout
                case .refusedByBreaker: refusedByBreaker
                case .cancelled: 0
                }
            }
            set {
                switch kind {
                case .client: client = newValue
                case .rateLimited, .requestTimeout: rateLimited = newValue
                case .server: server = newValue
                case .network: network = newValue
                case .timeout: timeout = newValue
                case .refusedByBreaker: refusedByBreaker = newValue
                case .cancelled: break
                }
            }
        }

        /// All numbers together.
        var total: Int { client + rateLimited + server + network + timeout + refusedByBreaker }
    }

    /// What is compared with the budget of a failure's kind.
    public enum Counting: String, Sendable, Hashable, CaseIterable {
        /// The retries made after failures of the same kind. A request whose failures change kind may use up several
        /// budgets, one after the other.
        case byKind = "by-kind"
        /// All retries of the request: a budget is the number of attempts less one, whatever came before.
        case together
    }

    /// What is done with a server's hint about when to come back.
    public enum ServerHint: Sendable, Hashable {
        /// As for connections: not looked at, or the longer of hint and own delay, plus some jitter. A negative hint
        /// is the server's mistake and is ignored.
        case retryAfter(RetryAfterRule)
        /// The hint, but no less than the own delay and no more than that plus this much (AWS SDK for JavaScript:
        /// 5 s). A negative hint is ignored.
        case within(Interval)
        /// gRPC's pushback: exactly the hint, drawing nothing, and the growth starts over; a negative hint forbids
        /// the retry.
        case pushback
    }

    /// Faults of real systems, all off by default.
    public struct Hazards: OptionSet, Sendable, Hashable {
        /// One bit a fault.
        public let rawValue: UInt8

        /// A set of faults by their bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// The kind is guessed from the message of the error, and errors made from an answer carry no status: a
        /// network failure is retried, no answer with a failure status ever is, a timeout neither. See
        /// `FailureKind.guessed(fromMessage:)` for the guess itself. (Chat SDK, strategy document.) Costs every
        /// request that meets a moment's 503.
        public static let classifiesByMessage = Hazards(rawValue: 1 << 0)
        /// Network failures are not recognised, because a browser reports them as a type error without a code.
        /// (Chat SDK, shipped code.) Costs every request that meets a lost connection.
        public static let missesNetworkFailures = Hazards(rawValue: 1 << 1)
    }

    /// How many retries each kind of failure allows.
    public var budgets: Budgets
    /// What is compared with the budget.
    public var counting: Counting
    /// The wait before each retry. Retry n counts all retries of the request, from 0.
    public var backoff: Backoff
    /// The wait after `FailureKind.rateLimited`, where it differs (AWS).
    public var rateLimitedBackoff: Backoff?
    /// What is done with a server's hint.
    public var serverHint: ServerHint
    /// The limit for the whole request, attempts and waits together, from its start; `Interval.max` means none.
    public var deadline: Interval
    /// How long one attempt may take before it has failed as a timeout; `Interval.max` means for ever.
    public var attemptTimeout: Interval
    /// The faults switched on.
    public var hazards: Hazards

    /// A policy made of its parts.
    public init(
        budgets: Budgets,
        counting: Counting = .byKind,
        backoff: Backoff,
        rateLimitedBackoff: Backoff? = nil,
        serverHint: ServerHint = .retryAfter(.honour(jitterFraction: 0.1)),
        deadline: Interval = .max,
        attemptTimeout: Interval = .max,
        hazards: Hazards = []
    ) {
        self.budgets = budgets
        self.counting = counting
        self.backoff = backoff
        self.rateLimitedBackoff = rateLimitedBackoff
        self.serverHint = serverHint
        self.deadline = deadline
        self.attemptTimeout = attemptTimeout
        self.hazards = hazards
    }

    /// How many retries a failure allows, hazards included.
    public func budget(for kind: FailureKind) -> Int {
        if hazards.contains(.classifiesByMessage), kind != .network { return 0 }
        if hazards.contains(.missesNetworkFailures), kind == .network { return 0 }
        return max(0, budgets[kind])
    }
}
