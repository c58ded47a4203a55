/// Which hosts are meant: `web1`, `dc1/web1`, `web*`, `*`, `@role=web,env=prod`, `dc1/@role=db`. A value.
package struct HostSelector: Sendable, Hashable {
  /// In characters, of one host or segment name.
  package static let nameLimit = 255

  package let text: String
  package let segment: Glob?
  package let subject: Subject

  package enum Subject: Sendable, Hashable {
    case name(Glob)
    /// Every one of these must hold.
    case labels([LabelMatch])
  }

  package init(_ text: String) throws(TargetError) {
    self.text = text
    guard !text.isEmpty else { throw TargetError("Host cannot be empty") }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw TargetError("Host contains a control character")
    }
    var rest = text[...]
    var segment: Glob?
    if !text.hasPrefix("@"), let slash = text.firstIndex(of: "/") {
      guard slash != text.startIndex else { throw TargetError("Segment cannot be empty in '\(text)'") }
      segment = try Glob(String(text[..<slash]))
      rest = text[text.index(after: slash)...]
      guard !rest.isEmpty else {
        throw TargetError("Host cannot be empty: to mean every host of the segment, write '\(text)*'")
      }
    }
    guard !rest.hasPrefix("-"), !text.hasPrefix("-") else { throw TargetError("Host '\(text)' begins with '-'") }
    self.segment = segment
    if rest.hasPrefix("@") {
      subject = .labels(try LabelMatch.list(rest.dropFirst(), of: text))
    } else {
      let glob = try Glob(String(rest))
      if let name = glob.literal, name.count > Self.nameLimit {
        throw TargetError("Host name too long: \(name.count) chars")
      }
      subject = .name(glob)
    }
  }

  /// The one name that is meant, when nothing in it is a pattern.
  package var exactName: String? {
    guard case .name(let glob) = subject else { return nil }
    return glob.literal
  }
}

/// One condition on a host's labels: the key, and the value's pattern; without one the key alone must be there.
package struct LabelMatch: Sendable, Hashable {
  package let key: String
  package let value: Glob?

  package func matches(_ labels: [String: String]) -> Bool {
    guard let own = labels[key] else { return false }
    return value.map { $0.matches(own) } ?? true
  }

  /// `role=web,env={prod,stage},spare`: commas inside braces belong to the pattern.
  static func list(_ text: Substring, of whole: String) throws(TargetError) -> [LabelMatch] {
    var matches: [LabelMatch] = []
    for item in separated(text) {
      let key = item.prefix { $0 != "=" }
      guard !key.isEmpty else { throw TargetError("Label cannot be empty in '\(whole)': write @key=value,key=value") }
      let value = item.count > key.count ? try Glob(String(item.dropFirst(key.count + 1))) : nil
      matches.append(LabelMatch(key: String(key), value: value))
    }
    return matches
  }

  private static func separated(_ text: Substring) -> [Substring] {
    var items: [Substring] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "{": depth += 1
      case "}": depth -= 1
      case "," where depth <= 0:
        items.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    items.append(text[start...])
    return items
  }
}
