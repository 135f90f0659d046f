import MonotonicTime
import Reconnection
import Scenarios

/// What a barrier does to each client of some cohorts.
///
/// It is done when the client's turn comes to live through the window that the barrier begins, by the thread whose client
/// it is: nothing about it depends on other clients, and each record is fetched once instead of twice.
enum ClientChange {
    /// Instances of a tier have gone, and say so with a close code or not at all.
    case cutOff(server: Int, instances: Range<Int>, code: UInt16?)
    /// A tier without any instance has one again.
    case released(server: Int)
    /// Paths to clients of a cohort have broken: a share of them, told to the client or not.
    case disconnected(entry: Int, cohort: Int, share: Double, isSilent: Bool)

    var isRelease: Bool {
        if case .released = self { return true }
        return false
    }
}

extension ClientRunner {
    mutating func apply(_ change: ClientChange, to client: Client, at now: Instant) {
        switch change {
        case .cutOff(let server, let instances, let code):
            guard cohort(client).pointee.server == server else { return }
            cutOff(client, from: instances, code: code, at: now)
        case .released(let server):
            guard cohort(client).pointee.server == server else { return }
            outageReleases(client, at: now)
        case .disconnected(let entry, let cohort, let share, let isSilent):
            guard Int(client.pointee.cohort) == cohort, client.pointee.transport.phase == .established,
                uniform(client, .disconnect, UInt64(entry)) < share
            else { return }
            disconnect(client, isSilent: isSilent, at: now)
        }
    }

    /// The server side of a client's connection ends with its instance.
    private mutating func cutOff(_ client: Client, from instances: Range<Int>, code: UInt16?, at now: Instant) {
        guard instances.contains(Int(client.pointee.transport.instance)) else { return }
        outageTakes(client, at: now)
        client.pointee.transport.instance = -1
        updateUsability(client, at: now)
        outageReleases(client, at: now)
        guard let code else { return }
        transmit(
            LocalEvent(
                kind: .closeDown,
                generation: client.pointee.transport.serverGeneration,
                argument: UInt32(code)
            ),
            of: client,
            at: now
        )
    }

    /// The path under a client's connection breaks.
    private mutating func disconnect(_ client: Client, isSilent: Bool, at now: Instant) {
        outageTakes(client, at: now)
        killPath(client, at: now)
        updateUsability(client, at: now)
        outageReleases(client, at: now)
        guard !isSilent else { return }
        post(
            LocalEvent(
                kind: .closeDown,
                generation: client.pointee.transport.generation,
                argument: UInt32(Close.abnormal.code)
            ),
            at: now,
            to: client
        )
    }
}
