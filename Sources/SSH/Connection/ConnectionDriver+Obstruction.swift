import DequeModule
import NIOCore

/// Channels that keep others from theirs: one that a jump host neither opens nor refuses, since it dials a host that is not there,
/// and those that sshd does not close, since their program does not end. Whoever leases out the connection is told, and takes another.
extension ConnectionDriver {
  /// For a tunnel to open while others wait.
  private static let openingPatience: Duration = .seconds(1)
  /// For the host to close a channel that nobody uses.
  private static let closingPatience: Duration = .seconds(5)

  /// Looks in a second, if there will be something to look at.
  func watchForObstruction() {
    guard obstructionTimer == nil, !isObstructed, !isClosed else { return }
    obstructionTimer = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
      self?.obstructionTimer = nil
      self?.lookForObstruction()
    }
  }

  private func lookForObstruction() {
    guard !isClosed else { return }
    let now = ContinuousClock.now
    let tunnel = opening.flatMap { $0.isSession ? nil : $0 }
    let closing = channels.filter { if case .closing = $0.state { true } else { false } }
    if let tunnel, now - tunnel.since >= Self.openingPatience, tunnel.user == nil || !queue.isEmpty {
      obstruct()
      let waiting = queue
      queue = []
      for slot in waiting {
        slot.state = .closed
        let words = "\(host): it is still connecting to another host"
        slot.takeUser()?.channelFailed(SSHError(.overloaded, words, phase: .channel))
      }
    } else if closing.contains(where: { now - $0.since >= Self.closingPatience }) {
      obstruct()
    } else if tunnel != nil || !closing.isEmpty {
      watchForObstruction()
    }
  }

  private func obstruct() {
    isObstructed = true
    obstructed?()
  }
}
