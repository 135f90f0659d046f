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
            ("smooth-decorrelated", .smoothDecorrelated, "smooth-decorrelated"),
            ("symmetric(125%)", .symmetric(fraction: 1.25), "symmetric(1.25)"),
            ("symmetric( 25% )", .symmetric(fraction: 0.25), "symmetric(0.25)"),
            ("symmetric(25)", .symmetric(fraction: 25), "symmetric(25.0)"),
            ("symmetric-percent(3)", .symmetricPercent(3), "symmetric-percent(3)"),
            ("symmetric-percent(0)", .symmetricPercent(0), "symmetric-percent(0)"),
            ("symmetric-percent(100)", .symmetricPercent(100), "symmetric-percent(100)"),
            ("additive(400%)", .additive(fraction: 4), "additive(4.0)"),
            ("subtractive(20%)", .subtractive(fraction: 0.2), "subtractive(0.2)"),
            ("subtractive(100%)", .subtractive(fraction: 1), "subtractive(1.0)"),
            (
                "additive-between(300ms, 3s)", .additiveRange(from: .milliseconds(300), to: .seconds(3)),
                "additive-between(300ms, 3s)"
            ),
            (
                "additive-between(300ms,3s)", .additiveRange(from: .milliseconds(300), to: .seconds(3)),
                "additive-between(300ms, 3s)"
            ),
            (
                "additive-between(  300ms  ,  3s )", .additiveRange(from: .milliseconds(300), to: .seconds(3)),
                "additive-between(300ms, 3s)"
            ),
            (
                "additive-between(3s, 3s)", .additiveRange(from: .seconds(3), to: .seconds(3)),
                "additive-between(3s, 3s)"
            ),
            ("full-above(1s)", .fullAbove(minimum: .seconds(1)), "full-above(1s)"),
            ("sign-from-digit(50%)", .signFromDigit(fraction: 0.5), "sign-from-digit(0.5)"),
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
                "'jitter' cannot be 'random' (possible values: \(forms))"
            ),
            ("symetric(25%)", "'jitter' cannot be 'symetric(25%)' (did you mean 'symmetric'?)"),
            ("symmetric", "'jitter' cannot be 'symmetric': write it as in 'symmetric(25%)'"),
            ("additive-up-to", "'jitter' cannot be 'additive-up-to': write it as in 'additive-up-to(1s)'"),
            ("full()", "'jitter' cannot be 'full()': write it as in 'full'"),
            ("full(10%)", "'jitter' cannot be 'full(10%)': write it as in 'full'"),
            ("symmetric(25%", "'jitter' lacks a ')': 'symmetric(25%'"),
            ("symmetric(25%) ", "'jitter' lacks a ')': 'symmetric(25%) '"),
            ("subtractive(125%)", "'125%' is more than 100%"),
            ("subtractive(25)", "'25' is more than 1: write a share as '2%' or '0.02'"),
            ("sign-from-digit(101%)", "'101%' is more than 100%"),
            ("symmetric-percent(101)", "'symmetric-percent' takes a whole number from 0 to 100, not '101'"),
            ("symmetric-percent(-1)", "'symmetric-percent' takes a whole number from 0 to 100, not '-1'"),
            ("symmetric-percent(3%)", "'symmetric-percent' takes a whole number from 0 to 100, not '3%'"),
            ("additive-between(3s, 300ms)", "'jitter': 300ms is less than 3s"),
            (
                "additive-between(3s)",
                "'jitter' cannot be 'additive-between(3s)': write it as in 'additive-between(300ms, 3s)'"
            ),
            (
                "additive-between(1s, 2s, 3s)",
                "'jitter' cannot be 'additive-between(1s, 2s, 3s)': write it as in 'additive-between(300ms, 3s)'"
            ),
            ("additive-between(1s,)", "'' is not a number: write a duration such as '30s' or '1h30m'"),
            (
                "additive-between(1s 2s)",
                "'jitter' cannot be 'additive-between(1s 2s)': write it as in "
                    + "'additive-between(300ms, 3s)'"
            ),
            ("full-above(-1s)", "'-1s' is negative: write a duration such as '30s' or '1h30m'"),
            ("full-above(50%)", "unknown unit '%' in '50%': use d, h, m, s, ms, us or ns"),
            ("sign-from-digits(50%)", "'jitter' cannot be 'sign-from-digits(50%)' (did you mean 'sign-from-digit'?)"),
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
                "'jitter' cannot be '' (possible values: \(forms))"
            ),
        ]
    )
    func bad(text: String, message: String) {
        #expect(throws: Complaint(message)) { try JitterSyntax.parse(text) }
    }
}

private let forms =
    "none, full, equal, decorrelated, smooth-decorrelated, symmetric, symmetric-percent, additive, subtractive, "
    + "additive-up-to, additive-between, minimum-plus-full, full-above, sign-from-digit"
