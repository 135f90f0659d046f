/// What a machine asked for, in order: owned by its driver and reused for every call, so that a machine in its steady
/// state allocates nothing.
@frozen
public struct ActionBuffer<Action> {
    /// The actions, in the order in which they must be carried out.
    @inlinable
    public var list: [Action] { storage }

    /// How many there are.
    @inlinable
    public var count: Int { storage.count }

    /// The action at a place in their order, from 0.
    @inlinable
    public subscript(place: Int) -> Action { storage[place] }

    @usableFromInline
    var storage: [Action] = []

    /// An empty buffer with room for a usual answer.
    ///
    /// - Parameter capacity: how many actions fit before the buffer must grow.
    @inlinable
    public init(capacity: Int = 16) {
        storage.reserveCapacity(capacity)
    }

    /// Empties the buffer and keeps its storage.
    @inlinable
    public mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
    }

    /// Adds an action behind the others.
    @inlinable
    mutating func append(_ action: Action) {
        storage.append(action)
    }
}

extension ActionBuffer: Sendable where Action: Sendable {}
