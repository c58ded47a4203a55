/// The argument of Ciphers and its kin: names, or a change of the defaults by `+`, `-` or `^`. A value.
///
/// Source: ssh_config(5) "Ciphers"; kex_assemble_names of OpenSSH's kex.c.
struct AlgorithmList: Sendable, Hashable {
  private enum Change: Sendable, Hashable {
    case replace
    case append
    case remove
    case prepend
  }

  private let change: Change
  private let names: [String]

  /// nil when it names nothing.
  init?(_ text: String) {
    change =
      switch text.first {
      case "+": .append
      case "-": .remove
      case "^": .prepend
      default: .replace
      }
    names = (change == .replace ? text[...] : text.dropFirst()).split(separator: ",").map(String.init)
    guard !names.isEmpty else { return nil }
  }

  /// Names that OpenSSH of this age does not know are kept: whoever connects takes what it can do.
  func applied(to list: AlgorithmDefaults.List) -> [String] {
    if change == .remove {
      let removed = names.map { HostPattern($0[...]) }
      return list.proposed.filter { name in !removed.contains { $0.matches(name) } }
    }
    var result: [String] = []
    func add(_ candidates: [String]) {
      for name in candidates where !result.contains(name) { result.append(name) }
    }
    if change == .append { add(list.proposed) }
    for name in names {
      let pattern = HostPattern(name[...])
      add(pattern.isLiteral ? [name] : list.known.filter(pattern.matches))
    }
    if change == .prepend { add(list.proposed) }
    return result
  }
}
