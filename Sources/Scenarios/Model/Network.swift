public import MonotonicTime

/// A network between client and server while it works.
public struct NetworkProfile: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The round-trip time, drawn anew for each packet.
    public var roundTrip: DurationDistribution
    /// The part of the round trip that the way to the server takes, in 0 ... 1; the way back takes the rest.
    public var uplinkShare = 0.5
    /// How packets are lost. The transport sends a lost packet again, so to client code loss is delay.
    public var loss: LossModel
    /// An established connection survives a silent gap up to this long; after a longer one it is dead, and the next
    /// packet on it is answered by a reset.
    public var survives: Interval
}

/// How packets are lost while the link is up.
public enum LossModel: Sendable, Hashable {
    /// No packet is lost.
    case none
    /// Each packet is lost with this probability, whatever happened to others.
    case bernoulli(Double)
    /// A two-state Markov chain that moves at each packet: from good to bad with probability `toBad`, back with
    /// `toGood`; packets are lost with `lossWhenGood` and `lossWhenBad` (Gilbert 1960, Elliott 1963). The stationary
    /// share of lost packets is (lossWhenGood · toGood + lossWhenBad · toBad) / (toBad + toGood).
    case gilbertElliott(toBad: Double, toGood: Double, lossWhenGood: Double, lossWhenBad: Double)
}

extension NetworkProfile {
    /// The profiles a scenario may name without describing them.
    ///
    /// Round trips: public probe data of SIGCOMM 2021 (RRC-Probe, active radio, US city) for `lte` and `5g`; Grigorik,
    /// *High Performance Browser Networking*, for Wi-Fi's first hop and 3G, plus 20 ms to the server; WebPageTest's
    /// connectivity presets for `edge`; the usual preset of 600 ms for `satellite`. Loss: Gilbert–Elliott shapes of
    /// str0m's netem presets. How long connections survive: address translation tables forget after minutes, carriers
    /// and browsers tolerate gaps of about half a minute (assumptions, to be varied).
    public static let builtIn: [NetworkProfile] = [
        NetworkProfile(name: "ideal", roundTrip: .constant(.milliseconds(1)), loss: .none, survives: .seconds(30)),
        NetworkProfile(
            name: "wifi",
            roundTrip: .lognormal(median: .milliseconds(26), quantile: .milliseconds(60), probability: 0.99),
            loss: .gilbertElliott(toBad: 0.005, toGood: 0.5, lossWhenGood: 0, lossWhenBad: 1),
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "wifi-poor",
            roundTrip: .lognormal(median: .milliseconds(40), quantile: .milliseconds(250), probability: 0.99),
            loss: .gilbertElliott(toBad: 0.025, toGood: 0.5, lossWhenGood: 0.001, lossWhenBad: 0.9),
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "lte",
            roundTrip: .lognormal(median: .milliseconds(66), quantile: .milliseconds(90), probability: 0.99),
            loss: .gilbertElliott(toBad: 0.002, toGood: 0.2, lossWhenGood: 0.0001, lossWhenBad: 0.8),
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "5g",
            roundTrip: .lognormal(median: .milliseconds(64), quantile: .milliseconds(85), probability: 0.99),
            loss: .none,
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "3g",
            roundTrip: .lognormal(median: .milliseconds(250), quantile: .milliseconds(600), probability: 0.99),
            loss: .gilbertElliott(toBad: 0.005, toGood: 0.1, lossWhenGood: 0.001, lossWhenBad: 0.7),
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "edge",
            roundTrip: .lognormal(median: .milliseconds(840), quantile: .milliseconds(1_500), probability: 0.99),
            loss: .bernoulli(0.015),
            survives: .seconds(30)
        ),
        NetworkProfile(
            name: "satellite",
            roundTrip: .lognormal(median: .milliseconds(600), quantile: .milliseconds(700), probability: 0.99),
            loss: .gilbertElliott(toBad: 0.01, toGood: 0.33, lossWhenGood: 0, lossWhenBad: 1),
            survives: .seconds(30)
        ),
    ]
}

/// Times during which a link carries nothing.
public struct LinkOutage: Sendable, Hashable {
    /// Whether the system tells the client.
    public enum Signal: String, Sendable, Hashable, CaseIterable {
        /// It does, at once, both ways: airplane mode.
        case signalled
        /// It does not: packets vanish, and only a heartbeat or a timeout notices. A tunnel.
        case silent
    }

    /// Who shares the same times.
    public enum Sharing: String, Sendable, Hashable, CaseIterable {
        /// Nobody.
        case client
        /// The members of a group.
        case group
        /// The whole cohort.
        case cohort
    }

    /// Whether clients are told.
    public var signal: Signal
    /// Who goes down together.
    public var sharedBy: Sharing
    /// From the start to the first outage.
    public var first: DurationDistribution
    /// How long each outage lasts.
    public var down: DurationDistribution
    /// From the end of one outage to the start of the next; nil: there is one alone.
    public var up: DurationDistribution?
    /// Each outage happens with this probability; otherwise its time passes with the link up.
    public var probability: Double
    /// Members of a group differ in beginning and end by the same random part of this (the length of the train).
    public var stagger: Interval
    /// After the outage each client needs so long to attach to the network; nil: no time.
    public var attach: DurationDistribution?
}
