import NIOCore

/// The one answer of an asynchronous call into loop-confined state. Confined to its event loop; the handle is Sendable.
///
/// Whichever comes first completes it: the answer, the deadline, or the task's cancellation. Later ones are ignored.
final class Completion<Value: Sendable>: Sendable {
  private enum State {
    /// The call has not reached the loop. Can transition to: waiting, done.
    case idle
    /// Can transition to: done.
    case waiting(CheckedContinuation<Result<Value, SSHError>, Never>, timer: Scheduled<Void>?, abort: (() -> Void)?)
    case done
  }

  private let state: NIOLoopBoundBox<State>
  private let eventLoop: any EventLoop

  private init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    state = .makeBoxSendingValue(.idle, eventLoop: eventLoop)
  }

  /// Runs `start` on the loop and suspends until the completion is completed.
  ///
  /// - Parameters:
  ///   - expired: the error of a passed deadline.
  ///   - start: not called when the task is cancelled or the deadline passed already.
  static func value(
    on eventLoop: any EventLoop, deadline: ContinuousClock.Instant?,
    expired: @escaping @Sendable () -> SSHError = { SSHError(.timeout, "the deadline passed", phase: .operation) },
    _ start: @escaping @Sendable (Completion<Value>) -> Void
  ) async throws(SSHError) -> Value {
    let completion = Completion(eventLoop: eventLoop)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        eventLoop.execute {
          guard completion.begin(continuation, deadline: deadline, expired: expired) else { return }
          start(completion)
        }
      }
    } onCancel: {
      eventLoop.execute { completion.abort(with: SSHError(.cancelled, "the request was cancelled")) }
    }
    return try result.get()
  }

  /// The same for what must be done even by a cancelled task; `start` is called in any case, and has to bound its own time.
  ///
  /// - Parameter limit: how long the caller waits for it.
  /// - Returns: nil where it was not completed by then.
  static func shielded(
    on eventLoop: any EventLoop, until limit: ContinuousClock.Instant? = nil,
    _ start: @escaping @Sendable (Completion<Value>) -> Void
  ) async -> Value where Value: ExpressibleByNilLiteral {
    let completion = Completion(eventLoop: eventLoop)
    let result = await withCheckedContinuation { continuation in
      eventLoop.execute {
        guard
          completion.begin(continuation, deadline: nil, expired: { SSHError(.cancelled, "the request was cancelled") })
        else { return }
        start(completion)
        if let limit { completion.expire(at: limit) }
      }
    }
    return (try? result.get()) ?? nil
  }

  private func begin(
    _ continuation: CheckedContinuation<Result<Value, SSHError>, Never>, deadline: ContinuousClock.Instant?,
    expired: @escaping @Sendable () -> SSHError
  ) -> Bool {
    guard case .idle = state.value else {
      continuation.resume(returning: .failure(SSHError(.cancelled, "the request was cancelled")))
      return false
    }
    var timer: Scheduled<Void>?
    if let deadline {
      let remaining = TimeAmount(ContinuousClock.now.duration(to: deadline))
      guard remaining > .zero else {
        state.value = .done
        continuation.resume(returning: .failure(expired()))
        return false
      }
      timer = eventLoop.scheduleTask(in: remaining) { self.abort(with: expired()) }
    }
    state.value = .waiting(continuation, timer: timer, abort: nil)
    return true
  }

  private func expire(at limit: ContinuousClock.Instant) {
    guard case .waiting(let continuation, nil, let abort) = state.value else { return }
    let timer = eventLoop.scheduleTask(in: TimeAmount(max(.zero, ContinuousClock.now.duration(to: limit)))) {
      self.abort(with: SSHError(.timeout, "the wait is over"))
    }
    state.value = .waiting(continuation, timer: timer, abort: abort)
  }

  /// What to do, before the caller resumes, when the deadline passes or the task is cancelled.
  func onAbort(_ action: @escaping () -> Void) {
    guard case .waiting(let continuation, let timer, _) = state.value else { return }
    state.value = .waiting(continuation, timer: timer, abort: action)
  }

  /// False once it is answered.
  var isWaiting: Bool {
    if case .waiting = state.value { true } else { false }
  }

  func succeed(_ value: Value) { complete(.success(value)) }

  func fail(_ error: SSHError) { complete(.failure(error)) }

  func complete(_ result: Result<Value, SSHError>) {
    guard case .waiting(let continuation, let timer, _) = state.value else { return }
    state.value = .done
    timer?.cancel()
    continuation.resume(returning: result)
  }

  private func abort(with error: SSHError) {
    switch state.value {
    case .idle:
      state.value = .done
    case .waiting(let continuation, let timer, let action):
      state.value = .done
      timer?.cancel()
      action?()
      continuation.resume(returning: .failure(error))
    case .done:
      break
    }
  }
}
