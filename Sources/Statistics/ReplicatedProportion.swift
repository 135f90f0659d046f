internal import CGSL

/// The interval of a proportion over messages, from its values in independent replications.
///
/// Messages of one outage are not independent, so the replication is the unit. In this order:
/// 1. Replications without trials say nothing and are left out.
/// 2. If every trial of every replication succeeded, or none did: the zero-events limit with `units` as its number
///    of independent trials. It is one-sided; the other end is exactly 1, or 0.
/// 3. If any proportion is above 0.99 or below 0.01: the t interval of the logits `ln((x+0.5)/(n-x+0.5))`, which
///    are finite for x = 0 and x = n, transformed back. It surrounds the back-transformed mean logit; when a few
///    replications are much worse than the rest, the plain mean of the proportions may lie outside.
/// 4. Otherwise the t interval of the proportions, cut to 0 ... 1.
///
/// - Parameters:
///   - replications: successes and trials of each, 0 <= successes <= trials; need not be whole.
///   - units: the number of independent units (client-outages) behind all replications; used in case 2 only.
///   - level: the confidence, between 0 and 1.
/// - Returns: an interval within 0 ... 1; `nil` with fewer than two replications that had trials.
/// - Throws: `invalidArgument` outside these ranges.
/// - Source: the logit with 1/2 added is Haldane's and Anscombe's, Biometrika 43 (1956).
public func proportionInterval(
    perReplication replications: [(successes: Double, trials: Double)],
    units: Int,
    level: Double = 0.95
) throws(StatisticsError) -> ConfidenceInterval? {
    let call = "proportionInterval"
    try requireLevel(level, call)
    try require(units >= 0, call, "\(units) units")
    for (successes, trials) in replications {
        try require(
            successes >= 0 && successes <= trials && trials.isFinite,
            call,
            "\(successes) successes among \(trials) trials"
        )
    }
    let informative = replications.filter { $0.trials > 0 }
    guard informative.count >= 2 else { return nil }

    if informative.allSatisfy({ $0.successes == $0.trials }) {
        let limit = try zeroEventsUpperLimit(trials: units, level: level)
        return ConfidenceInterval(lower: 1 - limit, upper: 1, level: level, method: .zeroEvents)
    }
    if informative.allSatisfy({ $0.successes == 0 }) {
        let limit = try zeroEventsUpperLimit(trials: units, level: level)
        return ConfidenceInterval(lower: 0, upper: limit, level: level, method: .zeroEvents)
    }

    let proportions = informative.map { $0.successes / $0.trials }
    guard proportions.contains(where: { $0 > 0.99 || $0 < 0.01 }) else {
        return try studentTInterval(of: proportions, level: level).map { interval in
            ConfidenceInterval(
                lower: max(0, interval.lower),
                upper: min(1, interval.upper),
                level: level,
                method: .studentT
            )
        }
    }
    let logits = informative.map { log(($0.successes + 0.5) / ($0.trials - $0.successes + 0.5)) }
    return try studentTInterval(of: logits, level: level).map { interval in
        ConfidenceInterval(
            lower: 1 / (1 + exp(-interval.lower)),
            upper: 1 / (1 + exp(-interval.upper)),
            level: level,
            method: .logitT
        )
    }
}
