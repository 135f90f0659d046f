import Statistics

/// Whether two numbers are equal or agree to a relative tolerance.
func agree(_ left: Double, _ right: Double, within tolerance: Double = 1e-9) -> Bool {
    left == right || abs(left - right) <= tolerance * max(1e-300, max(abs(left), abs(right)))
}

/// The number of seeded experiments behind each coverage, and the band a 95 % interval has to meet. The standard
/// error of a coverage over 10,000 experiments is 0.0022.
let experiments = 10_000
let coverageBand = 0.94...0.96

/// The share of experiments in which an interval contains the truth.
func coverage(of truth: Double, experiment: () throws -> ConfidenceInterval?) rethrows -> Double {
    var covered = 0
    for _ in 0..<experiments where try experiment()?.contains(truth) ?? false { covered += 1 }
    return Double(covered) / Double(experiments)
}

/// A normal variate by inversion.
func normal(_ generator: inout SplitMix64) throws -> Double {
    try normalQuantile(generator.uniform())
}

/// Binomial variates by inversion of a table of the distribution function.
struct BinomialSampler {
    private var cumulative: [Double] = []

    init(trials: Int, probability: Double) {
        var mass = 1.0
        for _ in 0..<trials { mass *= 1 - probability }
        var total = 0.0
        for count in 0...trials {
            total += mass
            cumulative.append(total)
            mass *= Double(trials - count) / Double(count + 1) * probability / (1 - probability)
        }
    }

    func draw(_ generator: inout SplitMix64) -> Int {
        let uniform = generator.uniform()
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < uniform { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
