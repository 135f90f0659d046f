import Reconnection

/// What offline and hidden do: `pause-when`, `hold-when`, `close-when`, `resume` and `return-ends-wait`.
extension PolicyReader {
    static func readGates(_ section: SectionReader, into policy: inout ClientPolicy) {
        if let resume = section.choice("resume").flatMap(ClientPolicy.Resume.init) { policy.resume = resume }
        if let ends = section.boolean("return-ends-wait") { policy.returnEndsWait = ends }
        let lists: [(key: String, gate: ClientPolicy.Gate)] = [
            ("pause-when", .pauses), ("hold-when", .holdsAttempts), ("close-when", .closes),
        ]
        for (key, gate) in lists where section.isPresent(key) {
            let named = section.list(key).compactMap { $0.choice() }
            // A list says everything about its gate: what it leaves out is no longer behind that gate.
            policy.offline = named.contains("offline") ? gate : policy.offline == gate ? .ignored : policy.offline
            policy.hidden = named.contains("hidden") ? gate : policy.hidden == gate ? .ignored : policy.hidden
        }
        for situation in ["offline", "hidden"] {
            let naming = lists.filter { list in
                section.isPresent(list.key) && section.list(list.key).contains { $0.scalarText == situation }
            }
            if naming.count > 1 {
                section.report("'\(naming[0].key)' and '\(naming[1].key)' both name '\(situation)'", at: naming[1].key)
            }
        }
    }
}
