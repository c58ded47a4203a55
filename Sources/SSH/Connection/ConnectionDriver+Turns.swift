import DequeModule
import Libssh2
import NIOCore

/// The turns of a connection, and the bytes that cause them.
extension ConnectionDriver {
  func drive() {
    driveIsScheduled = false
    guard !isDriving else { return drivesAgain = true }
    isDriving = true
    repeat {
      drivesAgain = false
      do throws(SessionError) { try turn() } catch {
        end(SSHError(error, host: host, phase: .operation))
      }
      flush()
    } while drivesAgain && !isClosed
    isDriving = false
  }

  private func turn() throws(SessionError) {
    switch stage {
    case .connecting:
      tryStep()
    case .open:
      try session?.pull()
      try openNext()
      for slot in channels { try advance(slot) }
      channels.removeAll { if case .closed = $0.state { true } else { false } }
    case .closed:
      break
    }
  }

  private func tryStep() {
    guard let step, var session = session.take() else { return }
    guard !step.takesLong else { return lend(session, for: step) }
    let verdict = step.attempt(&session)
    self.session = consume session
    if let verdict { finish(verdict) }
  }

  func finish(_ verdict: Verdict) {
    step = nil
    verdict(self)
  }

  private func openNext() throws(SessionError) {
    while let slot = nextToOpen() {
      do throws(SessionError) {
        guard case .ready(let id) = try session?.openChannel(slot.kind) else { return }
        opening = nil
        channels.append(slot)
        drivesAgain = true
        if slot.user == nil {
          slot.state = .closing(id)
          watchForObstruction()
        } else if slot.request == nil {
          slot.state = .open(id)
          slot.user?.channelOpened(slot)
        } else {
          slot.state = .starting(id)
        }
      } catch {
        guard !error.isFatal else { throw error }
        opening = nil
        if slot.user != nil, slot.isPatient || (error.code == .channelRefused && mayStillCount(slot)) {
          tryAgainLater(slot)
        } else {
          slot.state = .closed
          slot.takeUser()?.channelFailed(SSHError(error, host: host, phase: .channel))
        }
      }
    }
  }

  /// sshd counts a session for a moment longer than its channel is there: so a refusal may be over soon.
  private func mayStillCount(_ slot: ChannelSlot) -> Bool {
    let isOneGoing = channels.contains { if case .closing = $0.state { $0.isSession } else { false } }
    let isOneGone = sessionClosed.map { $0.duration(to: .now) < .seconds(1) } ?? false
    guard slot.isSession, isOneGoing || isOneGone else { return false }
    let first = slot.firstRefusal ?? .now
    slot.firstRefusal = first
    return first.duration(to: .now) < .seconds(1)
  }

  private func tryAgainLater(_ slot: ChannelSlot) {
    slot.state = .queued
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) { [self] in
      guard case .queued = slot.state else { return }
      guard !isClosed else {
        slot.state = .closed
        slot.takeUser()?.channelFailed(lossError)
        return
      }
      queue.append(slot)
      channelHasWork()
    }
  }

  private func nextToOpen() -> ChannelSlot? {
    if let opening { return opening }
    while let slot = queue.popFirst(where: { mayOpen($0) || !mayWait($0) }) {
      if mayOpen(slot) {
        slot.state = .opening
        opening = slot
        if !slot.isSession { watchForObstruction() }
        return slot
      }
      slot.state = .closed
      slot.takeUser()?.channelFailed(
        SSHError(
          .overloaded, "\(host): \(settings.channelLimit) channels are open already; try again later",
          phase: .channel))
    }
    return nil
  }

  /// sshd's MaxSessions counts sessions alone (sshd_config(5)); how many tunnels there are is for whoever leases them.
  private func mayOpen(_ slot: ChannelSlot) -> Bool {
    !slot.isSession || channels.count(where: \.isSession) < settings.channelLimit
  }

  /// A channel that is closing makes room soon; otherwise nothing here says when there will be any.
  private func mayWait(_ slot: ChannelSlot) -> Bool {
    slot.isPatient || channels.contains { if case .closing = $0.state { true } else { false } }
  }

  private func advance(_ slot: ChannelSlot) throws(SessionError) {
    do throws(SessionError) {
      switch slot.state {
      case .starting(let id):
        guard let request = slot.request else { return }
        guard case .ready = try session?.start(request, in: id) else {
          // The request is on its way, and what its program is to read follows at once: a round trip less.
          return try write(slot, id)
        }
        if !slot.readsErrors { session?.dropErrors(id) }
        slot.state = .open(id)
        drivesAgain = true
        slot.user?.channelOpened(slot)
      case .open(let id):
        try write(slot, id)
        try read(slot, id)
      case .draining(let id):
        guard case .ready(let exit) = try session?.awaitClose(id) else { return }
        slot.state = .closing(id)
        watchForObstruction()
        drivesAgain = true
        slot.takeUser()?.channelEnded(exit)
      case .closing(let id):
        // What was written before the close goes first, as far as the host's window lets it.
        if slot.outbound.readableBytes > 0 { try write(slot, id) }
        slot.outbound.clear()
        guard case .ready = try session?.close(id) else { return }
        slot.state = .closed
        if slot.isSession { sessionClosed = .now }
        drivesAgain = true
      case .queued, .opening, .closed:
        break
      }
    } catch {
      guard !error.isFatal else { throw error }
      if let id = slot.id { slot.state = .closing(id) }
      watchForObstruction()
      drivesAgain = true
      slot.takeUser()?.channelFailed(SSHError(error, host: host, phase: .channel))
    }
  }

  private func write(_ slot: ChannelSlot, _ id: ChannelID) throws(SessionError) {
    while slot.outbound.readableBytes > 0 {
      let bytes = slot.outbound
      guard case .ready(let count) = try session?.write(id, bytes.readableBytesSpan) else { return }
      slot.outbound.moveReaderIndex(forwardBy: count)
    }
    slot.outbound.clear()
    if slot.endsOutbound, case .ready = try session?.sendEnd(id) { slot.endsOutbound = false }
  }

  private func read(_ slot: ChannelSlot, _ id: ChannelID) throws(SessionError) {
    if slot.readsErrors { try read(slot, id, .error) }
    try read(slot, id, .standard)
  }

  private func read(_ slot: ChannelSlot, _ id: ChannelID, _ stream: ChannelStream) throws(SessionError) {
    while case .open = slot.state, let user = slot.user, user.wantsBytes {
      // What was made ready for bytes that did not come yet serves the next look.
      var buffer = unread.take() ?? ByteBuffer()
      let size = slot.readSize
      var outcome = ChannelRead.again
      try buffer.writeWithOutputRawSpan(minimumWritableBytes: size) { span throws(SessionError) in
        outcome = try session?.read(id, stream, into: &span) ?? .again
      }
      switch outcome {
      case .bytes(let count):
        slot.adaptReadSize(after: count)
        user.channelReceived(buffer, stream)
      case .again:
        // Not the room of a long transfer that is over.
        if buffer.capacity <= 64 << 10 { unread = buffer }
        return
      case .end:
        slot.state = .draining(id)
        drivesAgain = true
      }
    }
  }

  func flush() {
    guard session?.hasOutbound == true, let bytes = session?.takeOutbound() else { return }
    transport.send(ByteBuffer(bytes: bytes))
  }
}

extension ConnectionDriver: ByteTransportReceiver {
  func transportReceived(_ bytes: ByteBuffer) {
    guard !isClosed else { return }
    guard absence == nil else { return keep(bytes) }
    if keepalive?.heard() == true { keptAlive?() }
    do throws(SessionError) { try session?.receive(bytes.readableBytesSpan) } catch {
      end(SSHError(error, host: host, phase: isConnecting ? .keyExchange : .operation))
    }
  }

  func transportPaused() {
    drive()
    if step != nil || opening != nil { transport.acknowledgePromptly() }
  }

  func transportEnded(_ reason: String?) {
    guard !isClosed else { return }
    guard absence == nil else { return keepEnd(reason) }
    // What came before the end is still worth reading: answers, and sshd's own words of goodbye.
    session?.receiveEnd()
    drive()
    guard absence == nil else { return keepEnd(reason) }
    let text = reason.map { "\(host): the connection broke (\($0))" } ?? "\(host): the host closed the connection"
    end(SSHError(.connectionLost, text, phase: .operation, scope: .connection))
  }
}

extension Deque {
  fileprivate mutating func popFirst(where isWanted: (Element) -> Bool) -> Element? {
    firstIndex(where: isWanted).map { remove(at: $0) }
  }
}
