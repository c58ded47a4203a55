import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Learns who is revoked, and who is trusted, where the authority's folder is not: asks the coordinator that has it now and then, and ends
/// the links of those who are thrown out. Sendable.
///
/// What was known stays in force while nobody answers. Whom to trust is kept beside the own certificate, where `TrustWatch` finds it. What
/// this side says that it trusts was in force at the question before.
struct RevocationFollower: Service {
  let copy: RevocationCopy
  let links: LinkGuard
  let store: CertificateStore
  let client: EnrollmentClient
  let logger: Logger
  /// Between two questions; each pause is drawn from the half of it to the whole.
  var interval: Duration = .seconds(30)
  /// After the authorities became others: what comes of it is asked for soon.
  static let soon: Duration = .seconds(10)
  /// Gets a certificate of the other authority; nil where none is given.
  private let renew: (@Sendable () async throws -> Void)?

  /// - Parameters:
  ///   - store: by whose certificate it shows itself; the list is kept there.
  init(
    _ copy: RevocationCopy, links: LinkGuard, addresses: [EnrollmentClient.Address], store: CertificateStore,
    group: any EventLoopGroup, logger: Logger, renew: (@Sendable () async throws -> Void)? = nil
  ) {
    self.copy = copy
    self.store = store
    self.renew = renew
    self.links = links
    self.logger = logger
    client = EnrollmentClient(addresses, tls: store.tls(links.policy(.coordinator)), group: group, logger: logger)
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var isKnown = true
      while !Task.isCancelled {
        let trusted = links.trusted.all
        var isRotated = false
        do {
          if try await ask() {
            logger.notice("revocations learned")
            links.reexamine()
          }
          if !isKnown { logger.notice("revocations can be asked for again") }
          isKnown = true
          isRotated = try await isStored(otherThan: trusted)
        } catch {
          if isKnown, !Task.isCancelled {
            logger.warning("revocations not learned", metadata: ["reason": "\(error)"])
          }
          isKnown = false
        }
        try? await Task.sleep(for: (isRotated ? Self.soon : interval) * Double.random(in: 0.5...1))
      }
    }
  }

  /// Asks once.
  ///
  /// - Returns: Whether others are revoked than before.
  func ask() async throws -> Bool {
    var request = EnrollmentRevocationsRequest()
    request.digest = Data(copy.digest)
    request.trusted = links.trusted.all.map { Data($0.pin.bytes) }
    let reply = try await client.revocations(request)
    await follow(reply)
    guard !reply.text.isEmpty else { return false }
    let signed = SignedRevocations(text: Array(reply.text), signature: Array(reply.signature))
    do {
      return try await NIOThreadPool.singleton.runIfActive { try copy.take(signed, now: .now) }
    } catch let error as EnrollmentError where error.code == .storage {
      // In force all the same; a folder that is mounted read-only is no fault.
      logger.debug("revocations not kept", metadata: ["reason": "\(error)"])
      return true
    }
  }

  /// A fault here says nothing of who is revoked.
  private func follow(_ reply: EnrollmentSignedRevocations) async {
    do {
      // First: what this side has may be worth nothing to those whom it would trust then.
      if reply.renew, let renew { try await renew() }
    } catch {
      logger.warning("certificate not renewed for another authority", metadata: ["reason": "\(error)"])
    }
    guard !reply.authorities.isEmpty else { return }
    let signed = SignedAuthorities(
      text: Array(reply.authorities), signatures: reply.authoritySignatures.map { Array($0) })
    do {
      let isNew = try await NIOThreadPool.singleton.runIfActive { try store.trust(signed, now: .now) }
      if isNew { logger.notice("authorities learned") }
    } catch {
      logger.warning("authorities not learned", metadata: ["reason": "\(error)"])
    }
  }

  private func isStored(otherThan trusted: [AuthorityCertificate]) async throws -> Bool {
    try await NIOThreadPool.singleton.runIfActive { try store.load().map { Set($0.trusted) != Set(trusted) } ?? false }
  }
}
