public import MonotonicTime

/// What an app shows its user about the connection: a colour, a word, and the latency.
///
/// | level | banner |
/// |---|---|
/// | excellent | none |
/// | good | yellow, "slow" |
/// | fair | yellow, "slow" |
/// | poor | orange, "very slow" |
/// | offline | red, "offline" |
///
/// The chat SDK's document knows no fair level; it is shown like the milder of its neighbours.
///
/// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
public struct QualityBanner: Sendable, Hashable {
    /// The colours, by urgency.
    public enum Colour: String, Sendable, Hashable, CaseIterable {
        /// Worth knowing.
        case yellow
        /// Expect trouble.
        case orange
        /// Nothing works.
        case red
    }

    /// The background.
    public let colour: Colour
    /// The word for the level.
    public let label: String
    /// The round trip to show beside it; nil if none was measured.
    public let latency: Interval?

    /// The banner for a level; nil where none is shown.
    public init?(level: NetworkQuality, latency: Interval?) {
        switch level {
        case .excellent: return nil
        case .good, .fair: (colour, label) = (.yellow, "slow")
        case .poor: (colour, label) = (.orange, "very slow")
        case .offline: (colour, label) = (.red, "offline")
        }
        self.latency = latency
    }

    /// Label and latency in whole milliseconds, rounded down, such as `very slow (412 ms)`.
    public var text: String {
        guard let latency else { return label }
        return "\(label) (\(latency.nanoseconds / 1_000_000) ms)"
    }
}

extension NetworkQualityMonitor {
    /// The banner of now, with the round trip of the last answered ping; nil where none is shown.
    public var banner: QualityBanner? { QualityBanner(level: level, latency: latency) }
}
