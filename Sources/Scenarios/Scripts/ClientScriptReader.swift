import MonotonicTime
import Yams

/// Reads a script line by line and gathers its mistakes.
struct ClientScriptReader {
    let file: String
    let events: [ClientScript.EventDefinition]

    private let definition: SectionDefinition

    init(file: String, events: [ClientScript.EventDefinition]) {
        self.file = file
        self.events = events
        definition = ClientScriptSections.line(events)
    }

    /// What earlier lines settle for later ones.
    private struct Progress {
        var time = Interval.zero
        var timeLine = 0
        var hasStarted = false
    }

    func read(_ bytes: [UInt8]) throws(ScenarioError) -> ClientScript {
        let source = try YAMLDocument.text(of: bytes, file: file, format: "JSON")
        let report = DiagnosticReport(file: file)
        var progress = Progress()
        var lines: [ClientScript.Line] = []
        var isEmpty = true
        for (index, scalars) in sourceLines(source).enumerated() where !isComment(scalars) {
            isEmpty = false
            // A report for each line, since the places in it are those of a text of one line.
            let ofLine = DiagnosticReport(file: file)
            if let line = read(Array(scalars), number: index + 1, &progress, ofLine) { lines.append(line) }
            for found in ofLine.diagnostics {
                let position = Position(line: index + 1, column: found.column)
                report.add(found.message, at: position, severity: found.severity)
            }
        }
        if isEmpty { report.error("the script has no lines", at: .start) }
        if let failure = report.failure { throw failure }
        return ClientScript(lines: lines)
    }

    private func isComment(_ line: Substring.UnicodeScalarView) -> Bool {
        let text = line.drop { $0 == " " || $0 == "\t" }
        return text.isEmpty || text.first == "#" || text.starts(with: "//".unicodeScalars)
    }

    private func read(
        _ scalars: [Unicode.Scalar],
        number: Int,
        _ progress: inout Progress,
        _ report: DiagnosticReport
    ) -> ClientScript.Line? {
        // YAML takes more than JSON; whoever checks a client in another language has a JSON parser only.
        if let fault = JSONSyntax.firstFault(in: scalars) {
            report.error(fault.message, at: Position(line: 1, column: fault.column))
            // Perhaps it was the start: the lines that follow are not to be blamed.
            progress.hasStarted = true
            return nil
        }
        let text = JSONSyntax.asYAML(scalars)
        let section: SectionReader
        do {
            let document = try YAMLDocument.compose(text, file: file)
            guard case .mapping = document.root else {
                report.error(#"a line is one object, such as {"at": "1.5s", "event": "start"}"#, at: .start)
                return nil
            }
            section = SectionReader(document.root, definition, report: report)
        } catch {
            for found in error.diagnostics {
                report.error(found.message, at: Position(line: 1, column: found.column))
            }
            return nil
        }
        checkForms(section)
        let kinds = ClientScriptSections.kinds.filter(section.isPresent)
        guard kinds.count == 1 else {
            // A misspelt key has been reported already, and is likely the reason why none is found.
            if kinds.count > 1 || !report.hasErrors {
                let listed = ClientScriptSections.kinds.map { "'\($0)'" }.joined(separator: ", ")
                section.report("a line has exactly one of the keys \(listed)")
            }
            readTime(section, number, &progress)
            return nil
        }
        if kinds[0] == "event", !section.isPresent("at"), !report.hasErrors {
            section.report("an event needs the key 'at'")
        }
        readTime(section, number, &progress)
        guard let command = readCommand(kinds[0], section, &progress), !report.hasErrors else { return nil }
        return ClientScript.Line(number: number, at: Instant(progress.time), command: command)
    }

    /// A number in quotes, or a text without, is no mistake to the readers of values, who know YAML.
    private func checkForms(_ section: SectionReader) {
        for key in definition.keys {
            guard let reader = section.node(key.name) else { continue }
            let isList = if case .list = key.kind { reader.shape == .list } else { false }
            let items = isList ? reader.list() ?? [] : [reader]
            for item in items {
                guard case .scalar(let scalar) = item.node, !item.node.isNull else { continue }
                let isQuoted = scalar.style == .doubleQuoted
                switch item.kind {
                case .count where isQuoted, .factor where isQuoted:
                    item.report("\(quoted(key.name)) must be a number without quotes")
                case .boolean where isQuoted:
                    item.report("\(quoted(key.name)) must be 'true' or 'false' without quotes")
                case .text where !isQuoted:
                    item.report("\(quoted(key.name)) must be a text in double quotes")
                default:
                    continue
                }
            }
        }
    }

    private func readTime(_ section: SectionReader, _ number: Int, _ progress: inout Progress) {
        guard let time = section.duration("at") else { return }
        guard time >= progress.time else {
            section.report(
                "time goes backwards: line \(progress.timeLine) is at \(progress.time.scenarioText)",
                at: "at"
            )
            return
        }
        progress.time = time
        progress.timeLine = number
    }

    private func readCommand(
        _ kind: String,
        _ section: SectionReader,
        _ progress: inout Progress
    ) -> ClientScript.Command? {
        if kind == "event" { return readEvent(section, &progress) }
        let word = section.node(kind).flatMap { $0.kind.words.isEmpty ? nil : section.choice(kind) }
        var allowed: [String] = []
        if word.map({ ["accepts", "refuses", "answered", "acknowledged", "reported"].contains($0) }) == true {
            allowed.append("after")
        }
        if word == "refuses" { allowed += ["code", "reason", "retry-after"] }
        checkOthers(section, kind: kind, allowed: allowed, what: word.map { "'\(kind)' \(quoted($0))" } ?? "'\(kind)'")
        let after = section.duration("after") ?? .zero
        switch kind {
        case "uniform":
            return .uniform(readUniform(section))
        case "seed":
            return section.count("seed").map { .seed(UInt64($0)) }
        case "server":
            let details = readArguments(section, word == "refuses" ? [.code, .reason, .retryAfter] : [])
            return word.flatMap(ClientScript.ServerConduct.init).map { .server($0, after: after, details) }
        case "heartbeats":
            return word.map { .heartbeats(answeredAfter: $0 == "answered" ? after : nil) }
        case "closes":
            return word.map { .closes(reportedAfter: $0 == "reported" ? after : nil) }
        default:
            return word.map { .messages(acknowledgedAfter: $0 == "acknowledged" ? after : nil) }
        }
    }

    private func readUniform(_ section: SectionReader) -> [Double] {
        let items = section.list("uniform")
        if section.node("uniform")?.shape == .list, items.isEmpty {
            section.report("'uniform' must list at least one number", at: "uniform")
        }
        return items.compactMap { item in
            guard let text = item.scalarText, let number = Double(text), number >= 0, number < 1 else {
                item.report("a number of 'uniform' must be at least 0 and below 1, not \(item.found)")
                return nil
            }
            return number
        }
    }

    private func readEvent(_ section: SectionReader, _ progress: inout Progress) -> ClientScript.Command? {
        guard let name = section.choice("event"), let event = events.first(where: { $0.name == name }) else {
            return nil
        }
        if name == ClientScript.startEvent { progress.hasStarted = true }
        if event.isAboutTransport, !progress.hasStarted {
            section.report("\(quoted(name)) before the first 'start': there is no transport yet", at: "event")
            progress.hasStarted = true
        }
        let takes = event.required + event.optional
        checkOthers(section, kind: "event", allowed: takes.map(\.rawValue), what: "the event \(quoted(name))")
        for argument in event.required where !section.isPresent(argument.rawValue) {
            section.report("the event \(quoted(name)) needs the key '\(argument.rawValue)'")
        }
        return .event(name, readArguments(section, takes))
    }

    private func readArguments(_ section: SectionReader, _ takes: [ClientScript.Argument]) -> ClientScript.Arguments {
        var arguments: ClientScript.Arguments = [:]
        for argument in takes {
            let key = argument.rawValue
            switch argument.kind {
            case .duration: arguments[argument] = section.duration(key).map { .duration($0) }
            case .boolean: arguments[argument] = section.boolean(key).map { .flag($0) }
            case .text: arguments[argument] = section.text(key).map { .text($0) }
            default: arguments[argument] = section.count(key, argument.bounds).map { .number($0) }
            }
        }
        return arguments
    }

    /// Reports keys that are known but mean nothing in a line of this kind.
    private func checkOthers(_ section: SectionReader, kind: String, allowed: [String], what: String) {
        for key in definition.keys.map(\.name) where key != "at" && key != kind && !allowed.contains(key) {
            if section.isPresent(key) { section.report("'\(key)' means nothing with \(what)", at: key) }
        }
    }
}
