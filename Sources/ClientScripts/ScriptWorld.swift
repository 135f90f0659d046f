import MonotonicTime
import Reconnection
import Scenarios

/// What answers the client by itself: server, heartbeat replies and acknowledgements.
///
/// An answer is settled when what it answers is sent: later changes of the world concern later attempts, beats and
/// messages. Answers travel on their connection, so those under way are gone when it closes or is lost.
struct ScriptWorld {
    /// An input on its way to the client.
    struct Answer {
        let due: Instant
        let generation: UInt32
        let input: ScriptInput
        let details: ClientScript.Arguments
    }

    private var conduct = ClientScript.ServerConduct.manual
    private var serverDelay = Interval.zero
    private var refusal: ClientScript.Arguments = [:]
    private var beatDelay: Interval?
    private var acknowledgementDelay: Interval?
    private var closeDelay: Interval?
    /// How many sockets the client's group has.
    private let members: Int
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

    /// A connection is gone, and all that was under way on it.
    mutating func forget(generation: UInt32) { underWay.removeAll { $0.generation == generation } }

    /// Answers what the client does.
    mutating func answer(_ action: ClientAction, at now: Instant) {
        switch action {
        case .openTransport(let generation):
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
            forget(generation: generation)
            guard let closeDelay else { break }
            let details: ClientScript.Arguments = [
                .generation: .number(Int(generation)), .code: .number(Int(close.code)),
            ]
            send(.lost, details, generation, now + closeDelay)
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
        _ due: Instant
    ) {
        let place = underWay.lastIndex { $0.due <= due }.map { $0 + 1 } ?? 0
        underWay.insert(Answer(due: due, generation: generation, input: input, details: details), at: place)
    }
}
