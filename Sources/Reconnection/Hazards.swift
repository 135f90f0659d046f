public import MonotonicTime

/// Faults of real clients, as switches: off unless a policy asks for them.
///
/// Each stood in code that was shipped. They cause the worst storms in the field, so a simulation must be able to show
/// what they cost; the presets named `…-as-built` switch on those of their system.
public struct Hazards: OptionSet, Sendable, Hashable {
    /// One bit for each hazard.
    public let rawValue: UInt32

    /// A set of hazards from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reports about replaced and abandoned transports are acted on as if they were about the current one: a late
    /// close marks a healthy connection lost and arms a retry, a late success marks a stopped client connected. The
    /// driver goes on reporting about transports that the client has closed (valtio-y, pl3xus, landale).
    public static let hearsReplacedTransports = Hazards(rawValue: 1 << 0)
    /// A connection that opens does not cancel the retry that is still pending (valtio-y, pl3xus).
    public static let successKeepsTimer = Hazards(rawValue: 1 << 1)
    /// A retry is armed beside those pending already, instead of in their place (pl3xus). At most 256 are armed.
    public static let timersAccumulate = Hazards(rawValue: 1 << 2)
    /// A retry that comes due while a transport lives opens a second one beside it, instead of closing the first
    /// (valtio-y).
    public static let opensBeside = Hazards(rawValue: 1 << 3)
    /// A failed attempt is handled twice, once as an event and once as a failed promise: with
    /// `timersAccumulate` two retries are armed, and the client gives up once too early and twice too often (valtio-y,
    /// pl3xus).
    public static let handlesFailureTwice = Hazards(rawValue: 1 << 4)
    /// The retry limit holds for failed attempts alone, not for lost connections (valtio-y).
    public static let dropsIgnoreLimit = Hazards(rawValue: 1 << 5)
    /// The app's own close looks like a loss, and the client comes back (pl3xus).
    public static let stopIsADrop = Hazards(rawValue: 1 << 6)
    /// An open breaker arms nothing: the client stays down until somebody starts it (landale).
    public static let breakerArmsNothing = Hazards(rawValue: 1 << 7)
    /// The breaker is asked when the app starts the client, not before each retry (landale's Python client).
    public static let breakerGuardsStartOnly = Hazards(rawValue: 1 << 8)
    /// Each attempt resets the retry counter, so the delay never grows and no limit is ever reached (party table's
    /// machine).
    public static let attemptResetsCounter = Hazards(rawValue: 1 << 9)
    /// The counter rises when a retry is made, not when it is armed: retries armed in between have the same delay
    /// (pl3xus).
    public static let countsWhenRetrying = Hazards(rawValue: 1 << 10)
    /// A forced reconnect switches automatic reconnection off: the next loss is final (landale).
    public static let forcedReconnectIsLast = Hazards(rawValue: 1 << 11)
    /// After a pause the delay is armed, but the client connects at once; if it is slower than the delay, the timer
    /// throws the attempt away and makes another (party table).
    public static let resumeIgnoresItsDelay = Hazards(rawValue: 1 << 12)
    /// Starting a client that is connecting opens a second transport (landale).
    public static let startOpensAnother = Hazards(rawValue: 1 << 13)
    /// Delays above 2³¹ − 1 ms (24.8 days) do not fit a browser's timer and become zero (landale, chat SDK).
    ///
    /// - Source: HTML Standard, "timers": the delay is converted to a 32-bit integer.
    public static let browserTimerOverflow = Hazards(rawValue: 1 << 14)
    /// Answers do not refresh the time of the last sign of life: every healthy connection is torn down (landale).
    public static let frozenHeartbeat = Hazards(rawValue: 1 << 15)
    /// A dead connection is noticed and nothing is done about it (landale's Python client).
    public static let deadConnectionIsIgnored = Hazards(rawValue: 1 << 16)
    /// Of several closes the first decides, so an ordinary one masks a longer pause (party table).
    public static let firstCloseDecides = Hazards(rawValue: 1 << 17)
    /// Any member of a connection group that opens ends the connect timeout, though another still hangs (party
    /// table).
    public static let anyMemberEndsTimeout = Hazards(rawValue: 1 << 18)

    /// Those under which a retry has a timer that outlives what would cancel it.
    static let ofTimers: Hazards = [.successKeepsTimer, .timersAccumulate]

    /// Every hazard with its name, in the order of the bits.
    public static let named: [(name: String, hazard: Hazards)] = [
        ("hears-replaced-transports", .hearsReplacedTransports),
        ("success-keeps-timer", .successKeepsTimer),
        ("timers-accumulate", .timersAccumulate),
        ("opens-beside", .opensBeside),
        ("handles-failure-twice", .handlesFailureTwice),
        ("drops-ignore-limit", .dropsIgnoreLimit),
        ("stop-is-a-drop", .stopIsADrop),
        ("breaker-arms-nothing", .breakerArmsNothing),
        ("breaker-guards-start-only", .breakerGuardsStartOnly),
        ("attempt-resets-counter", .attemptResetsCounter),
        ("counts-when-retrying", .countsWhenRetrying),
        ("forced-reconnect-is-last", .forcedReconnectIsLast),
        ("resume-ignores-its-delay", .resumeIgnoresItsDelay),
        ("start-opens-another", .startOpensAnother),
        ("browser-timer-overflow", .browserTimerOverflow),
        ("frozen-heartbeat", .frozenHeartbeat),
        ("dead-connection-is-ignored", .deadConnectionIsIgnored),
        ("first-close-decides", .firstCloseDecides),
        ("any-member-ends-timeout", .anyMemberEndsTimeout),
    ]

    /// What a timer makes of a delay.
    func timer(_ delay: Interval) -> Interval {
        let longest = Interval.milliseconds(2_147_483_647)
        return contains(.browserTimerOverflow) && delay > longest ? .zero : delay
    }
}

/// A second owner of retries on one socket: the transport's own reconnection below that of the client.
///
/// It knows nothing of breaker, gates and intent: so long after each loss it opens the socket again. Two owners on one
/// socket are a hazard in themselves; a policy without one is the rule.
public struct TransportRetryPolicy: Sendable, Hashable {
    /// The wait after each loss.
    public var delay: Interval
    /// How many retries it makes until the client itself makes an attempt; nil means no limit.
    public var limit: Int?

    /// A second owner's settings.
    public init(delay: Interval, limit: Int? = nil) {
        self.delay = delay
        self.limit = limit
    }
}
