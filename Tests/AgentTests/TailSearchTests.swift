import Testing

@testable import Agent

/// Finding the last lines from a file's end, block by block.
@Suite struct TailSearchTests {
  /// Runs the search over `text` as the driver does and returns what it would send.
  private func tail(_ text: String, lines: UInt32, limit: UInt64? = nil) -> (text: String, isCut: Bool) {
    let bytes = Array(text.utf8)
    var search = TailSearch(size: UInt64(bytes.count), lines: lines, limit: limit)
    while let block = search.nextBlock {
      search.found(bytes[Int(block.offset)..<Int(block.offset) + block.length], at: block.offset)
    }
    return (String(decoding: bytes[Int(search.start)...], as: UTF8.self), search.isCut)
  }

  @Test(
    arguments: [
      ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc", 2, "b\nc"), ("a\nb\nc\n", 3, "a\nb\nc\n"), ("a\nb\n", 9, "a\nb\n"),
      ("a\n\n\n", 2, "\n\n"), ("", 3, ""), ("abc", 1, "abc"), ("a\nb\n", 0, ""), ("\n", 1, "\n"),
    ] as [(String, UInt32, String)])
  func lastLines(_ text: String, _ lines: UInt32, _ expected: String) {
    let result = tail(text, lines: lines)
    #expect(result.text == expected)
    #expect(!result.isCut)
  }

  @Test func limitCutsAtTheFrontAndSaysSo() {
    let result = tail("0123456789\nabc\n", lines: 2, limit: 6)
    #expect(result.text == "9\nabc\n")
    #expect(result.isCut)
  }

  @Test func aLimitThatHoldsTheLinesCutsNothing() {
    let result = tail("0123456789\nabc\n", lines: 1, limit: 6)
    #expect(result.text == "abc\n")
    #expect(!result.isCut)
  }

  @Test func linesAcrossBlocks() {
    let long = String(repeating: "x", count: Int(TailSearch.blockSize) + 10)
    let result = tail("first\n\(long)\nlast\n", lines: 2)
    #expect(result.text == "\(long)\nlast\n")
  }

  @Test func aFileThatShrankEndsTheSearch() {
    var search = TailSearch(size: 10, lines: 3, limit: nil)
    let block = search.nextBlock
    #expect(block == TailSearch.Block(offset: 0, length: 10))
    search.found([UInt8](), at: 0)
    #expect(search.nextBlock == nil)
    #expect(search.start == 0)
  }

  @Test func headCountsLinesOverPieces() {
    var missing: UInt32 = 2
    #expect(LineCount.head(of: Array("ab".utf8), lines: &missing) == 2)
    #expect(LineCount.head(of: Array("c\nd\ne\n".utf8), lines: &missing) == 4)
    #expect(missing == 0)
    #expect(LineCount.head(of: Array("f\n".utf8), lines: &missing) == 0)
  }
}
