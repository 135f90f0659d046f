/// One small operation, timed in a loop.
public struct Microbenchmark: Sendable {
    /// The part it belongs to, as in `--only`.
    public let group: String
    /// What is done, in words.
    public let operation: String
    /// Bytes that an operation reads; nil where a rate makes no sense.
    public let bytes: Int?
    /// Makes the state, starts the watch, does so many operations, and stops it.
    let body: @Sendable (_ count: Int, _ watch: inout Stopwatch) -> Void

    init(
        _ group: String,
        _ operation: String,
        bytes: Int? = nil,
        body: @escaping @Sendable (_ count: Int, _ watch: inout Stopwatch) -> Void
    ) {
        self.group = group
        self.operation = operation
        self.bytes = bytes
        self.body = body
    }

    /// What one operation costs.
    public struct Result: Sendable, Hashable {
        /// The least CPU time, nanoseconds.
        public var bestNanoseconds: Double
        /// The median CPU time, nanoseconds.
        public var medianNanoseconds: Double
        /// The median number of instructions; nil where they cannot be counted.
        public var instructions: Double?
        /// Megabytes a second at the median; nil where there are none.
        public var megabytesPerSecond: Double?
    }

    /// Times the operation.
    ///
    /// First the number of operations is doubled until they take long enough to be timed; that warms the caches, too.
    ///
    /// - Parameters:
    ///   - repeats: how many samples, 1 or more.
    ///   - time: how long a sample takes at least, seconds of CPU time.
    public func measure(repeats: Int, atLeast time: Double = 0.02) -> Result {
        var count = 64
        while true {
            var watch = Stopwatch()
            body(count, &watch)
            if Double(watch.nanoseconds) >= time * 1e9 || count >= 1 << 40 { break }
            count *= 2
        }
        var nanoseconds: [Double] = []
        var instructions: [Double] = []
        for _ in 0..<max(1, repeats) {
            var watch = Stopwatch()
            body(count, &watch)
            nanoseconds.append(Double(watch.nanoseconds) / Double(count))
            if let counted = watch.instructions { instructions.append(Double(counted) / Double(count)) }
        }
        let middle = median(nanoseconds)
        return Result(
            bestNanoseconds: nanoseconds.min() ?? .nan,
            medianNanoseconds: middle,
            instructions: instructions.isEmpty ? nil : median(instructions),
            megabytesPerSecond: bytes.map { Double($0) * 1e3 / middle }
        )
    }

    /// All of them, part by part.
    ///
    /// - Parameter scenario: the bytes of a scenario file, for the reader; nil leaves the reader out.
    public static func all(scenario: [UInt8]?) -> [Microbenchmark] {
        eventQueues + randomStreams + distributions + backoffs + clients + clientParts + requests + environment
            + (scenario.map(readers) ?? [])
    }
}

/// The CPU time and the instructions of the calling thread between start and stop.
struct Stopwatch: ~Copyable {
    private let counter = InstructionCounter()
    private var startedAt: Int64 = 0
    private var countAtStart: Int?
    /// CPU time between start and stop, user and system.
    private(set) var nanoseconds: Int64 = 0
    /// Instructions between start and stop.
    private(set) var instructions: Int?

    mutating func start() {
        countAtStart = counter.count
        startedAt = ResourceUsage.threadNanoseconds
    }

    /// Stops, and takes a value that depends on all that was done, so that none of it can be left out.
    @inline(never)
    mutating func stop(having result: some Any) {
        nanoseconds = ResourceUsage.threadNanoseconds - startedAt
        instructions = counter.count.flatMap { end in countAtStart.map { end - $0 } }
        consume(result)
    }
}

/// Takes a value as something outside this program would: the optimiser knows nothing of what becomes of it.
@inline(never)
@_optimize(none)
func consume(_ value: some Any) {}

/// The value, of which the optimiser no longer knows what it is.
@inline(never)
@_optimize(none)
func opaque<Value>(_ value: Value) -> Value { value }
