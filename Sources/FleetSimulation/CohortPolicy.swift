import Reconnection

/// A cohort's policy behind one reference.
///
/// Every event hands its client a policy. Out of an array that is a copy of several hundred bytes with its references
/// retained; a constant of an object is read in place.
final class CohortPolicy: Sendable {
    let policy: ClientPolicy

    init(_ policy: ClientPolicy) { self.policy = policy }
}
