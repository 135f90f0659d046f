/// Memory for instants that are collected in many lists at once, 4 bytes each: chains of small blocks.
///
/// Blocks are taken from slabs that are kept to the end, and used again. A chain belongs to whoever holds it; it must be
/// changed and released by the blocks it was made from.
struct ArrivalBlocks: ~Copyable {
    /// Stands at the beginning of a block; values follow.
    private struct Header: BitwiseCopyable {
        /// The block before this one in its chain, or among the free ones.
        var previous: UnsafeMutableRawPointer?
        /// How many values there are in the blocks before.
        var before = 0
    }

    /// In bytes, a power of two. Blocks begin at multiples of it.
    private static let size = 128
    /// How many values a block holds.
    private static let room = (size - MemoryLayout<Header>.size) / MemoryLayout<UInt32>.size

    /// A list of values, in blocks that are all full but the last.
    struct Chain: BitwiseCopyable {
        /// Where the next value goes. At the end of a full block, and in a chain without any, that is a multiple of
        /// the size of a block.
        fileprivate var end: UnsafeMutableRawPointer?

        var isEmpty: Bool { end == nil }

        /// Whether the next value needs another block.
        @inline(__always)
        var isFull: Bool { UInt(bitPattern: end) & UInt(size - 1) == 0 }

        /// Adds a value to a chain that is not full.
        @inline(__always)
        mutating func append(_ value: UInt32) {
            guard let place = end else { preconditionFailure("a chain without a block is full") }
            place.storeBytes(of: value, as: UInt32.self)
            end = place + MemoryLayout<UInt32>.size
        }

        fileprivate var lastBlock: UnsafeMutableRawPointer? {
            end.flatMap { UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: $0 - 1) & ~UInt(size - 1)) }
        }

        /// How many values it has.
        @inline(__always)
        var count: Int {
            guard let end, let block = lastBlock else { return 0 }
            return header(block).pointee.before + (end - values(block)) / MemoryLayout<UInt32>.size
        }

        /// Does something with the values of each block, the last block first.
        @inline(__always)
        func forEachBlock(_ body: (UnsafeMutableBufferPointer<UInt32>) -> Void) {
            guard var end, var block = lastBlock else { return }
            while true {
                let count = (end - values(block)) / MemoryLayout<UInt32>.size
                let start = values(block).assumingMemoryBound(to: UInt32.self)
                body(UnsafeMutableBufferPointer(start: start, count: count))
                guard let previous = header(block).pointee.previous else { return }
                block = previous
                end = previous + size
            }
        }
    }

    private var slabs: [UnsafeMutableRawPointer] = []
    /// The part of the last slab that has never been used.
    private var unused: UnsafeMutableRawPointer
    private var unusedCount = 0
    private var firstFree: UnsafeMutableRawPointer?
    /// How many bytes all slabs have.
    private(set) var bytes = 0

    init() { unused = UnsafeMutableRawPointer(bitPattern: Self.size).unsafelyUnwrapped }

    deinit { for slab in slabs { slab.deallocate() } }

    private static func header(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
        block.assumingMemoryBound(to: Header.self)
    }

    private static func values(_ block: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        block + MemoryLayout<Header>.size
    }

    /// Adds a block to a full chain.
    @inline(__always)
    private mutating func extend(_ chain: inout Chain) {
        let block = takeBlock()
        var header = Header()
        if let last = chain.lastBlock {
            header = Header(previous: last, before: Self.header(last).pointee.before &+ Self.room)
        }
        Self.header(block).initialize(to: header)
        chain.end = Self.values(block)
    }

    /// A block for something else; its contents are undefined.
    @inline(__always)
    mutating func takeBlock() -> UnsafeMutableRawPointer {
        if let block = firstFree {
            firstFree = Self.header(block).pointee.previous
            return block
        }
        if unusedCount == 0 { addSlab() }
        let block = unused
        unused += Self.size
        unusedCount -= 1
        return block
    }

    /// Gives such a block back.
    mutating func giveBack(_ block: UnsafeMutableRawPointer) {
        block.bindMemory(to: Header.self, capacity: 1).initialize(to: Header(previous: firstFree))
        firstFree = block
    }

    /// As large as all others together, within bounds: little for a small fleet, few slabs for a large one.
    @inline(never)
    private mutating func addSlab() {
        let size = min(max(bytes, 4_096), 1 << 20)
        unused = .allocate(byteCount: size, alignment: Self.size)
        unusedCount = size / Self.size
        slabs.append(unused)
        bytes += size
    }

    /// Adds a value to a chain.
    mutating func append(_ value: UInt32, to chain: inout Chain) {
        if chain.isFull { extend(&chain) }
        chain.append(value)
    }

    /// Adds values from elsewhere to a chain.
    mutating func append(_ values: UnsafeMutableBufferPointer<UInt32>, to chain: inout Chain) {
        var rest = UnsafeRawBufferPointer(values)
        while !rest.isEmpty {
            if chain.isFull { extend(&chain) }
            guard let place = chain.end else { return }
            let bytes = min(rest.count, Self.size - Int(UInt(bitPattern: place) & UInt(Self.size - 1)))
            UnsafeMutableRawBufferPointer(start: place, count: bytes).copyMemory(from: .init(rebasing: rest[..<bytes]))
            chain.end = place + bytes
            rest = .init(rebasing: rest[bytes...])
        }
    }

    /// Gives a chain's blocks up for other chains.
    mutating func release(_ chain: Chain) {
        guard let last = chain.lastBlock else { return }
        var first = last
        while let previous = Self.header(first).pointee.previous { first = previous }
        Self.header(first).pointee.previous = firstFree
        firstFree = last
    }
}
