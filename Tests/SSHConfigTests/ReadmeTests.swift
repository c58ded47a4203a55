import Foundation
import Testing

@testable import SSHConfig

/// What README.md says of keywords is what is done about them.
@Suite struct ReadmeTests {
  /// The keywords in backquotes from `words` on to the end of the paragraph, in lower case.
  private func keywords(after words: String) throws -> Set<String> {
    let readme = try String(contentsOfFile: "README.md", encoding: .utf8)
    let start = try #require(readme.range(of: words)).upperBound
    let paragraph = readme[start...].prefix(
      upTo: try #require(readme.range(of: "\n\n", range: start..<readme.endIndex)).lowerBound)
    return Set(
      paragraph.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
        .map { String($0.element).asciiLowercased() })
  }

  @Test func itListsEachKeywordThatIsLeftOutWithoutAWord() throws {
    let listed = try keywords(after: "Left out without a word")
    // Compression has a value, at which no connection looks.
    let ignored = Set(Keyword.ignoredNames).union(["compression"])
    #expect(listed.subtracting(ignored) == [], "README.md lists what is not left out")
    #expect(ignored.subtracting(listed) == [], "README.md does not list what is left out")
  }
}
