import AsyncHTTPClient
import Coordinator
import Foundation
import HTTP2
import MCP
import NIOCore
import NIOHTTP1
import NIOSSL
import SocketFaults
import Telemetry

/// Somewhere that has Scout's tools.
protocol ToolCaller: Sendable {
  func call(_ tool: String, _ arguments: JSONObject) async throws -> ToolResult
}

/// The tools of a coordinator in this process.
struct LocalToolCaller: ToolCaller {
  let tools: any MCPToolProvider

  func call(_ tool: String, _ arguments: JSONObject) async throws -> ToolResult {
    let context = MCPCallContext(requestID: RequestID.mint(), principal: Self.principal)
    let outcome = try await tools.call(tool, arguments: arguments, context: context)
    return ToolResult(
      structured: outcome.structured, text: outcome.text, isError: outcome.isError, isUsage: outcome.isInvalid)
  }

  /// Who asks, in the audit log.
  static var principal: String { "terminal:\(NSUserName())" }
}

/// The tools of a running coordinator, by one MCP request (revision 2026-07-28, which needs no session).
struct RemoteToolCaller: ToolCaller {
  /// Bytes of an answer that are accepted: the largest file that settings allow (64 MiB), in its text and in its data.
  static let answerLimit = 256 << 20

  let url: String
  /// Sent as a bearer token.
  let apiKey: String?
  /// What the coordinator's certificate is checked by; nil: the system's authorities.
  var roots: [NIOSSLCertificate]?
  /// Longest wait for the answer; nil leaves it to the coordinator, which knows its own settings and answers by then.
  let timeout: Duration?
  /// Longest wait for any byte: a coordinator at work says something every 15 seconds.
  var silence: Duration = .seconds(40)

  func call(_ tool: String, _ arguments: JSONObject) async throws -> ToolResult {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers = [
      "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
    ]
    if let apiKey { request.headers.add(name: "Authorization", value: "Bearer \(apiKey)") }
    let body: JSON = .object([
      "jsonrpc": "2.0", "id": 1, "method": "tools/call",
      "params": .object([
        "name": .string(tool), "arguments": .object(arguments),
        "_meta": .object([
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": .object([:]),
          "io.modelcontextprotocol/clientInfo": .object(["name": "scout", "version": .string(Scout.version)]),
        ]),
      ]),
    ])
    request.body = .bytes(ByteBuffer(bytes: body.serialized()))
    var configuration = HTTPClient.Configuration()
    configuration.timeout = .init(connect: .seconds(10), read: TimeAmount(silence))
    if let roots {
      var security = TLSConfiguration.makeClientConfiguration()
      security.trustRoots = .certificates(roots)
      configuration.tlsConfiguration = security
    }
    let client = HTTPClient(configuration: configuration)
    let answer: Result<ToolResult, any Error>
    do { answer = .success(try await ask(request, client)) } catch { answer = .failure(error) }
    try? await client.shutdown()
    return try answer.get()
  }

  /// The certificates of `--ca`.
  ///
  /// - Throws: `SettingsError`.
  static func roots(of file: String) throws -> [NIOSSLCertificate] {
    let roots = (try? NIOSSLCertificate.fromPEMFile(file)) ?? []
    guard !roots.isEmpty else {
      throw SettingsError("--ca: `\(file)` is not a PEM file of certificates that can be read")
    }
    return roots
  }

  private func ask(_ request: HTTPClientRequest, _ client: HTTPClient) async throws -> ToolResult {
    let response: HTTPClientResponse
    let content: ByteBuffer
    do {
      (response, content) = try await Self.within(timeout ?? Self.longest) {
        let response = try await client.execute(request, timeout: TimeAmount(Self.longest))
        return (response, try await response.body.collect(upTo: Self.answerLimit))
      }
    } catch is NIOTooManyBytesError {
      throw TerminalError(
        "the answer of \(url) has more than \(Self.answerLimit >> 20) MiB: ask for less, with a lower limit")
    } catch {
      throw TerminalError(
        "no answer from \(url): \(Self.words(error)). Is the coordinator running there? See GET /health")
    }
    return try Self.result(
      of: content, contentType: response.headers.first(name: "Content-Type") ?? "", response.status)
  }

  private static func words(_ error: any Error) -> String {
    if let error = error as? HTTPClientError { return error.shortDescription }
    return TLSFault.words(error) ?? SocketFault.words(error)
  }

  /// The deadline of `execute` ends with the answer's head.
  private static func within<Answer: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer.self) { group in
      group.addTask(operation: body)
      group.addTask {
        try await Task.sleep(for: limit)
        throw TerminalError("not within \(limit)")
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
  }

  /// Above all that SCOUT_COMMAND_TIMEOUT may be.
  private static let longest: Duration = .seconds(3700)

  /// The result within a JSON or an event-stream answer.
  private static func result(
    of content: ByteBuffer, contentType: String, _ status: HTTPResponseStatus
  ) throws -> ToolResult {
    var text = String(buffer: content)
    if contentType.hasPrefix("text/event-stream") {
      // The response is the last event; what came before is progress.
      text = text.split(separator: "\n").last { $0.hasPrefix("data:") }.map { String($0.dropFirst(5)) } ?? ""
    }
    let bounds = JSONParser.Bounds(size: answerLimit)
    guard case .object(let message)? = try? JSON(parsing: Array(text.utf8), bounds: bounds) else {
      throw TerminalError("the coordinator answered \(status.code) and no JSON: is the URL right? It ends with /mcp")
    }
    if case .object(let error)? = message["error"], case .string(let reason)? = error["message"] {
      throw TerminalError("the coordinator refused the call (\(status.code)): \(reason)")
    }
    guard case .object(let result)? = message["result"] else {
      throw TerminalError("the coordinator answered \(status.code) without a result")
    }
    var answer = ToolResult(
      structured: result["structuredContent"], text: "", isError: result["isError"] == .bool(true))
    if case .array(let parts)? = result["content"] {
      for case .object(let part) in parts { if case .string(let text)? = part["text"] { answer.text += text } }
    }
    return answer
  }
}

/// Why a command could not do its work. Printed as one line; the exit code is 1.
struct TerminalError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
