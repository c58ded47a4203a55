import Enrollment
import Foundation
import NIOConcurrencyHelpers

/// The authority that a server showed in its handshake, once it has the pin. Sendable: state behind a lock.
final class SeenAuthority: Sendable {
  private let seen = NIOLockedValueBox<AuthorityCertificate?>(nil)

  var authority: AuthorityCertificate? { seen.withLockedValue { $0 } }

  /// A server showed a good coordinator's certificate, of an authority that was not asked for.
  var isOther: Bool { other.withLockedValue { $0 } }
  private let other = NIOLockedValueBox(false)

  /// - Returns: Whether the chain has it.
  func note(_ chain: [[UInt8]], _ pin: AuthorityPin) -> Bool {
    guard let (authority, _) = try? AuthorityCertificate.pinned(pin, in: chain, now: .now) else {
      if chain.dropFirst().contains(where: { (try? AuthorityCertificate(der: $0)) != nil }) {
        other.withLockedValue { $0 = true }
      }
      return false
    }
    seen.withLockedValue { $0 = authority }
    return true
  }
}
