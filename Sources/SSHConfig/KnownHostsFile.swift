/// One known_hosts file, indexed. A value.
struct KnownHostsFile: Sendable {
  /// Bytes that are read at most; what is beyond is left out and counted as one skipped line.
  static let sizeLimit = 16 << 20

  let path: String
  private(set) var lines: [KnownHostsLine] = []
  private(set) var skipped = 0
  /// Lines of certificate authorities: known, and of no use without host certificates.
  private(set) var authorities = 0
  /// Lines with plain names only, by name; indices ascend.
  private var byName: [String: [Int]] = [:]
  /// Lines with hashes, wildcards or negations.
  private var general: [Int] = []

  init(path: String, contents: [UInt8]) {
    self.path = path
    var number = 0
    if contents.count > Self.sizeLimit { skipped += 1 }
    for text in contents.prefix(Self.sizeLimit).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      switch KnownHostsLine.parse(text, number: number) {
      case .nothing: break
      case .malformed: skipped += 1
      case .line(let line): add(line)
      }
    }
  }

  private mutating func add(_ line: KnownHostsLine) {
    if line.marker == .certificateAuthority {
      authorities += 1
      return
    }
    let index = lines.count
    lines.append(line)
    guard case .patterns(let patterns) = line.names, let names = patterns.literals else {
      general.append(index)
      return
    }
    for name in names where byName[name]?.last != index { byName[name, default: []].append(index) }
  }

  /// The lines for a name, in the file's order.
  func lines(for name: String) -> [KnownHostsLine] {
    let matching = general.filter { lines[$0].matches(name) }
    return (byName[name, default: []] + matching).sorted().map { lines[$0] }
  }
}
