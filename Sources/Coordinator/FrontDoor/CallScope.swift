/// One call that can be stopped from outside without stopping its neighbours. Sendable: state in its mailbox.
final class CallScope: Sendable {
  private enum Signal: Sendable { case done, cancel }

  private let signals = Mailbox<Signal>()

  /// Runs `body` in a child task and returns when it has ended, also after `cancel`: a call that was stopped may still
  /// have to put something in order.
  func run(_ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await body()
        self.signals.put(.done)
      }
      if await signals.next() == .cancel { group.cancelAll() }
    }
  }

  /// Cancels the body's task. From anywhere, at any time.
  func cancel() { signals.put(.cancel) }
}
