/// What a Match line asks for, ssh_config(5) "Match". A value.
struct MatchCondition: Sendable, Hashable {
  enum Criterion: Sendable, Hashable {
    case all
    /// The second reading, after HostName has been applied.
    case final
    /// True in that reading too; it does not ask for one.
    case canonical
    case host(HostPatternList)
    case originalHost(HostPatternList)
    case user(HostPatternList)
    case localUser(HostPatternList)
    case tagged(HostPatternList)
    /// Known to ssh and not decided here: `exec`, `localnetwork`, ... with what it asked for.
    case undecidable(String, String)
  }

  struct Term: Sendable, Hashable {
    let isNegated: Bool
    let criterion: Criterion
  }

  let terms: [Term]

  var asksForFinal: Bool { terms.contains { $0.criterion == .final } }

  /// - Throws: what is wrong, in words.
  init(_ line: ConfigLine) throws(LineFault) {
    var words = DelimitedWords(line.rest)
    var terms: [Term] = []
    while let word = words.next(), !word.isEmpty, word.first != UInt8(ascii: "#") {
      var name = String(decoding: word, as: UTF8.self)
      let isNegated = name.first == "!"
      if isNegated { name.removeFirst() }
      name = name.asciiLowercased()
      if name == "all" {
        let next = words.next()
        guard terms.count <= 1, next.map({ $0.isEmpty || $0.first == UInt8(ascii: "#") }) ?? true else {
          throw LineFault("`all` cannot be combined with other conditions: give it a Match line of its own")
        }
        terms.append(Term(isNegated: isNegated, criterion: .all))
        break
      }
      if name == "final" || name == "canonical" {
        terms.append(Term(isNegated: isNegated, criterion: name == "final" ? .final : .canonical))
        continue
      }
      guard let argument = words.next(), !argument.isEmpty, argument.first != UInt8(ascii: "#") else {
        throw LineFault("the condition `\(name)` needs a value")
      }
      terms.append(
        Term(isNegated: isNegated, criterion: try Self.criterion(name, String(decoding: argument, as: UTF8.self))))
    }
    guard !terms.isEmpty else { throw LineFault("Match needs a condition: `all`, `host`, `user`, ...") }
    self.terms = terms
  }

  private static func criterion(_ name: String, _ argument: String) throws(LineFault) -> Criterion {
    switch name {
    case "host": .host(HostPatternList(list: argument, lowercased: true))
    case "originalhost": .originalHost(HostPatternList(list: argument, lowercased: true))
    case "user": .user(HostPatternList(list: argument))
    case "localuser": .localUser(HostPatternList(list: argument))
    case "tagged": .tagged(HostPatternList(list: argument))
    case "exec", "localnetwork", "sessiontype", "command", "version": .undecidable(name, argument)
    default:
      throw LineFault(
        "unknown Match condition `\(name)`: use all, final, host, originalhost, user, localuser or tagged")
    }
  }
}
