import Enrollment
import Logging
import NIOPosix
import ServiceLifecycle

/// Has a coordinator with the authority's folder follow `scout pki rotate`, without a restart. Sendable.
///
/// Looks at the folder each second, off the loops. A new authority is told to others at once. An old one that is retired is trusted, and
/// told, until this side's listeners show the new one's certificate: whoever trusts the new one alone then takes it.
struct RotationWatch: Service {
  let own: OwnCertificate
  let links: LinkGuard
  let logger: Logger
  /// Listeners look at their files each second; coordinators that share the folder look at it each second.
  var settling: Duration = .seconds(5)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      // Before the first look: the links are of what the exchange knew then.
      var shown = own.exchange.announced.pins
      var isFaulty = false
      while !Task.isCancelled {
        do {
          let pins = try await NIOThreadPool.singleton.runIfActive {
            try own.exchange.reloadAuthorities()
            return own.exchange.authorities.pins
          }
          if pins != shown {
            try await follow()
            shown = pins
          }
          isFaulty = false
        } catch {
          if !isFaulty, !Task.isCancelled { logger.error("authorities not read", metadata: ["reason": "\(error)"]) }
          isFaulty = true
        }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func follow() async throws {
    let exchange = own.exchange
    try await renew()
    if exchange.authorities.next == nil { try await Task.sleep(for: settling) }
    exchange.announce()
    try await renew()
    links.trusted.replace(exchange.announced.trusted)
    logger.notice("authorities read anew", metadata: ["trusted": "\(exchange.announced.pins)"])
    links.reexamine()
  }

  private func renew() async throws {
    try await NIOThreadPool.singleton.runIfActive { try own.renew() }
  }
}
