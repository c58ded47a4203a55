import NIOCore

/// Confined to its event loop: the one timer of a call.
///
/// It is set on the call's own event loop and gone by the call's end, so a call that is over is not kept in memory by it.
struct CallTimer<Handler: NIOScheduledCallbackHandler & Sendable> {
  /// What is set for later than that is as good as never, and fits the event loop's clock.
  private static var longest: Duration { .seconds(365 * 86_400) }

  private var scheduled: NIOScheduledCallback?

  init() {}

  mutating func set(for instant: ContinuousClock.Instant, on eventLoop: any EventLoop, _ handler: Handler) {
    cancel()
    let remaining = min(max(ContinuousClock.now.duration(to: instant), .zero), Self.longest)
    // Fails only when the event loop has been shut down: no call runs then.
    scheduled = try? eventLoop.scheduleCallback(in: TimeAmount(remaining), handler: handler)
  }

  mutating func cancel() {
    scheduled?.cancel()
    scheduled = nil
  }
}
