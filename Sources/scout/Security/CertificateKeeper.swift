import Enrollment
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle

/// Renews this side's own certificate in time, for as long as it runs. Sendable.
///
/// A renewal that fails is tried again, ever more slowly, until the certificate is out of force; then only joining anew helps, and
/// the log says so. Links take the new certificate as they are made anew, at the latest when the old one runs out.
struct CertificateKeeper: Service {
  let store: CertificateStore
  let logger: Logger
  /// Gets new credentials for the holder of these.
  let renew: @Sendable (StoredCertificate) async throws -> Credentials

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var random = SystemRandomNumberGenerator()
      while !Task.isCancelled {
        guard let stored = await stored() else {
          try? await Task.sleep(for: .seconds(60))
          continue
        }
        var schedule = RenewalSchedule(stored.leaf, random: &random)
        await keep(stored, &schedule, &random)
      }
    }
  }

  /// Gets the next certificate at once.
  ///
  /// - Throws: What `renew` throws; `EnrollmentError` where there is none to be renewed, or none can be kept.
  func renewNow() async throws {
    let stored = try await NIOThreadPool.singleton.runIfActive { try store.load() }
    guard let stored else { throw EnrollmentError(.notFound, "There is no certificate to be renewed") }
    let credentials = try await renew(stored)
    try await NIOThreadPool.singleton.runIfActive { _ = try store.install(credentials) }
    logger.notice(
      "certificate renewed", metadata: ["identity": "\(stored.identity)", "expires": "\(credentials.leaf.notAfter)"])
  }

  /// Returns when another certificate is in use, or the task is cancelled.
  private func keep(
    _ stored: StoredCertificate, _ schedule: inout RenewalSchedule, _ random: inout SystemRandomNumberGenerator
  ) async {
    while !Task.isCancelled {
      switch schedule.action(now: .now) {
      case .wait(let until):
        try? await Task.sleep(for: .seconds(max(0.1, until.timeIntervalSinceNow)))
        if let now = await self.stored(), now.leaf != stored.leaf { return }
      case .renew:
        do {
          try await renewNow()
          return
        } catch {
          logger.warning("certificate not renewed", metadata: ["identity": "\(stored.identity)", "reason": "\(error)"])
          schedule.renewalFailed(now: .now, random: &random)
        }
      case .expired:
        logger.error(
          "the certificate has run out: join anew with a token of `scout pki token`",
          metadata: ["identity": "\(stored.identity)"])
        try? await Task.sleep(for: .seconds(60))
        return
      }
    }
  }

  private func stored() async -> StoredCertificate? {
    do {
      return try await NIOThreadPool.singleton.runIfActive { try store.load() }
    } catch is CancellationError {
      return nil
    } catch {
      logger.error("the own certificate cannot be read", metadata: ["reason": "\(error)"])
      return nil
    }
  }
}
