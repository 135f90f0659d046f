import Dispatch
import MonotonicTime
import Scenarios

/// The clients of a fleet in parts, each with a runner of its own, so that their lives can be lived side by side.
///
/// While parts are lived side by side, a thread touches the clients, the runner and the notes of its own part only. Its
/// owner frees it.
struct FleetParts: @unchecked Sendable {
    let setting: FleetSetting
    private let memory: UnsafeMutableRawPointer
    let count: Int
    private let clientsPerPart: Int
    /// When each client has something of its own to live through: `never` while a tier must have its say first.
    private let nextOfClient: UnsafeMutablePointer<Mark>

    /// An instant in whole milliseconds, rounded down: close enough to pass over clients who have nothing to do, and small
    /// enough to be looked through often. Those beyond 49 days are the same.
    typealias Mark = UInt32
    private static let never = Mark.max

    /// At most so many parts as threads, and at least one.
    init(_ setting: FleetSetting, threads: Int, probe: () -> Probe) {
        self.setting = setting
        clientsPerPart = max(1, (setting.clientCount + threads - 1) / max(1, threads))
        count = max(1, (setting.clientCount + clientsPerPart - 1) / clientsPerPart)
        memory = .allocate(byteCount: count * Self.spacing, alignment: Self.alignment)
        for part in 0..<count {
            let place = (memory + part * Self.spacing).bindMemory(to: ClientRunner.self, capacity: 1)
            place.initialize(to: ClientRunner(setting, probe: probe()))
        }
        nextOfClient = Memory.allocate(setting.clientCount)
        nextOfClient.initialize(repeating: Self.never, count: setting.clientCount)
    }

    func free() {
        for part in 0..<count { runner(part).deinitialize(count: 1) }
        memory.deallocate()
        nextOfClient.deallocate()
    }

    // Runners lie so far apart that no two share a line of the cache, or a pair of lines that is fetched together: what one
    // thread writes down would stop the other at each event.
    private static let alignment = 256
    private static let spacing = (MemoryLayout<ClientRunner>.size / alignment + 2) * alignment

    /// The runner of a part.
    func runner(_ part: Int) -> UnsafeMutablePointer<ClientRunner> {
        (memory + part * Self.spacing).assumingMemoryBound(to: ClientRunner.self)
    }

    /// The runner of a client's part.
    func runner(of client: ClientRunner.Client) -> UnsafeMutablePointer<ClientRunner> {
        runner(count == 1 ? 0 : Int(client.pointee.number) / clientsPerPart)
    }

    /// The runner that is told what is not about a client.
    var first: UnsafeMutablePointer<ClientRunner> { runner(0) }

    /// Does something for each part, on a thread each.
    func forEach(_ body: @Sendable (UnsafeMutablePointer<ClientRunner>, Range<Int>) -> Void) {
        guard count > 1 else {
            body(first, 0..<setting.clientCount)
            return
        }
        DispatchQueue.concurrentPerform(iterations: count) { part in
            let start = part * clientsPerPart
            body(runner(part), start..<min(setting.clientCount, start + clientsPerPart))
        }
    }

    /// Does something for each part's share of each cohort, part by part on a thread each.
    func forEachCohort(_ body: @Sendable (UnsafeMutablePointer<ClientRunner>, Int, Range<Int>) -> Void) {
        forEach { runner, members in
            for cohort in 0..<setting.cohortCount {
                let share = setting.cohorts[cohort].members.clamped(to: members)
                if !share.isEmpty { body(runner, cohort, share) }
            }
        }
    }

    /// Counts what is still open at the end, and lets go of the clients.
    func closeBooks() {
        forEach { runner, members in
            for index in members { runner.pointee.closeBooks(of: setting.clients + index) }
        }
        setting.clientsExist = false
    }

    /// Notes when a client must be looked at again; of one that waits for a tier, the tier is told.
    @inline(__always)
    func note(_ client: ClientRunner.Client) {
        var next = client.pointee.next
        switch client.pointee.hold {
        case .none:
            break
        case .arriving:
            if next >= client.pointee.holdAt { next = .distantFuture }
        case .waiting:
            runner(of: client).pointee.tell(TierEvent(kind: .clientVisit, client: client.pointee.number), at: next)
            next = .distantFuture
        }
        nextOfClient[Int(client.pointee.number)] =
            next == .distantFuture
            ? Self.never : Mark(clamping: min(next.nanoseconds / 1_000_000, Int64(Self.never) - 1))
    }

    /// The mark that tells who has something to do before an instant.
    static func mark(before end: Instant) -> Mark {
        Mark(clamping: (max(0, end.nanoseconds - 1)) / 1_000_000 + 1)
    }

    /// Whether a client may have something to do before an instant.
    @inline(__always)
    func isNoted(_ client: Int, before mark: Mark) -> Bool { nextOfClient[client] < mark }

    /// Asks for the note about a client, which will soon be changed.
    @inline(__always)
    func prefetchNote(_ client: Int) { Memory.prefetch(nextOfClient + client, bytes: 1) }

    /// Nothing before the end of a window will be told any more.
    func closeWindow(before end: Instant) {
        for part in 1..<max(1, count) { first.pointee.probe.takeArrivals(of: &runner(part).pointee.probe) }
        for part in 0..<count { runner(part).pointee.probe.closeWindow(before: end) }
    }

    /// The record of all parts together, once nothing more will happen.
    func finishRecord() -> ReplicationRecord {
        for part in 1..<max(1, count) {
            first.pointee.probe.take(&runner(part).pointee.probe)
            first.pointee.events += runner(part).pointee.events
        }
        first.pointee.probe.record.events = first.pointee.events
        first.pointee.probe.finish()
        return first.pointee.probe.record
    }
}
