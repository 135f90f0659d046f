import MonotonicTime
import Testing

@testable import DiscreteEvents

@Suite struct EventQueueStorageTests {
    @Test("in the steady state storage is recycled, not grown", arguments: [0.000_01, 0.01, 100])
    func recycled(meanDelay: Double) {
        var stream = RandomStream(key: RandomKey(seed: 3, replication: 0), entity: 0, purpose: 0)
        var queue = EventQueue<UInt32>(bucketWidth: .microseconds(1))
        let delay = Distribution.exponential(mean: meanDelay)
        for payload in 0..<UInt32(2_000) {
            queue.schedule(payload, at: Instant(delay.interval(atUniform: stream.nextUniform())))
        }
        var slots: [Int] = []
        for _ in 0..<4 {
            for _ in 0..<10_000 {
                guard let event = queue.popNext(notAfter: .distantFuture) else { break }
                queue.schedule(event.payload, at: event.time + delay.interval(atUniform: stream.nextUniform()))
            }
            slots.append(queue.pool.events.count)
        }
        let pending = queue.count
        #expect(pending == 2_000)
        // One chunk of eight for an event alone in its bucket is the worst.
        #expect(slots[3] <= 8 * 2_000)
        #expect(slots[3] <= slots[0] + slots[0] / 4)
    }

    @Test("an event with a client's number and a kind takes sixteen bytes in a bucket")
    func eventSize() {
        struct Payload: BitwiseCopyable {
            var client: UInt32
            var kind: UInt8
        }
        #expect(MemoryLayout<PendingEvent<Payload>>.stride == 16)
    }
}
