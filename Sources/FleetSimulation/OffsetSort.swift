/// Sorts numbers below 2^bits by their leading bits, and again where many agree in them.
func sortOffsets(
    _ values: UnsafeMutableBufferPointer<UInt32>,
    scratch: UnsafeMutableBufferPointer<UInt32>,
    bits: Int
) {
    let count = values.count
    guard count > 12, bits > 0 else {
        sortByInsertion(values)
        return
    }
    // About as many places as numbers.
    let shift = bits - min(bits, 11, Int.bitWidth - 1 - count.leadingZeroBitCount)
    let mask = UInt32(1) << UInt32(bits - shift) - 1
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(mask) + 1) { ends in
        ends.initialize(repeating: 0)
        for value in values { ends[Int(value >> UInt32(shift) & mask)] &+= 1 }
        var sum: UInt32 = 0
        var most: UInt32 = 0
        for digit in ends.indices {
            let here = ends[digit]
            most = max(most, here)
            ends[digit] = sum
            sum &+= here
        }
        for value in values {
            let digit = Int(value >> UInt32(shift) & mask)
            scratch[Int(ends[digit])] = value
            ends[digit] &+= 1
        }
        _ = values.update(fromContentsOf: scratch[..<count])
        guard most > 12 else {
            sortByInsertion(values)
            return
        }
        var begin = 0
        for end in ends {
            let part = UnsafeMutableBufferPointer(rebasing: values[begin..<Int(end)])
            sortOffsets(part, scratch: scratch, bits: shift)
            begin = Int(end)
        }
    }
}

/// Sorts numbers that are few or nearly in order.
private func sortByInsertion(_ values: UnsafeMutableBufferPointer<UInt32>) {
    guard values.count > 1 else { return }
    for place in 1..<values.count {
        let value = values[place]
        var hole = place
        while hole > 0, values[hole &- 1] > value {
            values[hole] = values[hole &- 1]
            hole &-= 1
        }
        values[hole] = value
    }
}
