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
    var observations: [KaplanMeierObservations] = []
    var position = 0
    while position < order.count {
        var group = KaplanMeierObservations(time: times[order[position]], events: 0, censored: 0)
        while position < order.count, times[order[position]] == group.time {
            if censored[order[position]] { group.censored += 1 } else { group.events += 1 }
            position += 1
        }
        observations.append(group)
    }
    return kaplanMeier(ofSorted: observations)
}

/// Observations that ended at the same time.
public struct KaplanMeierObservations: Sendable, Hashable {
    /// When; not negative, may be infinite.
    public var time: Double
    /// How many with the event.
    public var events: Int
    /// How many without it.
    public var censored: Int

    /// Observations of a time.
    public init(time: Double, events: Int, censored: Int) {
        self.time = time
        self.events = events
        self.censored = censored
    }
}

/// Estimates the survival function from counted observations, as `kaplanMeier(times:censored:)` does from single ones.
///
/// - Parameter observations: in ascending order of time, each time once.
/// - Complexity: linear.
public func kaplanMeier(ofSorted observations: [KaplanMeierObservations]) -> KaplanMeierEstimate {
    var steps: [KaplanMeierEstimate.Step] = []
    var survival = 1.0
    let count = observations.reduce(0) { $0 + $1.events + $1.censored }
    var atRisk = count
    for group in observations {
        if group.events > 0 {
            survival *= Double(atRisk - group.events) / Double(atRisk)
            steps.append(KaplanMeierEstimate.Step(time: group.time, survival: survival))
        }
        atRisk -= group.events + group.censored
    }
    return KaplanMeierEstimate(
        steps: steps,
        count: count,
        censoredCount: observations.reduce(0) { $0 + $1.censored },
        lastTime: observations.last?.time
    )
}
