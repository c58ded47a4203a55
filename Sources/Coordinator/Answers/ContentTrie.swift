package import FoundationEssentials

/// Many byte streams that are mostly the same, held once: a radix trie in which each stream is a position. A value.
///
/// Streams grow side by side, in any order and in chunks of any size. While a stream brings bytes that another has brought
/// before, it only moves; where it differs, a branch begins. So 100 equal files cost one file, at no moment more, and two
/// streams hold equal bytes exactly when they end at the same place. Comparison is of the bytes themselves: no hash that a
/// host could forge.
package struct ContentTrie: Sendable {
  /// Bytes held at most, all branches together.
  package let capacity: Int
  package private(set) var held = 0
  private var nodes: [Node]

  /// Covers the bytes from `start` on. A cursor at `start` itself belongs to the parent's end.
  private struct Node {
    var parent: Int?
    var start: Int
    var bytes: Data
    var children: [Int] = []

    var end: Int { start + bytes.count }
  }

  /// Where a stream ends: `position` bytes from its beginning, in the branch of `node`.
  package struct Cursor: Sendable, Hashable {
    fileprivate var node = 0
    package fileprivate(set) var position = 0

    package init() {}
  }

  package init(capacity: Int) {
    self.capacity = capacity
    nodes = [Node(parent: nil, start: 0, bytes: Data())]
  }

  /// Moves `cursor` over `bytes`, keeping those that are new.
  ///
  /// - Returns: how many bytes were taken: fewer than given when the capacity is reached.
  package mutating func append(_ bytes: Data, at cursor: inout Cursor) -> Int {
    var rest = bytes
    while let first = rest.first {
      cursor = canonical(cursor)
      let node = nodes[cursor.node]
      if cursor.position < node.end {
        let known = node.bytes.dropFirst(cursor.position - node.start)
        let same = Self.commonPrefix(known, rest)
        cursor.position += same
        rest = rest.dropFirst(same)
        if !rest.isEmpty, same < known.count { split(cursor.node, at: cursor.position) }
      } else if let child = node.children.first(where: { nodes[$0].bytes.first == first }) {
        cursor.node = child
        let same = Self.commonPrefix(nodes[child].bytes, rest)
        cursor.position += same
        rest = rest.dropFirst(same)
        if !rest.isEmpty, same < nodes[child].bytes.count { split(child, at: cursor.position) }
      } else {
        let taken = rest.prefix(capacity - held)
        guard !taken.isEmpty else { break }
        extend(&cursor, with: taken)
        rest = rest.dropFirst(taken.count)
      }
    }
    return bytes.count - rest.count
  }

  /// The same place in its one spelling; equal streams have equal canonical cursors as long as nothing more is appended.
  package func canonical(_ cursor: Cursor) -> Cursor {
    var cursor = cursor
    // After a split the node's first part is its new parent.
    while cursor.position <= nodes[cursor.node].start, let parent = nodes[cursor.node].parent { cursor.node = parent }
    return cursor
  }

  /// The bytes from `from` up to the cursor, at most `limit` of them.
  package func content(of cursor: Cursor, from: Int = 0, limit: Int = .max) -> Data {
    let place = canonical(cursor)
    let end = limit < place.position - from ? from + limit : place.position
    var pieces: [Data] = []
    var index: Int? = place.node
    while let node = index.map({ nodes[$0] }), node.end > from || node.parent != nil {
      if node.start < end, node.end > from {
        let piece = node.bytes.dropFirst(max(0, from - node.start)).prefix(end - max(from, node.start))
        pieces.append(piece)
      }
      index = node.parent
    }
    if pieces.count == 1 { return pieces[0] }
    var content = Data(capacity: max(0, end - from))
    for piece in pieces.reversed() { content.append(piece) }
    return content
  }

  /// At the end of a leaf its bytes grow; elsewhere a new branch begins.
  private mutating func extend(_ cursor: inout Cursor, with bytes: Data) {
    if nodes[cursor.node].children.isEmpty {
      if nodes[cursor.node].bytes.isEmpty {
        nodes[cursor.node].bytes = bytes
      } else {
        nodes[cursor.node].bytes.append(bytes)
      }
    } else {
      nodes[cursor.node].children.append(nodes.count)
      nodes.append(Node(parent: cursor.node, start: cursor.position, bytes: bytes))
      cursor.node = nodes.count - 1
    }
    held += bytes.count
    cursor.position += bytes.count
  }

  /// Gives the bytes before `position` to a new parent; `index` keeps the rest, so that cursors in it stay right.
  private mutating func split(_ index: Int, at position: Int) {
    let node = nodes[index]
    let head = nodes.count
    let cut = position - node.start
    nodes.append(Node(parent: node.parent, start: node.start, bytes: Data(node.bytes.prefix(cut)), children: [index]))
    if let parent = node.parent, let place = nodes[parent].children.firstIndex(of: index) {
      nodes[parent].children[place] = head
    }
    nodes[index].parent = head
    nodes[index].start = position
    nodes[index].bytes = Data(node.bytes.dropFirst(cut))
  }

  /// Compares whole stretches first: each is one memcmp, and mostly all is equal.
  private static func commonPrefix(_ a: Data, _ b: Data) -> Int {
    let count = min(a.count, b.count)
    if a.prefix(count) == b.prefix(count) { return count }
    var same = 0
    var differs = count
    while differs - same > 64 {
      let middle = (same + differs) / 2
      if a.dropFirst(same).prefix(middle - same) == b.dropFirst(same).prefix(middle - same) {
        same = middle
      } else {
        differs = middle
      }
    }
    return same + zip(a.dropFirst(same), b.dropFirst(same)).prefix { $0 == $1 }.count
  }
}
