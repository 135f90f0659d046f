import MonotonicTime
import Reconnection
import Scenarios

/// An event that a script may name, and how the client is told of it.
///
/// This table is all there is to an input: reading, defaults, echo and documentation of its details come with them.
struct ScriptInput: Sendable {
    let definition: ClientScript.EventDefinition
    /// What the client is told: usually one thing.
    let inputs: @Sendable (DrivenClient, ClientScript.Arguments) -> [ClientInput]

    var name: String { definition.name }

    private init(
        _ name: String,
        needs required: [ClientScript.Argument] = [],
        takes optional: [ClientScript.Argument] = [],
        inputs: @escaping @Sendable (DrivenClient, ClientScript.Arguments) -> [ClientInput]
    ) {
        definition = ClientScript.EventDefinition(name: name, required: required, optional: optional)
        self.inputs = inputs
    }

    private init(_ name: String, _ input: ClientInput) {
        self.init(name) { _, _ in [input] }
    }

    /// Every input, in the order of documentation.
    static let all: [ScriptInput] = [
        ScriptInput(ClientScript.startEvent, .start),
        ScriptInput("stop", .stop),
        ScriptInput("retry", .retryNow),
        ScriptInput("reconnect", .reconnect),
        ScriptInput("online", .network(isOnline: true)),
        ScriptInput("offline", .network(isOnline: false)),
        ScriptInput("visible", .visibility(isVisible: true)),
        ScriptInput("hidden", .visibility(isVisible: false)),
        ScriptInput("ready", .readiness(isReady: true)),
        ScriptInput("not-ready", .readiness(isReady: false)),
        ScriptInput("wake", needs: [.during]) { driven, details in
            [.wake(until: driven.now + (details.duration(.during) ?? .zero))]
        },
        ScriptInput("credentials", .credentialsRenewed),
        ScriptInput("credentials-withdrawn", .credentialsWithdrawn),
        ScriptInput("send", takes: [.count]) { _, details in
            Array(repeating: .send, count: max(0, details.number(.count)))
        },
        prepared, opened, lost, beatAnswered,
        ScriptInput("received", takes: [.generation]) { _, details in
            [.received(generation: details.generation)]
        },
        acknowledged,
        ScriptInput("rejected", needs: [.key, .retryable], takes: [.generation]) { _, details in
            [
                .rejected(
                    generation: details.generation,
                    key: UInt32(clamping: details.number(.key)),
                    isRetryable: details.flag(.retryable)
                )
            ]
        },
        ScriptInput("wait") { _, _ in [] },
    ]

    static let prepared = ScriptInput("prepared", takes: [.generation]) { _, details in
        [.attemptPrepared(generation: details.generation)]
    }

    static let opened = ScriptInput("opened", takes: [.generation, .member]) { _, details in
        [.opened(generation: details.generation, member: details.number(.member))]
    }

    static let lost = ScriptInput(
        "lost",
        takes: [.generation, .member, .code, .reason, .retryAfter]
    ) { _, details in
        let close = Close(
            code: UInt16(clamping: details.number(.code)),
            reason: details.text(.reason),
            retryAfter: details.duration(.retryAfter)
        )
        return [.lost(generation: details.generation, member: details.number(.member), close: close)]
    }

    static let beatAnswered = ScriptInput("beat-answered", takes: [.generation, .beat]) { _, details in
        [.heartbeatAnswered(generation: details.generation, beat: UInt32(clamping: details.number(.beat)))]
    }

    static let acknowledged = ScriptInput("acknowledged", needs: [.key]) { _, details in
        [.acknowledged(key: UInt32(clamping: details.number(.key)))]
    }

    /// The inputs by name.
    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

extension ClientScript.Arguments {
    /// The transport that a line is about.
    fileprivate var generation: UInt32 { UInt32(clamping: number(.generation)) }
}

/// The client with all that its inputs ask for.
struct DrivenClient {
    var client = ReconnectingClient()
    let policy: ClientPolicy
    var now = Instant.origin
    var random: ScriptRandomSource
    var actions = ClientActions()

    var nextDeadline: Instant { client.nextDeadline(policy: policy) }

    mutating func tell(_ input: ClientInput) {
        client.handle(input, at: now, policy: policy, random: &random, actions: &actions)
    }

    /// The details of an input with those that were left out filled in.
    func completed(_ given: ClientScript.Arguments, for input: ScriptInput) -> ClientScript.Arguments {
        var details = given
        for argument in input.definition.optional where details[argument] == nil {
            switch argument {
            case .generation: details[argument] = .number(Int(client.supervisor.generation))
            case .member: if policy.group != nil { details[argument] = .number(0) }
            case .code: details[argument] = .number(Int(Close.abnormal.code))
            case .beat: details[argument] = .number(Int(client.heartbeat.lastBeat))
            case .count: details[argument] = .number(1)
            case .reason, .retryAfter, .key, .retryable, .during: break
            }
        }
        return details
    }
}
