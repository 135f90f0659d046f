import MonotonicTime
import Reconnection

/// What a library's own code computes, written down from its source in its own units and number types, and without
/// any of the machines under test.
///
/// The delay is the one that the library hands to its timer. Some timers cut fractions of a millisecond off; that is
/// not the library's doing, and not done here.
struct ReferenceLibrary: Sendable {
    /// How the first failure came about, how many delays, and the source of random numbers.
    typealias Delays =
        @Sendable (_ beginning: RetrySchedule.Beginning, _ count: Int, _ random: () -> Double) -> [Interval]

    /// The name of the preset.
    let name: String
    /// How many delays are compared.
    let count: Int
    /// The library's delays.
    let delays: Delays

    /// A library whose delay depends on the number of the retry alone, 0 for the first.
    static func each(
        _ name: String,
        count: Int = 40,
        _ delay: @escaping @Sendable (_ retry: Int, _ random: () -> Double) -> Interval
    ) -> ReferenceLibrary {
        ReferenceLibrary(name: name, count: count) { _, count, random in (0..<count).map { delay($0, random) } }
    }

    /// A library that remembers something.
    static func series(_ name: String, count: Int = 40, _ delays: @escaping Delays) -> ReferenceLibrary {
        ReferenceLibrary(name: name, count: count, delays: delays)
    }

    /// All of them.
    static let all: [ReferenceLibrary] = realtimeClients + storesAndRemoteCalls + retryLibraries
}

/// Milliseconds as JavaScript counts them.
func ms(_ count: Double) -> Interval {
    // Whole ones exactly, however many.
    guard count != count.rounded() || abs(count) > 9e12 else { return .milliseconds(Int64(count)) }
    return Interval(roundingNanoseconds: count * 1e6)
}

/// Seconds as Python and Swift's `TimeInterval` count them.
func seconds(_ count: Double) -> Interval { Interval(roundingNanoseconds: count * 1e9) }
