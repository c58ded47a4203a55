/// Reads files and what they include into blocks. Confined to one call of `SSHConfig.load`.
struct ConfigLoader<Reader: ConfigReader> {
  /// ssh's READCONF_MAX_DEPTH.
  static var depthLimit: Int { 16 }
  /// Files of one configuration, each reading of it counted.
  static var fileLimit: Int { 4096 }
  /// Bytes of one file.
  static var sizeLimit: Int { 4 << 20 }

  private let environment: SSHConfigEnvironment
  private let reader: Reader
  private(set) var blocks: [ConfigBlock] = []
  private(set) var files: [String] = []
  private var noted: Set<String> = []
  private var readings = 0
  /// Keywords that IgnoreUnknown lets pass, for all lines and for those of one block.
  private var ignored: HostPatternList?
  private var ignoredHere: (block: Int, patterns: HostPatternList)?

  init(environment: SSHConfigEnvironment, reader: Reader) {
    self.environment = environment
    self.reader = reader
  }

  /// Who a file belongs to decides where its relative Includes are found.
  enum Level {
    case user
    case system
  }

  /// Reads one top file; false when there is none.
  mutating func read(_ path: String, level: Level, checksPermissions: Bool) throws(SSHConfigError) -> Bool {
    note(path)
    guard let facts = reader.facts(path), !facts.isDirectory else { return false }
    try read(path, facts, level: level, checksPermissions: checksPermissions, guardBlock: nil, depth: 0)
    return true
  }

  private mutating func note(_ path: String) {
    if noted.insert(path).inserted { files.append(path) }
  }

  private mutating func read(
    _ path: String, _ facts: FileFacts, level: Level, checksPermissions: Bool, guardBlock: Int?, depth: Int
  ) throws(SSHConfigError) {
    guard depth <= Self.depthLimit else {
      throw SSHConfigError(
        .tooMuch, file: path, "Include goes deeper than \(Self.depthLimit) files: does a file include itself?")
    }
    readings += 1
    guard readings <= Self.fileLimit, facts.size <= Self.sizeLimit else {
      throw SSHConfigError(
        .tooMuch, file: path,
        "more than \(Self.fileLimit) files, or more than \(Self.sizeLimit >> 20) MiB in one: name fewer in Include")
    }
    if checksPermissions, facts.mode & 0o022 != 0 || (facts.owner != 0 && facts.owner != environment.userID) {
      throw SSHConfigError(
        .permissions, file: path, "others may write to this file, so ssh refuses it too: chmod go-w '\(path)'")
    }
    guard let contents = reader.contents(path) else {
      throw SSHConfigError(.unreadable, file: path, "the file cannot be read: check its permissions and its folder's")
    }
    blocks.append(
      ConfigBlock(header: guardBlock.map { .same(as: $0) } ?? .always, guardBlock: guardBlock, file: path, number: 0))
    var number = 0
    var start = contents.startIndex
    while start < contents.endIndex {
      let end = contents[start...].firstIndex(of: UInt8(ascii: "\n")) ?? contents.endIndex
      number += 1
      if let line = ConfigLine(contents[start..<end]) {
        do {
          try take(line, number: number, in: path, level: level, guardBlock: guardBlock, depth: depth)
        } catch let fault as LineFault {
          throw SSHConfigError(.syntax, file: path, line: number, fault.message)
        } catch let error as SSHConfigError {
          throw error
        } catch {
          throw SSHConfigError(.syntax, file: path, line: number, "\(error)")
        }
      }
      start = end + 1
    }
  }

  private mutating func take(
    _ line: ConfigLine, number: Int, in path: String, level: Level, guardBlock: Int?, depth: Int
  ) throws {
    guard !line.rest.isEmpty else { throw LineFault("`\(line.keyword)` needs a value") }
    guard let arguments = line.arguments() else { throw LineFault("a quote is not closed") }
    guard let keyword = Keyword(line.keyword) else {
      if isIgnored(line.keyword) { return }
      throw LineFault(
        "unknown keyword `\(line.keyword)`: correct it, or put `IgnoreUnknown \(line.keyword)` above it")
    }
    switch keyword {
    case .ignored: break
    case .host:
      guard !arguments.contains("") else { throw LineFault("an empty pattern: write a name, or * for every host") }
      blocks.append(
        ConfigBlock(
          header: .host(HostPatternList(words: arguments)), guardBlock: guardBlock, file: path, number: number))
    case .match:
      blocks.append(
        ConfigBlock(header: .match(try MatchCondition(line)), guardBlock: guardBlock, file: path, number: number))
    case .include:
      try include(arguments, in: path, level: level, number: number, depth: depth)
    case .ignoreUnknown:
      guard arguments.count == 1, !arguments[0].isEmpty else {
        throw LineFault("IgnoreUnknown takes one list of patterns separated by commas")
      }
      ignore(HostPatternList(list: arguments[0], lowercased: true))
    case .unsupported(let name):
      add(.unsupported(name: name, value: arguments.first ?? ""), number)
    case .setting(let key):
      add(try Setting(key, line, arguments: arguments), number)
    }
  }

  private mutating func add(_ setting: Setting, _ number: Int) {
    blocks[blocks.count - 1].lines.append(ConfigBlock.Line(setting: setting, number: number))
  }

  private mutating func ignore(_ patterns: HostPatternList) {
    let block = blocks.count - 1
    if appliesToAll(block) {
      if ignored == nil { ignored = patterns }
    } else if ignoredHere?.block != block {
      ignoredHere = (block, patterns)
    }
  }

  private func isIgnored(_ keyword: String) -> Bool {
    if let ignored, ignored.matches(keyword) { return true }
    if let ignoredHere, ignoredHere.block == blocks.count - 1 { return ignoredHere.patterns.matches(keyword) }
    return false
  }

  private func appliesToAll(_ block: Int) -> Bool {
    if let outer = blocks[block].guardBlock, !appliesToAll(outer) { return false }
    switch blocks[block].header {
    case .always: return true
    case .same(let other): return appliesToAll(other)
    case .host(let patterns): return patterns.patterns.allSatisfy { $0.text == "*" && !$0.isNegated }
    case .match(let condition): return condition.terms.allSatisfy { $0.criterion == .all && !$0.isNegated }
    }
  }

  /// ssh_config(5) "Include": each word may have wildcards; what it matches is read in the order of names.
  private mutating func include(
    _ words: [String], in path: String, level: Level, number: Int, depth: Int
  ) throws {
    let outer = blocks.count - 1
    for word in words {
      guard !word.isEmpty else { throw LineFault("Include needs a file name") }
      let pattern = try anchored(word, level: level)
      let found = PathGlob(pattern).expand(reader)
      for path in found.watched { note(path) }
      for file in found.files {
        note(file)
        guard let facts = reader.facts(file), !facts.isDirectory else { continue }
        try read(file, facts, level: level, checksPermissions: true, guardBlock: outer, depth: depth + 1)
      }
    }
    blocks.append(
      ConfigBlock(header: .same(as: outer), guardBlock: blocks[outer].guardBlock, file: path, number: number))
  }

  private func anchored(_ word: String, level: Level) throws(LineFault) -> String {
    if word.first == "/" { return word }
    // As ssh: the glob of an Include takes its tilde from HOME.
    let home = environment.variables["HOME"] ?? environment.home
    guard word.first == "~" else { return (level == .user ? home + "/.ssh/" : "/etc/ssh/") + word }
    guard level == .user else { throw LineFault("a system-wide file cannot include `\(word)`: write the whole path") }
    let name = word.dropFirst().prefix { $0 != "/" }
    guard let folder = name.isEmpty ? home : environment.homeOf(String(name)) else {
      throw LineFault("there is no user `\(name)` here")
    }
    return folder + word.dropFirst(1 + name.count)
  }
}
