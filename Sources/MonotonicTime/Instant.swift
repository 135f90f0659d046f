/// A point on a clock that never jumps, in whole nanoseconds since an origin that its owner chose.
///
/// The simulator's origin is the start of the observation; an app's may be the start of the process. Instants
/// before the origin are negative. Arithmetic saturates; `distantFuture` stands for "never".
@frozen
public struct Instant: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// Nanoseconds since the origin.
    public var nanoseconds: Int64

    /// The instant so many nanoseconds after the origin.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant at an interval after the origin.
    @inlinable
    public init(_ sinceOrigin: Interval) {
        self.nanoseconds = sinceOrigin.nanoseconds
    }

    /// The origin of the clock.
    @inlinable
    public static var origin: Instant { Instant(nanoseconds: 0) }
    /// An instant no event reaches; stands for "never".
    @inlinable
    public static var distantFuture: Instant { Instant(nanoseconds: .max) }
    /// An instant before every event.
    @inlinable
    public static var distantPast: Instant { Instant(nanoseconds: .min) }

    /// The interval since the origin.
    @inlinable
    public var sinceOrigin: Interval { Interval(nanoseconds: nanoseconds) }

    /// Seconds since the origin.
    @inlinable
    public var seconds: Double { sinceOrigin.seconds }

    /// Whether the left instant is earlier than the right one.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant an interval later, saturating; `Interval.max` later is never, from before the origin too.
    @inlinable
    public static func + (left: Instant, right: Interval) -> Instant {
        right == .max ? .distantFuture : Instant(nanoseconds: saturatingSum(left.nanoseconds, right.nanoseconds))
    }

    /// The instant an interval earlier, saturating.
    @inlinable
    public static func - (left: Instant, right: Interval) -> Instant {
        Instant(nanoseconds: saturatingDifference(left.nanoseconds, right.nanoseconds))
    }

    /// The interval from the right instant to the left one, saturating.
    @inlinable
    public static func - (left: Instant, right: Instant) -> Interval {
        Interval(nanoseconds: saturatingDifference(left.nanoseconds, right.nanoseconds))
    }

    /// Moves later by an interval, saturating.
    @inlinable
    public static func += (left: inout Instant, right: Interval) { left = left + right }
}

extension Instant: CustomStringConvertible {
    /// Seconds since the origin, such as `12.5s`.
    public var description: String { sinceOrigin.description }
}
