import Logging
import Pool
import SSH

/// Looks after hosts that nobody asks for, by a real handshake through the pool, one at a time. Sendable.
///
/// It leaves alone: hosts that failed, for as long as the pool pauses between attempts; those where keys or settings have to be mended,
/// since an attempt that cannot succeed looks like an attack there; and every host while half of the pool's connections are taken, so that
/// no warm connection is given up for a check.
struct BackgroundChecks: Sendable {
  let interval: Duration
  let patience: Duration
  let inventory: InventoryStore
  let health: HealthBook
  let pool: SSHPool
  let logger: Logger

  /// Until the task is cancelled.
  func run() async {
    var plan = CheckPlan(interval: interval, patience: patience, start: .now)
    while !Task.isCancelled {
      try? await Task.sleep(for: CheckPlan.pace)
      guard let hosts = try? await inventory.hosts(), hasRoom else { continue }
      plan.keep(Set(hosts.all.map(\.alias)))
      let next = plan.next(among: hosts.all.map(\.alias), at: .now) { health.health(of: $0).lastContact }
      guard let next, let host = try? hosts.host(next) else { continue }
      plan.checked(next, at: .now)
      let contact = pool.contact(with: host.resolved, jumps: host.jumps)
      guard Self.mayLook(after: contact.lastError?.code, retryIn: contact.retryIn) else { continue }
      do {
        try await pool.touch(host.resolved, jumps: host.jumps, deadline: .now + .seconds(30))
      } catch {
        logger.debug("check failed", metadata: ["host": .string(next), "reason": .string(error.message)])
      }
    }
  }

  /// - Parameters:
  ///   - failure: of the last attempt to connect; nil where it succeeded.
  ///   - retryIn: what is left of the pool's pause.
  static func mayLook(after failure: SSHError.Code?, retryIn: Duration?) -> Bool {
    switch failure {
    case nil: true
    case .authFailed, .hostKeyUnknown, .hostKeyChanged, .unsupported: false
    default: (retryIn ?? .zero) <= .zero
    }
  }

  private var hasRoom: Bool {
    let figures = pool.snapshot()
    return figures.occupied * 2 < figures.bound
  }
}
