import MonotonicTime
import Reconnection
import Scenarios

/// One line of output: an object of JSON whose keys keep the order in which they were added.
struct OutputLine {
    private(set) var text = "{"

    /// The line so far, closed.
    var closed: String { text + "}" }

    mutating func add(_ key: String, _ value: String) { append(key, Self.quoted(value)) }

    mutating func add(_ key: String, _ value: Int) { append(key, "\(value)") }

    mutating func add(_ key: String, _ value: UInt32) { append(key, "\(value)") }

    mutating func add(_ key: String, _ value: Bool) { append(key, value ? "true" : "false") }

    /// Adds a span of time; one that is for ever is null.
    mutating func add(_ key: String, _ value: Interval) {
        append(key, value == .max ? "null" : Self.quoted(Self.seconds(value)))
    }

    /// Adds a time since the beginning of the script; never is null.
    mutating func add(_ key: String, _ value: Instant) { add(key, value.sinceOrigin) }

    /// Adds an object.
    mutating func add(_ key: String, _ value: OutputLine) { append(key, value.closed) }

    private mutating func append(_ key: String, _ value: String) {
        if text.utf8.count > 1 { text += "," }
        text += Self.quoted(key) + ":" + value
    }

    /// Decimal seconds, exact to the nanosecond, without needless zeros and never with a power of ten.
    static func seconds(_ interval: Interval) -> String {
        let second: UInt64 = 1_000_000_000
        let total = interval.nanoseconds.magnitude
        var fraction = String("\(second + total % second)".dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let whole = (interval < .zero ? "-" : "") + "\(total / second)"
        return (fraction.isEmpty ? whole : "\(whole).\(fraction)") + "s"
    }

    /// A text as JSON writes it (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension OutputLine {
    /// A line that begins with the time.
    init(at now: Instant) { add("at", now) }

    /// The echo of an input.
    init(input: ScriptInput, _ details: ClientScript.Arguments, isAutomatic: Bool, at now: Instant) {
        self.init(at: now)
        add("input", input.name)
        for argument in ClientScript.Argument.allCases {
            switch details[argument] {
            case .number(let value): add(argument.rawValue, value)
            case .duration(let value): add(argument.rawValue, value)
            case .flag(let value): add(argument.rawValue, value)
            case .text(let value): add(argument.rawValue, value)
            case nil: break
            }
        }
        if isAutomatic { add("automatic", true) }
    }

    /// An action: one case here is all there is to one.
    init(_ action: ClientAction, at now: Instant) {
        self.init(at: now)
        switch action {
        case .openTransport(let generation):
            add("action", "open-transport")
            add("generation", generation)
        case .closeTransport(let generation, let close):
            add("action", "close-transport")
            add("generation", generation)
            add("code", UInt32(close.code))
        case .sendHeartbeat(let generation, let beat):
            add("action", "send-heartbeat")
            add("generation", generation)
            add("beat", beat)
        case .sendMessage(let generation, let key, let offeredAt, let resend):
            add("action", "send-message")
            add("generation", generation)
            add("key", key)
            add("offered", offeredAt)
            add("resend", resend)
        case .phaseChanged(let from, let to):
            add("phase", to.rawValue)
            add("from", from.rawValue)
        case .retryScheduled(let due, let retry):
            add("action", "schedule-retry")
            add("retry", retry)
            add("delay", due == .distantFuture ? .max : due - now)
            add("due", due)
        case .prepareAttempt(let generation):
            add("action", "prepare-attempt")
            add("generation", generation)
        case .attemptRefused(let until):
            add("action", "attempt-refused")
            add("until", until ?? .distantFuture)
        case .credentialsNeeded:
            add("action", "credentials-needed")
        case .heartbeatMissed(let inARow):
            add("action", "heartbeat-missed")
            add("in-a-row", UInt32(inARow))
        case .gaveUp:
            add("action", "gave-up")
        case .breakerOpened(let until):
            add("action", "breaker-opened")
            add("until", until)
        case .breakerClosed:
            add("action", "breaker-closed")
        case .messageAcknowledged(let key):
            add("action", "message-acknowledged")
            add("key", key)
        case .messageFailed(let key, let cause):
            add("action", "message-failed")
            add("key", key)
            add("cause", cause.rawValue)
        case .messageDiscarded(let key):
            add("action", "message-discarded")
            add("key", key)
        }
    }
}
