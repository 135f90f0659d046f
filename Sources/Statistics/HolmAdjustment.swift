/// Holm's adjusted p-values: comparing each with a threshold keeps the chance of any false finding below it.
///
/// With the p-values in ascending order, the i-th of k becomes `max over j <= i of min(1, (k - j + 1) p_j)`. Holds
/// under any dependence, so also under common random numbers.
///
/// - Parameter pValues: one per comparison of the family. One that is not a number still counts in k, as the
///   largest, so that an undefined comparison never makes the others look better.
/// - Returns: the adjusted values in the order given, 0 ... 1; not a number where the input was.
/// - Complexity: `k log k`.
/// - Source: Holm, Scandinavian Journal of Statistics 6 (1979).
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
    func key(_ index: Int) -> Double { pValues[index].isNaN ? .infinity : pValues[index] }
    let order = pValues.indices.sorted { key($0) < key($1) }
    var adjusted = pValues
    var largest = 0.0
    for (rank, index) in order.enumerated() where !pValues[index].isNaN {
        largest = max(largest, min(1, Double(pValues.count - rank) * pValues[index]))
        adjusted[index] = largest
    }
    return adjusted
}
