import ArgumentParser
import Foundation
import MCP

struct HostsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Show the hosts, how they are, and which agents reach them.")

  @Argument(help: "Which hosts: a name, a glob such as web*, or labels such as @role=web.") var select: String?
  @Flag(help: "Print the names only, one a line.") var names = false
  @OptionGroup var client: ClientFlags

  func run() async throws {
    let arguments: JSONObject = select.map { ["select": .string($0)] } ?? [:]
    guard names else { return try await client.callAndPrint("hosts", arguments) }
    let result = try await client.call("hosts", arguments)
    if case .object(let answer)? = result.structured, case .array(let hosts)? = answer["hosts"] {
      for case .object(let host) in hosts { if case .string(let name)? = host["host"] ?? host["name"] { print(name) } }
    }
    if result.isError { throw ExitCode(1) }
  }
}
