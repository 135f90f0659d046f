import MonotonicTime
public import Reconnection

/// Scenario files: reading, and the JSON Schema that editors complete them by.
public enum ScenarioFile {
    /// What reading gave: a scenario that can be run, and doubts about it.
    public struct Contents: Sendable {
        /// The scenario.
        public let scenario: Scenario
        /// Warnings, in the order of the file.
        public let warnings: [Diagnostic]
        /// The text, as it was read.
        public let source: String
    }

    /// Reads a scenario.
    ///
    /// - Parameters:
    ///   - bytes: the file's contents; any bytes are safe.
    ///   - file: what messages call the file.
    ///   - policies: names of further policies the program has registered, with their values.
    ///   - strategies: names of retry strategies the program has registered; policies of the file may name them.
    /// - Throws: all mistakes of the file at once, each with its place.
    public static func read(
        _ bytes: [UInt8],
        file: String,
        policies: [String: ClientPolicy] = [:],
        strategies: [String: any RetryStrategy] = [:]
    ) throws(ScenarioError) -> Contents {
        let document = try YAMLDocument.compose(bytes, file: file)
        let report = DiagnosticReport(file: file)
        let section = SectionReader(document.root, ScenarioSections.scenario, report: report)
        let scenario = ScenarioReader(section: section, registered: policies, strategies: strategies).read()
        if let failure = report.failure { throw failure }
        guard let scenario else {
            let reason = "the scenario could not be read"
            throw ScenarioError(
                diagnostics: [Diagnostic(file: file, line: 1, column: 1, severity: .error, message: reason)]
            )
        }
        return Contents(scenario: scenario, warnings: report.diagnostics, source: document.source)
    }

    /// The JSON Schema (draft 2020-12) of scenario files, for completion and checks in editors.
    public static var schema: String { JSONSchema.text(for: ScenarioSections.scenario) }
}
