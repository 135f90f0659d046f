/// A client policy with a name and a source: what a real library does, or a well-known shape to compare with.
public struct PolicyPreset: Sendable, Hashable {
    /// What a preset is taken from.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A system Stampede was made for, as its documents promise it.
        case sourceSystem = "source-system"
        /// The same as its code does it, faults included.
        case asBuilt = "as-built"
        /// A client of WebSocket, server-sent events or a messaging protocol.
        case realtimeClient = "realtime-client"
        /// A client of a data store or a log.
        case store
        /// A client or a proxy of remote calls.
        case remoteCall = "remote-call"
        /// A library that retries whatever it is given.
        case retryLibrary = "retry-library"
        /// No system's own: a shape to compare with.
        case shape
    }

    /// The name in scenario files and on the command line.
    public let name: String
    /// What it is taken from.
    public let kind: Kind
    /// One sentence about it.
    public let summary: String
    /// Where its numbers come from: project and file, or paper.
    public let source: String
    /// The policy.
    public let policy: ClientPolicy

    init(name: String, kind: Kind = .sourceSystem, summary: String, source: String, policy: ClientPolicy) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.source = source
        self.policy = policy
    }

    /// All presets: the five source systems, as documented and as built, real libraries, then plain shapes.
    public static let all: [PolicyPreset] =
        sourceSystems + sourceSystemsAsBuilt + libraries + shapes

    /// The preset of that name, if there is one.
    public static func named(_ name: String) -> PolicyPreset? {
        all.first { $0.name == name }
    }
}
