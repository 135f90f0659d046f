/// The type-7 sample quantile: linear between the order statistics around position `q (n - 1)`.
///
/// Equal to `gsl_stats_quantile_from_sorted_data` on finite data. Infinite data ("never") are allowed: a neighbour
/// of weight 0 does not matter, one of positive weight makes the result infinite; between minus and plus infinity
/// it is plus infinity. A position within rounding of a whole number counts as whole, so that a stray last bit
/// does not turn a finite quantile infinite.
///
/// - Parameters:
///   - values: in ascending order, in any unit.
///   - probability: q, 0 ... 1; 0 is the minimum and 1 the maximum.
/// - Returns: the quantile in the unit of the values, never NaN; `nil` without values, if q is not a probability,
///   or if a value it needs is not a number.
/// - Complexity: constant.
/// - Source: Hyndman and Fan, The American Statistician 50 (1996), definition 7.
public func sampleQuantile(ofSorted values: [Double], probability: Double) -> Double? {
    guard let position = QuantilePosition(count: values.count, probability: probability) else { return nil }
    return position.interpolate(values[position.index], values[position.next])
}

/// The type-7 sample quantile of whole numbers, such as nanoseconds.
///
/// Only the two neighbours are converted; they are exact up to 2^53 (104 days in nanoseconds).
///
/// - Parameters:
///   - values: in ascending order.
///   - probability: q, 0 ... 1.
/// - Returns: the quantile in the unit of the values; `nil` without values or if q is not a probability.
/// - Complexity: constant.
/// - Source: Hyndman and Fan, The American Statistician 50 (1996), definition 7.
public func sampleQuantile(ofSorted values: [Int64], probability: Double) -> Double? {
    guard let position = QuantilePosition(count: values.count, probability: probability) else { return nil }
    return position.interpolate(Double(values[position.index]), Double(values[position.next]))
}

/// The type-7 sample quantile of values that are asked for by rank, such as those of a merged sample or a sketch.
///
/// - Parameters:
///   - count: how many values there are.
///   - probability: q, 0 ... 1.
///   - orderStatistic: the value of a rank from 0, in any unit; may be infinite. Asked for two ranks at most.
/// - Returns: the quantile in the unit of the values, as `sampleQuantile(ofSorted:probability:)` has it; `nil` without
///   values, if q is not a probability, or if a value it needs is not a number.
/// - Source: Hyndman and Fan, The American Statistician 50 (1996), definition 7.
public func sampleQuantile(count: Int, probability: Double, orderStatistic: (_ rank: Int) -> Double) -> Double? {
    guard let position = QuantilePosition(count: count, probability: probability) else { return nil }
    return position.interpolate(orderStatistic(position.index), orderStatistic(position.next))
}

/// Where a type-7 quantile lies among n order statistics.
private struct QuantilePosition {
    /// The order statistic below, from 0.
    let index: Int
    /// The order statistic above; equal to `index` where the weight is 0.
    let next: Int
    /// The weight of the one above, 0 up to but excluding 1.
    let weight: Double

    init?(count: Int, probability: Double) {
        guard count > 0, probability >= 0, probability <= 1 else { return nil }
        let position = probability * Double(count - 1)
        let nearest = position.rounded()
        if abs(position - nearest) <= 2 * position.ulp {
            index = Int(nearest)
            weight = 0
        } else {
            index = Int(position.rounded(.down))
            weight = position - position.rounded(.down)
        }
        next = weight > 0 ? index + 1 : index
    }

    func interpolate(_ below: Double, _ above: Double) -> Double? {
        if below.isNaN || above.isNaN { return nil }
        if weight == 0 { return below }
        if above.isInfinite { return above }
        return (1 - weight) * below + weight * above
    }
}
