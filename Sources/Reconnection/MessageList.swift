import MonotonicTime

/// When each message of an outbox was offered, by its key, oldest first.
///
/// Made for millions of clients, of which most hold one message or none: the oldest stands in the value itself, and
/// those behind it take five bytes each if they were offered within 18 minutes of it. Keys rise by one, so they need
/// not be kept; where some are missing, because their messages were refused or have left from the middle, one number
/// stands for any number of them.
struct MessageList: Sendable {
    typealias Key = UInt32

    /// What stands for the oldest message, if there is one.
    private(set) var oldestOfferedAt: Instant = .distantPast
    /// Those behind the oldest, in one of two ways:
    /// - narrow, while no keys are missing and time does not run backwards: the last bytes of the nanoseconds of each
    ///   instant. All lie after the oldest by less than these bytes can tell apart, and so they do when it has gone.
    /// - as widely as possible: the nanoseconds of the instant or, below any instant that matters, the number of
    ///   missing keys. Never ends with missing keys, and never has them twice in succession.
    private var later = PackedNumbers()
    private(set) var oldestKey: Key = 0
    private var live: UInt32 = 0

    /// Instants before it are taken for it, except that of the oldest message; below are the numbers of missing keys.
    private static let earliest: Int64 = .min + 1 << 33

    var isEmpty: Bool { live == 0 }
    /// How many messages there are.
    var count: Int { Int(live) }

    mutating func append(_ key: Key, offeredAt: Instant) {
        guard live == 0 else { return appendBehind(key, offeredAt) }
        oldestKey = key
        oldestOfferedAt = offeredAt
        live = 1
    }

    // What most clients never need stands apart here and below, so that the rest is a few instructions.
    @inline(never) private mutating func appendBehind(_ key: Key, _ offeredAt: Instant) {
        if live == 1 { later.removeAll(newWidth: PackedNumbers.widths.lowerBound) }
        let missing = key &- lastKey &- 1
        let time = max(offeredAt.nanoseconds, Self.earliest)
        if later.isNarrow { widen(for: time, missing) }
        if missing > 0 { later.append(Self.gap(missing)) }
        later.append(UInt64(bitPattern: time))
        live += 1
    }

    /// Makes numbers so wide that a time fits in, behind a number of missing keys.
    private mutating func widen(for time: Int64, _ missing: Key) {
        let newest = live == 1 ? oldestOfferedAt.nanoseconds : laterTime(count - 2)
        if missing > 0 || time < newest {
            widen()
        } else {
            let span = UInt64(bitPattern: time &- oldestOfferedAt.nanoseconds)
            if span > later.largest { widen(to: PackedNumbers.width(of: span)) }
        }
    }

    private mutating func widen(to width: Int = PackedNumbers.widths.upperBound) {
        guard width > later.width else { return }
        var wider = PackedNumbers()
        wider.removeAll(newWidth: width, roomFor: count)
        for place in 0..<count - 1 { wider.append(UInt64(bitPattern: laterTime(place))) }
        later = wider
    }

    /// Whether keys are missing between the oldest and the newest message.
    private var hasGaps: Bool { live > 1 && !later.has(count - 1) }

    private static func gap(_ missing: Key) -> UInt64 { UInt64(bitPattern: .min + Int64(missing)) }

    /// How many keys are missing at a place behind the oldest; 0 for a message.
    private func missing(at place: Int) -> Key {
        guard !later.isNarrow else { return 0 }
        let bits = Int64(bitPattern: later[place])
        return bits < Self.earliest ? Key(truncatingIfNeeded: bits &- .min) : 0
    }

    /// The nanoseconds of the message at a place behind the oldest.
    private func laterTime(_ place: Int) -> Int64 {
        let oldest = oldestOfferedAt.nanoseconds
        return oldest &+ Int64(bitPattern: (later[place] &- UInt64(bitPattern: oldest)) & later.largest)
    }

    private var lastKey: Key {
        guard hasGaps else { return oldestKey &+ live &- 1 }
        return (0..<later.count).reduce(oldestKey) { $0 &+ max(1, missing(at: $1)) }
    }

    /// The key of the message at an index, counted from the oldest.
    func key(at index: Int) -> Key {
        index == 0 || !hasGaps ? oldestKey &+ Key(truncatingIfNeeded: index) : place(of: index).key
    }

    /// All keys, rising.
    var keys: [Key] {
        guard live > 0 else { return [] }
        guard hasGaps else { return (0..<live).map { oldestKey &+ $0 } }
        var keys = [oldestKey]
        keys.reserveCapacity(count)
        var key = oldestKey
        for place in 0..<later.count {
            let missing = missing(at: place)
            key &+= max(1, missing)
            if missing == 0 { keys.append(key) }
        }
        return keys
    }

    /// When the message at an index was offered.
    func offeredAt(_ index: Int) -> Instant {
        if index == 0 { return oldestOfferedAt }
        return Instant(nanoseconds: laterTime(hasGaps ? place(of: index).place : index - 1))
    }

    /// Where a message stands behind the oldest, which itself stands before place 0.
    private func place(of index: Int) -> (place: Int, key: Key) {
        var key = oldestKey
        var rest = index
        var place = -1
        while rest > 0 {
            place += 1
            let missing = missing(at: place)
            key &+= max(1, missing)
            if missing == 0 { rest -= 1 }
        }
        return (place, key)
    }

    /// The index of a message, counted from the oldest; nil if it is not held.
    func index(of key: Key) -> Int? {
        guard live > 0, key >= oldestKey else { return nil }
        return key == oldestKey ? 0 : live == 1 ? nil : indexBehind(of: key)
    }

    @inline(never) private func indexBehind(of key: Key) -> Int? {
        guard hasGaps else {
            let index = Int(key - oldestKey)
            return index < live ? index : nil
        }
        var index = 0
        var reached = oldestKey
        for place in 0..<later.count where reached < key {
            let missing = missing(at: place)
            reached &+= max(1, missing)
            if missing == 0 { index += 1 } else if reached >= key { return nil }
        }
        return reached == key ? index : nil
    }

    /// Lets go of the message at an index; answers with its key.
    mutating func remove(at index: Int) -> Key {
        guard index == 0 else { return removeBehind(at: index) }
        let key = oldestKey
        if live > 1 { removeOldestOfSeveral() }
        live -= 1
        return key
    }

    @inline(never) private mutating func removeBehind(at index: Int) -> Key {
        let (place, key) = hasGaps ? place(of: index) : (index - 1, key(at: index))
        if index == count - 1 {
            let hasGapBefore = place > 0 && missing(at: place - 1) > 0
            later.remove(hasGapBefore ? place - 1...place : place...place)
        } else {
            widen()
            // One number stands for all neighbours that are missing.
            let before = place > 0 ? missing(at: place - 1) : 0
            let behind = missing(at: place + 1)
            later.replace(place - (before > 0 ? 1 : 0)...place + (behind > 0 ? 1 : 0), Self.gap(before + behind + 1))
        }
        live -= 1
        return key
    }

    @inline(never) private mutating func removeOldestOfSeveral() {
        let missing = missing(at: 0)
        let next = missing > 0 ? 1 : 0
        oldestKey = oldestKey &+ missing &+ 1
        oldestOfferedAt = Instant(nanoseconds: laterTime(next))
        later.remove(0...next)
    }
}

/// By their messages: how widely they are kept depends on messages that have left.
extension MessageList: Hashable {
    static func == (left: MessageList, right: MessageList) -> Bool {
        left.live == right.live && left.oldestKey == right.oldestKey && left.oldestOfferedAt == right.oldestOfferedAt
            && left.laterNumbers == right.laterNumbers
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(oldestKey)
        hasher.combine(oldestOfferedAt)
        hasher.combine(laterNumbers)
    }

    /// What stands behind the oldest, as if it were as wide as possible.
    private var laterNumbers: [UInt64] {
        guard live > 1 else { return [] }
        return (0..<later.count).map { later.isNarrow ? UInt64(bitPattern: laterTime($0)) : later[$0] }
    }
}

/// Numbers of which each takes as many bytes as every other, in one piece of memory.
private struct PackedNumbers: Sendable {
    /// How many bytes a number may take. All of these are read as two times four bytes, which may overlap.
    static let widths = 5...8

    /// The width in one byte, then the numbers, each from its lowest byte to its highest.
    private var bytes: [UInt8] = []

    /// How many bytes a number takes.
    static func width(of number: UInt64) -> Int { max(widths.lowerBound, (71 - number.leadingZeroBitCount) / 8) }

    var width: Int { Int(bytes[0]) }
    var isNarrow: Bool { width < Self.widths.upperBound }
    /// The largest number of this width.
    var largest: UInt64 { .max &>> UInt64(64 &- 8 &* width) }
    var count: Int { (bytes.count - 1) / width }
    /// Whether there are so many numbers.
    func has(_ count: Int) -> Bool { bytes.count == start(count) }

    private func start(_ place: Int) -> Int { 1 + place * width }

    subscript(place: Int) -> UInt64 {
        let width = width
        let start = start(place)
        precondition(place >= 0 && start + width <= bytes.count, "there is no such number")
        return bytes.withUnsafeBytes {
            let low = UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: UInt32.self))
            let high = UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: start + width - 4, as: UInt32.self))
            return UInt64(low) | UInt64(high) &<< UInt64(8 &* width &- 32)
        }
    }

    /// Keeps the memory.
    mutating func removeAll(newWidth: Int, roomFor count: Int = 1) {
        bytes.removeAll(keepingCapacity: true)
        makeRoom(1 + count * newWidth)
        bytes.append(UInt8(newWidth))
    }

    /// Only the lowest bytes are kept.
    mutating func append(_ number: UInt64) {
        let width = width
        makeRoom(width)
        withUnsafeBytes(of: number.littleEndian) {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<width]))
        }
    }

    /// An outage of a whole fleet fills all outboxes at once: room for an eighth more is less waste than for as many
    /// again. Few numbers ask for room for one more and get what the allocator gives, with glibc steps of 16 bytes.
    private mutating func makeRoom(_ added: Int) {
        guard bytes.count + added > bytes.capacity else { return }
        bytes.reserveCapacity(bytes.count + max(added, bytes.count / 8))
    }

    mutating func remove(_ places: ClosedRange<Int>) {
        bytes.removeSubrange(start(places.lowerBound)..<start(places.upperBound + 1))
    }

    /// Puts one number in the place of several.
    mutating func replace(_ places: ClosedRange<Int>, _ number: UInt64) {
        let width = width
        withUnsafeBytes(of: number.littleEndian) {
            bytes.replaceSubrange(start(places.lowerBound)..<start(places.upperBound + 1), with: $0[..<width])
        }
    }
}
