import HTTP2
import Logging
import NIOCore
import NIOPosix
import RPC
import Synchronization

/// A server and a client with one real connection between them.
struct Loopback {
  var server: RPCServer
  var client: RPCClient

  var connection: HTTP2Connection { client.connection }

  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
  static let logger: Logger = {
    var logger = Logger(label: "RPCTests")
    logger.logLevel = .critical
    return logger
  }()

  /// Runs `body` between a server of `routes` and a client of it, and takes both down.
  static func with<R: Sendable>(
    _ routes: RPCServer.Routes, http2: HTTP2Settings = HTTP2Settings(),
    server serverSettings: RPCSettings = RPCSettings(),
    client clientSettings: RPCSettings = RPCSettings(), _ body: (Loopback) async throws -> R
  ) async throws -> R {
    // A busy machine is no failure.
    var http2 = http2
    http2.pingTimeout = .seconds(50)
    let server = try await RPCServer.bind(
      host: "127.0.0.1", port: 0, tls: nil, routes: routes, http2: http2, settings: serverSettings, group: group,
      logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await server.run() }
      let connection = try await HTTP2Connection.connect(
        host: "127.0.0.1", port: server.localAddress.port!, tls: nil, settings: http2, on: group.next(),
        timeout: .seconds(50),
        logger: logger)
      let client = RPCClient(
        connection: connection, authority: "127.0.0.1", isSecure: false, settings: clientSettings)
      let result: Result<R, any Error>
      do {
        result = .success(try await body(Loopback(server: server, client: client)))
      } catch {
        result = .failure(error)
      }
      await connection.close()
      await server.shutdown(grace: .zero)
      try await tasks.waitForAll()
      return try result.get()
    }
  }

  /// Far enough never to matter.
  static var later: ContinuousClock.Instant { .now + .seconds(60) }
}

/// Something that happens once or more, and who waits for it.
struct Happening: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self)
  }

  func happened() { continuation.yield() }

  /// The next time, once for each.
  func wait() async {
    for await _ in stream { return }
  }

  /// Sleeps until the task is cancelled, and tells.
  func untilCancelled() async throws -> Never {
    do {
      while true { try await Task.sleep(for: .seconds(60)) }
    } catch {
      happened()
      throw error
    }
  }
}

/// A number that both ends see.
final class Counter: Sendable {
  private let value = Mutex(0)

  var current: Int { value.withLock { $0 } }

  /// Returns the new value.
  @discardableResult
  func add(_ number: Int = 1) -> Int {
    value.withLock {
      $0 += number
      return $0
    }
  }
}

func framed(_ text: String) -> FramedMessage { FramedMessage(ByteBuffer(string: text)) }

func metadata(_ fields: KeyValuePairs<String, String>) -> RPCMetadata {
  var metadata = RPCMetadata()
  for (name, value) in fields { metadata.add(name, value) }
  return metadata
}
