import Testing

@testable import Scenarios

@Suite("ExpectationSyntax")
struct ExpectationSyntaxTests {
    @Test(
        "an expectation names a metric, a cohort, a relation and a bound",
        arguments: [
            ("delivery-rate >= 99.9%", "delivery-rate", "all", .atLeast, 0.999),
            ("delivery-rate >= 0.999", "delivery-rate", "all", .atLeast, 0.999),
            ("delivery-rate of phones >= 99.9%", "delivery-rate", "phones", .atLeast, 0.999),
            ("delivery-rate of all > 1", "delivery-rate", "all", .greater, 1),
            ("reconnect-lag-p99 < 60s", "reconnect-lag-p99", "all", .less, 60),
            ("reconnect-lag p99 <= 1m30s", "reconnect-lag-p99", "all", .atMost, 90),
            ("time-to-reconnect p99.9 of phones < 250ms", "reconnect-lag-p99.9", "phones", .less, 0.25),
            ("time-to-reconnect max < 2m", "reconnect-lag-max", "all", .less, 120),
            ("recovery-time 99 < 60s", "recovery-time-99", "all", .less, 60),
            ("delivery-latency p95 of desks < 2s", "delivery-latency-p95", "desks", .less, 2),
            ("peak-attempt-rate < 200/s", "peak-attempt-rate-1s", "all", .less, 200),
            ("peak-attempt-rate < 120/min", "peak-attempt-rate-1s", "all", .less, 2),
            ("peak-attempt-rate-100ms < 5k/s", "peak-attempt-rate-100ms", "all", .less, 5_000),
            ("peak-attempt-rate 100ms < 5k/s", "peak-attempt-rate-100ms", "all", .less, 5_000),
            ("peak-attempt-rate < 4 x capacity", "peak-to-capacity-1s", "all", .less, 4),
            ("peak-attempt-rate < 4x capacity", "peak-to-capacity-1s", "all", .less, 4),
            ("peak-attempt-rate-100ms <= 1.5 x capacity", "peak-to-capacity-100ms", "all", .atMost, 1.5),
            ("peak-to-capacity-1s < 80%", "peak-to-capacity-1s", "all", .less, 0.8),
            ("retry-amplification < 1.5", "retry-amplification", "all", .less, 1.5),
            ("attempts <= 10_000", "attempts", "all", .atMost, 10_000),
            ("permanent-failures of desks <= 0", "permanent-failures", "desks", .atMost, 0),
            ("connected-share > 95%", "connected-share", "all", .greater, 0.95),
            ("  delivery-rate>=99%  ", "delivery-rate", "all", .atLeast, 0.99),
            ("delivery-rate   of   phones<1%", "delivery-rate", "phones", .less, 0.01),
        ] as [(String, String, String, Scenarios.Expectation.Relation, Double)]
    )
    func good(text: String, metric: String, cohort: String, relation: Scenarios.Expectation.Relation, bound: Double)
        throws
    {
        let expected = Scenarios.Expectation(
            text: text,
            metric: metric,
            cohort: cohort,
            relation: relation,
            bound: bound
        )
        #expect(try ExpectationSyntax.parse(text, cohorts: ["phones", "desks"]) == expected)
    }

    @Test(
        "what is no expectation says what would be",
        arguments: [
            ("", "an expectation is a metric, one of <, <=, >, >=, and a bound, not ''"),
            ("delivery-rate", "an expectation is a metric, one of <, <=, >, >=, and a bound, not 'delivery-rate'"),
            (
                "delivery-rate = 1",
                "an expectation is a metric, one of <, <=, >, >=, and a bound, not 'delivery-rate = 1'"
            ),
            (
                "delivery-rate >=",
                "an expectation is a metric, one of <, <=, >, >=, and a bound, not 'delivery-rate >='"
            ),
            (">= 99%", "an expectation is a metric, one of <, <=, >, >=, and a bound, not '>= 99%'"),
            ("<", "an expectation is a metric, one of <, <=, >, >=, and a bound, not '<'"),
            ("delivry-rate >= 99%", "unknown metric 'delivry-rate' (did you mean 'delivery-rate'?)"),
            ("delivery-rate => 99%", "unknown metric 'delivery-rate-=' (did you mean 'delivery-rate'?)"),
            ("happiness > 3", "unknown metric 'happiness' ('stampede metrics' lists them)"),
            ("reconnect-lag p42 < 1s", "unknown metric 'reconnect-lag-p42' (did you mean 'reconnect-lag-p50'?)"),
            ("of phones > 1", "unknown metric '' ('stampede metrics' lists them)"),
            ("delivery-rate of phone > 99%", "no cohort is called 'phone' (did you mean 'phones'?)"),
            ("delivery-rate of x > 99%", "no cohort is called 'x' (cohorts: phones, desks, all)"),
            ("delivery-rate of > 99%", "one cohort's name must follow 'of' in 'delivery-rate of > 99%'"),
            (
                "reconnect-lag of phones p99 < 1s",
                "one cohort's name must follow 'of' in 'reconnect-lag of phones p99 < 1s'"
            ),
            (
                "peak-attempt-rate of phones < 9/s",
                "'peak-attempt-rate-1s' is a metric of the whole fleet: leave out 'of phones'"
            ),
            ("reconnect-lag-p99 < 60", "'60' has no unit: write '60s' or '60ms'"),
            ("reconnect-lag-p99 < 99%", "unknown unit '%' in '99%': use d, h, m, s, ms, us or ns"),
            ("reconnect-lag-p99 < -1s", "'-1s' is negative: write a duration such as '30s' or '1h30m'"),
            (
                "reconnect-lag-p99 < 1s < 2s",
                "'1s < 2s' has a space in it: write a duration such as '30s' or '1h30m', without spaces"
            ),
            ("peak-attempt-rate < 200", "'200' has no unit: write '200/s' or '200/min'"),
            ("attempts < 4 x capacity", "only 'peak-attempt-rate' can be compared with the capacity, not 'attempts'"),
            ("peak-attempt-rate < x capacity", "'' is not a number: write a factor such as '1.6' or 'x2'"),
            (
                "peak-attempt-rate < 4/s x capacity",
                "'4/s' is not a factor: write a number without a unit, such as '1.6' or 'x2'"
            ),
            ("delivery-rate >= 99.9", "'99.9' is more than 1: write a share as '2%' or '0.02'"),
            ("rejection-share < 5", "'5' is more than 1: write a share as '2%' or '0.02'"),
            ("connected-share > 95", "'95' is more than 1: write a share as '2%' or '0.02'"),
            ("delivery-rate >= 101%", "'101%' is more than 100%"),
            ("retry-amplification < 3s", "'3s' is not a factor: write a number without a unit, such as '1.6' or 'x2'"),
        ]
    )
    func bad(text: String, message: String) {
        #expect(throws: Complaint(message)) { try ExpectationSyntax.parse(text, cohorts: ["phones", "desks"]) }
    }

    @Test(
        "every metric can be expected, for a cohort only where it has one of its own",
        arguments: MetricDefinition.all
    )
    func everyMetric(metric: MetricDefinition) throws {
        let bound =
            switch metric.unit {
            case "s": "1s"
            case "1/s": "1/s"
            default: "1"
            }
        let expectation = try ExpectationSyntax.parse("\(metric.id) < \(bound)", cohorts: ["phones"])
        #expect(expectation.metric == metric.id)
        #expect(expectation.bound == 1)
        let ofPhones = "\(metric.id) of phones < \(bound)"
        if metric.isPerCohort {
            #expect(try ExpectationSyntax.parse(ofPhones, cohorts: ["phones"]).cohort == "phones")
        } else {
            #expect(throws: Complaint.self) { try ExpectationSyntax.parse(ofPhones, cohorts: ["phones"]) }
        }
    }

    @Test("a relation holds as its sign says")
    func relations() {
        let holding: [(Scenarios.Expectation.Relation, [Bool])] = [
            (.less, [true, false, false]), (.atMost, [true, true, false]),
            (.greater, [false, false, true]), (.atLeast, [false, true, true]),
        ]
        #expect(holding.count == Scenarios.Expectation.Relation.allCases.count)
        for (relation, expected) in holding {
            #expect([1, 2, 3].map { relation.holds($0, 2) } == expected, "\(relation.rawValue)")
            #expect(!relation.holds(.nan, 2), "\(relation.rawValue)")
        }
        #expect(
            Scenarios.Expectation.Relation.greater.holds(.infinity, 2)
                && !Scenarios.Expectation.Relation.less.holds(.infinity, 2)
        )
    }
}
