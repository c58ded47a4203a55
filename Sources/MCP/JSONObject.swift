/// The members of a JSON object: each key once, in the order in which they are written. A value.
///
/// Messages have a few members in each object, most keys of which fit into a `String` without allocation: a sorted array is built,
/// searched and written in a third of a dictionary's time. The order is `String`'s: by UTF-8 where keys are ASCII, and keys that are
/// canonically equivalent are one.
package struct JSONObject: Sendable {
  package typealias Member = (key: String, value: JSON)

  private var members: [Member] = []

  package init() {}

  /// Of members with the same key the last one stays.
  package init(_ members: some Sequence<(String, JSON)>) {
    for (key, value) in members { self[key] = value }
  }

  /// For a reader that meets members in any order and any number.
  /// - Returns: nil where a key stands twice.
  init?(distinct members: consuming [Member]) {
    self.members = members
    var isSorted = true
    for index in self.members.indices.dropFirst() where self.members[index - 1].key >= self.members[index].key {
      isSorted = false
      break
    }
    guard !isSorted else { return }
    self.members.sort { $0.key < $1.key }
    for index in self.members.indices.dropFirst() where self.members[index - 1].key == self.members[index].key {
      return nil
    }
  }

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package var keys: some Collection<String> { members.lazy.map(\.key) }

  package subscript(key: String) -> JSON? {
    get {
      let index = place(of: key)
      guard index < members.count, members[index].key == key else { return Optional.none }
      return members[index].value
    }
    set {
      let index = place(of: key)
      let isThere = index < members.count && members[index].key == key
      switch newValue {
      case let value? where isThere: members[index].value = value
      case let value?: members.insert((key, value), at: index)
      case nil where isThere: members.remove(at: index)
      case nil: break
      }
    }
  }

  /// The first index whose key is not before `key`.
  private func place(of key: String) -> Int {
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      if members[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension JSONObject: Sequence {
  package func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
  package var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.elementsEqual(right.members) { $0.key == $1.key && $0.value == $1.value }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(members.count)
    for member in members {
      hasher.combine(member.key)
      hasher.combine(member.value)
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) {
    members.reserveCapacity(elements.count)
    for (key, value) in elements { self[key] = value }
  }
}
