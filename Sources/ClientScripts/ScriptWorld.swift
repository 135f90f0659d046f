import MonotonicTime
import Reconnection
import Scenarios

/// What answers the client by itself: server, heartbeat replies and acknowledgements.
///
/// An answer is settled when what it answers is sent: later changes of the world concern later attempts, beats and
/// messages. Answers travel on their connection, so those under way are gone when it closes or is lost. That a socket
/// which the client has closed is closed is no answer: its own system says so, once for each socket that was left.
struct ScriptWorld {
    /// An input on its way to the client.
    struct Answer {
        let due: Instant
        let generation: UInt32
        let input: ScriptInput
        let details: ClientScript.Arguments
        /// Whether it reports the end of what the client has closed.
        var isCloseReport = false
    }

    private var conduct = ClientScript.ServerConduct.manual
    private var serverDelay = Interval.zero
    private var refusal: ClientScript.Arguments = [:]
    private var beatDelay: Interval?
    private var acknowledgementDelay: Interval?
    private var closeDelay: Interval?
    /// How many sockets the client's group has.
    private let members: Int
    /// The sockets that neither side has closed, by generation.
    private var live: [UInt32: Set<Int>] = [:]
    /// Sorted by time; of equal times, the one that arose first stands first.
    private var underWay: [Answer] = []

    /// A world around a client with so many sockets.
    init(members: Int) { self.members = members }

    /// When the next answer arrives; `.distantFuture` if none is under way.
    var nextDue: Instant { underWay.first?.due ?? .distantFuture }

    /// Takes the next answer from the way.
    mutating func removeNext() -> Answer { underWay.removeFirst() }

    mutating func serve(_ conduct: ClientScript.ServerConduct, after: Interval, refusal: ClientScript.Arguments) {
        self.conduct = conduct
        serverDelay = after
        self.refusal = refusal
    }

    mutating func answerHeartbeats(after: Interval?) { beatDelay = after }

    mutating func acknowledgeMessages(after: Interval?) { acknowledgementDelay = after }

    mutating func reportCloses(after: Interval?) { closeDelay = after }

    /// A socket is gone, and the answers that were under way on its connection: all but the openings of the others.
    mutating func lost(generation: UInt32, member: Int) {
        live[generation]?.remove(member)
        if live[generation]?.isEmpty == true { live[generation] = nil }
        // A socket ends once, whoever tells it.
        underWay.removeAll {
            $0.isCloseReport && $0.generation == generation && $0.details.number(.member) == member
        }
        let others = live[generation] ?? []
        forget(generation) { $0.input.name == ScriptInput.opened.name && others.contains($0.details.number(.member)) }
    }

    private mutating func forget(_ generation: UInt32, exceptFor isKept: (Answer) -> Bool = { _ in false }) {
        underWay.removeAll { $0.generation == generation && !$0.isCloseReport && !isKept($0) }
    }

    /// Answers what the client does.
    mutating func answer(_ action: ClientAction, at now: Instant) {
        switch action {
        case .openTransport(let generation):
            live[generation] = Set(0..<members)
            let of = ClientScript.Argument.generation
            switch conduct {
            case .accepts:
                for member in 0..<members {
                    var details: ClientScript.Arguments = [of: .number(Int(generation))]
                    if members > 1 { details[.member] = .number(member) }
                    send(.opened, details, generation, now + serverDelay)
                }
            case .refuses:
                let details = refusal.merging([of: .number(Int(generation))]) { _, own in own }
                send(.lost, details, generation, now + serverDelay)
            case .manual, .silent: break
            }
        case .prepareAttempt(let generation):
            guard conduct == .accepts || conduct == .refuses else { break }
            send(.prepared, [.generation: .number(Int(generation))], generation, now)
        case .closeTransport(let generation, let close):
            forget(generation)
            let closed = live.removeValue(forKey: generation) ?? []
            guard let closeDelay else { break }
            for member in closed.sorted() {
                var details: ClientScript.Arguments = [
                    .generation: .number(Int(generation)), .code: .number(Int(close.code)),
                ]
                if members > 1 { details[.member] = .number(member) }
                send(.lost, details, generation, now + closeDelay, isCloseReport: true)
            }
        case .sendHeartbeat(let generation, let beat):
            guard let beatDelay else { break }
            let details: ClientScript.Arguments = [
                .generation: .number(Int(generation)), .beat: .number(Int(beat)),
            ]
            send(.beatAnswered, details, generation, now + beatDelay)
        case .sendMessage(let generation, let key, _, _):
            guard let acknowledgementDelay else { break }
            send(.acknowledged, [.key: .number(Int(key))], generation, now + acknowledgementDelay)
        default:
            // Nothing that anybody outside the client hears of.
            break
        }
    }

    private mutating func send(
        _ input: ScriptInput,
        _ details: ClientScript.Arguments,
        _ generation: UInt32,
        _ due: Instant,
        isCloseReport: Bool = false
    ) {
        let place = underWay.lastIndex { $0.due <= due }.map { $0 + 1 } ?? 0
        let answer = Answer(
            due: due,
            generation: generation,
            input: input,
            details: details,
            isCloseReport: isCloseReport
        )
        underWay.insert(answer, at: place)
    }
}
