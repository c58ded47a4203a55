import ArgumentParser
import MCP

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Run an allow-listed command that only reads, on one host or many.",
    usage: "scout query [OPTIONS] TARGET... -- COMMAND [ARGUMENT]...")

  @Argument(help: "HOST; globs, {a,b} and @labels name many hosts.")
  var targets: [String]
  @Option(parsing: .remaining, help: "The command and its arguments: all that follows. -- says the same.")
  var command: [String] = []
  @OptionGroup var client: ClientFlags

  /// Two lists of words cannot both be positional for the parser, so `--` becomes the option that it stands for.
  static func naming(commandIn arguments: [String]) -> [String] {
    guard arguments.first == configuration.commandName, let terminator = arguments.firstIndex(of: "--") else {
      return arguments
    }
    return arguments[..<terminator] + ["--command"] + arguments[(terminator + 1)...]
  }

  func validate() throws {
    if command.isEmpty { throw ValidationError("Give the command after --, for example: scout query web1 -- uptime") }
    try UsageCheck.hosts(targets)
  }

  func run() async throws {
    // One word with blanks in it is a line that somebody quoted: taken apart as the tool does, without a shell.
    let words = command.count == 1 ? JSON.string(command[0]) : .array(command.map(JSON.string))
    try await client.callAndPrint("query", ["targets": .array(targets.map(JSON.string)), "command": words])
  }
}
