import MonotonicTime
import Testing

@Suite struct IntervalTests {
    @Test(
        "seconds become the nearest whole nanoseconds, halves away from zero",
        arguments: [
            (0.0, 0), (1, 1_000_000_000), (-1, -1_000_000_000), (0.1, 100_000_000), (1e-9, 1),
            (0.4e-9, 0), (0.5e-9, 1), (-0.5e-9, -1), (1.5e-9, 2), (2.5e-9, 3), (-2.5e-9, -3),
        ] as [(Double, Int64)]
    )
    func rounding(seconds: Double, nanoseconds: Int64) {
        #expect(Interval(seconds: seconds).nanoseconds == nanoseconds)
    }

    @Test(
        "numbers beyond the range saturate, and what is no number is zero",
        arguments: [
            (1e10, .max), (-1e10, .min), (Double.infinity, .max), (-Double.infinity, .min), (Double.nan, .zero),
            (9.2e9, Interval(nanoseconds: 9_200_000_000_000_000_000)),
        ] as [(Double, Interval)]
    )
    func conversionLimits(seconds: Double, interval: Interval) {
        #expect(Interval(seconds: seconds) == interval)
    }

    @Test("the last double below the limit is converted, the limit itself saturates")
    func conversionBoundary() {
        #expect(Interval(roundingNanoseconds: 0x1p63.nextDown).nanoseconds == .max - 1_023)
        #expect(Interval(roundingNanoseconds: 0x1p63) == .max)
        #expect(Interval(roundingNanoseconds: (-0x1p63).nextUp).nanoseconds == .min + 1_024)
        #expect(Interval(roundingNanoseconds: -0x1p63) == .min)
    }

    @Test("durations lose what is below a nanosecond towards zero, and saturate")
    func durations() {
        #expect(Interval(Duration.milliseconds(1_500)) == .milliseconds(1_500))
        #expect(Interval(Duration.milliseconds(-1_500)) == .milliseconds(-1_500))
        #expect(Interval(Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999)) == .nanoseconds(1))
        #expect(Interval(Duration(secondsComponent: 0, attosecondsComponent: -1_999_999_999)) == .nanoseconds(-1))
        #expect(Interval(Duration.seconds(9_223_372_036) + .nanoseconds(854_775_807)) == .max)
        #expect(Interval(Duration.seconds(9_223_372_036) + .nanoseconds(854_775_806)) < .max)
        #expect(Interval(Duration.seconds(10_000_000_000)) == .max)
        #expect(Interval(Duration.seconds(-10_000_000_000)) == .min)
    }

    @Test("units are multiples of a nanosecond, and saturate")
    func units() {
        #expect(Interval.nanoseconds(7).nanoseconds == 7)
        #expect(Interval.microseconds(7).nanoseconds == 7_000)
        #expect(Interval.milliseconds(7).nanoseconds == 7_000_000)
        #expect(Interval.seconds(7).nanoseconds == 7_000_000_000)
        #expect(Interval.minutes(7) == .seconds(420))
        #expect(Interval.hours(7) == .minutes(420))
        #expect(Interval.hours(3_000_000) == .max)
        #expect(Interval.seconds(-10_000_000_000) == .min)
    }

    @Test("sums, differences and products saturate at the side they overflow")
    func arithmeticLimits() {
        #expect(Interval.max + .nanoseconds(1) == .max)
        #expect(Interval.min + .nanoseconds(-1) == .min)
        #expect(Interval.max + .nanoseconds(-1) == .nanoseconds(.max - 1))
        #expect(Interval.max - .nanoseconds(-1) == .max)
        #expect(Interval.min - .nanoseconds(1) == .min)
        #expect(Interval.zero - .min == .max)
        #expect(Interval.max * 2 == .max)
        #expect(Interval.max * -2 == .min)
        #expect(Interval.min * 2 == .min)
        #expect(Interval.min * -1 == .max)
        #expect(Interval.seconds(3) * -2 == .seconds(-6))
        var sum = Interval.seconds(1)
        sum += .max
        #expect(sum == .max)
    }

    @Test("scaling rounds to whole nanoseconds and saturates")
    func scaling() {
        #expect(Interval.nanoseconds(3).scaled(by: 0.5) == .nanoseconds(2))
        #expect(Interval.nanoseconds(-3).scaled(by: 0.5) == .nanoseconds(-2))
        #expect(Interval.seconds(4).scaled(by: 0.25) == .seconds(1))
        #expect(Interval.max.scaled(by: 2) == .max)
        #expect(Interval.seconds(1).scaled(by: -.infinity) == .min)
    }

    @Test("whole milliseconds are reached towards zero")
    func milliseconds() {
        #expect(Interval.nanoseconds(1_999_999).flooredToMilliseconds == .milliseconds(1))
        #expect(Interval.nanoseconds(2_000_000).flooredToMilliseconds == .milliseconds(2))
        #expect(Interval.nanoseconds(-1_999_999).flooredToMilliseconds == .milliseconds(-1))
        #expect(Interval.nanoseconds(999_999).flooredToMilliseconds == .zero)
    }

    @Test("intervals order by length and read as seconds")
    func orderAndText() {
        #expect(Interval.milliseconds(-1) < .zero)
        #expect(Interval.milliseconds(999) < .seconds(1))
        #expect(Interval.milliseconds(1_500).description == "1.5s")
        #expect(Interval.milliseconds(1_500).seconds == 1.5)
    }
}
