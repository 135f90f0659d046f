public import MonotonicTime

/// What happens to one client, and when: timed events, and how the world around it answers by itself.
///
/// Read from JSON lines. Which events exist is for the reader's caller to say, who has to carry them out.
public struct ClientScript: Sendable, Hashable {
    /// The lines that say something, in the order of the file; their times never fall.
    public var lines: [Line]

    /// A script made of its lines.
    public init(lines: [Line]) {
        self.lines = lines
    }

    /// One line.
    public struct Line: Sendable, Hashable {
        /// Its number in the file, from 1.
        public var number: Int
        /// When it takes effect; a line without a time has that of the line before it.
        public var at: Instant
        /// What it says.
        public var command: Command

        /// A line made of its parts.
        public init(number: Int, at: Instant, command: Command) {
            self.number = number
            self.at = at
            self.command = command
        }
    }

    /// What a line says.
    public enum Command: Sendable, Hashable {
        /// Something happens to the client.
        case event(String, Arguments)
        /// These numbers, each in 0 ..< 1, go to the end of the queue of random numbers.
        case uniform([Double])
        /// Once the queue is empty, random numbers come from a generator with this seed.
        case seed(UInt64)
        /// From now on attempts are answered so, each so long after it was made; a refusal has its code and hint.
        case server(ServerConduct, after: Interval, Arguments)
        /// From now on heartbeats are answered so long after they were sent, or (nil) not at all.
        case heartbeats(answeredAfter: Interval?)
        /// From now on messages are acknowledged so long after they were sent, or (nil) not at all.
        case messages(acknowledgedAfter: Interval?)
        /// From now on the close of a transport that the client itself closes is reported so long after, or (nil) not.
        case closes(reportedAfter: Interval?)
    }

    /// How the server answers attempts by itself.
    public enum ServerConduct: String, Sendable, Hashable, CaseIterable {
        /// It leaves all to the script.
        case manual
        /// The connection opens.
        case accepts
        /// The attempt is lost.
        case refuses
        /// It never answers: to the client the same as `manual`, to a reader the statement that nothing will come.
        case silent
    }

    /// A detail of an event. The order of the cases is that of documentation and output.
    public enum Argument: String, Sendable, Hashable, CaseIterable {
        /// Which transport it is about.
        case generation
        /// Which socket of a group it is about.
        case member
        /// The close code.
        case code
        /// The text that came with the close.
        case reason
        /// How long the server asks clients to stay away.
        case retryAfter = "retry-after"
        /// Which heartbeat it is about.
        case beat
        /// Which message it is about.
        case key
        /// Whether trying again makes sense.
        case retryable
        /// How many times.
        case count
        /// For how long.
        case during = "for"
    }

    /// The value of a detail.
    public enum Value: Sendable, Hashable {
        /// A whole number.
        case number(Int)
        /// A span of time.
        case duration(Interval)
        /// Yes or no.
        case flag(Bool)
        /// A text.
        case text(String)
    }

    /// The details that a line gives.
    public typealias Arguments = [Argument: Value]

    /// An event that scripts may name.
    public struct EventDefinition: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The details without which it makes no sense.
        public var required: [Argument]
        /// The details that may be left out.
        public var optional: [Argument]

        /// An event with its details.
        public init(name: String, required: [Argument] = [], optional: [Argument] = []) {
            self.name = name
            self.required = required
            self.optional = optional
        }

        /// Whether it is about a transport, of which there is none before the first start.
        public var isAboutTransport: Bool { (required + optional).contains(.generation) }
    }

    /// The event that must come before any about a transport.
    public static let startEvent = "start"

    /// Reads a script.
    ///
    /// - Parameters:
    ///   - bytes: the file's contents; any bytes are safe.
    ///   - file: what messages call the file.
    ///   - events: the events that the script may name.
    /// - Throws: all mistakes of the script at once, each with its place.
    public static func read(
        _ bytes: [UInt8],
        file: String,
        events: [EventDefinition]
    ) throws(ScenarioError) -> ClientScript {
        try ClientScriptReader(file: file, events: events).read(bytes)
    }
}

extension ClientScript.Arguments {
    /// A detail that is a whole number; 0 if it is absent.
    public func number(_ argument: ClientScript.Argument) -> Int {
        guard case .number(let value) = self[argument] else { return 0 }
        return value
    }

    /// A detail that is a span of time, if it is there.
    public func duration(_ argument: ClientScript.Argument) -> Interval? {
        guard case .duration(let value) = self[argument] else { return nil }
        return value
    }

    /// A detail that is a text; empty if it is absent.
    public func text(_ argument: ClientScript.Argument) -> String {
        guard case .text(let value) = self[argument] else { return "" }
        return value
    }

    /// Whether a detail is there and says yes.
    public func flag(_ argument: ClientScript.Argument) -> Bool { self[argument] == .flag(true) }
}
