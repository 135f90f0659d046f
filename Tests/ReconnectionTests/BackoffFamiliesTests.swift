import MonotonicTime
import Reconnection
import Testing

/// The families of delays that single libraries have.
@Suite struct BackoffFamiliesTests {
    private static let almostOne = 1 - 0x1p-53

    /// The delays before the first retries of one client, in milliseconds, and how many numbers they took.
    private func delays(_ backoff: Backoff, count: Int, uniforms: [Double]) -> (milliseconds: [Double], draws: Int) {
        var random = CountingRandomSource(uniforms)
        var memory = Backoff.Memory()
        let delays = (0..<count).map { backoff.delay(beforeRetry: $0, memory: &memory, random: &random) }
        return (delays.map { Double($0.nanoseconds) / 1e6 }, random.draws)
    }

    @Test(
        "each jitter spreads a delay of 8 s over exactly its range",
        arguments: [
            (.subtractive(fraction: 0.2), [8_000, 7_200, 6_800, 6_400]),
            (.subtractive(fraction: 2), [8_000, 0, 0, 0]),
            (.additiveRange(from: .milliseconds(300), to: .seconds(3)), [8_300, 9_650, 10_325, 11_000]),
            (.fullAbove(minimum: .milliseconds(100)), [100, 4_050, 6_025, 8_000]),
            (.fullAbove(minimum: .seconds(9)), [9_000, 9_000, 9_000, 9_000]),
        ] as [(Backoff.Jitter, [Double])]
    )
    func jitter(jitter: Backoff.Jitter, milliseconds: [Double]) {
        let backoff = Backoff(growth: .fixed(.seconds(8)), jitter: jitter)
        let (delays, draws) = delays(backoff, count: 4, uniforms: [0, 0.5, 0.75, Self.almostOne])
        #expect(delays == milliseconds)
        #expect(draws == 4)
    }

    @Test("where one draw gives sign and size, even first digits subtract and odd ones add")
    func signFromDigit() {
        let backoff = Backoff(
            growth: .fixed(.seconds(8)),
            jitter: .signFromDigit(fraction: 0.5),
            rounding: .downToMilliseconds
        )
        let (delays, draws) = delays(backoff, count: 7, uniforms: [0, 0.125, 0.25, 0.5, 0.75, 0.875, 0.999_99])
        #expect(delays == [8_000, 8_500, 7_000, 10_000, 11_000, 4_500, 11_999])
        #expect(draws == 7)
    }

    @Test("a growth past every number is no wait or the cap, as the digit says")
    func signFromDigitOfInfinity() {
        let backoff = Backoff(
            growth: .exponential(base: .seconds(1), factor: 2),
            cap: .seconds(5),
            capOrder: .afterJitter,
            jitter: .signFromDigit(fraction: 0.5)
        )
        for (uniform, delay) in [(0.25, Interval.zero), (0.5, .seconds(5)), (0, .zero)] {
            var random = RepeatingRandomSource([uniform])
            #expect(backoff.delay(beforeRetry: 2_000, previous: nil, random: &random) == delay)
        }
    }

    @Test("smooth decorrelated delays are differences of 2^t · tanh √4t")
    func smoothDecorrelated() {
        let backoff = Backoff(growth: .fixed(.seconds(1)), jitter: .smoothDecorrelated)
        var random = CountingRandomSource([0.5])
        var memory = Backoff.Memory()
        let delays = (0..<3).map { backoff.delay(beforeRetry: $0, memory: &memory, random: &random).nanoseconds }
        #expect(delays == [897_404_936, 1_093_003_547, 2_035_747_963])
        #expect(random.draws == 3)
        random = CountingRandomSource([0])
        memory = Backoff.Memory()
        let least = (0..<3).map { backoff.delay(beforeRetry: $0, memory: &memory, random: &random).nanoseconds }
        #expect(least == [0, 1_377_182_257, 1_460_067_301])
    }

    @Test("compounding growth multiplies the last randomised delay, capped before or after its jitter")
    func compounding() {
        var backoff = Backoff(
            growth: .compounding(base: .seconds(1), factor: 2),
            cap: .seconds(10),
            jitter: .symmetric(fraction: 0.5)
        )
        // U = 0.75 makes 1.25 of each delay.
        #expect(delays(backoff, count: 5, uniforms: [0.75]).milliseconds == [1_250, 3_125, 7_812.5, 12_500, 12_500])
        backoff.capOrder = .afterJitter
        backoff.rounding = Backoff.Rounding(.nearest, to: .milliseconds(1))
        #expect(delays(backoff, count: 5, uniforms: [0.75]).milliseconds == [1_250, 3_126, 7_816, 10_000, 10_000])
        backoff.jitter = .none
        #expect(delays(backoff, count: 5, uniforms: [0]) == ([1_000, 2_000, 4_000, 8_000, 10_000], 0))
        // The number of the retry plays no part; what was handed out before does.
        var random = RepeatingRandomSource([0])
        #expect(backoff.delay(beforeRetry: 77, previous: .seconds(3), random: &random) == .seconds(6))
    }

    @Test(
        "delays are rounded to the unit, in the direction asked for",
        arguments: [
            (.nearest, 1, 1_500, 2_000), (.nearest, 1, 1_499, 1_000), (.down, 1, 1_999, 1_000),
            (.down, 1, 2_000, 2_000),
            (.up, 1, 1_001, 2_000), (.up, 1, 1_000, 1_000), (.down, 0.5, 1_999, 1_500), (.up, 0.001, 10.2, 11),
        ] as [(Backoff.Rounding.Direction, Double, Double, Double)]
    )
    func rounding(direction: Backoff.Rounding.Direction, unit: Double, delay: Double, expected: Double) {
        let backoff = Backoff(
            growth: .fixed(Interval(seconds: delay / 1_000)),
            rounding: Backoff.Rounding(direction, to: Interval(seconds: unit))
        )
        #expect(delays(backoff, count: 1, uniforms: [0]).milliseconds == [expected])
    }

    @Test("a generator of whole numbers reaches the upper end as often as any other value")
    func upperEnd() {
        let backoff = Backoff(
            growth: .fixed(.milliseconds(10)),
            jitter: .full,
            rounding: Backoff.Rounding(.down, to: .milliseconds(1), drawsUpperEnd: true)
        )
        let uniforms = [0, 0.5, 0.909, 0.91, Self.almostOne]
        #expect(delays(backoff, count: 5, uniforms: uniforms).milliseconds == [0, 5, 9, 10, 10])
    }

    @Test("retries before the first jittered one wait exactly the growth and draw nothing")
    func firstJittered() {
        let backoff = Backoff(
            growth: .exponential(base: .seconds(1), factor: 2),
            jitter: .full,
            firstJittered: 2
        )
        #expect(delays(backoff, count: 4, uniforms: [0.25]) == ([1_000, 2_000, 1_000, 2_000], 2))
    }

    @Test("a number drawn once serves the client's whole life, over resets and starts")
    func drawnOnce() {
        let backoff = Backoff(growth: .fixed(.seconds(8)), jitter: .full, draws: .once)
        #expect(delays(backoff, count: 3, uniforms: [0.25, 0.75]) == ([2_000, 2_000, 2_000], 1))
        let client = TestClient(ClientPolicy(backoff: backoff), uniforms: [0.25, 0.75])
        client.start(at: 0)
        #expect(client.lost(1, at: 0).first == .retry(2, 0))
        client.advance(to: 2)
        client.opened(2, at: 2)
        #expect(client.lost(2, at: 2).first == .retry(4, 0))
        client.stop(at: 3)
        client.start(at: 10)
        #expect(client.lost(3, at: 10).first == .retry(12, 0))
        #expect(client.random.draws == 1)
    }

    @Test(
        "a wait that is drawn anew at its end lasts until a draw is not longer",
        arguments: [
            ([0.2, 0.5, 0.9, 0.3], 9_000, 4), ([0.9, 0.3], 9_000, 2), ([0.5], 5_000, 2), ([0.4, 0.6, 0.6], 6_000, 3),
        ] as [([Double], Double, Int)]
    )
    func untilNotLonger(uniforms: [Double], milliseconds: Double, draws: Int) {
        let backoff = Backoff(growth: .fixed(.seconds(10)), jitter: .full, draws: .untilNotLonger)
        #expect(delays(backoff, count: 1, uniforms: uniforms) == ([milliseconds], draws))
        var plain = backoff
        plain.jitter = .none
        #expect(delays(plain, count: 1, uniforms: uniforms) == ([10_000], 0))
    }

    @Test("a source whose numbers rise for ever ends after ten thousand draws")
    func risingSource() {
        struct Rising: RandomSource {
            var draws = 0.0
            mutating func nextUniform() -> Double {
                draws += 1
                return draws / 1e6
            }
        }
        let backoff = Backoff(growth: .fixed(.seconds(1_000)), jitter: .full, draws: .untilNotLonger)
        var random = Rising()
        _ = backoff.delay(beforeRetry: 0, previous: nil, random: &random)
        #expect(random.draws == 10_001)
    }

    @Test("a first delay with a rule of its own leaves the growth to the retries after it")
    func first() {
        var backoff = Backoff(
            growth: .exponential(base: .seconds(1), factor: 2),
            cap: .seconds(3),
            floor: .milliseconds(800),
            jitter: .none,
            first: Backoff.First(from: .milliseconds(100), to: .milliseconds(500))
        )
        #expect(delays(backoff, count: 4, uniforms: [0.5]) == ([300, 1_000, 2_000, 3_000], 1))
        backoff.first = .atOnce
        #expect(delays(backoff, count: 4, uniforms: [0.5]) == ([0, 1_000, 2_000, 3_000], 0))
        backoff.first = Backoff.First(from: .microseconds(1_999), to: .microseconds(1_999))
        backoff.rounding = .downToMilliseconds
        #expect(delays(backoff, count: 1, uniforms: [0.5]) == ([1], 0))
    }

    @Test("a floor bounds the delay after its jitter, in either cap order", arguments: Backoff.CapOrder.allCases)
    func floor(order: Backoff.CapOrder) {
        let backoff = Backoff(
            growth: .fixed(.seconds(1)),
            cap: .seconds(30),
            capOrder: order,
            floor: .milliseconds(500),
            jitter: .full
        )
        #expect(delays(backoff, count: 3, uniforms: [0.25, 0.5, 0.75]).milliseconds == [500, 500, 750])
    }
}
