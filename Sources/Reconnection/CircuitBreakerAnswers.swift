public import MonotonicTime

/// What a circuit breaker answers.
extension CircuitBreaker {
    /// The answer to a request to make a call.
    public enum Permission: Sendable, Hashable {
        /// Go ahead, and report the result with this epoch.
        case granted(epoch: UInt32)
        /// Do not call. Asking again makes sense from that instant; nil: after a probe under way has ended.
        case refused(until: Instant?)
    }

    /// What a result did to the breaker.
    public enum Transition: Sendable, Hashable {
        /// The state is the same, or the result was late.
        case none
        /// It opened, or opened again.
        case opened(until: Instant)
        /// It closed after probes succeeded.
        case closed
    }
}
