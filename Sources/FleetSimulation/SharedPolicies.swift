import Reconnection

/// The policies of a world's cohorts, at fixed addresses.
///
/// Every event hands its client a policy. Out of an array that is a copy of several hundred bytes with its references
/// retained; from an address it is the address.
final class SharedPolicies {
    private let storage: UnsafeMutableBufferPointer<ClientPolicy>

    init(_ policies: [ClientPolicy]) {
        storage = .allocate(capacity: policies.count)
        _ = storage.initialize(from: policies)
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    /// The policy of a cohort. Valid as long as this object lives.
    subscript(cohort: Int) -> UnsafePointer<ClientPolicy> {
        precondition(storage.indices.contains(cohort), "a cohort of this world")
        // Indices are checked, so there is a base address.
        return UnsafePointer(storage.baseAddress.unsafelyUnwrapped + cohort)
    }
}
