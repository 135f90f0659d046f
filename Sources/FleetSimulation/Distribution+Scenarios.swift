import DiscreteEvents
import MonotonicTime
import Scenarios

extension Distribution {
    /// The distribution a scenario describes, in seconds.
    init(_ distribution: DurationDistribution) {
        switch distribution {
        case .constant(let value): self = .constant(value.seconds)
        case .uniform(let from, let to): self = .uniform(lower: from.seconds, upper: to.seconds)
        case .exponential(let mean): self = .exponential(mean: mean.seconds)
        case .lognormal(let median, let quantile, let probability):
            self = .lognormal(median: median.seconds, quantile: quantile.seconds, probability: probability)
        case .lognormalSigma(let median, let sigma): self = .lognormal(median: median.seconds, sigma: sigma)
        case .weibull(let shape, let scale): self = .weibull(shape: shape, scale: scale.seconds)
        case .empirical(let values): self = .empirical(sorted: values.map(\.seconds).sorted())
        case .truncated(let base, let from, let to):
            self = .truncated(lower: from.seconds, upper: to.seconds, base: Distribution(base))
        }
    }
}
