import Statistics
import Testing

/// Reference values computed with SciPy 1.17 (`scipy.stats.t.ppf`).
@Suite struct ReplicatedProportionTests {
    @Test("moderate proportions get a t interval, cut to 0 ... 1")
    func moderate() throws {
        let replications = [90.0, 85, 93, 70].map { (successes: $0, trials: 100.0) }
        let interval = try #require(try proportionInterval(perReplication: replications, units: 400))
        #expect(interval.method == .studentT)
        #expect(agree(interval.lower, 0.6824665961480954))
        #expect(interval.upper == 1)
    }

    @Test("a proportion above 0.99 moves the interval to the logit")
    func high() throws {
        let replications = [995.0, 990, 1000, 985, 999].map { (successes: $0, trials: 1000.0) }
        let interval = try #require(try proportionInterval(perReplication: replications, units: 400))
        #expect(interval.method == .logitT)
        #expect(agree(interval.lower, 0.9786265435895445))
        #expect(agree(interval.upper, 0.9993744996324033))
    }

    @Test("failures instead of successes mirror the interval")
    func mirrored() throws {
        let replications = [995.0, 990, 1000, 985, 999].map { (successes: 1000 - $0, trials: 1000.0) }
        let interval = try #require(try proportionInterval(perReplication: replications, units: 400))
        #expect(interval.method == .logitT)
        #expect(agree(interval.lower, 1 - 0.9993744996324033))
        #expect(agree(interval.upper, 1 - 0.9786265435895445))
    }

    @Test("exactly 0.99 and 0.01 are not extreme")
    func threshold() throws {
        let replications = [(successes: 99.0, trials: 100.0), (successes: 1.0, trials: 100.0)]
        #expect(try proportionInterval(perReplication: replications, units: 2)?.method == .studentT)
    }

    @Test("an event never seen leaves a one-sided limit")
    func zeroEvents() throws {
        let perfect = [(successes: 500.0, trials: 500.0), (successes: 0.0, trials: 0.0), (successes: 9.0, trials: 9.0)]
        let high = try #require(try proportionInterval(perReplication: perfect, units: 10))
        #expect(high.method == .zeroEvents && high.upper == 1)
        #expect(agree(high.lower, 1 - 0.2588655508930522))
        let low = try #require(
            try proportionInterval(perReplication: perfect.map { (0, $0.trials) }, units: 10)
        )
        #expect(low.method == .zeroEvents && low.lower == 0)
        #expect(agree(low.upper, 0.2588655508930522))
        #expect(try proportionInterval(perReplication: perfect, units: 0)?.lower == 0)
    }

    @Test(
        "t and logit intervals cover the proportion in 95 % of experiments",
        arguments: [(n: 200, p: 0.3, method: ConfidenceInterval.Method.studentT), (n: 2000, p: 0.995, method: .logitT)]
    )
    func covers(n: Int, p: Double, method: ConfidenceInterval.Method) throws {
        var generator = SplitMix64(seed: 0xC0)
        let sampler = BinomialSampler(trials: n, probability: 1 - p)
        let share = try coverage(of: p) {
            var replications: [(successes: Double, trials: Double)] = []
            for _ in 0..<10 { replications.append((Double(n - sampler.draw(&generator)), Double(n))) }
            let interval = try #require(try proportionInterval(perReplication: replications, units: 10 * n))
            try #require(interval.method == method)
            return interval
        }
        #expect(coverageBand.contains(share), "\(share)")
    }

    @Test("fewer than two replications with trials give nothing")
    func tooFew() throws {
        #expect(try proportionInterval(perReplication: [], units: 0) == nil)
        #expect(try proportionInterval(perReplication: [(3, 4)], units: 4) == nil)
        #expect(try proportionInterval(perReplication: [(3, 4), (0, 0)], units: 4) == nil)
    }

    @Test(
        "impossible counts are errors",
        arguments: [(-1.0, 5.0), (6, 5), (.nan, 5), (1, .nan), (1, .infinity), (.infinity, .infinity)]
    )
    func counts(successes: Double, trials: Double) {
        #expect(throws: StatisticsError.self) {
            try proportionInterval(perReplication: [(1, 2), (1, 2), (successes, trials)], units: 3)
        }
        #expect(throws: StatisticsError.self) {
            try proportionInterval(perReplication: [(1, 2), (1, 2)], units: -1)
        }
    }
}
