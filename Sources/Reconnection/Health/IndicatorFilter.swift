public import MonotonicTime

/// How long something must last before people see it.
public struct IndicatorPolicy: Sendable, Hashable {
    /// How long good news must last; zero: it is shown at once.
    public var okAfter: Interval
    /// How long something that goes on must last: shorter interruptions are never seen.
    public var workingAfter: Interval
    /// How long a trouble must last that is tried again by itself.
    public var warningAfter: Interval
    /// How long an error must last; zero: it is shown at once.
    public var errorAfter: Interval
    /// What is shown stays at least so long, whatever comes.
    public var minimumShown: Interval

    /// A policy made of its parts. By default an interruption of less than a second is not shown, and nothing is shown
    /// for less than half a second.
    public init(
        okAfter: Interval = .zero,
        workingAfter: Interval = .seconds(1),
        warningAfter: Interval = .seconds(1),
        errorAfter: Interval = .zero,
        minimumShown: Interval = .milliseconds(500)
    ) {
        self.okAfter = okAfter
        self.workingAfter = workingAfter
        self.warningAfter = warningAfter
        self.errorAfter = errorAfter
        self.minimumShown = minimumShown
    }

    /// How long something of a severity must last.
    public func delay(for severity: ConnectionIndicator.Severity) -> Interval {
        switch severity {
        case .ok: okAfter
        case .working: workingAfter
        case .warning: warningAfter
        case .error: errorAfter
        }
    }
}

/// Keeps an indicator from flickering.
///
/// | what is shown | told | next |
/// |---|---|---|
/// | A | A again | A; whatever waited is forgotten |
/// | A | A with other numbers | shown at once; whatever waited is forgotten |
/// | A | B | B waits from now |
/// | A, B waits | C | C waits from when B began: a client that goes from one trouble to the next is in trouble |
/// | A, B waits | B with other numbers | B waits on, with the new numbers |
/// | A, B waits | time | B is shown, when A has been left for B's delay, and was shown for `minimumShown` |
///
/// Two indicators are the same, apart from numbers, if they differ only in the number of an attempt or in seconds.
/// An instant before the last one counts as that.
public struct IndicatorFilter: Sendable, Hashable {
    /// What people see.
    public private(set) var shown: ConnectionIndicator
    /// What the client's state is.
    private var actual: ConnectionIndicator
    /// Since when people see it, apart from its numbers; `.distantPast` at first.
    private var shownSince: Instant = .distantPast
    /// Since when the state differs from it; `.distantFuture` while it does not.
    private var differsSince: Instant = .distantFuture
    private var latest: Instant = .distantPast

    /// A filter that shows something from the start.
    public init(showing first: ConnectionIndicator) {
        shown = first
        actual = first
    }

    /// When `advance` has something to show; `.distantFuture` if nothing waits.
    public func nextDeadline(policy: IndicatorPolicy) -> Instant {
        guard differsSince != .distantFuture else { return .distantFuture }
        let due = differsSince + policy.delay(for: actual.severity)
        // In the distant past nothing was shown that could have been too short.
        return shownSince == .distantPast ? due : max(due, shownSince + policy.minimumShown)
    }

    /// The state is this now; answers whether people see something else from now on.
    @discardableResult
    public mutating func update(
        _ indicator: ConnectionIndicator,
        at now: Instant,
        policy: IndicatorPolicy
    ) -> Bool {
        latest = max(latest, now)
        actual = indicator
        guard !Self.isSame(indicator, shown) else {
            differsSince = .distantFuture
            let isChanged = shown != indicator
            shown = indicator
            return isChanged
        }
        if differsSince == .distantFuture { differsSince = latest }
        return advance(to: latest, policy: policy)
    }

    /// Time has come to `now`; answers whether people see something else from now on.
    @discardableResult
    public mutating func advance(to now: Instant, policy: IndicatorPolicy) -> Bool {
        latest = max(latest, now)
        let deadline = nextDeadline(policy: policy)
        guard deadline != .distantFuture, deadline <= latest else { return false }
        shown = actual
        shownSince = latest
        differsSince = .distantFuture
        return true
    }

    private static func isSame(_ left: ConnectionIndicator, _ right: ConnectionIndicator) -> Bool {
        left.message.kind == right.message.kind && left.severity == right.severity && left.quality == right.quality
            && left.colour == right.colour && left.isVisible == right.isVisible
    }
}
