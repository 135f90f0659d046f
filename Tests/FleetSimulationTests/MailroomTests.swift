import MonotonicTime
import Testing

@testable import FleetSimulation

/// The lists of pending events against sorted arrays.
@Suite struct MailroomTests {
    private struct Expected {
        var time: Instant
        var number: UInt32
    }

    @Test("each client's events come out by time, equal times in order of insertion", arguments: 0..<40)
    func agreesWithSortedArrays(seed: Int) {
        var choices = Choices(seed: seed)
        let count = 1 + choices.below(200)
        let clients = UnsafeMutablePointer<VirtualClient>.allocate(capacity: count)
        for index in 0..<count { (clients + index).initialize(to: VirtualClient(number: UInt32(index), cohort: 0)) }
        defer {
            clients.deinitialize(count: count)
            clients.deallocate()
        }
        var mailroom = Mailroom()
        var expected = Array(repeating: [Expected](), count: count)
        var held = 0
        var mostHeld = 0
        // Short lists as a rule; long ones, and more than the first block of memory, with some seeds.
        let length = [2, 5, 40][seed % 3]
        for number in 0..<UInt32(6_000) {
            let client = choices.below(count)
            if choices.below(2 * length) >= expected[client].count {
                // Few different times, so that many are equal; now and then both ends of time.
                let nanoseconds =
                    switch choices.below(30) {
                    case 0: Int64.min
                    case 1: Int64.max - 1
                    default: Int64(choices.below(10)) - 3
                    }
                let time = Instant(nanoseconds: nanoseconds)
                let event = LocalEvent(
                    kind: .messageUp,
                    tries: UInt8(number % 200),
                    place: UInt16(client),
                    generation: ~number,
                    argument: number,
                    offeredAt: time + .seconds(1)
                )
                mailroom.post(event, at: time, to: clients + client)
                let place = expected[client].firstIndex { $0.time > time } ?? expected[client].count
                expected[client].insert(Expected(time: time, number: number), at: place)
                held += 1
                mostHeld = max(mostHeld, held)
            } else {
                take(from: clients + client, &mailroom, &expected[client])
                held -= 1
            }
            let first = expected[client].first?.time ?? .distantFuture
            #expect((clients + client).pointee.mailAt == first, "seed \(seed), step \(number)")
            #expect((clients + client).pointee.next == first)
        }
        // What has been taken makes room for what comes: no more memory was used than was needed at once.
        #expect(mailroom.used == mostHeld)
        for client in 0..<count {
            while !expected[client].isEmpty { take(from: clients + client, &mailroom, &expected[client]) }
            #expect((clients + client).pointee.mail == Mailroom.none)
            #expect((clients + client).pointee.mailAt == .distantFuture)
        }
        // All of it is free now, and used again.
        for number in 0..<UInt32(mostHeld) {
            mailroom.post(
                LocalEvent(kind: .pingUp, argument: number),
                at: .origin,
                to: clients + Int(number) % count
            )
        }
        #expect(mailroom.used == mostHeld)
        for number in 0..<UInt32(mostHeld) {
            let event = mailroom.takeFirst(of: clients + Int(number) % count)
            #expect(event.argument == number)
        }
    }

    /// Takes a client's first event and compares all of it.
    private func take(
        from client: UnsafeMutablePointer<VirtualClient>,
        _ mailroom: inout Mailroom,
        _ expected: inout [Expected]
    ) {
        let first = expected.removeFirst()
        #expect(client.pointee.mailAt == first.time)
        let event = mailroom.takeFirst(of: client)
        #expect(event.kind == .messageUp)
        #expect(event.argument == first.number && event.generation == ~first.number)
        #expect(event.tries == UInt8(first.number % 200))
        #expect(event.place == UInt16(client.pointee.number))
        #expect(event.offeredAt == first.time + .seconds(1))
    }
}
