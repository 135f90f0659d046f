/// A span of time, in whole nanoseconds; may be negative.
///
/// Eight bytes, so that a million clients can each hold a table of them (`Duration` has sixteen and is several
/// times slower to add). Arithmetic saturates at about ±292 years instead of trapping: an absurd configuration
/// must not end the process that runs it.
@frozen
public struct Interval: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// The length in nanoseconds.
    public var nanoseconds: Int64

    /// An interval of so many nanoseconds.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The interval nearest to a number of seconds, rounded half away from zero to whole nanoseconds.
    ///
    /// Values beyond the range saturate; "not a number" becomes zero.
    @inlinable
    public init(seconds: Double) {
        self.init(roundingNanoseconds: seconds * 1e9)
    }

    /// The interval nearest to a number of nanoseconds, saturating; "not a number" becomes zero.
    @inlinable
    @inline(__always)
    public init(roundingNanoseconds value: Double) {
        guard value.magnitude < 0x1p63 else {
            self.init(nanoseconds: value.isNaN ? 0 : value > 0 ? .max : .min)
            return
        }
        // Half away from zero, as `rounded()`, which is a call into the C library on older processors.
        let whole = Int64(value)
        let rest = value - Double(whole)
        self.init(nanoseconds: whole &+ (rest >= 0.5 ? 1 : 0) &- (rest <= -0.5 ? 1 : 0))
    }

    /// The interval nearest to a `Duration`; attoseconds are rounded towards zero, values out of range saturate.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + Interval(nanoseconds: attoseconds / 1_000_000_000)
    }

    /// No time at all.
    @inlinable
    public static var zero: Interval { Interval(nanoseconds: 0) }
    /// The longest interval, about 292 years; stands for "for ever".
    @inlinable
    public static var max: Interval { Interval(nanoseconds: .max) }
    /// The most negative interval.
    @inlinable
    public static var min: Interval { Interval(nanoseconds: .min) }

    /// An interval of so many nanoseconds.
    @inlinable
    public static func nanoseconds(_ count: Int64) -> Interval { Interval(nanoseconds: count) }
    /// An interval of so many microseconds.
    @inlinable
    public static func microseconds(_ count: Int64) -> Interval { Interval(nanoseconds: 1_000) * count }
    /// An interval of so many milliseconds.
    @inlinable
    public static func milliseconds(_ count: Int64) -> Interval { Interval(nanoseconds: 1_000_000) * count }
    /// An interval of so many seconds.
    @inlinable
    public static func seconds(_ count: Int64) -> Interval { Interval(nanoseconds: 1_000_000_000) * count }
    /// An interval of so many minutes.
    @inlinable
    public static func minutes(_ count: Int64) -> Interval { Interval(nanoseconds: 60_000_000_000) * count }
    /// An interval of so many hours.
    @inlinable
    public static func hours(_ count: Int64) -> Interval { Interval(nanoseconds: 3_600_000_000_000) * count }

    /// The length in seconds.
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The same interval rounded towards zero to whole milliseconds, as libraries with integer timers do.
    @inlinable
    public var flooredToMilliseconds: Interval { Interval(nanoseconds: nanoseconds / 1_000_000 * 1_000_000) }

    /// The interval multiplied by a factor, rounded to whole nanoseconds, saturating.
    @inlinable
    @inline(__always)
    public func scaled(by factor: Double) -> Interval {
        Interval(roundingNanoseconds: Double(nanoseconds) * factor)
    }

    /// Whether the left interval is shorter (or more negative) than the right one.
    @inlinable
    public static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The sum, saturating.
    @inlinable
    public static func + (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: saturatingSum(left.nanoseconds, right.nanoseconds))
    }

    /// The difference, saturating.
    @inlinable
    public static func - (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: saturatingDifference(left.nanoseconds, right.nanoseconds))
    }

    /// The product, saturating.
    @inlinable
    public static func * (left: Interval, right: Int64) -> Interval {
        let (product, overflow) = left.nanoseconds.multipliedReportingOverflow(by: right)
        guard overflow else { return Interval(nanoseconds: product) }
        return (left.nanoseconds < 0) == (right < 0) ? .max : .min
    }

    /// Adds in place, saturating.
    @inlinable
    public static func += (left: inout Interval, right: Interval) { left = left + right }
}

@inlinable
func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    guard overflow else { return sum }
    return right > 0 ? .max : .min
}

@inlinable
func saturatingDifference(_ left: Int64, _ right: Int64) -> Int64 {
    let (difference, overflow) = left.subtractingReportingOverflow(right)
    guard overflow else { return difference }
    return right < 0 ? .max : .min
}

extension Interval: CustomStringConvertible {
    /// The length in seconds, such as `1.5s`.
    public var description: String { "\(seconds)s" }
}
