/// Why there is no figure.
public enum BenchmarkFailure: Error, Hashable, CustomStringConvertible {
    /// The program measured computes something else than it should; a figure would mislead.
    case wrongResult(String)
    /// A scenario names a policy that there is not.
    case unknownPolicy(scenario: String)
    /// A program cannot be started.
    case cannotRun(program: String, reason: String)
    /// A program was started and did not do its work.
    case childFailed(program: String, end: ChildProcess.End)
    /// A program's output is not what was agreed.
    case unreadableOutput(program: String, output: String)

    /// The failure in words.
    public var description: String {
        switch self {
        case .wrongResult(let reason): reason
        case .unknownPolicy(let scenario): "the scenario '\(scenario)' names a policy that there is not"
        case .cannotRun(let program, let reason): "cannot run '\(program)': \(reason)"
        case .childFailed(let program, .exited(let status)): "'\(program)' ended with status \(status)"
        case .childFailed(let program, .signalled(9)): "'\(program)' was killed: was there too little memory?"
        case .childFailed(let program, .signalled(let signal)): "'\(program)' was ended by signal \(signal)"
        case .unreadableOutput(let program, let output):
            "'\(program)' did not print what it should: '\(String(output.prefix(200)))'"
        }
    }
}
