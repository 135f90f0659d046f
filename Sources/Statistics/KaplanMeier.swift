/// The product-limit estimate of how many are still waiting, from times of which some were cut off.
public struct KaplanMeierEstimate: Sendable, Hashable {
    /// One drop of the survival function.
    public struct Step: Sendable, Hashable {
        /// When events happened, in the unit of the times.
        public let time: Double
        /// The estimated share still without an event just after that time, 0 ... 1.
        public let survival: Double
    }

    /// The drops in ascending order of time; before the first the survival is 1.
    public let steps: [Step]
    /// The number of observations.
    public let count: Int
    /// The number of observations that were cut off before their event.
    public let censoredCount: Int
    /// The longest observation, event or not; `nil` without any. The estimate says nothing beyond it.
    public let lastTime: Double?

    /// The share of observations that were cut off, to print beside any result; `nil` without observations.
    public var censoredShare: Double? { count > 0 ? Double(censoredCount) / Double(count) : nil }

    /// The mean of the time cut at a horizon: the area under the survival function from 0 to it.
    ///
    /// Beyond the longest observation the survival keeps its last value; where that is positive and `lastTime` is
    /// below the horizon, the result rests on this extension and tends to be too large.
    ///
    /// - Parameter horizon: not negative and finite, in the unit of the times.
    /// - Returns: `nil` without observations or for another horizon.
    /// - Source: Klein and Moeschberger, Survival Analysis, 2nd ed., section 4.5.
    public func restrictedMean(to horizon: Double) -> Double? {
        guard count > 0, horizon >= 0, horizon.isFinite else { return nil }
        var area = 0.0
        var time = 0.0
        var survival = 1.0
        for step in steps {
            guard step.time < horizon else { break }
            area += survival * (step.time - time)
            time = step.time
            survival = step.survival
        }
        return area + survival * (horizon - time)
    }
}

/// Estimates the survival function from times some of which are censored.
///
/// At each time with events the survival is multiplied by `1 - events / atRisk`. Observations cut off at the time
/// of an event still count as at risk for it.
///
/// - Parameters:
///   - times: when the event came or the observation ended; not negative, may be infinite ("never").
///   - censored: for each time, whether the observation ended without the event.
/// - Throws: `invalidArgument` if the counts differ or a time is negative or not a number.
/// - Complexity: `n log n`.
/// - Source: Kaplan and Meier, JASA 53 (1958).
public func kaplanMeier(times: [Double], censored: [Bool]) throws(StatisticsError) -> KaplanMeierEstimate {
    let call = "kaplanMeier"
    try require(times.count == censored.count, call, "\(times.count) times but \(censored.count) marks")
    for time in times { try require(time >= 0, call, "a time is \(time)") }
    let order = times.indices.sorted { times[$0] < times[$1] }
    var steps: [KaplanMeierEstimate.Step] = []
    var survival = 1.0
    var position = 0
    while position < order.count {
        let time = times[order[position]]
        let atRisk = order.count - position
        var events = 0
        while position < order.count, times[order[position]] == time {
            events += censored[order[position]] ? 0 : 1
            position += 1
        }
        if events > 0 {
            survival *= Double(atRisk - events) / Double(atRisk)
            steps.append(KaplanMeierEstimate.Step(time: time, survival: survival))
        }
    }
    return KaplanMeierEstimate(
        steps: steps,
        count: times.count,
        censoredCount: censored.count { $0 },
        lastTime: order.last.map { times[$0] }
    )
}
