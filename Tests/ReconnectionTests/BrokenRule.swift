/// A rule of the client that was broken.
struct BrokenRule: Error, CustomStringConvertible {
    let description: String
}
