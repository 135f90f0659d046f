import MonotonicTime
import Reconnection

/// What the server's word is worth: `close-rules` and `retry-after`.
extension PolicyReader {
    static func readCloses(_ section: SectionReader, into policy: inout ClientPolicy) {
        readRetryAfter(section, into: &policy.retryAfter)
        guard section.isPresent("close-rules") else { return }
        policy.closeRules = section.list("close-rules").compactMap { node in
            node.section().flatMap { node.shape == .mapping ? readCloseRule($0) : nil }
        }
    }

    private static func readCloseRule(_ section: SectionReader) -> CloseRule? {
        let response = readResponse(section)
        let codes = Bounds<Int>.within(0...65_535)
        let first = section.count("code", codes)
        let last = section.count("to", codes) ?? first
        guard let first, let last else { return nil }
        guard last >= first else {
            section.report("'to' must be at least 'code' (\(first))", at: "to")
            return nil
        }
        if section.isPresent("reason"), section.isPresent("reason-containing") {
            section.report("'reason' and 'reason-containing' exclude each other", at: "reason-containing")
        }
        let reason: CloseRule.ReasonMatch =
            section.expression("reason").map { .equal($0) } ?? section.text("reason-containing").map { .containing($0) }
            ?? .any
        return response.map { CloseRule(codes: UInt16(first)...UInt16(last), reason: reason, response: $0) }
    }

    private static func readResponse(_ section: SectionReader) -> CloseRule.Response? {
        let isRange = section.isPresent("pause-from") || section.isPresent("pause-to")
        let answers = [section.isPresent("pause"), isRange, section.isPresent("then")].filter { $0 }.count
        guard answers == 1 else {
            section.report("a close rule has one of 'pause', 'pause-from' with 'pause-to', and 'then'")
            return nil
        }
        if let pause = section.duration("pause", .atLeast(.zero)) {
            return .pause(from: pause, to: pause)
        }
        if let then = section.choice("then") {
            return switch then {
            case "stop": .stop
            case "block": .blockUntilNewCredentials
            default: .backOff
            }
        }
        guard section.isPresent("pause-from"), section.isPresent("pause-to") else {
            if isRange { section.report("'pause-from' and 'pause-to' belong together") }
            return nil
        }
        guard let from = section.duration("pause-from", .atLeast(.zero)),
            let to = section.duration("pause-to", .atLeast(from))
        else { return nil }
        return .pause(from: from, to: to)
    }

    private static func readRetryAfter(_ section: SectionReader, into rule: inout RetryAfterRule) {
        guard let node = section.node("retry-after") else { return }
        if node.shape == .mapping {
            if let jitter = node.section()?.probability("jitter") { rule = .honour(jitterFraction: jitter) }
        } else if let word = node.choice() {
            rule = word == "honour" ? .honour(jitterFraction: 0) : .ignore
        }
    }
}
