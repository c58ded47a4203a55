import ArgumentParser
import Foundation
import MCP

struct HostsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Show the hosts, how they are, and which agents reach them.")

  @Argument(help: "Which hosts: a name, a glob such as web*, or labels such as @role=web.") var select: String?
  @Flag(help: "Print the names only, one a line.") var names = false
  @OptionGroup var client: ClientFlags

  func validate() throws {
    try UsageCheck.hosts(select.map { [$0] } ?? [])
    if names, client.json { throw ValidationError("--names prints names only: leave out --json, or --names") }
  }

  func run() async throws {
    let arguments: JSONObject = select.map { ["select": .string($0)] } ?? [:]
    guard names else { return try await client.callAndPrint("hosts", arguments) }
    let result = try await client.call("hosts", arguments)
    if case .object(let answer)? = result.structured, case .array(let hosts)? = answer["hosts"] {
      let names = hosts.compactMap { $0["host"]?.string }
      if !names.isEmpty { try StandardOutput.print(names.joined(separator: "\n")) }
    }
    if result.isError { throw TerminalError(result.text) }
  }
}
