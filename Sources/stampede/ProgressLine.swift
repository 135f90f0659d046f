import Foundation
import Synchronization

/// How far a long run has come: one line on standard error, rewritten, and only if that is a terminal.
final class ProgressLine: Sendable {
    private let title: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let isShown = Mutex(false)

    init(title: String) {
        self.title = title
    }

    func show(_ done: Int, of total: Int) {
        guard isTerminal else { return }
        isShown.withLock { isShown in
            isShown = true
            write("\r\u{1B}[K\(title): \(done) of \(total) replications")
        }
    }

    func clear() {
        isShown.withLock { isShown in
            guard isShown else { return }
            isShown = false
            write("\r\u{1B}[K")
        }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
