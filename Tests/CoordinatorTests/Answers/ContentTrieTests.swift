import FoundationEssentials
import Testing

@testable import Coordinator

@Suite struct ContentTrieTests {
  private func append(_ text: String, _ trie: inout ContentTrie, _ cursor: inout ContentTrie.Cursor) {
    #expect(trie.append(Data(text.utf8), at: &cursor) == text.utf8.count)
  }

  private func text(_ trie: ContentTrie, _ cursor: ContentTrie.Cursor) -> String {
    String(decoding: trie.content(of: cursor), as: UTF8.self)
  }

  @Test func equalStreamsShare() {
    var trie = ContentTrie(capacity: 100)
    var (a, b) = (ContentTrie.Cursor(), ContentTrie.Cursor())
    append("hello ", &trie, &a)
    append("hel", &trie, &b)
    append("world", &trie, &a)
    append("lo world", &trie, &b)
    #expect(trie.held == 11)
    #expect(trie.canonical(a) == trie.canonical(b))
    #expect(text(trie, a) == "hello world")
  }

  @Test func theFollowerMayOvertake() {
    var trie = ContentTrie(capacity: 100)
    var (a, b) = (ContentTrie.Cursor(), ContentTrie.Cursor())
    append("abc", &trie, &a)
    append("abcdef", &trie, &b)
    append("dxf", &trie, &a)
    #expect(text(trie, a) == "abcdxf")
    #expect(text(trie, b) == "abcdef")
    #expect(trie.held == 8)
  }

  @Test func aSplitLeavesEarlierEndsRight() {
    var trie = ContentTrie(capacity: 100)
    var cursors = [ContentTrie.Cursor](repeating: .init(), count: 5)
    for (index, text) in ["abcdef", "abcdef", "ab", "abxy", "zz"].enumerated() { append(text, &trie, &cursors[index]) }
    var late = ContentTrie.Cursor()
    append("ab", &trie, &late)
    #expect(cursors.map { text(trie, $0) } == ["abcdef", "abcdef", "ab", "abxy", "zz"])
    #expect(trie.canonical(cursors[0]) == trie.canonical(cursors[1]))
    #expect(trie.canonical(cursors[2]) == trie.canonical(late))
    #expect(trie.canonical(cursors[2]) != trie.canonical(cursors[0]))
    #expect(trie.held == 10)
  }

  @Test func emptyStreamsAreEqual() {
    var trie = ContentTrie(capacity: 100)
    var (a, b) = (ContentTrie.Cursor(), ContentTrie.Cursor())
    append("", &trie, &a)
    append("x", &trie, &b)
    #expect(trie.canonical(a) == trie.canonical(ContentTrie.Cursor()))
    #expect(text(trie, a).isEmpty)
  }

  @Test func theCapacityHolds() {
    var trie = ContentTrie(capacity: 5)
    var (a, b, c) = (ContentTrie.Cursor(), ContentTrie.Cursor(), ContentTrie.Cursor())
    #expect(trie.append(Data("abcdefgh".utf8), at: &a) == 5)
    #expect(trie.append(Data("abcdefgh".utf8), at: &b) == 5)
    #expect(trie.append(Data("abX".utf8), at: &c) == 2)
    #expect(trie.held == 5)
    #expect(text(trie, b) == "abcde")
  }

  @Test func partsComeOut() {
    var trie = ContentTrie(capacity: 100)
    var (a, b) = (ContentTrie.Cursor(), ContentTrie.Cursor())
    append("abcdefgh", &trie, &a)
    append("abcdXY", &trie, &b)
    #expect(String(decoding: trie.content(of: a, from: 2, limit: 4), as: UTF8.self) == "cdef")
    #expect(String(decoding: trie.content(of: b, from: 5), as: UTF8.self) == "Y")
    #expect(String(decoding: trie.content(of: b, limit: 3), as: UTF8.self) == "abc")
  }

  /// Streams that interleave at random end at the same place exactly when their bytes are equal, come out as they went in,
  /// and cost no more than what differs.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func holdsWhatWentIn(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      let letters = Array("ab".utf8)
      let streams = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        Data((0..<Int.random(in: 0...9, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0 })
      }
      var trie = ContentTrie(capacity: .max)
      var cursors = [ContentTrie.Cursor](repeating: .init(), count: streams.count)
      var rest = streams
      while let index = rest.indices.filter({ !rest[$0].isEmpty }).randomElement(using: &random) {
        let count = Int.random(in: 1...rest[index].count, using: &random)
        #expect(trie.append(rest[index].prefix(count), at: &cursors[index]) == count)
        rest[index] = rest[index].dropFirst(count)
      }
      var prefixes: Set<[UInt8]> = []
      for (index, stream) in streams.enumerated() {
        #expect(trie.content(of: cursors[index]) == stream)
        for end in 0..<stream.count { prefixes.insert(Array(stream.prefix(end + 1))) }
        for other in streams.indices {
          #expect((trie.canonical(cursors[index]) == trie.canonical(cursors[other])) == (stream == streams[other]))
        }
      }
      #expect(trie.held == prefixes.count)
    }
  }

  @Test func oneCopyOfAHundredEqualMegabytes() {
    var trie = ContentTrie(capacity: 16 << 20)
    let file = Data((0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
    var cursors = [ContentTrie.Cursor](repeating: .init(), count: 100)
    for start in stride(from: 0, to: file.count, by: 65_536) {
      for index in cursors.indices {
        #expect(trie.append(file[start..<start + 65_536], at: &cursors[index]) == 65_536)
      }
    }
    #expect(trie.held == file.count)
    #expect(Set(cursors.map { trie.canonical($0) }).count == 1)
  }
}
