/// A path with `*`, `?` and `[...]`, as glob(7) without braces. A value.
struct PathGlob {
  private let components: [String]

  /// - Parameter pattern: an absolute path.
  init(_ pattern: String) {
    components = pattern.split(separator: "/").map(String.init)
  }

  /// Existing paths in the order of their bytes, and what to watch for others to come: folders whose entries decided it,
  /// or the path itself where there is no wildcard.
  func expand(_ reader: some ConfigReader) -> (files: [String], watched: [String]) {
    var paths = [""]
    var watched: [String] = []
    for component in components {
      if !Self.hasWildcard(component) {
        let name = Self.unescaped(component)
        paths = paths.map { $0 + "/" + name }
        continue
      }
      var next: [String] = []
      for path in paths {
        let folder = path.isEmpty ? "/" : path
        watched.append(folder)
        let names = reader.names(in: folder).filter { Self.matches(Array($0.utf8)[...], Array(component.utf8)[...]) }
        next += names.map { path + "/" + $0 }
      }
      paths = next
    }
    if watched.isEmpty { watched = paths }
    let existing = paths.filter { reader.facts($0) != nil }
    return (existing.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, watched)
  }

  private static func hasWildcard(_ component: String) -> Bool {
    component.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
  }

  private static func unescaped(_ component: String) -> String {
    guard component.contains("\\") else { return component }
    var result = ""
    var isEscaped = false
    for character in component {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        result.append(character)
        isEscaped = false
      }
    }
    return result
  }

  /// A wildcard does not match a leading dot.
  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
    return matchesRest(name, pattern)
  }

  private static func matchesRest(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    switch first {
    case UInt8(ascii: "*"):
      let rest = pattern.drop { $0 == UInt8(ascii: "*") }
      if rest.isEmpty { return true }
      return name.indices.contains { matchesRest(name[$0...], rest) }
    case UInt8(ascii: "?"):
      return !name.isEmpty && matchesRest(name.dropFirst(), pattern.dropFirst())
    case UInt8(ascii: "["):
      guard let letter = name.first, let (isMember, rest) = bracket(letter, pattern.dropFirst()) else {
        return name.first == first && matchesRest(name.dropFirst(), pattern.dropFirst())
      }
      return isMember && matchesRest(name.dropFirst(), rest)
    case UInt8(ascii: "\\") where pattern.count > 1:
      return name.first == pattern.dropFirst().first && matchesRest(name.dropFirst(), pattern.dropFirst(2))
    default:
      return name.first == first && matchesRest(name.dropFirst(), pattern.dropFirst())
    }
  }

  /// Whether a bracket expression has `letter`, and what follows it; nil when the bracket is not closed.
  private static func bracket(_ letter: UInt8, _ pattern: ArraySlice<UInt8>) -> (Bool, ArraySlice<UInt8>)? {
    var rest = pattern
    let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
    if isNegated { rest.removeFirst() }
    var isMember = false
    var isFirst = true
    while let low = rest.popFirst() {
      if low == UInt8(ascii: "]"), !isFirst { return (isMember != isNegated, rest) }
      isFirst = false
      if rest.first == UInt8(ascii: "-"), let high = rest.dropFirst().first, high != UInt8(ascii: "]") {
        rest = rest.dropFirst(2)
        isMember = isMember || (low...max(low, high)).contains(letter)
      } else {
        isMember = isMember || low == letter
      }
    }
    return nil
  }
}
