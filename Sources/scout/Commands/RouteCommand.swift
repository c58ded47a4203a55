import ArgumentParser
import MCP

struct RouteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "route",
    abstract: "Show which agents reach a host, what each would cost now, and which would be asked.",
    discussion: "The figures are those of the coordinator that is asked: with --url, of the one that runs there.")

  @Argument(help: "One host: web1 or dc1/web1.") var host: String
  @OptionGroup var client: ClientFlags

  func validate() throws { try UsageCheck.hosts([host]) }

  func run() async throws {
    try await client.callAndPrint("route", ["host": .string(host)])
  }
}
