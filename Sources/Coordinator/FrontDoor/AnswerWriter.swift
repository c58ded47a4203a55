import HTTPTypes
import HummingbirdCore
import MCP
import NIOCore

/// Writes one answer, whole or piece by piece; owned by the request's task.
///
/// A failed write means that the client has gone; from then on nothing is written, which the caller sees in `isOpen`.
struct AnswerWriter: ~Copyable {
  private var unused: ResponseWriter?
  private var body: (any ResponseBodyWriter)?
  private let connection: HTTPConnection
  private let metrics: DoorMetrics
  private let date: HTTPDate
  private let isHeadOnly: Bool
  private let fields: [MCPHTTPField]
  private(set) var isOpen = true

  /// - Parameters:
  ///   - isHeadOnly: the request was HEAD: bodies are left out, of which only their length is told (RFC 9110 section 9.3.2).
  ///   - fields: that stand in each answer's head.
  init(
    _ writer: consuming ResponseWriter, connection: HTTPConnection, metrics: DoorMetrics, date: HTTPDate,
    isHeadOnly: Bool, fields: [MCPHTTPField]
  ) {
    unused = consume writer
    self.isHeadOnly = isHeadOnly
    self.fields = fields
    self.connection = connection
    self.metrics = metrics
    self.date = date
  }

  /// The whole answer, in one write.
  mutating func write(_ answer: MCPHTTPAnswer) async {
    guard !isHeadOnly else { return await writeHead(answer) }
    guard isOpen, let writer = unused.take() else { return }
    var head = head(status: answer.status, answer.fields)
    // 204 and 202 without a body: RFC 9110 section 8.6 forbids the field in the former only.
    if answer.status != 204 { head.headerFields[.contentLength] = String(answer.body.count) }
    connection.writeBegan()
    do {
      let body = answer.body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
      try await writer.write(response: head, body: body)
    } catch {
      isOpen = false
    }
    connection.writeEnded()
  }

  /// The head that `answer` would have, without its body.
  private mutating func writeHead(_ answer: MCPHTTPAnswer) async {
    guard isOpen, let writer = unused.take() else { return }
    var head = head(status: answer.status, answer.fields)
    head.headerFields[.contentLength] = String(answer.body.count)
    do { try await writer.writeResponse(head) } catch { isOpen = false }
  }

  /// Tells a client that waits for it that its body is welcome (RFC 9110 section 10.1.1).
  mutating func proceed() async {
    guard isOpen, let writer = unused.take() else { return }
    do { try await writer.writeInformationalHead(HTTPResponse(status: .continue)) } catch { isOpen = false }
    unused = consume writer
  }

  /// Pieces in order; what is a whole answer goes out in one write.
  mutating func write(_ outputs: [HTTPOutput]) async {
    if outputs.count == 3, case .head(let status, let fields) = outputs[0], case .body(let bytes) = outputs[1],
      case .end = outputs[2]
    {
      return await write(MCPHTTPAnswer(status: status, fields: fields, body: bytes))
    }
    guard isOpen, !outputs.isEmpty else { return }
    connection.writeBegan()
    do {
      for output in outputs { try await write(output) }
    } catch {
      isOpen = false
    }
    connection.writeEnded()
  }

  private mutating func write(_ output: HTTPOutput) async throws {
    switch output {
    case .head(let status, let fields):
      guard let writer = unused.take() else { return }
      body = try await writer.writeHead(head(status: status, fields))
    case .body(let bytes):
      try await body?.write(ByteBuffer(bytes: bytes))
    case .end:
      try await body?.finish(nil)
      body = nil
    }
  }

  private func head(status: Int, _ fields: [MCPHTTPField]) -> HTTPResponse {
    metrics.answered(status: status)
    var head = HTTPResponse(status: HTTPResponse.Status(code: status))
    for field in fields + self.fields {
      if let name = HTTPField.Name(field.name) { head.headerFields.append(HTTPField(name: name, value: field.value)) }
    }
    head.headerFields[.date] = date.now
    return head
  }
}
