/// A pattern of `*` and `?`, ssh_config(5) PATTERNS. A value.
package struct HostPattern: Sendable, Hashable {
  /// The pattern without its leading `!`.
  let text: String
  let isNegated: Bool
  let isLiteral: Bool
  private let bytes: [UInt8]

  package init(_ pattern: Substring, lowercased: Bool = false) {
    isNegated = pattern.first == "!"
    let bare = String(isNegated ? pattern.dropFirst() : pattern)
    text = lowercased ? bare.asciiLowercased() : bare
    bytes = Array(text.utf8)
    isLiteral = !bytes.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  package func matches(_ name: String) -> Bool {
    isLiteral ? name == text : matches(Array(name.utf8))
  }

  /// Time is at most the product of both lengths: a `*` is tried again from one later place only.
  private func matches(_ name: [UInt8]) -> Bool {
    var at = 0
    var from = 0
    var star: (pattern: Int, name: Int)?
    while from < name.count {
      if at < bytes.count, bytes[at] == UInt8(ascii: "*") {
        star = (at, from)
        at += 1
      } else if at < bytes.count, bytes[at] == UInt8(ascii: "?") || bytes[at] == name[from] {
        at += 1
        from += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        at = last.pattern + 1
        from = last.name + 1
      } else {
        return false
      }
    }
    return bytes[at...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

/// Patterns of which one must match and no negated one may. A value.
package struct HostPatternList: Sendable, Hashable {
  let patterns: [HostPattern]

  /// The words of a Host line.
  init(words: [String]) {
    patterns = words.map { HostPattern($0[...]) }
  }

  /// Patterns separated by commas: Match conditions, IgnoreUnknown, known_hosts.
  init(list: String, lowercased: Bool = false) {
    patterns = list.split(separator: ",", omittingEmptySubsequences: false).map {
      HostPattern($0, lowercased: lowercased)
    }
  }

  package func matches(_ name: String) -> Bool {
    var isFound = false
    for pattern in patterns where !isFound || pattern.isNegated {
      if pattern.matches(name) {
        if pattern.isNegated { return false }
        isFound = true
      }
    }
    return isFound
  }

  /// The names that it matches and nothing else; nil when it has a wildcard or a negation.
  var literals: [String]? {
    patterns.allSatisfy { $0.isLiteral && !$0.isNegated } ? patterns.map(\.text) : nil
  }
}
