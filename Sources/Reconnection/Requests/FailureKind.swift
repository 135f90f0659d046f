public import MonotonicTime

/// Why a request, or one attempt at it, failed: what retries, breakers and budgets are decided by.
///
/// A kind is stated by whoever saw the failure, never guessed from the text of a message: the chat SDK's document
/// guesses, and by its own rule never retries an HTTP error (see `RequestRetryPolicy.Hazards.classifiesByMessage`).
public enum FailureKind: Sendable, Hashable {
    /// The server refused the request as it stands: status 400 ... 499, but for 408 and 429. Sending it again cannot
    /// help.
    case client
    /// Status 429: the server is willing, but not now.
    case rateLimited(retryAfter: Interval?)
    /// Status 408: the server stopped waiting for the request to arrive. A kind of its own: unlike `timeout` it is an
    /// answer, which may carry a hint and says nothing against the server; unlike `client` the same request may well
    /// succeed. Retried like `rateLimited`, from the same budget.
    case requestTimeout(retryAfter: Interval?)
    /// Status 500 ... 599: the server failed. A 503 may carry a hint, and so may any failed gRPC call.
    case server(retryAfter: Interval?)
    /// No answer, because the connection could not be made or broke.
    case network
    /// No answer in time.
    case timeout
    /// Never sent: a circuit breaker was open.
    case refusedByBreaker
    /// The caller no longer wants the answer.
    case cancelled

    /// The kind an HTTP status stands for; nil below 400, where nothing failed.
    ///
    /// Numbers outside 100 ... 599 are no statuses and count as the server's failure.
    ///
    /// - Parameters:
    ///   - status: the status code.
    ///   - retryAfter: what the answer asked for in `Retry-After`; dropped for kinds that are not retried.
    /// - Source: RFC 9110 section 15 for the classes and for invalid codes, 15.5.9 for 408; RFC 6585 section 4 for 429.
    public init?(status: Int, retryAfter: Interval? = nil) {
        switch status {
        case 100..<400: return nil
        case 408: self = .requestTimeout(retryAfter: retryAfter)
        case 429: self = .rateLimited(retryAfter: retryAfter)
        case 400..<500: self = .client
        default: self = .server(retryAfter: retryAfter)
        }
    }

    /// How long the server asked this client to stay away, if it did. Negative is gRPC's way to say "do not retry".
    public var retryAfter: Interval? {
        switch self {
        case .rateLimited(let hint), .requestTimeout(let hint), .server(let hint): hint
        case .client, .network, .timeout, .refusedByBreaker, .cancelled: nil
        }
    }

    /// Whether the failure says something against the server's health, so that a circuit breaker should count it:
    /// the server's own failures, lost connections and missing answers. Answers that refuse a request (4xx, 408 and
    /// 429 among them) come from a server that works; five 404s must not open a breaker.
    public var countsAgainstBreaker: Bool {
        switch self {
        case .server, .network, .timeout: true
        case .client, .rateLimited, .requestTimeout, .refusedByBreaker, .cancelled: false
        }
    }

    /// Whether the server answered with a status from 400 to 499.
    public var isClientStatus: Bool {
        switch self {
        case .client, .rateLimited, .requestTimeout: true
        case .server, .network, .timeout, .refusedByBreaker, .cancelled: false
        }
    }

    /// The chat SDK document's guess: a network failure if the message contains "Network" or "fetch", in exactly
    /// this case; nil, which is never retried, for any other message and for none. "Failed to fetch" and
    /// "NetworkError when attempting to fetch resource" are found, "network error" and "Load failed" are not.
    public static func guessed(fromMessage message: String?) -> FailureKind? {
        guard let message, message.contains("Network") || message.contains("fetch") else { return nil }
        return .network
    }
}
