/// A value: who an agent is that dials in. On a secured connection its certificate says so and nothing else does.
package struct AgentIdentity: Sendable, Hashable, CustomStringConvertible {
  /// The network segment whose hosts it reaches.
  package let segment: String
  /// Unique within the segment.
  package let name: String

  /// Nil where one of the two is not 1...64 of the characters A-Z, a-z, 0-9, `.`, `-` and `_`, or is all dots.
  package init?(segment: String, name: String) {
    guard Self.isPlain(segment), Self.isPlain(name) else { return nil }
    self.segment = segment
    self.name = name
  }

  /// From a SPIFFE ID: `spiffe://<trust domain>/agent/<segment>/<name>`. Source: SPIFFE-ID.md, section 2.
  package init?(uri: String) {
    let scheme = "spiffe://"
    guard uri.hasPrefix(scheme), uri.utf8.count <= 512 else { return nil }
    let parts = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, Self.isTrustDomain(parts[0]), parts[1] == "agent" else { return nil }
    self.init(segment: String(parts[2]), name: String(parts[3]))
  }

  /// From the URIs of a certificate, of which there has to be one alone. Source: X509-SVID.md, section 2.
  package init?(certificateURIs uris: [String]) {
    guard uris.count == 1 else { return nil }
    self.init(uri: uris[0])
  }

  package var description: String { "\(segment)/\(name)" }

  private static func isPlain(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.contains { $0 != UInt8(ascii: ".") }
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  private static func isTrustDomain(_ text: Substring) -> Bool {
    (1...255).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
