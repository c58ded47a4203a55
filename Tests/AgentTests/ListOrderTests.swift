import AgentAPI
import SSH
import Testing

@testable import Agent

@Suite struct ListOrderTests {
  private func entry(_ name: String, size: UInt64 = 0, time: UInt32 = 0) -> ListedEntry {
    ListedEntry(
      name: Array(name.utf8), depth: 1,
      attributes: FileAttributes(size: size, permissions: 0o100644, modificationTime: time))
  }

  private func names(_ entries: [ListedEntry], _ sort: ListSort) -> [String] {
    entries.sorted(by: ListOrder(sort).precedes).map { String(decoding: $0.name, as: UTF8.self) }
  }

  @Test func eachDirectoryIsFollowedByWhatIsInIt() {
    let entries = ["b", "a/z", "a-b", "a", "a/b/c", "a/b"].map { entry($0) }
    #expect(names(entries, .name) == ["a", "a/b", "a/b/c", "a/z", "a-b", "b"])
  }

  @Test func largestFirstThenByName() {
    let entries = [entry("b", size: 1), entry("c", size: 9), entry("a", size: 1)]
    #expect(names(entries, .size) == ["c", "a", "b"])
  }

  @Test func newestFirstThenByName() {
    let entries = [entry("b", time: 5), entry("c", time: 9), entry("a", time: 5)]
    #expect(names(entries, .time) == ["c", "a", "b"])
  }
}
