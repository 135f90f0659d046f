#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Android)
    import Android
#endif

/// The two functions of the C library that a backoff needs; errors are below a billionth of a nanosecond there.
enum ElementaryFunctions {
    /// 2^exponent.
    static func powerOfTwo(_ exponent: Double) -> Double { exp2(exponent) }

    /// tanh(x).
    static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}
