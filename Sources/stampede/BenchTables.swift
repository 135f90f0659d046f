import Benchmarks
import Reports

/// The table of replications, for people and as CSV, row by row.
struct ReplicationTables {
    private let table = TextTable([
        .init("benchmark", width: 28, isNumber: false), .init("clients", width: 10), .init("threads"),
        .init("events", width: 13),
        .init("ns/event", width: 8), .init("median", width: 8), .init("events/s", width: 12),
        .init("bytes/client"), .init("instr/event"), .init("runs"),
    ])
    private(set) var csv = CSVTable(columns: [
        "benchmark", "clients", "threads", "events", "ns_per_event_best", "ns_per_event_median", "events_per_second",
        "bytes_per_client", "instructions_per_event", "runs",
    ])

    var heading: String { table.heading }

    /// Notes a result, and gives its line.
    mutating func add(_ result: ReplicationResult) -> String {
        let benchmark = result.benchmark
        csv.add([
            benchmark.name, "\(benchmark.clients)", "\(benchmark.threads)", "\(result.events)",
            NumberText.exact(result.bestNanosecondsPerEvent), NumberText.exact(result.medianNanosecondsPerEvent),
            NumberText.exact(result.eventsPerSecond), NumberText.exact(result.bytesPerClient),
            NumberText.exact(result.instructionsPerEvent), "\(result.measurements.count)",
        ])
        return table.row([
            benchmark.name, NumberText.grouped(Double(benchmark.clients)), "\(benchmark.threads)",
            NumberText.grouped(Double(result.events)), readable(result.bestNanosecondsPerEvent),
            readable(result.medianNanosecondsPerEvent), readable(result.eventsPerSecond),
            readable(result.bytesPerClient), readable(result.instructionsPerEvent),
            "\(result.measurements.count)",
        ])
    }
}

/// The table of single operations.
struct MicroTables {
    private let table = TextTable([
        .init("part", width: 15, isNumber: false), .init("operation", width: 60, isNumber: false),
        .init("ns", width: 9), .init("median", width: 9), .init("instr", width: 9), .init("MB/s", width: 6),
    ])
    private(set) var csv = CSVTable(columns: [
        "part", "operation", "ns_per_operation_best", "ns_per_operation_median", "instructions_per_operation",
        "megabytes_per_second",
    ])

    var heading: String { table.heading }

    /// Notes a result, and gives its line.
    mutating func add(_ benchmark: Microbenchmark, _ result: Microbenchmark.Result) -> String {
        csv.add([
            benchmark.group, benchmark.operation, NumberText.exact(result.bestNanoseconds),
            NumberText.exact(result.medianNanoseconds), NumberText.exact(result.instructions),
            NumberText.exact(result.megabytesPerSecond),
        ])
        return table.row([
            benchmark.group, benchmark.operation, readable(result.bestNanoseconds),
            readable(result.medianNanoseconds), readable(result.instructions),
            result.megabytesPerSecond == nil ? "" : readable(result.megabytesPerSecond),
        ])
    }
}

/// The table of HERD in several programs.
struct RivalTables {
    private let table = TextTable([
        .init("implementation", width: 18, isNumber: false), .init("clients", width: 10), .init("ns/event", width: 8),
        .init("ratio", width: 6), .init("bytes/client"), .init("attempts", width: 11), .init("timeouts"),
        .init("heartbeats", width: 11), .init("peak", width: 10), .init("t50", width: 6), .init("t99", width: 6),
    ])
    private(set) var csv = CSVTable(columns: [
        "implementation", "clients", "events", "ns_per_event", "ratio_to_stampede", "bytes_per_client", "attempts",
        "outcomes", "timeouts", "connects", "heartbeats", "peak", "t50_s", "t99_s",
    ])

    var heading: String { table.heading }

    /// Notes the results for one number of clients, ours first, and gives their lines.
    mutating func add(_ rows: [RivalComparison.Row]) -> [String] {
        rows.map { row in
            let result = row.result
            let ratio = rows.first.map { row.nanosecondsPerEvent / $0.nanosecondsPerEvent }
            csv.add([
                row.player.name, "\(row.clients)", "\(result.events)", NumberText.exact(row.nanosecondsPerEvent),
                NumberText.exact(ratio), NumberText.exact(row.bytesPerClient), "\(result.attempts)",
                "\(result.outcomes)", "\(result.timeouts)", "\(result.connects)", "\(result.heartbeats)",
                "\(result.peak)", NumberText.exact(result.medianTime), NumberText.exact(result.lateTime),
            ])
            return table.row([
                row.player.name, NumberText.grouped(Double(row.clients)), readable(row.nanosecondsPerEvent),
                readable(ratio), readable(row.bytesPerClient), NumberText.grouped(Double(result.attempts)),
                NumberText.grouped(Double(result.timeouts)), NumberText.grouped(Double(result.heartbeats)),
                NumberText.grouped(Double(result.peak)), readable(result.medianTime), readable(result.lateTime),
            ])
        }
    }
}

private func readable(_ value: Double?) -> String { NumberText.readable(value, unit: "") }
