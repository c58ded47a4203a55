#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The members of a JSON object: each key once, in the order of the keys' UTF-8, in which they are written. A value.
///
/// Messages have a few members in each object: a sorted array needs no hashing, and no sorting where it is written. Keys are compared as
/// bytes, which takes no longer for whatever a peer sends.
package struct JSONObject: Sendable {
  package typealias Member = (key: String, value: JSON)

  private var members: [Entry] = []

  package init() {}

  /// Of members with the same key the last one stays.
  package init(_ members: some Sequence<(String, JSON)>) {
    for (key, value) in members { self[key] = value }
  }

  /// For a reader that meets members in any order and any number.
  /// - Throws: where a key stands twice.
  init(distinct members: [Member]) throws(DuplicateKey) {
    self.members = members.map { Entry(key: Bytes($0.key), value: $0.value) }
    let isSorted = zip(self.members, self.members.dropFirst()).allSatisfy { $0.key < $1.key }
    if !isSorted { self.members.sort { $0.key < $1.key } }
    for (member, next) in zip(self.members, self.members.dropFirst()) where member.key == next.key {
      throw DuplicateKey(key: member.key.text)
    }
  }

  struct DuplicateKey: Error {
    let key: String
  }

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package var keys: some Collection<String> { members.lazy.map(\.key.text) }

  package subscript(key: String) -> JSON? {
    get {
      let key = Bytes(key)
      let index = place(of: key)
      // `nil` alone would be a JSON null.
      guard index < members.count, members[index].key == key else { return Optional.none }
      return members[index].value
    }
    set {
      let key = Bytes(key)
      let index = place(of: key)
      let isThere = index < members.count && members[index].key == key
      switch newValue {
      case let value? where isThere: members[index].value = value
      case let value?: members.insert(Entry(key: key, value: value), at: index)
      case nil where isThere: members.remove(at: index)
      case nil: break
      }
    }
  }

  /// The first index whose key is not before `key`.
  private func place(of key: Bytes) -> Int {
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      if members[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private struct Entry: Sendable, Hashable {
    let key: Bytes
    var value: JSON
  }
}

extension JSONObject {
  /// A key as bytes, of which the first eight decide nearly always.
  private struct Bytes: Sendable, Hashable, Comparable {
    let text: String
    private let head: UInt64

    init(_ text: String) {
      self.text = text
      var head: UInt64 = 0
      var shift: UInt64 = 64
      for byte in text.utf8.prefix(8) {
        shift -= 8
        head |= UInt64(byte) << shift
      }
      self.head = head
    }

    static func < (left: Bytes, right: Bytes) -> Bool {
      left.head != right.head ? left.head < right.head : order(left.text, right.text) < 0
    }

    static func == (left: Bytes, right: Bytes) -> Bool {
      left.head == right.head && order(left.text, right.text) == 0
    }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    private static func order(_ left: String, _ right: String) -> Int {
      var (left, right) = (left, right)
      return left.withUTF8 { left in
        right.withUTF8 { right in
          let common = Swift.min(left.count, right.count)
          guard common > 0, let first = left.baseAddress, let second = right.baseAddress else {
            return left.count - right.count
          }
          let order = memcmp(first, second, common)
          return order != 0 ? Int(order) : left.count - right.count
        }
      }
    }
  }
}

extension JSONObject: Sequence {
  package func makeIterator() -> some IteratorProtocol<Member> {
    members.lazy.map { (key: $0.key.text, value: $0.value) }.makeIterator()
  }
  package var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) {
    members.reserveCapacity(elements.count)
    for (key, value) in elements { self[key] = value }
  }
}
