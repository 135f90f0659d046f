import MonotonicTime
import Testing

@testable import Scenarios

@Suite("Mutated scenarios")
struct ScenarioMutationTests {
    /// Enough of each to be sure that both ways through the reader are taken.
    private static let mutations = 3_000

    @Test("a file with any bytes changed is read, or refused with a place in it")
    func mutations() throws {
        let original = Array(FullScenario.text.utf8)
        var random = SplitMix(state: 7)
        var read = 0
        var refused = 0
        for round in 0..<Self.mutations {
            var bytes = original
            for _ in 0...random.next(below: 2) { random.mutate(&bytes) }
            do throws(ScenarioError) {
                let scenario = try ScenarioFile.read(bytes, file: "a.yaml").scenario
                read += 1
                // What was read has been checked, so nothing done with it may fail.
                #expect(scenario.clientCount >= scenario.fleet.count && !scenario.fleet.isEmpty, "round \(round)")
                #expect(!scenario.servers.isEmpty && scenario.duration > .zero, "round \(round)")
                for cohort in scenario.fleet {
                    #expect(scenario.servers.contains { $0.name == cohort.server }, "round \(round)")
                    #expect(scenario.policy(named: cohort.policy) != nil, "round \(round)")
                }
                for policy in scenario.policies.values { _ = ScenarioFile.text(of: policy, named: "copy") }
            } catch {
                refused += 1
                let source = String(decoding: bytes, as: UTF8.self)
                let lines = sourceLines(source).count
                #expect(error.diagnostics.contains { $0.severity == .error }, "round \(round)")
                for diagnostic in error.diagnostics {
                    #expect((1...lines).contains(diagnostic.line), "round \(round): \(diagnostic)")
                    #expect(diagnostic.column >= 1 && !diagnostic.message.isEmpty, "round \(round): \(diagnostic)")
                }
                #expect(!error.rendered(source: source).isEmpty)
            }
        }
        #expect(read > 100)
        #expect(refused > 1_000)
    }

    @Test("a file that ends anywhere is read, or refused")
    func truncations() {
        let bytes = Array(FullScenario.text.utf8)
        var refused = 0
        for end in stride(from: 0, to: bytes.count, by: 17) {
            do throws(ScenarioError) {
                _ = try ScenarioFile.read(Array(bytes[..<end]), file: "a.yaml")
            } catch {
                refused += 1
                #expect(!error.diagnostics.isEmpty)
            }
        }
        // Servers come near the end, and there is no scenario without them.
        #expect(refused > bytes.count / 17 / 2)
    }
}

extension SplitMix {
    fileprivate mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Changes one place: a byte of any value or of the file's own alphabet, a part removed, doubled or moved.
    fileprivate mutating func mutate(_ bytes: inout [UInt8]) {
        guard bytes.count > 50 else { return }
        let place = next(below: bytes.count)
        let length = 1 + next(below: 40)
        let part = Array(bytes[place..<min(place + length, bytes.count)])
        switch next(below: 12) {
        case 0: bytes[place] = UInt8(next(below: 256))
        case 1, 2: bytes[place] = bytes[next(below: bytes.count)]
        case 3: bytes[place] = Array("0123456789-%smx{}[]:,#&*'".utf8)[next(below: 25)]
        case 4: bytes.remove(at: place)
        case 5: bytes.removeSubrange(place..<place + part.count)
        case 6: bytes.insert(contentsOf: part, at: next(below: bytes.count))
        case 7: bytes.insert(UInt8(ascii: "0") + UInt8(next(below: 10)), at: place)
        default:
            // Other numbers in a file that stays well-formed, which byte changes anywhere seldom leave.
            let digits = bytes.indices.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) }
            guard !digits.isEmpty else { return }
            bytes[digits[next(below: digits.count)]] = UInt8(ascii: "0") + UInt8(next(below: 10))
        }
    }
}
