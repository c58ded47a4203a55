import Enrollment
import Foundation
import HTTP2
import NIOConcurrencyHelpers

/// Who is let into links that certificates of one authority secure: those that it signed, of the right role and segment, and not
/// revoked. Sendable: state behind a lock.
final class LinkGuard: Sendable {
  /// Whom a policy lets in. A value.
  private struct Wanted: Hashable {
    let role: LinkIdentity.Role
    let segment: String?
  }

  private let authority: AuthorityCertificate
  private let revocations: Revocations?
  private let policies = NIOLockedValueBox<[Wanted: PeerPolicy]>([:])

  /// - Parameter revocations: nil where there is no list, as with agents.
  init(_ authority: AuthorityCertificate, revocations: Revocations? = nil) {
    self.authority = authority
    self.revocations = revocations
  }

  /// The same for all links that want the same: agents come and go.
  ///
  /// - Parameter segment: nil: any.
  func policy(_ role: LinkIdentity.Role, segment: String? = nil) -> PeerPolicy {
    policies.withLockedValue { policies in
      let wanted = Wanted(role: role, segment: segment)
      if let policy = policies[wanted] { return policy }
      let policy = makePolicy(wanted)
      policies[wanted] = policy
      return policy
    }
  }

  private func makePolicy(_ wanted: Wanted) -> PeerPolicy {
    PeerPolicy { [authority, revocations] der in
      do throws(EnrollmentError) {
        let leaf = try LeafCertificate(der: der)
        try authority.check(leaf, now: .now)
        if revocations?.isRevoked(leaf) == true { return "\(leaf.identity) is revoked" }
        guard leaf.identity.role == wanted.role else { return "\(leaf.identity) is no \(wanted.role.rawValue)" }
        if let segment = wanted.segment, leaf.identity.segment != segment {
          return "\(leaf.identity) is not of the segment \(segment)"
        }
        return nil
      } catch {
        return error.message
      }
    }
  }

  /// Looks again at every link that is up.
  func reexamine() {
    for policy in policies.withLockedValue({ Array($0.values) }) { policy.reexamine() }
  }
}

extension CertificateStore {
  /// This side's files, whichever generation is in use when they are read; a reader that meets a renewal halfway gets a key that
  /// does not fit, and tries again. The peer is known by its identity, not by a host name: `policy` checks it.
  func tls(_ policy: PeerPolicy) -> HTTP2TLS {
    var tls = HTTP2TLS(
      trustRoots: currentFiles.authority, certificateChain: currentFiles.chain, privateKey: currentFiles.key)
    tls.policy = policy
    tls.isNameChecked = false
    return tls
  }
}
