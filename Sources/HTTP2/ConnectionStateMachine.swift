/// A value: the life of one connection, and what each event asks of its driver.
struct ConnectionStateMachine {
  enum Side: Sendable, Hashable {
    case client
    case server
  }

  enum State: Hashable {
    /// TCP, TLS, and then the peer's SETTINGS are awaited. No streams.
    /// Can transition to: ready, closed.
    case handshaking
    /// Streams may be opened.
    /// Can transition to: notified, draining, closed.
    case ready
    /// Server: the shutdown notice is out and a PING behind it; streams that the client opened before it read the notice
    /// still come in.
    /// Can transition to: draining, closed.
    case notified
    /// No new streams; those that are open finish.
    /// Can transition to: closed.
    case draining
    /// Can transition to: nothing.
    case closed
  }

  enum Action: Hashable {
    case none
    /// The connection may be used from now on.
    case announce
    /// Send the shutdown notice and a PING behind it.
    case sendNotice
    /// Send GOAWAY; streams go on.
    case sendGoAway
    /// Tell that no new streams are taken.
    case announceDraining
    /// Close the channel.
    case close
    /// Tell all who wait that it is over.
    case finish
  }

  let side: Side
  private(set) var state = State.handshaking

  init(side: Side) {
    self.side = side
  }

  /// The user may open streams.
  var isUsable: Bool { state == .ready }
  var isHandshaking: Bool { state == .handshaking }
  var isClosed: Bool { state == .closed }

  mutating func settingsReceived() -> Action {
    guard state == .handshaking else { return .none }
    state = .ready
    return .announce
  }

  mutating func shutdownRequested() -> Action {
    switch (state, side) {
    case (.handshaking, _): return .close
    case (.ready, .server):
      state = .notified
      return .sendNotice
    case (.ready, .client):
      state = .draining
      return .sendGoAway
    case (.notified, _), (.draining, _), (.closed, _): return .none
    }
  }

  /// The PING behind the notice came back: what the client opened before it read the notice has come in.
  mutating func noticeAcknowledged() -> Action {
    guard state == .notified else { return .none }
    state = .draining
    return .sendGoAway
  }

  mutating func goAwayReceived() -> Action {
    switch state {
    case .ready, .notified:
      state = .draining
      return .announceDraining
    case .handshaking: return .close
    case .draining, .closed: return .none
    }
  }

  mutating func graceExpired() -> Action {
    state == .closed ? .none : .close
  }

  mutating func channelClosed() -> Action {
    guard state != .closed else { return .none }
    state = .closed
    return .finish
  }
}
