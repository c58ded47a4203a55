import HTTP2
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

let loops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A server on loopback whose paths behave in different ways:
/// `/echo` sends back what it gets and ends with trailers, `/hold` reads nothing until the stream closes, `/silent` never answers,
/// `/bulk/N` sends N bytes as fast as they are taken, `/flood/N` sends N bytes at once, `/refuse` resets.
struct TestServer: Sendable {
  let server: HTTP2Server
  let tls: HTTP2TLS?
  let log: ServerLog

  static func start(
    tls: HTTP2TLS? = nil, settings: HTTP2Settings = HTTP2Settings(), host: String = "127.0.0.1"
  ) async throws -> TestServer {
    let log = ServerLog()
    let server = try await HTTP2Server.bind(
      host: host, port: 0, tls: tls, settings: settings, group: loops, logger: quiet
    ) { stream, head, endStream in
      ServedStream(stream: stream, path: head.first(named: ":path") ?? "", endStream: endStream, log: log)
    }
    return TestServer(server: server, tls: tls, log: log)
  }

  var port: Int { server.localAddress.port ?? 0 }

  func connect(
    _ settings: HTTP2Settings = HTTP2Settings(), tls: HTTP2TLS? = nil, host: String = "127.0.0.1"
  ) async throws -> HTTP2Connection {
    try await HTTP2Connection.connect(
      host: host, port: port, tls: tls, settings: settings, on: loops.next(), timeout: .seconds(10), logger: quiet)
  }
}

/// Sendable: state behind a lock. What the server saw.
final class ServerLog: Sendable {
  private let state = NIOLockedValueBox<(paths: [String], closed: [String: HTTP2Error?])>(([], [:]))

  var paths: [String] { state.withLockedValue { $0.paths } }
  func opened(_ path: String) { state.withLockedValue { $0.paths.append(path) } }
  func closed(_ path: String, _ error: HTTP2Error?) { state.withLockedValue { $0.closed[path] = error } }

  /// How the stream of `path` ended; waits for it.
  func ending(of path: String) async throws -> HTTP2Error? {
    while true {
      if let ending = state.withLockedValue({ $0.closed[path] }) { return ending }
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}

/// Confined to its event loop.
final class ServedStream: HTTP2StreamHandler {
  private let stream: HTTP2Stream
  private let path: String
  private let log: ServerLog
  private var left = 0

  init(stream: HTTP2Stream, path: String, endStream: Bool, log: ServerLog) {
    self.stream = stream
    self.path = path
    self.log = log
    log.opened(path)
    let parts = path.split(separator: "/")
    left = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    switch parts.first {
    case "silent": break
    case "refuse": stream.reset(.refusedStream)
    case "bulk":
      answer()
      writable()
    case "flood":
      answer()
      stream.send(data: ByteBuffer(repeating: 1, count: left), endStream: true)
    default:
      answer()
      if endStream { end() }
    }
  }

  private func answer() {
    stream.send(
      head: [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")], endStream: false)
  }

  private func end() {
    stream.send(trailers: [HTTP2Header("grpc-status", "0")])
  }

  func received(head: [HTTP2Header], endStream: Bool) {}

  func received(data: ByteBuffer, endStream: Bool) {
    guard path == "/echo" else { return }
    stream.consumed(data.readableBytes)
    stream.send(data: data, endStream: false)
    if endStream { end() }
  }

  func received(trailers: [HTTP2Header]) { end() }

  func writable() {
    while left > 0, stream.isWritable {
      let count = min(left, 32 << 10)
      left -= count
      stream.send(data: ByteBuffer(repeating: 7, count: count), endStream: left == 0)
    }
  }

  func closed(_ error: HTTP2Error?) { log.closed(path, error) }
}
