/// Applies a program to one host. Confined to one call of `SSHConfig.resolve`.
struct HostResolution {
  private let program: ConfigProgram
  private let environment: SSHConfigEnvironment
  /// As asked for.
  private let alias: String
  /// What Host and `Match host` look at: the alias, in the second reading the name that HostName gave.
  private var host: String
  private var isFinal = false
  private(set) var options = HostOptions()
  /// Whether each block applies; blocks that are not looked at do not.
  private var applies: [Bool] = []

  init(_ program: ConfigProgram, _ environment: SSHConfigEnvironment, alias: String, user: String?, port: Int?) {
    self.program = program
    self.environment = environment
    self.alias = alias
    host = alias
    if let user { options.preset(.user, user) }
    if let port { options.preset(.port, port) }
  }

  mutating func run() throws(SSHConfigError) -> ResolvedHost {
    try read()
    var name = HostAddress.canonical(try connectName())
    if program.asksForFinal {
      host = name
      isFinal = true
      options.preset(.hostName, name)
      try read()
      name = HostAddress.canonical(try connectName())
    }
    return try HostFinish(options: options, environment: environment, alias: alias, hostName: name).host()
  }

  private mutating func read() throws(SSHConfigError) {
    applies = Array(repeating: false, count: program.blocks.count)
    for index in program.candidates(host) {
      let block = program.blocks[index]
      guard doesApply(block) else { continue }
      applies[index] = true
      for line in block.lines { try options.apply(line, of: block) }
    }
  }

  private mutating func doesApply(_ block: ConfigBlock) -> Bool {
    if let outer = block.guardBlock, !applies[outer] { return false }
    switch block.header {
    case .always: return true
    case .same(let other): return applies[other]
    case .host(let patterns): return patterns.matches(host)
    case .match(let condition): return matches(condition, block)
    }
  }

  private mutating func matches(_ condition: MatchCondition, _ block: ConfigBlock) -> Bool {
    for term in condition.terms {
      let isTrue: Bool
      switch term.criterion {
      case .all: isTrue = true
      case .final, .canonical: isTrue = isFinal
      case .host(let patterns):
        // A token that cannot be expanded is reported when the host is finished.
        let name = (try? connectName()) ?? host
        isTrue = patterns.matches(name.asciiLowercased())
      case .originalHost(let patterns): isTrue = patterns.matches(alias.asciiLowercased())
      case .user(let patterns): isTrue = patterns.matches(options.user ?? environment.userName)
      case .localUser(let patterns): isTrue = patterns.matches(environment.userName)
      case .tagged(let patterns): isTrue = patterns.matches(options.texts[.tag] ?? "")
      case .undecidable(let name, let argument):
        options.refuseMatch(name, argument, of: block)
        return false
      }
      if isTrue == term.isNegated { return false }
    }
    return true
  }

  /// HostName with its tokens, or the host itself, as written. The second reading has them applied already.
  private func connectName() throws(SSHConfigError) -> String {
    guard !isFinal, let name = options.hostName else { return host }
    do {
      return try TokenExpansion(lookUp: { $0 == "h" ? host : nil }).expand(name)
    } catch {
      throw SSHConfigError(.value, file: "host `\(alias)`", "HostName `\(name)`: \(error.message)")
    }
  }
}
