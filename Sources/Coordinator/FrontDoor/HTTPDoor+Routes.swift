import HTTPTypes
import HummingbirdCore
import MCP
import NIOCore
import Telemetry

/// What a request is for, and whether it may come in.
extension HTTPDoor {
  func respond(to request: Request, _ writer: consuming ResponseWriter, _ connection: HTTPConnection) async {
    connection.requestBegan()
    let isMCP = request.uri.path == "/mcp" || request.uri.path == "/mcp/"
    let page = isMCP ? CrossOrigin(request, origins) : nil
    var answer = AnswerWriter(
      writer, connection: connection, metrics: metrics, date: date, isHeadOnly: request.method == .head,
      fields: page?.fields ?? [])
    var bodyWasRead = false
    switch request.uri.path {
    case _ where page?.isPreflight == true:
      // Before credentials are looked for: a browser sends none with it.
      await answer.write(CrossOrigin.permission)
    case _ where isMCP:
      bodyWasRead = await serveMCP(request, &answer, connection)
    case "/health":
      await answer.write(request.isReading ? .text("OK") : .methodNotAllowed(allow: "GET, HEAD"))
    case "/metrics":
      await answer.write(metricsAnswer(to: request))
    default:
      // Also /.well-known/oauth-protected-resource[/mcp], where clients look for OAuth: there is none.
      await answer.write(.refusal(404, RPCError(.invalidRequest, "Not found; MCP is at /mcp")))
    }
    connection.requestAnswered(bodyWasRead: bodyWasRead || !request.hasBody)
  }

  private func metricsAnswer(to request: Request) -> MCPHTTPAnswer {
    guard request.isReading else { return .methodNotAllowed(allow: "GET, HEAD") }
    switch admitted(request) {
    case .failure(let refusal): return refusal.answer
    case .success:
      return MCPHTTPAnswer(
        status: 200, fields: [MCPHTTPField("content-type", "text/plain; version=0.0.4; charset=utf-8")],
        body: Array(registry.prometheusText().utf8))
    }
  }

  /// Returns whether the body was read to its end.
  private func serveMCP(_ request: Request, _ answer: inout AnswerWriter, _ connection: HTTPConnection) async -> Bool {
    let principal: String
    switch admitted(request) {
    case .failure(let refusal):
      await answer.write(refusal.answer)
      return false
    case .success(let name): principal = name ?? "anonymous"
    }
    let caller =
      settings.isAuthenticated ? principal : request.client(of: connection, behindProxy: settings.behindProxy)
    if let wait = limiter.admit(caller, now: .now) {
      metrics.refused(.rate)
      await answer.write(.tooManyRequests(retryAfter: wait))
      return false
    }
    let body: [UInt8]
    if request.method == .post {
      // Beyond the calls, room for what ends them: cancellations must come through when the house is full.
      guard bodiesInFlight.add(1) <= settings.limits.calls + 64 else {
        bodiesInFlight.add(-1)
        metrics.refused(.concurrency)
        await answer.write(.overloaded)
        return false
      }
      defer { bodiesInFlight.add(-1) }
      if request.headers[.expect] == "100-continue" { await answer.proceed() }
      do { body = try await request.bytes(upTo: settings.limits.body) } catch {
        if error == .tooLarge {
          metrics.refused(.body)
          await answer.write(.bodyTooLarge(limit: settings.limits.body))
        }
        return false
      }
    } else {
      body = []
    }
    connection.requestArrived()
    await answer.answer(request, body, of: principal, at: self, connection) { calls in
      // Each call of a batch counts.
      limiter.charge(caller, calls - 1)
    }
    return true
  }

  /// Credentials first, then Host and Origin. The principal, nil where no key is asked for.
  private func admitted(_ request: Request) -> Result<String?, Refusal> {
    var principal: String?
    if settings.isAuthenticated {
      principal = request.presentedKey.flatMap(keys.principal(presenting:))
      guard principal != nil else {
        metrics.refused(.credentials)
        return .failure(Refusal(answer: .unauthorized))
      }
    }
    if let reason = origins.refusal(host: request.hosts, origin: request.headers[values: .origin]) {
      metrics.refused(.origin)
      return .failure(Refusal(answer: .refusal(403, RPCError(.invalidRequest, reason))))
    }
    return .success(principal)
  }

  private struct Refusal: Error { let answer: MCPHTTPAnswer }
}

extension AnswerWriter {
  fileprivate mutating func answer(
    _ request: Request, _ body: [UInt8], of principal: String, at door: HTTPDoor, _ connection: HTTPConnection,
    begun: (_ calls: Int) -> Void
  ) async {
    let message = MCPHTTPRequest(method: request.method.rawValue, fields: request.mcpFields, body: body)
    switch door.endpoint.received(message, principal: principal, now: .now) {
    case .respond(let answer): await write(answer)
    case .run(let exchange):
      begun(exchange.calls.count)
      await door.run(exchange, of: principal, &self, connection)
    case .listen(let stream): await door.listen(to: stream, &self, connection)
    }
  }
}
