import ClientScripts
import Foundation
import Reconnection
import Testing

/// The documented behaviour of the five source systems, told by the scripts that come along.
@Suite("stories of the source systems")
struct SourceSystemStoriesTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let scripts = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scenarios/scripts")

    private func story(_ system: String) throws -> Played {
        let text = try String(contentsOf: Self.scripts.appendingPathComponent("\(system).jsonl"), encoding: .utf8)
        let policy = try #require(PolicyPreset.named(system)?.policy)
        let played = try play(text, policy)
        #expect(played.failure == nil)
        return played
    }

    @Test("every story gives the bytes on record", arguments: Self.systems)
    func golden(system: String) throws {
        let text = try story(system).lines.map { $0 + "\n" }.joined()
        let record = Self.tests.appendingPathComponent("Golden/\(system).jsonl")
        guard ProcessInfo.processInfo.environment["STAMPEDE_RECORD"] == nil else {
            try Data(text.utf8).write(to: record)
            Issue.record("recorded \(system): look at the difference, then test again without STAMPEDE_RECORD")
            return
        }
        let recorded = String(decoding: try Data(contentsOf: record), as: UTF8.self)
        let changed = zip(text.split(separator: "\n"), recorded.split(separator: "\n")).first { $0 != $1 }
        #expect(text == recorded, "first difference: \(String(describing: changed)); STAMPEDE_RECORD=1 records anew")
    }

    /// The scripts that come along, each named after the preset it is for.
    private static let systems: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: scripts.path)) ?? []
        return names.sorted().map { String($0.dropLast(".jsonl".count)) }
    }()

    @Test("every source system has a script, and every script a record and no other")
    func complete() throws {
        #expect(Set(Self.systems).isSuperset(of: ["chat-sdk", "landale", "party-table", "pl3xus", "valtio-y"]))
        let golden = Self.tests.appendingPathComponent("Golden").path
        let records = try FileManager.default.contentsOfDirectory(atPath: golden).sorted()
        #expect(records == Self.systems.map { $0 + ".jsonl" })
    }

    @Test("valtio-y: six attempts with 31 s of waiting, one give-up, one attempt for a manual retry")
    func valtio() throws {
        let played = try story("valtio-y")
        // min(1 s · 2^n, 30 s), five times; then twice the first delay, since every open resets the counter.
        #expect(played.delays == ["1s", "2s", "4s", "8s", "16s", "1s", "1s"])
        // Each refusal takes 100 ms, so attempt n comes 2^n − 1 s and n · 100 ms after the start.
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "1.1s", "3.2s", "7.3s", "15.4s", "31.5s", "40s", "51s", "61s",
            ]
        )
        #expect(played.times(ofAction: "gave-up") == ["31.6s"])
        #expect(played.times(ofPhase: "exhausted") == ["31.6s"])
        #expect(played.times(ofPhase: "connected") == ["40.1s", "51.1s"])
        #expect(played.times(ofAction: "send-message") == ["40.1s", "40.1s", "40.1s"])
        #expect(played.end("acknowledged") == 3)
        // A leftover transport's late close, and the success of an attempt that was stopped.
        #expect(played.told(at: "41s") == [])
        #expect(played.told(at: "62s") == [])
        #expect(played.times(ofPhase: "stopped") == ["61.5s"])
    }

    @Test("pl3xus: nothing before it is opened, 1 to 30 s for ever, lost and refused mutations named, closed is closed")
    func pl3xus() throws {
        let played = try story("pl3xus")
        #expect(played.delays == ["1s", "2s", "4s", "8s", "16s", "30s", "30s", "1s"])
        #expect(
            played.times(ofAction: "open-transport") == [
                "10s", "11s", "13s", "17s", "25s", "41s", "71s", "101s", "105s", "140s",
            ]
        )
        #expect(played.times(ofAction: "gave-up") == [])
        #expect(played.told(at: "12s") == [#"{"action":"message-failed","key":1,"cause":"not-connected"}"#])
        #expect(played.told(at: "104s").contains(#"{"action":"message-failed","key":3,"cause":"connection-lost"}"#))
        #expect(played.told(at: "102.02s") == [#"{"action":"message-acknowledged","key":2}"#])
        // The late close of a replaced socket, and the close that follows the user's own.
        #expect(played.told(at: "105.5s") == [])
        #expect(played.told(at: "110.1s") == [])
        #expect(played.times(ofPhase: "connected") == ["101.05s", "105.05s", "140.05s"])
    }

    @Test(
        "landale: the fifth failure opens the breaker for 300 s, then one probe; a mute server is noticed within 60 s"
    )
    func landale() throws {
        let played = try story("landale")
        // d + d/4 · (2U − 1) for d = 1, 2, 4, 8 s and U = 0, 0.5, 0.75, 0.25; then the breaker's 300 s, twice.
        #expect(played.delays == ["0.75s", "2s", "4.5s", "7s", "300s", "300s", "1s"])
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "0.8s", "2.85s", "7.4s", "14.45s", "314.5s", "614.55s", "855.6s",
            ]
        )
        #expect(played.times(ofAction: "breaker-opened") == ["14.5s", "314.55s"])
        #expect(played.told(at: "14.5s").first == #"{"action":"breaker-opened","until":"314.5s"}"#)
        #expect(played.times(ofAction: "breaker-closed") == ["614.6s"])
        #expect(played.times(ofAction: "gave-up") == [])
        // Answered beats keep the connection for longer than 150 s; the first one without an answer ends it.
        #expect(
            played.times(ofAction: "send-heartbeat") == [
                "644.6s", "674.6s", "704.6s", "734.6s", "764.6s", "794.6s", "824.6s", "885.65s",
            ]
        )
        #expect(played.times(ofAction: "close-transport") == ["854.6s"])
        #expect(played.times(ofPhase: "connected") == ["614.6s", "855.65s"])
    }

    @Test("chat-sdk: the queue runs by itself, a lost reply means the same key again, three failures open for 10 s")
    func chat() throws {
        let played = try story("chat-sdk")
        // min(2 s, 100 ms + U · 100 ms · 2^k) with U = 0.5; the breaker's 10 s + 20 % · U; the hint of 5 s + 10 % · U.
        #expect(played.delays == ["0.15s", "0.2s", "0.3s", "11s", "5.25s", "0.1s"])
        #expect(played.times(ofAction: "breaker-opened") == ["30.68s"])
        #expect(played.times(ofAction: "breaker-closed") == ["41.72s"])
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
        #expect(played.end("failed") == 1)
        #expect(played.end("acknowledged") == 4)
        // Refused credentials: not even the user's retry makes an attempt, new credentials do at once.
        #expect(played.told(at: "43s") == [#"{"phase":"blocked","from":"connected"}"#])
        #expect(played.told(at: "60s") == [])
        #expect(played.told(at: "61s").last == #"{"action":"open-transport","generation":7}"#)
        #expect(played.told(at: "72.25s").first == #"{"action":"close-transport","generation":8,"code":1006}"#)
    }

    @Test(
        "party-table: growing delays while flapping, the room reset's pause, both gates, the auth block, refused intents"
    )
    func partyTable() throws {
        let played = try story("party-table")
        // floor(U · min(30 s, 1 s · 2^n)): U = 0.3333, 0.5, 0.5 for n = 0, 1, 2, then n = 0 again after the stable
        // window; 5 s + U · 10 s; n = 0 after the gates; n = 0 after new credentials, n = 1 after the timeout.
        #expect(played.delays == ["0.333s", "1s", "2s", "0.5s", "10s", "0.25s", "0.5s", "1s"])
        #expect(
            played.times(ofAction: "open-transport") == [
                "0s", "2.333s", "5s", "10s", "25.5s", "40s", "110.25s", "150s", "155.5s",
            ]
        )
        // The first reason keeps its delay.
        #expect(played.told(at: "31s") == [])
        // Both sockets' fate while away: closed at once, and nothing until both gates are open.
        #expect(played.times(ofPhase: "paused") == ["45s"])
        #expect(played.told(at: "50s") == [])
        #expect(played.told(at: "100s") == [])
        #expect(played.times(ofPhase: "blocked") == ["120s"])
        #expect(played.told(at: "130s") == [])
        #expect(played.told(at: "131s") == [])
        // Refused, not queued: one message was sent in all, the one offered while connected.
        #expect(played.times(ofAction: "send-message") == ["151s"])
        #expect(played.times(ofAction: "message-failed") == ["155.2s", "155.2s"])
        #expect(played.told(at: "167.5s").first == #"{"action":"close-transport","generation":9,"code":1006}"#)
    }
}
