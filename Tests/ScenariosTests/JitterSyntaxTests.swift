import MonotonicTime
import Reconnection
import Testing

@testable import Scenarios

@Suite("JitterSyntax")
struct JitterSyntaxTests {
    @Test(
        "every jitter is read and written",
        arguments: [
            ("none", .none, "none"), ("full", .full, "full"), ("equal", .equal, "equal"),
            ("decorrelated", .decorrelated, "decorrelated"),
            ("symmetric(25%)", .symmetric(fraction: 0.25), "symmetric(0.25)"),
            ("symmetric(0)", .symmetric(fraction: 0), "symmetric(0.0)"),
            ("additive(0.1)", .additive(fraction: 0.1), "additive(0.1)"),
            ("additive(0.001%)", .additive(fraction: 1e-5), "additive(1e-05)"),
            ("additive-up-to(1s)", .additiveConstant(upTo: .seconds(1)), "additive-up-to(1s)"),
            (
                "additive-up-to(1h1ns)", .additiveConstant(upTo: .hours(1) + .nanoseconds(1)),
                "additive-up-to(1h1ns)"
            ),
            (
                "minimum-plus-full(0.1s)", .minimumPlusFull(minimum: .milliseconds(100)),
                "minimum-plus-full(100ms)"
            ),
        ] as [(String, Backoff.Jitter, String)]
    )
    func good(text: String, jitter: Backoff.Jitter, written: String) throws {
        #expect(try JitterSyntax.parse(text) == jitter)
        #expect(JitterSyntax.text(jitter) == written)
        #expect(try JitterSyntax.parse(written) == jitter)
    }

    @Test(
        "what is no jitter says what would be",
        arguments: [
            ("ful", "'jitter' cannot be 'ful' (did you mean 'full'?)"),
            ("Full", "'jitter' cannot be 'Full' (did you mean 'full'?)"),
            ("full)", "'jitter' cannot be 'full)' (did you mean 'full'?)"),
            (
                "random",
                "'jitter' cannot be 'random' (possible values: none, full, equal, decorrelated, symmetric, additive, "
                    + "additive-up-to, minimum-plus-full)"
            ),
            ("symetric(25%)", "'jitter' cannot be 'symetric(25%)' (did you mean 'symmetric'?)"),
            ("symmetric", "'jitter' cannot be 'symmetric': write it as in 'symmetric(25%)'"),
            ("additive-up-to", "'jitter' cannot be 'additive-up-to': write it as in 'additive-up-to(1s)'"),
            ("full()", "'jitter' cannot be 'full()': write it as in 'full'"),
            ("full(10%)", "'jitter' cannot be 'full(10%)': write it as in 'full'"),
            ("symmetric(25%", "'jitter' lacks a ')': 'symmetric(25%'"),
            ("symmetric(25%) ", "'jitter' lacks a ')': 'symmetric(25%) '"),
            ("symmetric(125%)", "'125%' is more than 100%"),
            ("symmetric(25)", "'25' is more than 1: write a share as '2%' or '0.02'"),
            ("symmetric()", "'' is not a number: write a share such as '2%' or '0.02'"),
            ("additive(-5%)", "'-5%' is negative: write a share such as '2%' or '0.02'"),
            ("additive(1s)", "unknown unit 's' in '1s': write a share as '2%' or '0.02'"),
            ("additive-up-to(1)", "'1' has no unit: write '1s' or '1ms'"),
            ("additive-up-to(10%)", "unknown unit '%' in '10%': use d, h, m, s, ms, us or ns"),
            (
                "minimum-plus-full(-1s)",
                "'-1s' is negative: write a duration such as '30s' or '1h30m'"
            ),
            (
                "",
                "'jitter' cannot be '' (possible values: none, full, equal, decorrelated, symmetric, additive, "
                    + "additive-up-to, minimum-plus-full)"
            ),
        ]
    )
    func bad(text: String, message: String) {
        #expect(throws: Complaint(message)) { try JitterSyntax.parse(text) }
    }
}
