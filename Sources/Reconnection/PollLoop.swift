public import MonotonicTime

/// A poll loop: instead of waiting after a loss, the client looks now and then whether its connection is stale.
///
/// The period before a look is staleAfter · growth^min(a, 10) · (1 + J · U), where a counts looks that found the
/// connection stale since it last opened, at least a millisecond, and J is 1 for a = 0, else `jitter`. A look finds it stale if nothing was heard
/// for strictly longer than `staleAfter`; a then rises, and unless the connection was lost less than `staleAfter` ago
/// the socket is opened again, an open one being closed first and replaced after `reopenDelay`. A look at a socket that
/// is still connecting does not replace it.
///
/// Draws: one number for each period.
///
/// - Source: Rails 8.2, Action Cable, `connection_monitor.js` and `connection.js`.
public struct PollLoopPolicy: Sendable, Hashable {
    /// The silence that counts as stale, and the shortest period.
    public var staleAfter: Interval
    /// By what the period grows with each stale look.
    public var growth: Double
    /// The share of a period that is random once a > 0.
    public var jitter: Double
    /// The wait between closing an open socket and opening the next.
    public var reopenDelay: Interval

    /// A poll loop's settings; the defaults are Action Cable's.
    public init(
        staleAfter: Interval = .seconds(6),
        growth: Double = 1.15,
        jitter: Double = 0.15,
        reopenDelay: Interval = .milliseconds(500)
    ) {
        self.staleAfter = staleAfter
        self.growth = growth
        self.jitter = jitter
        self.reopenDelay = reopenDelay
    }

    /// The period before the next look.
    func period(staleLooks: UInt32, random: inout some RandomSource) -> Interval {
        var factor = 1.0
        for _ in 0..<min(10, staleLooks) { factor *= growth }
        let spread = staleLooks == 0 ? 1 : jitter
        return max(.milliseconds(1), staleAfter.scaled(by: factor * (1 + spread * random.nextUniform())))
    }
}
