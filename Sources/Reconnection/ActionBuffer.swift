/// What a machine asked for, in order: owned by its driver and reused for every call, so that a machine in its steady
/// state allocates nothing.
@frozen
public struct ActionBuffer<Action> {
    /// Actions, and behind the first `used` of them what is left of earlier calls: emptying costs nothing.
    @usableFromInline
    var storage: [Action] = []
    @usableFromInline
    var used = 0

    /// An empty buffer with room for a usual answer.
    ///
    /// - Parameter capacity: how many actions fit before the buffer must grow.
    @inlinable
    public init(capacity: Int = 16) {
        storage.reserveCapacity(capacity)
    }

    /// The actions, in the order in which they must be carried out.
    @inlinable
    public var list: ArraySlice<Action> { storage[..<used] }

    /// How many there are.
    @inlinable
    public var count: Int { used }

    /// The action at a place in their order, from 0.
    @inlinable
    public subscript(place: Int) -> Action {
        precondition(place < used, "There is no action at this place.")
        return storage[place]
    }

    /// Empties the buffer and keeps its storage.
    @inlinable
    public mutating func removeAll() { used = 0 }

    /// Adds an action behind the others.
    @inlinable
    mutating func append(_ action: Action) {
        if used < storage.count {
            storage[used] = action
        } else {
            storage.append(action)
        }
        used &+= 1
    }
}

extension ActionBuffer: Sendable where Action: Sendable {}
