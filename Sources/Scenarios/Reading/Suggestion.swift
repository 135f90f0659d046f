/// What a misspelt name was probably meant to be.
enum Suggestion {
    /// The known name nearest to a word, when it is near enough to be meant.
    ///
    /// Near enough is a distance of at most 3 and at most half the word's length. Upper and lower case are the
    /// same here; of equally near names the first one wins.
    static func nearest(to word: String, among names: [String]) -> String? {
        let letters = Array(word.lowercased().unicodeScalars.prefix(longest + 1))
        guard letters.count <= longest else { return nil }
        var best: (name: String, distance: Int)?
        for name in names {
            let distance = distance(letters, Array(name.lowercased().unicodeScalars.prefix(longest)))
            guard distance <= 3, distance * 2 <= letters.count else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
        }
        return best?.name
    }

    /// The end of a message about an unknown name: the nearest known one, else all of them.
    static func hint(for word: String, among names: [String], called noun: String) -> String {
        if let name = nearest(to: word, among: names) { return " (did you mean '\(name)'?)" }
        return names.isEmpty ? "" : " (\(noun): \(names.joined(separator: ", ")))"
    }

    private static let longest = 64

    /// Damerau–Levenshtein distance in its restricted form: insertions, deletions, substitutions and swaps of
    /// neighbours cost 1, and no part is edited twice.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let substitution = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
                var cost = min(substitution, previous[column] + 1, current[column - 1] + 1)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    cost = min(cost, beforePrevious[column - 2] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
