package import NIOCore
import NIOSSL

/// A value: what the side says that dials a connection in order to serve it.
package struct Greeting: Sendable {
  /// Without line feed; at most 1,000 bytes of printable ASCII.
  package var line: String
  /// Looks at the other side's line. Called on the event loop; what it throws ends the attempt.
  package var check: @Sendable (String) throws(HTTP2Error) -> Void

  package init(line: String, check: @escaping @Sendable (String) throws(HTTP2Error) -> Void) {
    self.line = line
    self.check = check
  }
}

/// A value: who has dialled in, for the other side to decide upon.
package struct GreetingVisitor: Sendable {
  /// What it said, without line feed: a claim.
  package var line: String
  /// The URIs in its certificate's SAN, in their order there; empty on plaintext. An authority of `HTTP2TLS.trustRoots` signed them.
  package var uris: [String]
  /// Its certificate in DER; nil on plaintext.
  package var certificate: [UInt8]?
  package var address: SocketAddress?

  package var isAuthenticated: Bool { certificate != nil }
}

/// A value: what becomes of a visitor, and the line that tells it.
package enum GreetingAnswer: Sendable, Hashable {
  case welcome(String)
  /// - Parameter reason: For the own log.
  case refuse(String, reason: String)
}

extension ConnectionHandler {
  /// The URIs in the SAN of the peer's certificate. Source: RFC 5280, section 4.2.1.6.
  var peerURIs: [String] {
    guard let certificate = tls?.peerCertificate else { return [] }
    return certificate._subjectAlternativeNames().filter { $0.nameType == .uri }.map { name in
      name.contents.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
  }
}
