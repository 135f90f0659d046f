public import MonotonicTime

/// Servers that share the connections of a fleet.
public struct ServerTier: Sendable, Hashable {
    /// How connections are spread over the instances that are up.
    public enum Balancing: String, Sendable, Hashable, CaseIterable {
        /// One after another.
        case roundRobin = "round-robin"
        /// Any, equally likely.
        case random
        /// The one with the fewest connections and handshakes; ties go to the first.
        case leastConnections = "least-connections"
    }

    /// The name.
    public var name: String
    /// How many instances.
    public var instances: Int
    /// How they share connections.
    public var balancing: Balancing
    /// What a new connection costs.
    public var handshake: Handshake
    /// The most connections and handshakes an instance holds; nil: no limit.
    public var connectionLimit: Int?
    /// How an instance comes back; nil: at full speed.
    public var warmUp: WarmUp?
    /// What a refused client is told.
    public var refusal: Refusal
    /// How long a connection whose client vanished still counts.
    public var idleTimeout: Interval
    /// From the arrival of a message to its acknowledgement's departure.
    public var processing: DurationDistribution

    /// New connections as a queue: a bounded backlog in front of several workers.
    public struct Handshake: Sendable, Hashable {
        /// How many handshakes an instance works on at once.
        public var workers: Int
        /// The time one takes.
        public var time: DurationDistribution
        /// How many wait at most.
        public var backlog: Int
        /// What happens beyond that.
        public var whenFull: WhenFull
        /// What becomes of a handshake in the backlog whose client has given up.
        public var abandoned = Abandoned.served
        /// When the client is told that it is connected.
        public var answered = Answered.whenDone
        /// How many round trips lie between the first packet and a usable session (TCP, TLS 1.3, upgrade: 3).
        public var roundTrips: Double

        /// What becomes of a handshake in the backlog whose client has given up.
        public enum Abandoned: String, Sendable, Hashable, CaseIterable {
            /// It stays in its place and costs a worker its time, as where nobody looks before the work is done.
            case served
            /// It leaves the backlog at once and costs nothing. One that a worker has begun is worked on to its end.
            case dropped
        }

        /// When the client is told that it is connected.
        public enum Answered: String, Sendable, Hashable, CaseIterable {
            /// When a worker has done its work: the client's timeout covers waiting and work. In a long queue workers then
            /// toil for clients that give up under their hands.
            case whenDone = "when-done"
            /// When a worker begins, who is busy for the same time all the same: the timeout covers the waiting alone.
            case whenBegun = "when-begun"
        }
    }

    /// What happens to an attempt that finds the backlog full.
    public enum WhenFull: String, Sendable, Hashable, CaseIterable {
        /// It is refused at once.
        case refuse
        /// Its packet is dropped, as Linux does when the accept queue overflows; the client's system sends it again.
        case drop
    }

    /// Capacity after a start rises linearly from a share to the whole.
    public struct WarmUp: Sendable, Hashable {
        /// How long it takes.
        public var lasts: Interval
        /// The share at the start.
        public var from: Double
    }

    /// What a refused client is told.
    public struct Refusal: Sendable, Hashable {
        /// The close code.
        public var close: UInt16
        /// How long to stay away; nil: nothing is said.
        public var retryAfter: Interval?
    }
}

/// Something that happens at a given time.
public struct TimelineEvent: Sendable, Hashable {
    /// When.
    public var at: Interval
    /// What.
    public var happening: Happening

    /// What can happen. Outages of links with a given time are written in the timeline too, but belong to a cohort's
    /// `outages` once read.
    public enum Happening: Sendable, Hashable {
        /// Instances of a tier go away and come back.
        case restart(Restart)
        /// Connections of a cohort break while network and server are fine.
        case disconnect(Disconnect)
    }

    /// A restart of some or all instances of a tier.
    public struct Restart: Sendable, Hashable {
        /// How the connections end.
        public enum Ending: Sendable, Hashable {
            /// With a close code.
            case close(code: UInt16)
            /// With a reset and no code: the process dies, the machine lives.
            case reset
            /// Without a word: the machine dies.
            case silent
        }

        /// What happens to attempts meanwhile.
        public enum Meanwhile: String, Sendable, Hashable, CaseIterable {
            /// They are refused at once.
            case refuse
            /// Their packets vanish.
            case drop
        }

        /// The tier.
        public var server: String
        /// How many of its instances, the first ones; nil: all.
        public var instances: Int?
        /// How long they are away.
        public var down: DurationDistribution
        /// How connections end.
        public var ending: Ending
        /// What happens to attempts when no instance is up.
        public var meanwhile: Meanwhile
    }

    /// Connections that break.
    public struct Disconnect: Sendable, Hashable {
        /// The cohort.
        public var cohort: String
        /// Each client is hit with this probability.
        public var share: Double
        /// Whether clients get a reset at once, or nothing: their path is dead and the next packet finds out.
        public var isSilent: Bool
    }
}
