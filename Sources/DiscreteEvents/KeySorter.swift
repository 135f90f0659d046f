/// Sorts the keys of a bucket: few by insertion, many by radix on the digits that differ; keeps its scratch storage.
@frozen
@usableFromInline
struct KeySorter {
    @usableFromInline var scratch: [UInt64] = []
    @usableFromInline var counts: [Int] = Array(repeating: 0, count: 256)

    @usableFromInline
    init() {}

    /// Sorts keys that are already in order of their bits below `lowest`.
    ///
    /// - Parameters:
    ///   - lowest: the lowest bit in which keys may be out of order.
    ///   - highest: the bit above the highest one in use.
    /// - Complexity: O(n) for more than some tens of keys; no allocation once as many keys have been sorted before.
    @usableFromInline
    mutating func sort(_ keys: inout [UInt64], digitsFrom lowest: UInt64, to highest: UInt64) {
        guard keys.count > 48 else {
            insertionSort(&keys)
            return
        }
        if scratch.count < keys.count {
            scratch.append(contentsOf: repeatElement(0, count: keys.count - scratch.count))
        }
        var shift = lowest
        while shift < highest {
            radixPass(&keys, shift: shift)
            shift += 8
        }
    }

    private func insertionSort(_ array: inout [UInt64]) {
        var keys = array.mutableSpan
        for end in keys.indices.dropFirst() {
            let key = keys[end]
            var place = end
            while place > 0, keys[place - 1] > key {
                keys[place] = keys[place - 1]
                place -= 1
            }
            keys[place] = key
        }
    }

    private mutating func radixPass(_ keys: inout [UInt64], shift: UInt64) {
        for digit in counts.indices { counts[digit] = 0 }
        for key in keys { counts[Int(key >> shift & 255)] += 1 }
        let keyCount = keys.count
        var start = 0
        for digit in counts.indices {
            let count = counts[digit]
            if count == keyCount { return }
            counts[digit] = start
            start += count
        }
        for index in 0..<keyCount {
            let key = keys[index]
            let digit = Int(key >> shift & 255)
            scratch[counts[digit]] = key
            counts[digit] += 1
        }
        for index in 0..<keyCount { keys[index] = scratch[index] }
    }
}
