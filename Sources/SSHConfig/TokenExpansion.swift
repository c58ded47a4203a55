/// `%x` and `${NAME}` in a value. A value.
///
/// Source: ssh_config(5) TOKENS and ENVIRONMENT VARIABLES.
struct TokenExpansion {
  private var lookUp: (Character) -> String?
  /// nil leaves `${NAME}` as it is.
  private var variables: [String: String]?

  init(lookUp: @escaping (Character) -> String?, variables: [String: String]? = nil) {
    self.lookUp = lookUp
    self.variables = variables
  }

  var withoutVariables: TokenExpansion {
    var copy = self
    copy.variables = nil
    return copy
  }

  /// - Throws: the token or variable that is not known.
  func expand(_ text: String) throws(LineFault) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "$") }) else { return text }
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      if character == "%" {
        guard let name = rest.popFirst() else { throw LineFault("a % stands at the end: write %% for the character") }
        guard let value = name == "%" ? "%" : lookUp(name) else {
          throw LineFault("the token %\(name) is not known here: write %% for the character itself")
        }
        result += value
      } else if character == "$", rest.first == "{", let variables {
        guard let close = rest.firstIndex(of: "}") else { throw LineFault("`${` is not closed") }
        let name = String(rest[rest.index(after: rest.startIndex)..<close])
        guard let value = variables[name] else { throw LineFault("the environment variable \(name) is not set") }
        result += value
        rest = rest[rest.index(after: close)...]
      } else {
        result.append(character)
      }
    }
    return result
  }
}
