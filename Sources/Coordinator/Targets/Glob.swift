/// A pattern over host, segment and label names. A value.
///
/// `*` any run, `?` one character, `[a-z0]` and `[!a]` one of a set, `{web,db}` alternatives (they nest), `\x` the character x itself.
/// Matching is case-sensitive and covers the whole name. Patterns come from clients: length and alternatives are bounded, and
/// matching takes at most pattern x name steps.
package struct Glob: Sendable, Hashable {
  /// In characters.
  package static let lengthLimit = 1024
  package static let alternativeLimit = 256

  package let text: String
  /// The name itself when the pattern has nothing special in it.
  package let literal: String?
  private let alternatives: [[Element]]

  enum Element: Sendable, Hashable {
    case scalar(Unicode.Scalar)
    case one
    case run
    case set(negated: Bool, ranges: [ClosedRange<Unicode.Scalar>])
  }

  package init(_ text: String) throws(TargetError) {
    self.text = text
    let scalars = Array(text.unicodeScalars)
    guard scalars.count <= Self.lengthLimit else {
      throw TargetError("Pattern too long: \(scalars.count) characters, at most \(Self.lengthLimit)")
    }
    if !scalars.contains(where: { "*?[]{}\\".unicodeScalars.contains($0) }) {
      literal = text
      alternatives = []
      return
    }
    literal = nil
    var parser = GlobParser(text: text, scalars: scalars)
    alternatives = try parser.parse()
  }

  /// Of `{web1,db1,mail*}`, the alternatives that are names: somebody wrote each of them out and means that it is there.
  package var names: [String] {
    alternatives.compactMap { elements in
      var name = String.UnicodeScalarView()
      for element in elements {
        guard case .scalar(let scalar) = element else { return nil }
        name.append(scalar)
      }
      return String(name)
    }
  }

  /// `*`: every name.
  package var matchesAll: Bool { alternatives == [[.run]] }

  package func matches(_ name: String) -> Bool {
    if let literal { return literal == name }
    if matchesAll { return true }
    let scalars = Array(name.unicodeScalars)
    return alternatives.contains { Self.matches($0, scalars) }
  }

  /// Remembers only the last `*`: going back further can never help.
  private static func matches(_ pattern: [Element], _ name: [Unicode.Scalar]) -> Bool {
    var p = 0
    var n = 0
    var afterRun: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == .run {
        p += 1
        afterRun = (p, n)
      } else if p < pattern.count, pattern[p].matches(name[n]) {
        p += 1
        n += 1
      } else if let retry = afterRun {
        p = retry.pattern
        n = retry.name + 1
        afterRun = (p, n)
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == .run { p += 1 }
    return p == pattern.count
  }
}

extension Glob.Element {
  fileprivate func matches(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .scalar(let own): own == scalar
    case .one, .run: true
    case .set(let negated, let ranges): ranges.contains { $0.contains(scalar) } != negated
    }
  }
}
