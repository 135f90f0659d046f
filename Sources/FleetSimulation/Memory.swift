import CMemory

/// Memory for what there is one of for each client: much of it, looked at in no order.
///
/// Waiting for memory is most of the cost of a large fleet.
enum Memory {
    /// Room for so many values, on large pages where it is worth it and the system has them. Freed by `deallocate()`.
    static func allocate<Value: ~Copyable>(_ count: Int) -> UnsafeMutablePointer<Value> {
        let page = Int(large_page)
        let bytes = count * MemoryLayout<Value>.stride
        guard bytes >= 2 * page else { return .allocate(capacity: count) }
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: page)
        prefer_large_pages(block, bytes)
        return block.bindMemory(to: Value.self, capacity: count)
    }

    /// Room for so many numbers that are all zero; what is never written takes no memory. Freed by `deallocate()`.
    static func zeros<Value: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<Value> {
        guard let block = zeroed_memory(count, MemoryLayout<Value>.stride) else {
            fatalError("There is no memory for \(count) counts.")
        }
        return block.bindMemory(to: Value.self, capacity: count)
    }

    /// Asks for the first bytes of a value that will soon be needed.
    @inline(__always)
    static func prefetch<Value: ~Copyable>(_ value: UnsafeMutablePointer<Value>, bytes: Int) {
        prefetch_object(value, bytes)
    }
}

/// A list that grows and is emptied as a whole, in memory of its own.
///
/// To walk through an array in a record counts references, and each count waits for all memory written before.
struct PlainList<Element: BitwiseCopyable>: ~Copyable {
    private var elements: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        elements = .allocate(capacity: capacity)
    }

    deinit { elements.deallocate() }

    var isEmpty: Bool { count == 0 }

    subscript(place: Int) -> Element { elements[place] }

    mutating func append(_ element: Element) {
        if count == capacity { grow() }
        (elements + count).initialize(to: element)
        count += 1
    }

    mutating func removeAll() { count = 0 }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
        larger.moveInitialize(from: elements, count: count)
        elements.deallocate()
        elements = larger
        capacity *= 2
    }
}
