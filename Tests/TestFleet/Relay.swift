import NIOCore
import NIOPosix
import Synchronization

/// A TCP relay to one port of loopback that can be cut like a network: what was open then never carries a byte again and
/// is not closed; what is opened meanwhile is accepted and silent. Sendable: state behind a lock.
package final class Relay: Sendable {
  /// What is done with bytes now. Sendable: state behind a lock.
  final class Wire: Sendable {
    struct State {
      var isCut = false
      /// Connections that were opened before it are dead.
      var epoch = 0
      /// The first connection whose bytes from the client contain it waits for `release`, from there on.
      var holdsAt: String?
      var held: [@Sendable () -> Void] = []
      var hasHeld = false
      var isReleased = false
    }
    let state = Mutex(State())
  }

  package let port: Int
  private let channel: any Channel
  private let wire: Wire

  package static func with<Result>(
    to port: Int, isolation: isolated (any Actor)? = #isolation, _ body: (Relay) async throws -> Result
  ) async throws -> Result {
    let wire = Wire()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { client in
        let epoch = wire.state.withLock { $0.isCut ? -1 : $0.epoch }
        let toClient = Half(wire: wire, epoch: epoch, isClient: false, loop: client.eventLoop)
        // Registers with the client's loop, so that both halves are confined to one.
        return ClientBootstrap(group: client.eventLoop)
          .channelInitializer { server in
            server.eventLoop.makeCompletedFuture { try server.pipeline.syncOperations.addHandler(toClient.value) }
          }
          .connect(host: "127.0.0.1", port: port)
          .flatMapThrowing { server in
            let toServer = Half(wire: wire, epoch: epoch, isClient: true, loop: client.eventLoop)
            toServer.value.other = server
            toClient.value.other = client
            try client.pipeline.syncOperations.addHandler(toServer.value)
          }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let relay = Relay(channel: channel, port: channel.localAddress?.port ?? 0, wire: wire)
    do {
      let result = try await body(relay)
      try await channel.close()
      return result
    } catch {
      try? await channel.close()
      throw error
    }
  }

  private init(channel: any Channel, port: Int, wire: Wire) {
    self.channel = channel
    self.port = port
    self.wire = wire
  }

  package var endpoint: String { "http://127.0.0.1:\(port)" }

  package func cut() {
    wire.state.withLock {
      $0.isCut = true
      $0.epoch += 1
    }
  }

  package func heal() { wire.state.withLock { $0.isCut = false } }

  package func hold(at text: String) { wire.state.withLock { $0.holdsAt = text } }
  package var hasHeld: Bool { wire.state.withLock { $0.hasHeld } }
  package func release() {
    wire.state.withLock { state in
      state.isReleased = true
      for pass in state.held { pass() }
      state.held = []
    }
  }
}

/// A handler with its loop. The two halves of a connection share one.
private struct Half: Sendable {
  private let bound: NIOLoopBoundBox<RelayHandler>

  init(wire: Relay.Wire, epoch: Int, isClient: Bool, loop: any EventLoop) {
    bound = NIOLoopBoundBox(RelayHandler(wire: wire, epoch: epoch, isClient: isClient), eventLoop: loop)
  }

  var value: RelayHandler { bound.value }
}

/// Carries one direction of a connection. Confined to its event loop.
private final class RelayHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let wire: Relay.Wire
  private let epoch: Int
  private let isClient: Bool
  var other: (any Channel)?
  private var isHolding = false

  init(wire: Relay.Wire, epoch: Int, isClient: Bool) {
    self.wire = wire
    self.epoch = epoch
    self.isClient = isClient
  }

  private var isAlive: Bool { wire.state.withLock { $0.epoch == epoch && !$0.isCut } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isAlive, let other else { return }
    let bytes = unwrapInboundIn(data)
    let loop = context.eventLoop
    // In turn behind what `release` lets go.
    let pass = { @Sendable in loop.execute { other.writeAndFlush(bytes, promise: nil) } }
    wire.state.withLock { state in
      if isClient, !isHolding, let text = state.holdsAt, String(buffer: bytes).contains(text) {
        state.holdsAt = nil
        state.hasHeld = true
        isHolding = true
      }
      if isHolding, !state.isReleased { state.held.append(pass) } else { pass() }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if isAlive { other?.close(promise: nil) }
    context.fireChannelInactive()
  }
}
