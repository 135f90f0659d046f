/// What the supervisor knows with yes or no, a bit each.
extension ConnectionSupervisor {
    struct Flags: OptionSet, Sendable, Hashable {
        let rawValue: UInt8

        static let isOnline = Flags(rawValue: 1 << 0)
        static let isVisible = Flags(rawValue: 1 << 1)
        static let isReady = Flags(rawValue: 1 << 2)
        static let hasCredentials = Flags(rawValue: 1 << 3)
        static let isSuspended = Flags(rawValue: 1 << 4)
        static let hasOpened = Flags(rawValue: 1 << 5)
        static let isPreparing = Flags(rawValue: 1 << 6)
        static let attemptIsHeld = Flags(rawValue: 1 << 7)

        /// Those of a stopped client that nothing holds back.
        static let initial: Flags = [.isOnline, .isVisible, .isReady, .hasCredentials]

        /// Membership of a single flag, to be read and set.
        subscript(flag: Flags) -> Bool {
            get { rawValue & flag.rawValue != 0 }
            set { self = Flags(rawValue: newValue ? rawValue | flag.rawValue : rawValue & ~flag.rawValue) }
        }
    }

    /// Whether the system says that there is a network.
    public internal(set) var isOnline: Bool {
        get { flags[.isOnline] }
        set { flags[.isOnline] = newValue }
    }

    /// Whether the app is visible.
    public internal(set) var isVisible: Bool {
        get { flags[.isVisible] }
        set { flags[.isVisible] = newValue }
    }

    /// Whether the app says that it is ready for a connection, having read its saved state for example.
    public internal(set) var isReady: Bool {
        get { flags[.isReady] }
        set { flags[.isReady] = newValue }
    }

    /// Whether there are credentials to connect with.
    public internal(set) var hasCredentials: Bool {
        get { flags[.hasCredentials] }
        set { flags[.hasCredentials] = newValue }
    }

    /// Whether the outage has lasted so long that the suspension's fixed wait holds.
    public internal(set) var isSuspended: Bool {
        get { flags[.isSuspended] }
        set { flags[.isSuspended] = newValue }
    }

    /// Whether a connection has opened since the start.
    var hasOpened: Bool {
        get { flags[.hasOpened] }
        set { flags[.hasOpened] = newValue }
    }

    /// Whether the attempt under way is still being prepared by the app.
    var isPreparing: Bool {
        get { flags[.isPreparing] }
        set { flags[.isPreparing] = newValue }
    }

    /// Whether an attempt is due and a gate holds it.
    var attemptIsHeld: Bool {
        get { flags[.attemptIsHeld] }
        set { flags[.attemptIsHeld] = newValue }
    }
}
