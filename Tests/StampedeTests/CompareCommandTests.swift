import TestSupport
import Testing

@Suite("stampede compare", .timeLimit(.minutes(2)))
struct CompareCommandTests {
    private let program: Program
    private let folder: TemporaryFolder

    init() throws {
        program = try Program()
        folder = try TemporaryFolder()
    }

    private func compare(_ policies: String, _ options: String...) async throws -> (String, [[String]]) {
        let outcome = try await program.run(
            ["compare", "restart.yaml", "--clients", "60", "--replications", "4", "--policies", policies, "--out", "r"]
                + options,
            in: folder
        )
        try #require(outcome.status == 0, "\(outcome.errors)")
        return (outcome.output, rows(try folder.contents["r/comparison.csv"]))
    }

    private func prepare() throws {
        let others = """
              twin: { extends: ours }
              slow: { extends: ours, backoff: { base: 20s, factor: 2, cap: 25s, jitter: none } }
            fleet:
            """
        let text = restart(jitter: "full").replacing("fleet:", with: others)
        try folder.write("primary-metric: recovery-time-95\n" + text, to: "restart.yaml")
    }

    @Test("the better policy is named, with every column documented")
    func better() async throws {
        try prepare()
        let (output, table) = try await compare("slow,ours")
        #expect(output.contains("\nours is better than slow in recovery-time-95.\n"))
        let header = "scenario,cohort,metric,unit,baseline,policy,difference,ci_low,ci_high,p_value,p_adjusted,"
        let columns = (header + "adjustment,crn_correlation,verdict").split(separator: ",").map(String.init)
        #expect(table.first == columns)
        #expect(table.count > 20)
        #expect(table.dropFirst().allSatisfy { $0.count == columns.count && $0[4] == "slow" && $0[5] == "ours" })
        let row = try #require(table.first { $0[2] == "recovery-time-95" })
        #expect(row[13] == "better")
        let numbers = try row[6...8].map { try #require(Double($0)) }
        #expect(numbers[1] <= numbers[0] && numbers[0] <= numbers[2] && numbers[2] < 0)
    }

    @Test("the baseline can be any of the policies")
    func baseline() async throws {
        try prepare()
        let (output, table) = try await compare("slow, ours", "--baseline", "ours")
        #expect(output.contains("\nours is better than every other policy in recovery-time-95.\n"))
        #expect(table.dropFirst().allSatisfy { $0[4] == "ours" && $0[5] == "slow" })
        #expect(table.first { $0[2] == "recovery-time-95" }?[13] == "worse")
    }

    @Test("equal policies are not told apart in anything")
    func equal() async throws {
        try prepare()
        let (output, table) = try await compare("ours,twin")
        #expect(output.contains("\nNo policy is shown to be better than ours in recovery-time-95.\n"))
        for row in table.dropFirst() {
            #expect(row[6] == "0" || row[6] == "", "\(row)")
            #expect(row[13] == "no-detectable-difference" || row[13] == "not-comparable", "\(row)")
        }
        #expect(table.first { $0[2] == "recovery-time-95" }?[13] == "no-detectable-difference")
    }
}
