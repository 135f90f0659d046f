import DiscreteEvents
import MonotonicTime
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Small queueing stations driven by the event queue, against closed forms.
///
/// Sources: L. Kleinrock, "Queueing Systems", volume 1, 1975; for M/G/1 the Pollaczek-Khinchine formula.
@Suite struct QueueingFormulaTests {
    /// Customers arrive at random, wait in order of arrival for one of the servers, and are turned away when full.
    struct Station: Sendable, CustomStringConvertible {
        var description: String
        /// Customers a second.
        var arrivalRate: Double
        /// Seconds.
        var service: Distribution
        var servers = 1
        /// The most customers present, those in service included.
        var capacity = Int.max
        /// Expected seconds in the queue of a customer who is let in; expected share of customers turned away.
        var expectedWait: Double
        var expectedBlocking = 0.0
    }

    static let stations: [Station] = [
        Station(
            description: "M/M/1",
            arrivalRate: 0.6,
            service: .exponential(mean: 1),
            expectedWait: 0.6 / (1 - 0.6)
        ),
        Station(
            description: "M/M/3",
            arrivalRate: 2.1,
            service: .exponential(mean: 1),
            servers: 3,
            expectedWait: erlangC(servers: 3, load: 2.1) / (3 - 2.1)
        ),
        Station(
            description: "M/D/1",
            arrivalRate: 0.7,
            service: .constant(1),
            expectedWait: 0.7 / (2 * (1 - 0.7))
        ),
        Station(
            description: "M/G/1, lognormal service",
            arrivalRate: 0.5,
            service: .lognormal(median: exp(-0.125), sigma: 0.5),
            // The mean is 1, the mean square exp(sigma^2).
            expectedWait: 0.5 * exp(0.25) / (2 * (1 - 0.5))
        ),
        Station(
            description: "M/M/2/5",
            arrivalRate: 2.2,
            service: .exponential(mean: 1),
            servers: 2,
            capacity: 5,
            expectedWait: boundedStation(servers: 2, capacity: 5, load: 2.2).wait,
            expectedBlocking: boundedStation(servers: 2, capacity: 5, load: 2.2).blocking
        ),
        Station(
            description: "Erlang B, exponential service",
            arrivalRate: 4,
            service: .exponential(mean: 1),
            servers: 5,
            capacity: 5,
            expectedWait: 0,
            expectedBlocking: erlangB(servers: 5, load: 4)
        ),
        Station(
            description: "Erlang B, Weibull service (only its mean matters)",
            arrivalRate: 4 / Distribution.weibull(shape: 0.7, scale: 1).mean,
            service: .weibull(shape: 0.7, scale: 1),
            servers: 5,
            capacity: 5,
            expectedWait: 0,
            expectedBlocking: erlangB(servers: 5, load: 4)
        ),
    ]

    @Test("wait and blocking agree with the closed form within four standard errors", arguments: stations)
    func closedForm(station: Station) {
        let customers = simulate(station, customers: 120_000, seed: 20_260)
        let wait = batchMeans(customers.filter { !$0.isBlocked }.map(\.wait))
        let blocking = batchMeans(customers.map { $0.isBlocked ? 1 : 0 })
        #expect(abs(wait.mean - station.expectedWait) <= 4 * wait.standardError, "\(wait)")
        #expect(abs(blocking.mean - station.expectedBlocking) <= 4 * blocking.standardError, "\(blocking)")
        // A test that could not tell a wrong result from a right one would prove nothing.
        #expect(wait.standardError <= 0.05 * station.expectedWait)
        #expect(blocking.standardError <= 0.05 * station.expectedBlocking)
    }

    private struct Customer {
        var wait: Double
        var isBlocked: Bool
    }

    private enum Event { case arrival, departure }

    /// The customers in order of arrival, those of the first twelfth left out.
    private func simulate(_ station: Station, customers count: Int, seed: UInt64) -> [Customer] {
        let key = RandomKey(seed: seed, replication: 0)
        var arrivals = RandomStream(key: key, entity: 0, purpose: 0)
        var services = RandomStream(key: key, entity: 0, purpose: 1)
        let gap = Distribution.exponential(mean: 1 / station.arrivalRate)
        var events = EventQueue<Event>(bucketWidth: .milliseconds(50))
        var customers: [Customer] = []
        var arrivalTimes: [Instant] = []
        /// Customers by number whose service has not begun; those before `head` have been served.
        var queue: [Int] = []
        var head = 0
        var busy = 0
        events.schedule(.arrival, at: Instant(gap.interval(atUniform: arrivals.nextUniform())))
        while let (now, event) = events.popNext(notAfter: .distantFuture) {
            switch event {
            case .arrival:
                let isBlocked = busy + queue.count - head >= station.capacity
                if !isBlocked { queue.append(customers.count) }
                customers.append(Customer(wait: 0, isBlocked: isBlocked))
                arrivalTimes.append(now)
                if customers.count < count {
                    events.schedule(.arrival, at: now + gap.interval(atUniform: arrivals.nextUniform()))
                }
            case .departure:
                busy -= 1
            }
            while busy < station.servers, head < queue.count {
                let customer = queue[head]
                head += 1
                busy += 1
                customers[customer].wait = (now - arrivalTimes[customer]).seconds
                events.schedule(.departure, at: now + station.service.interval(atUniform: services.nextUniform()))
            }
        }
        return Array(customers.dropFirst(count / 12))
    }

    /// The mean and its standard error from the means of 40 batches, each long against the correlation of the queue.
    private func batchMeans(_ values: [Double]) -> (mean: Double, standardError: Double) {
        let size = values.count / 40
        let means = (0..<40).map { batch in
            values[batch * size..<(batch + 1) * size].reduce(0, +) / Double(size)
        }
        let mean = means.reduce(0, +) / 40
        let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39
        return (mean, (variance / 40).squareRoot())
    }

    /// The share of customers lost by servers without a queue.
    private static func erlangB(servers: Int, load: Double) -> Double {
        (1...servers).reduce(1) { load * $0 / (Double($1) + load * $0) }
    }

    /// The share of customers who wait, in a queue without a bound.
    private static func erlangC(servers: Int, load: Double) -> Double {
        let loss = erlangB(servers: servers, load: load)
        return loss / (1 - load / Double(servers) * (1 - loss))
    }

    /// The mean wait of those let in, in mean service times, and the share turned away, from the balance equations.
    private static func boundedStation(servers: Int, capacity: Int, load: Double) -> (wait: Double, blocking: Double) {
        var weights = [1.0]
        for present in 1...capacity { weights.append(weights[present - 1] * load / Double(min(present, servers))) }
        let total = weights.reduce(0, +)
        let blocking = weights[capacity] / total
        let queued = weights.indices.reduce(0) { $0 + Double(max($1 - servers, 0)) * weights[$1] / total }
        return (queued / (load * (1 - blocking)), blocking)
    }
}
