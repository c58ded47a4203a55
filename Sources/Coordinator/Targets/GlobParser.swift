/// Reads the text of a `Glob` into its alternatives: braces are multiplied out.
struct GlobParser {
  let text: String
  let scalars: [Unicode.Scalar]
  private var at = 0

  init(text: String, scalars: [Unicode.Scalar]) {
    self.text = text
    self.scalars = scalars
  }

  mutating func parse() throws(TargetError) -> [[Glob.Element]] {
    let alternatives = try sequence(inBraces: false)
    guard at == scalars.count else { throw TargetError("Pattern '\(text)' has a '}' without its '{'") }
    return alternatives
  }

  /// Up to the end, or to the `,` or `}` that ends one branch of the braces.
  private mutating func sequence(inBraces: Bool) throws(TargetError) -> [[Glob.Element]] {
    var alternatives: [[Glob.Element]] = [[]]
    while at < scalars.count {
      switch scalars[at] {
      case "}": return alternatives
      case "," where inBraces: return alternatives
      case "{":
        let branches = try braces()
        guard alternatives.count * branches.count <= Glob.alternativeLimit else {
          throw TargetError(
            "Pattern '\(text)' has more than \(Glob.alternativeLimit) alternatives: name fewer, or use '*'")
        }
        alternatives = alternatives.flatMap { head in branches.map { head + $0 } }
      default:
        let element = try element()
        for index in alternatives.indices where !(element == .run && alternatives[index].last == .run) {
          alternatives[index].append(element)
        }
      }
    }
    return alternatives
  }

  private mutating func braces() throws(TargetError) -> [[Glob.Element]] {
    at += 1
    var branches: [[Glob.Element]] = []
    while true {
      branches += try sequence(inBraces: true)
      guard at < scalars.count else { throw TargetError("Pattern '\(text)' has a '{' without its '}'") }
      guard branches.count <= Glob.alternativeLimit else {
        throw TargetError(
          "Pattern '\(text)' has more than \(Glob.alternativeLimit) alternatives: name fewer, or use '*'")
      }
      at += 1
      if scalars[at - 1] == "}" { return branches }
    }
  }

  private mutating func element() throws(TargetError) -> Glob.Element {
    let scalar = scalars[at]
    at += 1
    switch scalar {
    case "*": return .run
    case "?": return .one
    case "[": return try set()
    case "\\":
      guard at < scalars.count else { throw TargetError("Pattern '\(text)' ends in a backslash") }
      at += 1
      return .scalar(scalars[at - 1])
    default: return .scalar(scalar)
    }
  }

  /// After the `[`. A `]` that comes first is a member, as in glob(7).
  private mutating func set() throws(TargetError) -> Glob.Element {
    var negated = false
    if at < scalars.count, scalars[at] == "!" || scalars[at] == "^" {
      negated = true
      at += 1
    }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while at < scalars.count {
      let first = scalars[at]
      if first == "]", !ranges.isEmpty {
        at += 1
        return .set(negated: negated, ranges: ranges)
      }
      at += 1
      if at + 1 < scalars.count, scalars[at] == "-", scalars[at + 1] != "]" {
        let last = scalars[at + 1]
        guard first <= last else { throw TargetError("Pattern '\(text)' has the empty range '\(first)-\(last)'") }
        ranges.append(first...last)
        at += 2
      } else {
        ranges.append(first...first)
      }
    }
    throw TargetError("Pattern '\(text)' has a '[' without its ']'")
  }
}
