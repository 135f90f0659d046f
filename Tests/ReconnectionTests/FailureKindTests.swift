import MonotonicTime
import Reconnection
import Testing

@Suite struct FailureKindTests {
    private static let hint = Interval.seconds(7)

    @Test(
        "a status stands for a kind, on both sides of every boundary",
        arguments: [
            (-1, .server(retryAfter: hint)), (0, .server(retryAfter: hint)), (99, .server(retryAfter: hint)),
            (100, nil), (200, nil), (399, nil), (400, .client), (407, .client),
            (408, .requestTimeout(retryAfter: hint)), (409, .client), (428, .client),
            (429, .rateLimited(retryAfter: hint)), (430, .client), (499, .client),
            (500, .server(retryAfter: hint)), (503, .server(retryAfter: hint)), (599, .server(retryAfter: hint)),
            (600, .server(retryAfter: hint)),
        ] as [(Int, FailureKind?)]
    )
    func statuses(status: Int, expected: FailureKind?) {
        let kind = FailureKind(status: status, retryAfter: Self.hint)
        #expect(kind == expected)
        #expect(FailureKind(status: status)?.retryAfter == nil)
        switch expected {
        case nil, .client?: #expect(kind?.retryAfter == nil)
        default: #expect(kind?.retryAfter == Self.hint)
        }
    }

    @Test(
        "only what says something against the server counts against a breaker",
        arguments: [
            (.client, false, true), (.rateLimited(retryAfter: nil), false, true),
            (.requestTimeout(retryAfter: nil), false, true), (.server(retryAfter: nil), true, false),
            (.network, true, false), (.timeout, true, false), (.refusedByBreaker, false, false),
            (.cancelled, false, false),
        ] as [(FailureKind, Bool, Bool)]
    )
    func classes(kind: FailureKind, countsAgainstBreaker: Bool, isClientStatus: Bool) {
        #expect(kind.countsAgainstBreaker == countsAgainstBreaker)
        #expect(kind.isClientStatus == isClientStatus)
    }

    @Test(
        "the document's guess knows two words, in exactly one case each",
        arguments: [
            ("Network request failed", .network), ("Failed to fetch", .network), ("NetworkError", .network),
            ("prefetched", .network), ("network error", nil), ("Fetch failed", nil), ("Load failed", nil),
            ("HTTP 503", nil), ("", nil), (nil, nil),
        ] as [(String?, FailureKind?)]
    )
    func guesses(message: String?, expected: FailureKind?) {
        #expect(FailureKind.guessed(fromMessage: message) == expected)
    }
}
