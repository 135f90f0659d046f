/// A client policy with a name and a source: what a real library does, or a well-known shape to compare with.
public struct PolicyPreset: Sendable, Hashable {
    /// The name in scenario files and on the command line.
    public let name: String
    /// One sentence about it.
    public let summary: String
    /// Where its numbers come from: project and file, or paper.
    public let source: String
    /// The policy.
    public let policy: ClientPolicy

    /// All presets: the five source systems, as documented and as built, real libraries, then plain shapes.
    public static let all: [PolicyPreset] =
        sourceSystems + sourceSystemsAsBuilt + libraries + shapes

    /// The preset of that name, if there is one.
    public static func named(_ name: String) -> PolicyPreset? {
        all.first { $0.name == name }
    }
}
