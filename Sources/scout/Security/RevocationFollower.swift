import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Learns who is revoked where the authority's folder is not: asks the coordinator that has it now and then, and ends the links of those
/// who are thrown out. Sendable.
///
/// What was known stays in force while nobody answers.
struct RevocationFollower: Service {
  let copy: RevocationCopy
  let links: LinkGuard
  let client: EnrollmentClient
  let logger: Logger
  /// Between two questions; each pause is drawn from the half of it to the whole.
  var interval: Duration = .seconds(30)

  /// - Parameters:
  ///   - store: by whose certificate it shows itself; the list is kept there.
  init(
    _ copy: RevocationCopy, links: LinkGuard, addresses: [EnrollmentClient.Address], store: CertificateStore,
    group: any EventLoopGroup, logger: Logger
  ) {
    self.copy = copy
    self.links = links
    self.logger = logger
    client = EnrollmentClient(addresses, tls: store.tls(links.policy(.coordinator)), group: group, logger: logger)
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var isKnown = true
      while !Task.isCancelled {
        do {
          if try await ask() {
            logger.notice("revocations learned")
            links.reexamine()
          }
          if !isKnown { logger.notice("revocations can be asked for again") }
          isKnown = true
        } catch {
          if isKnown, !Task.isCancelled {
            logger.warning("revocations not learned", metadata: ["reason": "\(error)"])
          }
          isKnown = false
        }
        try? await Task.sleep(for: interval * Double.random(in: 0.5...1))
      }
    }
  }

  /// Asks once.
  ///
  /// - Returns: Whether others are revoked than before.
  func ask() async throws -> Bool {
    var request = EnrollmentRevocationsRequest()
    request.digest = Data(copy.digest)
    let reply = try await client.revocations(request)
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
}
