import AgentAPI
import ArgumentParser
import Foundation
import Coordinator
import MCP
import Telemetry

struct ReadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Read a file on one host or many; the same content is shown once.")

  @Argument(help: "HOST:/PATH; globs, {a,b} and @labels name many hosts.") var targets: [String]
  @Option(help: "First byte.") var offset: Int?
  @Option(help: "Bytes at most.") var limit: Int?
  @Option(help: "The first lines.") var head: Int?
  @Option(help: "The last lines.") var tail: Int?
  @Option(help: "auto, text or base64.") var encoding: String?
  @Flag(help: "The digest of the bytes shown, too.") var sha256 = false
  @Flag(help: "Write the bytes of one file as they are, however many, to standard output.") var raw = false
  @OptionGroup var client: ClientFlags

  func validate() throws {
    try UsageCheck.paths(targets)
    try UsageCheck.number("--offset", offset, 0...(.max))
    try UsageCheck.number("--limit", limit, 1...(raw ? .max : 64 << 20))
    try UsageCheck.number("--head", head, 1...1_000_000)
    try UsageCheck.number("--tail", tail, 1...1_000_000)
    try UsageCheck.word("--encoding", encoding, ReadRequestOptions.Encoding.self)
    guard [offset, head, tail].count(where: { $0 != nil }) < 2 else {
      throw ValidationError("Give only one of --offset, --head and --tail")
    }
    guard raw else { return }
    guard targets.count == 1 else { throw ValidationError("--raw takes one target") }
    guard client.url == nil, !client.json, !sha256, encoding == nil, head == nil, tail == nil else {
      throw ValidationError("--raw streams from an agent: it goes with --offset and --limit only, and not with --url")
    }
  }

  func run() async throws {
    if raw { return try await stream() }
    var arguments: JSONObject = ["targets": .array(targets.map(JSON.string))]
    for (name, value) in [("offset", offset), ("limit", limit), ("head", head), ("tail", tail)] {
      arguments[name] = value.map { .int(Int64($0)) }
    }
    arguments["encoding"] = encoding.map(JSON.string)
    if sha256 { arguments["sha256"] = true }
    try await client.callAndPrint("read", arguments)
  }
}

extension ReadCommand {
  /// Bytes straight from the agent to standard output: memory stays flat however large the file.
  private func stream() async throws {
    let target = try Target.withPath(targets[0])
    var wanted = ReadRequestOptions()
    wanted.part = .bytes(offset: Int64(offset ?? 0))
    wanted.limit = limit
    let options = CallOptions(
      timeout: client.timeoutMs.map { .milliseconds($0) }, requestID: RequestID.mint(),
      principal: LocalToolCaller.principal)
    let (request, part) = (options, wanted)
    do {
      _ = try await client.withCoordinator { coordinator in
        try await coordinator.core.stream(target, part, request) { try StandardOutput.write($0) }
      }
    } catch let error as TargetError {
      throw ValidationError(error.message)
    } catch let failure as HostFailure {
      throw TerminalError(String(AnswerText.failures([failure]).dropFirst("!! ".count).dropLast()))
    }
  }
}
