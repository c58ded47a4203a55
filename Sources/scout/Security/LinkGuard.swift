import Enrollment
import Foundation
import HTTP2
import NIOConcurrencyHelpers

/// Who is let into links that certificates of the trusted authorities secure: those that one signed, of the right role and segment, and
/// not revoked. Sendable: state behind a lock.
final class LinkGuard: Sendable {
  /// Whom a policy lets in. A value.
  private struct Wanted: Hashable {
    let role: LinkIdentity.Role?
    let segment: String?
  }

  /// May become others: `reexamine` then.
  let trusted: TrustedAuthorities
  private let isRevoked: @Sendable (LeafCertificate) -> Bool
  private let policies = NIOLockedValueBox<[Wanted: PeerPolicy]>([:])
  /// The end of the latest certificate that each agent was seen to have.
  private let ends = NIOLockedValueBox<[LinkIdentity: Date]>([:])

  /// - Parameter isRevoked: asked in each handshake, and when links are looked at again: it must not block.
  init(_ trusted: TrustedAuthorities, isRevoked: @escaping @Sendable (LeafCertificate) -> Bool) {
    self.trusted = trusted
    self.isRevoked = isRevoked
  }

  /// The same for all links that want the same: agents come and go.
  ///
  /// - Parameters:
  ///   - role: nil: either.
  ///   - segment: nil: any.
  func policy(_ role: LinkIdentity.Role?, segment: String? = nil) -> PeerPolicy {
    policies.withLockedValue { policies in
      let wanted = Wanted(role: role, segment: segment)
      if let policy = policies[wanted] { return policy }
      let policy = makePolicy(wanted)
      policies[wanted] = policy
      return policy
    }
  }

  private func makePolicy(_ wanted: Wanted) -> PeerPolicy {
    PeerPolicy { [trusted, isRevoked] der in
      guard let leaf = try? LeafCertificate(der: der) else { return false }
      return !isRevoked(leaf) && trusted.isRetired(leaf, now: .now)
    } refusal: { [weak self, trusted, isRevoked] der in
      do throws(EnrollmentError) {
        let leaf = try LeafCertificate(der: der)
        try trusted.check(leaf, now: .now)
        if isRevoked(leaf) { return "\(leaf.identity) is revoked" }
        if let role = wanted.role, leaf.identity.role != role { return "\(leaf.identity) is no \(role.rawValue)" }
        if let segment = wanted.segment, leaf.identity.segment != segment {
          return "\(leaf.identity) is not of the segment \(segment)"
        }
        self?.note(leaf)
        return nil
      } catch {
        return error.message
      }
    }
  }

  /// An agent has this certificate now: it was shown, or given.
  func note(_ leaf: LeafCertificate) {
    guard leaf.identity.role == .agent else { return }
    ends.withLockedValue { ends in
      guard ends[leaf.identity] != nil || ends.count < Self.mostAgents else { return }
      ends[leaf.identity] = max(ends[leaf.identity] ?? .distantPast, leaf.notAfter)
    }
  }

  /// When the certificates of agents end, as far as they were seen; those that ended a day ago are forgotten.
  func agentEnds(now: Date) -> [(identity: LinkIdentity, end: Date)] {
    ends.withLockedValue { ends in
      ends = ends.filter { now.timeIntervalSince($0.value) < Self.memory }
      return ends.map { ($0.key, $0.value) }.sorted { $0.identity.uri < $1.identity.uri }
    }
  }

  private static let mostAgents = 10_000
  /// Seconds.
  private static let memory = 86_400.0

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
