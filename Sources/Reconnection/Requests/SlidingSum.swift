import MonotonicTime

/// A sum over the last so many slots of time, the running one among them; nothing is allocated after it is made.
///
/// The first slot begins with the first use, so that machines that start apart do not turn their slots together. What
/// is added in a slot counts until `slotCount` slots later, that is for more than slotCount − 1 and at most slotCount
/// slot lengths. An instant before the running slot counts as part of it.
struct SlidingSum: Sendable, Hashable {
    /// The sum over all slots.
    private(set) var total = 0
    private var slots: [Int]
    private var running = 0
    private var slotStart: Instant?

    /// A sum of nothing, over at least one slot.
    init(slotCount: Int) {
        slots = Array(repeating: 0, count: max(1, slotCount))
    }

    /// Drops what is too old.
    ///
    /// - Parameters:
    ///   - now: the current time.
    ///   - slotLength: how long a slot is; below 1 ns is taken for 1 ns.
    ///   - restarting: whether the running slot starts at `now` whenever a slot is over, with what had begun of it
    ///     taken for a whole one, as tower does it.
    mutating func advance(to now: Instant, slotLength: Interval, restarting: Bool = false) {
        guard let start = slotStart else {
            slotStart = now
            return
        }
        let length = max(1, slotLength.nanoseconds)
        let elapsed = (now - start).nanoseconds
        guard elapsed >= length else { return }
        let whole = elapsed / length
        let steps = restarting && elapsed % length > 0 ? whole + 1 : whole
        slotStart = restarting ? now : start + Interval(nanoseconds: length) * whole
        for _ in 0..<min(steps, Int64(slots.count)) {
            running = (running + 1) % slots.count
            total -= slots[running]
            slots[running] = 0
        }
    }

    /// Adds to the running slot. Amounts are counts far below the range of integers; the caller sees to that.
    mutating func add(_ amount: Int) {
        slots[running] += amount
        total += amount
    }
}
