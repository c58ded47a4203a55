import Libssh2
import NIOCore
import NIOPosix
import Synchronization

/// Calls of libssh2 that compute for long. The session goes to a thread for each and comes back with the verdict; meanwhile the loop has
/// none that it could touch, serves its other connections, and keeps what the transport tells.
///
/// Whoever ends the connection does not wait for the thread: the session is freed once it is back.
extension ConnectionDriver {
  struct Absence {
    /// False once the connection has ended: a call that waits for a thread is not made any more.
    let isAwaited = Flag()
    var received = ByteBuffer()
    var end: TransportEnd?

    struct TransportEnd {
      let reason: String?
    }

    /// Bytes; as many as the engine would keep.
    static let limit = SessionLimits().inbound
  }

  /// Half as many as there are processors: the event loops have the other half. They live as long as the process.
  private static let threads = {
    let threads = NIOThreadPool(numberOfThreads: max(1, System.coreCount / 2))
    threads.start()
    return threads
  }()

  func lend(_ session: consuming Session, for step: Step) {
    let absence = Absence()
    self.absence = absence
    let isAwaited = absence.isAwaited
    let loan = Loan(session)
    let attempt = step.attempt
    let driver = NIOLoopBound(self, eventLoop: eventLoop)
    let eventLoop = self.eventLoop
    Self.threads.submit { _ in
      let verdict = isAwaited.isSet ? loan.use(attempt) : nil
      eventLoop.execute { driver.value.takeBack(loan, verdict) }
    }
  }

  private func takeBack(_ loan: Loan, _ verdict: Verdict?) {
    let absence = self.absence.take()
    session = loan.end()
    guard !isClosed, let absence else { return session = nil }
    flush()
    if let verdict { finish(verdict) }
    if absence.received.readableBytes > 0 {
      transportReceived(absence.received)
      transportPaused()
    }
    if let end = absence.end { transportEnded(end.reason) }
  }

  func keep(_ bytes: ByteBuffer) {
    absence?.received.writeImmutableBuffer(bytes)
    if let count = absence?.received.readableBytes, count > Absence.limit {
      let words = "\(host): the host sent more than \(Absence.limit) bytes unasked"
      end(SSHError(.protocolViolation, words, phase: .authentication, scope: .connection))
    }
  }

  func keepEnd(_ reason: String?) { absence?.end = Absence.TransportEnd(reason: reason) }
}

/// A session that is with a thread, or on its way there or back. Sendable: state behind a lock.
private final class Loan: Sendable {
  private let session: Mutex<Session?>

  init(_ session: consuming Session) {
    self.session = Mutex(session)
  }

  func use(_ attempt: (inout Session) -> ConnectionDriver.Verdict?) -> ConnectionDriver.Verdict? {
    session.withLock { session in
      guard var held = session.take() else { return nil }
      let verdict = attempt(&held)
      session = consume held
      return verdict
    }
  }

  func end() -> Session? { session.withLock { $0.take() } }
}
