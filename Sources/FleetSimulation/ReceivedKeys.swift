import Reconnection

/// The keys a server remembers of a client: the highest, which of the 64 up to it have come, and stragglers.
///
/// The sliding window of IPsec's replay check (RFC 4303, section 3.4.3). A lost packet is sent again while later ones
/// pass, so a key can leave the window before it comes: it is remembered apart if its sender still holds it. Any other
/// key below the window has been received, or has been given up.
struct ReceivedKeys {
    private var window: UInt64 = 0
    private var highest: UInt32 = 0

    /// Whether the key has been received.
    ///
    /// - Parameter rare: what is remembered apart of this client, and of others.
    func contains(_ key: UInt32, of client: UInt32, _ rare: RareKeys) -> Bool {
        guard key <= highest else { return false }
        let age = highest - key
        guard age < 64 else { return !rare.isStraggler(key, of: client) }
        return window >> UInt64(age) & 1 == 1
    }

    /// Notes a key; answers whether it is new.
    ///
    /// - Parameter outbox: of its sender.
    mutating func insert(_ key: UInt32, heldBy outbox: Outbox, of client: UInt32, _ rare: inout RareKeys) -> Bool {
        if key > highest, key >= 64, let oldest = outbox.oldestKey, oldest <= key - 64 {
            rememberStragglers(outbox, upTo: key - 64, of: client, &rare)
        }
        return insert(key, of: client, &rare)
    }

    /// Notes a key, of a sender that holds no message 64 or more keys older; answers whether it is new.
    mutating func insert(_ key: UInt32, of client: UInt32, _ rare: inout RareKeys) -> Bool {
        if key > highest {
            let step = key - highest
            window = step >= 64 ? 1 : window << UInt64(step) | 1
            highest = key
            return true
        }
        guard !contains(key, of: client, rare) else { return false }
        if highest - key < 64 {
            window |= 1 << UInt64(highest - key)
        } else {
            rare.hasCome(key, of: client)
        }
        return true
    }

    private func rememberStragglers(_ outbox: Outbox, upTo last: UInt32, of client: UInt32, _ rare: inout RareKeys) {
        for key in outbox.keys {
            guard key <= last else { break }
            let isKnown = highest >= 64 && key <= highest - 64
            if !isKnown, !contains(key, of: client, rare) { rare.addStraggler(key, of: client) }
        }
    }
}

/// What a server remembers of the keys of few clients, kept apart for the sake of the many.
struct RareKeys {
    /// Keys below a client's window that have not come and were not given up when they left it.
    private var stragglers: [UInt32: [UInt32]] = [:]
    /// Messages that failed under a policy that discards, and have not come: not all that ends is discarded.
    private var failed: [UInt32: Set<UInt32>] = [:]

    fileprivate func isStraggler(_ key: UInt32, of client: UInt32) -> Bool {
        stragglers[client]?.contains(key) ?? false
    }

    fileprivate mutating func addStraggler(_ key: UInt32, of client: UInt32) {
        stragglers[client, default: []].append(key)
    }

    fileprivate mutating func hasCome(_ key: UInt32, of client: UInt32) {
        stragglers[client]?.removeAll { $0 == key }
        if stragglers[client]?.isEmpty == true { stragglers[client] = nil }
    }

    /// Notes that a message which has not come has failed.
    mutating func noteFailure(of key: UInt32, of client: UInt32) { failed[client, default: []].insert(key) }

    /// Whether a message had failed; it no longer counts as such.
    mutating func forgetFailure(of key: UInt32, of client: UInt32) -> Bool {
        failed[client]?.remove(key) != nil
    }
}
