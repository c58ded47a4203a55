import AgentAPI
import FoundationEssentials
import Testing

@testable import Coordinator

@Suite struct FoldingTests {
  @Test(
    arguments: [
      ([], []), (["a"], [[0]]), (["a", "b", "b", "c", "b", "c"], [[1, 2, 4], [3, 5], [0]]), (["x", "y"], [[0], [1]]),
    ] as [([String], [[Int]])])
  func groups(_ keys: [String], _ expected: [[Int]]) {
    #expect(Fold.groups(keys) == expected)
  }

  @Test(arguments: [
    (100, [10, 20], [10, 20]), (100, [500, 20], [80, 20]), (100, [500, 500, 500], [33, 33, 34]), (0, [5, 0], [0, 0]),
    (10, [], []), (7, [1, 100, 2], [1, 4, 2]),
  ])
  func shares(_ budget: Int, _ claims: [Int], _ expected: [Int]) {
    #expect(FairShare.divide(budget, among: claims) == expected)
  }

  @Test func groupsPartition() {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<500 {
      let keys = (0..<Int.random(in: 1...60, using: &random)).map { _ in Int.random(in: 0...8, using: &random) }
      let groups = Fold.groups(keys)
      #expect(groups.flatMap { $0 }.sorted() == Array(keys.indices))
      #expect(groups.allSatisfy { $0 == $0.sorted() && Set($0.map { keys[$0] }).count == 1 })
      #expect(zip(groups, groups.dropFirst()).allSatisfy { ($1.count, $0[0]) < ($0.count, $1[0]) })
      let budget = Int.random(in: 0...200, using: &random)
      let shares = FairShare.divide(budget, among: keys)
      #expect(shares.reduce(0, +) <= budget)
      #expect(zip(shares, keys).allSatisfy { $0 <= $1 })
      #expect(shares.reduce(0, +) == min(budget, keys.reduce(0, +)))
    }
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\u{1B}[31mred", "a\\x1b[31mred"), ("tab\tline\n", "tab\tline\n"),
    ("dos\r\nline", "dos\nline"),
    ("over\rwrite", "over\\rwrite"), ("end\r", "end\\r"), ("nul\0", "nul\\x00"), ("\u{9B}31m", "\\x9b31m"),
    ("abc\u{202E}def", "abc\\u{202e}def"), ("é € 😀 \u{200D}", "é € 😀 \u{200D}"), ("del\u{7F}", "del\\x7f"),
    ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"), ("\u{FEFF}x\u{200B}", "\\u{feff}x\\u{200b}"),
    ("\u{061C}\u{2060}", "\\u{061c}\\u{2060}"), ("\u{E0041}\u{E007F}", "\\u{e0041}\\u{e007f}"),
    ("\u{AD}\u{180E}\u{3164}\u{FE01}\u{E0100}", "\\xad\\u{180e}\\u{3164}\\u{fe01}\\u{e0100}"),
    ("\u{0618}\u{2010}\u{FF01}\u{F0000}", "\u{0618}\u{2010}\u{FF01}\u{F0000}"),
  ])
  func escapesControls(_ text: String, _ expected: String) {
    #expect(ReadableText.block(text) == expected)
  }

  @Test func oneLineStaysOneLine() {
    #expect(ReadableText.escaped("a\nb\tc\r") == "a\\nb\\tc\\r")
    #expect(ReadableText.shortened("abcdefghij", limit: 7) == "abcd...")
    #expect(ReadableText.shortened("ééééé", limit: 8) == "éé...")
    #expect(ReadableText.shortened("short", limit: 5) == "short")
  }

  @Test func listingsComeBack() {
    var entries: [Entry] = []
    for index in 0..<50 {
      var entry = Entry()
      entry.name = Data("name \(index)\n".utf8) + [0xFF]
      entry.type = index % 2 == 0 ? .regular : .symlink
      entry.size = Int64.max - Int64(index)
      entry.mode = 0o100_644
      entry.linkTarget = index % 2 == 0 ? Data() : Data("/target".utf8)
      entry.errorCode = index == 7 ? "permission_denied" : ""
      entries.append(entry)
    }
    let bytes = ListingCode.encode(entries)
    #expect(ListingCode.decode(bytes, limit: .max) == entries)
    #expect(ListingCode.decode(bytes, limit: 3) == Array(entries.prefix(3)))
    for cut in 0..<bytes.count {
      let decoded = ListingCode.decode(bytes.prefix(cut), limit: .max)
      #expect(decoded == Array(entries.prefix(decoded.count)))
    }
  }
}
