import MonotonicTime
import Reconnection
import Testing

/// The breakers of the source systems and of libraries, against the tables of their behaviour.
@Suite struct CircuitBreakerSystemsTests {
    private typealias Guarded = CircuitBreakerTests.Guarded
    private static func at(_ milliseconds: Int64) -> Instant { Instant(.milliseconds(milliseconds)) }

    /// What a system's table says of it.
    private struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let policy: CircuitBreakerPolicy
        let failures: Int
        let openMilliseconds: Int64
        let successes: Int

        var testDescription: String { name }
    }

    private static let rows = [
        Row(name: "landale", policy: .landale, failures: 5, openMilliseconds: 300_000, successes: 1),
        Row(name: "landale's server", policy: .landaleServer, failures: 5, openMilliseconds: 60_000, successes: 2),
        Row(name: "document API", policy: .chatSDKDocumentAPI, failures: 5, openMilliseconds: 30_000, successes: 2),
        Row(
            name: "document socket",
            policy: .chatSDKDocumentSocket,
            failures: 3,
            openMilliseconds: 10_000,
            successes: 1
        ),
        Row(name: "shipped API", policy: .chatSDKShippedAPI, failures: 5, openMilliseconds: 60_000, successes: 2),
        Row(name: "shipped socket", policy: .chatSDKShippedSocket, failures: 3, openMilliseconds: 30_000, successes: 2),
        Row(name: "gobreaker", policy: .gobreaker, failures: 6, openMilliseconds: 60_000, successes: 1),
        Row(name: "failsafe-go", policy: .failsafeGo, failures: 1, openMilliseconds: 60_000, successes: 1),
    ]

    @Test("closed: a success clears the count, and the failure that reaches the threshold opens", arguments: rows)
    private func closed(row: Row) {
        let guarded = Guarded(row.policy)
        for _ in 1..<row.failures { #expect(guarded.fail(0, at: Self.at(0)) == .none) }
        #expect(guarded.succeed(0) == .none)
        for _ in 1..<row.failures { #expect(guarded.fail(0, at: Self.at(7)) == .none) }
        #expect(guarded.ask(at: Self.at(7)) == .granted(epoch: 0))
        #expect(guarded.fail(0, at: Self.at(8)) == .opened(until: Self.at(8 + row.openMilliseconds)))
        #expect(guarded.random.draws == 0)
    }

    @Test("open: refused before the end; half-open: the last success needed closes", arguments: rows)
    private func openThenClosed(row: Row) {
        let guarded = Guarded(row.policy)
        for _ in 0..<row.failures { guarded.fail(0, at: Self.at(0)) }
        let end = Self.at(row.openMilliseconds)
        let first = row.policy.endsStrictlyAfter ? end + .nanoseconds(1) : end
        #expect(guarded.ask(at: first - .nanoseconds(1)) == .refused(until: first))
        #expect(guarded.ask(at: first) == .granted(epoch: 2))
        for success in 1...row.successes {
            if success > 1 { #expect(guarded.ask(at: first) == .granted(epoch: 2)) }
            #expect(guarded.succeed(2) == (success == row.successes ? .closed : .none))
        }
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        #expect(guarded.ask(at: first) == .granted(epoch: 3))
    }

    @Test("half-open: the first failure opens again for a whole period, another trip", arguments: rows)
    private func openAgain(row: Row) {
        let guarded = Guarded(row.policy)
        for _ in 0..<row.failures { guarded.fail(0, at: Self.at(0)) }
        let time = Self.at(row.openMilliseconds + 1)
        #expect(guarded.ask(at: time) == .granted(epoch: 2))
        #expect(guarded.fail(2, at: time) == .opened(until: time + .milliseconds(row.openMilliseconds)))
        #expect(guarded.breaker.epoch == 3)
    }

    // MARK: The chat SDK's edge cases, as document, as shipped and as wanted

    /// The document's API breaker without its faults.
    private static let wanted = CircuitBreakerPolicy(failuresToOpen: 5, openFor: .seconds(30), successesToClose: 2)

    /// A breaker that has just gone half-open at its end, epoch 2; opened at time 0 from epoch 0.
    private static func halfOpen(_ policy: CircuitBreakerPolicy) -> (Guarded, Instant) {
        let guarded = Guarded(policy)
        for _ in 0..<policy.failuresToOpen { guarded.fail(0, at: .origin) }
        let end = Instant.origin + policy.openFor
        #expect(guarded.ask(at: end) == .granted(epoch: 2))
        return (guarded, end)
    }

    @Test(
        "(a) after a success while half-open, the document lets failures pass until they are a whole threshold",
        arguments: [
            (.chatSDKDocumentAPI, 5), (.chatSDKShippedAPI, 1), (wanted, 1),
        ] as [(CircuitBreakerPolicy, Int)]
    )
    private func keptCount(policy: CircuitBreakerPolicy, opensAtFailure: Int) {
        let (guarded, now) = Self.halfOpen(policy)
        #expect(guarded.succeed(2) == .none)
        for failure in 1...opensAtFailure {
            #expect(guarded.ask(at: now) == .granted(epoch: 2))
            let isLast = failure == opensAtFailure
            #expect(guarded.fail(2, at: now) == (isLast ? .opened(until: now + policy.openFor) : .none))
        }
    }

    @Test("(a) failures that pass while half-open do not start its successes over")
    func keptSuccesses() {
        let (guarded, now) = Self.halfOpen(.chatSDKDocumentAPI)
        #expect(guarded.succeed(2) == .none)
        #expect(guarded.fail(2, at: now) == .none)
        #expect(guarded.state == .halfOpen(probesUnderWay: 0, successes: 1))
        #expect(guarded.succeed(2) == .closed)
    }

    @Test("(b) half-open does not limit concurrent calls in either version; it does as wanted")
    func concurrentProbes() {
        for policy in [CircuitBreakerPolicy.chatSDKDocumentAPI, .chatSDKShippedAPI] {
            let (guarded, now) = Self.halfOpen(policy)
            for _ in 0..<1000 { #expect(guarded.ask(at: now) == .granted(epoch: 2)) }
            #expect(guarded.state == .halfOpen(probesUnderWay: 1001, successes: 0))
        }
        let (guarded, now) = Self.halfOpen(Self.wanted)
        #expect(guarded.ask(at: now) == .refused(until: nil))
    }

    @Test(
        "(c) while open a late failure moves the end in the document alone",
        arguments: [
            (.chatSDKDocumentAPI, true), (.chatSDKShippedAPI, false), (wanted, false),
        ] as [(CircuitBreakerPolicy, Bool)]
    )
    private func lateFailure(policy: CircuitBreakerPolicy, extends: Bool) {
        let guarded = Guarded(policy)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        let moved = Self.at(1000) + policy.openFor
        #expect(guarded.fail(0, at: Self.at(1000)) == (extends ? .opened(until: moved) : .none))
        #expect(guarded.state == .open(until: extends ? moved : Self.at(0) + policy.openFor))
        #expect(guarded.breaker.epoch == 1)
    }

    @Test("(c) in the document a late success clears the count but not the state")
    func lateSuccess() {
        let guarded = Guarded(.chatSDKDocumentAPI)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.state == .open(until: Self.at(30_000)))
        // Four late failures count from nothing; the fifth moves the end.
        for _ in 0..<4 { #expect(guarded.fail(0, at: Self.at(1000)) == .none) }
        #expect(guarded.fail(0, at: Self.at(2000)) == .opened(until: Self.at(32_000)))
        // And after another success the first failures while half-open pass.
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.ask(at: Self.at(32_000)) == .granted(epoch: 2))
        for _ in 0..<4 { #expect(guarded.fail(2, at: Self.at(32_000)) == .none) }
        #expect(guarded.fail(2, at: Self.at(32_000)) == .opened(until: Self.at(62_000)))
    }

    @Test("(c) as shipped a late success while open changes nothing, and late results decide while half-open")
    func lateAsShipped() {
        let policy = CircuitBreakerPolicy.chatSDKShippedAPI
        let open = Guarded(policy)
        for _ in 0..<5 { open.fail(0, at: Self.at(0)) }
        #expect(open.succeed(0) == .none)
        #expect(open.state == .open(until: Self.at(60_000)))
        let (closing, _) = Self.halfOpen(policy)
        #expect(closing.succeed(0) == .none)
        #expect(closing.state == .halfOpen(probesUnderWay: 1, successes: 1))
        #expect(closing.succeed(0) == .closed)
        let (opening, end) = Self.halfOpen(policy)
        #expect(opening.fail(0, at: end) == .opened(until: end + .seconds(60)))
    }

    @Test("(c) as wanted late results change nothing while half-open")
    func lateAsWanted() {
        let (guarded, end) = Self.halfOpen(Self.wanted)
        let before = guarded.breaker
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.fail(0, at: end) == .none)
        #expect(guarded.breaker == before)
    }

    @Test("(d) whatever is reported counts: five client errors open it")
    func everyFailureCounts() {
        // Which kinds count is the caller's choice: what need not count is given back.
        let guarded = Guarded(.chatSDKDocumentAPI)
        for _ in 0..<100 { guarded.breaker.cancelPermission(epoch: 0) }
        #expect(guarded.state == .closed(consecutiveFailures: 0))
        for failure in 1...5 {
            #expect((guarded.fail(0, at: Self.at(0)) != .none) == (failure == 5))
        }
    }

    @Test(
        "(e) as shipped a failure exactly as old as the window no longer counts",
        arguments: [
            (.chatSDKShippedAPI, 120_000), (.chatSDKShippedSocket, 60_000),
        ] as [(CircuitBreakerPolicy, Int64)]
    )
    private func shippedWindow(policy: CircuitBreakerPolicy, milliseconds: Int64) {
        let justInside = Self.at(milliseconds) - .nanoseconds(1)
        for (time, opens) in [(justInside, true), (Self.at(milliseconds), false)] {
            let guarded = Guarded(policy)
            guarded.fail(0, at: Self.at(0))
            for _ in 0..<policy.failuresToOpen - 2 { #expect(guarded.fail(0, at: Self.at(1)) == .none) }
            #expect(guarded.fail(0, at: time) == (opens ? .opened(until: time + policy.openFor) : .none))
            // The others are still inside: one more makes up for the first.
            if !opens { #expect(guarded.fail(0, at: time) == .opened(until: time + policy.openFor)) }
        }
    }

    @Test("(e) the document has no window: five failures in five years open it")
    func noWindow() {
        let guarded = Guarded(.chatSDKDocumentAPI)
        for year in 0..<4 as Range<Int64> { guarded.fail(0, at: Instant(.hours(8766) * year)) }
        let last = Instant(.hours(8766) * 4)
        #expect(guarded.fail(0, at: last) == .opened(until: last + .seconds(30)))
    }

    // MARK: landale

    @Test("landale as built: without half-open the first look after the end clears the count")
    func landaleLook() {
        let policy = CircuitBreakerPolicy.landaleAsBuilt
        for looksFirst in [true, false] {
            let guarded = Guarded(policy)
            for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
            #expect(guarded.look(at: Self.at(300_000) - .nanoseconds(1)))
            #expect(guarded.state == .open(until: Self.at(300_000)))
            if looksFirst { #expect(!guarded.look(at: Self.at(300_000))) }
            #expect(guarded.ask(at: Self.at(300_000)) == .granted(epoch: 2))
            #expect(guarded.state == .closed(consecutiveFailures: 0))
            // Five more, not one; and nothing limits the calls until then.
            for _ in 0..<4 { #expect(guarded.fail(2, at: Self.at(300_000)) == .none) }
            #expect(guarded.ask(at: Self.at(300_000)) == .granted(epoch: 2))
            #expect(guarded.fail(2, at: Self.at(300_001)) == .opened(until: Self.at(600_001)))
        }
    }

    @Test("landale as built: ten failures in a row are six trips, each moving the end")
    func landaleTrips() {
        let guarded = Guarded(.landaleAsBuilt)
        // The Python client's loop asks once, when it starts, and goes on failing.
        #expect(guarded.ask(at: Self.at(0)) == .granted(epoch: 0))
        var trips = 0
        for second in 1...10 as ClosedRange<Int64> {
            guard case .opened(let until) = guarded.fail(0, at: Self.at(second * 1000)) else { continue }
            #expect(until == Self.at(second * 1000 + 300_000))
            trips += 1
        }
        #expect(trips == 6)
        #expect(guarded.state == .open(until: Self.at(310_000)))
    }

    @Test("landale as built: a failure after the end, before any look, is a trip at once")
    func landaleFailureAfterEnd() {
        let guarded = Guarded(.landaleAsBuilt)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        #expect(guarded.fail(0, at: Self.at(400_000)) == .opened(until: Self.at(700_000)))
    }

    @Test("landale as built: a success while open closes, and five failures are needed again")
    func landaleSuccess() {
        let guarded = Guarded(.landaleAsBuilt)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        #expect(guarded.succeed(0) == .closed)
        #expect(guarded.ask(at: Self.at(1)) == .granted(epoch: 2))
        for _ in 0..<4 { #expect(guarded.fail(2, at: Self.at(1)) == .none) }
        #expect(guarded.fail(2, at: Self.at(1)) == .opened(until: Self.at(300_001)))
    }

    @Test("landale as wanted: open for five minutes, one probe, which alone decides")
    func landaleWanted() {
        let guarded = Guarded(.landale)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        #expect(guarded.fail(0, at: Self.at(1000)) == .none)
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.state == .open(until: Self.at(300_000)))
        #expect(guarded.ask(at: Self.at(300_000)) == .granted(epoch: 2))
        #expect(guarded.ask(at: Self.at(300_000)) == .refused(until: nil))
        #expect(guarded.fail(2, at: Self.at(301_000)) == .opened(until: Self.at(601_000)))
        #expect(guarded.ask(at: Self.at(601_000)) == .granted(epoch: 4))
        #expect(guarded.succeed(4) == .closed)
    }

    // MARK: Hazards by themselves

    @Test("without late results counting, calls from before the opening neither move the end nor close")
    func hazardsAreIndependent() {
        var policy = CircuitBreakerPolicy.landaleAsBuilt
        policy.hazards.remove(.lateResultsCount)
        let guarded = Guarded(policy)
        for _ in 0..<5 { guarded.fail(0, at: Self.at(0)) }
        #expect(guarded.fail(0, at: Self.at(1)) == .none)
        #expect(guarded.succeed(0) == .none)
        #expect(guarded.state == .open(until: Self.at(300_000)))
        // A caller who asked nobody reports with the epoch of the day.
        #expect(guarded.fail(1, at: Self.at(2)) == .opened(until: Self.at(300_002)))
        #expect(guarded.succeed(1) == .closed)
    }

    @Test("every hazard has its own bit and its own name")
    func names() {
        let named = CircuitBreakerHazards.named
        #expect(named.map(\.hazard.rawValue) == (0..<6).map { 1 << $0 })
        #expect(Set(named.map(\.name)).count == named.count)
        #expect(CircuitBreakerPolicy().hazards.isEmpty)
    }
}
