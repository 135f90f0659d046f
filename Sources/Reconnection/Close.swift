public import MonotonicTime

/// Why a transport failed or closed: a code, and what the server asked for.
public struct Close: Sendable, Hashable {
    /// The WebSocket close code (RFC 6455 section 7.4.1); 1006 where the transport ended without one.
    public var code: UInt16
    /// How long the server asked clients to stay away (HTTP `Retry-After`, gRPC pushback), if it did.
    public var retryAfter: Interval?

    /// A close with a code and perhaps a hint.
    public init(code: UInt16, retryAfter: Interval? = nil) {
        self.code = code
        self.retryAfter = retryAfter
    }

    /// The transport ended without a close frame: reset, host gone, or reply never came.
    public static let abnormal = Close(code: 1006)
    /// The client closed in the normal way.
    public static let normal = Close(code: 1000)
    /// The client leaves because its connection no longer answers, or because its app goes away.
    public static let goingAway = Close(code: 1001)
    /// The server restarts.
    public static let serviceRestart = Close(code: 1012)
    /// The server is too busy.
    public static let tryAgainLater = Close(code: 1013)
    /// The server refuses this client: credentials missing, wrong or withdrawn.
    public static let policyViolation = Close(code: 1008)
}

/// What a client does about closes with certain codes, instead of its ordinary backoff.
public struct CloseRule: Sendable, Hashable {
    /// A client's answer to a close.
    public enum Response: Sendable, Hashable {
        /// Wait from + U · (to − from), rounded down to whole milliseconds where `from` and `to` differ. Draws one
        /// number then, none where both are equal.
        case pause(from: Interval, to: Interval)
        /// Never try again by itself.
        case stop
        /// Never try again until new credentials arrive.
        case blockUntilNewCredentials
    }

    /// The close codes the rule is for.
    public var codes: ClosedRange<UInt16>
    /// What to do.
    public var response: Response

    /// A rule for a range of codes.
    public init(codes: ClosedRange<UInt16>, response: Response) {
        self.codes = codes
        self.response = response
    }
}

/// What a client does with a server's request to stay away for a while.
public enum RetryAfterRule: Sendable, Hashable {
    /// The hint is not looked at.
    case ignore
    /// The wait is the hint, or the client's own delay where that is longer, plus hint · fraction · U. A fraction of
    /// 0 draws nothing, and brings everybody who was told the same back in the same instant.
    case honour(jitterFraction: Double)
}
