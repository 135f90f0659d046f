import MonotonicTime
import Reconnection

/// Reads the sections of a scenario and checks that they fit together.
struct ScenarioReader {
    let section: SectionReader
    /// Policies that the program knows besides the presets.
    let registered: [String: ClientPolicy]

    /// The scenario, or nil if something essential is missing; whatever is wrong has been reported.
    func read() -> Scenario? {
        let policies = readPolicies()
        let networks = readNetworks()
        let servers = section.list("servers").compactMap { $0.section().flatMap(readServer) }
        checkUnique(servers.map(\.name), in: "servers", called: "server")
        if section.isPresent("servers"), section.list("servers").isEmpty {
            section.report("'servers' must list at least one tier", at: "servers")
        }
        let duration = section.duration("duration", .above(.zero))
        var fleet = section.list("fleet").compactMap { node in
            node.section().flatMap {
                readCohort($0, policies: policies, networks: networks, servers: servers, duration: duration)
            }
        }
        checkUnique(fleet.map(\.name), in: "fleet", called: "cohort")
        if fleet.contains(where: { $0.name == "all" }) {
            section.report("'all' means the whole fleet and cannot name a cohort", at: "fleet")
        }
        if section.isPresent("fleet"), section.list("fleet").isEmpty {
            section.report("'fleet' must list at least one cohort", at: "fleet")
        }
        if fleet.reduce(0, { $0 + $1.clients }) > 100_000_000 {
            section.report("the fleet must have at most 100_000_000 clients", at: "fleet")
        }
        let timeline = readTimeline(fleet: &fleet, servers: servers, duration: duration)
        let expectations = readExpectations(cohorts: fleet.map(\.name))
        guard let name = section.name("name"), let duration else { return nil }
        return Scenario(
            name: name,
            summary: section.text("summary") ?? "",
            duration: duration,
            replications: section.count("replications", .within(1...1_000_000)) ?? 20,
            seed: UInt64(section.count("seed", .atLeast(0)) ?? 1),
            primaryMetric: section.choice("primary-metric") ?? "recovery-time-99",
            policies: policies,
            fleet: fleet,
            servers: servers,
            timeline: timeline,
            expectations: expectations
        )
    }

    private func checkUnique(_ names: [String], in key: String, called noun: String) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            section.report("two \(noun)s are called \(quoted(name))", at: key)
        }
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
        section.report(
            "no \(noun) is called \(quoted(name))" + Suggestion.hint(for: name, among: known, called: "\(noun)s"),
            at: key
        )
        return false
    }

    // MARK: Policies and networks

    private func readPolicies() -> [String: ClientPolicy] {
        let entries = section.mapping("policies")
        var sections: [String: SectionReader] = [:]
        for entry in entries { sections[entry.name] = entry.value.section() }
        var done: [String: ClientPolicy] = [:]
        for entry in entries { resolve(entry.name, sections, &done) }
        return done
    }

    /// Reads a policy after all that it extends. A loop, because a file can hold chains too long for the stack.
    private func resolve(_ name: String, _ sections: [String: SectionReader], _ done: inout [String: ClientPolicy]) {
        var chain: [(name: String, keys: SectionReader)] = []
        var places: [String: Int] = [:]
        var base = PolicyReader.plain
        var next: String? = name
        while let current = next, let keys = sections[current] {
            next = nil
            if let policy = done[current] {
                base = policy
                break
            }
            places[current] = chain.count
            chain.append((current, keys))
            guard let parent = keys.name("extends") else { break }
            if parent != current, let start = places[parent] {
                let circle = chain[start...].prefix(10).map(\.name) + (chain.count - start > 10 ? ["…"] : []) + [parent]
                keys.report("policies extend each other in a circle: \(circle.joined(separator: " > "))", at: "extends")
            } else if parent != current, sections[parent] != nil {
                next = parent
            } else if let known = knownPolicy(parent) {
                base = known
            } else if parent == current {
                keys.report("\(quoted(current)) cannot extend itself", at: "extends")
            } else {
                _ = check(parent, among: sections.keys.sorted() + knownNames, called: "policy", keys, at: "extends")
            }
        }
        for (name, keys) in chain.reversed() {
            base = PolicyReader.read(keys, onto: base)
            done[name] = base
        }
    }

    private func knownPolicy(_ name: String) -> ClientPolicy? {
        registered[name] ?? PolicyPreset.named(name)?.policy
    }

    private var knownNames: [String] { registered.keys.sorted() + PolicyPreset.all.map(\.name) }

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
            if let roundTrip = keys.distribution("round-trip") { network.roundTrip = roundTrip }
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
        guard let toBad = keys.probability("to-bad"), let toGood = keys.probability("to-good", .above(0)) else {
            return nil
        }
        return .gilbertElliott(toBad: toBad, toGood: toGood, lossWhenGood: whenGood, lossWhenBad: whenBad)
    }

    // MARK: Fleet

    private func readCohort(
        _ keys: SectionReader,
        policies: [String: ClientPolicy],
        networks: [NetworkProfile],
        servers: [ServerTier],
        duration: Interval?
    ) -> Cohort? {
        let clients = keys.count("clients", .within(1...100_000_000))
        let policy = keys.name("policy")
        if let policy {
            _ = check(policy, among: policies.keys.sorted() + knownNames, called: "policy", keys, at: "policy")
        }
        let networkName = keys.name("network") ?? "lte"
        _ = check(networkName, among: networks.map(\.name), called: "network", keys, at: "network")
        let server = keys.name("server") ?? servers.first?.name ?? ""
        if keys.isPresent("server") {
            _ = check(server, among: servers.map(\.name), called: "server", keys, at: "server")
        }
        let outages = keys.list("outages").compactMap { node in
            node.section().flatMap { readOutage($0, duration: duration) }
        }
        let workload = keys.section("workload").flatMap(readWorkload)
        guard let name = keys.name("name"), let clients, let policy,
            let network = networks.first(where: { $0.name == networkName })
        else { return nil }
        return Cohort(
            name: name,
            clients: clients,
            policy: policy,
            isPolicyPinned: keys.boolean("pinned") ?? false,
            server: server,
            network: network,
            groupSize: keys.count("group-size", .within(1...100_000_000)) ?? 1,
            outages: outages,
            workload: workload
        )
    }

    private func readWorkload(_ keys: SectionReader) -> Workload? {
        let deadline = keys.duration("deadline", .above(.zero)) ?? .seconds(30)
        guard let rhythm = keys.choice("messages").flatMap(Workload.Rhythm.init),
            let every = keys.duration("every", .atLeast(.milliseconds(1)))
        else { return nil }
        return Workload(rhythm: rhythm, every: every, deadline: deadline)
    }

    private func readOutage(_ keys: SectionReader, duration: Interval?) -> LinkOutage? {
        let probability = keys.probability("probability") ?? 1
        let stagger = keys.duration("stagger", .atLeast(.zero)) ?? .zero
        let attach = keys.distribution("attach")
        let up = keys.distribution("up")
        if let up, up.longest < .milliseconds(1) { keys.report("'up' must be able to last at least 1ms", at: "up") }
        guard let signal = keys.choice("signal").flatMap(LinkOutage.Signal.init),
            let first = keys.distribution("first"), let down = keys.distribution("down")
        else { return nil }
        if let duration, first.shortest + down.shortest >= duration {
            keys.report(
                "the first outage cannot end before the observation does (\(duration.scenarioText)): it begins after "
                    + "\(first.shortest.scenarioText) at the earliest and lasts at least \(down.shortest.scenarioText)",
                at: "first"
            )
        }
        return LinkOutage(
            signal: signal,
            sharedBy: keys.choice("shared-by").flatMap(LinkOutage.Sharing.init) ?? .client,
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
        if let section = keys.section("warm-up"), let lasts = section.duration("for", .above(.zero)),
            let from = section.probability("from", .above(0))
        {
            warmUp = ServerTier.WarmUp(lasts: lasts, from: from)
        }
        var refusal = ServerTier.Refusal(close: 1013, retryAfter: nil)
        if let section = keys.section("refusal") {
            if let close = section.count("close", .within(1_000...65_535)) { refusal.close = UInt16(close) }
            refusal.retryAfter = section.duration("retry-after", .above(.zero))
        }
        guard let name = keys.name("name"), let handshake else { return nil }
        return ServerTier(
            name: name,
            instances: instances,
            balancing: keys.choice("balancing").flatMap(ServerTier.Balancing.init) ?? .roundRobin,
            handshake: handshake,
            connectionLimit: keys.count("connection-limit", .atLeast(1)),
            warmUp: warmUp,
            refusal: refusal,
            idleTimeout: keys.duration("idle-timeout", .above(.zero)) ?? .seconds(60),
            processing: keys.distribution("processing") ?? .constant(.milliseconds(1))
        )
    }

    private func readHandshake(_ keys: SectionReader) -> ServerTier.Handshake? {
        let backlog = keys.count("backlog", .within(0...100_000_000)) ?? 4_096
        let roundTrips = keys.factor("round-trips", .within(1...100)) ?? 3
        if let time = keys.distribution("time"), time.longest == .zero {
            keys.report("'time' must be able to take longer than 0s", at: "time")
        }
        guard let workers = keys.count("workers", .within(1...1_000_000)), let time = keys.distribution("time")
        else { return nil }
        return ServerTier.Handshake(
            workers: workers,
            time: time,
            backlog: backlog,
            whenFull: keys.choice("when-full").flatMap(ServerTier.WhenFull.init) ?? .refuse,
            roundTrips: roundTrips
        )
    }

    // MARK: Timeline and expectations

    private func readTimeline(fleet: inout [Cohort], servers: [ServerTier], duration: Interval?) -> [TimelineEvent] {
        var events: [TimelineEvent] = []
        for node in section.list("timeline") {
            guard let keys = node.section() else { continue }
            let kinds = ["restart", "outage", "disconnect"].filter { keys.isPresent($0) }
            guard kinds.count == 1 else {
                keys.report("a timeline entry has exactly one of 'restart', 'outage' and 'disconnect'")
                continue
            }
            guard let at = keys.duration("at", .atLeast(.zero)) else { continue }
            if let duration, at >= duration {
                keys.report(
                    "'at' (\(at.scenarioText)) must be before the end of the observation (\(duration.scenarioText))",
                    at: "at"
                )
            }
            if let restart = keys.section("restart") {
                if let happening = readRestart(restart, at: at, servers: servers, duration: duration) {
                    events.append(TimelineEvent(at: at, happening: .restart(happening)))
                }
            } else if let outage = keys.section("outage") {
                readTimedOutage(outage, at: at, fleet: &fleet, duration: duration)
            } else if let disconnect = keys.section("disconnect"), let cohort = disconnect.name("cohort"),
                check(cohort, among: fleet.map(\.name), called: "cohort", disconnect, at: "cohort")
            {
                let happening = TimelineEvent.Disconnect(
                    cohort: cohort,
                    share: disconnect.probability("share") ?? 1,
                    isSilent: disconnect.choice("how") == "silent"
                )
                events.append(TimelineEvent(at: at, happening: .disconnect(happening)))
            }
        }
        return events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private func readRestart(
        _ keys: SectionReader,
        at: Interval,
        servers: [ServerTier],
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
        guard let server = keys.name("server"), let down = keys.distribution("down") else { return nil }
        guard check(server, among: servers.map(\.name), called: "server", keys, at: "server") else { return nil }
        checkEnd(of: down, from: at, duration, keys, at: "down")
        if let instances, let tier = servers.first(where: { $0.name == server }), instances > tier.instances {
            keys.report("'\(server)' has \(tier.instances) instances, not \(instances)", at: "instances")
        }
        return TimelineEvent.Restart(
            server: server,
            instances: instances,
            down: down,
            ending: ending,
            meanwhile: meanwhile
        )
    }

    private func readTimedOutage(_ keys: SectionReader, at: Interval, fleet: inout [Cohort], duration: Interval?) {
        let stagger = keys.duration("stagger", .atLeast(.zero)) ?? .zero
        let attach = keys.distribution("attach")
        let sharing = keys.choice("shared-by").flatMap(LinkOutage.Sharing.init) ?? .cohort
        guard let signal = keys.choice("signal").flatMap(LinkOutage.Signal.init),
            let length = keys.distribution("for"), let name = keys.name("cohort"),
            check(name, among: fleet.map(\.name), called: "cohort", keys, at: "cohort"),
            let index = fleet.firstIndex(where: { $0.name == name })
        else { return }
        checkEnd(of: length, from: at, duration, keys, at: "for")
        fleet[index].outages.append(
            LinkOutage(
                signal: signal,
                sharedBy: sharing,
                first: .constant(at),
                down: length,
                up: nil,
                probability: 1,
                stagger: stagger,
                attach: attach
            )
        )
    }

    private func checkEnd(
        of down: DurationDistribution,
        from at: Interval,
        _ duration: Interval?,
        _ keys: SectionReader,
        at key: String
    ) {
        guard let duration, at < duration, at + down.shortest >= duration else { return }
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
