import MonotonicTime
import Reconnection

/// How delays grow and spread: `backoff`, and `retry` of an outbox.
extension PolicyReader {
    static func readBackoff(_ section: SectionReader, onto base: Backoff) -> Backoff {
        var backoff = base
        readGrowth(section, into: &backoff.growth)
        readOptionalDuration(section, "cap", into: &backoff.cap)
        if let order = section.choice("cap-applies").flatMap(Backoff.CapOrder.init) { backoff.capOrder = order }
        if let text = section.expression("jitter") {
            do throws(Complaint) {
                backoff.jitter = try JitterSyntax.parse(text)
            } catch {
                section.report(error.message, at: "jitter")
            }
        }
        if let floor = section.duration("floor", .atLeast(.zero)) { backoff.floor = floor }
        if let first = section.count("first-jittered", .within(0...1_000_000)) { backoff.firstJittered = first }
        if let draws = section.choice("draws").flatMap(Backoff.Draws.init) { backoff.draws = draws }
        readFirst(section, into: &backoff.first)
        readRounding(section, into: &backoff.rounding)
        if let first = firstDelay(backoff.growth), first > backoff.cap {
            let key = section.isPresent("cap") ? "cap" : "base"
            section.report(
                "'cap' (\(backoff.cap.scenarioText)) must be at least the first delay (\(first.scenarioText))",
                at: key
            )
        }
        return backoff
    }

    private static func readGrowth(_ section: SectionReader, into growth: inout Backoff.Growth) {
        var base = Interval.seconds(1)
        var factor = 2.0
        var offset = 0
        var step = Interval.seconds(1)
        var table: [Interval] = []
        var kind = "exponential"
        switch growth {
        case .fixed(let delay): (kind, base) = ("fixed", delay)
        case .linear(let first, let by): (kind, base, step) = ("linear", first, by)
        case .exponential(let first, let times, let from): (base, factor, offset) = (first, times, from)
        case .table(let delays): (kind, table) = ("table", delays)
        case .compounding(let first, let times): (kind, base, factor) = ("compounding", first, times)
        }
        if let named = section.choice("growth") {
            kind = named
        } else if section.isPresent("table") {
            kind = "table"
        } else if kind == "table", section.isPresent("base") {
            kind = "exponential"
        }
        let used = growthKeys[kind] ?? []
        for key in ["base", "factor", "exponent-offset", "step", "table"]
        where section.isPresent(key) && !used.contains(key) {
            section.report("'\(key)' means nothing with growth '\(kind)'", at: key)
        }
        base = section.duration("base", .atLeast(.zero)) ?? base
        factor = section.factor("factor", .within(1...1_000)) ?? factor
        offset = section.count("exponent-offset", .within(0...64)) ?? offset
        step = section.duration("step", .atLeast(.zero)) ?? step
        if section.isPresent("table") {
            table = section.list("table").compactMap { $0.duration(.atLeast(.zero)) }
            if section.node("table")?.shape == .list, section.list("table").isEmpty {
                section.report("'table' must list at least one delay", at: "table")
            }
        }
        if kind == "table", !section.isPresent("table"), table.isEmpty {
            section.report("growth 'table' needs the key 'table'", at: "growth")
        }
        switch kind {
        case "fixed": growth = .fixed(base)
        case "linear": growth = .linear(base: base, step: step)
        case "table": growth = .table(table.isEmpty ? [.zero] : table)
        case "compounding": growth = .compounding(base: base, factor: factor)
        default: growth = .exponential(base: base, factor: factor, exponentOffset: offset)
        }
    }

    /// The keys each kind of growth uses, besides `growth` itself.
    private static let growthKeys: [String: Set<String>] = [
        "exponential": ["base", "factor", "exponent-offset"],
        "compounding": ["base", "factor"],
        "linear": ["base", "step"],
        "fixed": ["base"],
        "table": ["table"],
    ]

    private static func firstDelay(_ growth: Backoff.Growth) -> Interval? {
        switch growth {
        case .fixed(let delay): delay
        case .linear(let base, _): base
        case .exponential(let base, _, _): base
        case .table(let delays): delays.first
        case .compounding(let base, _): base
        }
    }

    private static func readFirst(_ section: SectionReader, into first: inout Backoff.First?) {
        guard let node = section.node("first") else { return }
        if isNone(section, "first") {
            first = nil
        } else if node.shape == .mapping {
            guard let keys = node.section(), let from = keys.duration("from", .atLeast(.zero)),
                let to = keys.duration("to", .atLeast(from))
            else { return }
            first = Backoff.First(from: from, to: to)
        } else if let delay = section.duration("first", .atLeast(.zero)) {
            first = Backoff.First(from: delay, to: delay)
        }
    }

    private static func readRounding(_ section: SectionReader, into rounding: inout Backoff.Rounding) {
        guard let node = section.node("rounding") else { return }
        guard node.shape == .mapping, let keys = node.section() else {
            if node.choice() != nil { rounding = .nearestNanosecond }
            return
        }
        rounding = Backoff.Rounding(
            keys.choice("direction").flatMap(Backoff.Rounding.Direction.init) ?? .down,
            to: keys.duration("to", .above(.zero)) ?? .milliseconds(1),
            drawsUpperEnd: keys.boolean("draws-upper-end") ?? false,
            roundsGrowth: keys.boolean("rounds-growth") ?? false
        )
    }
}
