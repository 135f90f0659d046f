import MonotonicTime
import Reconnection

/// Keeps track of who has a session that works from end to end, and of how those hit by an outage come back.
extension ClientRunner {
    /// Looks at a client after something about it has changed.
    mutating func updateUsability(_ client: Client, at now: Instant) {
        // Read in place: a copy of a client retains what it refers to, which is most of the cost of looking at it.
        let phase = client.pointee.client.phase
        let transport = client.pointee.transport
        let isUsable =
            transport.phase == .established && phase == .connected && transport.instance >= 0
            && transport.serverGeneration == transport.generation && !transport.isPathDead && client.pointee.link.isUp
        let marks = client.pointee.marks
        guard isUsable != marks.isUsable else { return }
        let cohort = Int(client.pointee.cohort)
        client.pointee.marks.isUsable = isUsable
        probe.sessionsChanged(by: isUsable ? 1 : -1, at: now)
        if isUsable {
            client.pointee.marks.since = now
            client.pointee.marks.isLost = false
        } else {
            probe.record.cohorts[cohort].usableTime += (now - marks.since).nanoseconds
            client.pointee.marks.isLost = phase == .connected
            client.pointee.marks.since = now
        }
        guard marks.isRecovering else { return }
        let offset = now - marks.upAt
        probe.recoveryChanged(cohort: cohort, after: offset, by: isUsable ? 1 : -1)
        if isUsable, marks.isLagOpen {
            client.pointee.marks.isLagOpen = false
            probe.reconnected(cohort: cohort, after: offset)
        }
    }

    /// The client has left the phase connected: if its path was lost before, it has noticed now.
    mutating func noticeLoss(_ client: Client, at now: Instant) {
        guard client.pointee.marks.isLost else { return }
        let cohort = Int(client.pointee.cohort)
        probe.record.cohorts[cohort].detections += 1
        probe.record.cohorts[cohort].detectionTime += (now - client.pointee.marks.since).nanoseconds
        client.pointee.marks.isLost = false
    }

    /// An outage takes the client. Must be called while its session still counts as it was before.
    mutating func outageTakes(_ client: Client, at now: Instant) {
        let marks = client.pointee.marks
        if marks.isRecovering {
            // Its own next outage ends the watch; how it stood stays as it is.
            if marks.isLagOpen {
                probe.stayedAway(cohort: Int(client.pointee.cohort), for: now - marks.upAt)
            }
            client.pointee.marks.isRecovering = false
            client.pointee.marks.isLagOpen = false
        }
        guard marks.isUsable else { return }
        client.pointee.marks.awaitsEnd = true
        probe.outageBegan(at: now)
    }

    /// A healthy client could connect again from here: if an outage had taken this one, its recovery is watched.
    mutating func outageReleases(_ client: Client, at now: Instant) {
        let server = cohort(client).pointee.server
        guard client.pointee.marks.awaitsEnd, client.pointee.link.isUp, statuses[server].hasInstanceUp else { return }
        client.pointee.marks.awaitsEnd = false
        client.pointee.marks.isRecovering = true
        client.pointee.marks.isLagOpen = true
        client.pointee.marks.upAt = now
        probe.outageEnded(cohort: Int(client.pointee.cohort), at: now)
    }
}
