#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A probability and its complement, each kept apart so that the smaller one is exact to the last digit.
struct Tails {
    var below: Double
    var above: Double
}

/// The quantile of the exponential distribution with mean 1; at most 693, where a tail of 2^-1000 remains.
func exponentialQuantile(_ tails: Tails) -> Double {
    tails.below < 0.5 ? -log1p(-tails.below) : -log(max(tails.above, 0x1p-1000))
}

func exponentialTails(at value: Double) -> Tails { Tails(below: -expm1(-value), above: exp(-value)) }

/// The quantile of the line through sorted values, which spreads them evenly over the probabilities 0 ... 1.
func valueOnLine(through values: [Double], at probability: Double) -> Double {
    let place = probability * Double(values.count - 1)
    let index = min(Int(place), values.count - 1)
    guard index + 1 < values.count else { return values[index] }
    return values[index] + (values[index + 1] - values[index]) * (place - Double(index))
}

/// The inverse of `valueOnLine`; at a step of the line its upper end if inclusive, its lower end otherwise.
func tailsOnLine(through values: [Double], at value: Double, inclusive: Bool) -> Tails {
    var start = 0
    var end = values.count
    while start < end {
        let middle = start + (end - start) / 2
        if values[middle] < value || inclusive && values[middle] == value {
            start = middle + 1
        } else {
            end = middle
        }
    }
    guard start > 0 else { return Tails(below: 0, above: 1) }
    guard start < values.count else { return Tails(below: 1, above: 0) }
    let fraction = (value - values[start - 1]) / (values[start] - values[start - 1])
    let steps = Double(values.count - 1)
    let place = Double(start - 1) + fraction
    return Tails(below: place / steps, above: (steps - place) / steps)
}

/// The mean of the line through sorted values between two probabilities, exactly.
func meanOfLine(through values: [Double], from start: Double, to end: Double) -> Double {
    guard start < end else { return valueOnLine(through: values, at: start) }
    let steps = Double(values.count - 1)
    guard steps > 0 else { return values[0] }
    var area = 0.0
    var left = start
    var leftValue = valueOnLine(through: values, at: start)
    while left < end {
        let knot = min(Int(left * steps) + 1, values.count - 1)
        let right = max(min(Double(knot) / steps, end), left.nextUp)
        let rightValue = valueOnLine(through: values, at: min(right, 1))
        area += (right - left) * (leftValue + rightValue) / 2
        left = right
        leftValue = rightValue
    }
    return area / (end - start)
}

/// The integral of a quantile function over 0 ... 1 by the double exponential rule.
///
/// - Source: H. Takahasi, M. Mori, "Double exponential formulas for numerical integration", 1974.
func meanOfQuantiles(_ quantile: (Tails) -> Double) -> Double {
    var sum = 0.0
    var weights = 0.0
    for node in -96...96 {
        let abscissa = Double(node) / 16
        let exponent = Double.pi * sinh(abscissa)
        let tails = Tails(below: 1 / (1 + exp(-exponent)), above: 1 / (1 + exp(exponent)))
        let weight = cosh(abscissa) * tails.below * tails.above
        sum += weight * quantile(tails)
        weights += weight
    }
    return sum / weights
}
