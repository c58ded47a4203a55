/// Whether a command can only look: the one place that decides what the tool `query` may run. Pure.
///
/// A command is an argv list that no shell sees, so `;` or `$(...)` inside an argument is data. What is allowed is listed,
/// option by option (`QueryCommand+Table.swift`); everything else is refused. The decision does not depend on how an
/// option is spelt: a spelling that is not in the list does not pass, and a value that could be taken for an option by
/// another implementation of the command has to be attached to its option.
enum QueryPolicy {
  enum Decision: Sendable, Hashable {
    /// The argv to run: as asked for, with what keeps the command from reading settings of the remote account.
    case allowed([String])
    /// One sentence that names the option and what to use instead.
    case refused(String)
  }

  /// Arguments of one command at most.
  static let argumentLimit = 256
  /// Bytes of all arguments together at most.
  static let byteLimit = 64 << 10

  /// Names of the commands, in the order in which they are told to users.
  static var commands: [String] { QueryCommand.all.map(\.name) }

  static func check(_ argv: [String]) -> Decision {
    do {
      return .allowed(try allowed(argv))
    } catch {
      return .refused(error.message)
    }
  }

  private static func allowed(_ argv: [String]) throws(QueryRefusal) -> [String] {
    guard let name = argv.first, !name.isEmpty else {
      throw QueryRefusal("no command was given: name one of \(commands.joined(separator: " "))")
    }
    guard argv.count <= argumentLimit, argv.reduce(0, { $0 + $1.utf8.count + 1 }) <= byteLimit else {
      throw QueryRefusal("more than \(argumentLimit) arguments or \(byteLimit >> 10) KiB: ask for less at a time")
    }
    guard !argv.contains(where: { $0.utf8.contains(0) }) else {
      throw QueryRefusal("an argument contains a null byte, which no command can be given: remove it")
    }
    guard let command = QueryCommand.named(name) else { throw unknown(name) }
    let arguments = Array(argv.dropFirst())
    var check = QueryCheck(command: command)
    try check.run(arguments)
    return [name] + command.prepended + check.added + arguments
  }

  private static func unknown(_ name: String) -> QueryRefusal {
    if let last = name.split(separator: "/").last, name.contains("/"), QueryCommand.named(String(last)) != nil {
      return QueryRefusal("`\(name)` is a path: write `\(last)`")
    }
    return QueryRefusal(
      "Command '\(name)' not allowed. Allowed commands: \(commands.joined(separator: ", ")). "
        + "Query runs only what cannot write; files are for the tools `read` and `list`")
  }
}

/// Why a command was refused, for whoever asked. A value.
struct QueryRefusal: Error, Sendable, Hashable {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}
