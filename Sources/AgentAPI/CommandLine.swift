/// A command line split into words the way a shell would, without any shell.
///
/// Quotes and backslashes work as in sh(1). What only a shell could do (pipes, lists, redirections, expansions) is refused where it
/// stands unquoted, with the remedy: quoted, it is data. Patterns (`*`, `?`) and `~` are data, too: nothing expands them.
package enum CommandLine {
  /// In bytes.
  package static let lengthLimit = 65_536

  package struct SplitError: Error, Sendable, Hashable {
    /// For whoever wrote the line.
    package let message: String
    /// In characters from the line's beginning.
    package let offset: Int
  }

  package static func split(_ line: String) throws(SplitError) -> [String] {
    guard line.utf8.count <= lengthLimit else {
      throw SplitError(message: "The command is longer than \(lengthLimit) bytes", offset: 0)
    }
    var splitter = Splitter(scalars: Array(line.unicodeScalars))
    return try splitter.words()
  }
}

extension CommandLine {
  private struct Splitter {
    let scalars: [Unicode.Scalar]
    var at = 0
    var word = String.UnicodeScalarView()
    /// A word has begun, though it may be empty: `''`.
    var isInWord = false

    mutating func words() throws(SplitError) -> [String] {
      var words: [String] = []
      while at < scalars.count {
        let scalar = scalars[at]
        switch scalar {
        case " ", "\t":
          finish(into: &words)
        case "'": try singleQuoted()
        case "\"": try doubleQuoted()
        case "\\":
          guard at + 1 < scalars.count else { throw error("The command ends in a backslash") }
          at += 1
          append(scalars[at])
        case "$" where isExpansion(at):
          throw error("No shell expands '$' here: put it in single quotes if it is data")
        case "`", ";", "&", "|", "<", ">", "(", ")":
          throw error(
            "No shell runs here, so '\(scalar)' has no meaning: quote it if it is data, otherwise give one plain command"
          )
        case "\n", "\r":
          throw error("A command is one line: quote the line break if it is data")
        case "\0":
          throw error("A command cannot hold a null byte")
        default: append(scalar)
        }
        at += 1
      }
      finish(into: &words)
      return words
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
      word.append(scalar)
      isInWord = true
    }

    private mutating func finish(into words: inout [String]) {
      guard isInWord else { return }
      words.append(String(word))
      word = String.UnicodeScalarView()
      isInWord = false
    }

    private mutating func singleQuoted() throws(SplitError) {
      isInWord = true
      let start = at
      at += 1
      while at < scalars.count, scalars[at] != "'" {
        append(scalars[at])
        at += 1
      }
      guard at < scalars.count else { throw SplitError(message: "A single quote is not closed", offset: start) }
    }

    private mutating func doubleQuoted() throws(SplitError) {
      isInWord = true
      let start = at
      at += 1
      while at < scalars.count, scalars[at] != "\"" {
        switch scalars[at] {
        case "\\" where at + 1 < scalars.count && "$`\"\\".unicodeScalars.contains(scalars[at + 1]):
          at += 1
          append(scalars[at])
        case "`":
          throw error("No shell runs '`' here: use single quotes if it is data")
        case "$" where isExpansion(at):
          throw error("No shell expands '$' here: use single quotes if it is data")
        default: append(scalars[at])
        }
        at += 1
      }
      guard at < scalars.count else { throw SplitError(message: "A double quote is not closed", offset: start) }
    }

    /// What a shell would take as the beginning of an expansion; a `$` alone is itself.
    private func isExpansion(_ dollar: Int) -> Bool {
      guard dollar + 1 < scalars.count else { return false }
      let next = scalars[dollar + 1]
      return next.properties.isAlphabetic || ("0"..."9").contains(next) || "_({@*#?$!-".unicodeScalars.contains(next)
    }

    private func error(_ message: String) -> SplitError {
      SplitError(message: message, offset: at)
    }
  }
}
