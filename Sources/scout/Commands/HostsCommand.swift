import AgentAPI
import ArgumentParser
import Coordinator
import Foundation
import MCP
import Telemetry

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
    let result = client.url == nil ? try await all() : try await client.call("hosts", arguments)
    guard !result.isError, let answer = result.structured else { throw TerminalError(result.text) }
    let names = answer["hosts"]?.array?.compactMap { $0["host"]?.string } ?? []
    if !names.isEmpty { try StandardOutput.print(names.joined(separator: "\n")) }
    if let matched = answer["summary"]?["matched"]?.integer, matched > names.count {
      throw TerminalError(
        "these are \(names.count) of \(matched) hosts, as many as one answer holds: ask for fewer at once, by a pattern or a label"
      )
    }
    if result.exitCode != 0 { throw ExitCode(result.exitCode) }
  }

  /// All of them, however many: names are short.
  private func all() async throws -> ToolResult {
    let select = try select.map { try Target.hostOnly($0).hosts }
    let options = CallOptions(
      timeout: client.timeoutMs.map { .milliseconds($0) }, requestID: RequestID.mint(),
      principal: LocalToolCaller.principal)
    return try await client.withCoordinator { coordinator in
      do {
        let answer = try await coordinator.core.hosts(select, limit: .max, options)
        return ToolResult(structured: AnswerJSON.of(answer), text: "", isError: false)
      } catch let failure as HostFailure {
        return ToolResult(text: failure.message, isError: true)
      }
    }
  }
}
