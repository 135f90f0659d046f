/// A claim about a metric that a run must bear out.
public struct Expectation: Sendable, Hashable {
    /// How metric and bound compare.
    public enum Relation: String, Sendable, Hashable, CaseIterable {
        /// Below the bound.
        case less = "<"
        /// At most the bound.
        case atMost = "<="
        /// Above the bound.
        case greater = ">"
        /// At least the bound.
        case atLeast = ">="

        /// Whether a value satisfies the relation.
        public func holds(_ value: Double, _ bound: Double) -> Bool {
            switch self {
            case .less: value < bound
            case .atMost: value <= bound
            case .greater: value > bound
            case .atLeast: value >= bound
            }
        }
    }

    /// The claim as it is written in the file.
    public var text: String
    /// The metric's id.
    public var metric: String
    /// The cohort it is about, `all` for the whole fleet.
    public var cohort: String
    /// How it compares.
    public var relation: Relation
    /// The bound in the metric's unit.
    public var bound: Double
}
