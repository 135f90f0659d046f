import MonotonicTime
import Testing

@testable import Scenarios

@Suite("Quantity")
struct QuantityTests {
    @Test(
        "durations are exact to the nanosecond",
        arguments: [
            ("30s", 30_000_000_000), ("250ms", 250_000_000), ("1h30m", 5_400_000_000_000), ("10m", 600_000_000_000),
            ("50us", 50_000), ("50µs", 50_000), ("50μs", 50_000), ("100ns", 100), ("2d", 172_800_000_000_000),
            ("1.5s", 1_500_000_000), ("0s", 0), ("1m0.5s", 60_500_000_000), ("0.1s", 100_000_000),
            ("0.000000001s", 1), ("1.000000000000s", 1_000_000_000), ("1_000ms", 1_000_000_000),
            ("9007199.254740993s", 9_007_199_254_740_993), ("9223372036854775807ns", .max),
            ("106751d23h47m16.854775807s", .max), ("0.5d", 43_200_000_000_000), ("010s", 10_000_000_000),
        ] as [(String, Int64)]
    )
    func durations(text: String, nanoseconds: Int64) throws {
        #expect(try Quantity.duration(text) == Interval(nanoseconds: nanoseconds))
    }

    @Test(
        "a text that is no duration is told what would be right",
        arguments: [
            ("30", "'30' has no unit: write '30s' or '30ms'"),
            ("1.5", "'1.5' has no unit: write '1.5s' or '1.5ms'"),
            ("0", "'0' has no unit: write '0s' or '0ms'"),
            ("1h30", "'1h30' ends with a number that has no unit: write '1h30s' or '1h30ms'"),
            ("-5s", "'-5s' is negative: write a duration such as '30s' or '1h30m'"),
            ("30 s", "'30 s' has a space in it: write a duration such as '30s' or '1h30m', without spaces"),
            ("30sec", "unknown unit 'sec' in '30sec' (did you mean 's'?)"),
            ("30S", "unknown unit 'S' in '30S' (did you mean 's'?)"),
            ("30y", "unknown unit 'y' in '30y': use d, h, m, s, ms, us or ns"),
            ("1e400", "unknown unit 'e' in '1e400': use d, h, m, s, ms, us or ns"),
            ("inf", "'inf' is not a number: write a duration such as '30s' or '1h30m'"),
            ("nan", "'nan' is not a number: write a duration such as '30s' or '1h30m'"),
            ("-inf", "'-inf' is not a number: write a duration such as '30s' or '1h30m'"),
            ("", "'' is not a number: write a duration such as '30s' or '1h30m'"),
            (".5s", "'.5s' is not a number: write a duration such as '30s' or '1h30m'"),
            ("5.s", "'5.s' is not a number: write a duration such as '30s' or '1h30m'"),
            ("1__0s", "'1__0s' is not a number: write a duration such as '30s' or '1h30m'"),
            ("10_s", "'10_s' is not a number: write a duration such as '30s' or '1h30m'"),
            ("30m1h", "'30m1h': larger units come first, each once, as in '1h30m'"),
            ("1s1s", "'1s1s': larger units come first, each once, as in '1h30m'"),
            ("1.5h30m", "'1.5h30m': only the last number of a duration may have a fraction"),
            ("0.5ns", "'0.5ns' is finer than a nanosecond"),
            ("0.0000000000000000000001s", "'0.0000000000000000000001s' is finer than a nanosecond"),
            ("9223372036854775808ns", "'9223372036854775808ns' is too long: a duration is at most 292 years"),
            (
                "99999999999999999999999s",
                "'99999999999999999999999s' is too long: a duration is at most 292 years"
            ),
            ("106751d23h47m16.854775808s", "'106751d23h47m16.854775808s' is too long: a duration is at most 292 years"),
        ]
    )
    func badDurations(text: String, message: String) {
        #expect(complaint { () throws(Complaint) in try Quantity.duration(text) } == message)
    }

    @Test(
        "counts are whole",
        arguments: [
            ("0", 0), ("10_000", 10_000), ("1M", 1_000_000), ("5k", 5_000), ("1.5k", 1_500), ("2G", 2_000_000_000),
            ("9223372036854775807", .max), ("017", 17), ("2.0", 2),
        ] as [(String, Int)]
    )
    func counts(text: String, value: Int) throws {
        #expect(try Quantity.count(text) == value)
    }

    @Test(
        "a text that is no count is told what would be right",
        arguments: [
            ("2.5", "'2.5' is not a whole number"),
            ("10,000", "'10,000' is not a whole number: group digits with '_', as in '10_000'"),
            ("-1", "'-1' is negative: write a whole number such as '10_000' or '5k'"),
            ("1e6", "unknown ending 'e6' in '1e6': write a whole number such as '10_000', '5k', '1M' or '2G'"),
            ("0x10", "unknown ending 'x10' in '0x10': write a whole number such as '10_000', '5k', '1M' or '2G'"),
            ("9223372036854775808", "'9223372036854775808' is too large"),
            ("99999999999999999999999", "'99999999999999999999999' is too large"),
            ("many", "'many' is not a number: write a whole number such as '10_000' or '5k'"),
            ("1:30", "unknown ending ':30' in '1:30': write a whole number such as '10_000', '5k', '1M' or '2G'"),
        ]
    )
    func badCounts(text: String, message: String) {
        #expect(complaint { () throws(Complaint) in try Quantity.count(text) } == message)
    }

    @Test(
        "probabilities are in 0 ... 1",
        arguments: [
            ("2%", 0.02), ("0.02", 0.02), ("0", 0), ("1", 1), ("100%", 1), ("99.9%", 0.999), ("1e-6", 1e-6),
            ("0.1%", 0.001), ("1e-400", 0),
        ]
    )
    func probabilities(text: String, value: Double) throws {
        #expect(try Quantity.probability(text) == value)
    }

    @Test(
        "a text that is no probability is told what would be right",
        arguments: [
            ("2", "'2' is more than 1: write a share as '2%' or '0.02'"),
            ("150%", "'150%' is more than 100%"),
            ("-2%", "'-2%' is negative: write a share such as '2%' or '0.02'"),
            ("1e400", "'1e400' is too large"),
            ("1e99999999999999999999999", "'1e99999999999999999999999' is too large"),
            ("2pc", "unknown unit 'pc' in '2pc': write a share as '2%' or '0.02'"),
            ("nan", "'nan' is not a number: write a share such as '2%' or '0.02'"),
        ]
    )
    func badProbabilities(text: String, message: String) {
        #expect(complaint { () throws(Complaint) in try Quantity.probability(text) } == message)
    }

    @Test(
        "rates are per second",
        arguments: [("200/s", 200), ("12/min", 0.2), ("5/h", 5.0 / 3_600), ("1/d", 1.0 / 86_400), ("5k/s", 5_000)]
            as [(String, Double)]
    )
    func rates(text: String, value: Double) throws {
        #expect(try Quantity.rate(text) == value)
    }

    @Test(
        "bandwidths are in bits per second",
        arguments: [
            ("12Mbit/s", 12e6), ("400kbit/s", 400e3), ("1Gbit/s", 1e9), ("9600bit/s", 9600), ("1.1Mbit/s", 1.1e6),
        ]
    )
    func bandwidths(text: String, value: Double) throws {
        #expect(try Quantity.bandwidth(text) == value)
    }

    @Test(
        "sizes are in bytes",
        arguments: [
            ("500B", 500), ("2kB", 2_000), ("1MB", 1_000_000), ("1GB", 1_000_000_000), ("1KiB", 1_024),
            ("1MiB", 1_048_576), ("1.5GiB", 1_610_612_736),
        ]
    )
    func sizes(text: String, value: Int) throws {
        #expect(try Quantity.size(text) == value)
    }

    @Test("factors have no unit", arguments: [("1.6", 1.6), ("x2", 2), ("2x", 2), ("0", 0), ("1e3", 1_000)])
    func factors(text: String, value: Double) throws {
        #expect(try Quantity.factor(text) == value)
    }

    @Test("other quantities say what would be right")
    func otherComplaints() {
        #expect(
            complaint { () throws(Complaint) in try Quantity.rate("200") }
                == "'200' has no unit: write '200/s' or '200/min'"
        )
        #expect(
            complaint { () throws(Complaint) in try Quantity.rate("200/fortnight") }
                == "unknown unit '/fortnight' in '200/fortnight': write a rate as '200/s', '12/min', '5/h' or '1/d'"
        )
        #expect(
            complaint { () throws(Complaint) in try Quantity.bandwidth("12MB/s") }
                == "unknown unit 'MB/s' in '12MB/s': use bit/s, kbit/s, Mbit/s or Gbit/s (bits, not bytes)"
        )
        #expect(
            complaint { () throws(Complaint) in try Quantity.size("0.5B") }
                == "'0.5B' is not a whole number of bytes"
        )
        #expect(
            complaint { () throws(Complaint) in try Quantity.size("500") }
                == "'500' has no unit: write '500B' or '500kB'"
        )
        #expect(complaint { () throws(Complaint) in try Quantity.factor("1e400") } == "'1e400' is too large")
        #expect(
            complaint { () throws(Complaint) in try Quantity.factor("xx2") }
                == "'xx2' is not a number: write a factor such as '1.6' or 'x2'"
        )
        #expect(
            complaint { () throws(Complaint) in try Quantity.factor("25%") }
                == "'25%' is not a factor: write a number without a unit, such as '1.6' or 'x2'"
        )
    }

    @Test("no text, however absurd, ends the process")
    func absurdTexts() {
        let pieces = ["1", "9999999999999999999", "0", ".", "_", "e", "-", "s", "m", "%", "/", "é", "\u{0}", "\u{301}"]
        var generator = SplitMix(state: 1)
        for _ in 0..<5_000 {
            let length = Int(generator.next() % 12)
            let text = (0..<length).map { _ in pieces[Int(generator.next() % UInt64(pieces.count))] }.joined()
            _ = try? Quantity.duration(text)
            _ = try? Quantity.count(text)
            _ = try? Quantity.probability(text)
            _ = try? Quantity.rate(text)
            _ = try? Quantity.bandwidth(text)
            _ = try? Quantity.size(text)
            _ = try? Quantity.factor(text)
            _ = try? DistributionSyntax.parse(text)
        }
    }

    @Test(
        "durations are written in their shortest form",
        arguments: [
            (0, "0s"), (1, "1ns"), (1_500, "1.5us"), (250_000_000, "250ms"), (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"), (60_000_000_000, "1m"), (5_400_000_000_000, "1h30m"),
            (690_000_000_000, "11m30s"), (90_000_000_000_000, "1d1h"), (60_000_000_005, "1m5ns"),
            (.max, "106751d23h47m16.854775807s"), (-1_500_000_000, "-1.5s"),
            (.min, "-106751d23h47m16.854775808s"),
        ] as [(Int64, String)]
    )
    func formatting(nanoseconds: Int64, text: String) {
        #expect(Interval(nanoseconds: nanoseconds).scenarioText == text)
    }

    @Test("every duration reads back as it was written")
    func formattingRoundTrip() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<5_000 {
            let value = Int64(generator.next() >> (1 + generator.next() % 63))
            let interval = Interval(nanoseconds: value)
            #expect(try Quantity.duration(interval.scenarioText) == interval)
        }
    }
}

/// The message with which a parser refuses, or nil when it does not.
func complaint<Value>(_ body: () throws(Complaint) -> Value) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.message
    }
}

/// A small generator with a seed, for inputs that are the same in every run.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
