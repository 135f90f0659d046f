import MonotonicTime

/// Breakers of real systems, by name. Times and counts are their defaults; what a breaker of theirs does beyond this
/// type is said at each.
extension CircuitBreakerPolicy {
    // MARK: The source systems

    /// landale's socket as its document promises: five failures in a row, five minutes, then one probe that closes it
    /// or opens it again.
    public static let landale = CircuitBreakerPolicy(failuresToOpen: 5, openFor: .seconds(300))

    /// landale's socket as built: no half-open; failures go on counting while open and move the end, each another
    /// trip; a success of the transport, which retries past it, closes it at once.
    ///
    /// Its Python client counts in the same way.
    ///
    /// - Source: bryanveloso/landale, `packages/shared/src/websocket/socket.ts`, `isCircuitOpen`, `recordFailure`,
    ///   `recordSuccess`.
    public static let landaleAsBuilt = CircuitBreakerPolicy(
        failuresToOpen: 5,
        openFor: .seconds(300),
        hazards: [.noHalfOpen, .failuresWhileOpenExtend, .successWhileOpenCloses, .lateResultsCount]
    )

    /// landale's server-side breaker, which has a true half-open: five failures, one minute, two successes.
    public static let landaleServer = CircuitBreakerPolicy(
        failuresToOpen: 5,
        openFor: .seconds(60),
        successesToClose: 2
    )

    /// The faults of the chat SDK's document.
    private static let chatSDKDocumentHazards: CircuitBreakerHazards = [
        .openingKeepsCount, .lateResultsCount, .failuresWhileOpenExtend, .unlimitedProbes,
    ]

    /// The chat SDK's document, for its API: five failures in a row, 30 s, two successes.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03.
    public static let chatSDKDocumentAPI = CircuitBreakerPolicy(
        failuresToOpen: 5,
        openFor: .seconds(30),
        successesToClose: 2,
        hazards: chatSDKDocumentHazards
    )

    /// The chat SDK's document, for its socket: three failures in a row, 10 s, one success.
    public static let chatSDKDocumentSocket = CircuitBreakerPolicy(
        failuresToOpen: 3,
        openFor: .seconds(10),
        successesToClose: 1,
        hazards: chatSDKDocumentHazards
    )

    /// The chat SDK as shipped, for its API: five failures in a row within 120 s, 60 s, two successes.
    ///
    /// - Source: Impact-Idol/ChatSDK, `packages/core/src/lib/circuit-breaker.ts`.
    public static let chatSDKShippedAPI = CircuitBreakerPolicy(
        counting: .consecutiveWithin(.seconds(120)),
        failuresToOpen: 5,
        openFor: .seconds(60),
        successesToClose: 2,
        hazards: [.lateResultsCount, .unlimitedProbes]
    )

    /// The chat SDK as shipped, for its socket: three failures in a row within 60 s, 30 s, two successes. Nothing
    /// uses it.
    public static let chatSDKShippedSocket = CircuitBreakerPolicy(
        counting: .consecutiveWithin(.seconds(60)),
        failuresToOpen: 3,
        openFor: .seconds(30),
        successesToClose: 2,
        hazards: [.lateResultsCount, .unlimitedProbes]
    )

    // MARK: Libraries

    /// resilience4j: half of the last 100 calls, 60 s and strictly after, then ten calls decide by the same share.
    ///
    /// Calls that are slow (above 60 s) have a share of their own there; a caller who wants it reports them failed.
    ///
    /// - Source: resilience4j, `CircuitBreakerConfig`, `CircuitBreakerStateMachine`.
    public static let resilience4j = CircuitBreakerPolicy(
        counting: .failureShare(.atLeast(0.5), ofLast: 100, minimumCalls: 100),
        openFor: .seconds(60),
        endsStrictlyAfter: true,
        probeLimit: 10,
        probeShare: .atLeast(0.5)
    )

    /// Polly 8 and .NET's standard handler: a tenth of at least 100 calls in 30 s, then 5 s.
    ///
    /// - Source: App-vNext/Polly, `CircuitBreakerConstants`.
    public static let polly = CircuitBreakerPolicy(
        counting: .failureShareWithin(.atLeast(0.1), window: .seconds(30), slices: 10, minimumCalls: 100),
        openFor: .seconds(5)
    )

    /// gobreaker 2: more than five failures in a row, 60 s and strictly after.
    ///
    /// - Source: sony/gobreaker, `gobreaker.go`, `defaultReadyToTrip`, `currentState`.
    public static let gobreaker = CircuitBreakerPolicy(
        failuresToOpen: 6,
        openFor: .seconds(60),
        endsStrictlyAfter: true
    )

    /// opossum 10: more than half of the calls in 10 s, with no least number of them: one failed call is enough. 30 s.
    ///
    /// It counts calls when they begin, refused ones included; here they count when they end.
    ///
    /// - Source: nodeshift/opossum, `lib/circuit.js`.
    public static let opossum = CircuitBreakerPolicy(
        counting: .failureShareWithin(.above(0.5), window: .seconds(10), slices: 10, minimumCalls: 1),
        openFor: .seconds(30)
    )

    /// failsafe-go: one failure, 60 s.
    public static let failsafeGo = CircuitBreakerPolicy(failuresToOpen: 1, openFor: .seconds(60))

    /// Finagle's failure accrual by failures in a row: five, then open periods that double with equal jitter, up to
    /// exactly 300 s.
    ///
    /// Opening k in a row lasts h + U · h with h = 5 s · 2^(k − 1), at most 300 s; the first lasts exactly
    /// 5 s.
    ///
    /// - Source: twitter/finagle, `FailureAccrualFactory`, `Backoff.EqualJittered`.
    public static let finagle = CircuitBreakerPolicy(
        failuresToOpen: 5,
        openGrowth: Backoff(
            growth: .exponential(base: .seconds(5), factor: 2),
            cap: .seconds(300),
            capOrder: .afterJitter,
            jitter: .equal,
            firstJittered: 1
        )
    )

    /// Envoy's ejection of a host: five failures in a row, then 30 s times the ejections in a row, at most 300 s, then
    /// all calls at once.
    ///
    /// Envoy looks every 10 s, and takes one off the number of ejections at each look at which the host is well; here a
    /// success starts them over. The bound of a tenth of the hosts concerns them together and is not a breaker's.
    ///
    /// - Source: envoyproxy/envoy, `outlier_detection.proto`.
    public static let envoyEjection = CircuitBreakerPolicy(
        failuresToOpen: 5,
        openGrowth: Backoff(growth: .linear(base: .seconds(30), step: .seconds(30)), cap: .seconds(300)),
        hazards: .noHalfOpen
    )
}
