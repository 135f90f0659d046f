import Statistics
import Testing

/// Reference values: SciPy 1.17 (`binomtest(...).proportion_ci`); 81 of 263 and 15 of 148 are the examples of
/// Newcombe, Statistics in Medicine 17 (1998).
@Suite struct ProportionIntervalTests {
    struct Row: Sendable {
        let successes: Int
        let trials: Int
        let level: Double
        let wilson: ClosedRange<Double>
        let exact: ClosedRange<Double>
    }

    static let rows = [
        Row(
            successes: 0,
            trials: 10,
            level: 0.95,
            wilson: 0...0.27753279986288926,
            exact: 0...0.3084971078187607
        ),
        Row(
            successes: 1,
            trials: 10,
            level: 0.95,
            wilson: 0.017876213095072896...0.4041500267952385,
            exact: 0.0025285785444617865...0.4450161170281954
        ),
        Row(
            successes: 10,
            trials: 10,
            level: 0.95,
            wilson: 0.7224672001371109...1,
            exact: 0.6915028921812392...1
        ),
        Row(
            successes: 81,
            trials: 263,
            level: 0.95,
            wilson: 0.2552885198782742...0.36620957698280004,
            exact: 0.25273674558527126...0.36762192260135135
        ),
        Row(
            successes: 15,
            trials: 148,
            level: 0.95,
            wilson: 0.06238639953073629...0.16048724172330803,
            exact: 0.057844010083448576...0.161650490349479
        ),
        Row(
            successes: 3,
            trials: 1000,
            level: 0.99,
            wilson: 0.0007581012310614683...0.011793516682924922,
            exact: 0.00033814452906649344...0.01093377742040524
        ),
        Row(
            successes: 1_234_567,
            trials: 3_000_000,
            level: 0.95,
            wilson: 0.41096558294892255...0.4120793103063293,
            exact: 0.4109653882582352...0.41207944919711
        ),
        Row(
            successes: 1,
            trials: 1_000_000_000,
            level: 0.95,
            wilson: 1.765245549569633e-10...5.664934243297439e-09,
            exact: 2.53178079839694e-11...5.571643429123389e-09
        ),
        Row(
            successes: 49_999_000,
            trials: 100_000_000,
            level: 0.95,
            wilson: 0.499892001803059...0.5000879981977092,
            exact: 0.49989199680226837...0.5000880031983106
        ),
    ]

    @Test("Wilson's ends agree with the reference", arguments: rows)
    func wilson(row: Row) throws {
        let interval = try #require(
            try wilsonInterval(successes: row.successes, trials: row.trials, level: row.level)
        )
        #expect(agree(interval.lower, row.wilson.lowerBound, within: 1e-7))
        #expect(agree(interval.upper, row.wilson.upperBound))
        #expect(interval.method == .wilson)
    }

    @Test("the ends of Clopper and Pearson agree with the reference", arguments: rows)
    func clopperPearson(row: Row) throws {
        let interval = try #require(
            try clopperPearsonInterval(successes: row.successes, trials: row.trials, level: row.level)
        )
        #expect(agree(interval.lower, row.exact.lowerBound))
        #expect(agree(interval.upper, row.exact.upperBound, within: 1e-7))
        #expect(interval.method == .clopperPearson)
    }

    /// The exact coverage at n = 200, p = 0.3 is 0.9466 for Wilson and 0.9551 for Clopper-Pearson.
    @Test("both cover a binomial proportion in 95 % of experiments")
    func covers() throws {
        var generator = SplitMix64(seed: 0xB1)
        let sampler = BinomialSampler(trials: 200, probability: 0.3)
        let wilson = try coverage(of: 0.3) {
            try wilsonInterval(successes: sampler.draw(&generator), trials: 200)
        }
        #expect(coverageBand.contains(wilson), "\(wilson)")
        let byCount = try (0...200).map { try clopperPearsonInterval(successes: $0, trials: 200) }
        let exact = coverage(of: 0.3) { byCount[sampler.draw(&generator)] }
        #expect(coverageBand.contains(exact), "\(exact)")
    }

    @Test("ends are exactly 0 and 1 where nothing or everything succeeded, and in order")
    func boundaries() throws {
        for trials in 1...40 {
            for successes in 0...trials {
                for interval in [
                    try wilsonInterval(successes: successes, trials: trials),
                    try clopperPearsonInterval(successes: successes, trials: trials),
                ] {
                    let interval = try #require(interval)
                    #expect((interval.lower == 0) == (successes == 0))
                    #expect((interval.upper == 1) == (successes == trials))
                    #expect(interval.contains(Double(successes) / Double(trials)))
                }
            }
        }
        #expect(try wilsonInterval(successes: 0, trials: 0) == nil)
        #expect(try clopperPearsonInterval(successes: 0, trials: 0) == nil)
    }

    @Test(
        "counts that are not successes among trials are errors",
        arguments: [(-1, 5), (6, 5), (0, -1), (.min, .max)]
    )
    func counts(successes: Int, trials: Int) {
        #expect(throws: StatisticsError.self) { try wilsonInterval(successes: successes, trials: trials) }
        #expect(throws: StatisticsError.self) { try clopperPearsonInterval(successes: successes, trials: trials) }
    }

    @Test("the limit of an event never seen is its closed form; 2,995 trials prove 99.9 %")
    func zeroEvents() throws {
        #expect(agree(try zeroEventsUpperLimit(trials: 10), 0.2588655508930522))
        #expect(agree(try zeroEventsUpperLimit(trials: 300), 0.009936081944457708))
        #expect(try zeroEventsUpperLimit(trials: 2995) <= 0.001)
        #expect(try zeroEventsUpperLimit(trials: 2994) > 0.001)
        #expect(try zeroEventsUpperLimit(trials: 0) == 1)
        #expect(throws: StatisticsError.self) { try zeroEventsUpperLimit(trials: -1) }
    }
}
