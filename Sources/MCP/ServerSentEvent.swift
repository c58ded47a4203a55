/// One event of a `text/event-stream` and how it is written. Source: WHATWG HTML section 9.2.
enum ServerSentEvent {
  /// Keeps the connection open through proxies; readers ignore it.
  static let keepAlive = Array(":\n\n".utf8)

  static let fields = [
    MCPHTTPField("content-type", "text/event-stream"), MCPHTTPField("cache-control", "no-cache, no-transform"),
    MCPHTTPField("x-accel-buffering", "no"),
  ]

  /// `data` is a JSON text of ours, which holds no line break.
  static func message(_ data: [UInt8], id: EventID?) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 64)
    if let id { bytes.append(contentsOf: "id: \(id)\n".utf8) }
    bytes.append(contentsOf: "event: message\ndata: ".utf8)
    bytes.append(contentsOf: data)
    bytes.append(contentsOf: "\n\n".utf8)
    return bytes
  }

  /// Gives the reader an id to resume from before there is any message.
  static func priming(id: EventID) -> [UInt8] { Array("id: \(id)\ndata: \n\n".utf8) }
}
