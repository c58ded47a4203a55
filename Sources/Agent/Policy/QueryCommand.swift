/// What one command may be given. A value.
struct QueryCommand: Sendable {
  /// How the command reads its options.
  enum Grammar: Sendable {
    /// getopt_long: clusters, values attached or separate, `--`.
    case options
    /// As `options`, but a short option's value is always the next argument: tree reads on in the cluster.
    case detachedValues
    /// find's expression.
    case expression
    /// As `options`; bare letters are BSD options: ps.
    case bsdLetters
  }

  /// What stands beside the options.
  enum Operands: Sendable {
    /// Files whose content is read.
    case contents
    /// A pattern first, unless an option gave it, then files whose content is read.
    case patternThenContents
    /// Files that are only looked at.
    case names
    /// At most so many files whose content is read.
    case atMost(Int)
    /// Words, not files.
    case words
    /// `+FORMAT` only.
    case format
    case none
  }

  let name: String
  let grammar: Grammar
  let operands: Operands
  /// Letters of options without value.
  let flags: Set<Character>
  /// Letters of options with a value.
  let valued: Set<Character>
  /// Letters of options whose value, if any, is attached.
  let optional: Set<Character>
  /// Long options without value, with their dashes.
  let longFlags: Set<String>
  let longValued: Set<String>
  let longOptional: Set<String>
  /// `-5` is an option.
  let takesNumber: Bool
  /// Arguments put before all others, so that the remote account's own settings do not count.
  let prepended: [String]
  /// Options that are refused with a reason of their own: spelling to what they would do, and what to use instead.
  let refused: [String: String]

  init(
    _ name: String, grammar: Grammar = .options, operands: Operands, flags: String = "", valued: String = "",
    optional: String = "", long: String = "", takesNumber: Bool = false, prepended: [String] = [],
    refused: [String: String] = [:]
  ) {
    self.name = name
    self.grammar = grammar
    self.operands = operands
    self.flags = Set(flags)
    self.valued = Set(valued)
    self.optional = Set(optional)
    var flagNames: Set<String> = []
    var valuedNames: Set<String> = []
    var optionalNames: Set<String> = []
    for word in long.split(whereSeparator: \.isWhitespace) {
      if word.hasSuffix("[=]") {
        optionalNames.insert("--" + word.dropLast(3))
      } else if word.hasSuffix("=") {
        valuedNames.insert("--" + word.dropLast())
      } else {
        flagNames.insert("--" + word)
      }
    }
    longFlags = flagNames
    longValued = valuedNames
    longOptional = optionalNames
    self.takesNumber = takesNumber
    self.prepended = prepended
    self.refused = refused
  }

  static func named(_ name: String) -> QueryCommand? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
