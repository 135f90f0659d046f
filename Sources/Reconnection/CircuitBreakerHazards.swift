/// Faults of real circuit breakers, as switches: off unless a policy asks for them.
///
/// Each stood in code or in a document that people built from. They are independent of each other; the policies named
/// after a system combine those it had.
public struct CircuitBreakerHazards: OptionSet, Sendable, Hashable {
    /// One bit for each hazard.
    public let rawValue: UInt32

    /// A set of hazards from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is no half-open: the first look after the end clears the count to zero and closes the breaker (landale;
    /// Envoy's ejection). Costs a whole threshold of failures after each open period, where a probe costs one; the
    /// openings go on being counted in a row until a success.
    public static let noHalfOpen = CircuitBreakerHazards(rawValue: 1 << 0)
    /// A failure that is reported while open, and brings or keeps the count at the threshold or above, moves the end:
    /// a whole open period from that failure on. It counts as another opening (landale, the chat SDK's document).
    /// Costs an open period that need never end while anything goes on past the breaker.
    public static let failuresWhileOpenExtend = CircuitBreakerHazards(rawValue: 1 << 1)
    /// A success that is reported while open closes the breaker at once (landale, whose transport goes on retrying
    /// past it). One lucky call lets everything through.
    public static let successWhileOpenCloses = CircuitBreakerHazards(rawValue: 1 << 2)
    /// Results count whatever their epoch, as if their permission had been granted just now: a call from before the
    /// outage closes a half-open breaker or opens it again; while open, a success clears the count and nothing else
    /// (both versions of the chat SDK, landale). Where `failuresWhileOpenExtend` is set, too, each late failure moves
    /// the end (the chat SDK's document); the shipped code lacks that one.
    public static let lateResultsCount = CircuitBreakerHazards(rawValue: 1 << 3)
    /// Opening keeps the count of failures, and a failure while half-open opens the breaker again only if it reaches
    /// the threshold: the first does, as the count was kept, but a success while half-open clears it, and then one
    /// failure less than the threshold passes (the chat SDK's document). Costs the server those calls.
    public static let openingKeepsCount = CircuitBreakerHazards(rawValue: 1 << 4)
    /// Half-open does not limit concurrent calls (both versions of the chat SDK): everything that waited goes out at
    /// once, in the instant in which the server is weakest.
    public static let unlimitedProbes = CircuitBreakerHazards(rawValue: 1 << 5)

    /// Every hazard with its name, in the order of the bits.
    public static let named: [(name: String, hazard: CircuitBreakerHazards)] = [
        ("no-half-open", .noHalfOpen),
        ("failures-while-open-extend", .failuresWhileOpenExtend),
        ("success-while-open-closes", .successWhileOpenCloses),
        ("late-results-count", .lateResultsCount),
        ("opening-keeps-count", .openingKeepsCount),
        ("unlimited-probes", .unlimitedProbes),
    ]
}
