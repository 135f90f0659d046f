import Reconnection

/// Turns the policies of a file into values, each on top of the one it extends.
struct PolicyResolver {
    /// Policies that the program knows besides the presets.
    let registered: [String: ClientPolicy]
    /// Strategies that policies may name.
    let strategies: [String: any RetryStrategy]

    /// What may be extended besides the policies of the file.
    var knownNames: [String] { registered.keys.sorted() + PolicyPreset.all.map(\.name) }

    /// The policies of a file by name; whatever is wrong with them has been reported.
    func resolve(_ entries: [NamedNode]) -> [String: ClientPolicy] {
        var sections: [String: SectionReader] = [:]
        for entry in entries { sections[entry.name] = entry.value.section() }
        var done: [String: ClientPolicy] = [:]
        for entry in entries { resolve(entry.name, sections, &done) }
        return done
    }

    /// Reads a policy after all that it extends. A loop, because a file can hold chains too long for the stack.
    private func resolve(_ name: String, _ sections: [String: SectionReader], _ done: inout [String: ClientPolicy]) {
        var chain: [(name: String, keys: SectionReader)] = []
        var places: [String: Int] = [:]
        var base = PolicyReader.plain
        var next: String? = name
        while let current = next, let keys = sections[current] {
            next = nil
            if let policy = done[current] {
                base = policy
                break
            }
            places[current] = chain.count
            chain.append((current, keys))
            guard let parent = keys.name("extends") else { break }
            if parent != current, let start = places[parent] {
                let circle = chain[start...].prefix(10).map(\.name) + (chain.count - start > 10 ? ["…"] : []) + [parent]
                keys.report("policies extend each other in a circle: \(circle.joined(separator: " > "))", at: "extends")
            } else if parent != current, sections[parent] != nil {
                next = parent
            } else if let known = knownPolicy(parent) {
                base = known
            } else if parent == current {
                keys.report("\(quoted(current)) cannot extend itself", at: "extends")
            } else {
                let others = sections.keys.filter { $0 != current }.sorted()
                keys.report(
                    "no policy is called \(quoted(parent))"
                        + Suggestion.hint(for: parent, among: others + knownNames, called: "policies"),
                    at: "extends"
                )
            }
        }
        for (name, keys) in chain.reversed() {
            base = PolicyReader.read(keys, onto: base, strategies: strategies)
            done[name] = base
        }
    }

    private func knownPolicy(_ name: String) -> ClientPolicy? {
        registered[name] ?? PolicyPreset.named(name)?.policy
    }
}
