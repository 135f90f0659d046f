import Statistics
import Testing

/// Reference values: SciPy 1.17 (`scipy.stats.t`, `scipy.stats.norm`).
@Suite struct DistributionsTests {
    @Test(
        "quantiles of t agree with the reference",
        arguments: [
            (p: 0.975, df: 1.0, t: 12.706204736174694),
            (p: 0.975, df: 2.0, t: 4.302652729749462),
            (p: 0.975, df: 9.0, t: 2.262157162798205),
            (p: 0.95, df: 4.0, t: 2.1318467863266495),
            (p: 0.995, df: 29.0, t: 2.756385903670605),
            (p: 0.975, df: 1000.0, t: 1.9623390808264083),
            (p: 0.975, df: 1e6, t: 1.959966356814107),
            (p: 1e-10, df: 3.0, t: -2225.769284683093),
            (p: 1e-300, df: 1.0, t: -3.183098861837907e299),
            (p: 0.6, df: 0.5, t: 0.3979754267847907),
        ]
    )
    func studentQuantile(p: Double, df: Double, t: Double) throws {
        #expect(agree(try studentTQuantile(p, degreesOfFreedom: df), t))
    }

    @Test(
        "upper tails of t agree with the reference",
        arguments: [
            (t: 2.262, df: 9.0, tail: 0.025006422751227313),
            (t: 0.0, df: 3.0, tail: 0.5),
            (t: -1.5, df: 4.0, tail: 0.896),
            (t: 40.0, df: 5.0, tail: 9.205981085886477e-08),
            (t: 50.0, df: 200.0, tail: 2.7102877398912223e-115),
            (t: 1e300, df: 3.0, tail: 0),
            (t: 60, df: 1e7, tail: 0),
            (t: .infinity, df: 3.0, tail: 0),
            (t: -.infinity, df: 3.0, tail: 1),
        ]
    )
    func studentTail(t: Double, df: Double, tail: Double) throws {
        #expect(agree(try studentTUpperTail(t, degreesOfFreedom: df), tail))
    }

    @Test(
        "quantiles of the normal distribution agree with the reference",
        arguments: [
            (p: 0.975, z: 1.959963984540054), (p: 0.5, z: 0.0), (p: 1e-12, z: -7.034483825301131),
            (p: 0.9995, z: 3.2905267314919255), (p: 0, z: -.infinity), (p: 1, z: .infinity),
        ]
    )
    func normal(p: Double, z: Double) throws {
        #expect(agree(try normalQuantile(p), z))
    }

    @Test("arguments outside the domain are errors", arguments: [-0.1, 1.1, .nan, .infinity, -.infinity])
    func domain(p: Double) {
        #expect(throws: StatisticsError.self) { try normalQuantile(p) }
        #expect(throws: StatisticsError.self) { try studentTQuantile(p, degreesOfFreedom: 5) }
    }

    @Test("degrees of freedom have to be positive and finite", arguments: [0, -1, .nan, .infinity])
    func degrees(df: Double) {
        #expect(throws: StatisticsError.self) { try studentTQuantile(0.9, degreesOfFreedom: df) }
        #expect(throws: StatisticsError.self) { try studentTUpperTail(1, degreesOfFreedom: df) }
    }

    @Test("an iteration that does not converge is an error that carries GSL's reason")
    func noConvergence() {
        let error = #expect(throws: StatisticsError.self) { try studentTQuantile(0.975, degreesOfFreedom: 1e-3) }
        #expect(error?.code == .numericalFailure)
        #expect(error?.call == "gsl_cdf_tdist_Pinv")
        #expect(error?.reason == "inverse failed to converge")
    }
}
