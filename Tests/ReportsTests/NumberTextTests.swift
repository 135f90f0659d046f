import Foundation
import Testing

@testable import Reports

@Suite("NumberText")
struct NumberTextTests {
    @Test(
        "numbers in files have a fixed form",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.5, "0.5"), (0.1, "0.1"), (1_000_000, "1000000"),
            (1.0 / 3, "0.3333333333333333"), (0.1 + 0.2, "0.30000000000000004"), (1e16, "1e+16"), (1e-7, "1e-07"),
            (.infinity, "inf"), (-.infinity, "-inf"), (.nan, ""), (nil, ""),
        ] as [(Double?, String)]
    )
    func exact(value: Double?, text: String) {
        #expect(NumberText.exact(value) == text)
    }

    @Test("numbers in files read back to the same double, in as few digits as do", arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var random = TestRandom(seed: seed)
        for _ in 0..<3_000 {
            // Half of any bit pattern, half of sizes that metrics have.
            let value =
                Bool.random(using: &random)
                ? Double(bitPattern: random.next())
                : Double.random(in: -1...1, using: &random) * pow(10, .random(in: -8...8, using: &random))
            guard value.isFinite else { continue }
            let text = NumberText.exact(value)
            #expect(!text.hasSuffix(".0"), "\(value.bitPattern)")
            let back = try #require(Double(text), "\(text) is no number")
            #expect(back.bitPattern == value.bitPattern, "\(text)")
            let digits = Self.significantDigits(text)
            if digits > 1 {
                let shorter = String(format: "%.\(digits - 2)e", value)
                #expect(Double(shorter) != value, "\(text) could be \(shorter)")
            }
        }
    }

    @Test(
        "numbers for people have three significant digits and their unit",
        arguments: [
            (0, "1", "0"), (-0.0, "1", "0"), (1, "1", "1.00"), (-1.234, "s", "-1.23 s"), (12.34, "s", "12.3 s"),
            (123.4, "1/s", "123/s"), (0.1234, "1", "0.123"), (0.01234, "s", "0.0123 s"), (0.001234, "1", "0.00123"),
            (9.994, "1", "9.99"), (9.996, "1", "10.0"), (99.94, "1", "99.9"), (99.96, "1", "100"), (999.4, "1", "999"),
            (999.6, "1", "1,000"), (0.9994, "1", "0.999"), (0.9996, "1", "1.00"), (0.09996, "1", "0.100"),
            (1_234.5, "1/s", "1,235/s"), (-1_234_567, "1", "-1,234,567"),
            (1e15, "1", "1,000,000,000,000,000"), (1e18, "1", "1e+18"), (42, "attempts", "42.0"),
            (.infinity, "s", "inf"), (-.infinity, "s", "-inf"), (.nan, "s", "–"), (nil, "s", "–"),
        ] as [(Double?, String, String)]
    )
    func readable(value: Double?, unit: String, text: String) {
        #expect(NumberText.readable(value, unit: unit) == text)
    }

    @Test("any number below a thousand has three significant digits, and none is off by more than they allow")
    func threeDigits() throws {
        var random = TestRandom(seed: 4)
        for _ in 0..<5_000 {
            let value = pow(10, Double.random(in: -6..<2.99, using: &random)) * (Bool.random(using: &random) ? 1 : -1)
            let text = NumberText.readable(value, unit: "1")
            #expect(Self.significantDigits(text) == 3, "\(value) is shown as \(text)")
            let back = try #require(Double(text), "\(text) is no number")
            #expect(abs(back - value) <= abs(value) * 0.00501, "\(value) is shown as \(text)")
        }
    }

    @Test(
        "shares are percentages, with digits enough to tell 99.9 from 99.99",
        arguments: [
            (0, "0.0 %"), (1, "100.0 %"), (0.5, "50.0 %"), (0.123, "12.3 %"), (0.995, "99.5 %"), (0.999, "99.90 %"),
            (0.9999, "99.990 %"), (0.99999, "99.9990 %"), (0.001, "0.10 %"), (0.0001, "0.010 %"), (-0.02, "-2.0 %"),
            (nil, "–"),
        ] as [(Double?, String)]
    )
    func shares(value: Double?, text: String) {
        #expect(NumberText.readable(value, unit: "1", isShare: true) == text)
    }

    @Test("no share short of all is shown as all of it, and none above nothing as nothing")
    func extremeShares() {
        for nines in 1...6 {
            let rest = pow(10, -Double(nines))
            #expect(NumberText.readable(1 - rest, unit: "1", isShare: true) < "99.9999999 %", "\(nines) nines")
            #expect(NumberText.readable(1 - rest, unit: "1", isShare: true).hasPrefix("9"), "\(nines) nines")
            #expect(NumberText.readable(rest, unit: "1", isShare: true).contains { ("1"..."9").contains($0) })
        }
    }

    @Test(
        "thousands are separated",
        arguments: [
            (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (123_456, "123,456"),
            (1_234_567, "1,234,567"), (-1_000, "-1,000"), (-999.4, "-999"), (-0.2, "0"), (0.5, "1"),
        ] as [(Double, String)]
    )
    func grouped(value: Double, text: String) {
        #expect(NumberText.grouped(value) == text)
    }

    @Test(
        "decimals are rounded, not cut",
        arguments: [
            (0.0444, 3, "0.044"), (0.0446, 3, "0.045"), (-0.0004, 3, "0.000"), (-0.0006, 3, "-0.001"), (2.5, 0, "3"),
            (1e-9, 2, "0.00"), (12, 2, "12.00"), (1e14, 3, "100000000000000.0"),
        ] as [(Double, Int, String)]
    )
    func fixed(value: Double, digits: Int, text: String) {
        #expect(NumberText.fixed(value, digits: digits) == text)
    }

    /// The digits of a decimal without leading zeros, and of a whole number without the zeros that only place it.
    private static func significantDigits(_ text: String) -> Int {
        let mantissa = text.prefix { $0 != "e" }
        var digits = mantissa.filter(\.isNumber).drop { $0 == "0" }
        if !mantissa.contains(".") { while digits.count > 3, digits.last == "0" { digits.removeLast() } }
        return digits.count
    }
}
