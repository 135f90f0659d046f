import MonotonicTime
import Reconnection

/// One client and the small world around it: a server that refuses, accepts or hangs, and answers beats or not.
///
/// What the client asks for is carried out, and everything that was asked for stays on record with its time.
final class Story {
    /// What becomes of attempts.
    enum Server {
        case refuses(after: Interval)
        case accepts(after: Interval)
        case hangs
    }

    private struct Report {
        enum Kind { case opened, lost(Close), answered(UInt32) }
        var due: Instant
        var generation: UInt32
        var kind: Kind
    }

    let client: TestClient
    var server: Server
    var answersBeats = true
    /// When the closing handshake of a socket that the client closes is over, and its close event comes.
    var closingTime = Interval.milliseconds(50)
    private(set) var record: [(time: Instant, action: ClientAction)] = []
    /// Transports that the client has opened and that neither side has closed.
    private(set) var live: Set<UInt32> = []
    private var reports: [Report] = []

    init(_ policy: ClientPolicy, server: Server, uniforms: [Double] = [0.5]) {
        client = TestClient(policy, uniforms: uniforms)
        self.server = server
    }

    convenience init(preset name: String, server: Server, uniforms: [Double] = [0.5]) throws {
        self.init(try named(name), server: server, uniforms: uniforms)
    }

    /// Delivers an input at the client's present time.
    func tell(_ input: (TestClient) -> [ClientAction]) {
        carryOut(input(client))
    }

    func start() { tell { $0.start(at: $0.now.seconds) } }

    /// The server drops every connection there is.
    func dropAll(_ close: Close = .abnormal) {
        for generation in live.sorted() {
            live.remove(generation)
            tell { $0.lost(generation, close, at: $0.now) }
        }
    }

    /// Lets time pass: what the server does comes before the client's timers of the same instant.
    func run(until seconds: Double) {
        let end = at(seconds)
        // More steps than any story has: a storm at one instant must not hang a test.
        for _ in 0..<100_000 {
            let report = reports.indices.min { reports[$0].due < reports[$1].due }
            let deadline = client.nextDeadline
            if let report, reports[report].due <= min(deadline, end) {
                deliver(reports.remove(at: report))
            } else if deadline <= end {
                carryOut(client.advance(to: max(deadline, client.now)))
            } else {
                break
            }
        }
        carryOut(client.advance(to: end))
    }

    private func deliver(_ report: Report) {
        let time = report.due.seconds
        switch report.kind {
        case .opened:
            guard live.contains(report.generation) else { return }
            tell { $0.opened(report.generation, at: time) }
        case .lost(let close):
            live.remove(report.generation)
            tell { $0.lost(report.generation, close, at: report.due) }
        case .answered(let beat):
            guard live.contains(report.generation) else { return }
            tell { $0.answered(report.generation, beat: beat, at: time) }
        }
    }

    private func carryOut(_ actions: [ClientAction]) {
        for action in actions {
            record.append((client.now, action))
            switch action {
            case .openTransport(let generation):
                live.insert(generation)
                switch server {
                case .refuses(let after):
                    reports.append(Report(due: client.now + after, generation: generation, kind: .lost(.abnormal)))
                case .accepts(let after):
                    reports.append(Report(due: client.now + after, generation: generation, kind: .opened))
                case .hangs:
                    break
                }
            case .closeTransport(let generation, _):
                guard live.remove(generation) != nil else { continue }
                reports.removeAll { $0.generation == generation }
                reports.append(
                    Report(due: client.now + closingTime, generation: generation, kind: .lost(.normal))
                )
            case .sendHeartbeat(let generation, let beat):
                guard answersBeats else { continue }
                reports.append(Report(due: client.now, generation: generation, kind: .answered(beat)))
            default:
                break
            }
        }
    }

    // MARK: What happened

    /// The times of all attempts, in seconds.
    var attempts: [Double] { times { if case .openTransport = $0 { true } else { false } } }

    /// The times at which the client gave up.
    var gaveUp: [Double] { times { $0 == .gaveUp } }

    /// The times at which its breaker opened, or opened again.
    var trips: [Double] { times { if case .breakerOpened = $0 { true } else { false } } }

    /// The phases it entered, with their times.
    var phases: [(seconds: Double, phase: ConnectionPhase)] {
        record.compactMap { entry in
            if case .phaseChanged(_, let to) = entry.action { (entry.time.seconds, to) } else { nil }
        }
    }

    func times(_ isWanted: (ClientAction) -> Bool) -> [Double] {
        record.filter { isWanted($0.action) }.map(\.time.seconds)
    }
}

/// The policy of a preset.
func named(_ name: String) throws -> ClientPolicy {
    guard let preset = PolicyPreset.named(name) else { throw UnknownPreset(name: name) }
    return preset.policy
}

struct UnknownPreset: Error {
    let name: String
}
