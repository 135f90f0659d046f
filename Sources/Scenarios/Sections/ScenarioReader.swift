import MonotonicTime
import Reconnection

/// Reads the sections of a scenario and checks that they fit together.
struct ScenarioReader {
    let section: SectionReader
    /// Policies that the program knows besides the presets.
    let registered: [String: ClientPolicy]
    /// Strategies that its policies may name.
    let strategies: [String: any RetryStrategy]

    /// The scenario, or nil if something essential is missing; whatever is wrong has been reported.
    func read() -> Scenario? {
        let resolver = PolicyResolver(registered: registered, strategies: strategies)
        let policies = resolver.resolve(section.mapping("policies"))
        let networks = readNetworks()
        let serverNames = readNames("servers", called: "server")
        let servers = section.list("servers").compactMap { $0.section().flatMap(readServer) }
        if section.node("servers")?.shape == .list, section.list("servers").isEmpty {
            section.report("'servers' must list at least one tier", at: "servers")
        }
        let durations = Bounds<Interval>(lower: .zero, lowerIsExcluded: true, upper: .hours(30 * 24))
        let duration = section.duration("duration", durations)
        let cohortNames = readNames("fleet", called: "cohort")
        let policyNames = policies.keys.sorted() + resolver.knownNames
        var fleet = section.list("fleet").compactMap { node in
            node.section().flatMap {
                readCohort($0, policies: policyNames, networks: networks, servers: serverNames, duration: duration)
            }
        }
        if section.node("fleet")?.shape == .list, section.list("fleet").isEmpty {
            section.report("'fleet' must list at least one cohort", at: "fleet")
        }
        if fleet.reduce(0, { $0 + $1.clients }) > 100_000_000 {
            section.report("the fleet must have at most 100_000_000 clients", at: "fleet")
        }
        let names = Names(cohorts: cohortNames, servers: serverNames)
        let timeline = readTimeline(fleet: &fleet, servers: servers, names: names, duration: duration)
        let expectations = readExpectations(cohorts: cohortNames)
        let summary = section.text("summary") ?? ""
        let replications = section.count("replications", .within(1...1_000_000)) ?? 20
        let seed = UInt64(section.count("seed", .atLeast(0)) ?? 1)
        let primaryMetric = section.choice("primary-metric") ?? "recovery-time-99"
        guard let name = section.name("name"), let duration else { return nil }
        return Scenario(
            name: name,
            summary: summary,
            duration: duration,
            replications: replications,
            seed: seed,
            primaryMetric: primaryMetric,
            // Registered ones, too: cohorts and comparisons may name them.
            policies: registered.merging(policies) { _, own in own },
            fleet: fleet,
            servers: servers,
            timeline: timeline,
            expectations: expectations
        )
    }

    /// What other sections may refer to, even where an entry is wrong in other ways: one mistake is told once.
    private struct Names {
        let cohorts: [String]
        let servers: [String]
    }

    /// The names of the entries of a list; reports those that cannot be told apart.
    private func readNames(_ key: String, called noun: String) -> [String] {
        var names: [String] = []
        var seen: Set<String> = []
        for node in section.list(key) where node.shape == .mapping {
            guard let keys = node.section(), let name = keys.name("name") else { continue }
            if !seen.insert(name).inserted {
                keys.report("two \(noun)s are called \(quoted(name))", at: "name")
            }
            if noun == "cohort", name == "all" {
                keys.report("'all' means the whole fleet and cannot name a cohort", at: "name")
            }
            names.append(name)
        }
        return names
    }

    /// Reports a name that is not among the known ones; answers whether it is.
    private func check(
        _ name: String,
        among known: [String],
        called noun: String,
        _ section: SectionReader,
        at key: String
    ) -> Bool {
        if known.contains(name) { return true }
        let plural = noun == "policy" ? "policies" : "\(noun)s"
        section.report(
            "no \(noun) is called \(quoted(name))" + Suggestion.hint(for: name, among: known, called: plural),
            at: key
        )
        return false
    }

    // MARK: Networks

    private func readNetworks() -> [NetworkProfile] {
        var networks = NetworkProfile.builtIn
        for entry in section.mapping("networks") {
            guard let keys = entry.value.section() else { continue }
            var network = NetworkProfile.builtIn[0]
            if let parent = keys.name("extends"),
                check(parent, among: networks.map(\.name), called: "network", keys, at: "extends"),
                let found = networks.first(where: { $0.name == parent })
            {
                network = found
            }
            network.name = entry.name
            if let roundTrip = keys.distribution("round-trip") {
                // Without it a client that retries at once would do so for ever in the same instant.
                if roundTrip.longest == .zero {
                    keys.report("'round-trip' must be able to take longer than 0s", at: "round-trip")
                }
                network.roundTrip = roundTrip
            }
            if let share = keys.probability("uplink-share") { network.uplinkShare = share }
            if let loss = keys.node("loss") { network.loss = readLoss(loss) ?? network.loss }
            if let survives = keys.duration("survives", .atLeast(.zero)) { network.survives = survives }
            networks.removeAll { $0.name == entry.name }
            networks.append(network)
        }
        return networks
    }

    private func readLoss(_ node: NodeReader) -> LossModel? {
        guard node.shape == .mapping else {
            return node.probability(.below(1)).map { $0 == 0 ? .none : .bernoulli($0) }
        }
        guard let keys = node.section() else { return nil }
        let whenGood = keys.probability("loss-when-good") ?? 0
        let whenBad = keys.probability("loss-when-bad") ?? 1
        let toBad = keys.probability("to-bad")
        let toGood = keys.probability("to-good", .above(0))
        guard let toBad, let toGood else { return nil }
        return .gilbertElliott(toBad: toBad, toGood: toGood, lossWhenGood: whenGood, lossWhenBad: whenBad)
    }

    // MARK: Fleet

    private func readCohort(
        _ keys: SectionReader,
        policies: [String],
        networks: [NetworkProfile],
        servers: [String],
        duration: Interval?
    ) -> Cohort? {
        let clients = keys.count("clients", .within(1...100_000_000))
        let start = keys.node("start").flatMap { readStart($0, duration: duration) } ?? .connected
        let policy = keys.name("policy")
        if let policy {
            _ = check(policy, among: policies, called: "policy", keys, at: "policy")
        }
        let networkName = keys.name("network") ?? "lte"
        _ = check(networkName, among: networks.map(\.name), called: "network", keys, at: "network")
        let server = keys.name("server")
        if let server { _ = check(server, among: servers, called: "server", keys, at: "server") }
        let outages = keys.list("outages").compactMap { node in
            node.section().flatMap { readOutage($0, duration: duration) }
        }
        let workload = keys.section("workload").flatMap(readWorkload)
        let isPolicyPinned = keys.boolean("pinned") ?? false
        let groupSize = keys.count("group-size", .within(1...100_000_000)) ?? 1
        guard let name = keys.name("name"), let clients, let policy,
            let network = networks.first(where: { $0.name == networkName })
        else { return nil }
        return Cohort(
            name: name,
            clients: clients,
            start: start,
            policy: policy,
            isPolicyPinned: isPolicyPinned,
            server: server ?? servers.first ?? "",
            network: network,
            groupSize: groupSize,
            outages: outages,
            workload: workload
        )
    }

    private func readStart(_ node: NodeReader, duration: Interval?) -> Cohort.Start? {
        if node.scalarText == "connected" { return .connected }
        guard let times = node.distribution() else { return nil }
        if let duration, times.shortest >= duration {
            node.report(
                "'start' (\(times.shortest.scenarioText) at the earliest) must be before the end of the observation "
                    + "(\(duration.scenarioText))"
            )
        }
        return .launched(times)
    }

    private func readWorkload(_ keys: SectionReader) -> Workload? {
        let deadline = keys.duration("deadline", .above(.zero)) ?? .seconds(30)
        let every = keys.duration("every", .atLeast(.milliseconds(1)))
        guard let rhythm = keys.choice("messages").flatMap(Workload.Rhythm.init), let every else { return nil }
        return Workload(rhythm: rhythm, every: every, deadline: deadline)
    }

    private func readOutage(_ keys: SectionReader, duration: Interval?) -> LinkOutage? {
        let probability = keys.probability("probability") ?? 1
        let stagger = keys.duration("stagger", .atLeast(.zero)) ?? .zero
        let attach = keys.distribution("attach")
        let up = keys.distribution("up")
        if let up, up.longest < .milliseconds(1) { keys.report("'up' must be able to last at least 1ms", at: "up") }
        let signal = keys.choice("signal").flatMap(LinkOutage.Signal.init)
        let sharing = keys.choice("shared-by").flatMap(LinkOutage.Sharing.init) ?? .client
        let first = keys.distribution("first")
        let down = keys.distribution("down")
        guard let signal, let first, let down else { return nil }
        if let duration, first.shortest + down.shortest >= duration {
            keys.report(
                "the first outage cannot end before the observation does (\(duration.scenarioText)): it begins after "
                    + "\(first.shortest.scenarioText) at the earliest and lasts at least \(down.shortest.scenarioText)",
                at: "first"
            )
        }
        return LinkOutage(
            signal: signal,
            sharedBy: sharing,
            first: first,
            down: down,
            up: up,
            probability: probability,
            stagger: stagger,
            attach: attach
        )
    }

    // MARK: Servers

    private func readServer(_ keys: SectionReader) -> ServerTier? {
        let handshake = keys.section("handshake").flatMap(readHandshake)
        let instances = keys.count("instances", .within(1...10_000)) ?? 1
        var warmUp: ServerTier.WarmUp?
        if let section = keys.section("warm-up") {
            let lasts = section.duration("for", .above(.zero))
            let from = section.probability("from", .above(0))
            if let lasts, let from { warmUp = ServerTier.WarmUp(lasts: lasts, from: from) }
        }
        var refusal = ServerTier.Refusal(close: 1013, retryAfter: nil)
        if let section = keys.section("refusal") {
            if let close = section.count("close", .within(1_000...65_535)) { refusal.close = UInt16(close) }
            refusal.retryAfter = section.duration("retry-after", .above(.zero))
        }
        let balancing = keys.choice("balancing").flatMap(ServerTier.Balancing.init) ?? .roundRobin
        let connectionLimit = keys.count("connection-limit", .atLeast(1))
        let idleTimeout = keys.duration("idle-timeout", .above(.zero)) ?? .seconds(60)
        let processing = keys.distribution("processing") ?? .constant(.milliseconds(1))
        guard let name = keys.name("name"), let handshake else { return nil }
        return ServerTier(
            name: name,
            instances: instances,
            balancing: balancing,
            handshake: handshake,
            connectionLimit: connectionLimit,
            warmUp: warmUp,
            refusal: refusal,
            idleTimeout: idleTimeout,
            processing: processing
        )
    }

    private func readHandshake(_ keys: SectionReader) -> ServerTier.Handshake? {
        let backlog = keys.count("backlog", .within(0...100_000_000)) ?? 4_096
        let roundTrips = keys.factor("round-trips", .within(1...100)) ?? 3
        let whenFull = keys.choice("when-full").flatMap(ServerTier.WhenFull.init) ?? .refuse
        let abandoned = keys.choice("abandoned").flatMap(ServerTier.Handshake.Abandoned.init) ?? .served
        let answered = keys.choice("answered").flatMap(ServerTier.Handshake.Answered.init) ?? .whenDone
        let workers = keys.count("workers", .within(1...1_000_000))
        let time = keys.distribution("time")
        if let time, time.longest == .zero { keys.report("'time' must be able to take longer than 0s", at: "time") }
        guard let workers, let time else { return nil }
        return ServerTier.Handshake(
            workers: workers,
            time: time,
            backlog: backlog,
            whenFull: whenFull,
            abandoned: abandoned,
            answered: answered,
            roundTrips: roundTrips
        )
    }

    // MARK: Timeline and expectations

    private func readTimeline(
        fleet: inout [Cohort],
        servers: [ServerTier],
        names: Names,
        duration: Interval?
    ) -> [TimelineEvent] {
        var events: [TimelineEvent] = []
        for node in section.list("timeline") {
            guard let keys = node.section() else { continue }
            let kinds = ["restart", "outage", "disconnect"].filter { keys.isPresent($0) }
            if kinds.count != 1, node.shape == .mapping {
                keys.report("a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'")
            }
            let at = keys.duration("at", .atLeast(.zero))
            if let duration, let at, at >= duration {
                keys.report(
                    "'at' (\(at.scenarioText)) must be before the end of the observation (\(duration.scenarioText))",
                    at: "at"
                )
            }
            // Every part is read even where the entry is lost already, so that all of its mistakes are told.
            let restart = keys.section("restart").flatMap {
                readRestart($0, at: at, servers: servers, names: names.servers, duration: duration)
            }
            let disconnect = keys.section("disconnect").flatMap { readDisconnect($0, cohorts: names.cohorts) }
            if let outage = keys.section("outage"),
                let (cohort, outage) = readTimedOutage(outage, at: at, cohorts: names.cohorts, duration: duration)
            {
                for index in fleet.indices where fleet[index].name == cohort { fleet[index].outages.append(outage) }
            }
            if let at, let restart { events.append(TimelineEvent(at: at, happening: .restart(restart))) }
            if let at, let disconnect { events.append(TimelineEvent(at: at, happening: .disconnect(disconnect))) }
        }
        return events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private func readRestart(
        _ keys: SectionReader,
        at: Interval?,
        servers: [ServerTier],
        names: [String],
        duration: Interval?
    ) -> TimelineEvent.Restart? {
        let instances = keys.count("instances", .atLeast(1))
        var ending = TimelineEvent.Restart.Ending.reset
        if let close = keys.node("close") {
            if close.scalarText == "reset" {
                ending = .reset
            } else if close.scalarText == "silent" {
                ending = .silent
            } else if let code = close.count(.within(1_000...4_999)) {
                ending = .close(code: UInt16(code))
            }
        }
        let meanwhile = keys.choice("meanwhile").flatMap(TimelineEvent.Restart.Meanwhile.init) ?? .refuse
        let server = keys.name("server")
        let down = keys.distribution("down")
        if let down { checkEnd(of: down, from: at, duration, keys, at: "down") }
        guard let server, check(server, among: names, called: "server", keys, at: "server") else { return nil }
        if let instances, let tier = servers.first(where: { $0.name == server }), instances > tier.instances {
            keys.report("'\(server)' has \(tier.instances) instances, not \(instances)", at: "instances")
        }
        guard let down else { return nil }
        return TimelineEvent.Restart(
            server: server,
            instances: instances,
            down: down,
            ending: ending,
            meanwhile: meanwhile
        )
    }

    private func readDisconnect(_ keys: SectionReader, cohorts: [String]) -> TimelineEvent.Disconnect? {
        let share = keys.probability("share") ?? 1
        let isSilent = keys.choice("how") == "silent"
        guard let cohort = keys.name("cohort"), check(cohort, among: cohorts, called: "cohort", keys, at: "cohort")
        else { return nil }
        return TimelineEvent.Disconnect(cohort: cohort, share: share, isSilent: isSilent)
    }

    private func readTimedOutage(
        _ keys: SectionReader,
        at: Interval?,
        cohorts: [String],
        duration: Interval?
    ) -> (cohort: String, outage: LinkOutage)? {
        let stagger = keys.duration("stagger", .atLeast(.zero)) ?? .zero
        let attach = keys.distribution("attach")
        let sharing = keys.choice("shared-by").flatMap(LinkOutage.Sharing.init) ?? .cohort
        let signal = keys.choice("signal").flatMap(LinkOutage.Signal.init)
        let length = keys.distribution("for")
        if let length { checkEnd(of: length, from: at, duration, keys, at: "for") }
        guard let name = keys.name("cohort"), check(name, among: cohorts, called: "cohort", keys, at: "cohort"),
            let at, let signal, let length
        else { return nil }
        let outage = LinkOutage(
            signal: signal,
            sharedBy: sharing,
            first: .constant(at),
            down: length,
            up: nil,
            probability: 1,
            stagger: stagger,
            attach: attach
        )
        return (name, outage)
    }

    private func checkEnd(
        of down: DurationDistribution,
        from at: Interval?,
        _ duration: Interval?,
        _ keys: SectionReader,
        at key: String
    ) {
        guard let at, let duration, at < duration, at + down.shortest >= duration else { return }
        keys.report(
            "this begins at \(at.scenarioText), lasts at least \(down.shortest.scenarioText) and so cannot end before "
                + "the observation does (\(duration.scenarioText))",
            at: key
        )
    }

    private func readExpectations(cohorts: [String]) -> [Expectation] {
        section.list("expect").compactMap { node -> Expectation? in
            guard let text = node.expression() else { return nil }
            do throws(Complaint) {
                return try ExpectationSyntax.parse(text, cohorts: cohorts)
            } catch {
                node.report(error.message)
                return nil
            }
        }
    }
}

extension DurationDistribution {
    /// The shortest duration that can be drawn, or a lower bound of it.
    var shortest: Interval {
        switch self {
        case .constant(let value): value
        case .uniform(let from, _): from
        case .exponential, .lognormal, .lognormalSigma, .weibull: .zero
        case .empirical(let values): values.min() ?? .zero
        case .truncated(let base, let from, _): max(base.shortest, from)
        }
    }

    /// The longest duration that can be drawn, or an upper bound of it.
    var longest: Interval {
        switch self {
        case .constant(let value): value
        case .uniform(_, let to): to
        case .exponential, .lognormal, .lognormalSigma, .weibull: .max
        case .empirical(let values): values.max() ?? .zero
        case .truncated(let base, _, let to): min(base.longest, to)
        }
    }
}
