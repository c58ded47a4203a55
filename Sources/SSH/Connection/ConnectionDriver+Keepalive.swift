import Libssh2
import NIOCore

/// Whether the host is still there, asked while nothing else shows it.
extension ConnectionDriver {
  func scheduleKeepalive() {
    keepaliveTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(settings.keepaliveInterval)) {
      [weak self] in self?.keepaliveIsDue()
    }
  }

  private func keepaliveIsDue() {
    guard !isClosed else { return }
    switch keepalive?.intervalPassed() {
    case .ask:
      do throws(SessionError) { try session?.sendKeepalive() } catch {
        return end(SSHError(error, host: host, phase: .operation))
      }
      flush()
    case .giveUp(let unanswered):
      return end(
        SSHError(
          .connectionLost, "\(host): no sign of life after \(unanswered) keepalive requests",
          phase: .operation, scope: .connection))
    case nil, .wait:
      break
    }
    scheduleKeepalive()
  }
}
