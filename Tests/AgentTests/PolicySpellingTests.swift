import Testing

@testable import Agent

/// No spelling of a dangerous option passes, whatever stands around it.
@Suite struct PolicySpellingTests {
  /// By hand from the manuals, not from the policy's own table: short letters and long names that write, run or wait.
  private static let dangerous: [(command: String, letters: String, long: [String])] = [
    ("sort", "oT", ["output", "temporary-directory", "compress-program", "files0-from", "random-source"]),
    ("tail", "fFs", ["follow", "retry", "pid", "sleep-interval", "max-unchanged-stats"]), ("tree", "oR", ["fromfile"]),
    ("rg", "fz", ["pre", "pre-glob", "hostname-bin", "search-zip", "file", "ignore-file"]),
    ("grep", "fD", ["file", "devices", "exclude-from"]),
    (
      "file", "CmzZpfsS",
      ["compile", "magic-file", "uncompress", "preserve-date", "files-from", "special-files", "no-sandbox"]
    ),
    ("diff", "lXD", ["paginate", "exclude-from", "from-file", "to-file", "ifdef"]),
    ("du", "X", ["files0-from", "exclude-from"]),
    ("date", "sf", ["set", "file"]), ("hostname", "Fb", ["file", "boot"]), ("free", "sc", ["seconds", "count"]),
    ("wc", "", ["files0-from"]), ("df", "", ["sync"]), ("sha256sum", "c", ["check"]),
  ]

  @Test func everySpellingIsRefused() {
    var random = Random(state: 42)
    for _ in 0..<20_000 {
      guard let entry = Self.dangerous.randomElement(using: &random), let command = QueryCommand.named(entry.command)
      else { continue }
      let spelling = spelling(entry.letters, entry.long, command, &random)
      var argv = [entry.command] + harmless(command, &random) + spelling + harmless(command, &random)
      if Bool.random(using: &random) { argv.append("file") }
      if case .allowed = QueryPolicy.check(argv) { Issue.record("allowed: \(argv)") }
    }
  }

  @Test func noActionOfFindPasses() {
    let actions = [
      "-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls", "-files0-from",
    ]
    let others = [
      ".", "/etc", "-name", "x", "-type", "f", "(", ")", "!", "-o", "-print", "-mtime", "-1", "-size", "+5k", "-L",
      "-newermt", "--", "-maxdepth", "2",
    ]
    var random = Random(state: 7)
    for _ in 0..<10_000 {
      var argv = (0..<Int.random(in: 0...8, using: &random)).map { _ in others.randomElement(using: &random) ?? "." }
      argv.insert(actions.randomElement(using: &random) ?? "-exec", at: Int.random(in: 0...argv.count, using: &random))
      if case .allowed = QueryPolicy.check(["find"] + argv) { Issue.record("allowed: \(argv)") }
    }
  }

  /// Anything at all: a decision, and an allowed argv is the asked one.
  @Test func survivesAnything() {
    let pieces = [
      "-", "--", "a", "=", "-f", "--o", "\n", "é", "", "/dev/zero", "-5", "+", "(", "x y", "-exec", "--regexp", "-e",
      "-c",
    ]
    var random = Random(state: 3)
    for _ in 0..<15_000 {
      let name = QueryPolicy.commands.randomElement(using: &random) ?? "cat"
      let argv =
        [name]
        + (0..<Int.random(in: 0...5, using: &random)).map { _ in
          (0..<Int.random(in: 1...3, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
      if case .allowed(let allowed) = QueryPolicy.check(argv) {
        #expect(allowed.suffix(argv.count - 1) == argv.dropFirst())
      }
    }
  }

  private func spelling(_ letters: String, _ long: [String], _ command: QueryCommand, _ random: inout Random)
    -> [String]
  {
    let value = ["x", "/tmp/x", "5", "-", "="].randomElement(using: &random) ?? "x"
    guard let letter = letters.randomElement(using: &random), Bool.random(using: &random) else {
      let name = long.randomElement(using: &random) ?? "output"
      // Shortened as far as getopt_long may take it; what is left must not be an allowed option itself.
      let shortened = "--" + name.prefix(Int.random(in: 1...name.count, using: &random))
      let isOther =
        command.longFlags.contains(shortened) || command.longValued.contains(shortened)
        || command.longOptional.contains(shortened)
      let option = isOther ? "--" + name : shortened
      return [[option], [option + "=" + value], [option, value]].randomElement(using: &random) ?? [option]
    }
    let flags = command.flags.sorted()
    let cluster = String(
      (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in flags.randomElement(using: &random) })
    let option = "-" + cluster + String(letter)
    return [[option], [option, value], [option + value]].randomElement(using: &random) ?? [option]
  }

  /// Options that are allowed, spelt in every allowed way.
  private func harmless(_ command: QueryCommand, _ random: inout Random) -> [String] {
    var argv: [String] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      switch Int.random(in: 0...4, using: &random) {
      case 0: if let flag = command.flags.sorted().randomElement(using: &random) { argv.append("-\(flag)") }
      case 1: if let flag = command.longFlags.sorted().randomElement(using: &random) { argv.append(flag) }
      case 2: if let option = command.longValued.sorted().randomElement(using: &random) { argv.append(option + "=1") }
      // The value may be taken for what it is not: the next thing is an option.
      case 3: if let option = command.valued.sorted().randomElement(using: &random) { argv.append("-\(option)") }
      default: if case .contents = command.operands { argv.append("operand") }
      }
    }
    return argv
  }
}

/// SplitMix64: the same numbers in every run.
private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
