import ArgumentParser
import Coordinator
import MCP

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List a directory, or the tree below it, on one host or many.")

  @Argument(help: "HOST:/PATH; globs, {a,b} and @labels name many hosts.") var targets: [String]
  @Option(help: "Levels: 1 is the directory itself.") var depth: Int?
  @Flag(help: "Names that begin with a dot, too.") var hidden = false
  @Option(help: "name, size or time.") var sort: String?
  @Option(help: "Entries at most.") var limit: Int?
  @Option(help: "Entries to pass over, as an answer that was cut says.") var skip: Int?
  @OptionGroup var client: ClientFlags

  func validate() throws {
    try UsageCheck.paths(targets)
    try UsageCheck.number("--depth", depth, ListRequestOptions.depths)
    try UsageCheck.number("--limit", limit, 1...10_000)
    try UsageCheck.number("--skip", skip, ListRequestOptions.skips)
    try UsageCheck.word("--sort", sort, ListRequestOptions.Sort.self)
  }

  func run() async throws {
    var arguments: JSONObject = ["targets": .array(targets.map(JSON.string))]
    arguments["depth"] = depth.map { .int(Int64($0)) }
    arguments["limit"] = limit.map { .int(Int64($0)) }
    arguments["skip"] = skip.map { .int(Int64($0)) }
    arguments["sort"] = sort.map(JSON.string)
    if hidden { arguments["hidden"] = true }
    try await client.callAndPrint("list", arguments)
  }
}
