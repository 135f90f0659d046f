/// Whether samples of one quantity from several programs may have the same mean.
///
/// Every pair of means is compared in units of its standard error, with the variance within the samples pooled over all
/// of them: under the hypothesis that the programs play the same model, each such difference follows Student's t.
struct Agreement {
    /// A difference farther out than this is a disagreement.
    ///
    /// About 150 differences are looked at (at most 6 pairs of programs, 12 metrics, 2 variants), all of them with at
    /// least 57 degrees of freedom. That one of them goes beyond 5.1 by chance, when the programs agree, has a
    /// probability below 150 × 4e-6 = 0.0006 (and with fixed seeds it happens always or never).
    static let limit = 5.1

    /// The largest difference of two means in standard errors; 0 if nothing varies and all is equal.
    let largestDifference: Double

    init(_ samples: [[Double]]) {
        let means = samples.map { $0.reduce(0, +) / Double($0.count) }
        let squares = zip(samples, means).map { sample, mean in
            sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        let degrees = samples.reduce(0) { $0 + $1.count - 1 }
        let variance = squares.reduce(0, +) / Double(degrees)
        var largest = 0.0
        for first in samples.indices {
            for second in samples.indices where second > first {
                let difference = abs(means[first] - means[second])
                guard difference > 0 else { continue }
                let error = variance * (1 / Double(samples[first].count) + 1 / Double(samples[second].count))
                largest = max(largest, difference / error.squareRoot())
            }
        }
        largestDifference = largest
    }

    var holds: Bool { largestDifference <= Self.limit }
}
