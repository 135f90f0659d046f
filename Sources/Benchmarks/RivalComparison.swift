/// A program that plays HERD.
public struct HerdPlayer: Sendable, Hashable {
    /// How its output reads.
    enum Format: Sendable, Hashable {
        /// HERD's CSV line below its header.
        case herd
        /// Our own report.
        case report
    }

    /// What it is called in tables.
    public let name: String
    /// The path of the program.
    public let program: String
    /// The most clients it is asked for.
    public let mostClients: Int
    let format: Format
    /// Its arguments for a number of clients.
    let arguments: @Sendable (Int) -> [String]

    /// A program that takes `N k seed` and prints HERD's CSV line.
    ///
    /// - Parameter leading: arguments before those, such as a script for an interpreter.
    public static func rival(
        _ name: String,
        program: String,
        leading: [String] = [],
        mostClients: Int = .max
    ) -> HerdPlayer {
        HerdPlayer(name: name, program: program, mostClients: mostClients, format: .herd) { clients in
            leading + ["\(clients)", "2", "1"]
        }
    }

    /// A program that prints a `MeasurementReport`.
    public static func ours(
        _ name: String,
        program: String,
        arguments: @escaping @Sendable (Int) -> [String]
    ) -> HerdPlayer {
        HerdPlayer(name: name, program: program, mostClients: .max, format: .report, arguments: arguments)
    }

    private init(
        name: String,
        program: String,
        mostClients: Int,
        format: Format,
        arguments: @escaping @Sendable (Int) -> [String]
    ) {
        self.name = name
        self.program = program
        self.mostClients = mostClients
        self.format = format
        self.arguments = arguments
    }

    /// Two are the same if they are the same program under the same name.
    public static func == (left: HerdPlayer, right: HerdPlayer) -> Bool {
        left.name == right.name && left.program == right.program
    }

    /// Hashes what makes two the same.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(program)
    }

    /// What it computed, from what it printed; nil if that is not what it should be.
    func result(in output: String) -> HerdResult? {
        switch format {
        case .report:
            return MeasurementReport.measurement(in: output)?.herd
        case .herd:
            let lines = output.split(separator: "\n")
            guard lines.count == 2 else { return nil }
            let names = lines[0].split(separator: ",").map(String.init)
            let fields = lines[1].split(separator: ",").map(String.init)
            guard names.count == fields.count else { return nil }
            let values = Dictionary(zip(names, fields)) { first, _ in first }
            func whole(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
            // -1 stands for a share of the clients that never was connected.
            func time(_ name: String) -> Double? { values[name].flatMap { Double($0) }.flatMap { $0 < 0 ? nil : $0 } }
            return HerdResult(
                attempts: whole("attempts"),
                outcomes: whole("outcomes"),
                timeouts: whole("timeouts"),
                connects: whole("connects"),
                heartbeats: whole("heartbeats"),
                // No other second of HERD has more than the first.
                firstSecond: whole("peak"),
                peak: whole("peak"),
                medianTime: time("t50"),
                lateTime: time("t99")
            )
        }
    }

    /// Plays HERD once in a process of its own.
    func play(clients: Int) throws(BenchmarkFailure) -> (child: ChildProcess, result: HerdResult) {
        let child = try ChildProcess.run(program, arguments(clients))
        guard child.end == .exited(0) else { throw .childFailed(program: program, end: child.end) }
        guard let result = result(in: child.output) else {
            throw .unreadableOutput(program: program, output: child.output)
        }
        return (child, result)
    }
}

/// HERD played by several programs on the same machine, in turn, so that no one has the quiet hours to itself.
public struct RivalComparison: Sendable {
    /// One program at one size.
    public struct Row: Sendable, Hashable {
        /// The program.
        public let player: HerdPlayer
        /// How many clients.
        public let clients: Int
        /// What the program computed.
        public let result: HerdResult
        /// User CPU time of the whole process for an event, start-up included, nanoseconds; the median of the runs.
        public let nanosecondsPerEvent: Double
        /// (peak with so many clients − peak with one) / clients, bytes; nil where the peak is too small to be seen.
        public let bytesPerClient: Double?
    }

    /// The programs, ours first.
    public let players: [HerdPlayer]
    /// How many runs of each at each size.
    public let repeats: Int
    private let smallestPeaks: [HerdPlayer: Int]
    private let leastPeak: Int

    /// Prepares a comparison by running each program with one client, whose memory is that of the program alone.
    public init(_ players: [HerdPlayer], repeats: Int) throws(BenchmarkFailure) {
        self.players = players
        self.repeats = repeats
        leastPeak = ChildProcess.leastPeak() ?? 0
        var peaks: [HerdPlayer: Int] = [:]
        for player in players { peaks[player] = try player.play(clients: 1).child.peakBytes }
        smallestPeaks = peaks
    }

    /// Runs A B C, A B C, … and gives a row for each that takes so many clients.
    ///
    /// - Throws: `wrongResult` if one computes what is not HERD.
    public func rows(clients: Int) throws(BenchmarkFailure) -> [Row] {
        let playing = players.filter { clients <= $0.mostClients }
        var runs: [HerdPlayer: [(child: ChildProcess, result: HerdResult)]] = [:]
        // Small sizes take some milliseconds, as long as a tick of the clock that CPU time is counted by.
        for _ in 0..<(clients <= 10_000 ? 5 * repeats : repeats) {
            for player in playing { runs[player, default: []].append(try player.play(clients: clients)) }
        }
        var rows: [Row] = []
        for player in playing {
            guard let found = runs[player], let result = found.first?.result else { continue }
            if let reason = result.refusal(clients: clients) { throw .wrongResult("\(player.name): \(reason)") }
            let peak = median(found.map { Double($0.child.peakBytes) })
            let smallest = Double(smallestPeaks[player] ?? 0)
            rows.append(
                Row(
                    player: player,
                    clients: clients,
                    result: result,
                    nanosecondsPerEvent: median(found.map { $0.child.userSeconds * 1e9 / Double(result.events) }),
                    bytesPerClient: Int(smallest) > leastPeak ? (peak - smallest) / Double(clients) : nil
                )
            )
        }
        return rows
    }
}
