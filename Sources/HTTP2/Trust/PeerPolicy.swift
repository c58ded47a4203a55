import NIOConcurrencyHelpers
import NIOCore

/// Who may be at the other end, beyond what the authority signed: asked when TLS is up, and again by `reexamine`.
///
/// Sendable: state behind a lock. Equal to itself alone.
package final class PeerPolicy: Sendable, Hashable {
  /// Why the holder of this certificate (DER) is not wanted; nil: it is. Called on event loops: it must not block.
  package typealias Refusal = @Sendable (_ certificate: [UInt8]) -> String?

  private let refusal: Refusal
  private let isOutdated: @Sendable ([UInt8]) -> Bool
  private let connections = NIOLockedValueBox<[ObjectIdentifier: HTTP2Connection]>([:])

  /// - Parameter isOutdated: Whether a peer that is refused now may finish on a connection that it has: it drains. Must not block.
  package init(isOutdated: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }, refusal: @escaping Refusal) {
    self.isOutdated = isOutdated
    self.refusal = refusal
  }

  /// Closes each connection whose peer is not wanted any more, or drains it.
  package func reexamine() {
    for connection in connections.withLockedValue({ Array($0.values) }) {
      connection.eventLoop.execute { connection.core.examineAgain() }
    }
  }

  func refuses(_ certificate: [UInt8]) -> String? { refusal(certificate) }
  func drains(_ certificate: [UInt8]) -> Bool { isOutdated(certificate) }

  /// Looked at by `reexamine` until it is over.
  func watch(_ connection: HTTP2Connection) {
    let id = ObjectIdentifier(connection)
    connections.withLockedValue { $0[id] = connection }
    connection.closeFuture.whenComplete { _ in
      _ = self.connections.withLockedValue { $0.removeValue(forKey: id) }
    }
  }

  package static func == (one: PeerPolicy, other: PeerPolicy) -> Bool { one === other }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// How a client without a certificate of its own, and without the authority's, knows the server: by a look at the chain that the
/// server shows. Sendable; equal to itself alone.
package final class ChainCheck: Sendable, Hashable {
  /// Whether the chain (DER, leaf first) is the server's. Called on an event loop: it must not block.
  package typealias Accepts = @Sendable (_ chain: [[UInt8]]) -> Bool

  let accepts: Accepts

  package init(accepts: @escaping Accepts) {
    self.accepts = accepts
  }

  package static func == (one: ChainCheck, other: ChainCheck) -> Bool { one === other }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
