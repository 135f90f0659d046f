public import MonotonicTime

/// What can go wrong between a client and a server that share typed components.
///
/// - Source: the error kinds of pl3xus' client.
public enum SyncError: Error, Sendable, Hashable {
    /// Something was to be sent without a connection.
    case notConnected
    /// A message about this component could not be read.
    case deserialisationFailed(component: String)
    /// The other side does not know this component.
    case typeNotRegistered(component: String)
    /// Client and server were built from different definitions of this component.
    case schemaMismatch(component: String, expected: UInt64, actual: UInt64)
    /// The socket reported an error.
    case socketError(String)
    /// A message about this component could not be written.
    case serialisationFailed(component: String)
}

extension SyncError: CustomStringConvertible {
    /// One line for a banner or a log. A component's name and a socket's text are taken over with line breaks turned
    /// into spaces.
    public var description: String {
        switch self {
        case .notConnected:
            "not connected"
        case .deserialisationFailed(let component):
            "cannot read \(Self.oneLine(component))"
        case .typeNotRegistered(let component):
            "\(Self.oneLine(component)) is not registered"
        case .schemaMismatch(let component, let expected, let actual):
            "schema of \(Self.oneLine(component)) differs: expected \(Self.hexadecimal(expected)), "
                + "got \(Self.hexadecimal(actual))"
        case .socketError(let text):
            "socket error: \(Self.oneLine(text))"
        case .serialisationFailed(let component):
            "cannot write \(Self.oneLine(component))"
        }
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private static func hexadecimal(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The last error of a client, for a banner: kept until the next one replaces it or the app clears it.
///
/// A connection that opens does not clear it, since the banner must survive a quick reconnect to be read.
public struct LastError: Sendable, Hashable {
    /// An error and when it happened.
    public struct Occurrence: Sendable, Hashable {
        /// What went wrong.
        public let error: SyncError
        /// When.
        public let instant: Instant
    }

    /// The last error; nil if there was none since the app last cleared it.
    public private(set) var occurrence: Occurrence?
    /// How many errors there have been, cleared ones included. A watcher sees from it that the same error came again.
    public private(set) var count: UInt64 = 0

    /// No error yet.
    public init() {}

    /// An error happened.
    public mutating func record(_ error: SyncError, at now: Instant) {
        occurrence = Occurrence(error: error, instant: now)
        count += 1
    }

    /// The user has seen it.
    public mutating func clear() {
        occurrence = nil
    }
}
