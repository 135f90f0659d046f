import Foundation
import Synchronization

/// Ctrl-C and kill: the run stops at the next opportunity, so that nothing is left half-written.
enum Interruption {
    private static let signal = Atomic<Int32>(0)

    /// The signal that asked the run to stop, if one did.
    static var received: Int32? {
        let value = signal.load(ordering: .relaxed)
        return value == 0 ? nil : value
    }

    /// Starts listening. A second signal ends the process at once.
    static func listen() {
        for number in [SIGINT, SIGTERM] {
            Foundation.signal(number) { received in
                if Interruption.signal.exchange(received, ordering: .relaxed) != 0 { _exit(128 + received) }
            }
        }
        // A reader of our output that goes away shows as an error of the write, where it can be dealt with.
        Foundation.signal(SIGPIPE, SIG_IGN)
        // So does a limit on the size of files.
        Foundation.signal(SIGXFSZ, SIG_IGN)
    }
}
