public import MonotonicTime

/// Settings of a request coalescer.
public struct RequestCoalescerPolicy: Sendable, Hashable {
    /// Faults of real systems, all off by default.
    public struct Hazards: OptionSet, Sendable, Hashable {
        /// One bit a fault.
        public let rawValue: UInt8

        /// A set of faults by their bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// An answer's age counts from the sending of its request, not from its arrival. (Chat SDK, document.) Where
        /// answers take longer than the time to live, nothing is ever answered from the cache.
        public static let agesCountFromSend = Hazards(rawValue: 1 << 0)
        /// A call that asks for a time to live of 0 gets the policy's. (Chat SDK, document: 5 s.) A caller that wants
        /// a fresh answer gets an old one.
        public static let zeroMeansDefault = Hazards(rawValue: 1 << 1)
        /// The answer to an earlier request replaces the cached one to a later request, and ends the joining of
        /// whichever request of that key is under way. (Chat SDK, document.) Costs stale answers, and requests
        /// that could have been joined.
        public static let olderAnswerRemovesNewer = Hazards(rawValue: 1 << 2)
        /// Clearing leaves requests under way as they are: they can be joined, and their answers are kept. (Chat SDK,
        /// document.) What was cleared because it is wrong comes back.
        public static let clearMissesInFlight = Hazards(rawValue: 1 << 3)
        /// A repeat within the time to live, its end included, is refused instead of being answered. (Chat SDK,
        /// shipped; used for mutations alone.) A user who sends the same text twice sees an error.
        public static let refusesRepeats = Hazards(rawValue: 1 << 4)
        /// Failures with a client's status (4xx, 408 and 429 included) are remembered as answers are. (Chat SDK,
        /// shipped.) A request turned away by a rate limit cannot be repeated when the limit is over.
        public static let remembersClientFailures = Hazards(rawValue: 1 << 5)
    }

    /// How long an answer may be used: its age must be below this. 0 and below turn the cache off.
    public var timeToLive: Interval
    /// How long after its sending a request under way may be joined: less than this. `Interval.max` means until it is
    /// answered; anything less lets a second request go out beside the first.
    public var joinWindow: Interval
    /// How many answers are kept at most; beyond that the one that arrived first goes. 0 and below keep none.
    public var capacity: Int
    /// The faults switched on.
    public var hazards: Hazards

    /// A coalescer's settings; the defaults are those a user of the chat SDK would expect.
    public init(
        timeToLive: Interval = .seconds(5),
        joinWindow: Interval = .max,
        capacity: Int = 1_000,
        hazards: Hazards = []
    ) {
        self.timeToLive = timeToLive
        self.joinWindow = joinWindow
        self.capacity = capacity
        self.hazards = hazards
    }

    /// What a user of the chat SDK would expect: joined until answered, answers good for 5 s from their arrival.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f), with its faults mended.
    public static let chatSDK = RequestCoalescerPolicy()

    /// The chat SDK's document as its sketch behaves, with all of its faults; these are its settings for message
    /// lists: 5 s from sending, joined for 1 s. Nothing bounds its cache.
    ///
    /// - Source: Impact-Idol/ChatSDK, strategy document 03 (53e328f).
    public static let chatSDKDocumented = RequestCoalescerPolicy(
        timeToLive: .seconds(5),
        joinWindow: .seconds(1),
        capacity: .max,
        hazards: [.agesCountFromSend, .zeroMeansDefault, .olderAnswerRemovesNewer, .clearMissesInFlight]
    )

    /// The time to live that the chat SDK's document asks for when it looks up a channel: 30 s.
    public static let chatSDKChannelTimeToLive = Interval.seconds(30)

    /// The chat SDK as shipped, for mutations alone: joined until answered; a repeat up to 5 s after the end, the last
    /// instant included, is refused, and so it is after a 4xx. Its key ignores the order of parameters, which is the
    /// caller's affair here.
    ///
    /// - Source: Impact-Idol/ChatSDK, packages/core (121913c).
    public static let chatSDKShipped = RequestCoalescerPolicy(
        timeToLive: .seconds(5),
        capacity: .max,
        hazards: [.refusesRepeats, .remembersClientFailures]
    )
}

/// Lets equal requests share one answer: the one under way, or one that arrived a moment ago.
///
/// The machine holds no answers. It names requests by numbers, from 1 in the order of sending; the caller keeps the
/// answers it is told to keep under these numbers, and delivers each answer or failure to everybody who sent or joined
/// its request.
///
/// | for the key there is | a call comes | answer |
/// |---|---|---|
/// | an answer of an age below the call's time to live | | `answerFromCache` |
/// | no such answer, a request under way | less than the join window after its sending | `join` |
/// | neither | | `send` |
///
/// | request | event | what follows |
/// |---|---|---|
/// | under way | answered | its answer is kept, as the newest, if one of those who asked wanted it kept |
/// | under way, a later request was answered | answered | delivered only: older never replaces newer |
/// | under way, cleared | answered | delivered only; calls since the clearing were not joined to it |
/// | under way | failed | the failure is delivered to all who joined, and not kept |
/// | answer kept | cleared, replaced, or pushed out by `capacity` | forgotten |
///
/// The time to live is that of the call that asks, the policy's if it names none; 0 turns the cache off for that call,
/// but not the joining. An answer is held for the longest time to live among those who asked for it; where all said 0
/// it is not kept, and an earlier answer is forgotten, since a newer one is known. There are no timers: an answer too old
/// for a call stays until it is replaced or pushed out, or `removeStale` is called now and then.
///
/// Numbers that are not under way (unknown, answered twice) are ignored. Time that goes backwards makes answers young.
/// Draws nothing. Every call takes constant time on average, but for `clear(where:)`, `clearAll` and `removeStale`, and
/// for ends of requests, which take time with the number of requests under way.
public struct RequestCoalescer<Key: Hashable & Sendable>: Sendable {
    /// Names a request; rises with each one sent.
    public typealias RequestNumber = UInt64

    /// What to do about a call.
    public enum Answer: Sendable, Hashable {
        /// Send a request under this number.
        case send(RequestNumber)
        /// Wait for this request, which is under way.
        case join(RequestNumber)
        /// Take the answer kept under this number.
        case answerFromCache(RequestNumber)
        /// Fail: this request was made a moment ago. Under `refusesRepeats` alone.
        case refuse(RequestNumber)
    }

    /// What to do with an answer or a failure that arrived.
    public enum Arrival: String, Sendable, Hashable, CaseIterable {
        /// Deliver it to all who wait for it, and keep it under its number until told to forget it.
        case deliverAndKeep = "deliver-and-keep"
        /// Deliver it to all who wait for it.
        case deliver
        /// Nobody waits for it: its number is unknown, or it came twice.
        case ignore
    }

    private struct Flight: Sendable {
        let number: RequestNumber
        let key: Key
        let sentAt: Instant
        var holdFor: Interval
        /// Cleared, or a later request for its key has been answered: its answer must not be kept.
        var isOutdated = false
    }

    /// An answer kept, linked to the answers that arrived before and after it.
    private struct Entry: Sendable {
        var key: Key
        var number: RequestNumber
        var ageStart: Instant
        var holdFor: Interval
        var older: Int?
        var newer: Int?
    }

    private var lastNumber: RequestNumber = 0
    /// The requests under way, in the order of their numbers.
    private var flights: [Flight] = []
    /// The request under way that calls may join.
    private var joinable: [Key: RequestNumber] = [:]
    /// Where an answer's entry is.
    private var positions: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var freePositions: [Int] = []
    private var oldest: Int?
    private var newest: Int?

    /// A coalescer that knows of no requests.
    public init() {}

    /// How many answers are kept.
    public var keptCount: Int { positions.count }
    /// How many requests are under way.
    public var underWayCount: Int { flights.count }

    /// Somebody wants an answer.
    ///
    /// - Parameters:
    ///   - key: what is asked for.
    ///   - now: the current time.
    ///   - timeToLive: how old the answer may be, if not as the policy says.
    ///   - joinWindow: how long ago a request that is joined may have been sent, if not as the policy says.
    ///   - policy: the settings.
    public mutating func call(
        _ key: Key,
        at now: Instant,
        timeToLive: Interval? = nil,
        joinWindow: Interval? = nil,
        policy: RequestCoalescerPolicy
    ) -> Answer {
        let timeToLive = effectiveTimeToLive(timeToLive, policy)
        if let position = positions[key] {
            let age = now - entries[position].ageStart
            if policy.hazards.contains(.refusesRepeats) {
                if timeToLive > .zero, age <= timeToLive { return .refuse(entries[position].number) }
            } else if timeToLive > .zero, age < timeToLive {
                entries[position].holdFor = max(entries[position].holdFor, timeToLive)
                return .answerFromCache(entries[position].number)
            }
        }
        if let number = joinable[key], let index = flightIndex(number) {
            let window = joinWindow ?? policy.joinWindow
            if window == .max || now - flights[index].sentAt < window {
                flights[index].holdFor = max(flights[index].holdFor, timeToLive)
                return .join(number)
            }
        }
        lastNumber += 1
        flights.append(Flight(number: lastNumber, key: key, sentAt: now, holdFor: timeToLive))
        joinable[key] = lastNumber
        return .send(lastNumber)
    }

    /// A request was answered.
    ///
    /// - Parameters:
    ///   - number: the request.
    ///   - now: the current time.
    ///   - policy: the settings.
    ///   - forgotten: the numbers of answers that need no longer be kept are added here; under `refusesRepeats`, where
    ///     no answer need be kept, the numbers of what is no longer remembered.
    public mutating func succeeded(
        _ number: RequestNumber,
        at now: Instant,
        policy: RequestCoalescerPolicy,
        forgotten: inout ActionBuffer<RequestNumber>
    ) -> Arrival {
        guard let flight = endFlight(number, policy) else { return .ignore }
        return keep(flight, at: now, policy, &forgotten)
    }

    /// A request failed for good. All who joined it get the failure. See `succeeded` for the parameters.
    public mutating func failed(
        _ number: RequestNumber,
        kind: FailureKind,
        at now: Instant,
        policy: RequestCoalescerPolicy,
        forgotten: inout ActionBuffer<RequestNumber>
    ) -> Arrival {
        guard let flight = endFlight(number, policy) else { return .ignore }
        guard kind.isClientStatus, policy.hazards.contains(.remembersClientFailures) else { return .deliver }
        return keep(flight, at: now, policy, &forgotten)
    }

    /// What is known about a key is no longer true.
    public mutating func clear(
        _ key: Key,
        policy: RequestCoalescerPolicy,
        forgotten: inout ActionBuffer<RequestNumber>
    ) {
        if let position = positions[key] { forget(position, &forgotten) }
        guard !policy.hazards.contains(.clearMissesInFlight) else { return }
        for index in flights.indices where flights[index].key == key { flights[index].isOutdated = true }
        joinable[key] = nil
    }

    /// What is known about the keys that a test picks (such as all with a prefix) is no longer true. Answers are
    /// forgotten in the order in which they arrived.
    public mutating func clear(
        policy: RequestCoalescerPolicy,
        forgotten: inout ActionBuffer<RequestNumber>,
        where isCleared: (Key) -> Bool
    ) {
        var next = oldest
        while let position = next {
            next = entries[position].newer
            if isCleared(entries[position].key) { forget(position, &forgotten) }
        }
        guard !policy.hazards.contains(.clearMissesInFlight) else { return }
        for index in flights.indices where isCleared(flights[index].key) {
            flights[index].isOutdated = true
            joinable[flights[index].key] = nil
        }
    }

    /// Nothing that is known is true any more.
    public mutating func clearAll(policy: RequestCoalescerPolicy, forgotten: inout ActionBuffer<RequestNumber>) {
        clear(policy: policy, forgotten: &forgotten) { _ in true }
    }

    /// Forgets the answers that are too old for everybody who asked for them so far.
    public mutating func removeStale(
        at now: Instant,
        policy: RequestCoalescerPolicy,
        forgotten: inout ActionBuffer<RequestNumber>
    ) {
        let isEndIncluded = policy.hazards.contains(.refusesRepeats)
        var next = oldest
        while let position = next {
            next = entries[position].newer
            let age = now - entries[position].ageStart
            let limit = entries[position].holdFor
            if isEndIncluded ? age > limit : age >= limit { forget(position, &forgotten) }
        }
    }

    private func effectiveTimeToLive(_ asked: Interval?, _ policy: RequestCoalescerPolicy) -> Interval {
        guard let asked else { return policy.timeToLive }
        return asked == .zero && policy.hazards.contains(.zeroMeansDefault) ? policy.timeToLive : asked
    }

    /// Where a request under way is: their numbers rise, so halving finds it.
    private func flightIndex(_ number: RequestNumber) -> Int? {
        var low = 0
        var high = flights.count
        while low < high {
            let middle = low + (high - low) / 2
            if flights[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < flights.count && flights[low].number == number ? low : nil
    }

    private mutating func endFlight(_ number: RequestNumber, _ policy: RequestCoalescerPolicy) -> Flight? {
        guard let index = flightIndex(number) else { return nil }
        let flight = flights.remove(at: index)
        if joinable[flight.key] == number || policy.hazards.contains(.olderAnswerRemovesNewer) {
            joinable[flight.key] = nil
        }
        return flight
    }

    private mutating func keep(
        _ flight: Flight,
        at now: Instant,
        _ policy: RequestCoalescerPolicy,
        _ forgotten: inout ActionBuffer<RequestNumber>
    ) -> Arrival {
        guard !flight.isOutdated else { return .deliver }
        if !policy.hazards.contains(.olderAnswerRemovesNewer) { outdateRequests(before: flight) }
        if let position = positions[flight.key] { forget(position, &forgotten) }
        guard policy.capacity > 0, flight.holdFor > .zero else { return .deliver }
        let ageStart = policy.hazards.contains(.agesCountFromSend) ? flight.sentAt : now
        append(
            Entry(key: flight.key, number: flight.number, ageStart: ageStart, holdFor: flight.holdFor, older: newest)
        )
        while positions.count > policy.capacity, let oldest { forget(oldest, &forgotten) }
        return policy.hazards.contains(.refusesRepeats) ? .deliver : .deliverAndKeep
    }

    private mutating func outdateRequests(before flight: Flight) {
        for index in flights.indices {
            guard flights[index].number < flight.number else { return }
            if flights[index].key == flight.key { flights[index].isOutdated = true }
        }
    }

    private mutating func append(_ entry: Entry) {
        let position: Int
        if let free = freePositions.popLast() {
            position = free
            entries[free] = entry
        } else {
            position = entries.count
            entries.append(entry)
        }
        if let newest { entries[newest].newer = position } else { oldest = position }
        newest = position
        positions[entry.key] = position
    }

    private mutating func forget(_ position: Int, _ forgotten: inout ActionBuffer<RequestNumber>) {
        let entry = entries[position]
        if let older = entry.older { entries[older].newer = entry.newer } else { oldest = entry.newer }
        if let newer = entry.newer { entries[newer].older = entry.older } else { newest = entry.older }
        positions[entry.key] = nil
        freePositions.append(position)
        forgotten.append(entry.number)
    }
}
