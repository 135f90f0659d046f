import MonotonicTime
import Reconnection
import Testing

/// When a refused action is worth a warning.
@Suite struct NotConnectedWarningTests {
    @Test("before the first connection the grace is 10 s, and the last nanosecond still belongs to it")
    func firstGrace() {
        var warning = NotConnectedWarning(startedAt: at(5))
        #expect(warning.refused(at: at(5)) == false)
        #expect(warning.refused(at: at(15) - .nanoseconds(1)) == false)
        #expect(warning.refused(at: at(15)) == true)
    }

    @Test("after a close the grace is 4 s, whatever failed before or since")
    func closeGrace() {
        var warning = NotConnectedWarning(startedAt: at(0))
        warning.connectionOpened()
        #expect(warning.refused(at: at(60)) == false)
        warning.connectionClosed(at: at(100))
        // Failed attempts and new starts do not begin it anew.
        warning.connectionClosed(at: at(103))
        warning.started(at: at(103))
        #expect(warning.refused(at: at(104) - .nanoseconds(1)) == false)
        #expect(warning.refused(at: at(104)) == true)
        warning.connectionOpened()
        #expect(warning.refused(at: at(110)) == false)
    }

    @Test("one warning at most in 2 s")
    func gap() {
        var warning = NotConnectedWarning(startedAt: at(0))
        #expect(warning.refused(at: at(10)) == true)
        #expect(warning.refused(at: at(10)) == false)
        #expect(warning.refused(at: at(12) - .nanoseconds(1)) == false)
        #expect(warning.refused(at: at(12)) == true)
        // Refusals without a warning do not put the next one off.
        #expect(warning.refused(at: at(13)) == false)
        #expect(warning.refused(at: at(14)) == true)
    }

    @Test("a reconnect does not shorten the gap between warnings, nor does time that runs backwards")
    func gapOverConnections() {
        let policy = NotConnectedWarning.Policy(graceAfterClose: .zero, minimumGap: .seconds(30))
        var warning = NotConnectedWarning(startedAt: at(0))
        #expect(warning.refused(at: at(10), policy: policy) == true)
        warning.connectionOpened()
        warning.connectionClosed(at: at(12))
        #expect(warning.refused(at: at(12), policy: policy) == false)
        #expect(warning.refused(at: at(1), policy: policy) == false)
        #expect(warning.refused(at: at(40), policy: policy) == true)
    }

    @Test("starting again before the first connection starts the grace anew")
    func restarted() {
        var warning = NotConnectedWarning(startedAt: at(0))
        warning.started(at: at(8))
        #expect(warning.refused(at: at(10)) == false)
        #expect(warning.refused(at: at(18)) == true)
    }
}
