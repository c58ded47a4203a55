import AgentAPI
import Foundation
import MCP
import Testing

@testable import Coordinator

/// A timeout names its phase, what has passed, what is usual, and what to try.
@Suite struct TimeoutWordsTests {
  /// One of these is in each message.
  private static var advice: Regex<Substring> {
    /allow more|more time|larger timeout_ms|do less|ask for less|[Tt]ry (?:again|this host)|send fewer|check |confirmation/
  }

  /// Timeouts that reach no answer: waits whose callers have words of their own, and an agent's end of a watch.
  private static let inner: Set = ["Completion.swift", "Agent.swift"]

  /// Where timeouts are made: the words of each say what to try.
  @Test func eachTimeoutThatIsMadeSaysWhatToTry() throws {
    let sources = try #require(FileManager.default.enumerator(atPath: "Sources"))
    var seen = 0
    for case let path as String in sources
    where path.hasSuffix(".swift") && !Self.inner.contains(String(path.split(separator: "/").last ?? "")) {
      let text = try String(contentsOfFile: "Sources/\(path)", encoding: .utf8)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated() where Self.makesTimeout(line, lines, number) {
        seen += 1
        // Up to the phase, which stands behind the words.
        let end = lines[number...].firstIndex { $0.contains("phase:") } ?? number
        let own = lines[number..<min(lines.count, min(end, number + 5) + 1)].joined(separator: "\n")
        // Words that are put together above.
        let isComposed = own.contains(/\\\((?:message|hint|Self\.reason)/)
        #expect((isComposed ? text : own).contains(Self.advice), "\(path):\(number + 1): \(line)")
      }
    }
    #expect(seen >= 10)
  }

  /// `SSHError(.timeout, "..."`, `AgentError(code: .timeout, message: ...` and their like, over one line or several.
  private static func makesTimeout(_ line: Substring, _ lines: [Substring], _ number: Int) -> Bool {
    guard line.contains(/(?:code: |\(|^\s*)\.(?:timeout|connectTimeout),/) else { return false }
    // Words follow; lists of codes have none.
    return lines[number..<min(lines.count, number + 3)].joined().contains(
      /\.(?:timeout|connectTimeout),\s*(?:message:|"|\\|m|reason)/)
  }

  /// Where they reach an answer: all four are there, also where the agent said only that it was late.
  @Test func anAnswerHasAllFour() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/a": "x"]))])
    agent.change("web1") { host in
      host.hangs = true
      host.p50 = 4
    }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web1:/a", "timeout_ms": 100])
      let text = outcome.text
      #expect(text.contains("timeout, in operation, after 100 ms, usually 4.0 ms"), "\(text)")
      #expect(text.contains(Self.advice), "\(text)")
    }
  }
}
