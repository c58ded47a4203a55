import ArgumentParser
import Foundation

@main
struct Scout: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scout",
    abstract: "Lets an AI client look at and compare many hosts through one MCP server.",
    discussion: """
      `scout coordinator` speaks MCP and serves the hosts of ~/.ssh/config through an agent of its own. `scout agent` \
      does that part elsewhere, near hosts in another network. The other commands are the same tools for a person at \
      a terminal.
      """,
    version: version,
    subcommands: [
      CoordinatorCommand.self, AgentCommand.self, HostsCommand.self, ReadCommand.self, ListCommand.self,
      RouteCommand.self, QueryCommand.self, DoctorCommand.self, PKICommand.self,
    ])

  static let version = "0.1.0"

  /// As ArgumentParser's own, but usage errors end with 2, and settings or a start that failed are told in one line.
  static func main() async {
    do {
      var command = try parseAsRoot(QueryCommand.naming(commandIn: Array(CommandLine.arguments.dropFirst())))
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as SettingsError {
      FileHandle.standardError.write(Data("scout: \(error)\n".utf8))
      Foundation.exit(2)
    } catch let error as StartError {
      FileHandle.standardError.write(Data("scout: \(error)\n".utf8))
      Foundation.exit(1)
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Foundation.exit(2)
    }
  }
}
