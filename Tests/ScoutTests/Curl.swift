import Foundation
import MCP
import TestFleet

/// An HTTP client that is only curl(1): each field of its requests is the test's own, and it can be ended in mid-answer.
///
/// A value.
struct Curl: Sendable {
  /// Without a path.
  let base: String
  /// For the bodies of requests: as arguments they would stand in the process table, where tests look for commands.
  let folder: URL
  /// Arguments of every request.
  var options: [String] = []

  struct Answer: Sendable {
    /// 0 where none came.
    let status: Int
    /// As they came.
    let head: String
    let body: String

    /// The value of a field; its name in lower case.
    func field(_ name: String) -> String? {
      head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix(name + ":") }
        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The body, or the last event of a stream.
    var json: JSON? {
      let data = body.split(separator: "\n").last { $0.hasPrefix("data: {") }.map { $0.dropFirst(6) } ?? body[...]
      return try? JSON(parsing: Array(data.utf8))
    }
  }

  /// A request and its whole answer. With a message it is a POST, without one a GET.
  func send(_ message: JSON? = nil, _ fields: [String] = [], to path: String = "/mcp") async throws -> Answer {
    let name = folder.appending(path: "curl-\(UUID().uuidString)").path
    let (_, status) = try await programRun(
      "/usr/bin/curl",
      ["-s", "-o", name + ".body", "-D", name + ".head", "-w", "%{http_code}"] + arguments(message, fields, path))
    func text(_ suffix: String) -> String { (try? String(contentsOfFile: name + suffix, encoding: .utf8)) ?? "" }
    return Answer(status: Int(status) ?? 0, head: text(".head"), body: text(".body"))
  }

  /// A request whose answer is written as it comes.
  func open(_ message: JSON? = nil, _ fields: [String] = []) throws -> ScoutProcess {
    try ScoutProcess(["-sSN"] + arguments(message, fields, "/mcp"), binary: URL(filePath: "/usr/bin/curl"))
  }

  private func arguments(_ message: JSON?, _ fields: [String], _ path: String) throws -> [String] {
    var arguments = options + fields.flatMap { ["-H", $0] }
    if let message {
      let file = folder.appending(path: "message-\(UUID().uuidString)")
      try Data(message.serialized()).write(to: file)
      arguments += ["-H", "Content-Type: application/json", "--data-binary", "@\(file.path)"]
    }
    return arguments + ["-H", "Accept: application/json, text/event-stream", base + path]
  }

  /// A call of the revision that needs no session, and its fields.
  static func call(_ tool: String, _ arguments: JSON) -> (message: JSON, fields: [String]) {
    let message: JSON = [
      "jsonrpc": "2.0", "id": 1, "method": "tools/call",
      "params": [
        "name": .string(tool), "arguments": arguments,
        "_meta": [
          "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
        ],
      ],
    ]
    return (message, ["MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: \(tool)"])
  }

  /// What opens a session.
  static let initialize: JSON = [
    "jsonrpc": "2.0", "id": 0, "method": "initialize",
    "params": ["protocolVersion": "2025-06-18", "capabilities": [:], "clientInfo": ["name": "t", "version": "1"]],
  ]

  /// Opens a session of an earlier revision; the fields of what belongs to it.
  func session() async throws -> [String] {
    let answer = try await send(Self.initialize)
    guard let id = answer.field("mcp-session-id") else { throw FleetError("no session: \(answer)") }
    let fields = ["Mcp-Session-Id: \(id)", "MCP-Protocol-Version: 2025-06-18"]
    _ = try await send(["jsonrpc": "2.0", "method": "notifications/initialized"], fields)
    return fields
  }
}
