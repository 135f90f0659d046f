import MonotonicTime
import Reconnection
import Testing

@Suite struct IndicatorFilterTests {
    /// A filter that can be told things within an expectation.
    private final class Screen {
        private var filter: IndicatorFilter

        init(_ first: ConnectionIndicator) { filter = IndicatorFilter(showing: first) }
        private init(of filter: IndicatorFilter) { self.filter = filter }

        var shown: ConnectionIndicator { filter.shown }
        func copy() -> Screen { Screen(of: filter) }
        func nextDeadline(policy: IndicatorPolicy) -> Instant { filter.nextDeadline(policy: policy) }

        @discardableResult
        func update(_ indicator: ConnectionIndicator, at now: Instant, policy: IndicatorPolicy) -> Bool {
            filter.update(indicator, at: now, policy: policy)
        }

        func advance(to now: Instant, policy: IndicatorPolicy) -> Bool { filter.advance(to: now, policy: policy) }
    }

    private let policy = IndicatorPolicy()
    private let fine = IndicatorFilterTests.make(.connected, .ok)
    private let busy = IndicatorFilterTests.make(.reconnecting, .working)
    private let broken = IndicatorFilterTests.make(.gaveUp, .error)

    private static func make(
        _ message: ConnectionIndicator.Message,
        _ severity: ConnectionIndicator.Severity
    ) -> ConnectionIndicator {
        ConnectionIndicator(message: message, severity: severity, quality: .good, colour: .yellow, isVisible: true)
    }

    private func retrying(_ seconds: Int64) -> ConnectionIndicator {
        Self.make(.retrying(inSeconds: seconds), .warning)
    }

    @Test("severities rank from ok to error, and each has its delay")
    func delays() {
        #expect(ConnectionIndicator.Severity.allCases == [.ok, .working, .warning, .error])
        #expect(ConnectionIndicator.Severity.allCases.sorted() == ConnectionIndicator.Severity.allCases)
        let policy = IndicatorPolicy(
            okAfter: .seconds(1),
            workingAfter: .seconds(2),
            warningAfter: .seconds(3),
            errorAfter: .seconds(4)
        )
        #expect(
            ConnectionIndicator.Severity.allCases.map { policy.delay(for: $0) } == (1...4).map { Interval.seconds($0) }
        )
    }

    @Test("an interruption shorter than its delay is never shown, one as long is")
    func boundary() {
        let filter = Screen(fine)
        #expect(filter.nextDeadline(policy: policy) == .distantFuture)
        #expect(!filter.update(busy, at: at(10), policy: policy))
        #expect(filter.nextDeadline(policy: policy) == at(11))
        #expect(!filter.advance(to: at(11) - .nanoseconds(1), policy: policy))
        let other = filter.copy()
        #expect(!other.update(fine, at: at(11) - .nanoseconds(1), policy: policy))
        #expect(other.nextDeadline(policy: policy) == .distantFuture)
        #expect(!other.advance(to: at(100), policy: policy))
        #expect(other.shown == fine)
        #expect(filter.advance(to: at(11), policy: policy))
        #expect(filter.shown == busy)
        #expect(!filter.advance(to: at(11), policy: policy))
        #expect(filter.nextDeadline(policy: policy) == .distantFuture)
    }

    @Test("from one trouble to the next the time runs on")
    func trouble() {
        let filter = Screen(fine)
        filter.update(retrying(1), at: at(10), policy: policy)
        filter.update(busy, at: at(10.6), policy: policy)
        filter.update(retrying(2), at: at(10.7), policy: policy)
        #expect(filter.nextDeadline(policy: policy) == at(11))
        #expect(filter.advance(to: at(11), policy: policy))
        #expect(filter.shown == retrying(2))
    }

    @Test("an error is shown at once, and also out of a wait for something else")
    func error() {
        let filter = Screen(fine)
        #expect(filter.update(broken, at: at(10), policy: policy))
        #expect(filter.shown == broken)
        let second = Screen(fine)
        second.update(busy, at: at(10), policy: policy)
        #expect(second.update(broken, at: at(10.2), policy: policy))
        #expect(second.shown == broken)
    }

    @Test("what is shown stays for the least time, good news or bad")
    func minimumShown() {
        for next in [fine, Self.make(.signInNeeded, .error)] {
            let filter = Screen(busy)
            filter.update(broken, at: at(10), policy: policy)
            #expect(!filter.update(next, at: at(10.25), policy: policy))
            #expect(filter.nextDeadline(policy: policy) == at(10.5))
            #expect(!filter.advance(to: at(10.5) - .nanoseconds(1), policy: policy))
            #expect(filter.advance(to: at(10.5), policy: policy))
            #expect(filter.shown == next)
        }
    }

    @Test("numbers change at once and take no part in the times")
    func numbers() {
        let filter = Screen(fine)
        filter.update(retrying(5), at: at(10), policy: policy)
        filter.update(retrying(4), at: at(10.9), policy: policy)
        #expect(filter.advance(to: at(11), policy: policy))
        #expect(filter.shown == retrying(4))
        #expect(filter.update(retrying(3), at: at(11.2), policy: policy))
        #expect(filter.shown == retrying(3))
        #expect(!filter.update(retrying(3), at: at(11.3), policy: policy))
        #expect(!filter.update(fine, at: at(11.3), policy: policy))
        #expect(filter.nextDeadline(policy: policy) == at(11.5))
        #expect(filter.update(retrying(2), at: at(11.4), policy: policy))
        #expect(filter.nextDeadline(policy: policy) == .distantFuture)
    }

    @Test(
        "only the seconds and the number of an attempt are numbers",
        arguments: [
            (.stateWithAttempt("a", attempt: 1), .stateWithAttempt("a", attempt: 2), true),
            (.stateWithAttempt("a", attempt: 1), .stateWithAttempt("b", attempt: 1), false),
            (.unavailable(retryInSeconds: 9), .unavailable(retryInSeconds: nil), true),
            (.state("a"), .state("b"), false),
            (.noNetwork, .waiting, false),
        ] as [(ConnectionIndicator.Message, ConnectionIndicator.Message, Bool)]
    )
    func kinds(first: ConnectionIndicator.Message, second: ConnectionIndicator.Message, isSame: Bool) {
        let filter = Screen(Self.make(first, .warning))
        #expect(filter.update(Self.make(second, .warning), at: at(1), policy: policy) == isSame)
    }

    @Test("another severity, quality, colour or visibility is another indicator")
    func parts() {
        let changes: [(inout ConnectionIndicator) -> Void] = [
            { $0.severity = .warning }, { $0.quality = .poor }, { $0.colour = .red }, { $0.isVisible = false },
        ]
        for change in changes {
            let filter = Screen(busy)
            var other = busy
            change(&other)
            #expect(!filter.update(other, at: at(1), policy: policy))
            #expect(filter.nextDeadline(policy: policy) == at(2))
        }
    }

    @Test("a clock that runs backwards hastens nothing, and a wait without end never ends")
    func nonsense() {
        let filter = Screen(fine)
        filter.update(busy, at: at(10), policy: policy)
        filter.update(busy, at: at(2), policy: policy)
        #expect(filter.nextDeadline(policy: policy) == at(11))
        #expect(!filter.advance(to: at(5), policy: policy))
        filter.update(fine, at: at(3), policy: policy)
        filter.update(busy, at: at(4), policy: policy)
        #expect(filter.nextDeadline(policy: policy) == at(11))
        let never = IndicatorPolicy(workingAfter: .max)
        #expect(filter.nextDeadline(policy: never) == .distantFuture)
        #expect(!filter.advance(to: .distantFuture, policy: IndicatorPolicy(workingAfter: .max)))
    }

    @Test("a client's short loss is never seen, a long one after a second, its return at once")
    func wholeClient() {
        let watched = WatchedClient(ClientPolicy(backoff: Backoff(growth: .fixed(.milliseconds(300)))))
        let filter = Screen(IndicatorStyle.standard.indicator(for: watched.snapshot, at: .origin))
        var shown: [String] = []
        func look(_ time: Instant) {
            let current = IndicatorStyle.standard.indicator(for: watched.health.snapshot(at: time), at: time)
            guard filter.update(current, at: time, policy: policy) else { return }
            shown.append("\(time.seconds) \(filter.shown.label)")
        }
        watched.afterEachCall { watched, _ in look(watched.now) }
        watched.start(0)
        watched.open(0.2)
        watched.lose(10)
        watched.advance(10.3)
        watched.open(10.9)
        #expect(shown == ["0.2 Connected"])
        watched.lose(20)
        for step in 1...9 {
            watched.advance(20 + 0.3 * Double(step))
            watched.lose(20 + 0.3 * Double(step))
        }
        watched.advance(23)
        watched.open(23.1)
        #expect(shown == ["0.2 Connected", "21.2 Reconnecting…", "23.1 Connected"])
    }
}
