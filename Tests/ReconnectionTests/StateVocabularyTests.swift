import MonotonicTime
import Reconnection
import Testing

@Suite struct StateVocabularyTests {
    private typealias Standing = ConnectionStanding

    /// A standing and its word in each vocabulary: valtio-y, pl3xus, landale, chat SDK, party table, its machine.
    struct Row: CustomTestStringConvertible {
        var standing: ConnectionStanding
        var words: [String]

        init(
            _ phase: ConnectionPhase,
            _ cause: ConnectionStanding.Cause = .app,
            attempts: Int = 0,
            words: String
        ) {
            standing = ConnectionStanding(phase: phase, cause: cause, reconnectAttempts: attempts)
            self.words = words.split(separator: " ").map(String.init)
        }

        var testDescription: String { "\(standing.phase) \(standing.cause) \(standing.reconnectAttempts)" }
    }

    private static let rows: [Row] = [
        Row(.stopped, words: "disconnected closed disconnected disconnected stopped connecting"),
        Row(.stopped, .lost, words: "disconnected closed disconnected disconnected stopped connecting"),
        Row(.stopped, .refused, words: "disconnected closed failed disconnected stopped connecting"),
        Row(.closing, words: "disconnected closing disconnected disconnected stopped connecting"),
        Row(.paused, .device, words: "disconnected closed disconnected disconnected offline paused"),
        Row(.waiting, words: "disconnected closed reconnecting reconnecting cooldown connecting"),
        Row(.waiting, .lost, attempts: 1, words: "disconnected closed reconnecting reconnecting cooldown connecting"),
        Row(.waiting, .failed, attempts: 1, words: "error closed reconnecting reconnecting cooldown connecting"),
        Row(.waiting, .refused, attempts: 1, words: "error closed failed reconnecting cooldown connecting"),
        Row(.waiting, .device, words: "disconnected closed reconnecting reconnecting cooldown connecting"),
        Row(.connecting, words: "connecting connecting connecting connecting connecting connecting"),
        Row(.connecting, attempts: 1, words: "connecting connecting connecting reconnecting connecting connecting"),
        Row(.connected, words: "connected open connected connected connected connected"),
        Row(.exhausted, .failed, attempts: 5, words: "error closed failed failed stopped abandoned"),
        Row(.exhausted, .lost, attempts: 5, words: "error closed failed failed stopped abandoned"),
        Row(.blocked, .lost, words: "error closed failed failed blocked-auth connecting"),
    ]

    @Test("each standing has its word in each system", arguments: rows)
    func words(row: Row) {
        let standing = row.standing
        #expect(
            [
                ValtioYState(standing).rawValue, Pl3xusState(standing).rawValue, LandaleState(standing).rawValue,
                ChatSDKState(standing).rawValue, PartyTableState(standing).rawValue,
                PartyTableMachinePhase(standing).rawValue,
            ] == row.words
        )
    }

    @Test("the table has every phase, and every word of every system")
    func completeness() {
        #expect(Set(Self.rows.map(\.standing.phase)) == Set(ConnectionPhase.allCases))
        func used(_ column: Int) -> Set<String> { Set(Self.rows.map { $0.words[column] }) }
        #expect(used(0) == Set(ValtioYState.allCases.map(\.rawValue)))
        #expect(used(1) == Set(Pl3xusState.allCases.map(\.rawValue)))
        #expect(used(2) == Set(LandaleState.allCases.map(\.rawValue)))
        #expect(used(3) == Set(ChatSDKState.allCases.map(\.rawValue)))
        #expect(used(4) == Set(PartyTableState.allCases.map(\.rawValue)))
        #expect(used(5) == Set(PartyTableMachinePhase.allCases.map(\.rawValue)))
    }

    @Test("as built the chat SDK never says reconnecting or failed")
    func chatSDKAsBuilt() {
        let words = Self.rows.map { ChatSDKState(asBuilt: $0.standing) }
        #expect(Set(words) == [.disconnected, .connecting, .connected])
        #expect(ChatSDKState(asBuilt: Standing(phase: .connecting, reconnectAttempts: 3)) == .connecting)
        #expect(ChatSDKState(asBuilt: Standing(phase: .waiting)) == .disconnected)
    }

    @Test("initial states")
    func initialStates() {
        #expect(ValtioYState.initial == .disconnected)
        #expect(Pl3xusState.initial == .closed)
        #expect(LandaleState.initial == .disconnected)
        #expect(ChatSDKState.initial == .disconnected)
        #expect(PartyTableState.initial == .stopped)
        #expect(PartyTableMachinePhase.initial == .connecting)
    }

    @Test("valtio-y's qualities, pl3xus' labels and colours")
    func labels() {
        #expect(ValtioYState.allCases.map(\.quality) == [.offline, .good, .excellent, .poor])
        #expect(Pl3xusState.allCases.map(\.label) == ["offline", "connecting", "connected", "closing"])
        #expect(Pl3xusState.allCases.map(\.colour) == [.red, .yellow, .green, .red])
    }

    // MARK: Listeners

    /// What listeners heard: time, old, new, problem.
    private func changes<State: StateVocabulary>(
        _: State.Type,
        of watched: WatchedClient,
        _ script: (WatchedClient) -> Void
    ) -> [String] {
        var listener = StateListener<State>()
        var heard: [String] = []
        watched.afterEachCall { watched, close in
            let standing = watched.health.standing(at: watched.now)
            listener.observe(standing, close: close, at: watched.now) { change in
                let problem =
                    switch change.problem {
                    case .closed(let close): " \(close.code)"
                    case .breakerOpen: " breaker open"
                    case .exhausted: " exhausted"
                    case nil: ""
                    }
                heard.append("\(change.time.seconds) \(change.old.rawValue)>\(change.new.rawValue)\(problem)")
            }
        }
        script(watched)
        return heard
    }

    /// Connects, loses the connection, fails once, connects again, and stops.
    private func life(_ watched: WatchedClient) {
        watched.start(0)
        watched.open(1)
        watched.advance(1.5)
        watched.lose(2, .serviceRestart)
        watched.advance(3)
        watched.lose(4)
        watched.advance(watched.nextDeadline.seconds)
        watched.open(10)
        watched.stop(11)
    }

    @Test("landale: a lost transport is disconnected before anything else, and a state told once is not told again")
    func landale() throws {
        #expect(
            try changes(LandaleState.self, of: WatchedClient(preset: "landale"), life) == [
                "0.0 disconnected>connecting", "1.0 connecting>connected", "2.0 connected>disconnected 1012",
                "2.0 disconnected>reconnecting", "3.0 reconnecting>connecting", "4.0 connecting>disconnected 1006",
                "4.0 disconnected>reconnecting", "6.0 reconnecting>connecting", "10.0 connecting>connected",
                "11.0 connected>disconnected",
            ]
        )
    }

    @Test("valtio-y: a loss is disconnected, a failure an error")
    func valtioY() throws {
        #expect(
            try changes(ValtioYState.self, of: WatchedClient(preset: "valtio-y"), life) == [
                "0.0 disconnected>connecting", "1.0 connecting>connected", "2.0 connected>disconnected 1012",
                "3.0 disconnected>connecting", "4.0 connecting>error 1006", "6.0 error>connecting",
                "10.0 connecting>connected", "11.0 connected>disconnected",
            ]
        )
    }

    @Test("pl3xus: open becomes closed by way of closing, at once where it was lost")
    func pl3xus() throws {
        let script: (WatchedClient) -> Void = {
            life($0)
            $0.lose(12, .normal)
        }
        #expect(
            try changes(Pl3xusState.self, of: WatchedClient(preset: "pl3xus"), script) == [
                "0.0 closed>connecting", "1.0 connecting>open", "2.0 open>closing 1012", "2.0 closing>closed",
                "3.0 closed>connecting", "4.0 connecting>closed 1006", "6.0 closed>connecting",
                "10.0 connecting>open", "11.0 open>closing", "12.0 closing>closed 1000",
            ]
        )
    }

    @Test("chat SDK and party table: from cooldown to cooldown by way of connecting")
    func others() throws {
        let slow = ClientPolicy(
            backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none)
        )
        #expect(
            changes(ChatSDKState.self, of: WatchedClient(slow), life) == [
                "0.0 disconnected>connecting", "1.0 connecting>connected", "2.0 connected>reconnecting 1012",
                "10.0 reconnecting>connected", "11.0 connected>disconnected",
            ]
        )
        #expect(
            changes(PartyTableState.self, of: WatchedClient(slow), life) == [
                "0.0 stopped>connecting", "1.0 connecting>connected", "2.0 connected>cooldown 1012",
                "3.0 cooldown>connecting", "4.0 connecting>cooldown 1006", "6.0 cooldown>connecting",
                "10.0 connecting>connected", "11.0 connected>stopped",
            ]
        )
        #expect(
            changes(PartyTableMachinePhase.self, of: WatchedClient(slow), life) == [
                "1.0 connecting>connected", "2.0 connected>connecting 1012", "10.0 connecting>connected",
                "11.0 connected>connecting",
            ]
        )
    }

    @Test("landale: refused by the breaker and out of retries are failures with their reason")
    func problems() throws {
        let policy = try #require(PolicyPreset.named("landale")).policy.with {
            $0.retryLimit = 1
            $0.breaker?.failuresToOpen = 2
        }
        #expect(
            changes(LandaleState.self, of: WatchedClient(policy)) {
                $0.start(0)
                $0.lose(0)
                $0.advance(1)
                $0.lose(1)
                $0.retryNow(2)
                $0.retryNow(3)
            } == [
                "0.0 disconnected>connecting", "0.0 connecting>disconnected 1006", "0.0 disconnected>reconnecting",
                "1.0 reconnecting>connecting", "1.0 connecting>disconnected 1006", "1.0 disconnected>failed exhausted",
            ]
        )
        let opened = policy.with { $0.retryLimit = nil }
        #expect(
            changes(LandaleState.self, of: WatchedClient(opened)) {
                $0.start(0)
                $0.lose(0)
                $0.advance(1)
                $0.lose(1)
                $0.retryNow(2)
                $0.advance(301)
            }.suffix(3) == [
                "1.0 disconnected>reconnecting", "2.0 reconnecting>failed breaker open", "301.0 failed>connecting",
            ]
        )
    }

    @Test("a forced reconnect is disconnected in between; pl3xus' socket is closed in between")
    func forced() throws {
        let script: (WatchedClient) -> Void = {
            $0.start(0)
            $0.open(1)
            $0.reconnect(2)
        }
        #expect(
            try changes(LandaleState.self, of: WatchedClient(preset: "landale"), script).suffix(2) == [
                "2.0 connected>disconnected", "2.0 disconnected>connecting",
            ]
        )
        #expect(
            try changes(Pl3xusState.self, of: WatchedClient(preset: "pl3xus"), script).suffix(2) == [
                "2.0 open>closed", "2.0 closed>connecting",
            ]
        )
    }
}
