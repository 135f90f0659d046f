import Foundation
import MonotonicTime
import Reconnection
import Synchronization
import Testing

/// The article's code is this target's code, is as short as it says, and works.
@Suite struct TwentyLinesTests {
    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The Swift blocks of the article, in order.
    private static func articleBlocks() throws -> [String] {
        let article = try text("Sources/Reconnection/Documentation.docc/TwentyLines.md")
        return article.components(separatedBy: "```swift\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n```").first }
    }

    /// The marked parts of the code, in order.
    private static func codeBlocks() throws -> [String] {
        let code = try text("Tests/ArticleTests/TwentyLines.swift")
        return code.components(separatedBy: "// article: ").dropFirst().compactMap { part in
            guard !part.hasPrefix("end"), let newline = part.firstIndex(of: "\n") else { return nil }
            return String(part[part.index(after: newline)...]).trimmingCharacters(in: .newlines)
        }
    }

    @Test("the article shows the code that is compiled here")
    func sameCode() throws {
        let blocks = try Self.articleBlocks()
        #expect(blocks.count == 3)
        #expect(blocks == (try Self.codeBlocks()))
    }

    @Test("a driver is twenty lines")
    func twentyLines() throws {
        let driver = try #require(Self.articleBlocks().first)
        let lines = driver.split(separator: "\n").filter { !$0.allSatisfy { " }".contains($0) } }
        #expect(lines.count <= 20, "\(lines.count) lines with something in them")
    }

    @Test("it connects, loses its connection, comes back by itself and sends what waited", .timeLimit(.minutes(1)))
    func works() async throws {
        let server = ScriptedServer()
        // The standard policy with waits that a test can sit out.
        let policy = ClientPolicy.standard.with {
            $0.backoff = .exponential(base: .milliseconds(5), cap: .milliseconds(20), jitter: .full)
        }
        let connection = Connection(server, policy: policy)
        await connection.handle(.start)
        await server.wait { $0.opened == 1 }
        await connection.handle(.lost(generation: 1, close: .abnormal))
        await connection.handle(.send)
        await server.wait { $0.received == [1] }
        #expect(await connection.client.phase == .connected)
        #expect(await connection.client.supervisor.generation >= 2)
        await connection.handle(.acknowledged(key: 1))
        #expect(await connection.client.outbox.entries.isEmpty)
    }
}

/// Accepts every connection and remembers what it was sent.
private final class ScriptedServer: Network, Sockets, Sendable {
    struct Seen {
        var opened = 0
        var received: [Outbox.Key] = []
    }

    private let seen = Mutex(Seen())

    func open(_ generation: UInt32, report: @escaping @Sendable (ClientInput) -> Void) {
        seen.withLock { $0.opened += 1 }
        report(.opened(generation: generation))
    }

    func close(_ generation: UInt32, code: UInt16) {}
    func ping(_ generation: UInt32, beat: UInt32) {}
    func transmit(_ generation: UInt32, key: Outbox.Key) { seen.withLock { $0.received.append(key) } }
    func tellUser(_ text: String) {}

    func wait(until isThere: @Sendable (Seen) -> Bool) async {
        // Ten seconds are for ever here; what is missing then, the test's expectations say.
        for _ in 0..<10_000 where !seen.withLock({ isThere($0) }) { try? await Task.sleep(for: .milliseconds(1)) }
    }
}
