import Crypto
import HummingbirdCore
import HummingbirdTLS
package import Logging
package import MCP
package import NIOCore
import NIOSSL
import ServiceLifecycle
import SocketFaults
import Synchronization
package import Telemetry

/// The Streamable HTTP front door: MCP at `/mcp`, `GET /health`, `GET /metrics`. Sendable: its parts are.
///
/// As a service it listens from `run()` on until graceful shutdown, which lets calls under way finish within
/// `limits.drain`, closes streams at once, and then closes what is left.
package final class HTTPDoor: Service {
  let settings: FrontDoorSettings
  let endpoint: MCPEndpoint
  let runner: CallRunner
  let metrics: DoorMetrics
  let registry: MetricsRegistry
  let keys: KeyRing
  let origins: OriginPolicy
  let limiter: RateLimiter
  let bodiesInFlight = LevelGauge()
  let callsInFlight = LevelGauge()
  let date = HTTPDate()
  let connections = HTTPConnections()
  let logger: Logger
  private let tls: TLSConfiguration?
  private let group: any EventLoopGroup
  private let bound: EventLoopPromise<SocketAddress>

  /// Throws `FrontDoorSettingsError` where the settings are refused, also for TLS files that cannot be read.
  package init(
    settings: FrontDoorSettings, server: MCPServer, provider: any MCPToolProvider, registry: MetricsRegistry,
    group: any EventLoopGroup, logger: Logger
  ) throws(FrontDoorSettingsError) {
    try settings.validate()
    self.settings = settings
    self.registry = registry
    self.group = group
    self.logger = logger
    tls = try settings.tls.map { (files) throws(FrontDoorSettingsError) in try Self.configuration(files) }
    metrics = DoorMetrics(registry: registry)
    runner = CallRunner(provider: provider, metrics: metrics, logger: logger)
    keys = KeyRing(keys: settings.apiKeys)
    origins = settings.originPolicy()
    limiter = RateLimiter(perMinute: settings.limits.requestsPerMinute, burst: settings.limits.burst)
    bound = group.next().makePromise()
    let endpoint = MCPEndpoint(server: server) { count in
      SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Array($0) }
    }
    self.endpoint = endpoint
    registry.gauge("scout_mcp_sessions", help: "Open legacy sessions.") { Double(endpoint.sessionCount) }
  }

  deinit { bound.fail(ChannelError.alreadyClosed) }

  /// The address that is listened on, once it is; throws what kept `run()` from listening.
  package func address() async throws -> SocketAddress { try await bound.futureResult.get() }

  package func run() async throws {
    let tls = tls
    let channel = HTTPDoorChannel(
      limits: settings.limits, isTLS: tls != nil, connections: connections, metrics: metrics
    ) { request, writer, connection in
      await self.respond(to: request, writer, connection)
    }
    let builder = HTTPServerBuilder { _ in
      if let tls { try TLSChannel(channel, tlsConfiguration: tls) } else { channel }
    }
    let bound = bound
    let hasBound = Atomic(false)
    // The server's own news are not ours to tell: who composes the process says where it listens.
    var logger = logger
    logger.logLevel = max(logger.logLevel, .notice)
    let server = try builder.buildServer(
      configuration: ServerConfiguration(
        address: .hostname(settings.host, port: settings.port), backlog: 4096,
        availableConnectionsDelegate: .maximum(settings.limits.connections, logger: logger)),
      eventLoopGroup: group, logger: logger, responder: { _, _, _ in },
      onServerRunning: { channel in
        hasBound.store(true, ordering: .relaxed)
        if let address = channel.localAddress { bound.succeed(address) }
      })
    let ticking = startTicking()
    defer { for task in ticking { task.cancel() } }
    do {
      try await withGracefulShutdownHandler {
        try await server.run()
      } onGracefulShutdown: {
        self.drain()
      }
    } catch {
      bound.fail(error)
      guard !hasBound.load(ordering: .relaxed) else { throw error }
      throw FrontDoorListenError(
        message:
          "cannot listen on \(settings.host):\(settings.port): \(SocketFault.words(error)). Stop what listens there, or choose"
          + " another SCOUT_HTTP_HOST or SCOUT_HTTP_PORT (--http-host, --http-port)")
    }
  }

  /// Once a second: what has waited too long; once a minute: sessions whose time is up.
  private func startTicking() -> [RepeatedTask] {
    let (connections, endpoint) = (connections, endpoint)
    let loop = group.next()
    return [
      loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in connections.tick(now: .now) },
      loop.scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { _ in endpoint.sweep(now: .now) },
    ]
  }

  private func drain() {
    logger.info("closing the HTTP front door", metadata: ["calls": "\(callsInFlight.value)"])
    let connections = connections
    connections.drain()
    let loop = group.next()
    let patience = TimeAmount(settings.limits.drain)
    loop.scheduleTask(in: patience) { connections.abort() }
    loop.scheduleTask(in: patience + .milliseconds(500)) { connections.close() }
  }

  private static func configuration(_ files: FrontDoorSettings.TLSFiles) throws(FrontDoorSettingsError)
    -> TLSConfiguration
  {
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
      let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      _ = try NIOSSLContext(configuration: configuration)
      return configuration
    } catch {
      throw FrontDoorSettingsError(
        "--tls-cert \(files.certificate) and --tls-key \(files.key) cannot be used (\(error)): give PEM files that belong together"
      )
    }
  }
}
