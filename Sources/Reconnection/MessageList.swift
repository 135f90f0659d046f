import MonotonicTime

/// When each message of an outbox was offered, by its key, oldest first.
///
/// Made for millions of clients, of which most hold one message or none: the oldest stands in the value itself, and
/// those behind it take eight bytes each. Keys rise by one, so they need not be kept; where some are missing, because
/// their messages were refused or have left from the middle, one entry stands for any number of them.
struct MessageList: Sendable, Hashable {
    typealias Key = UInt32

    /// What stands for the oldest message, if there is one.
    private(set) var oldestOfferedAt: Instant = .distantPast
    /// Those behind the oldest; never ends with missing keys.
    private var later: [Slot] = []
    private(set) var oldestKey: Key = 0
    private var live: UInt32 = 0
    /// How many of the later entries stand for missing keys.
    private var gaps: UInt32 = 0

    /// A message, or a number of missing keys.
    private struct Slot: Sendable, Hashable {
        /// Nanoseconds of the instant, or, below any instant that matters, the number of missing keys.
        private let bits: Int64

        init(offeredAt: Instant) { bits = max(offeredAt.nanoseconds, .min + 1 << 33) }
        init(missing: Key) { bits = .min + Int64(missing) }

        var offeredAt: Instant { Instant(nanoseconds: bits) }
        /// How many keys are missing here; 0 for a message.
        var missing: Key { bits < .min + 1 << 33 ? Key(truncatingIfNeeded: bits &- .min) : 0 }
    }

    var isEmpty: Bool { live == 0 }
    /// How many messages there are.
    var count: Int { Int(live) }

    mutating func append(_ key: Key, offeredAt: Instant) {
        if live == 0 {
            oldestKey = key
            oldestOfferedAt = offeredAt
        } else {
            let missing = key &- lastKey &- 1
            if missing > 0 { appendGap(missing) }
            makeRoom()
            later.append(Slot(offeredAt: offeredAt))
        }
        live += 1
    }

    /// An outage of a whole fleet fills all outboxes at once: room for an eighth more is less waste than for as many again.
    private mutating func makeRoom() {
        guard later.count == later.capacity else { return }
        later.reserveCapacity(later.count + max(4, later.count / 8))
    }

    private mutating func appendGap(_ missing: Key) {
        later.append(Slot(missing: missing))
        gaps += 1
    }

    private var lastKey: Key {
        guard gaps > 0 else { return oldestKey &+ Key(truncatingIfNeeded: later.count) }
        return later.reduce(oldestKey) { $0 &+ max(1, $1.missing) }
    }

    /// The key of the message at an index, counted from the oldest.
    func key(at index: Int) -> Key {
        gaps == 0 ? oldestKey &+ Key(truncatingIfNeeded: index) : place(of: index).key
    }

    /// All keys, rising.
    var keys: [Key] {
        guard live > 0 else { return [] }
        var keys = [oldestKey]
        keys.reserveCapacity(count)
        var key = oldestKey
        for slot in later {
            key &+= max(1, slot.missing)
            if slot.missing == 0 { keys.append(key) }
        }
        return keys
    }

    /// When the message at an index was offered.
    func offeredAt(_ index: Int) -> Instant {
        if index == 0 { return oldestOfferedAt }
        return later[gaps == 0 ? index - 1 : place(of: index).slot].offeredAt
    }

    /// Where a message stands; an oldest one stands before slot 0.
    private func place(of index: Int) -> (slot: Int, key: Key) {
        var key = oldestKey
        var rest = index
        var slot = -1
        while rest > 0 {
            slot += 1
            let missing = later[slot].missing
            key &+= max(1, missing)
            if missing == 0 { rest -= 1 }
        }
        return (slot, key)
    }

    /// The index of a message, counted from the oldest; nil if it is not held.
    func index(of key: Key) -> Int? {
        guard live > 0, key >= oldestKey else { return nil }
        guard gaps > 0 else {
            let index = Int(key - oldestKey)
            return index < live ? index : nil
        }
        var index = 0
        var reached = oldestKey
        for slot in later where reached < key {
            reached &+= max(1, slot.missing)
            if slot.missing == 0 { index += 1 } else if reached >= key { return nil }
        }
        return reached == key ? index : nil
    }

    /// Lets go of the message at an index; answers with its key.
    mutating func remove(at index: Int) -> Key {
        if index == 0 { return removeOldest() }
        let (slot, key) = gaps == 0 ? (index - 1, self.key(at: index)) : place(of: index)
        live -= 1
        if slot == later.count - 1 {
            later.removeLast()
            if let last = later.last, last.missing > 0 {
                later.removeLast()
                gaps -= 1
            }
            return key
        }
        // One entry stands for all neighbours that are missing.
        let before = slot > 0 ? later[slot - 1].missing : 0
        let behind = later[slot + 1].missing
        later[slot] = Slot(missing: before + behind + 1)
        gaps += 1
        if behind > 0 {
            later.remove(at: slot + 1)
            gaps -= 1
        }
        if before > 0 {
            later.remove(at: slot - 1)
            gaps -= 1
        }
        return key
    }

    private mutating func removeOldest() -> Key {
        let key = oldestKey
        live -= 1
        guard live > 0 else { return key }
        let missing = later[0].missing
        if missing > 0 { gaps -= 1 }
        let next = missing > 0 ? 1 : 0
        oldestKey = key &+ missing &+ 1
        oldestOfferedAt = later[next].offeredAt
        later.removeSubrange(0...next)
        return key
    }
}
