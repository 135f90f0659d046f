/// A replication that is timed: which scenario, and of what size.
public struct ReplicationBenchmark: Sendable, Hashable {
    /// What is simulated.
    public enum Workload: String, Sendable, CaseIterable {
        /// The workload by which simulators are compared.
        case herd
        /// The same with a backlog in which timeouts fire.
        case herdDeep = "herd-deep"
        /// A gateway restart; servers grow with the fleet.
        case serverRestart = "server-restart"
        /// The same, where the fleet outgrows its servers and retries for as long as it is watched.
        case serverRestartFixedServers = "server-restart-fixed-servers"
        /// Trains in tunnels.
        case subway

        /// The scenario's file, from the folder of the scenarios that come along.
        public var file: String {
            switch self {
            case .herd, .herdDeep: "benchmarks/\(rawValue).yaml"
            case .serverRestart, .serverRestartFixedServers: "server-restart.yaml"
            case .subway: "subway.yaml"
            }
        }

        /// Whether the servers grow with the fleet.
        public var scalesServers: Bool { self != .serverRestartFixedServers }

        /// Whether events are counted as HERD defines them, and the result is checked against what is known.
        public var isHerd: Bool { self == .herd || self == .herdDeep }
    }

    /// How much of the standard set.
    public enum Extent: Sendable, Hashable {
        /// Up to 100,000 clients.
        case quick
        /// Up to a million.
        case standard
        /// Up to ten million.
        case full

        /// The most clients of any.
        public var mostClients: Int {
            switch self {
            case .quick: 100_000
            case .standard: 1_000_000
            case .full: 10_000_000
            }
        }
    }

    /// What is simulated.
    public let workload: Workload
    /// How many clients.
    public let clients: Int
    /// How many threads share the work.
    public let threads: Int
    /// Whether everything is recorded, or only the counters that must balance: the difference is what recording costs.
    public let isRecorded: Bool

    /// A benchmark of any size.
    public init(_ workload: Workload, clients: Int, threads: Int = 1, isRecorded: Bool = true) {
        self.workload = workload
        self.clients = clients
        self.threads = threads
        self.isRecorded = isRecorded
    }

    /// Its name in tables.
    public var name: String { workload.rawValue + (isRecorded ? "" : "-unrecorded") }

    /// The benchmarks that are run unless others are asked for, small ones first.
    ///
    /// - Parameter isRecorded: without its record a run of HERD cannot be checked, and is left out.
    public static func standardSet(
        _ extent: Extent,
        threads: Int = 1,
        isRecorded: Bool = true
    ) -> [ReplicationBenchmark] {
        Workload.allCases.filter { isRecorded || !$0.isHerd }.flatMap { workload in
            let sizes =
                switch workload {
                case .herd, .herdDeep, .serverRestart: [10_000, 100_000, 1_000_000, 10_000_000]
                case .serverRestartFixedServers: [1_000_000]
                case .subway: [10_000]
                }
            return sizes.filter { $0 <= extent.mostClients }.map {
                ReplicationBenchmark(workload, clients: $0, threads: threads, isRecorded: isRecorded)
            }
        }
    }
}
