public import Reconnection
import Yams

/// Policies in a file of their own, or in a scenario.
public enum PolicyFile {
    /// A policy with the name it has in the file.
    public struct Entry: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// The policy.
        public let policy: ClientPolicy
    }

    /// Reads the policies of a file: a mapping from names to policies, or the section `policies` of a scenario, of
    /// which nothing else is looked at.
    ///
    /// - Parameters:
    ///   - bytes: the file's contents; any bytes are safe.
    ///   - file: what messages call the file.
    /// - Returns: at least one policy, in the order of the file.
    /// - Throws: all mistakes at once, each with its place.
    public static func read(_ bytes: [UInt8], file: String) throws(ScenarioError) -> [Entry] {
        let document = try YAMLDocument.compose(bytes, file: file)
        let report = DiagnosticReport(file: file)
        let kind = ValueKind.mapping(of: .section(PolicySections.policy))
        let root = document.root.mapping?["policies"] ?? document.root
        let entries = NodeReader(root, as: kind, label: "policies", report: report).mapping() ?? []
        let policies = PolicyResolver(registered: [:], strategies: [:]).resolve(entries)
        if entries.isEmpty, !report.hasErrors { report.error("the file has no policies", at: root.position) }
        if let failure = report.failure { throw failure }
        return entries.compactMap { entry in
            policies[entry.name].map { Entry(name: entry.name, policy: $0) }
        }
    }
}
