import MonotonicTime

@testable import Scenarios

/// A small definition with a value of every form, for the tests of the reader and of the schema.
enum Toy {
    static let root = SectionDefinition(
        "toy",
        "A toy.",
        keys: [
            .required("name", .name, "What it is called."),
            .optional("duration", .duration, "How long it runs.", default: "10m"),
            .optional("clients", .count, "How many there are."),
            .optional("loss", .probability, "The share that is lost."),
            .optional("policies", .mapping(of: .section(policy)), "Policies by name."),
            .optional("steps", .list(of: .oneOf([.distribution, .section(policy)])), "What happens."),
        ]
    )

    static let policy: SectionDefinition = SectionDefinition(
        "policy",
        "A policy.",
        keys: [
            .required("base", .duration, "The first delay."),
            .optional("jitter", .choice(["none", "full", "equal"]), "How delays are spread.", default: "full"),
            .optional("rate", .rate, "The most attempts in a time."),
            .optional("fallback", .section(policy), "What takes over."),
            .optional("wakes", .boolean, "Whether it wakes the phone."),
        ]
    )

    /// Reads everything that a file can say.
    static func read(_ text: String) -> [String] {
        do {
            let document = try YAMLDocument.compose(text, file: "toy.yaml")
            let report = DiagnosticReport(file: "toy.yaml")
            read(SectionReader(document.root, root, report: report))
            return report.diagnostics.map(\.description)
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    private static func read(_ toy: SectionReader) {
        _ = toy.name("name")
        _ = toy.duration("duration", .above(.zero))
        _ = toy.count("clients", .within(1...1_000))
        _ = toy.probability("loss")
        for entry in toy.mapping("policies") {
            if let policy = entry.value.section() { readPolicy(policy) }
        }
        for step in toy.list("steps") {
            if step.shape == .mapping {
                if let policy = step.section() { readPolicy(policy) }
            } else {
                _ = step.distribution()
            }
        }
    }

    private static func readPolicy(_ policy: SectionReader) {
        if let base = policy.duration("base", .above(.zero)), base > .hours(1) {
            policy.warn("'base' is more than an hour", at: "base")
        }
        _ = policy.choice("jitter")
        _ = policy.rate("rate")
        _ = policy.boolean("wakes")
        if let fallback = policy.section("fallback") { readPolicy(fallback) }
    }

    static let valid = """
        # A comment.
        name: toy-1
        duration: 10m
        clients: 1_000
        loss: 2%
        policies:
          ours: &ours
            base: 1s
            jitter: full
            rate: 200/s
          theirs: { base: 250ms, wakes: true, fallback: { base: 2s, jitter: "none" } }
          same: *ours
        steps:
          - 30s
          - 'lognormal(median: 20ms, p99: 80ms)'
          - { base: 3s }

        """
}
