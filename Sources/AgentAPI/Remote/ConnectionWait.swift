import NIOCore
import RPC

/// One caller's wait for a connection to an agent, which ends by whatever comes first: a connection, an instant, or the caller's
/// cancellation. A value, used once.
struct ConnectionWait: Sendable {
  typealias Waiter = CheckedContinuation<RPCClient?, Never>

  let limit: ContinuousClock.Instant
  let group: any EventLoopGroup
  /// Resumes the waiter with nil where it is still kept. Called from anywhere, and possibly before there is a waiter.
  let giveUp: @Sendable () -> Void

  /// - Parameter arrive: resumes the waiter at once, or keeps it and answers true.
  /// - Returns: nil: there was none in time.
  func client(_ arrive: (Waiter) -> Bool) async -> RPCClient? {
    let timer = group.any().scheduleTask(in: TimeAmount(max(ContinuousClock.now.duration(to: limit), .zero)), giveUp)
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        // A task that was cancelled before it waited has had its handler called, to no effect; so has a timer.
        if arrive(waiter), Task.isCancelled || ContinuousClock.now >= limit { giveUp() }
      }
    } onCancel: {
      giveUp()
    }
  }
}
