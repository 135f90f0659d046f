import MonotonicTime
import Reconnection

/// Keeps track of who has a session that works from end to end, and of how those hit by an outage come back.
extension World {
    /// Looks at a client after something about it has changed.
    mutating func updateUsability(_ index: Int, at now: Instant) {
        // Read in place: a copy of a client retains what it refers to, which is most of the cost of looking at it.
        let phase = clients[index].client.phase
        let transport = clients[index].transport
        let isUsable =
            transport.phase == .established && phase == .connected && transport.instance >= 0
            && transport.serverGeneration == transport.generation && !transport.isPathDead && clients[index].link.isUp
        let marks = clients[index].marks
        guard isUsable != marks.isUsable else { return }
        let cohort = Int(clients[index].cohort)
        clients[index].marks.isUsable = isUsable
        probe.sessionsChanged(by: isUsable ? 1 : -1, at: now)
        if isUsable {
            clients[index].marks.usableSince = now
            clients[index].marks.lostAt = .distantFuture
        } else {
            probe.record.cohorts[cohort].usableTime += (now - marks.usableSince).nanoseconds
            if phase == .connected { clients[index].marks.lostAt = now }
        }
        guard marks.isRecovering else { return }
        let offset = now - marks.upAt
        probe.recoveryChanged(cohort: cohort, after: offset, by: isUsable ? 1 : -1)
        if isUsable, marks.isLagOpen {
            clients[index].marks.isLagOpen = false
            probe.reconnected(cohort: cohort, after: offset)
        }
    }

    /// The client has left the phase connected: if its path was lost before, it has noticed now.
    mutating func noticeLoss(_ index: Int, at now: Instant) {
        guard clients[index].marks.lostAt < .distantFuture else { return }
        let cohort = Int(clients[index].cohort)
        probe.record.cohorts[cohort].detections += 1
        probe.record.cohorts[cohort].detectionTime += (now - clients[index].marks.lostAt).nanoseconds
        clients[index].marks.lostAt = .distantFuture
    }

    /// An outage takes the client. Must be called while its session still counts as it was before.
    mutating func outageTakes(_ index: Int, at now: Instant) {
        let marks = clients[index].marks
        if marks.isRecovering {
            // Its own next outage ends the watch; how it stood stays as it is.
            if marks.isLagOpen {
                probe.stayedAway(cohort: Int(clients[index].cohort), for: now - marks.upAt)
            }
            clients[index].marks.isRecovering = false
            clients[index].marks.isLagOpen = false
        }
        guard marks.isUsable else { return }
        clients[index].marks.awaitsEnd = true
        probe.outageBegan(at: now)
    }

    /// A healthy client could connect again from here: if an outage had taken this one, its recovery is watched.
    mutating func outageReleases(_ index: Int, at now: Instant) {
        let server = serverOfCohort[Int(clients[index].cohort)]
        guard clients[index].marks.awaitsEnd, clients[index].link.isUp, servers[server].hasInstanceUp else { return }
        clients[index].marks.awaitsEnd = false
        clients[index].marks.isRecovering = true
        clients[index].marks.isLagOpen = true
        clients[index].marks.upAt = now
        probe.outageEnded(cohort: Int(clients[index].cohort), at: now)
    }
}
