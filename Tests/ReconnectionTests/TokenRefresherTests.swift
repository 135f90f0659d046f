import MonotonicTime
import Reconnection
import Testing

@Suite struct TokenRefresherTests {
    /// A refresher with its policy and its random numbers.
    private final class Keeper {
        var refresher = TokenRefresher()
        let policy: TokenRefreshPolicy
        var random: CountingRandomSource
        private var actions = ActionBuffer<TokenRefreshAction>()

        init(_ policy: TokenRefreshPolicy, uniforms: [Double] = [0.5]) {
            self.policy = policy
            random = CountingRandomSource(uniforms)
        }

        /// What the last input asked for.
        var asked: [TokenRefreshAction] { Array(actions.list) }

        func start(_ token: TokenLifetime?, hasRefreshToken: Bool = true, at now: Instant) -> [TokenRefreshAction] {
            actions.removeAll()
            refresher.start(
                token: token,
                hasRefreshToken: hasRefreshToken,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
            return asked
        }

        func advance(to now: Instant) -> [TokenRefreshAction] {
            actions.removeAll()
            refresher.advance(to: now, policy: policy, actions: &actions)
            return asked
        }

        func need(at now: Instant) -> TokenRefresher.Answer {
            actions.removeAll()
            return refresher.tokenNeeded(at: now, policy: policy, actions: &actions)
        }

        func reject(_ epoch: UInt32, isRepeat: Bool = false, at now: Instant) -> TokenRefresher.Answer {
            actions.removeAll()
            return refresher.tokenRejected(
                epoch: epoch,
                isRepeat: isRepeat,
                at: now,
                policy: policy,
                actions: &actions
            )
        }

        func succeed(_ attempt: UInt32, _ token: TokenLifetime, at now: Instant) -> [TokenRefreshAction] {
            actions.removeAll()
            refresher.refreshSucceeded(
                attempt: attempt,
                token: token,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
            return asked
        }

        func fail(
            _ attempt: UInt32,
            _ failure: TokenRefresher.Failure = .transient,
            at now: Instant
        ) -> [TokenRefreshAction] {
            actions.removeAll()
            refresher.refreshFailed(
                attempt: attempt,
                failure,
                at: now,
                policy: policy,
                random: &random,
                actions: &actions
            )
            return asked
        }
    }

    private static func at(_ seconds: Double) -> Instant { Instant(Interval(seconds: seconds)) }
    private static let tick = Interval.nanoseconds(1)

    /// A token issued at a time, for so long.
    private static func token(from seconds: Double = 0, living lifetime: Interval) -> TokenLifetime {
        TokenLifetime(issuedAt: at(seconds), expiresAt: at(seconds) + lifetime)
    }

    private static let quarter = token(living: .minutes(15))

    /// `chatSDK` without its spread, for tests of other things.
    private static var plain: TokenRefreshPolicy {
        var policy = TokenRefreshPolicy.chatSDK
        policy.spread = .zero
        return policy
    }

    // MARK: When a refresh is planned

    @Test(
        "the planned refresh is at half the lifetime or five minutes before expiry, whichever is later",
        arguments: [
            (Interval.minutes(15), 600.0), (.minutes(10), 300), (.minutes(10) + .seconds(2), 302),
            (.minutes(10) - .seconds(2), 299), (.minutes(4), 120), (.minutes(5), 150), (.minutes(1), 30),
            (.hours(24 * 25), 2_159_700),
        ] as [(Interval, Double)]
    )
    func planned(lifetime: Interval, seconds: Double) {
        let keeper = Keeper(Self.plain)
        #expect(keeper.start(Self.token(living: lifetime), at: .origin) == [.waiting(until: Self.at(seconds))])
        #expect(keeper.random.draws == 0)
        #expect(keeper.advance(to: Self.at(seconds) - Self.tick) == [])
        #expect(keeper.advance(to: Self.at(seconds)) == [.refresh(attempt: 1)])
        #expect(keeper.advance(to: Self.at(seconds)) == [])
    }

    @Test(
        "a plan is spread by 60 s, or by what room there is before the margin, with one draw for each token",
        arguments: [
            (.minutes(15), 0, 600), (.minutes(15), 0.5, 630), (.minutes(15), 0.75, 645),
            // 4 min: planned at 2 min, expiry − margin at 3 min: all of the spread fits, to the nanosecond.
            (.minutes(4), 0.5, 150),
            // 3 min: planned at 90 s, expiry − margin at 120 s: 30 s of room.
            (.minutes(3), 0.5, 105),
            // 2 min and less: no room.
            (.minutes(2), 0.5, 60), (.minutes(1), 0.5, 30),
        ] as [(Interval, Double, Double)]
    )
    func spread(lifetime: Interval, uniform: Double, seconds: Double) {
        let keeper = Keeper(.chatSDK, uniforms: [uniform])
        #expect(keeper.start(Self.token(living: lifetime), at: .origin) == [.waiting(until: Self.at(seconds))])
        #expect(keeper.random.draws == 1)
    }

    @Test("no spread carries a refresh past the margin before expiry, whatever the lifetime and the draw")
    func spreadWithinMargin() {
        var random = SplitMix(state: 7)
        for _ in 0..<2_000 {
            let lifetime = Interval.milliseconds(Int64(random.next(below: 1_200_000)))
            let keeper = Keeper(.chatSDK, uniforms: [1 - 0x1p-53])
            _ = keeper.start(Self.token(living: lifetime), at: .origin)
            let planned = max(Int64(lifetime.nanoseconds / 2), (lifetime - .minutes(5)).nanoseconds)
            let limit = max(planned, (lifetime - .seconds(60)).nanoseconds)
            #expect((planned...limit).contains(keeper.refresher.nextRefresh.nanoseconds))
        }
    }

    @Test("a plan in the past is carried out at once")
    func plannedInThePast() {
        let keeper = Keeper(Self.plain)
        #expect(keeper.start(Self.quarter, at: Self.at(700)) == [.waiting(until: Self.at(700))])
        #expect(keeper.advance(to: Self.at(700)) == [.refresh(attempt: 1)])
    }

    @Test("a token without end is neither refreshed nor announced as expired")
    func tokenWithoutEnd() {
        for policy in [TokenRefreshPolicy.chatSDK, .chatSDKDocumented, .chatSDKShippedClient] {
            let keeper = Keeper(policy)
            #expect(keeper.start(TokenLifetime(issuedAt: .origin, expiresAt: .distantFuture), at: .origin) == [])
            #expect(keeper.refresher.nextDeadline == .distantFuture)
            #expect(keeper.need(at: Self.at(1e9)) == .useCurrent(epoch: 1))
        }
    }

    // MARK: Lives of tokens

    @Test("a 15-minute token: refreshed after ten minutes, and so on for the new one")
    func quarterHour() {
        let keeper = Keeper(Self.plain)
        #expect(keeper.start(Self.quarter, at: .origin) == [.waiting(until: Self.at(600))])
        #expect(keeper.need(at: Self.at(599)) == .useCurrent(epoch: 1))
        #expect(keeper.advance(to: Self.at(600)) == [.refresh(attempt: 1)])
        #expect(keeper.need(at: Self.at(600.1)) == .useCurrent(epoch: 1))
        #expect(
            keeper.succeed(1, Self.token(from: 600.2, living: .minutes(15)), at: Self.at(600.2))
                == [.refreshed(epoch: 2), .waiting(until: Self.at(1_200.2))]
        )
        #expect(keeper.need(at: Self.at(601)) == .useCurrent(epoch: 2))
        #expect(keeper.refresher.nextExpiry == Self.at(1_500.2))
    }

    @Test("a 15-minute token whose refresh fails is retried with backoff; the last one in time saves it")
    func retries() {
        var policy = Self.plain
        policy.retry = .exponential(base: .seconds(100), cap: .max, jitter: .full)
        let keeper = Keeper(policy, uniforms: [0.5, 0.25, 0.5, 0])
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(keeper.fail(1, at: Self.at(610)) == [.failed(attempt: 1), .waiting(until: Self.at(660))])
        #expect(keeper.advance(to: Self.at(660) - Self.tick) == [])
        #expect(keeper.advance(to: Self.at(660)) == [.refresh(attempt: 2)])
        #expect(keeper.fail(2, at: Self.at(660)) == [.failed(attempt: 2), .waiting(until: Self.at(710))])
        _ = keeper.advance(to: Self.at(710))
        // 200 s later would be after expiry: nothing is armed, and the end is announced when it comes.
        #expect(keeper.fail(3, at: Self.at(710)) == [.failed(attempt: 3)])
        #expect(keeper.refresher.failures == 3)
        #expect(keeper.random.draws == 3)
        #expect(keeper.refresher.nextDeadline == Self.at(900))
        #expect(keeper.advance(to: Self.at(900) - Self.tick) == [])
        #expect(keeper.need(at: Self.at(900) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.advance(to: Self.at(900)) == [.expired(.lifetimeOver)])
        #expect(keeper.advance(to: Self.at(900)) == [])
        // The backoff outlives the token: callers are refused until it is over, then the next one tries.
        #expect(keeper.need(at: Self.at(910) - Self.tick) == .noToken)
        #expect(keeper.need(at: Self.at(910)) == .waitForRefresh(attempt: 4))
        #expect(keeper.asked == [.refresh(attempt: 4)])
        #expect(
            keeper.succeed(4, Self.token(from: 911, living: .minutes(15)), at: Self.at(911))
                == [.refreshed(epoch: 2), .waiting(until: Self.at(1_511))]
        )
        #expect(keeper.refresher.failures == 0)
    }

    @Test(
        "a retry is armed if it falls before expiry, and not if it falls on it",
        arguments: [(200 - 1e-9, true), (200, false)]
    )
    func retryBoundary(delay: Double, isArmed: Bool) {
        var policy = Self.plain
        policy.retry = Backoff(growth: .fixed(Interval(seconds: delay)))
        let keeper = Keeper(policy)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        let waiting = [TokenRefreshAction.waiting(until: Self.at(900) - Self.tick)]
        #expect(keeper.fail(1, at: Self.at(700)) == [.failed(attempt: 1)] + (isArmed ? waiting : []))
    }

    @Test("a retry comes no sooner than the minimum pause, however small its jitter")
    func retryPause() {
        let keeper = Keeper(Self.plain, uniforms: [0])
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(keeper.fail(1, at: Self.at(600)) == [.failed(attempt: 1), .waiting(until: Self.at(601))])
    }

    @Test("decorrelated jitter grows from the delay before, and starts over after a success")
    func decorrelatedRetries() {
        var policy = Self.plain
        policy.retry = Backoff(growth: .fixed(.seconds(10)), cap: .seconds(600), jitter: .decorrelated)
        let keeper = Keeper(policy, uniforms: [0.5])
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        // 10 + ½ · (30 − 10) = 20, then 10 + ½ · (60 − 10) = 35.
        #expect(keeper.fail(1, at: Self.at(600)).last == .waiting(until: Self.at(620)))
        _ = keeper.advance(to: Self.at(620))
        #expect(keeper.fail(2, at: Self.at(620)).last == .waiting(until: Self.at(655)))
        _ = keeper.advance(to: Self.at(655))
        _ = keeper.succeed(3, Self.token(from: 655, living: .minutes(15)), at: Self.at(655))
        _ = keeper.advance(to: Self.at(1_255))
        #expect(keeper.fail(4, at: Self.at(1_255)).last == .waiting(until: Self.at(1_275)))
    }

    @Test("a new log-in owes nothing to the backoff of the old one")
    func startDuringBackoff() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        _ = keeper.fail(1, at: Self.at(600))
        keeper.refresher.stop(policy: keeper.policy)
        _ = keeper.start(nil, at: Self.at(600))
        #expect(keeper.refresher.failures == 0)
        #expect(keeper.need(at: Self.at(600)) == .waitForRefresh(attempt: 2))
    }

    @Test("a refresh under way at expiry may still succeed; until then callers wait for it")
    func successAfterExpiry() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(keeper.advance(to: Self.at(900)) == [.expired(.lifetimeOver)])
        #expect(keeper.need(at: Self.at(901)) == .waitForRefresh(attempt: 1))
        #expect(keeper.asked == [])
        #expect(
            keeper.succeed(1, Self.token(from: 902, living: .minutes(15)), at: Self.at(902))
                == [.refreshed(epoch: 2), .waiting(until: Self.at(1_502))]
        )
    }

    @Test("after a sleep past refresh and expiry the refresh begins before the end is announced")
    func sleep() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        #expect(keeper.advance(to: Self.at(5_000)) == [.refresh(attempt: 1), .expired(.lifetimeOver)])
    }

    @Test("a refusal for good is the end at once, although the token still lives")
    func refused() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(keeper.fail(1, .refused, at: Self.at(601)) == [.expired(.refused)])
        #expect(keeper.refresher.ended == .refused)
        #expect(keeper.refresher.nextDeadline == .distantFuture)
        #expect(keeper.need(at: Self.at(602)) == .noToken)
        #expect(keeper.reject(1, at: Self.at(602)) == .noToken)
        #expect(keeper.advance(to: Self.at(2_000)) == [])
        #expect(keeper.start(Self.token(from: 2_000, living: .minutes(15)), at: Self.at(2_000)).count == 1)
        #expect(keeper.need(at: Self.at(2_001)) == .useCurrent(epoch: 2))
    }

    @Test("without a refresh token the token serves until its last nanosecond, and then that is the end")
    func noRefreshToken() {
        let keeper = Keeper(Self.plain)
        #expect(keeper.start(Self.quarter, hasRefreshToken: false, at: .origin) == [])
        #expect(keeper.refresher.nextDeadline == Self.at(900))
        #expect(keeper.need(at: Self.at(900) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(900)) == .noToken)
        #expect(keeper.advance(to: Self.at(900) - Self.tick) == [])
        #expect(keeper.advance(to: Self.at(900)) == [.expired(.noRefreshToken)])
        #expect(keeper.refresher.ended == .noRefreshToken)
    }

    // MARK: Callers

    @Test("a caller causes a refresh at 60 s left and not before; all others share it")
    func demand() {
        // The planned refresh is failing, so that the token comes to its last minute.
        var policy = Self.plain
        policy.retry = nil
        let keeper = Keeper(policy)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(keeper.fail(1, at: Self.at(601)) == [.failed(attempt: 1)])
        #expect(keeper.need(at: Self.at(840) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(840)) == .waitForRefresh(attempt: 2))
        #expect(keeper.asked == [.refresh(attempt: 2)])
        for _ in 0..<3 {
            #expect(keeper.need(at: Self.at(841)) == .waitForRefresh(attempt: 2))
            #expect(keeper.asked == [])
        }
        #expect(keeper.fail(2, at: Self.at(842)) == [.failed(attempt: 2)])
        // Within the pause the living token is used instead.
        #expect(keeper.need(at: Self.at(843) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(843)) == .waitForRefresh(attempt: 3))
    }

    @Test("a caller before the planned refresh of a short-lived token causes none; one after it replaces the timer")
    func demandAndPlan() {
        let keeper = Keeper(.chatSDK, uniforms: [0.5])
        // 100 s: planned at 50 s, where no room is left for a spread.
        #expect(keeper.start(Self.token(living: .seconds(100)), at: .origin) == [.waiting(until: Self.at(50))])
        #expect(keeper.need(at: Self.at(50) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(50)) == .waitForRefresh(attempt: 1))
        #expect(keeper.advance(to: Self.at(50)) == [])
    }

    @Test("without a token callers cause the first fetch, and wait for it")
    func firstFetch() {
        let keeper = Keeper(Self.plain)
        #expect(keeper.need(at: .origin) == .noToken)
        #expect(keeper.start(nil, at: .origin) == [])
        #expect(keeper.refresher.nextDeadline == .distantFuture)
        #expect(keeper.need(at: Self.at(5)) == .waitForRefresh(attempt: 1))
        #expect(keeper.need(at: Self.at(5)) == .waitForRefresh(attempt: 1))
        #expect(
            keeper.succeed(1, Self.token(from: 6, living: .minutes(15)), at: Self.at(6))
                == [.refreshed(epoch: 2), .waiting(until: Self.at(606))]
        )
    }

    @Test("a 401 for the current token refreshes it, for an older one answers with the current one, and once only")
    func rejection() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        #expect(keeper.reject(1, at: Self.at(10)) == .waitForRefresh(attempt: 1))
        #expect(keeper.asked == [.refresh(attempt: 1)])
        #expect(keeper.reject(1, at: Self.at(10)) == .waitForRefresh(attempt: 1))
        #expect(keeper.asked == [])
        // The refused token is not handed out again.
        #expect(keeper.need(at: Self.at(10)) == .waitForRefresh(attempt: 1))
        _ = keeper.succeed(1, Self.token(from: 11, living: .minutes(15)), at: Self.at(11))
        #expect(keeper.reject(1, at: Self.at(11)) == .useCurrent(epoch: 2))
        #expect(keeper.reject(2, isRepeat: true, at: Self.at(11)) == .noToken)
        #expect(keeper.need(at: Self.at(11)) == .useCurrent(epoch: 2))
        // A fresh token refused within the pause: no loop.
        #expect(keeper.reject(2, at: Self.at(12) - Self.tick) == .noToken)
        #expect(keeper.need(at: Self.at(12) - Self.tick) == .noToken)
        #expect(keeper.reject(2, at: Self.at(12)) == .waitForRefresh(attempt: 2))
    }

    @Test("where the policy does not care about 401, the request fails and the token stays")
    func rejectionIgnored() {
        let keeper = Keeper(.chatSDKDocumented)
        _ = keeper.start(Self.quarter, at: .origin)
        #expect(keeper.reject(1, at: Self.at(1)) == .noToken)
        #expect(keeper.need(at: Self.at(1)) == .useCurrent(epoch: 1))
    }

    // MARK: Stopping

    @Test("a refresh under way when stopped is ignored, whatever comes of it, before and after the next start")
    func stopDuringRefresh() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        keeper.refresher.stop(policy: keeper.policy)
        let stopped = keeper.refresher
        #expect(stopped.epoch == 2)
        #expect(stopped.token == nil)
        #expect(keeper.succeed(1, Self.token(from: 601, living: .minutes(15)), at: Self.at(601)) == [])
        #expect(keeper.fail(1, at: Self.at(601)) == [])
        #expect(keeper.fail(1, .refused, at: Self.at(601)) == [])
        keeper.refresher.stop(policy: keeper.policy)
        #expect(keeper.refresher == stopped)
        #expect(keeper.need(at: Self.at(602)) == .noToken)
        #expect(keeper.reject(1, at: Self.at(602)) == .noToken)
        #expect(keeper.advance(to: Self.at(9_999)) == [])
        _ = keeper.start(nil, at: Self.at(9_999))
        #expect(keeper.succeed(1, Self.quarter, at: Self.at(9_999)) == [])
        #expect(keeper.refresher.token == nil)
    }

    @Test("starting again is somebody else's log-in: attempts of the old one are ignored")
    func startAgain() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(Self.quarter, at: .origin)
        _ = keeper.advance(to: Self.at(600))
        #expect(
            keeper.start(Self.token(from: 700, living: .minutes(15)), at: Self.at(700))
                == [.waiting(until: Self.at(1_300))]
        )
        #expect(keeper.fail(1, .refused, at: Self.at(701)) == [])
        #expect(keeper.need(at: Self.at(701)) == .useCurrent(epoch: 2))
    }

    @Test("hazard: a refresh under way when stopped logs the user in again")
    func stopLeavesRefreshRunning() {
        for policy in [TokenRefreshPolicy.chatSDKDocumented, .chatSDKShippedManager] {
            let keeper = Keeper(policy)
            _ = keeper.start(Self.quarter, at: .origin)
            #expect(keeper.advance(to: Self.at(600)) == [.refresh(attempt: 1)])
            keeper.refresher.stop(policy: policy)
            #expect(keeper.refresher.nextDeadline == .distantFuture)
            #expect(
                keeper.succeed(1, Self.token(from: 601, living: .minutes(15)), at: Self.at(601))
                    == [.refreshed(epoch: 3), .waiting(until: Self.at(1_201))]
            )
            #expect(keeper.refresher.isRunning)
            #expect(keeper.need(at: Self.at(602)) == .useCurrent(epoch: 3))
        }
    }

    // MARK: The source systems

    @Test("document: a refresh five minutes before expiry; one failure is the end, although the token still lives")
    func failureExpires() {
        let keeper = Keeper(.chatSDKDocumented)
        #expect(keeper.start(Self.quarter, at: .origin) == [.waiting(until: Self.at(600))])
        #expect(keeper.advance(to: Self.at(600)) == [.refresh(attempt: 1)])
        #expect(keeper.fail(1, at: Self.at(601)) == [.expired(.refreshFailed)])
        #expect(keeper.refresher.nextDeadline == .distantFuture)
        #expect(keeper.need(at: Self.at(602)) == .noToken)
    }

    @Test("document: without a refresh token the end comes five minutes early")
    func documentedNoRefreshToken() {
        let keeper = Keeper(.chatSDKDocumented)
        #expect(keeper.start(Self.quarter, hasRefreshToken: false, at: .origin) == [.waiting(until: Self.at(600))])
        #expect(keeper.advance(to: Self.at(600)) == [.expired(.noRefreshToken)])
        #expect(keeper.advance(to: Self.at(900)) == [])
    }

    @Test("shipped manager: a failed automatic refresh is not tried again by itself, but by the next caller")
    func shippedManager() {
        let keeper = Keeper(.chatSDKShippedManager)
        _ = keeper.start(Self.quarter, at: .origin)
        #expect(keeper.advance(to: Self.at(600)) == [.refresh(attempt: 1)])
        #expect(keeper.fail(1, at: Self.at(600)) == [.failed(attempt: 1)])
        #expect(keeper.refresher.nextDeadline == Self.at(900))
        #expect(keeper.need(at: Self.at(840) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(840)) == .waitForRefresh(attempt: 2))
        #expect(keeper.fail(2, at: Self.at(841)) == [.failed(attempt: 2)])
        #expect(keeper.need(at: Self.at(841)) == .waitForRefresh(attempt: 3))
    }

    @Test("shipped client: callers ask below 60 s each for themselves, and again after a 401")
    func shippedClient() {
        let keeper = Keeper(.chatSDKShippedClient)
        #expect(keeper.start(Self.quarter, at: .origin) == [])
        #expect(keeper.refresher.nextDeadline == .distantFuture)
        #expect(keeper.need(at: Self.at(840)) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(840) + Self.tick) == .waitForRefresh(attempt: 1))
        #expect(keeper.need(at: Self.at(840) + Self.tick) == .waitForRefresh(attempt: 2))
        #expect(keeper.asked == [.refresh(attempt: 2)])
        #expect(
            keeper.succeed(2, Self.token(from: 841, living: .minutes(15)), at: Self.at(841)) == [.refreshed(epoch: 2)]
        )
        #expect(keeper.reject(2, at: Self.at(842)) == .waitForRefresh(attempt: 3))
        #expect(keeper.reject(2, at: Self.at(842)) == .waitForRefresh(attempt: 4))
        #expect(keeper.reject(2, isRepeat: true, at: Self.at(842)) == .noToken)
        // The slower of two answers wins, whichever was asked first.
        #expect(
            keeper.succeed(1, Self.token(from: 840, living: .minutes(15)), at: Self.at(843)) == [.refreshed(epoch: 3)]
        )
        #expect(keeper.refresher.token?.expiresAt == Self.at(1_740))
        #expect(keeper.refresher.attemptsUnderWay == [3, 4])
    }

    @Test("party table: a join token of 300 s is fetched anew at 30 s left, one fetch shared, without pause")
    func partyTable() {
        let policy = TokenRefreshPolicy.partyTableJoinToken
        let keeper = Keeper(policy)
        let token = Self.token(living: TokenRefreshPolicy.partyTableJoinTokenLifetime)
        #expect(keeper.start(token, at: .origin) == [])
        #expect(keeper.need(at: Self.at(270) - Self.tick) == .useCurrent(epoch: 1))
        #expect(keeper.need(at: Self.at(270)) == .waitForRefresh(attempt: 1))
        #expect(keeper.need(at: Self.at(271)) == .waitForRefresh(attempt: 1))
        #expect(keeper.fail(1, at: Self.at(272)) == [.failed(attempt: 1)])
        #expect(keeper.need(at: Self.at(272)) == .waitForRefresh(attempt: 2))
        // Nobody is told when it runs out; the next attempt to connect fetches another.
        #expect(keeper.refresher.nextDeadline == .distantFuture)
        _ = keeper.fail(2, at: Self.at(300))
        #expect(keeper.need(at: Self.at(400)) == .waitForRefresh(attempt: 3))
        #expect(
            keeper.succeed(3, Self.token(from: 400, living: .seconds(300)), at: Self.at(400)) == [.refreshed(epoch: 2)]
        )
    }

    // MARK: Loops

    /// Runs from deadline to deadline, each refresh answered after 50 ms with a token of the same lifetime.
    private func refreshes(_ policy: TokenRefreshPolicy, lifetime: Interval, within: Interval) -> Int {
        let keeper = Keeper(policy, uniforms: [0])
        _ = keeper.start(Self.token(living: lifetime), at: .origin)
        while keeper.refresher.nextRefresh <= .origin + within {
            let answered = keeper.refresher.nextRefresh + .milliseconds(50)
            _ = keeper.advance(to: keeper.refresher.nextRefresh)
            let token = TokenLifetime(issuedAt: answered, expiresAt: answered + lifetime)
            _ = keeper.succeed(keeper.refresher.lastAttempt, token, at: answered)
        }
        return Int(keeper.refresher.lastAttempt)
    }

    @Test(
        "hazard: tokens living five minutes or less are refreshed in an endless loop; a pause tames it, the plan mends it",
        arguments: [
            // In 60 s: without a pause one each 50 ms, at 0, 50, ... 60000 ms.
            (TokenRefreshPolicy.chatSDKDocumented, Interval.minutes(4), 1_201),
            (.chatSDKDocumented, .minutes(5), 1_201),
            (.chatSDKShippedManager, .minutes(4), 1_201),
            // Ten seconds more, and there are ten seconds between two.
            (.chatSDKDocumented, .minutes(5) + .seconds(10), 5),
            (.chatSDK, .minutes(4), 0),
        ] as [(TokenRefreshPolicy, Interval, Int)]
    )
    func refreshLoop(policy: TokenRefreshPolicy, lifetime: Interval, count: Int) {
        #expect(refreshes(policy, lifetime: lifetime, within: .seconds(60)) == count)
    }

    @Test("the minimum pause holds a refresh loop to one refresh a pause")
    func minimumPause() {
        var policy = TokenRefreshPolicy.chatSDKDocumented
        policy.hazards.remove(.noMinimumPause)
        // At 0, 1.05, 2.10, ... s: 58 in 60 s.
        #expect(refreshes(policy, lifetime: .minutes(4), within: .seconds(60)) == 58)
        let keeper = Keeper(policy)
        #expect(keeper.start(Self.token(living: .minutes(4)), at: .origin) == [.waiting(until: .origin)])
        _ = keeper.advance(to: .origin)
        #expect(
            keeper.succeed(1, Self.token(living: .minutes(4)), at: Self.at(2))
                == [.refreshed(epoch: 2), .waiting(until: Self.at(3))]
        )
    }

    @Test("a token so short that the pause outlives it expires, and is refreshed all the same")
    func shorterThanThePause() {
        let keeper = Keeper(Self.plain)
        _ = keeper.start(nil, at: .origin)
        _ = keeper.need(at: .origin)
        _ = keeper.succeed(1, Self.token(living: .milliseconds(600)), at: .origin)
        #expect(keeper.advance(to: Self.at(0.6)) == [.expired(.lifetimeOver)])
        #expect(keeper.need(at: Self.at(0.7)) == .noToken)
        #expect(keeper.advance(to: Self.at(1)) == [.refresh(attempt: 2)])
    }

    @Test(
        "hazard: a browser's timer of 2³¹ ms or more fires at once",
        arguments: [
            (TokenRefreshPolicy.browserTimerLimit, false),
            // Browsers drop fractions of a millisecond.
            (TokenRefreshPolicy.browserTimerLimit + .milliseconds(1) - .nanoseconds(1), false),
            (TokenRefreshPolicy.browserTimerLimit + .milliseconds(1), true),
            // A token of 25 days.
            (.hours(25 * 24) - .minutes(5), true),
        ] as [(Interval, Bool)]
    )
    func browserTimerOverflow(delay: Interval, overflows: Bool) {
        let token = Self.token(living: delay + .minutes(5))
        let end = Instant(delay)
        for policy in [TokenRefreshPolicy.chatSDKDocumented, .chatSDKShippedManager] {
            #expect(Keeper(policy).start(token, at: .origin) == [.waiting(until: overflows ? .origin : end)])
        }
        #expect(Keeper(Self.plain).start(token, at: .origin) == [.waiting(until: end)])
    }

    @Test("hazard: a 25-day token is refreshed in an endless loop, and a 24-day one is not")
    func browserTimerLoop() {
        #expect(refreshes(.chatSDKDocumented, lifetime: .hours(24 * 25), within: .seconds(60)) == 1_201)
        #expect(refreshes(.chatSDKDocumented, lifetime: .hours(24 * 24), within: .seconds(60)) == 0)
        #expect(refreshes(.chatSDK, lifetime: .hours(24 * 25), within: .seconds(60)) == 0)
    }

    // MARK: Nonsense

    @Test("unknown attempts, lifetimes that end before they begin and times before issue are harmless")
    func nonsense() {
        let keeper = Keeper(Self.plain)
        let backwards = TokenLifetime(issuedAt: Self.at(100), expiresAt: Self.at(50))
        #expect(backwards.length == .zero)
        #expect(keeper.start(backwards, at: .origin) == [.waiting(until: Self.at(100))])
        #expect(keeper.succeed(0, Self.quarter, at: .origin) == [])
        #expect(keeper.fail(1, .refused, at: .origin) == [])
        #expect(keeper.need(at: Self.at(-5)) == .useCurrent(epoch: 1))
        #expect(keeper.reject(77, at: Self.at(-5)) == .useCurrent(epoch: 1))
    }

    @Test(
        "whatever happens: at most one refresh, never within the pause, no token past its end, silence when stopped",
        arguments: [
            TokenRefreshPolicy.chatSDK, .chatSDKDocumented, .chatSDKShippedManager, .chatSDKShippedClient,
            .partyTableJoinToken,
        ]
    )
    func randomInput(policy: TokenRefreshPolicy) {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SplitMix(state: seed)
            let keeper = Keeper(policy, uniforms: (0..<17).map { _ in random.nextUniform() })
            var now = Instant.origin
            var lastEnd: Instant?
            for _ in 0..<200 {
                now += .milliseconds(Int64(random.next(below: 60_000)))
                let before = keeper.refresher
                let attempt = before.lastAttempt &- UInt32(random.next(below: 2))
                let token = TokenLifetime(
                    issuedAt: now,
                    expiresAt: now + .seconds(Int64(random.next(below: 900)) - 10)
                )
                var asked: [TokenRefreshAction] = []
                switch random.next(below: 10) {
                case 0 where random.next(below: 4) == 0:
                    asked = keeper.start(token, hasRefreshToken: random.next(below: 3) > 0, at: now)
                    lastEnd = nil
                case 1 where random.next(below: 4) == 0: keeper.refresher.stop(policy: policy)
                case 2, 3:
                    let isNeed = random.next(below: 2) == 0
                    let answer = isNeed ? keeper.need(at: now) : keeper.reject(before.epoch, at: now)
                    asked = keeper.asked
                    if case .useCurrent(let epoch) = answer {
                        #expect(epoch == before.epoch && (before.token?.expiresAt ?? now) > now, "seed \(seed)")
                    }
                    if case .waitForRefresh(let attempt) = answer {
                        #expect(keeper.refresher.attemptsUnderWay.contains(attempt), "seed \(seed)")
                    }
                case 4, 5: asked = keeper.succeed(attempt, token, at: now)
                case 6: asked = keeper.fail(attempt, random.next(below: 5) == 0 ? .refused : .transient, at: now)
                default:
                    asked = keeper.advance(to: now)
                    if now < before.nextDeadline { #expect(keeper.refresher == before, "seed \(seed)") }
                }
                let began = asked.contains { if case .refresh = $0 { true } else { false } }
                if policy.hazards.isEmpty {
                    #expect(keeper.refresher.attemptsUnderWay.count <= 1, "seed \(seed)")
                    #expect(before.isRunning || !began, "seed \(seed)")
                    if began, let lastEnd { #expect(now >= lastEnd + policy.minimumPause, "seed \(seed)") }
                }
                if keeper.refresher.attemptsUnderWay.count < before.attemptsUnderWay.count { lastEnd = now }
                #expect(keeper.refresher.epoch >= before.epoch, "seed \(seed)")
                if !keeper.refresher.isRunning || keeper.refresher.ended != nil {
                    #expect(keeper.refresher.nextDeadline == .distantFuture, "seed \(seed)")
                }
            }
        }
    }
}
