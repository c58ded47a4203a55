import Pool

extension SSHError {
  /// The pool's refusal of a request for `host`, for the person who asked.
  init(_ refusal: LeaseRefusal, host: String) {
    switch refusal {
    case .queueFull(.host, let limit):
      self.init(
        .overloaded, "\(limit) requests already wait for host `\(host)`; send fewer at once or try again in a moment",
        phase: .queue)
    case .queueFull(.pool, let limit):
      self.init(
        .overloaded, "\(limit) requests already wait for connections; send fewer at once or try again in a moment",
        phase: .queue)
    case .stuck(let phase, let waited):
      self.init(.overloaded, "\(Self.reason(phase, host)); nothing moved for \(Self.words(waited))", phase: .queue)
      elapsed = waited
    case .deadlinePassed(.handshake, let waited):
      self.init(
        .connectTimeout,
        "host `\(host)`: the connection was not ready within \(Self.words(waited)); allow more time or look at the host",
        phase: .tcp)
      elapsed = waited
    case .deadlinePassed(let phase, let waited):
      self.init(.timeout, "\(Self.reason(phase, host)); waited \(Self.words(waited))", phase: .queue)
      elapsed = waited
    case .hostFailing(let failure, let age, let retry):
      self = SSHError(failure.reason, host: host)
      if age >= .milliseconds(100) {
        message += " (\(Self.words(age)) ago; the next attempt can be made in \(Self.words(max(.zero, retry))))"
      }
      scope = .request
    case .laneRefused(let reason):
      self = SSHError(reason, host: host)
      scope = .request
    case .chainTooLong(let length, let bound):
      self.init(
        .overloaded, "host `\(host)` needs \(length) connections in a row; the pool may hold \(bound): raise its bound",
        phase: .queue)
    case .cancelled:
      self.init(.cancelled, "the request was cancelled while it waited for host `\(host)`", phase: .queue)
    case .shuttingDown:
      self.init(.overloaded, "this process is shutting down; ask again when it is back", phase: .queue)
    }
  }

  /// What a connection or a lane reported; another kind of error is one of ours.
  init(_ reason: any Error, host: String) {
    switch reason {
    case let error as SSHError: self = error
    case let refusal as LeaseRefusal: self.init(refusal, host: host)
    default: self.init(.failure, "host `\(host)`: \(reason)")
    }
  }

  /// How the pool goes on after a connection could not be made.
  var connectFailure: ConnectFailure {
    switch code {
    case .authFailed:
      ConnectFailure(.authentication, self)
    case .hostKeyUnknown, .hostKeyChanged, .unsupported, .invalidArgument:
      ConnectFailure(.permanent, self)
    case .unreachable, .connectTimeout, .notFound, .permissionDenied, .notADirectory, .notAFile, .timeout, .overloaded,
      .cancelled, .connectionLost, .protocolViolation, .failure:
      ConnectFailure(.transient, self)
    }
  }

  private static func reason(_ phase: WaitPhase, _ host: String) -> String {
    switch phase {
    case .lane: "all lanes to host `\(host)` are busy: try again when its long operations are done"
    case .handshake: "the connection to host `\(host)` is still being made"
    case .capacity: "all connections are in use by other hosts: raise the pool's size or send fewer at once"
    }
  }

  private static func words(_ duration: Duration) -> String {
    let milliseconds = duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
    return milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
  }
}
