/// Every block of all files in reading order, and which of them a host must be tried against. A value.
struct ConfigProgram: Sendable {
  private(set) var blocks: [ConfigBlock] = []
  /// Concrete names of Host lines, in order, each once.
  private(set) var aliases: [String] = []
  /// Whether a Match line asks for the second reading.
  private(set) var asksForFinal = false
  /// Blocks of Host lines without wildcard and negation, by name; indices ascend.
  private var byName: [String: [Int]] = [:]
  /// All other blocks; indices ascend.
  private var general: [Int] = []

  init() {}

  init(blocks: [ConfigBlock]) {
    self.blocks = blocks
    var seen: Set<String> = []
    let referred = Set(blocks.compactMap(\.guardBlock) + blocks.compactMap(\.header.twin))
    for (index, block) in blocks.enumerated() {
      switch block.header {
      case .always, .same:
        if !block.lines.isEmpty || referred.contains(index) { general.append(index) }
      case .match(let condition):
        asksForFinal = asksForFinal || condition.asksForFinal
        general.append(index)
      case .host(let patterns):
        for pattern in patterns.patterns where pattern.isLiteral && !pattern.isNegated {
          if seen.insert(pattern.text).inserted { aliases.append(pattern.text) }
        }
        if let names = patterns.literals {
          for name in names where byName[name]?.last != index { byName[name, default: []].append(index) }
        } else {
          general.append(index)
        }
      }
    }
  }

  /// Indices of the blocks that may apply to `host`, ascending. All others do not.
  func candidates(_ host: String) -> [Int] {
    guard let named = byName[host] else { return general }
    var merged: [Int] = []
    merged.reserveCapacity(named.count + general.count)
    var next = 0
    for index in named {
      while next < general.count, general[next] < index {
        merged.append(general[next])
        next += 1
      }
      merged.append(index)
    }
    merged += general[next...]
    return merged
  }
}
