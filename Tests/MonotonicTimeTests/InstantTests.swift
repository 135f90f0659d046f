import MonotonicTime
import Testing

@Suite struct InstantTests {
    @Test("never is reached from both sides of the origin, and not left upwards")
    func saturation() {
        let late = Instant(nanoseconds: .max - 1)
        #expect(late + .nanoseconds(1) == .distantFuture)
        #expect(late + .nanoseconds(2) == .distantFuture)
        #expect(Instant.origin + .max == .distantFuture)
        #expect(Instant(.seconds(-5)) + .max == .distantFuture)
        #expect(Instant(.seconds(-5)) + .nanoseconds(.max - 1) < .distantFuture)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.distantPast - .seconds(1) == .distantPast)
        #expect(Instant.distantPast + .seconds(-1) == .distantPast)
        #expect(Instant.distantFuture - Instant.distantPast == .max)
        #expect(Instant.distantPast - Instant.distantFuture == .min)
    }

    @Test("instants and intervals add up, before the origin too")
    func arithmetic() {
        let before = Instant(.seconds(-2))
        #expect(before < .origin)
        #expect(before + .seconds(3) == Instant(.seconds(1)))
        #expect(Instant(.seconds(1)) - .seconds(3) == before)
        #expect(Instant(.seconds(1)) - before == .seconds(3))
        var moving = before
        moving += .milliseconds(2_500)
        #expect(moving == Instant(nanoseconds: 500_000_000))
        #expect(moving.seconds == 0.5)
        #expect(moving.sinceOrigin == .milliseconds(500))
        #expect(moving.description == "0.5s")
    }
}
