import ClientScripts
import Foundation
import Reconnection
import Testing

/// What the shipped code of the five source systems did instead, told by the scripts named after it.
@Suite("stories of the source systems as built")
struct AsBuiltStoriesTests {
    @Test("valtio-y: three give-ups, connections opened beside good ones, a destroyed client that connects")
    func valtio() throws {
        let played = try story("valtio-y-as-built")
        #expect(
            played.times(ofAction: "open-transport").prefix(6) == ["0s", "1.1s", "3.2s", "7.3s", "15.4s", "31.5s"]
        )
        // Fifth failure: the retry of 16 s is armed, then the second handling gives up.
        #expect(played.times(ofAction: "gave-up") == ["15.5s", "31.6s", "31.6s"])
        #expect(played.phases(from: 15.5, to: 31.5) == ["15.5s waiting", "31.5s connecting"])
        // The late close of an old transport marks the live connection lost.
        #expect(played.phases(from: 41, to: 44) == ["41s waiting", "42s connecting", "42.1s connected"])
        // A manual retry: 45 s, 45.05 s the close, 45.1 s connected, 46.05 s a second connection beside it.
        #expect(
            played.phases(from: 45, to: 49) == [
                "45s connecting", "45.05s waiting", "45.1s connected", "46.05s connecting", "46.15s connected",
            ]
        )
        // Only the manual retry closes anything: the rest is opened beside.
        #expect(played.times(ofAction: "close-transport") == ["45s", "70.5s"])
        #expect(played.count(ofAction: "open-transport", from: 53, to: 59) == 2)
        #expect(played.phases(from: 70) == ["70s connecting", "70.5s stopped", "70.52s connected", "70.55s stopped"])
        #expect(played.count(ofAction: "schedule-retry", from: 70) == 0)
    }

    @Test("pl3xus: two owners of retries, a healthy client that reconnects every two seconds, a close that is none")
    func pl3xus() throws {
        let played = try story("pl3xus-as-built")
        #expect(played.told(at: "0s").first == #"{"action":"message-discarded","key":1}"#)
        // The loop's 1, 2, 4 s and the socket's 3 s; then 2 s and the 50 ms that a close takes to be reported.
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "2s", "4s", "7s", "8s", "10.05s", "12.1s", "14.15s", "16.2s", "18.25s", "20.3s", "21.05s",
                "23.1s",
            ]
        )
        // The socket's own retry, 3 s, is armed at every loss and after the manual close at none.
        #expect(played.delays.count { $0 == "3s" } == 9)
        #expect(played.lines.last { $0.contains(#""delay":"3s""#) }?.hasPrefix(#"{"at":"18.3s""#) == true)
        // Each but the first two of them closes a connection that was up.
        #expect(
            played.times(ofAction: "close-transport") == [
                "8s", "10.05s", "12.1s", "14.15s", "16.2s", "18.25s", "20s", "21.05s", "23.1s",
            ]
        )
        #expect(played.times(ofPhase: "closing") == [])
        #expect(played.phases(from: 20, to: 20.1) == ["20s stopped", "20.05s waiting"])
    }

    @Test("landale: torn down at 150 s, final drops, a storm of twenty a second through an open breaker, then nothing")
    func landale() throws {
        let played = try story("landale-as-built")
        #expect(played.times(ofAction: "heartbeat-missed") == ["90.08s", "120.08s"])
        #expect(
            played.phases(from: 1, to: 199) == [
                "150.08s connecting", "150.13s stopped", "150.16s connected", "160s stopped",
            ]
        )
        // Two sockets at once.
        #expect(played.told(at: "200.1s") == [#"{"action":"open-transport","generation":4}"#])
        // An attempt each 50 ms; the breaker opens with the fifth failure, and again with each that follows.
        #expect(played.count(ofAction: "open-transport", from: 210, to: 210.5) == 11)
        #expect(
            played.times(ofAction: "breaker-opened") == [
                "210.25s", "210.3s", "210.35s", "210.4s", "210.45s", "210.5s", "600.25s",
            ]
        )
        // The wrapper's own: 2, 4, 8, 16 s.
        #expect(played.delays.prefix(8) == ["2s", "0s", "4s", "0s", "8s", "0s", "16s", "0s"])
        // Nothing is attempted or armed while it is open.
        #expect(played.told(at: "211s") == [#"{"action":"attempt-refused","until":"510.5s"}"#])
        #expect(played.count(ofAction: "open-transport", from: 211, to: 599) == 0)
    }

    @Test("landale's Python client: always 1 s after a drop, ten attempts and six trips, a dead connection kept")
    func landalePython() throws {
        let played = try story("landale-python-as-built")
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "3s", "6s", "10.1s", "61s",
                "300s", "301s", "303s", "307s", "315s", "331s", "363s", "423s", "483s", "543s",
            ]
        )
        #expect(
            played.times(ofAction: "breaker-opened") == ["315s", "331s", "363s", "423s", "483s", "543s"]
        )
        #expect(played.times(ofAction: "gave-up") == ["543s"])
        // The third missing answer, at 181 s, ends the monitor and nothing else.
        #expect(played.times(ofAction: "heartbeat-missed") == ["121s", "151s"])
        #expect(played.told(at: "181s") == [])
        #expect(played.count(ofAction: "send-heartbeat", from: 181, to: 299) == 0)
        #expect(played.phases(from: 61, to: 239) == ["61s connecting", "61s connected"])
    }

    @Test("chat-sdk: no breaker, no gate, no hint, no block, no timeout, and the queue all at once")
    func chat() throws {
        let played = try story("chat-sdk-as-built")
        #expect(
            played.delays == [
                "0.15s", "0.2s", "0.3s", "0.5s", "0.9s", "1.1s", "1.1s", "1.1s", "0.15s", "0.1s",
            ]
        )
        #expect(played.times(ofAction: "breaker-opened") == [])
        #expect(played.times(ofAction: "send-heartbeat") == [])
        #expect(played.phases(from: 1, to: 59) == [])
        #expect(played.phases(from: 71, to: 73) == ["71s waiting", "71.15s connecting", "71.19s connected"])
        // Ten at once; an unanswered one 30 s and 100 ms · 1.25 later, a refused one 125 ms later.
        #expect(played.count(ofAction: "send-message", from: 65.46, to: 65.46) == 10)
        #expect(played.told(at: "46.125s").first?.contains(#""key":4,"offered":"16s","resend":1"#) == true)
        #expect(played.told(at: "24.225s").first?.contains(#""key":6,"offered":"24s","resend":1"#) == true)
        #expect(played.lines.last?.contains(#""phase":"connecting","retry-count":1,"next-deadline":null"#) == true)
    }

    @Test("party-table after the plan: a delay before the first attempt, the first close decides, no time-out")
    func partyTable() throws {
        let played = try story("party-table-as-built")
        // n = 0 for the start counts: n = 1 for the drop. Then the ordinary close masks the room reset.
        #expect(played.delays == ["0.5s", "1s", "0.5s", "10s", "0.5s"])
        #expect(played.times(ofAction: "open-transport") == ["10.5s", "13s", "25.5s", "50s", "61.5s"])
        #expect(played.told(at: "25.02s") == [])
        #expect(played.lines.last?.contains(#""phase":"connecting","retry-count":1,"next-deadline":null"#) == true)
    }

    @Test("party-table's machine: the delay never grows, the limit is never reached, resume connects twice")
    func partyTableMachine() throws {
        let played = try story("party-table-machine-as-built")
        #expect(played.times(ofAction: "open-transport").prefix(2) == ["2s", "2.5s"])
        #expect(played.told(at: "2.5s").first == #"{"action":"close-transport","generation":1,"code":1001}"#)
        #expect(Set(played.delays) == ["0.5s", "0.999s"])
        // Thirteen refusals, three more than the limit allows.
        #expect(played.end("failed-attempts") == 13)
        #expect(played.times(ofAction: "gave-up") == [])
    }

    @Test("party-table now: exactly 120 s after a rate limit, resume connects twice, intents end the time-out")
    func partyTableCurrent() throws {
        let played = try story("party-table-current-as-built")
        #expect(played.delays == ["120s", "2.5s", "2.5s", "2.5s"])
        #expect(played.told(at: "300.02s") == [])
        #expect(
            played.times(ofAction: "open-transport") == ["0s", "220s", "302.5s", "401s", "403.5s", "503s"]
        )
        #expect(played.lines.last?.contains(#""phase":"connecting","retry-count":1,"next-deadline":null"#) == true)
    }
}
