public import MonotonicTime

/// Several sockets supervised as one: one retry timer, one generation, torn down together.
public struct ConnectionGroupPolicy: Sendable, Hashable {
    /// How many sockets there are, the first being the one whose opening makes the group connected; 1 to 32.
    public var members: Int
    /// How long the others may take, or stay away, while the first is open; `Interval.zero`: any of them closing tears
    /// all down at once, `Interval.max`: they may stay away for ever.
    public var grace: Interval

    /// A group's settings.
    public init(members: Int, grace: Interval = .zero) {
        self.members = members
        self.grace = grace
    }

    /// The numbers of the members; a policy with too few or too many has 1 or 32.
    var memberNumbers: Range<Int> { 0..<max(1, min(32, members)) }
}

/// Which members of a group are open, and since when one is missing.
///
/// | event | group | what follows |
/// |---|---|---|
/// | first member opens | connecting | connected; the others have `grace` from now |
/// | another opens | connected, none missing any more | complete |
/// | another closes | connected, grace above zero | missing: `grace` from now, unless others were missing already |
/// | another closes | connected, no grace | lost |
/// | any fails or closes | connecting | lost |
/// | first member closes | any | lost |
/// | last open member closes | closing, as the app asked | closed |
/// | grace over | a member is missing | lost |
///
/// *lost*: all are closed, the supervisor starts a new generation. While connecting, the connect timeout covers the
/// first member, and the grace the rest. Members beyond the policy's number, reports twice and reports of another
/// generation are ignored.
public struct ConnectionGroup: Sendable, Hashable {
    /// When a missing member counts as lost; `.distantFuture` if none is missing.
    public private(set) var graceDeadline: Instant = .distantFuture
    /// The members that are open, a bit each.
    public private(set) var openMembers: UInt32 = 0

    /// The generation they belong to.
    private var generation: UInt32 = 0

    /// A group of closed sockets.
    public init() {}

    /// Whether every member is open.
    public func isComplete(policy: ConnectionGroupPolicy) -> Bool {
        openMembers.nonzeroBitCount == policy.memberNumbers.count
    }

    /// A report of a member changed nothing, made the group connected, or lost it.
    enum Effect { case none, connected, lost }

    mutating func opened(_ member: Int, isConnected: Bool, at now: Instant, policy: ConnectionGroupPolicy) -> Effect {
        guard policy.memberNumbers.contains(member) else { return .none }
        openMembers |= 1 << UInt32(member)
        let becomesConnected = member == 0 && !isConnected
        if isComplete(policy: policy) {
            graceDeadline = .distantFuture
        } else if becomesConnected, policy.grace > .zero {
            graceDeadline = now + policy.grace
        }
        return becomesConnected ? .connected : .none
    }

    mutating func closed(_ member: Int, isConnected: Bool, at now: Instant, policy: ConnectionGroupPolicy) -> Effect {
        guard policy.memberNumbers.contains(member) else { return .none }
        openMembers &= ~(1 << UInt32(member))
        guard isConnected, member > 0, policy.grace > .zero else { return .lost }
        if graceDeadline == .distantFuture { graceDeadline = now + policy.grace }
        return .none
    }

    /// A member closed as the app had asked; answers whether it was the last.
    mutating func closedAsAsked(_ member: Int, policy: ConnectionGroupPolicy) -> Bool {
        guard policy.memberNumbers.contains(member) else { return false }
        openMembers &= ~(1 << UInt32(member))
        return openMembers == 0
    }

    /// Forgets the sockets of a generation that was torn down. While they are closing no member can be missing.
    mutating func follow(_ generation: UInt32, _ phase: ConnectionPhase) {
        if phase == .closing { graceDeadline = .distantFuture }
        let keepsSockets = phase == .connecting || phase == .connected || phase == .closing
        guard !keepsSockets || generation != self.generation else { return }
        self.generation = generation
        openMembers = 0
        graceDeadline = .distantFuture
    }
}
