public import MonotonicTime

/// Why a transport failed or closed: a code, a reason, and what the server asked for.
public struct Close: Sendable, Hashable {
    /// The WebSocket close code (RFC 6455 section 7.4.1); 1006 where the transport ended without one.
    public var code: UInt16
    /// The text that came with the code; empty where there was none.
    public var reason: String
    /// How long the server asked clients to stay away (HTTP `Retry-After`, gRPC pushback), if it did.
    public var retryAfter: Interval?

    /// A close with a code, perhaps a reason and a hint.
    public init(code: UInt16, reason: String = "", retryAfter: Interval? = nil) {
        self.code = code
        self.reason = reason
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

/// The code with which a client itself closes a transport.
public struct CloseCode: Sendable, Hashable, BitwiseCopyable {
    /// The WebSocket close code (RFC 6455 section 7.4.1).
    public let code: UInt16

    /// A close with a code.
    public init(code: UInt16) {
        self.code = code
    }

    /// The attempt took too long, and there is nothing to close in good order.
    public static let abnormal = CloseCode(code: 1006)
    /// The client closes in the normal way.
    public static let normal = CloseCode(code: 1000)
    /// The client leaves because its connection no longer answers, or because its app goes away.
    public static let goingAway = CloseCode(code: 1001)
}

/// What a client does about certain closes, instead of its ordinary backoff.
public struct CloseRule: Sendable, Hashable {
    /// A client's answer to a close.
    public enum Response: Sendable, Hashable {
        /// Wait from + U · (to − from), rounded down to whole milliseconds where `from` and `to` differ. Draws one
        /// number then, none where both are equal. The retry counter rises as for any other retry.
        case pause(from: Interval, to: Interval)
        /// Never try again by itself.
        case stop
        /// Never try again until new credentials arrive; the app is told that they are needed.
        case blockUntilNewCredentials
        /// The ordinary backoff: an exception to a rule behind this one.
        case backOff
    }

    /// Which reasons a rule is for. Texts are compared trimmed of white space, without one trailing dot, in any case.
    public enum ReasonMatch: Sendable, Hashable {
        /// Any, or none.
        case any
        /// This text.
        case equal(String)
        /// Every text that contains this one.
        case containing(String)

        func matches(_ reason: String) -> Bool {
            switch self {
            case .any: true
            case .equal(let text): Self.normal(reason) == Self.normal(text)
            case .containing(let text): Self.contains(Self.normal(reason), Self.normal(text))
            }
        }

        private static func normal(_ text: String) -> [Character] {
            var characters = Array(text.lowercased()).drop(while: \.isWhitespace)
            while characters.last?.isWhitespace == true { characters.removeLast() }
            if characters.last == "." { characters.removeLast() }
            return Array(characters)
        }

        private static func contains(_ text: [Character], _ part: [Character]) -> Bool {
            guard part.count <= text.count else { return false }
            return (0...text.count - part.count).contains { text[$0...].starts(with: part) }
        }
    }

    /// The close codes the rule is for.
    public var codes: ClosedRange<UInt16>
    /// The reasons the rule is for.
    public var reason: ReasonMatch
    /// What to do.
    public var response: Response

    /// A rule for a range of codes, and perhaps for certain reasons only.
    public init(codes: ClosedRange<UInt16>, reason: ReasonMatch = .any, response: Response) {
        self.codes = codes
        self.reason = reason
        self.response = response
    }

    /// Whether the rule is for a close.
    public func applies(to close: Close) -> Bool {
        codes.contains(close.code) && reason.matches(close.reason)
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
