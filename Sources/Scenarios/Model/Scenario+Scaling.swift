import MonotonicTime

extension Scenario {
    /// The same scenario with as many clients as asked for, cohorts in their old proportion, each at least one.
    ///
    /// The sum is as asked for, unless there are more cohorts than that.
    ///
    /// - Parameters:
    ///   - total: clients in all; less than 1 changes nothing.
    ///   - scalingServers: whether every tier is scaled by the same factor, so that load stays what it was: see
    ///     `ServerTier.scaled(by:over:)`. If not, servers stay as they are and their load changes with the fleet.
    public func scaled(toClients total: Int, scalingServers: Bool = false) -> Scenario {
        var scaled = self
        let before = clientCount
        guard before > 0, total > 0 else { return self }
        var cumulativeBefore = 0
        var cumulative = 0
        for index in scaled.fleet.indices {
            cumulativeBefore += fleet[index].clients
            let upTo = product(cumulativeBefore, total, over: before).quotient
            let most = total - cumulative - (fleet.count - 1 - index)
            scaled.fleet[index].clients = max(1, min(upTo - cumulative, most))
            cumulative += scaled.fleet[index].clients
        }
        if scalingServers { scaled.servers = servers.map { $0.scaled(by: scaled.clientCount, over: before) } }
        return scaled
    }
}

extension ServerTier {
    /// The tier for a fleet of another size: the same number of instances and workers, each `numerator / denominator`
    /// times as fast and with room for so many times as many, so that waiting times stay what they were.
    ///
    /// - Handshakes take time / factor, of the same distribution.
    /// - The most handshakes an instance holds, those in the backlog and those at workers, are multiplied by the factor
    ///   and rounded down; the new backlog is what the workers leave of them, at least 0.
    /// - The connection limit is multiplied and rounded down, at least 1.
    ///
    /// Times are rounded to whole nanoseconds. What does not depend on the size of the fleet stays: balancing, warm-up,
    /// refusal, idle timeout, and processing, which delays messages but has no queue.
    func scaled(by numerator: Int, over denominator: Int) -> ServerTier {
        var tier = self
        tier.handshake.time = handshake.time.mapTimes { time in
            let nanoseconds = product(Int(time.nanoseconds), denominator, over: numerator)
            let rounded = nanoseconds.quotient + (nanoseconds.isHalfOrMore && nanoseconds.quotient < .max ? 1 : 0)
            // A handshake that took any time still does, so that a queue exists.
            return .nanoseconds(Int64(time > .zero ? max(1, rounded) : rounded))
        }
        let (held, isHuge) = handshake.backlog.addingReportingOverflow(handshake.workers)
        let room = product(isHuge ? .max : held, numerator, over: denominator).quotient
        tier.handshake.backlog = max(0, room - handshake.workers)
        tier.connectionLimit = connectionLimit.map { max(1, product($0, numerator, over: denominator).quotient) }
        return tier
    }
}

extension DurationDistribution {
    /// A distribution of the same kind, each of whose times has been changed; shapes and probabilities stay.
    ///
    /// - Parameter change: keeps order, and zero at zero.
    fileprivate func mapTimes(_ change: (Interval) -> Interval) -> DurationDistribution {
        switch self {
        case .constant(let value):
            return .constant(change(value))
        case .uniform(let from, let to):
            return .uniform(from: change(from), to: change(to))
        case .exponential(let mean):
            return .exponential(mean: change(mean))
        case .lognormal(let median, let quantile, let probability):
            return .lognormal(median: change(median), quantile: change(quantile), probability: probability)
        case .lognormalSigma(let median, let sigma):
            return .lognormalSigma(median: change(median), sigma: sigma)
        case .weibull(let shape, let scale):
            return .weibull(shape: shape, scale: change(scale))
        case .empirical(let values):
            return .empirical(values.map(change))
        case .truncated(let base, let from, let to):
            // Rounding must not empty the range.
            let lower = change(from)
            return .truncated(base.mapTimes(change), from: lower, to: max(change(to), lower + .nanoseconds(1)))
        }
    }
}

/// `value · numerator / denominator` for numbers of at least 0, rounded down and saturating, and whether the rest is half
/// of the denominator or more.
private func product(
    _ value: Int,
    _ numerator: Int,
    over denominator: Int
) -> (quotient: Int, isHalfOrMore: Bool) {
    let divisor = UInt(denominator)
    let (high, low) = UInt(value).multipliedFullWidth(by: UInt(numerator))
    guard high < divisor else { return (.max, false) }
    let (quotient, remainder) = divisor.dividingFullWidth((high, low))
    return (Int(clamping: quotient), remainder >= divisor - remainder)
}
