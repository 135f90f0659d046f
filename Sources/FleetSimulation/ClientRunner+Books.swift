import MonotonicTime
import Reconnection

/// The end of the observation.
extension ClientRunner {
    /// Closes a client's books: open intervals end, what is still under way is counted, and the client is no more.
    mutating func closeBooks(of client: Client) {
        let cohort = Int(client.pointee.cohort)
        if client.pointee.marks.isUsable {
            let usable = end - client.pointee.marks.since
            probe.record.cohorts[cohort].usableTime += usable.nanoseconds
        }
        var wanted = end.sinceOrigin
        if client.pointee.link.signalledHolds > 0 {
            wanted = wanted - (end - setting.linkTimes[Int(client.pointee.number)].signalledSince)
        }
        probe.record.cohorts[cohort].wantedTime += wanted.nanoseconds
        if client.pointee.marks.isLagOpen {
            probe.stayedAway(cohort: cohort, for: end - client.pointee.marks.upAt)
        }
        if client.pointee.transport.phase == .dialing {
            probe.record.cohorts[cohort].inFlight += 1
            if client.pointee.transport.hasArrived { probe.record.cohorts[cohort].inFlightArrived += 1 }
        }
        if client.pointee.client.messageCountInPlace() > 0 {
            for key in client.pointee.client.outbox.keys where !hasReceived(key, from: client) {
                probe.record.cohorts[cohort].pending += 1
            }
        }
        probe.outboxPeaked(at: client.pointee.marks.outboxPeak, cohort: cohort)
        if Int(client.pointee.marks.outboxPeak) >= self.cohort(client).pointee.policy.outbox.capacity {
            probe.record.cohorts[cohort].outboxesAtBound += 1
        }
        switch client.pointee.client.phase {
        case .exhausted, .blocked, .stopped: probe.record.cohorts[cohort].gaveUp += 1
        case .closing, .paused, .waiting, .connecting, .connected: break
        }
        client.deinitialize(count: 1)
    }
}
