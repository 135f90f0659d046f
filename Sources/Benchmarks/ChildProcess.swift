private import CMeasurement

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Darwin)
    private import Darwin
#endif

/// A program run to its end, with what it used.
public struct ChildProcess: Sendable {
    /// How it ended.
    public enum End: Sendable, Hashable {
        /// With an exit status; 127 also if the program could not be executed.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)
    }

    /// How it ended.
    public let end: End
    /// What it wrote to its standard output.
    public let output: String
    /// CPU time in user mode from its start to its end, seconds.
    public let userSeconds: Double
    /// The largest resident memory, bytes; not less than `ChildProcess.leastPeak()`.
    public let peakBytes: Int

    /// Runs a program; its standard error is this process's.
    ///
    /// - Parameters:
    ///   - program: its path; the search path is not consulted.
    ///   - arguments: those after the program's name.
    /// - Throws: `BenchmarkFailure.cannotRun` if no process can be made or the program cannot be executed.
    public static func run(_ program: String, _ arguments: [String]) throws(BenchmarkFailure) -> ChildProcess {
        guard access(program, X_OK) == 0 else {
            throw .cannotRun(program: program, reason: String(cString: strerror(errno)))
        }
        var pipe: Int32 = -1
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let process = (words.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer {
            child_start($0.baseAddress, &pipe)
        }
        guard process > 0 else { throw .cannotRun(program: program, reason: String(cString: strerror(errno))) }
        let output = read(pipe)
        var result = child_result()
        guard child_wait(process, &result) == 0 else {
            throw .cannotRun(program: program, reason: String(cString: strerror(errno)))
        }
        let signal = result.status & 0x7f
        return ChildProcess(
            end: signal == 0 ? .exited((result.status >> 8) & 0xff) : .signalled(signal),
            output: output,
            userSeconds: Double(result.user_microseconds) / 1e6,
            peakBytes: Int(result.peak_resident_bytes)
        )
    }

    /// The peak memory of a child that needs none to speak of: what this process hands down to every child.
    ///
    /// A peak that is not above it says nothing about the child. Bytes; nil where there is no `true` to ask.
    public static func leastPeak() -> Int? {
        for program in ["/bin/true", "/usr/bin/true"] {
            if let child = try? run(program, []), child.end == .exited(0) { return child.peakBytes }
        }
        return nil
    }

    /// Everything up to the end of the pipe, which is closed.
    private static func read(_ pipe: Int32) -> String {
        defer { close(pipe) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(pipe, &part, part.count)
            #else
                let count = Darwin.read(pipe, &part, part.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }
}
