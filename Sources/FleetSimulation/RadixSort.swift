/// Sorts unsigned whole numbers by radix, eleven bits a pass; passes in which nothing differs are left out.
///
/// - Parameter scratch: storage that is kept from one call to the next.
/// - Complexity: O(n), with at most three passes for 32 bits and six for 64; no allocation once as many values have been
///   sorted with the same scratch.
func radixSort<Value: FixedWidthInteger & UnsignedInteger>(_ values: inout [Value], scratch: inout [Value]) {
    guard values.count > 256 else {
        values.sort()
        return
    }
    if scratch.count < values.count {
        scratch.append(contentsOf: repeatElement(0, count: values.count - scratch.count))
    } else {
        scratch.removeLast(scratch.count - values.count)
    }
    // The bits in which any two values differ.
    var all = values[0]
    var any = values[0]
    for value in values {
        all &= value
        any |= value
    }
    let differing = all ^ any
    var places = [Int](repeating: 0, count: 2_048)
    for shift in stride(from: 0, to: Value.bitWidth, by: 11) where differing >> shift & 2_047 != 0 {
        radixPass(values, into: &scratch, shift: shift, places: &places)
        swap(&values, &scratch)
    }
}

private func radixPass<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: [Value],
    into target: inout [Value],
    shift: Int,
    places: inout [Int]
) {
    for digit in places.indices { places[digit] = 0 }
    for value in values { places[Int(truncatingIfNeeded: value >> shift & 2_047)] += 1 }
    var start = 0
    for digit in places.indices {
        let count = places[digit]
        places[digit] = start
        start += count
    }
    for value in values {
        let digit = Int(truncatingIfNeeded: value >> shift & 2_047)
        target[places[digit]] = value
        places[digit] += 1
    }
}
