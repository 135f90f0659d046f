import MonotonicTime
import Testing

@testable import FleetSimulation
@testable import Reconnection

/// A server's memory of keys against a plain set, with the outbox of the sender beside it.
@Suite struct ReceivedKeysTests {
    /// What a server would remember with memory without bounds.
    private struct Naive {
        var highest: UInt32 = 0
        var received: Set<UInt32> = []
        /// Keys that had been given up by their sender when they left the window: nobody asks for them again.
        var forgotten: Set<UInt32> = []

        func contains(_ key: UInt32) -> Bool { received.contains(key) || forgotten.contains(key) }

        mutating func insert(_ key: UInt32, held: (UInt32) -> Bool) -> Bool {
            if key > highest {
                let first = max(1, Int(highest) - 63)
                let last = Int(key) - 64
                if first <= last {
                    for key in UInt32(first)...UInt32(last) where !received.contains(key) && !held(key) {
                        forgotten.insert(key)
                    }
                }
                highest = key
            }
            guard !contains(key) else { return false }
            received.insert(key)
            return true
        }
    }

    private let policy = OutboxPolicy(capacity: 1_000_000)

    @Test("the memory for keys agrees with a plain set", arguments: 0..<30)
    func agreesWithSet(seed: Int) {
        var choices = Choices(seed: seed)
        var keys = ReceivedKeys()
        var rare = RareKeys()
        var naive = Naive()
        var outbox = Outbox()
        // A sender without many messages under way leaves the window seldom, one with many does so all the time.
        let reach = [4, 70, 300][seed % 3]
        for step in 0..<500 {
            let key: UInt32
            switch choices.below(4) {
            case 0:
                let ahead = UInt32(choices.below(choices.below(10) == 0 ? 130 : 4))
                key = naive.highest + max(1, ahead)
            default:
                key = UInt32(max(1, Int(naive.highest) - choices.below(reach)))
            }
            while outbox.nextKey <= key { _ = outbox.offer(at: .origin, policy: policy) { _ in } }
            let place: Comment = "seed \(seed), step \(step), key \(key)"
            #expect(keys.contains(key, of: 7, rare) == naive.contains(key), place)
            let isNew = naive.insert(key) { outbox.holds($0) }
            #expect(keys.insert(key, heldBy: outbox, of: 7, &rare) == isNew, place)
            #expect(keys.contains(key, of: 7, rare), place)
            // The acknowledgement is lost now and then, and the sender gives up messages.
            if choices.below(5) > 0 { remove(key, from: &outbox) }
            for _ in 0..<2 { remove(1 + UInt32(choices.below(Int(naive.highest))), from: &outbox) }
        }
        for key in 1...naive.highest { #expect(keys.contains(key, of: 7, rare) == naive.contains(key), "\(key)") }
        #expect(!keys.contains(naive.highest + 1, of: 7, rare))
        // A history in which nothing leaves the window unseen would prove little.
        if reach > 64 { #expect(naive.forgotten.count > 5) }
    }

    @Test("a message that its sender still holds counts once when it comes, however late")
    func stragglers() {
        var outbox = Outbox()
        for _ in 1...1_000 { _ = outbox.offer(at: .origin, policy: policy) { _ in } }
        // Given up before it left the window: never waited for.
        remove(7, from: &outbox)
        var keys = ReceivedKeys()
        var rare = RareKeys()
        for key in stride(from: UInt32(10), through: 1_000, by: 10) {
            #expect(keys.insert(key, heldBy: outbox, of: 7, &rare) == true)
            remove(key, from: &outbox)
        }
        for key in UInt32(1)...1_000 {
            let isNew = key % 10 != 0 && key != 7
            #expect(keys.contains(key, of: 7, rare) != isNew, "\(key)")
            #expect(keys.insert(key, heldBy: outbox, of: 7, &rare) == isNew, "\(key)")
            #expect(keys.insert(key, heldBy: outbox, of: 7, &rare) == false, "\(key)")
        }
    }

    private func remove(_ key: UInt32, from outbox: inout Outbox) {
        _ = outbox.acknowledged(key: key, at: .origin, policy: policy) { _ in }
    }
}
