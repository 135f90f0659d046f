public import MonotonicTime

/// Follows each request until its outcome is known, and tells that outcome exactly once.
///
/// Requests are never queued. Ids count from 1 and are kept when a query is sent again.
///
/// | state of a request | event | next |
/// |---|---|---|
/// | new | offered without a connection | ended: not connected; it must not be applied locally |
/// | new | offered on a connection | in flight, sent |
/// | in flight | answer | ended: answered; a live query is cached from then on |
/// | in flight | refusal | ended: refused |
/// | in flight | `timeout` since it was last sent | ended: timed out; whether it had an effect is unknown |
/// | mutation in flight | connection drops | ended: lost in the drop; whether it had an effect is unknown |
/// | query in flight | connection drops | waits for the next opening; without `refetchesQueriesOnOpen`: lost |
/// | waiting or cached query | connection opens | in flight, sent again, in the order of ids |
/// | cached query in flight again | answer, refusal, timeout | cached: refetched, with that outcome; told once |
/// | cached query in flight again | connection drops | cached: nothing is told |
/// | any | `forget` | gone: no outcome is told |
///
/// **Predictions.** A mutation that the app applies locally before its answer stands in `pendingInOrder` while its
/// effect on the server is open: from its sending until it is answered or refused. On a refusal the app takes the last
/// state of the server and applies the mutations of `pendingInOrder` on top, in that order. With the policy's
/// `keepsUnresolvedUntilSync`, mutations lost in a drop or timed out stay there until `synchronised(upTo:)`.
///
/// Harmless by rule: opening twice with the same generation does nothing, with another one it first closes the old
/// connection; answers and refusals of another generation than the open one, or with an id that is not in flight, are
/// ignored; time that runs backwards only makes timeouts late.
///
/// Draws: none.
///
/// - Complexity: offering O(1); an answer O(log n), n being the requests in flight; all amortised and without
///   allocation once the storage has grown.
/// - Source: pl3xus connection management guide (requests and queries); the party-table app's intents.
public struct RequestTracker: Sendable, Hashable {
    /// Names a request, on every connection; counts from 1. 64 bits, so that it never starts over.
    public typealias ID = UInt64

    private struct Request: Sendable, Hashable {
        let id: ID
        let kind: RequestKind
        let isLive: Bool
        /// Whether its first outcome has been told already.
        let isRefetch: Bool
        var sentAt: Instant
        /// Whether it has ended; it stays in its place until those before it have ended too.
        var isOver = false
    }

    /// The generation of the open connection; nil without one.
    public private(set) var generation: UInt32?
    /// The id the next request will get.
    public private(set) var nextID: ID = 1
    /// How many requests are in flight, or wait for the next opening.
    public private(set) var inFlightCount = 0
    /// The live queries that have been answered, by id.
    public private(set) var cachedQueries: [ID] = []
    /// The requests that will stay pending for ever, by id. Only with a hazard.
    public private(set) var stuck: [ID] = []

    /// By id, which is the order of sending: what is sent again on an opening is older than anything offered on it.
    private var requests: [Request] = []
    /// How many of `requests`, counted from the front, have ended.
    private var endedAtFront = 0
    /// Mutations whose effect is unknown until the next sync, by id.
    private var unresolved: [ID] = []
    /// Mutations applied locally whose effect will never be known. Only with a hazard.
    private var unresolvable: [ID] = []

    /// A tracker without requests and without a connection.
    public init() {}

    /// How many requests have no outcome yet, those that never will included. A cached query counts while it is in
    /// flight again.
    public var pendingCount: Int { inFlightCount + stuck.count }

    /// The mutations applied locally whose effect on the server is open, in the order in which they were offered.
    ///
    /// - Complexity: O(n log n); allocates.
    public var pendingInOrder: [ID] {
        let inFlight = requests.lazy.filter { !$0.isOver && $0.kind == .mutation }.map(\.id)
        return (unresolvable + unresolved + inFlight).sorted()
    }

    /// The next instant at which `advance` has something to do: the timeout of the oldest request in flight.
    public func nextDeadline(policy: RequestPolicy) -> Instant {
        guard generation != nil, endedAtFront < requests.count else { return .distantFuture }
        return requests[endedAtFront].sentAt + policy.timeout
    }

    // MARK: What the app says

    /// The app makes a request; answers with the id under which its outcome will be told. Without a connection that is
    /// told at once.
    ///
    /// - Parameters:
    ///   - kind: a mutation or a query.
    ///   - isLive: whether the answer to a query is shown for longer, and must be fetched again on every opening until
    ///     `forget`. Plays no part for a mutation.
    public mutating func offer(
        _ kind: RequestKind,
        isLive: Bool = false,
        at now: Instant,
        policy: RequestPolicy,
        actions: inout ActionBuffer<RequestAction>
    ) -> ID {
        let id = nextID
        nextID += 1
        guard let generation else {
            if kind == .mutation, policy.hazards.contains(.refusedIsStillApplied) { unresolvable.append(id) }
            if policy.hazards.contains(.dropsSilently) {
                stuck.append(id)
            } else {
                actions.append(.ended(id: id, kind: kind, outcome: .notConnected))
            }
            return id
        }
        requests.append(Request(id: id, kind: kind, isLive: isLive, isRefetch: false, sentAt: now))
        inFlightCount += 1
        actions.append(.send(id: id, kind: kind, generation: generation))
        return id
    }

    /// The app no longer wants an outcome, or an answer kept up to date. The server may have the request all the same.
    public mutating func forget(_ id: ID) {
        Self.remove(id, from: &cachedQueries)
        Self.remove(id, from: &stuck)
        Self.remove(id, from: &unresolved)
        Self.remove(id, from: &unresolvable)
        guard let index = inFlightIndex(of: id) else { return }
        end(at: index)
    }

    /// The app has taken over a state of the server that contains whatever became of the mutations up to this id: those
    /// among them that a drop or a timeout had left open are resolved. Those in flight stay, their answers will come.
    public mutating func synchronised(upTo id: ID) {
        // They are few, and in order: the front goes.
        unresolved.removeFirst(unresolved.prefix { $0 <= id }.count)
    }

    // MARK: What the connection says

    /// A connection of this generation opened: waiting and cached queries are sent again.
    public mutating func connectionOpened(
        generation: UInt32,
        at now: Instant,
        policy: RequestPolicy,
        actions: inout ActionBuffer<RequestAction>
    ) {
        if let old = self.generation {
            guard old != generation else { return }
            connectionClosed(generation: old, policy: policy, actions: &actions)
        }
        self.generation = generation
        guard policy.refetchesQueriesOnOpen else { return }
        // What the app has forgotten since the drop.
        removeEnded()
        for id in cachedQueries {
            requests.append(Request(id: id, kind: .query, isLive: true, isRefetch: true, sentAt: now))
        }
        requests.sort { $0.id < $1.id }
        inFlightCount = requests.count
        for index in requests.indices {
            requests[index].sentAt = now
            actions.append(.send(id: requests[index].id, kind: .query, generation: generation))
        }
    }

    /// The connection of this generation closed. Outcomes are told in the order of ids.
    public mutating func connectionClosed(
        generation: UInt32,
        policy: RequestPolicy,
        actions: inout ActionBuffer<RequestAction>
    ) {
        guard generation == self.generation else { return }
        self.generation = nil
        let isStuck = policy.hazards.contains(.inFlightStaysPending)
        for index in requests.indices where !requests[index].isOver {
            let request = requests[index]
            if request.isRefetch {
                // Still cached, and fetched again from there.
                requests[index].isOver = true
            } else if isStuck {
                requests[index].isOver = true
                stuck.append(request.id)
                if request.kind == .mutation { unresolvable.append(request.id) }
            } else if request.kind == .mutation || !policy.refetchesQueriesOnOpen {
                requests[index].isOver = true
                leaveOpen(request, policy: policy)
                actions.append(.ended(id: request.id, kind: request.kind, outcome: .lostInTheDrop))
            }
        }
        removeEnded()
        inFlightCount = requests.count
    }

    /// The server answered a request.
    public mutating func answered(id: ID, generation: UInt32, actions: inout ActionBuffer<RequestAction>) {
        guard generation == self.generation, let index = inFlightIndex(of: id) else { return }
        let request = end(at: index)
        if request.kind == .query, request.isLive, !request.isRefetch { cache(id) }
        tell(request, .answered, actions: &actions)
    }

    /// The server refused a request.
    ///
    /// - Parameter code: the server's reason, in its own numbers.
    public mutating func refused(
        id: ID,
        code: UInt32,
        generation: UInt32,
        actions: inout ActionBuffer<RequestAction>
    ) {
        guard generation == self.generation, let index = inFlightIndex(of: id) else { return }
        tell(end(at: index), .refused(code: code), actions: &actions)
    }

    // MARK: Time

    /// Time has come to `now`: requests that are overdue end, oldest first.
    public mutating func advance(to now: Instant, policy: RequestPolicy, actions: inout ActionBuffer<RequestAction>) {
        while generation != nil, endedAtFront < requests.count, nextDeadline(policy: policy) <= now {
            let request = end(at: endedAtFront)
            leaveOpen(request, policy: policy)
            tell(request, .timedOut, actions: &actions)
        }
    }

    // MARK: Steps

    private func inFlightIndex(of id: ID) -> Int? {
        var low = endedAtFront
        var high = requests.count
        while low < high {
            let middle = (low + high) / 2
            if requests[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < requests.count && requests[low].id == id && !requests[low].isOver ? low : nil
    }

    @discardableResult
    private mutating func end(at index: Int) -> Request {
        let request = requests[index]
        requests[index].isOver = true
        inFlightCount -= 1
        while endedAtFront < requests.count, requests[endedAtFront].isOver { endedAtFront += 1 }
        // With half of them over, looking at all costs no more than what has ended since the last time.
        if inFlightCount * 2 <= requests.count { removeEnded() }
        return request
    }

    private mutating func removeEnded() {
        requests.removeAll(where: \.isOver)
        endedAtFront = 0
    }

    private func tell(_ request: Request, _ outcome: RequestOutcome, actions: inout ActionBuffer<RequestAction>) {
        if request.isRefetch {
            actions.append(.refetched(id: request.id, outcome: outcome))
        } else {
            actions.append(.ended(id: request.id, kind: request.kind, outcome: outcome))
        }
    }

    /// Keeps a mutation whose effect is unknown among the predictions, if the policy says so.
    private mutating func leaveOpen(_ request: Request, policy: RequestPolicy) {
        guard request.kind == .mutation, policy.keepsUnresolvedUntilSync else { return }
        unresolved.append(request.id)
    }

    /// Answers come in any order, but the cache is by id.
    private mutating func cache(_ id: ID) {
        let index = cachedQueries.lastIndex { $0 < id }.map { $0 + 1 } ?? 0
        cachedQueries.insert(id, at: index)
    }

    private static func remove(_ id: ID, from ids: inout [ID]) {
        guard let index = ids.firstIndex(of: id) else { return }
        ids.remove(at: index)
    }
}

/// What a request is for.
public enum RequestKind: String, Sendable, Hashable, CaseIterable {
    /// It changes something. Never sent twice.
    case mutation
    /// It reads something, and may be sent again.
    case query
}

/// How a request ended.
public enum RequestOutcome: Sendable, Hashable {
    /// The server answered.
    case answered
    /// The server refused it: it had no effect.
    case refused(code: UInt32)
    /// No answer came in time. The effect of a mutation is unknown.
    case timedOut
    /// There was no connection: it was never sent, had no effect, and must not be applied locally.
    case notConnected
    /// The connection dropped before the answer. The effect of a mutation is unknown: perhaps the server never had it,
    /// perhaps only the answer was lost.
    case lostInTheDrop
}

/// What a tracker wants sent, or told.
public enum RequestAction: Sendable, Hashable {
    /// Send a request on the connection of this generation, for the first time or, on an opening, again.
    case send(id: RequestTracker.ID, kind: RequestKind, generation: UInt32)
    /// A request's outcome. Told once.
    case ended(id: RequestTracker.ID, kind: RequestKind, outcome: RequestOutcome)
    /// A cached query was fetched again, with success or not. Told once for each time that is not cut off by a drop.
    case refetched(id: RequestTracker.ID, outcome: RequestOutcome)
}

/// Settings of a request tracker.
public struct RequestPolicy: Sendable, Hashable {
    /// How long an answer may take, counted from the last sending; `Interval.max`: for ever. While a query waits for
    /// an opening, no time counts.
    public var timeout: Interval
    /// Whether queries cut off by a drop, and live ones answered before, are sent again on the next opening.
    public var refetchesQueriesOnOpen: Bool
    /// Whether mutations whose effect is unknown stay in `pendingInOrder` until `synchronised(upTo:)`. For apps that
    /// call it: without those calls the list only grows.
    public var keepsUnresolvedUntilSync: Bool
    /// Faults to reproduce.
    public var hazards: RequestHazards

    /// A tracker's settings.
    public init(
        timeout: Interval = .seconds(10),
        refetchesQueriesOnOpen: Bool = true,
        keepsUnresolvedUntilSync: Bool = false,
        hazards: RequestHazards = []
    ) {
        self.timeout = timeout
        self.refetchesQueriesOnOpen = refetchesQueriesOnOpen
        self.keepsUnresolvedUntilSync = keepsUnresolvedUntilSync
        self.hazards = hazards
    }
}

/// Faults of real systems in following requests, off by default.
public struct RequestHazards: OptionSet, Sendable, Hashable {
    /// The switches as bits.
    public var rawValue: UInt8

    /// Switches from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A request offered without a connection vanishes and stays pending for ever (pl3xus as built): a button that
    /// spins until the page is loaded anew.
    public static let dropsSilently = RequestHazards(rawValue: 1 << 0)
    /// A request cut off by a drop stays pending for ever, queries too: no outcome, no timeout, no refetch (pl3xus and
    /// the party-table app as built). What the app applied locally is never confirmed nor taken back.
    public static let inFlightStaysPending = RequestHazards(rawValue: 1 << 1)
    /// A mutation refused for want of a connection is applied locally all the same, and stands among the predictions
    /// for ever (party-table app, plan version): the user sees a move the server never heard of, and every roll-back
    /// puts it on top again.
    public static let refusedIsStillApplied = RequestHazards(rawValue: 1 << 2)
}
