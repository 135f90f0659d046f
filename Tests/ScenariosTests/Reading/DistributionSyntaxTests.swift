import MonotonicTime
import Testing

@testable import Scenarios

@Suite("DistributionSyntax")
struct DistributionSyntaxTests {
    static let examples: [(String, DurationDistribution)] = [
        ("30s", .constant(.seconds(30))),
        ("uniform(20s, 45s)", .uniform(from: .seconds(20), to: .seconds(45))),
        ("exponential(mean: 3s)", .exponential(mean: .seconds(3))),
        (
            "lognormal(median: 20ms, p99: 80ms)",
            .lognormal(median: .milliseconds(20), quantile: .milliseconds(80), probability: 0.99)
        ),
        (
            "lognormal(median: 20ms, p99.9: 80ms)",
            .lognormal(median: .milliseconds(20), quantile: .milliseconds(80), probability: 0.999)
        ),
        (
            "lognormal(median: 20ms, p5: 8ms)",
            .lognormal(median: .milliseconds(20), quantile: .milliseconds(8), probability: 0.05)
        ),
        ("lognormal(median: 6s, sigma: 0.6)", .lognormalSigma(median: .seconds(6), sigma: 0.6)),
        ("weibull(shape: 1.5, scale: 2s)", .weibull(shape: 1.5, scale: .seconds(2))),
        ("empirical(1s, 2s, 5s, 9s)", .empirical([.seconds(1), .seconds(2), .seconds(5), .seconds(9)])),
        (
            "lognormal(median: 6m, sigma: 0.6) in 45s..11m30s",
            .truncated(
                .lognormalSigma(median: .minutes(6), sigma: 0.6),
                from: .seconds(45),
                to: .seconds(690)
            )
        ),
    ]

    @Test("the canonical form reads back and prints as it stands", arguments: examples)
    func canonical(text: String, distribution: DurationDistribution) throws {
        #expect(try DistributionSyntax.parse(text) == distribution)
        #expect(distribution.description == text)
    }

    @Test(
        "other spellings mean the same",
        arguments: [
            ("exponential(3s)", "exponential(mean: 3s)"), ("constant(3s)", "3s"), ("constant(value: 3s)", "3s"),
            ("lognormal(median=20ms p99=80ms)", "lognormal(median: 20ms, p99: 80ms)"),
            ("lognormal( 6s ,sigma :0.6 )", "lognormal(median: 6s, sigma: 0.6)"),
            ("uniform(to: 45s, from: 20s)", "uniform(20s, 45s)"), ("uniform (20s 45s)", "uniform(20s, 45s)"),
            ("exponential(3s)  in 1s .. 690s", "exponential(mean: 3s) in 1s..11m30s"),
            ("weibull(2, 3s)", "weibull(shape: 2.0, scale: 3s)"),
        ]
    )
    func spellings(text: String, canonical: String) throws {
        #expect(try DistributionSyntax.parse(text).description == canonical)
    }

    @Test("every quantile reads back to the same probability")
    func percentages() throws {
        for tenths in 1..<1_000 where tenths != 500 {
            let label = tenths % 10 == 0 ? "p\(tenths / 10)" : "p\(tenths / 10).\(tenths % 10)"
            let text = "lognormal(median: 20ms, \(label): \(tenths > 500 ? "80ms" : "5ms"))"
            let distribution = try DistributionSyntax.parse(text)
            #expect(distribution.description == text)
            #expect(try DistributionSyntax.parse(distribution.description) == distribution)
        }
    }

    @Test(
        "a mistake is told with what would be right",
        arguments: [
            ("30", "'30' has no unit: write '30s' or '30ms'"),
            ("lognorml(median: 1s, p99: 2s)", "unknown distribution 'lognorml' (did you mean 'lognormal'?)"),
            (
                "gamma(1s)",
                "unknown distribution 'gamma' (distributions: constant, uniform, exponential, lognormal, weibull, empirical)"
            ),
            ("uniform", "'uniform' needs arguments: write 'uniform(20s, 45s)'"),
            ("unifrm", "'unifrm' is neither a duration nor a distribution (did you mean 'uniform'?)"),
            ("uniform(45s, 20s)", "'uniform': 'from' (45s) must be at most 'to' (20s)"),
            ("uniform(45s)", "'uniform' needs 'to': write 'uniform(20s, 45s)'"),
            ("uniform(1s, 2s, 3s)", "'uniform' does not expect '3s': write 'uniform(20s, 45s)'"),
            ("uniform(1s,, 3s)", "an argument of 'uniform' is missing: write 'uniform(20s, 45s)'"),
            (
                "uniform(1s, 2s",
                "'uniform(1s, 2s' must end with its only ')': write 'uniform(20s, 45s)', inside { } or [ ] with the quotes"
            ),
            ("exponential(maen: 3s)", "'exponential' has no argument 'maen' (did you mean 'mean'?)"),
            ("exponential(0s)", "'exponential': 'mean' must be more than 0s"),
            ("lognormal(median: 0s, p99: 2s)", "'lognormal': 'median' must be more than 0s"),
            (
                "lognormal(median: 3s, p99: 2s)",
                "'lognormal': 'p99' (2s) must be more than 'median' (3s)"
            ),
            (
                "lognormal(median: 3s, p5: 4s)",
                "'lognormal': 'p5' (4s) must be less than 'median' (3s) and more than 0s"
            ),
            (
                "lognormal(median: 3s, p50: 4s)",
                "'lognormal': 'p50' must be between p0 and p100 and not p50, the median itself"
            ),
            (
                "lognormal(median: 3s, p99: 4s, sigma: 1)",
                "'lognormal' takes a quantile or 'sigma' beside 'median', not several of them"
            ),
            (
                "lognormal(median: 3s, sigma: -1)",
                "'-1' is negative: write a factor such as '1.6' or 'x2'"
            ),
            ("weibull(shape: 0, scale: 2s)", "'weibull': 'shape' must be more than 0"),
            ("exponential(mean: 3s, mean: 4s)", "'exponential' is given 'mean' twice"),
            ("empirical()", "an argument of 'empirical' is missing: write 'empirical(1s, 2s, 5s)'"),
            ("exponential(3s) in 9s..1s", "the range '9s..1s' must begin before it ends"),
            ("exponential(3s) in 9s", "'9s' is not a range: write it as in 'exponential(mean: 3s) in 45s..690s'"),
            ("uniform(1s, 2s) in 3s..4s", "'uniform(1s, 2s)' never lies in '3s..4s'"),
        ]
    )
    func mistakes(text: String, message: String) {
        #expect(complaint { () throws(Complaint) in try DistributionSyntax.parse(text) } == message)
    }
}
