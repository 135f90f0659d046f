import MonotonicTime
public import Reconnection
public import Scenarios

/// Drives one client through a script and tells, line by line, what it does.
///
/// The driver's contract is that of `ReconnectingClient`. **Order.** Time goes from one instant at which something is
/// due to the next. Of what is due at one instant, as often as something is: first the automatic answers, in the order
/// in which they were settled; then the client's own timer; and when neither is left, the script's lines in their
/// order. What a line brings about in its own instant happens before the next line. At the end, whatever is due at
/// the time of the last line still happens.
public enum ScriptPlayer {
    /// Why a script cannot be played to its end.
    public struct Failure: Error, Sendable, Hashable {
        /// The line that could not be reached, or not be played.
        public let line: Int
        /// What happened.
        public let message: String

        /// A failure at a line.
        public init(line: Int, message: String) {
            self.line = line
            self.message = message
        }
    }

    /// The events that scripts may name.
    public static var events: [ClientScript.EventDefinition] { ScriptInput.all.map(\.definition) }

    /// Reads a script whose events are those of the player.
    ///
    /// - Parameters:
    ///   - bytes: the file's contents; any bytes are safe.
    ///   - file: what messages call the file.
    /// - Throws: all mistakes of the script at once, each with its place.
    public static func read(_ bytes: [UInt8], file: String) throws(ScenarioError) -> ClientScript {
        try ClientScript.read(bytes, file: file, events: events)
    }

    /// Plays a script.
    ///
    /// - Parameters:
    ///   - script: the script.
    ///   - policy: the client's policy.
    ///   - seed: seed of the random numbers used when the script lists none; nil makes their lack a failure. A seed
    ///     in the script replaces it from its line on.
    ///   - maximumSteps: the most steps in one instant, before it counts as a storm without end and a failure.
    ///   - output: is handed each line of output as it arises, without a line break.
    /// - Throws: where it ended, if it could not go on. What was handed out until then holds.
    public static func play(
        _ script: ClientScript,
        policy: ClientPolicy,
        seed: UInt64? = nil,
        maximumSteps: Int = 100_000,
        output: (String) -> Void
    ) throws(Failure) {
        var performance = Performance(
            driven: DrivenClient(policy: policy, random: ScriptRandomSource(seed: seed)),
            maximumSteps: maximumSteps,
            world: ScriptWorld(members: max(1, min(32, policy.group?.members ?? 1)))
        )
        for line in script.lines {
            try performance.pass(to: line.at, line: line.number, output)
            try performance.perform(line, output)
        }
        guard let last = script.lines.last else { return }
        try performance.pass(to: last.at, line: last.number, output)
        output(performance.summary)
    }
}

/// A script being played.
private struct Performance {
    var driven: DrivenClient
    let maximumSteps: Int
    var world: ScriptWorld
    var metrics = ScriptMetrics()
    var steps = 0

    /// Lets time pass to an instant: everything due by then happens.
    mutating func pass(to limit: Instant, line: Int, _ output: (String) -> Void) throws(ScriptPlayer.Failure) {
        while true {
            let due = min(world.nextDue, driven.nextDeadline)
            guard due <= limit, due != .distantFuture else { break }
            go(to: due)
            steps += 1
            guard steps <= maximumSteps else {
                throw failure(line, "more than \(maximumSteps) steps without time passing")
            }
            if world.nextDue <= driven.now {
                let answer = world.removeNext()
                try deliver(answer.input, answer.details, isAutomatic: true, line: line, output)
            } else {
                var echo = OutputLine(at: driven.now)
                echo.add("input", "timer")
                driven.actions.removeAll()
                driven.tell(.advance)
                try tell(echo, line: line, output)
            }
        }
        go(to: limit)
    }

    mutating func perform(_ line: ClientScript.Line, _ output: (String) -> Void) throws(ScriptPlayer.Failure) {
        switch line.command {
        case .event(let name, let details):
            guard let input = ScriptInput.byName[name] else { throw failure(line.number, "unknown event '\(name)'") }
            try deliver(input, details, isAutomatic: false, line: line.number, output)
        case .uniform(let numbers): driven.random.append(numbers)
        case .seed(let seed): driven.random.seed(seed)
        case .server(let conduct, let after, let refusal): world.serve(conduct, after: after, refusal: refusal)
        case .heartbeats(let after): world.answerHeartbeats(after: after)
        case .messages(let after): world.acknowledgeMessages(after: after)
        case .closes(let after): world.reportCloses(after: after)
        }
    }

    /// What is left to say when the script is over.
    var summary: String {
        let client = driven.client
        var end = OutputLine()
        end.add("phase", client.phase.rawValue)
        end.add("retry-count", client.supervisor.retryCount)
        end.add("next-deadline", driven.nextDeadline)
        end.add("generation", client.supervisor.generation)
        end.add("queued", client.outbox.entries.count)
        metrics.add(to: &end)
        end.add("random-numbers-used", driven.random.used)
        var line = OutputLine(at: driven.now)
        line.add("end", end)
        return line.closed
    }

    private mutating func go(to instant: Instant) {
        // Never back: a script that was not read from a file may ask for it.
        guard instant > driven.now else { return }
        driven.now = instant
        steps = 0
    }

    private mutating func deliver(
        _ input: ScriptInput,
        _ given: ClientScript.Arguments,
        isAutomatic: Bool,
        line: Int,
        _ output: (String) -> Void
    ) throws(ScriptPlayer.Failure) {
        let details = driven.completed(given, for: input)
        let echo = OutputLine(input: input, details, isAutomatic: isAutomatic, at: driven.now)
        driven.actions.removeAll()
        for told in input.inputs(driven, details) { driven.tell(told) }
        if input.name == ScriptInput.lost.name {
            world.lost(
                generation: UInt32(clamping: details.number(.generation)),
                member: details.number(.member)
            )
        }
        try tell(echo, line: line, output)
    }

    /// Tells an input and the actions it led to, and lets the world answer them.
    private mutating func tell(
        _ echo: OutputLine,
        line: Int,
        _ output: (String) -> Void
    ) throws(ScriptPlayer.Failure) {
        output(echo.closed)
        guard !driven.random.hasRunOut else { throw failure(line, Self.noNumbers, hint: Self.numbersHint) }
        for action in driven.actions.list {
            output(OutputLine(action, at: driven.now).closed)
            metrics.count(action)
            world.answer(action, at: driven.now)
        }
    }

    private func failure(_ line: Int, _ message: String, hint: String = "") -> ScriptPlayer.Failure {
        let time = OutputLine.seconds(driven.now.sinceOrigin)
        return ScriptPlayer.Failure(line: line, message: "\(message), at \(time)\(hint)")
    }

    private static let noNumbers = "the script has run out of random numbers"
    private static let numbersHint = #" (list more with {"uniform": […]}, or give a seed)"#
}
