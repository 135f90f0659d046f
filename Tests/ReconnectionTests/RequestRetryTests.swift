import MonotonicTime
import Reconnection
import Testing

/// A request with all it needs, whose answers can be compared with what is expected.
private struct Exchange {
    var request = RequestRetry()
    var policy: RequestRetryPolicy
    var random: CountingRandomSource
    private var buffer = ActionBuffer<RequestRetryAction>()

    init(_ policy: RequestRetryPolicy, uniforms: [Double] = [0.5]) {
        self.policy = policy
        random = CountingRandomSource(uniforms)
    }

    mutating func start(at now: Instant = .origin) -> [RequestRetryAction] {
        buffer.removeAll()
        request.start(at: now, policy: policy, actions: &buffer)
        return Array(buffer.list)
    }

    mutating func succeed(_ attempt: UInt32) -> [RequestRetryAction] {
        buffer.removeAll()
        request.attemptSucceeded(attempt, actions: &buffer)
        return Array(buffer.list)
    }

    mutating func fail(
        _ attempt: UInt32,
        _ kind: FailureKind,
        at now: Instant = .origin,
        mayRetry: (FailureKind) -> Bool = { _ in true }
    ) -> [RequestRetryAction] {
        buffer.removeAll()
        request.attemptFailed(
            attempt,
            kind: kind,
            at: now,
            policy: policy,
            random: &random,
            actions: &buffer,
            mayRetry: mayRetry
        )
        return Array(buffer.list)
    }

    mutating func cancel() -> [RequestRetryAction] {
        buffer.removeAll()
        request.cancel(actions: &buffer)
        return Array(buffer.list)
    }

    mutating func advance(
        to now: Instant,
        mayRetry: (FailureKind) -> Bool = { _ in true }
    ) -> [RequestRetryAction] {
        buffer.removeAll()
        request.advance(to: now, policy: policy, random: &random, actions: &buffer, mayRetry: mayRetry)
        return Array(buffer.list)
    }

    /// Fails every attempt at once with the next of these kinds, the last one for ever; answers with the waits and the
    /// outcome.
    mutating func failAll(_ kinds: [FailureKind]) throws -> (waits: [Interval], outcome: RequestRetry.Outcome) {
        var waits: [Interval] = []
        var now = Instant.origin
        _ = start(at: now)
        while true {
            let attempt = request.attempt
            let kind = kinds[min(Int(attempt) - 1, kinds.count - 1)]
            switch try #require(fail(attempt, kind, at: now).last) {
            case .waiting(let until):
                waits.append(until - now)
                now = until
                #expect(advance(to: now) == [.sendAttempt(attempt + 1)])
            case .finished(let outcome):
                return (waits, outcome)
            case .sendAttempt, .abandonAttempt:
                throw Unexpected()
            }
        }
    }

    struct Unexpected: Error {}
}

@Suite struct RequestRetryTests {
    private let server = FailureKind.server(retryAfter: nil)
    private let plain = RequestRetryPolicy(
        budgets: .init(server: 2, network: 1, timeout: 2),
        backoff: .exponential(base: .seconds(1), cap: .seconds(30), jitter: .none)
    )

    private static func seconds(_ seconds: Double) -> Instant { Instant(Interval(seconds: seconds)) }

    // MARK: Transitions

    @Test("an attempt that succeeds ends the request, once")
    func success() {
        var exchange = Exchange(plain)
        #expect(exchange.request.nextDeadline == .distantFuture)
        #expect(exchange.start() == [.sendAttempt(1)])
        #expect(exchange.start() == [])
        #expect(exchange.request.nextDeadline == .distantFuture)
        #expect(exchange.succeed(1) == [.finished(.succeeded)])
        #expect(exchange.request.state == .finished(.succeeded))
        #expect(exchange.succeed(1) == [])
        #expect(exchange.fail(1, server) == [])
        #expect(exchange.cancel() == [])
        #expect(exchange.start() == [])
        #expect(exchange.advance(to: .distantFuture) == [])
        #expect(exchange.random.draws == 0)
    }

    @Test("a wait ends at its instant, not before")
    func wait() {
        var exchange = Exchange(plain)
        _ = exchange.start(at: Self.seconds(100))
        #expect(exchange.fail(1, server, at: Self.seconds(103)) == [.waiting(until: Self.seconds(104))])
        #expect(exchange.request.nextDeadline == Self.seconds(104))
        #expect(exchange.request.retryCount == 1)
        #expect(exchange.advance(to: Self.seconds(104) - .nanoseconds(1)) == [])
        #expect(exchange.advance(to: Self.seconds(104)) == [.sendAttempt(2)])
        #expect(exchange.advance(to: Self.seconds(104)) == [])
        #expect(exchange.fail(2, server, at: Self.seconds(105)) == [.waiting(until: Self.seconds(107))])
    }

    @Test("results of earlier attempts, of attempts not made and of a waiting request change nothing")
    func epochs() {
        var exchange = Exchange(plain)
        #expect(exchange.succeed(0) == [])
        #expect(exchange.fail(0, server) == [])
        #expect(exchange.cancel() == [])
        _ = exchange.start()
        #expect(exchange.succeed(0) == [])
        #expect(exchange.succeed(2) == [])
        #expect(exchange.fail(1, server) == [.waiting(until: Self.seconds(1))])
        #expect(exchange.fail(1, .client) == [])
        #expect(exchange.succeed(1) == [])
        #expect(exchange.advance(to: Self.seconds(1)) == [.sendAttempt(2)])
        #expect(exchange.succeed(1) == [])
        #expect(exchange.fail(1, .client) == [])
        #expect(exchange.succeed(2) == [.finished(.succeeded)])
    }

    @Test("a request is cancelled while it waits and while it is under way")
    func cancelling() {
        let cancelled = RequestRetryAction.finished(.failed(.cancelled, .cancelled))
        var exchange = Exchange(plain)
        _ = exchange.start()
        #expect(exchange.cancel() == [.abandonAttempt(1), cancelled])
        #expect(exchange.succeed(1) == [])
        exchange = Exchange(plain)
        _ = exchange.start()
        _ = exchange.fail(1, server)
        #expect(exchange.cancel() == [cancelled])
        #expect(exchange.request.nextDeadline == .distantFuture)
        #expect(exchange.advance(to: Self.seconds(1)) == [])
    }

    @Test("an attempt that takes too long is a timeout, and its late answer is nothing")
    func attemptTimeout() {
        var policy = plain
        policy.attemptTimeout = .seconds(5)
        var exchange = Exchange(policy)
        _ = exchange.start()
        #expect(exchange.request.nextDeadline == Self.seconds(5))
        #expect(exchange.advance(to: Self.seconds(5) - .nanoseconds(1)) == [])
        #expect(exchange.advance(to: Self.seconds(5)) == [.abandonAttempt(1), .waiting(until: Self.seconds(6))])
        #expect(exchange.succeed(1) == [])
        #expect(exchange.advance(to: Self.seconds(6)) == [.sendAttempt(2)])
        #expect(exchange.request.nextDeadline == Self.seconds(11))
        _ = exchange.advance(to: Self.seconds(11))
        #expect(exchange.advance(to: Self.seconds(13)) == [.sendAttempt(3)])
        #expect(
            exchange.advance(to: Self.seconds(18)) == [
                .abandonAttempt(3), .finished(.failed(.timeout, .retriesExhausted)),
            ]
        )
    }

    // MARK: Deadline

    @Test("the deadline ends an attempt under way, before its own timeout where both are due")
    func deadlineDuringAttempt() {
        var policy = plain
        policy.attemptTimeout = .seconds(5)
        policy.deadline = .seconds(5)
        var exchange = Exchange(policy)
        _ = exchange.start()
        #expect(exchange.request.nextDeadline == Self.seconds(5))
        #expect(exchange.advance(to: Self.seconds(5) - .nanoseconds(1)) == [])
        #expect(
            exchange.advance(to: Self.seconds(5)) == [.abandonAttempt(1), .finished(.failed(.timeout, .deadline))]
        )
    }

    @Test("an attempt with all the time in the world ends at the deadline, for the deadline's sake")
    func deadlineWithoutAttemptTimeout() {
        var policy = RequestRetryPolicy.grpc()
        policy.deadline = .seconds(5)
        var exchange = Exchange(policy)
        _ = exchange.start(at: Self.seconds(1))
        #expect(exchange.request.nextDeadline == Self.seconds(6))
        #expect(exchange.advance(to: Self.seconds(6) - .nanoseconds(1)) == [])
        // A timeout is never retried here; it is still the deadline that ended it.
        #expect(
            exchange.advance(to: Self.seconds(6)) == [.abandonAttempt(1), .finished(.failed(.timeout, .deadline))]
        )
    }

    @Test("a wait that would end at the deadline is not begun, and takes nothing from the budget")
    func deadlineDuringWait() {
        var policy = plain
        policy.deadline = .seconds(5)
        var asked = 0
        func fail(at now: Instant) -> [RequestRetryAction] {
            var exchange = Exchange(policy)
            _ = exchange.start()
            return exchange.fail(1, server, at: now) { _ in
                asked += 1
                return true
            }
        }
        #expect(fail(at: Self.seconds(4)) == [.finished(.failed(server, .deadline))])
        #expect(asked == 0)
        let before = Self.seconds(4) - .nanoseconds(1)
        #expect(fail(at: before) == [.waiting(until: before + .seconds(1))])
        #expect(asked == 1)
    }

    @Test("a request whose deadline passed while the device slept is not sent again")
    func deadlineDuringSleep() {
        var policy = plain
        policy.deadline = .seconds(5)
        var exchange = Exchange(policy)
        _ = exchange.start()
        _ = exchange.fail(1, server)
        var inTime = exchange
        #expect(inTime.advance(to: Self.seconds(5) - .nanoseconds(1)) == [.sendAttempt(2)])
        #expect(exchange.advance(to: Self.seconds(5)) == [.finished(.failed(server, .deadline))])
    }

    @Test("without a deadline even an endless wait is a wait")
    func endlessWait() {
        var policy = plain
        policy.backoff = Backoff(growth: .fixed(.max))
        var exchange = Exchange(policy)
        _ = exchange.start()
        #expect(exchange.fail(1, server) == [.waiting(until: .distantFuture)])
    }

    // MARK: Budgets

    @Test(
        "a failure is retried as often as its kind allows",
        arguments: [
            // Policy, kind, retries, reason.
            (.chatSDK, .client, 0, .notRetryable),
            (.chatSDK, .server(retryAfter: nil), 3, .retriesExhausted),
            (.chatSDK, .network, 5, .retriesExhausted),
            (.chatSDK, .timeout, 5, .retriesExhausted),
            (.chatSDK, .rateLimited(retryAfter: nil), 3, .retriesExhausted),
            (.chatSDK, .requestTimeout(retryAfter: nil), 3, .retriesExhausted),
            (.chatSDK, .refusedByBreaker, 0, .notRetryable),
            (.chatSDK, .cancelled, 0, .notRetryable),
            (.chatSDKDocumented, .client, 0, .notRetryable),
            (.chatSDKDocumented, .server(retryAfter: nil), 3, .retriesExhausted),
            (.chatSDKDocumented, .network, 5, .retriesExhausted),
            (.chatSDKDocumented, .timeout, 0, .notRetryable),
            (.chatSDKDocumented, .rateLimited(retryAfter: nil), 0, .notRetryable),
            (.chatSDKDocumented, .requestTimeout(retryAfter: nil), 0, .notRetryable),
            (.chatSDKShipped, .client, 0, .notRetryable),
            (.chatSDKShipped, .server(retryAfter: nil), 4, .retriesExhausted),
            (.chatSDKShipped, .network, 4, .retriesExhausted),
            (.chatSDKShipped, .timeout, 4, .retriesExhausted),
            (.chatSDKShipped, .rateLimited(retryAfter: nil), 4, .retriesExhausted),
            (.chatSDKShipped, .requestTimeout(retryAfter: nil), 4, .retriesExhausted),
            (.awsStandard, .client, 0, .notRetryable),
            (.awsStandard, .server(retryAfter: nil), 2, .retriesExhausted),
            (.awsStandard, .rateLimited(retryAfter: nil), 2, .retriesExhausted),
            (.grpc(), .server(retryAfter: nil), 4, .retriesExhausted),
            (.grpc(maxAttempts: 3), .network, 2, .retriesExhausted),
            (.grpc(maxAttempts: 6), .network, 4, .retriesExhausted),
            (.grpc(maxAttempts: 0), .network, 0, .notRetryable),
            (.grpc(), .timeout, 0, .notRetryable),
        ] as [(RequestRetryPolicy, FailureKind, Int, RequestRetry.Reason)]
    )
    func budgets(policy: RequestRetryPolicy, kind: FailureKind, retries: Int, reason: RequestRetry.Reason) throws {
        var exchange = Exchange(policy)
        let run = try exchange.failAll([kind])
        #expect(run.waits.count == retries)
        #expect(run.outcome == .failed(kind, reason))
        #expect(exchange.request.retryCount == retries)
    }

    @Test("budgets count by kind, or all retries together")
    func counting() throws {
        let kinds: [FailureKind] = [.network, .network, .network, server]
        var exchange = Exchange(.chatSDK)
        #expect(try exchange.failAll(kinds).waits.count == 6)
        exchange = Exchange(.chatSDKDocumented)
        // Three retries are three, whatever they followed; the server's failure allows no fourth.
        let run = try exchange.failAll(kinds)
        #expect(run.waits.count == 3)
        #expect(run.outcome == .failed(server, .retriesExhausted))
    }

    @Test("408 and 429 share one budget")
    func sharedBudget() throws {
        var exchange = Exchange(.chatSDK)
        let kinds: [FailureKind] = [.rateLimited(retryAfter: nil), .requestTimeout(retryAfter: nil)]
        #expect(try exchange.failAll(kinds).waits.count == 3)
    }

    @Test("a request that meets every kind of failure makes 17 attempts at most")
    func worstCase() throws {
        let kinds: [FailureKind] =
            Array(repeating: server, count: 3) + Array(repeating: .network, count: 5)
            + Array(repeating: .timeout, count: 5) + Array(repeating: .rateLimited(retryAfter: nil), count: 4)
        var exchange = Exchange(.chatSDK)
        #expect(try exchange.failAll(kinds).waits.count == 16)
        #expect(exchange.request.attempt == 17)
    }

    @Test("the client's budget is asked last, once for each retry, and its no is final")
    func clientBudget() {
        var exchange = Exchange(plain)
        var asked: [FailureKind] = []
        _ = exchange.start()
        let kind = server
        #expect(
            exchange.fail(1, kind) { kind in
                asked.append(kind)
                return true
            } == [.waiting(until: Self.seconds(1))]
        )
        _ = exchange.advance(to: Self.seconds(1)) { kind in
            asked.append(kind)
            return false
        }
        #expect(asked == [kind])
        #expect(exchange.fail(2, .timeout) { _ in false } == [.finished(.failed(.timeout, .refusedByBudget))])
        exchange = Exchange(plain)
        _ = exchange.start()
        #expect(
            exchange.fail(1, .client) { kind in
                asked.append(kind)
                return true
            } == [.finished(.failed(.client, .notRetryable))]
        )
        #expect(asked == [kind])
    }

    @Test("an attempt's timeout asks the client's budget too")
    func clientBudgetOnTimeout() {
        var policy = plain
        policy.attemptTimeout = .seconds(5)
        var exchange = Exchange(policy)
        _ = exchange.start()
        #expect(
            exchange.advance(to: Self.seconds(5)) { $0 != .timeout } == [
                .abandonAttempt(1), .finished(.failed(.timeout, .refusedByBudget)),
            ]
        )
    }

    // MARK: Waits

    @Test(
        "the waits of each system",
        arguments: [
            (.chatSDK, .network, [1_250, 2_250, 4_250, 8_250, 16_250]),
            (.chatSDKDocumented, .network, [1_250, 2_250, 4_250, 8_250, 16_250]),
            (.chatSDKShipped, .network, [112.5, 225, 450, 900]),
            (.awsStandard, .network, [25, 50]),
            (.awsStandard, .rateLimited(retryAfter: nil), [125, 250]),
            // 0.8 + 0.4 · 0.25 = 0.9, of 100, 200, 400, 800.
            (.grpc(), .network, [90, 180, 360, 720]),
            (.grpc(initialBackoff: .milliseconds(400)), .network, [360, 720, 900, 900]),
        ] as [(RequestRetryPolicy, FailureKind, [Double])]
    )
    func waits(policy: RequestRetryPolicy, kind: FailureKind, milliseconds: [Double]) throws {
        var exchange = Exchange(policy, uniforms: [0.25])
        #expect(try exchange.failAll([kind]).waits == milliseconds.map { Interval(seconds: $0 / 1_000) })
        #expect(exchange.random.draws == milliseconds.count)
    }

    @Test("the documented and the shipped delays stop growing at their caps")
    func caps() throws {
        var documented = RequestRetryPolicy.chatSDKDocumented
        documented.budgets.network = 7
        var exchange = Exchange(documented, uniforms: [0.5])
        #expect(try exchange.failAll([.network]).waits.suffix(2) == [.milliseconds(30_500), .milliseconds(30_500)])
        var shipped = RequestRetryPolicy.chatSDKShipped
        shipped.budgets.network = 9
        exchange = Exchange(shipped, uniforms: [0.5])
        #expect(try exchange.failAll([.network]).waits.suffix(2) == [.milliseconds(12_500), .milliseconds(12_500)])
        var aws = RequestRetryPolicy.awsStandard
        aws.budgets.network = 10
        exchange = Exchange(aws, uniforms: [0.5])
        #expect(try exchange.failAll([.network]).waits.suffix(2) == [.seconds(10), .seconds(10)])
    }

    @Test("AWS waits whole milliseconds")
    func wholeMilliseconds() throws {
        var exchange = Exchange(.awsStandard, uniforms: [0.3333])
        #expect(try exchange.failAll([.network]).waits == [.milliseconds(33), .milliseconds(66)])
    }

    @Test(
        "a server's hint: the longer one and some jitter, in between, exactly, or not at all",
        arguments: [
            // Own delay 1 s; jitter U = 0.5 of a fifth of the hint.
            (.retryAfter(.honour(jitterFraction: 0.2)), 4_000, 4_400, 1),
            (.retryAfter(.honour(jitterFraction: 0.2)), 1_000, 1_100, 1),
            (.retryAfter(.honour(jitterFraction: 0.2)), 500, 1_050, 1),
            (.retryAfter(.honour(jitterFraction: 0.2)), 0, 1_000, 1),
            (.retryAfter(.honour(jitterFraction: 0.2)), -1, 1_000, 0),
            (.retryAfter(.honour(jitterFraction: 0.2)), nil, 1_000, 0),
            (.retryAfter(.honour(jitterFraction: 0)), 4_000, 4_000, 0),
            (.retryAfter(.ignore), 4_000, 1_000, 0),
            (.within(.seconds(5)), 500, 1_000, 0),
            (.within(.seconds(5)), 5_999, 5_999, 0),
            (.within(.seconds(5)), 6_001, 6_000, 0),
            (.within(.seconds(5)), -1, 1_000, 0),
            (.pushback, 500, 500, 0),
            (.pushback, 0, 0, 0),
            (.pushback, nil, 1_000, 0),
        ] as [(RequestRetryPolicy.ServerHint, Int64?, Int64, Int)]
    )
    func hints(rule: RequestRetryPolicy.ServerHint, hint: Int64?, expected: Int64, draws: Int) {
        var policy = plain
        policy.serverHint = rule
        let retryAfter = hint.map { Interval.milliseconds($0) }
        for kind in [
            FailureKind.rateLimited(retryAfter: retryAfter), .requestTimeout(retryAfter: retryAfter),
            .server(retryAfter: retryAfter),
        ] {
            policy.budgets.rateLimited = 1
            var exchange = Exchange(policy)
            _ = exchange.start()
            #expect(exchange.fail(1, kind) == [.waiting(until: Instant(.milliseconds(expected)))])
            #expect(exchange.random.draws == draws)
        }
    }

    @Test("the backoff draws before the hint")
    func drawOrder() {
        var exchange = Exchange(.chatSDK, uniforms: [0.25, 0.5])
        _ = exchange.start()
        // Own 1.25 s; hint 1 s, and 0.1 · 0.5 of it.
        #expect(
            exchange.fail(1, .rateLimited(retryAfter: .seconds(1))) == [.waiting(until: Instant(.milliseconds(1_300)))]
        )
    }

    @Test("a negative pushback ends the request")
    func forbidden() {
        var exchange = Exchange(.grpc())
        let kind = FailureKind.server(retryAfter: .nanoseconds(-1))
        _ = exchange.start()
        #expect(exchange.fail(1, kind) == [.finished(.failed(kind, .forbiddenByServer))])
        #expect(exchange.random.draws == 0)
    }

    @Test("pushback starts the growth over, and never adds an attempt")
    func pushback() throws {
        var exchange = Exchange(.grpc(), uniforms: [0.5])
        let kinds: [FailureKind] = [
            .network, .network, .server(retryAfter: .milliseconds(1_234)), .network, .server(retryAfter: .zero),
        ]
        let run = try exchange.failAll(kinds)
        #expect(run.waits == [.milliseconds(100), .milliseconds(200), .milliseconds(1_234), .milliseconds(100)])
        #expect(run.outcome == .failed(.server(retryAfter: .zero), .retriesExhausted))
    }

    @Test("an honoured hint leaves the growth as it is")
    func growthAfterHint() throws {
        var policy = plain
        policy.budgets.server = 3
        policy.serverHint = .retryAfter(.honour(jitterFraction: 0))
        var exchange = Exchange(policy)
        let kinds: [FailureKind] = [server, .server(retryAfter: .seconds(9)), server]
        #expect(try exchange.failAll(kinds).waits == [.seconds(1), .seconds(9), .seconds(4)])
    }

    @Test("decorrelated jitter grows from the delay before")
    func decorrelated() throws {
        var policy = plain
        policy.backoff = .exponential(base: .seconds(1), cap: .seconds(60), jitter: .decorrelated)
        var exchange = Exchange(policy, uniforms: [0.5])
        // 1 + 0.5 · (3 · 1 − 1) = 2, then 1 + 0.5 · (3 · 2 − 1) = 3.5.
        #expect(try exchange.failAll([server]).waits == [.seconds(2), .milliseconds(3_500)])
        // Pushback starts this over too.
        policy.budgets.server = 3
        policy.serverHint = .pushback
        exchange = Exchange(policy, uniforms: [0.5])
        let kinds: [FailureKind] = [server, .server(retryAfter: .seconds(9)), server]
        #expect(try exchange.failAll(kinds).waits == [.seconds(2), .seconds(9), .seconds(2)])
    }

    // MARK: Hazards

    @Test(
        "as the document's sketch behaves, no answer is ever retried, only what names the network",
        arguments: [
            (.server(retryAfter: nil), 0), (.rateLimited(retryAfter: nil), 0), (.timeout, 0), (.client, 0),
            (.network, 5),
        ] as [(FailureKind, Int)]
    )
    func classifiesByMessage(kind: FailureKind, retries: Int) throws {
        var policy = RequestRetryPolicy.chatSDKDocumented
        policy.hazards = .classifiesByMessage
        policy.budgets.timeout = 5
        policy.budgets.rateLimited = 5
        var exchange = Exchange(policy)
        #expect(try exchange.failAll([kind]).waits.count == retries)
    }

    @Test("as shipped, in a browser, a lost connection is not retried")
    func missesNetworkFailures() throws {
        var policy = RequestRetryPolicy.chatSDKShipped
        policy.hazards = .missesNetworkFailures
        var exchange = Exchange(policy)
        #expect(try exchange.failAll([.network]).outcome == .failed(.network, .notRetryable))
        exchange = Exchange(policy)
        #expect(try exchange.failAll([server]).waits.count == 4)
    }

    @Test("a retry inside a retry: two layers of five attempts send one request 25 times")
    func retryInsideRetry() throws {
        var outer = Exchange(.chatSDKShipped)
        _ = outer.start()
        var requests = 0
        var now = Instant.origin
        outer: while true {
            var inner = Exchange(.chatSDKShipped)
            let run = try inner.failAll([server])
            requests += run.waits.count + 1
            switch try #require(outer.fail(outer.request.attempt, server, at: now).last) {
            case .waiting(let until):
                now = until
                _ = outer.advance(to: now)
            case .finished: break outer
            default: throw Exchange.Unexpected()
            }
        }
        #expect(requests == 25)
        var single = Exchange(.chatSDKShipped)
        #expect(try single.failAll([server]).waits.count + 1 == 5)
    }

    // MARK: Anything at all

    @Test("whatever is reported, a request ends at most once and keeps to its budgets", arguments: 0..<40)
    func randomInput(seed: Int) {
        var choices = SplitMix(state: UInt64(seed))
        let policies: [RequestRetryPolicy] = [.chatSDK, .chatSDKDocumented, .chatSDKShipped, .awsStandard, .grpc()]
        var policy = policies[seed % policies.count]
        if seed % 2 == 0 { policy.deadline = .seconds(40) }
        if seed % 3 == 0 { policy.attemptTimeout = .seconds(2) }
        let kinds: [FailureKind] = [
            .client, .rateLimited(retryAfter: .seconds(2)), .requestTimeout(retryAfter: nil),
            .server(retryAfter: .seconds(-1)), .server(retryAfter: nil), .network, .network, .timeout,
            .refusedByBreaker, .cancelled,
        ]
        var ended = 0
        for _ in 0..<50 {
            var exchange = Exchange(policy, uniforms: [0.1, 0.9, 0.4])
            var now = Instant(.seconds(Int64(choices.next(below: 100)) - 50))
            var running: UInt32?
            var sent: UInt32 = 0
            var finishes = 0
            for _ in 0..<60 {
                now += .milliseconds(Int64(choices.next(below: 3_000)) - 200)
                let attempt = UInt32(max(0, Int(sent) - choices.next(below: 3) + 1))
                let actions: [RequestRetryAction] =
                    switch choices.next(below: 40) {
                    case 0: exchange.cancel()
                    case 1: exchange.succeed(attempt)
                    case 2...8: exchange.start(at: now)
                    case 9...24: exchange.fail(attempt, kinds[choices.next(below: kinds.count)], at: now)
                    default: exchange.advance(to: max(now, exchange.request.nextDeadline))
                    }
                for action in actions {
                    #expect(finishes == 0, "seed \(seed): \(action) after the end")
                    switch action {
                    case .sendAttempt(let number):
                        #expect(running == nil && number == sent + 1, "seed \(seed)")
                        (running, sent) = (number, number)
                    case .abandonAttempt(let number): #expect(running == number, "seed \(seed)")
                    case .waiting: running = nil
                    case .finished: finishes += 1
                    }
                }
                if case .waiting = exchange.request.state { running = nil }
                #expect(exchange.request.retryCount <= 16 && sent <= 17)
                if case .finished = exchange.request.state {
                    #expect(finishes == 1 && exchange.request.nextDeadline == .distantFuture)
                }
            }
            ended += finishes
        }
        #expect(ended > 10, "seed \(seed): only \(ended) requests ended")
    }
}
