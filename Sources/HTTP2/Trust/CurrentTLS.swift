import NIOConcurrencyHelpers
import NIOSSL

/// The TLS that a listener gives to connections that come in now: it can be replaced while it listens.
///
/// Sendable: state behind a lock.
final class CurrentTLS: Sendable {
  private let context: NIOLockedValueBox<NIOSSLContext?>

  /// Reads the files: blocks.
  init(_ tls: HTTP2TLS?) throws(HTTP2Error) {
    context = NIOLockedValueBox(try tls?.makeContext(side: .server))
  }

  /// Nil: plaintext.
  func handler() -> NIOSSLServerHandler? {
    context.withLockedValue { $0 }.map { NIOSSLServerHandler(context: $0) }
  }

  /// For connections that come in from now on. Reads the files: blocks.
  ///
  /// - Throws: `invalidConfiguration`; what was in force before still is.
  func replace(_ tls: HTTP2TLS) throws(HTTP2Error) {
    let new = try tls.makeContext(side: .server)
    context.withLockedValue { $0 = new }
  }
}
