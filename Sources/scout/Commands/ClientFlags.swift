import ArgumentParser
import Foundation
import MCP

/// What the commands for a person share: where the tools are, how long to wait, and how to print.
struct ClientFlags: ParsableArguments {
  @Option(
    help: "Ask the coordinator that runs at this MCP URL, not this process. Its key comes from SCOUT_API_KEY.")
  var url: String?
  @Option(help: "PEM file with the authority that --url's certificate is checked by, instead of the system's.")
  var ca: String?
  @Flag(help: "Print the answer's data as JSON.") var json = false
  @Option(help: "Time for the whole call, in milliseconds.") var timeoutMs: Int?
  @OptionGroup(title: "Settings") var shared: SharedFlags
  @OptionGroup(title: "Agents") var links: LinkFlags

  func validate() throws {
    try UsageCheck.number("--timeout-ms", timeoutMs, 100...600_000)
    guard let url else {
      guard ca == nil else { throw ValidationError("--ca is for the certificate of --url: give that, too") }
      return
    }
    guard !url.contains("@") else {
      throw ValidationError("--url has no user or password in it: the key comes from SCOUT_API_KEY")
    }
    guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased()),
      parts.host?.isEmpty == false, (1...65_535).contains(parts.port ?? 80)
    else { throw ValidationError("--url is http://HOST:PORT/mcp or https://HOST:PORT/mcp, not `\(url)`") }
    guard ca == nil || parts.scheme?.lowercased() == "https" else {
      throw ValidationError("--ca is for an https:// URL: \(url) has no certificate")
    }
  }

  /// Calls a tool, prints its answer and ends the process with the code that tells how many hosts answered.
  func callAndPrint(_ tool: String, _ arguments: JSONObject) async throws {
    let result = try await call(tool, arguments)
    let printed: String
    if json {
      let data = result.structured ?? .object(["error": .string(result.text)])
      printed = String(decoding: data.serialized(), as: UTF8.self)
    } else {
      printed = result.text
    }
    try StandardOutput.write(Data((printed.hasSuffix("\n") ? printed : printed + "\n").utf8))
    if result.exitCode != 0 { throw ExitCode(result.exitCode) }
  }

  func call(_ tool: String, _ arguments: JSONObject) async throws -> ToolResult {
    var arguments = arguments
    // `hosts` and `route` ask no host: for them it is the wait for the coordinator alone.
    if let timeoutMs, !["hosts", "route"].contains(tool) { arguments["timeout_ms"] = .int(Int64(timeoutMs)) }
    if let url {
      let key = ProcessInfo.processInfo.environment["SCOUT_API_KEY"]
      guard key?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ?? true else {
        throw SettingsError("SCOUT_API_KEY is not a valid key: use visible ASCII without blanks and line ends")
      }
      let caller = RemoteToolCaller(
        url: url, apiKey: key, roots: try ca.map(RemoteToolCaller.roots(of:)),
        timeout: timeoutMs.map { .milliseconds($0) + .seconds(10) })
      return try await caller.call(tool, arguments)
    }
    let call = arguments
    return try await withCoordinator { coordinator in
      try await LocalToolCaller(tools: coordinator.tools).call(tool, call)
    }
  }

  /// Runs a coordinator in this process for the length of `body`. It logs errors only, unless told otherwise.
  func withCoordinator<Result: Sendable>(
    _ body: @Sendable @escaping (CoordinatorParts) async throws -> Result
  ) async throws -> Result {
    let settings = try await SettingsReader(shared, links, config: shared.config)
    let parts = try CoordinatorParts(settings, quiet: shared.logLevel == nil)
    return try await parts.run(during: body)
  }
}
