import MonotonicTime
import Reconnection
import Testing

/// Errors as a user reads them.
@Suite struct SyncErrorTests {
    @Test(
        "each kind says in one line what is wrong",
        arguments: [
            (SyncError.notConnected, "not connected"),
            (.deserialisationFailed(component: "Pose"), "cannot read Pose"),
            (.typeNotRegistered(component: "Pose"), "Pose is not registered"),
            (
                .schemaMismatch(component: "Pose", expected: 0xABC, actual: .max),
                "schema of Pose differs: expected 0000000000000abc, got ffffffffffffffff"
            ),
            (.socketError("reset\r\nby peer\n"), "socket error: reset by peer "),
            (.serialisationFailed(component: "Po\nse"), "cannot write Po se"),
        ]
    )
    func description(error: SyncError, text: String) {
        #expect(error.description == text)
    }

    @Test("the last error stays until the next one replaces it or the app clears it")
    func lastError() {
        var last = LastError()
        #expect(last.occurrence == nil && last.count == 0)
        last.record(.notConnected, at: at(1))
        last.record(.socketError("reset"), at: at(2))
        #expect(last.occurrence?.error == .socketError("reset"))
        #expect(last.occurrence?.instant == at(2))
        // The same error again is news to a watcher.
        let before = last
        last.record(.socketError("reset"), at: at(2))
        #expect(last != before && last.count == 3)
        last.clear()
        #expect(last.occurrence == nil && last.count == 3)
    }
}
