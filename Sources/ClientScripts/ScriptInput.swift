import MonotonicTime
import Reconnection
import Scenarios

/// An event that a script may name, and how the client is told of it.
///
/// This table is all there is to an input: reading, defaults, echo and documentation of its details come with them.
struct ScriptInput: Sendable {
    let definition: ClientScript.EventDefinition
    let tell: @Sendable (inout DrivenClient, ClientScript.Arguments) -> Void

    var name: String { definition.name }

    private init(
        _ name: String,
        needs required: [ClientScript.Argument] = [],
        takes optional: [ClientScript.Argument] = [],
        tell: @escaping @Sendable (inout DrivenClient, ClientScript.Arguments) -> Void
    ) {
        definition = ClientScript.EventDefinition(name: name, required: required, optional: optional)
        self.tell = tell
    }

    /// Every input, in the order of documentation.
    static let all: [ScriptInput] = [
        ScriptInput(ClientScript.startEvent) { driven, _ in
            driven.client.start(
                at: driven.now,
                policy: driven.policy,
                random: &driven.random,
                actions: &driven.actions
            )
        },
        ScriptInput("stop") { driven, _ in
            driven.client.stop(at: driven.now, policy: driven.policy, actions: &driven.actions)
        },
        ScriptInput("retry") { driven, _ in
            driven.client.retryNow(at: driven.now, policy: driven.policy, actions: &driven.actions)
        },
        ScriptInput("online") { driven, _ in driven.networkChanged(isOnline: true) },
        ScriptInput("offline") { driven, _ in driven.networkChanged(isOnline: false) },
        ScriptInput("visible") { driven, _ in driven.visibilityChanged(isVisible: true) },
        ScriptInput("hidden") { driven, _ in driven.visibilityChanged(isVisible: false) },
        ScriptInput("credentials") { driven, _ in
            driven.client.credentialsRenewed(at: driven.now, policy: driven.policy, actions: &driven.actions)
        },
        ScriptInput("send", takes: [.count]) { driven, details in
            for _ in 0..<max(0, details.number(.count)) {
                driven.client.send(at: driven.now, policy: driven.policy, actions: &driven.actions)
            }
        },
        opened, lost, beatAnswered, acknowledged,
        ScriptInput("rejected", needs: [.key, .retryable], takes: [.generation]) { driven, details in
            driven.client.messageRejected(
                generation: UInt32(clamping: details.number(.generation)),
                key: UInt32(clamping: details.number(.key)),
                isRetryable: details.flag(.retryable),
                at: driven.now,
                policy: driven.policy,
                random: &driven.random,
                actions: &driven.actions
            )
        },
        ScriptInput("wait") { _, _ in },
    ]

    static let opened = ScriptInput("opened", takes: [.generation]) { driven, details in
        driven.client.transportOpened(
            generation: UInt32(clamping: details.number(.generation)),
            at: driven.now,
            policy: driven.policy,
            random: &driven.random,
            actions: &driven.actions
        )
    }

    static let lost = ScriptInput("lost", takes: [.generation, .code, .retryAfter]) { driven, details in
        driven.client.transportLost(
            generation: UInt32(clamping: details.number(.generation)),
            close: Close(
                code: UInt16(clamping: details.number(.code)),
                retryAfter: details.duration(.retryAfter)
            ),
            at: driven.now,
            policy: driven.policy,
            random: &driven.random,
            actions: &driven.actions
        )
    }

    static let beatAnswered = ScriptInput("beat-answered", takes: [.generation, .beat]) { driven, details in
        driven.client.heartbeatAnswered(
            generation: UInt32(clamping: details.number(.generation)),
            beat: UInt32(clamping: details.number(.beat))
        )
    }

    static let acknowledged = ScriptInput("acknowledged", needs: [.key]) { driven, details in
        driven.client.messageAcknowledged(
            key: UInt32(clamping: details.number(.key)),
            at: driven.now,
            policy: driven.policy,
            actions: &driven.actions
        )
    }

    /// The inputs by name.
    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// The client with all that its methods ask for.
struct DrivenClient {
    var client = ReconnectingClient()
    let policy: ClientPolicy
    var now = Instant.origin
    var random: ScriptRandomSource
    var actions = ClientActions()

    var nextDeadline: Instant { client.nextDeadline(policy: policy) }

    mutating func networkChanged(isOnline: Bool) {
        client.networkChanged(isOnline: isOnline, at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func visibilityChanged(isVisible: Bool) {
        client.visibilityChanged(isVisible: isVisible, at: now, policy: policy, random: &random, actions: &actions)
    }

    mutating func advance() {
        client.advance(to: now, policy: policy, random: &random, actions: &actions)
    }

    /// The details of an input with those that were left out filled in.
    func completed(_ given: ClientScript.Arguments, for input: ScriptInput) -> ClientScript.Arguments {
        var details = given
        for argument in input.definition.optional where details[argument] == nil {
            switch argument {
            case .generation: details[argument] = .number(Int(client.supervisor.generation))
            case .code: details[argument] = .number(Int(Close.abnormal.code))
            case .beat: details[argument] = .number(Int(client.heartbeat.lastBeat))
            case .count: details[argument] = .number(1)
            case .retryAfter, .key, .retryable: break
            }
        }
        return details
    }
}
