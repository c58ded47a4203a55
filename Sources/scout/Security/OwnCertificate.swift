import Enrollment
import Foundation

/// The certificate that a coordinator with the authority's folder gives itself. A value; all block.
struct OwnCertificate: Sendable {
  let exchange: EnrollmentExchange
  let name: String

  var store: CertificateStore { CoordinatorSecurity.store(of: exchange.authority, name: name) }

  /// Of the authority that serves now, trusting those that are trusted now or shortly were.
  func renew() throws(EnrollmentError) {
    let authority = exchange.authority
    let credentials = try authority.issueWithKey(
      .coordinator(name: name, in: authority.trustDomain), now: .now)
    let trusted = exchange.authorities.trusted
    try store.install(
      credentials, trusting: trusted + exchange.announced.trusted.filter { !trusted.contains($0) })
  }

  /// In force, not revoked, and of the folder as it is.
  var isUsable: Bool {
    guard let stored = (try? store.load()) ?? nil else { return false }
    return stored.authority == exchange.authority.certificate && stored.leaf.notAfter > .now
      && Set(stored.trusted) == Set(exchange.authorities.trusted) && !exchange.revocations.isRevoked(stored.leaf)
  }
}
