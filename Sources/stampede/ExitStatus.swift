import ArgumentParser
import Foundation

/// The exit statuses, after sysexits.h where it has one.
enum ExitStatus {
    /// An expectation is not met.
    static let expectationNotMet = ExitCode(1)
    /// The arguments make no sense.
    static let usage = ExitCode(64)
    /// A scenario file is wrong.
    static let badScenario = ExitCode(65)
    /// The program is wrong: its own books do not balance.
    static let defect = ExitCode(70)
    /// A file could not be read or written.
    static let inputOutput = ExitCode(74)
}

/// Prints to standard error.
func complain(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// Prints to standard output; a reader that has gone away ends the program without a word, as is usual in pipes.
func show(_ text: String, terminator: String = "") {
    var text = text + terminator
    let isWritten = text.withUTF8 { bytes -> Bool in
        var sent = 0
        while sent < bytes.count, let base = bytes.baseAddress {
            let count = write(STDOUT_FILENO, base + sent, bytes.count - sent)
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
    guard !isWritten else { return }
    if errno != EPIPE { complain("error: cannot write to standard output: \(String(cString: strerror(errno)))") }
    exit(errno == EPIPE ? 0 : ExitStatus.inputOutput.rawValue)
}
