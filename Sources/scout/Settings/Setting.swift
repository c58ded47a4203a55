/// One thing that Scout can be told: by flag, environment variable or line of the settings file, in this order.
///
/// The one declaration from which the flag's help, the reader's checks and the README's table come. A value.
struct Setting: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case text
    /// Several texts, separated by commas; a YAML list in the file.
    case list
    case integer(ClosedRange<Int>, unit: String)
    case choice([String])
    case flag
  }

  /// As in the settings file: lower case with underscores.
  let name: String
  let kind: Kind
  /// What holds when nothing is said, as it would be written; empty for nothing.
  let standard: String
  /// What it does, without its bounds and default.
  let purpose: String
  /// `--http-port`.
  let flag: String
  /// Never printed, and not a flag, since arguments can be seen by everybody on a machine.
  let isSecret: Bool

  /// - Parameter flag: nil takes the name; one that is given several times has its singular.
  init(
    _ name: String, _ kind: Kind, standard: String = "", isSecret: Bool = false, flag: String? = nil, _ purpose: String
  ) {
    self.flag = flag ?? "--" + name.split(separator: "_").joined(separator: "-")
    self.name = name
    self.kind = kind
    self.standard = standard
    self.purpose = purpose
    self.isSecret = isSecret
  }

  /// `SCOUT_HTTP_PORT`.
  var variable: String { "SCOUT_" + name.uppercased() }

  /// What may be written, in words.
  var allowed: String {
    switch kind {
    case .text: "text"
    case .list: "a list separated by commas"
    case .integer(let range, let unit):
      "a whole number from \(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : ", in \(unit)")
    case .choice(let choices): "one of " + choices.joined(separator: ", ")
    case .flag: "true or false"
    }
  }

  /// For `--help`.
  var help: String {
    let bounds =
      switch kind {
      case .text, .flag: ""
      case .list, .integer, .choice: " (\(allowed))"
      }
    let usual = standard.isEmpty ? "" : " Default: \(standard)."
    return purpose + bounds + "." + usual + " [\(variable)]"
  }
}
