import ClientScripts
import Foundation
import Reconnection
import Scenarios
import Testing

/// The documented behaviour of the five source systems, told by the scripts that come along.
@Suite("stories of the source systems")
struct SourceSystemStoriesTests {
    @Test("every story gives the bytes on record", arguments: Stories.names)
    func golden(name: String) throws {
        let text = try story(name).lines.map { $0 + "\n" }.joined()
        let record = Stories.tests.appendingPathComponent("Golden/\(name).jsonl")
        guard ProcessInfo.processInfo.environment["STAMPEDE_RECORD"] == nil else {
            try Data(text.utf8).write(to: record)
            Issue.record("recorded \(name): look at the difference, then test again without STAMPEDE_RECORD")
            return
        }
        let recorded = String(decoding: try Data(contentsOf: record), as: UTF8.self)
        let changed = zip(text.split(separator: "\n"), recorded.split(separator: "\n")).first { $0 != $1 }
        #expect(text == recorded, "first difference: \(String(describing: changed)); STAMPEDE_RECORD=1 records anew")
    }

    @Test("every source system has a script, as documented and as built, and every script a record and no other")
    func complete() throws {
        let systems = [
            "chat-sdk", "landale", "landale-python", "party-table", "party-table-current", "party-table-machine",
            "pl3xus", "valtio-y",
        ]
        #expect(Stories.names == systems.flatMap { [$0, $0 + "-as-built"] }.sorted())
        let golden = Stories.tests.appendingPathComponent("Golden").path
        let records = try FileManager.default.contentsOfDirectory(atPath: golden)
        #expect(records.sorted() == Stories.names.map { $0 + ".jsonl" }.sorted())
    }

    @Test("a story uses each random number it lists, and is short", arguments: Stories.names)
    func economy(name: String) throws {
        let script = try ScriptPlayer.read(Array(try Stories.text(name).utf8), file: name)
        var listed = 0
        for line in script.lines {
            if case .uniform(let numbers) = line.command { listed += numbers.count }
        }
        let played = try story(name)
        #expect(played.end("random-numbers-used") == listed)
        #expect(played.lines.count < 300)
        #expect(try Stories.text(name).contains("stampede drive --policy \(name) Scenarios/scripts/\(name).jsonl\n"))
    }

    @Test("valtio-y: six attempts with 31 s of waiting, one give-up, one attempt for a manual retry")
    func valtio() throws {
        let played = try story("valtio-y")
        // min(1 s · 2^n, 30 s), five times; then thrice the first delay, since every open resets the counter.
        #expect(played.delays == ["1s", "2s", "4s", "8s", "16s", "1s", "1s", "1s"])
        // Each refusal takes 100 ms, so attempt n comes 2^n − 1 s and n · 100 ms after the start.
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "1.1s", "3.2s", "7.3s", "15.4s", "31.5s", "40s", "45s", "51s", "52.4s", "70s", "100s",
            ]
        )
        #expect(played.times(ofAction: "gave-up") == ["31.6s"])
        #expect(played.times(ofPhase: "exhausted") == ["31.6s"])
        #expect(played.times(ofPhase: "connected") == ["40.1s", "45.1s", "51.1s", "52.5s"])
        #expect(played.times(ofAction: "send-message") == ["40.1s", "40.1s", "40.1s"])
        #expect(played.end("acknowledged") == 3)
        // A leftover transport's late close, those of transports torn down, and the success of a stopped attempt.
        for late in ["41s", "45.05s", "70.52s", "70.55s"] { #expect(played.told(at: late) == []) }
        #expect(played.times(ofAutomatic: "lost").suffix(2) == ["45.05s", "70.55s"])
        #expect(played.times(ofPhase: "stopped") == ["60.5s", "70.5s"])
        // The attempt nobody answers hangs for ever.
        #expect(played.lines.last?.contains(#""phase":"connecting","retry-count":0,"next-deadline":null"#) == true)
    }

    @Test("pl3xus: nothing before it is opened, 1 to 30 s for ever, lost and refused mutations named, closed is closed")
    func pl3xus() throws {
        let played = try story("pl3xus")
        #expect(played.delays == ["1s", "2s", "4s", "1s", "2s", "4s", "8s", "16s", "30s", "30s", "1s"])
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "2s", "4s", "8s", "70s", "80s", "81.02s", "84s",
                "100s", "101s", "103s", "107s", "115s", "131s", "161s", "191s", "195s",
            ]
        )
        #expect(played.times(ofAction: "gave-up") == [])
        #expect(
            played.times(ofPhase: "connected") == [
                "0.08s", "8.08s", "70.08s", "80.08s", "81.1s", "191.05s", "195.05s",
            ]
        )
        // Closing until the close is reported, or five seconds at the longest; not at all while only connecting.
        #expect(played.phases(from: 20, to: 69) == ["20s closing", "20.05s stopped"])
        #expect(played.phases(from: 71, to: 79) == ["71s closing", "76s stopped"])
        #expect(played.phases(from: 81, to: 81.05) == ["81s closing", "81.02s stopped", "81.02s connecting"])
        #expect(played.phases(from: 84, to: 99) == ["84s connecting", "84.05s stopped"])
        #expect(played.told(at: "60s") == [#"{"action":"message-failed","key":1,"cause":"not-connected"}"#])
        #expect(played.told(at: "192.02s") == [#"{"action":"message-acknowledged","key":2}"#])
        #expect(played.told(at: "194s").last == #"{"action":"message-failed","key":3,"cause":"connection-lost"}"#)
        // Late closes of replaced sockets.
        for late in ["81.05s", "84.1s", "195.5s"] { #expect(played.told(at: late) == []) }
    }

    @Test("landale: five failures open the breaker for 300 s, then one probe; mute is noticed, healthy is left alone")
    func landale() throws {
        let played = try story("landale")
        // d + d/4 · (2U − 1) for d = 1, 2, 4, 8 s and U = 0, 0.5, 0.75, 0.25; then the breaker's 300 s, twice; then the
        // first delay after every drop; at last the undisturbed delays, and 300 s to each probe.
        let dead = ["1s", "2s", "4s", "8s"] + Array(repeating: "300s", count: 6)
        #expect(played.delays == ["0.75s", "2s", "4.5s", "7s", "300s", "300s", "1s", "1s", "1s"] + dead)
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "0.8s", "2.85s", "7.4s", "14.45s", "314.5s", "614.55s", "855.63s", "900s", "911s", "921s",
                "1000s", "1001.05s", "1003.1s", "1007.15s", "1015.2s",
                "1315.25s", "1615.3s", "1915.35s", "2215.4s", "2515.45s", "2815.5s",
            ]
        )
        #expect(played.times(ofAction: "breaker-opened").prefix(3) == ["14.5s", "314.55s", "1015.25s"])
        #expect(played.told(at: "14.5s").first == #"{"action":"breaker-opened","until":"314.5s"}"#)
        #expect(played.times(ofAction: "breaker-closed") == ["614.63s"])
        #expect(
            played.told(at: "110s") == [
                #"{"action":"attempt-refused","until":"314.5s"}"#, #"{"phase":"waiting","from":"stopped"}"#,
            ]
        )
        // Ten retries after the first attempt; the last one's failure gives up.
        #expect(played.times(ofAction: "gave-up") == ["2815.55s"])
        // Answered beats keep the connection for longer than 150 s; the first one without an answer, at 824.63 s, ends it.
        #expect(
            played.times(ofAction: "send-heartbeat") == [
                "644.63s", "674.63s", "704.63s", "734.63s", "764.63s", "794.63s", "824.63s", "885.71s",
            ]
        )
        #expect(played.times(ofAction: "close-transport") == ["854.63s", "900s", "930s"])
        #expect(played.phases(from: 900, to: 905) == ["900s connecting", "900.08s connected"])
        for ignored in ["621s", "854.68s", "900.05s", "921.5s", "930.05s"] {
            #expect(played.told(at: ignored) == [], "\(ignored)")
        }
    }

    @Test("landale's Python client as wanted: growth until stable, the breaker asked each time, strikes force")
    func landalePython() throws {
        let played = try story("landale-python")
        // d + 0.1 · d · U; d = 1, 2, 4 s while it flaps, 1 s once it was stable for 30 s.
        #expect(played.delays.prefix(6) == ["1s", "2.1s", "4s", "1s", "1.05s", "1s"])
        #expect(played.delays.suffix(10) == ["1s", "2s", "4s", "8s"] + Array(repeating: "300s", count: 6))
        // Beats every 30 s from 61 s on; the third without an answer was sent at 151 s.
        #expect(played.times(ofAction: "close-transport") == ["181s"])
        #expect(played.times(ofAction: "heartbeat-missed") == ["121s", "151s"])
        #expect(played.phases(from: 240, to: 299) == ["240s waiting", "240.5s stopped"])
        #expect(
            played.times(ofAction: "breaker-opened") == [
                "315s", "615s", "915s", "1215s", "1515s", "1815s", "2115s",
            ]
        )
        #expect(played.times(ofAction: "gave-up") == ["2115s"])
    }

    @Test("chat-sdk: the queue runs by itself, a lost reply means the same key again, three failures open for 10 s")
    func chat() throws {
        let played = try story("chat-sdk")
        // min(2 s, 100 ms + U · 100 ms · 2^k) with U = 0.5; the breaker's 10 s + 20 % · U, twice; the hint of 5 s
        // + 10 % · U; k = 1 with U = 0 after the timeout; k = 0 after the dead link.
        #expect(played.delays == ["0.15s", "0.2s", "0.3s", "11s", "11s", "5.25s", "0.1s", "0.15s"])
        #expect(played.times(ofAction: "breaker-opened") == ["30.68s", "41.69s"])
        #expect(played.times(ofAction: "breaker-closed") == ["52.73s"])
        // Sent while offline at 11 s, and out by itself when the connection is back, well below 2 s after the network.
        #expect(played.told(at: "11s") == [])
        #expect(played.told(at: "15.04s").count == 3)
        #expect(played.told(at: "15.04s").last?.contains(#""key":3,"offered":"11s","resend":0"#) == true)
        #expect(
            played.told(at: "21.5s") == [
                #"{"action":"send-message","generation":2,"key":4,"offered":"16s","resend":1}"#
            ]
        )
        #expect(played.told(at: "23.1s") == [#"{"action":"message-failed","key":5,"cause":"rejected"}"#])
        #expect(played.told(at: "24.1s") == [])
        #expect(
            played.told(at: "24.6s") == [
                #"{"action":"send-message","generation":2,"key":6,"offered":"24s","resend":1}"#
            ]
        )
        // Refused credentials: not even the user's retry makes an attempt, new credentials do at once.
        #expect(
            played.told(at: "54s") == [#"{"phase":"blocked","from":"connected"}"#, #"{"action":"credentials-needed"}"#]
        )
        #expect(played.told(at: "60s") == [])
        #expect(played.told(at: "61s").last == #"{"action":"open-transport","generation":8}"#)
        #expect(played.told(at: "72.25s").first == #"{"action":"close-transport","generation":9,"code":1006}"#)
        // The beat sent at 77.39 s stays unanswered; noticed 5 s later, and back 190 ms after that.
        #expect(played.told(at: "82.39s").first == #"{"action":"close-transport","generation":10,"code":1001}"#)
        #expect(played.times(ofPhase: "connected").last == "82.58s")
        // Six tries, 5 s each, then one failure.
        #expect(played.count(ofAction: "send-message", from: 100) == 6)
        #expect(played.told(at: "130s") == [#"{"action":"message-failed","key":7,"cause":"retries-exhausted"}"#])
        #expect(played.end("failed") == 2)
        #expect(played.end("acknowledged") == 5)
    }

    @Test("party-table: one fate for two sockets, growing delays while flapping, pauses by reason, gates, auth block")
    func partyTable() throws {
        let played = try story("party-table")
        // floor(U · min(30 s, 1 s · 2^n)): n = 0 after the pause; U = 0.3333, 0.5, 0.5 for n = 0, 1, 2, then n = 0 again
        // after the stable window; 5 s + U · 10 s; n = 2, and the room reset's 5 s + 0.2 · 10 s; n = 0 after the window,
        // the gates, the silence (stable before), and new credentials; n = 1 after the timeout.
        #expect(
            played.delays == [
                "0.25s", "0.333s", "1s", "2s", "0.5s", "10s", "2s", "7s", "0.5s", "0.25s", "0.5s", "0.5s", "1s",
            ]
        )
        #expect(
            played.times(ofAction: "open-transport") == [
                "10s", "12.333s", "15s", "20s", "35.5s", "50s", "59.02s", "70.5s", "110.25s", "152.79s", "165s",
                "170.5s",
            ]
        )
        // Without credentials, hidden at the start, and while away: no attempt.
        #expect(
            played.phases(from: 0, to: 9) == ["0s blocked", "3s stopped", "5s paused", "6s waiting", "6.1s stopped"]
        )
        #expect(played.times(ofAction: "credentials-needed") == ["0s", "160s"])
        #expect(played.phases(from: 75, to: 110) == ["75s paused", "110s waiting"])
        #expect(played.phases(from: 160, to: 165) == ["160s blocked", "165s connecting"])
        // Whichever socket closes, both are torn down at once.
        for lost in ["12s", "14s", "18s"] {
            #expect(played.told(at: lost).first?.hasPrefix(#"{"action":"close-transport""#) == true)
        }
        // A shorter pause does not take the place of a longer one; a longer one does.
        #expect(played.told(at: "40.01s") == [])
        #expect(
            played.told(at: "52.02s") == [#"{"action":"schedule-retry","retry":2,"delay":"7s","due":"59.02s"}"#]
        )
        // Heard last at 120 s; looks every 3 s from 110.29 s on, the first beyond 30 s of silence at 152.29 s.
        #expect(played.told(at: "149.29s") == [])
        #expect(played.told(at: "152.29s").first == #"{"action":"close-transport","generation":9,"code":1001}"#)
        // Refused, not queued: one message was sent in all, the one offered while connected.
        #expect(played.times(ofAction: "send-message") == ["166s"])
        #expect(played.times(ofAction: "message-failed") == ["170.2s", "170.2s"])
        #expect(played.told(at: "182.5s").first == #"{"action":"close-transport","generation":12,"code":1006}"#)
        #expect(played.lines.last?.contains(#""phase":"stopped","retry-count":2,"next-deadline":null"#) == true)
    }

    @Test("party-table's machine: resume honours its delay; ten retries, then it gives up")
    func partyTableMachine() throws {
        let played = try story("party-table-machine")
        #expect(
            played.delays == ["0.5s"] + ["0.5s", "1s", "2s", "4s", "8s", "15s", "15s", "15s", "15s", "15s"]
        )
        #expect(played.phases(from: 0, to: 5) == ["0s paused", "2s waiting", "2.5s connecting", "3.3s connected"])
        #expect(played.times(ofAction: "gave-up") == ["110.7s"])
        #expect(played.end("attempts") == 11)
    }

    @Test("party-table now: a token for each attempt, grace, rate limits with a spread, abandoned after six retries")
    func partyTableCurrent() throws {
        let played = try story("party-table-current")
        // U · 5 s · 2^n with U = 0.5; rate limits 120 s + U · 30 s with U = 0.5, 0, 0.2.
        #expect(
            played.delays == ["2.5s", "2.5s", "135s", "120s", "2.5s", "126s", "2.5s", "5s"]
                + ["2.5s", "5s", "10s", "20s", "40s", "60s"] + ["2.5s"]
        )
        // The token comes first; a fetch that fails is a retry.
        #expect(
            played.told(at: "0s").last == #"{"action":"prepare-attempt","generation":1}"#
                && played.phases(from: 0, to: 4) == ["0s connecting", "1s waiting", "3.5s connecting"]
        )
        #expect(played.told(at: "4s") == [#"{"action":"open-transport","generation":2}"#])
        // Two attempts never got their token: the first, and the one stopped at 720 s.
        #expect(played.count(ofAction: "prepare-attempt") == played.count(ofAction: "open-transport") + 2)
        // Back within 15 s, and hidden: nothing. Away for 15 s: torn down.
        for quiet in ["10s", "20s", "30s", "31s", "70s"] { #expect(played.told(at: quiet) == [], "\(quiet)") }
        #expect(played.phases(from: 4.2, to: 85) == ["4.2s connected", "85s waiting"])
        #expect(
            played.told(at: "500.02s") == [#"{"action":"schedule-retry","retry":0,"delay":"126s","due":"626.02s"}"#]
        )
        // 12 s from the opening of the sockets at 703 s, though the intent socket opened.
        #expect(played.told(at: "715s").first == #"{"action":"close-transport","generation":7,"code":1006}"#)
        #expect(played.times(ofAction: "gave-up") == ["937.57s"])
        #expect(
            played.phases(from: 1_001, to: 1_010) == [
                "1001s paused", "1002s waiting", "1004.5s connecting", "1007.5s connected",
            ]
        )
        #expect(played.times(ofPhase: "blocked") == ["1020s"])
        #expect(played.phases(from: 1_040) == ["1040s stopped"])
    }
}
